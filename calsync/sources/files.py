"""Finds and reads calendar files and folders for the `ics` source, with hints for what is missing."""

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

# Python's replacement of bytes in a file name that are no UTF-8 (PEP 383).
_SURROGATES = re.compile("[\ud800-\udfff]")


def calendar_path(calendar: Calendar, base: Path) -> Path:
    """The file or folder of an address, relative to `base`; `~` and Windows' `\\` are resolved.

    Raises:
        SourceContentError: the address is empty.
    """
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
    """Whether it is a folder that can be read."""
    try:
        return path.is_dir()
    except OSError:
        return False


def list_ics_files(calendar: Calendar, folder: Path) -> tuple[str, ...]:
    """The names of the .ics files in a folder, sorted, without hidden files."""
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
    """The address of a file in a folder, made from the folder's address.

    A name that is no UTF-8 (as on copies of old Windows shares) becomes a file:// address with its bytes
    percent-encoded, because addresses are hashed and stored as UTF-8.
    """
    if not _SURROGATES.search(str(path)) and not folder.strip().lower().startswith("file://"):
        return folder.rstrip("/\\") + "/" + path.name
    return path.absolute().as_uri()


def _is_calendar_file(path: Path) -> bool:
    # A broken link (to an unmounted share) is a calendar that cannot be read, not one that was removed.
    return path.is_file() or (path.is_symlink() and not path.exists())


def read_file(calendar: Calendar, path: Path, max_megabytes: float) -> bytes:
    """Read a complete file.

    Raises:
        SourceError: it cannot be read, is too large, or changed while it was read.
    """
    max_bytes = int(max_megabytes * 1_000_000)
    try:
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            # Python allocates as much as is requested: the file, and one byte that shows that it is larger.
            content = file.read(min(before.st_size, max_bytes) + 1)
            after = os.fstat(file.fileno())
    except OSError as error:
        raise _unreadable_error(calendar, path, error) from None
    if len(content) > max_bytes:
        raise size_error(str(calendar), max_megabytes)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        what = f"{_printable_path(calendar, path)} changed while it was read"
        raise SourceUnavailableError(
            str(calendar), what, "export to another name and rename the file when it is complete"
        )
    return content


def _unreadable_error(calendar: Calendar, path: Path, error: OSError) -> SourceError:
    where, shown_path = str(calendar), _printable_path(calendar, path)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        hint = (
            _suggest_path(path)
            if shown_path == str(path)
            else "a web address starts with https:// or webcal://"
        )
        return SourceContentError(where, f"there is no file or folder {shown_path}", hint)
    if isinstance(error, PermissionError):
        hint = "let the account that runs calsync read it"
        return SourceAuthError(where, f"{shown_path} may not be read", hint)
    if isinstance(error, IsADirectoryError):
        return SourceContentError(where, f"{shown_path} is a folder", "give one of the files in it")
    return SourceUnavailableError(
        where, f"{shown_path} cannot be read: {error.strerror}", "is the disk or share there?"
    )


def _printable_path(calendar: Calendar, path: Path) -> str:
    """The path without secrets: a mistyped web address is treated as a path, and may contain a password."""
    redacted = redact_address(calendar.address)
    return str(path) if redacted == calendar.address else redacted


def _suggest_path(path: Path) -> str:
    """A hint for a missing path: a similar name, or the first folder that is missing."""
    while not _path_exists(path.parent) and path.parent != path:
        path = path.parent
    try:
        names = {name.name.casefold(): name.name for name in path.parent.iterdir()}
    except OSError:
        return f"is {path.parent} a folder that may be read?"
    similar = difflib.get_close_matches(path.name.casefold(), names, n=1)
    if similar:
        return f"did you mean {path.parent / names[similar[0]]}?"
    if "@" in path.name:  # without an entry under `calendar` the mail address is used
        return "write the path of the exported file under `calendar` in the list of managers"
    return (
        f"there is nothing like {path.name!r} in {path.parent}: put the calendar there, or correct its path"
    )


@lru_cache(maxsize=64)  # needed to list the calendars, and again to read each
def _absolute_path(address: str, base: Path) -> Path:
    try:
        return base / Path(address).expanduser()
    except RuntimeError:  # ~name of an unknown user
        return base / address


def _path_exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long, an unmounted share
        return False
