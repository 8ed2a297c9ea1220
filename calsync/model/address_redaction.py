"""Redacts the address of a calendar for display: no password, no secret of a published calendar."""

import re

KNOWN_SCHEMES = frozenset(
    {"http", "https", "webcal", "webcals", "file", "ftp", "ftps", "sftp", "dav", "davs", "caldav", "caldavs"}
)
# The last part of a path is shown only if it is one of these: a secret can consist of letters alone.
_HARMLESS_PATH_PARTS = frozenset(
    {"agenda", "basic", "calendar", "calendars", "default", "diary", "events", "feed", "freebusy", "home"}
    | {"ical", "meetings", "personal", "public", "reachcalendar", "schedule", "team", "work"}
)
_HARMLESS_NAME = re.compile(r"([a-z]+)(\.(ics|ifb))?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[\w.-]+)(:[0-9]{1,5})?", re.IGNORECASE)
_HOST = re.compile(
    r"([\w-]+\.)+([a-z]{2,}|xn--[\w-]+)\.?|[0-9]{1,3}(\.[0-9]{1,3}){3}|localhost", re.IGNORECASE
)
# Extensions of folders and files, which otherwise would pass for the top-level domain of a host.
_FILE_EXTENSION = re.compile(
    r"\.(ics|ifb|ical|csv|zip|old|bak|new|tmp|dir|data|files|folder)$", re.IGNORECASE
)
_DRIVE = re.compile(r"[A-Za-z]:([\\/]|[^:@]*$)")
_QUERY = re.compile(r"\?|[#;](?=[^/\\]*=)")
_TOKEN = re.compile(
    r"private-[0-9a-f]{6,}|(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{24,}", re.IGNORECASE
)


def redact_address(address: str) -> str:
    """The address in a form that may be printed, logged and stored.

    A web address, with or without scheme, is reduced to its host and a harmless file name:
    `https://host/…/basic.ics`. A file path and a mailbox are unchanged, except that a query and parts that
    look like secrets are replaced by `…`.
    """
    text = address.strip()
    scheme, separator, rest = text.partition("://")
    if separator and scheme.lower() == "file" and _is_local_file(rest):
        return _redact_path(address)
    if separator:
        return f"{scheme if scheme.lower() in KNOWN_SCHEMES else '…'}://{_redact_location(rest)}"
    if not _is_web_address(text):
        return _redact_path(address)
    prefix, colon, rest = text.partition(":")
    if colon and prefix.lower() in KNOWN_SCHEMES:
        return f"{prefix}:{_redact_location(rest.lstrip('/' + chr(92)), schemeless=True)}"
    return _redact_location(text.lstrip("/\\"), schemeless=True)


def _is_local_file(rest: str) -> bool:
    """Whether the text after `file://` is a local path, without a server that may carry a password."""
    return rest[:1] in ("/", "\\") or rest.lower().startswith("localhost/") or "@" not in rest


def _is_web_address(text: str) -> bool:
    """Whether an address without `://` is a web address, or contains a user name and a password."""
    if _DRIVE.match(text) or text.startswith("\\\\"):
        return False
    head, slash, _ = _split_at_separator(text.lstrip("/"))
    before, at, _ = text.rpartition("@")
    if at and (":" in before or "%3a" in before.lower()):
        return True
    if text.startswith("/") and not text.startswith("//"):
        return False
    is_host = _HOST.fullmatch(head) is not None and not _FILE_EXTENSION.search(head)
    return ":" in head or (slash not in ("", "#") and ("@" in head or is_host))


def _split_at_separator(text: str) -> tuple[str, str, str]:
    """The text before the first separator of an address, the separator, and the text after it."""
    match = re.search(r"[/\\?#]", text)
    return (text[: match.start()], match[0], text[match.end() :]) if match else (text, "", "")


def _redact_location(text: str, *, schemeless: bool = False) -> str:
    """Host, port and harmless file name of the text after the scheme."""
    authority, separator, rest = _split_at_separator(text)
    # If the password contains a slash, the authority ends within the password.
    password_has_slash = "@" in rest and any(sign in authority + rest.rpartition("@")[0] for sign in "@:")
    host = _AUTHORITY.fullmatch(authority.rpartition("@")[2])
    if password_has_slash or host is None or (schemeless and not _HOST.fullmatch(host[1])):
        return "…"
    if not separator or not (path := _QUERY.split(separator + rest)[0].strip("/\\")):
        return host[0] + separator * schemeless
    last = re.split(r"[/\\]", path)[-1]
    name = _HARMLESS_NAME.fullmatch(last)
    return f"{host[0]}/…/{last if name and name[1].lower() in _HARMLESS_PATH_PARTS else ''}"


def _redact_path(address: str) -> str:
    path = _QUERY.split(address)[0]
    shown = "".join("…" if _TOKEN.fullmatch(part) else part for part in re.split(r"([/\\])", path))
    return shown if path == address else f"{shown}?…"
