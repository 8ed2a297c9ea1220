"""The version of the reader: this code, the libraries and the time zones, on which each result depends."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from zoneinfo import TZPATH

_READER_REVISION = "4"
"""Increase it when the same calendar may give other occurrences than before."""


@cache
def reader_version() -> str:
    """Return all of it as one text, such as `1/icalendar-7.3.0/…/tzdata-2025b`."""
    libraries = (f"{name}-{_library_version(name)}" for name in ("icalendar", "recurring-ical-events"))
    return "/".join((_READER_REVISION, *libraries, f"tzdata-{_tzdata_version()}"))


def _library_version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def _tzdata_version() -> str:
    """The version of the time zones of the system, which Python prefers, else of the package."""
    for folder in map(Path, TZPATH):
        for name in ("tzdata.zi", "+VERSION"):
            try:
                with (folder / name).open(encoding="ascii") as file:
                    return file.readline().removeprefix("# version ").strip()
            except (OSError, ValueError):
                continue
        if folder.is_dir():
            return f"system+{_library_version('tzdata')}"
    return _library_version("tzdata")
