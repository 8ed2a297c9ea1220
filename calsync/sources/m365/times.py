"""Reads the times of an event of Microsoft Graph: start, end, and the original start in a series."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from calsync.sources.zone_names import find_exact_zone

GraphEvent = Mapping[str, Any]
NoteCallback = Callable[[str, object], None]
_ONE_DAY = timedelta(days=1)


class UnreadableEventError(ValueError):
    """An event lacks a field that a meeting needs; the text names it."""


def read_event_times(
    event: GraphEvent, zone: ZoneInfo, all_day: bool, add_note: NoteCallback
) -> tuple[datetime, datetime]:
    """Start and end in the calendar's zone; of an all-day event its midnights.

    Args:
        event: the JSON of an event.
        zone: the calendar's zone.
        all_day: whether it takes whole days.
        add_note: called where the zone of a time is absent.

    Raises:
        UnreadableEventError: a time is missing or invalid, or the end is before the start.
    """
    start, end = (_parse_date_time_zone(event, field, add_note) for field in ("start", "end"))
    if all_day:
        start, end = _nearest_midnight(start, zone), _nearest_midnight(end, zone)
        end = end if end > start else _next_midnight(start)
    start, end = _to_zone(start, zone), _to_zone(end, zone)
    if end.timestamp() < start.timestamp():
        raise UnreadableEventError(f"it ends ({end.isoformat()}) before it starts ({start.isoformat()})")
    return start, end


def read_recurrence_id(event: GraphEvent, start: datetime, zone: ZoneInfo, all_day: bool) -> str:
    """The original start of an occurrence of a series, a date if it is all-day; "" for a single event."""
    if not (event.get("seriesMasterId") or event.get("type") in ("occurrence", "exception")):
        return ""
    original = start
    if event.get("originalStart"):
        moment = _parse_datetime(event["originalStart"], "originalStart")
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        original = _nearest_midnight(moment, zone) if all_day else _to_zone(moment, zone)
    return original.date().isoformat() if all_day else original.isoformat()


def _parse_date_time_zone(event: GraphEvent, field: str, add_note: NoteCallback) -> datetime:
    """Parse a dateTimeTimeZone; without a zone it is in UTC, because no other zone is requested."""
    value = mapping_or_empty(event.get(field))
    moment = _parse_datetime(value.get("dateTime"), field)
    if moment.tzinfo is not None:
        return moment
    name = value.get("timeZone")
    if not name:
        add_note(f"{field}.timeZone", None)
        return moment.replace(tzinfo=UTC)
    zone = find_exact_zone(str(name))
    if zone is None:
        raise UnreadableEventError(f"{field}: unknown time zone {name!r}")
    return moment.replace(tzinfo=zone)


def _parse_datetime(text: object, field: str) -> datetime:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError as error:
        raise UnreadableEventError(f"{field} is {text!r}") from error


def _to_zone(moment: datetime, zone: ZoneInfo) -> datetime:
    try:
        return moment.astimezone(zone)
    except (OverflowError, ValueError) as error:
        raise UnreadableEventError(f"no such time: {moment.isoformat()}") from error


def _nearest_midnight(moment: datetime, zone: ZoneInfo) -> datetime:
    """The midnight of an all-day event, which means a date, in whatever zone it was written.

    Graph sends midnight of that date in UTC. Where a server shifted it, the nearest midnight is meant.
    """
    local = moment if moment.time() == time() else _to_zone(moment, zone)
    midnight = datetime.combine(local.date(), time(), zone)
    return _next_midnight(midnight) if local.time() >= time(12) else midnight


def _next_midnight(moment: datetime) -> datetime:
    try:
        return datetime.combine(moment.date() + _ONE_DAY, time(), moment.tzinfo)
    except OverflowError as error:
        raise UnreadableEventError(f"no day after {moment.date()}") from error


def mapping_or_empty(value: object) -> GraphEvent:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}
