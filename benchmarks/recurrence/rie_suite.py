"""A pytest plugin: recurring-ical-events' own tests, their VEVENT queries answered by calsync's reader.

    pip download --no-binary recurring-ical-events --no-deps recurring-ical-events==3.8.2
    tar xf recurring_ical_events-3.8.2.tar.gz
    PYTHONPATH=benchmarks/recurrence python -m pytest -p rie_suite -k "use_zoneinfo and not Reversed" \\
        --ignore-glob "*test_readme.py" recurring_ical_events-3.8.2/recurring_ical_events/test

Tests that never ask for the VEVENTs of a window are not counted. Where a window has no zone, the
library compares wall times, whatever an event's zone; so does this.
"""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
from recurring_ical_events.query import CalendarQuery

from calsync.model.span import Span
from calsync.sources.ical.expand import Instance, expand_series
from calsync.sources.ical.full_parser import read_file_events
from calsync.sources.ical.problem_location import EventLocator
from calsync.sources.ical.read import read_calendar
from calsync.sources.ical.series import group_into_series

_UTC = ZoneInfo("UTC")
_WIDE = timedelta(days=2)
_asked: set[str] = set()
_running = [""]
_outcomes: dict[str, str] = {}
_init, _between = CalendarQuery.__init__, CalendarQuery._between


def init(self: Any, calendar: Any, *positional: Any, **named: Any) -> None:
    """Remember what is asked of which calendar."""
    components = named.get("components", positional[1] if len(positional) > 1 else ("VEVENT",))
    kept = named.get("keep_recurrence_attributes") or (positional and positional[0])
    self.source = calendar if tuple(components) == ("VEVENT",) and not kept else None
    _init(self, calendar, *positional, **named)


def between(self: Any, start: date, end: date) -> list[Any]:
    """The library's answer, as components, made of calsync's."""
    if self.source is None:
        return _between(self, start, end)  # type: ignore[no-any-return]
    _asked.add(_running[0])
    content = self.source.to_ical(sorted=False)
    first, last = _alike(_time(start), _time(end))
    if first == last:
        last += timedelta(microseconds=1)
    wide = Span(_aware(first) - _WIDE, _aware(last) + _WIDE)
    instances = _instances(content, wide)
    occurrences, _ = read_calendar(content, wide, zone=_UTC, where="test")
    found = [instances[_name(one.uid, one.recurrence_id, one.start)] for one in occurrences]
    return [_component(instance) for instance in found if _touches(instance, first, last)]


def _instances(content: bytes, wide: Span) -> dict[tuple[str, str, datetime], Instance]:
    """Whose text an occurrence has: the exact path's events, by what names an occurrence of the reader."""
    events, _ = read_file_events(content, _UTC, EventLocator("test", content))
    every = [
        instance for series in group_into_series(events)[0] for instance in expand_series(series, wide, _UTC)
    ]
    return {
        _name(
            one.event.uid,
            one.recurrence_id.isoformat() if one.recurrence_id else "",
            _aware(_time(one.start)),
        ): one
        for one in every
    }


def _name(uid: str, recurrence_id: str, start: datetime) -> tuple[str, str, datetime]:
    return uid, recurrence_id, start.astimezone(UTC)


def _time(moment: date) -> datetime:
    return moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=_UTC)


def _alike(first: datetime, last: datetime) -> tuple[datetime, datetime]:
    zone = first.tzinfo or last.tzinfo
    return first.replace(tzinfo=first.tzinfo or zone), last.replace(tzinfo=last.tzinfo or zone)


def _floats(instance: Instance) -> bool:
    """Whether DTSTART is floating: then UTC is only what we read it by."""
    line = instance.event.text.split("DTSTART", 1)[1].split("\n", 1)[0]
    return "TZID" not in line and not line.strip().endswith("Z") and instance.event.zone is _UTC


def _touches(instance: Instance, first: datetime, last: datetime) -> bool:
    start, end = _time(instance.start), _time(instance.end)
    if first.tzinfo is None or instance.event.all_day or _floats(instance):
        start, end, first, last = (at.replace(tzinfo=None) for at in (start, end, first, last))
    return first <= start < last if start == end else start < last and first < end


def _component(instance: Instance) -> Any:
    text = instance.event.text.replace("\n", "\r\n")
    component = icalendar.Event.from_ical(f"BEGIN:VEVENT\r\n{text}END:VEVENT\r\n")
    for name in ("RRULE", "RDATE", "EXDATE", "DURATION"):
        component.pop(name, None)
    times = {"DTSTART": instance.start, "DTEND": instance.end}
    if "RECURRENCE-ID" not in component:
        times["RECURRENCE-ID"] = instance.recurrence_id or instance.start
    for name, moment in times.items():
        naive = _floats(instance) and isinstance(moment, datetime)
        component[name] = icalendar.vDDDTypes(moment.replace(tzinfo=None) if naive else moment)  # type: ignore[call-arg]
    return component


CalendarQuery.__init__, CalendarQuery._between = init, between


@pytest.hookimpl
def pytest_runtest_setup(item: Any) -> None:
    """Note which test runs."""
    _running[0] = item.nodeid


@pytest.hookimpl
def pytest_runtest_logreport(report: Any) -> None:
    """Note how a test that asked for a window fared."""
    if report.when == "call" and report.nodeid in _asked:
        _outcomes[report.nodeid] = report.outcome


@pytest.hookimpl
def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Count, and name what failed."""
    terminalreporter.write_line(f"calsync: {len(_outcomes)} queries, {dict(Counter(_outcomes.values()))}")
    for name, outcome in _outcomes.items():
        if outcome != "passed":
            terminalreporter.write_line(f"  {outcome}: {name}")
