"""When two addresses are one calendar: the names by which a calendar is compared, however it is written."""

import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from calsync.sources.addresses import canonical_host

_PORTS = {"80", "443", ""}


def file_names(path: Path) -> frozenset[str]:
    """The names of a file: its path with all links followed, and the file system's own number for it.

    The second is equal for hard links, and for spellings that differ in case on a disk that ignores it.
    """
    real = Path(os.path.realpath(path))
    names = {f"file:{real}"}
    try:
        found = real.stat()
    except OSError:
        return frozenset(names)
    # Some file systems have no numbers, and give 0.
    return frozenset(names | {f"inode:{found.st_dev}:{found.st_ino}"} if found.st_ino else names)


def web_name(url: str) -> str:
    """The name of a published calendar: scheme, login, port by default and fragment do not tell two apart.

    RFC 3986, 6.2: percent-encoding and dot segments are taken out. The path is compared in lower case, as
    Exchange reads it; two secret addresses that differ in nothing else do not occur. A query keeps its case.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = canonical_host(parts.hostname or ""), str(parts.port or "")
    except ValueError:
        return f"web:{url.strip().casefold()}"
    with suppress(UnicodeError):
        host = host.encode("idna").decode("ascii")
    steps: list[str] = []
    for step in unquote(parts.path).casefold().split("/"):
        if step == "..":
            del steps[-1:]
        elif step not in ("", "."):
            steps.append(step)
    query = "&".join(sorted(unquote(pair) for pair in parts.query.split("&") if pair))
    shown_port = "" if port in _PORTS else f":{port}"
    return f"web:{host}{shown_port}/{quote('/'.join(steps))}{'?' if query else ''}{query}"


def plain_name(source: str, address: str) -> str:
    """The name of a calendar in a source that gives none: its address in lower case."""
    return f"{source}:{address.strip().casefold().rstrip('/')}"
