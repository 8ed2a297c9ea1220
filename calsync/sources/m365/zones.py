"""The zone behind a name that Exchange uses: Windows' own names, IANA's, and a few of nobody's."""

from datetime import UTC, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from tzlocal.windows_tz import win_tz

# CLDR's table by way of tzlocal: unlike O365's and icalendar's it has the zones of 2025 (Alberta, Manitoba).
_WINDOWS = {name.casefold(): zone for name, zone in win_tz.items()}
_UTC = frozenset({"utc", "gmt", "z", "etc/utc", "tzone://microsoft/utc", "coordinated universal time"})


@lru_cache(maxsize=512)
def zone_named(name: str) -> tzinfo:
    """The zone of that name; raises ValueError for one that nobody knows."""
    folded = name.strip().casefold()
    if folded in _UTC:
        return UTC
    try:
        return ZoneInfo(_WINDOWS.get(folded, name.strip()))
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"unknown time zone {name!r}") from error
