"""A wall time and its zone put together, and taken apart: at a fifth of what `datetime.replace` costs."""

from datetime import datetime, timedelta, tzinfo

FIRST, LAST = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999)  # noqa: DTZ001 - wall-clock time
"""The first and the last time that Python knows."""


def placed(wall: datetime, zone: tzinfo | None) -> datetime:
    """The wall time, fold and all, as a moment of this zone; one that it had before is dropped."""
    return datetime.combine(wall, wall.time(), zone)


def wall_of(moment: datetime) -> datetime:
    """What clocks show at a moment, naive, fold and all."""
    return datetime.combine(moment, moment.time())


def shifted(wall: datetime, length: timedelta) -> datetime:
    """A naive time so much later, or the first or the last that Python knows."""
    try:
        return wall + length
    except OverflowError:
        return FIRST if length < timedelta(0) else LAST
