"""When two addresses are one calendar: the names by which a calendar is compared, however it is written."""

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
    """The names of a file: its path with all links followed, and the file system's own number for it.

    The second is equal for hard links, and for spellings that differ in case on a disk that ignores it.
    """
    real = Path(os.path.realpath(path))
    names = {f"file:{real}"}
    try:
        status = real.stat()
    except OSError:
        return frozenset(names)
    # Some file systems have no numbers, and give 0.
    return frozenset(names | {f"inode:{status.st_dev}:{status.st_ino}"} if status.st_ino else names)


def web_identity_key(url: str) -> str:
    """The name of a published calendar: scheme, login, port by default and fragment do not tell two apart.

    RFC 3986, 6.2: percent-encoding and dot segments are taken out. The path is compared in lower case, as
    Exchange reads it; two secret addresses that differ in nothing else do not occur. A query keeps its case.
    What a server publishes of one calendar under several addresses is one: see `_provider_key`.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = canonical_host(parts.hostname or ""), str(parts.port or "")
    except ValueError:
        return f"web:{url.strip().casefold()}"
    with suppress(UnicodeError):
        host = host.encode("idna").decode("ascii")
    path_parts: list[str] = []
    for step in unicodedata.normalize("NFC", unquote(parts.path)).casefold().split("/"):
        if step == "..":
            del path_parts[-1:]
        elif step not in ("", "."):
            path_parts.append(step)
    # A form's query has "+" or "%20" for a space.
    pairs = sorted(unquote_plus(pair) for pair in parts.query.split("&") if pair)
    if known := _provider_key(host, path_parts):
        return known
    # SabreDAV, and Nextcloud with it, gives a collection as one file at its own address with ?export.
    query = "" if "export" in pairs else "&".join(pairs)
    shown_port = "" if port in _DEFAULT_PORTS else f":{port}"
    return f"web:{host}{shown_port}/{quote('/'.join(path_parts))}{'?' if query else ''}{query}"


def _provider_key(host: str, steps: list[str]) -> str:
    """The name of a calendar that Google or Outlook publishes in several forms; "" for any other address.

    Google: `calendar/ical/ID/private-SECRET/basic.ics` and `calendar/ical/ID/public/basic.ics`. Outlook:
    `owa/calendar/MAILBOX/SECRET/calendar.ics`, `reachcalendar.ics` and `calendar.html`.
    """
    match steps:
        case ["calendar", "ical", calendar, *_] if host in _GOOGLE_HOSTS:
            return f"web:google/{quote(calendar)}"
        case ["owa", "calendar", mailbox, secret, *_] if host in _OUTLOOK_HOSTS:
            return f"web:outlook/{quote(mailbox)}/{quote(secret)}"
    return ""


def default_identity_key(source: str, address: str) -> str:
    """The name of a calendar in a source that gives none: its address in lower case."""
    return f"{source}:{address.strip().casefold().rstrip('/')}"
