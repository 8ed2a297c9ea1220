"""Provides the version of the iCalendar reader, which is part of token keys and uid digests.

When it changes, every calendar is read again: the same file may then give other occurrences.
"""

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from zoneinfo import TZPATH

_READER_REVISION = "4"
"""Increase it when the same calendar may give other occurrences than before."""


@cache
def reader_version() -> str:
    """Return the versions of this code, of its libraries and of the time-zone data, joined by `/`.

    An example: `4/icalendar-7.3.0/…/tzdata-2025b`.
    """
    libraries = (f"{name}-{_library_version(name)}" for name in ("icalendar", "recurring-ical-events"))
    return "/".join((_READER_REVISION, *libraries, f"tzdata-{_tzdata_version()}"))


def _library_version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def _tzdata_version() -> str:
    """Return the version of the system's time-zone data, which `zoneinfo` prefers, or else of the package."""
    for folder in map(Path, TZPATH):
        # tzdata.zi begins with "# version 2025b"; some systems have +VERSION, with only the number, instead.
        for name in ("tzdata.zi", "+VERSION"):
            try:
                with (folder / name).open(encoding="ascii") as file:
                    return file.readline().removeprefix("# version ").strip()
            except (OSError, ValueError):
                continue
        if folder.is_dir():
            # Time-zone data without a version: `zoneinfo` takes from the package only what it lacks.
            return f"system+{_library_version('tzdata')}"
    return _library_version("tzdata")
