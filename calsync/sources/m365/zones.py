"""The zone behind a name that Exchange uses: Windows' own names, IANA's, and a few of nobody's."""

from datetime import UTC, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from calsync.sources.windows_zones import find_iana_zone

_UTC = frozenset({"utc", "gmt", "z", "etc/utc", "tzone://microsoft/utc", "coordinated universal time"})


@lru_cache(maxsize=512)
def find_zone(name: str) -> tzinfo:
    """The zone of that name; raises ValueError for one that nobody knows."""
    folded = name.strip().casefold()
    if folded in _UTC:
        return UTC
    try:
        return ZoneInfo(find_iana_zone(name) or name.strip())
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"unknown time zone {name!r}") from error
