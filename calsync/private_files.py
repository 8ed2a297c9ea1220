"""Opens every file and makes every folder that holds people's hours: files 0600, folders 0700.

Mails, exports, the store, the demo and `classify` write through this module only, so that no umask and
no default of a library decides who may read them. Errors are OSError; each caller translates them.
"""

import io
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

FILE_MODE, FOLDER_MODE = 0o600, 0o700
_OTHERS_MASK = 0o077
_PART_SUFFIX = ".part"
# Not followed: a link that somebody else has put in the place of a temporary file.
_CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)


def make_private_folder(folder: Path) -> bool:
    """Make a folder and those above it that are missing, each 0700; a folder that exists stays as it is.

    Returns:
        Whether the folder was made.
    """
    if folder.is_dir():
        return False
    make_private_folder(folder.parent)
    try:
        folder.mkdir(mode=FOLDER_MODE)
    except FileExistsError:  # another process was quicker; a file in this place is an error
        if not folder.is_dir():
            raise
        return False
    # `mkdir` leaves out what the umask names: 0777 would give a folder that nobody can use.
    folder.chmod(FOLDER_MODE)
    return True


def is_device(path: Path) -> bool:
    """Whether the path is a device or a pipe, such as /dev/stdout."""
    return path.exists() and not path.is_file() and not path.is_dir()


def create_private_file(path: Path) -> None:
    """Create an empty file, 0600; whatever exists at this path stays as it is."""
    with suppress(FileExistsError):
        os.close(_create_exclusively(str(path)))


@contextmanager
def replace_private_file(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write to, which takes the place of `path` in one step when the block ends well.

    The file is 0600 from its first byte, lies in the folder of `path` until then, and is on the disk
    before it is renamed. Missing folders are made 0700. After an error nothing has changed. A device or
    a pipe, such as /dev/stdout, is written to directly, for it must not be replaced.
    """
    if is_device(path):
        with path.open("wb") as device:
            yield device
        return
    make_private_folder(path.parent)
    # Forty characters: with four bytes each the name stays below the 255 bytes of most file systems.
    prefix = f".{path.name[:40]}."
    part = path.with_name(f"{prefix}{secrets.token_hex(6)}{_PART_SUFFIX}")
    try:
        with io.BufferedWriter(
            io.FileIO(str(part), "xb", opener=lambda name, _: _create_exclusively(name))
        ) as file:
            remove_temporary_files(path.parent, prefix, older_than=part.stat().st_mtime - 3600)
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        _sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def remove_temporary_files(folder: Path, prefix: str = ".", older_than: float = float("inf")) -> None:
    """Remove what killed processes left of `replace_private_file`, by prefix and time of last change.

    A writer that loses its file to this fails when it renames it, and the mail or table is written again.
    """
    for path in folder.iterdir():
        if path.name.startswith(prefix) and path.name.endswith(_PART_SUFFIX):
            with suppress(OSError):
                if path.lstat().st_mtime < older_than:
                    path.unlink()


def is_accessible_to_others(path: Path) -> bool:
    """Whether anybody but the owner has a right to this file or folder."""
    return bool(path.stat().st_mode & _OTHERS_MASK)


def restrict_to_owner(path: Path) -> bool:
    """Take from a file or folder the rights of all but its owner, as far as this user may.

    Returns:
        Whether only the owner has rights now; True as well where nothing is there.
    """
    with suppress(OSError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if not mode & _OTHERS_MASK:
            return True
        path.chmod(mode & ~_OTHERS_MASK)
        return True
    return not path.exists()


def _create_exclusively(name: str) -> int:
    descriptor = os.open(name, _CREATE_FLAGS, FILE_MODE)
    if hasattr(os, "fchmod"):  # not on Windows
        os.fchmod(descriptor, FILE_MODE)  # a umask of 0400 would take the owner's right, too
    return descriptor


def _sync_folder(folder: Path) -> None:
    # The new name is on the disk only with its folder. Windows opens no folder, some network file
    # systems refuse to sync one: the rename itself holds there as well.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
