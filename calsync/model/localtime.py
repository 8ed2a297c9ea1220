"""A wall time and its zone put together, and taken apart: at a fifth of what `datetime.replace` costs."""

from datetime import datetime, timedelta, tzinfo

MIN_LOCAL_TIME, MAX_LOCAL_TIME = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999)  # noqa: DTZ001 - wall-clock time
"""The first and the last time that Python knows."""


def localize(local_time: datetime, zone: tzinfo | None) -> datetime:
    """The wall time, fold and all, as a moment of this zone; one that it had before is dropped."""
    return datetime.combine(local_time, local_time.time(), zone)


def to_naive_local(moment: datetime) -> datetime:
    """What clocks show at a moment, naive, fold and all."""
    return datetime.combine(moment, moment.time())


def add_clamped(local_time: datetime, length: timedelta) -> datetime:
    """A naive time so much later, or the first or the last that Python knows."""
    try:
        return local_time + length
    except OverflowError:
        return MIN_LOCAL_TIME if length < timedelta(0) else MAX_LOCAL_TIME
