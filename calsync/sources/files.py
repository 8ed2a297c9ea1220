"""Calendars in files and folders: found by their address, read whole, and named when they are missing."""

import difflib
import os
import re
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from calsync.errors import SourceAuthError, SourceContentError, SourceError, SourceUnavailableError
from calsync.http.errors import size_error
from calsync.model.address_redaction import redact_address
from calsync.sources.base import Calendar

# What Python makes of bytes in a file name that are no UTF-8 (PEP 383).
_SURROGATES = re.compile("[\ud800-\udfff]")


def calendar_path(calendar: Calendar, base: Path) -> Path:
    """The file or folder that an address names, relative to `base`; `~` and Windows' `\\` are understood."""
    address = calendar.address.strip()
    if not address or "\0" in address:
        raise SourceContentError(str(calendar), "no calendar is named", "give a file, a folder or a URL")
    if address.lower().startswith("file://"):
        address = os.fsdecode(unquote_to_bytes(urlsplit(address).path))
    path = _absolute_path(address, base)
    if os.sep == "/" and "\\" in address and not _path_exists(path):
        return _absolute_path(address.replace("\\", "/"), base)
    return path


def is_folder(path: Path) -> bool:
    """Whether it is a folder that we may look into."""
    try:
        return path.is_dir()
    except OSError:
        return False


def list_ics_files(calendar: Calendar, folder: Path) -> tuple[str, ...]:
    """The names of the .ics files in a folder, sorted; hidden files are none of them."""
    try:
        names = [
            path.name
            for path in folder.iterdir()
            if path.suffix.lower() == ".ics" and _is_calendar_file(path)
        ]
    except OSError as error:
        raise _unreadable_error(calendar, folder, error) from None  # its text would repeat the path
    return tuple(sorted(name for name in names if not name.startswith(".")))


def file_address(folder: str, path: Path) -> str:
    """The address of a file in a folder, by the folder's own address.

    A name that is no text (bytes of another encoding, as copies from old Windows shares have) becomes a
    file:// address with those bytes escaped: addresses are hashed and stored as UTF-8.
    """
    if not _SURROGATES.search(str(path)) and not folder.strip().lower().startswith("file://"):
        return folder.rstrip("/\\") + "/" + path.name
    return path.absolute().as_uri()


def _is_calendar_file(path: Path) -> bool:
    # A link that leads nowhere (a share that is away) is a calendar that cannot be read, not one less.
    return path.is_file() or (path.is_symlink() and not path.exists())


def read_file(calendar: Calendar, path: Path, max_megabytes: float) -> bytes:
    """Every byte of a file that nobody writes to meanwhile; raises SourceError."""
    max_bytes = int(max_megabytes * 1_000_000)
    try:
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            # Room is made for as much as is asked for: for the file, and a byte that tells of more.
            content = file.read(min(before.st_size, max_bytes) + 1)
            after = os.fstat(file.fileno())
    except OSError as error:
        raise _unreadable_error(calendar, path, error) from None
    if len(content) > max_bytes:
        raise size_error(str(calendar), max_megabytes)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        what = f"{_printable_path(calendar, path)} was being written while we read it"
        raise SourceUnavailableError(
            str(calendar), what, "export to another name and rename it when it is whole"
        )
    return content


def _unreadable_error(calendar: Calendar, found: Path, error: OSError) -> SourceError:
    where, path = str(calendar), _printable_path(calendar, found)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        hint = (
            _suggest_path(found) if path == str(found) else "a web address starts with https:// or webcal://"
        )
        return SourceContentError(where, f"there is no file or folder {path}", hint)
    if isinstance(error, PermissionError):
        hint = "let the account that runs calsync read it"
        return SourceAuthError(where, f"{path} may not be read", hint)
    if isinstance(error, IsADirectoryError):
        return SourceContentError(where, f"{path} is a folder", "name one of the files in it")
    return SourceUnavailableError(
        where, f"{path} cannot be read: {error.strerror}", "is the disk or share there?"
    )


def _printable_path(calendar: Calendar, path: Path) -> str:
    """The path as it may be printed: an address taken for a path may hold a password."""
    shown = redact_address(calendar.address)
    return str(path) if shown == calendar.address else shown


def _suggest_path(path: Path) -> str:
    """What to look at instead: a name like it, or the first folder that is missing."""
    while not _path_exists(path.parent) and path.parent != path:
        path = path.parent
    try:
        names = {name.name.casefold(): name.name for name in path.parent.iterdir()}
    except OSError:
        return f"is {path.parent} a folder that we may read?"
    near = difflib.get_close_matches(path.name.casefold(), names, n=1)
    if near:
        return f"did you mean {path.parent / names[near[0]]}?"
    if "@" in path.name:  # a manager without a calendar of their own is read by their address
        return "write the path of the exported file under `calendar` in the list of managers"
    return f"there is nothing like {path.name!r} in {path.parent}: put the calendar there, or mend its path"


@lru_cache(maxsize=64)  # asked for what is behind an address, and again to read it
def _absolute_path(address: str, base: Path) -> Path:
    try:
        return base / Path(address).expanduser()
    except RuntimeError:  # ~name of somebody unknown here
        return base / address


def _path_exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long, a share that is away
        return False
