"""calsync measures how much of managers' time goes into partnership meetings.

    >>> import calsync
    >>> meetings = calsync.classify(calsync.read_calendar("diary.ics", "2026-11"))

The functions are those of `calsync.api`. They are loaded when first used (PEP 562), so that `import calsync`
and the command line do not wait for pandas.
"""

from typing import TYPE_CHECKING, Any

from calsync.version import __version__

if TYPE_CHECKING:
    from calsync.api import StoreReader, allocate, classify, export, open_store, read_calendar

__all__ = [
    "StoreReader",
    "__version__",
    "allocate",
    "classify",
    "export",
    "open_store",
    "read_calendar",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from calsync import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
