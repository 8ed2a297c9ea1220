"""Keys by which two addresses of one calendar are recognised, however they are written."""

import os
import unicodedata
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, unquote, unquote_plus, urlsplit

from calsync.http.address_guard import canonical_host

_DEFAULT_PORTS = {"80", "443", ""}
_GOOGLE_HOSTS = frozenset({"calendar.google.com", "www.google.com", "google.com"})
_OUTLOOK_HOSTS = frozenset({"outlook.office365.com", "outlook.office.com", "outlook.live.com"})


def file_identity_keys(path: Path) -> frozenset[str]:
    """The keys of a file: its path with all links resolved, and its inode.

    The inode is the same for hard links, and for names that differ in case on a disk that ignores case.
    """
    real = Path(os.path.realpath(path))
    keys = {f"file:{real}"}
    try:
        status = real.stat()
    except OSError:
        return frozenset(keys)
    if status.st_ino:  # 0 on file systems without inodes
        keys.add(f"inode:{status.st_dev}:{status.st_ino}")
    return frozenset(keys)


def web_identity_key(url: str) -> str:
    """The key of a published calendar: host, path and query, without scheme, login, default port, fragment.

    Percent-encoding and dot segments are normalised (RFC 3986, 6.2). The path is compared in lower case, as
    Exchange does; two secret addresses that differ only in case do not occur. The query keeps its case.
    The several addresses of one calendar at Google and Outlook have one key: see `_provider_key`.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = canonical_host(parts.hostname or ""), str(parts.port or "")
    except ValueError:
        return f"web:{url.strip().casefold()}"
    with suppress(UnicodeError):
        host = host.encode("idna").decode("ascii")
    path_parts: list[str] = []
    for segment in unicodedata.normalize("NFC", unquote(parts.path)).casefold().split("/"):
        if segment == "..":
            del path_parts[-1:]
        elif segment not in ("", "."):
            path_parts.append(segment)
    # The query of a form has "+" or "%20" for a space.
    pairs = sorted(unquote_plus(pair) for pair in parts.query.split("&") if pair)
    if provider_key := _provider_key(host, path_parts):
        return provider_key
    # SabreDAV, and so Nextcloud, sends a collection as one file from its own address with ?export.
    query = "" if "export" in pairs else "&".join(pairs)
    port_suffix = "" if port in _DEFAULT_PORTS else f":{port}"
    return f"web:{host}{port_suffix}/{quote('/'.join(path_parts))}{'?' if query else ''}{query}"


def _provider_key(host: str, segments: list[str]) -> str:
    """The key of a calendar that Google or Outlook publishes in several forms; "" for any other address.

    Google: `calendar/ical/ID/private-SECRET/basic.ics` and `calendar/ical/ID/public/basic.ics`. Outlook:
    `owa/calendar/MAILBOX/SECRET/calendar.ics`, `reachcalendar.ics` and `calendar.html`.
    """
    match segments:
        case ["calendar", "ical", calendar, *_] if host in _GOOGLE_HOSTS:
            return f"web:google/{quote(calendar)}"
        case ["owa", "calendar", mailbox, secret, *_] if host in _OUTLOOK_HOSTS:
            return f"web:outlook/{quote(mailbox)}/{quote(secret)}"
    return ""


def default_identity_key(source: str, address: str) -> str:
    """The key of a calendar in a source without `identity_keys`: its address in lower case."""
    return f"{source}:{address.strip().casefold().rstrip('/')}"
