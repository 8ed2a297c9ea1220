"""The zone behind a name that Exchange uses: Windows' own names, IANA's, and a few of nobody's."""

from datetime import UTC, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from calsync.sources.windows_zones import iana_name_of

_UTC = frozenset({"utc", "gmt", "z", "etc/utc", "tzone://microsoft/utc", "coordinated universal time"})


@lru_cache(maxsize=512)
def zone_named(name: str) -> tzinfo:
    """The zone of that name; raises ValueError for one that nobody knows."""
    folded = name.strip().casefold()
    if folded in _UTC:
        return UTC
    try:
        return ZoneInfo(iana_name_of(name) or name.strip())
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"unknown time zone {name!r}") from error
