"""Creates the files and folders that contain personal data: files with mode 0600, folders with 0700.

Mails, exports, the store, the demo and `classify` write only through this module, so that neither the umask
nor a default of a library decides who may read them. Functions raise OSError; each caller translates it.
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
# O_NOFOLLOW: do not write through a link that another user created in place of a temporary file.
_CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)


def make_private_folder(folder: Path) -> bool:
    """Create a folder and its missing parents, each with mode 0700; an existing folder is unchanged.

    Returns:
        Whether the folder was created.
    """
    if folder.is_dir():
        return False
    make_private_folder(folder.parent)
    try:
        folder.mkdir(mode=FOLDER_MODE)
    except FileExistsError:  # another process created it meanwhile; a file of this name is an error
        if not folder.is_dir():
            raise
        return False
    # `mkdir` applies the umask: with the umask 0777 nobody could use the folder.
    folder.chmod(FOLDER_MODE)
    return True


def is_device(path: Path) -> bool:
    """Whether the path is a device or a pipe, such as /dev/stdout."""
    return path.exists() and not path.is_file() and not path.is_dir()


def create_private_file(path: Path) -> None:
    """Create an empty file with mode 0600; anything that exists at this path is unchanged."""
    with suppress(FileExistsError):
        os.close(_create_exclusively(str(path)))


@contextmanager
def replace_private_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write to, which atomically replaces `path` when the block ends without an error.

    The file has mode 0600 from the beginning, is in the folder of `path`, and is synced to disk before it
    is renamed. Missing folders are created with mode 0700. After an error `path` is unchanged. A device or a
    pipe, such as /dev/stdout, must not be replaced and is written to directly.
    """
    if is_device(path):
        with path.open("wb") as device:
            yield device
        return
    make_private_folder(path.parent)
    # Forty characters of four bytes each: the name stays below the 255 bytes of most file systems.
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
    """Remove the temporary files of `replace_private_file` that killed processes left in a folder.

    If this removes the file of a running writer, its rename fails, and the mail or table is written again.

    Args:
        folder: The folder, which is not searched recursively.
        prefix: Only files with this prefix are removed.
        older_than: Only files last changed before this time are removed, in seconds since the epoch.
    """
    for path in folder.iterdir():
        if path.name.startswith(prefix) and path.name.endswith(_PART_SUFFIX):
            with suppress(OSError):
                if path.lstat().st_mtime < older_than:
                    path.unlink()


def is_accessible_to_others(path: Path) -> bool:
    """Whether the group or other users have any permission on this file or folder."""
    return bool(path.stat().st_mode & _OTHERS_MASK)


def restrict_to_owner(path: Path) -> bool:
    """Remove the permissions of group and others from a file or folder, if this user is allowed to.

    Returns:
        Whether only the owner has permissions now; True if the path does not exist.
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
        os.fchmod(descriptor, FILE_MODE)  # a umask of 0400 removes the owner's permission as well
    return descriptor


def _sync_folder(folder: Path) -> None:
    # A rename is durable only after the folder is synced. Windows cannot open a folder and some network
    # file systems cannot sync one; the rename itself is atomic there as well.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
