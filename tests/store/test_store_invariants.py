"""After any replacements, failures, retirements and deletions the store has what a dict would have."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from support.builders import LONDON, MONDAY, meeting
from support.hypothesis_profiles import examples

from calsync.model.allocation import Allocation
from calsync.model.classification import Activity, MeetingKind
from calsync.model.meeting import Meeting
from calsync.model.span import Span
from calsync.store.database import Store
from calsync.store.records import CalendarState, RowCounts

# Around the end of summer time, when an hour comes twice.
START = datetime(2026, 10, 24, 22, tzinfo=LONDON)
CALENDARS = ("m1/test/1", "m1/test/2", "m2/test/1")
ALWAYS = Span(START - timedelta(days=9), START + timedelta(days=9))
with_store = examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])

hours = st.integers(0, 8)
windows = st.builds(lambda a, b: _span(min(a, b), max(a, b)), hours, hours)


def _span(first: int, last: int) -> Span:
    return Span(*((START.astimezone(UTC) + timedelta(hours=h)).astimezone(LONDON) for h in (first, last)))


@st.composite
def readings(draw: st.DrawFn) -> tuple[str, Span, list[Meeting]]:
    """A calendar, a window, and meetings that overlap it; names and starts are few, so that they recur."""
    calendar_id, window = draw(st.sampled_from(CALENDARS)), draw(windows)
    spans = [span for span in draw(st.lists(windows, max_size=5)) if span.overlaps(window)]
    found = {}
    for span in spans:
        plain = meeting(
            uid=draw(st.sampled_from("xy")), start=span.start, end=span.end, calendar_id=calendar_id
        )
        named = plain._replace(manager_id=calendar_id[:2], title=draw(st.sampled_from("pq")))
        found[named.id] = named
    return calendar_id, window, list(found.values())


def everything(store: Store) -> list[Meeting]:
    """What every calendar holds, a meeting in two calendars of one manager twice."""
    return [m for uid in "xy" for m in store.meetings.find_uncorrected(uid)]


def emptied(store: Store) -> Store:
    for calendar_id in CALENDARS:
        store.meetings.delete_calendar(calendar_id)
    return store


def difference(before: dict[str, Meeting], after: dict[str, Meeting]) -> RowCounts:
    both = before.keys() & after.keys()
    changed = sum(repr(before[name]) != repr(after[name]) for name in both)
    return RowCounts(len(after) - len(both), changed, len(before) - len(both))


@with_store
@given(nights=st.lists(readings(), max_size=6))
def test_replacing_windows_is_like_replacing_them_in_a_dict(
    store: Store, nights: list[tuple[str, Span, list[Meeting]]]
) -> None:
    expected: dict[str, dict[str, Meeting]] = {name: {} for name in CALENDARS}
    emptied(store)
    for calendar_id, window, meetings in nights:
        state = CalendarState(calendar_id, calendar_id[:2], "test", calendar_id)
        before = expected[calendar_id]
        stays = {name: m for name, m in before.items() if not m.span.overlaps(window)}
        expected[calendar_id] = stays | {m.id: m for m in meetings}
        assert store.meetings.replace(state, window, meetings) == difference(before, expected[calendar_id])
        assert store.meetings.replace(state, window, meetings[::-1]) == RowCounts()
    wanted = [repr(m) for meetings in expected.values() for m in meetings.values()]
    assert sorted(map(repr, everything(store))) == sorted(wanted)


@with_store
@given(reading=readings(), requested=windows)
def test_a_window_has_the_meetings_that_overlap_it_and_no_others(
    store: Store, reading: tuple[str, Span, list[Meeting]], requested: Span
) -> None:
    calendar_id, window, meetings = reading
    state = CalendarState(calendar_id, calendar_id[:2], "test", calendar_id)
    emptied(store).meetings.replace(state, window, meetings)
    inside = {m.id for m in meetings if m.span.overlaps(requested)}
    assert {m.id for m in store.meetings.of_manager(calendar_id[:2], requested)} == inside
    assert store.meetings.count(calendar_id, requested) == len(inside)


@with_store
@given(readings(), st.sampled_from(["note_failure", "touch_good", "retire"]))
def test_no_failure_costs_a_meeting(
    store: Store, reading: tuple[str, Span, list[Meeting]], happening: str
) -> None:
    calendar_id, window, meetings = reading
    state = CalendarState(calendar_id, calendar_id[:2], "test", calendar_id)
    emptied(store).meetings.replace(state, window, meetings)
    before = everything(store)
    match happening:
        case "note_failure":
            store.meetings.note_failure(calendar_id, calendar_id[:2], "test", "x", MONDAY, "gone", "look")
        case "touch_good":
            store.meetings.mark_unchanged([calendar_id], MONDAY)
        case _:
            store.meetings.retire_calendar(calendar_id)
    assert everything(store) == before
    assert store.meetings.replace(state, window, meetings) == RowCounts()


days = st.integers(0, 4).map(lambda n: MONDAY + timedelta(days=n))
shares = st.builds(
    Allocation,
    manager_id=st.just("m1"),
    day=days,
    meeting_id=st.sampled_from("ab"),
    partnership=st.sampled_from(["", "psb"]),
    activity=st.sampled_from([Activity.PROCESS, Activity.UNCLEAR]),
    kind=st.just(MeetingKind.MEETING),
    confirmed=st.booleans(),
    in_hours=st.just(True),
    minutes=st.floats(0, 1440),
    label=st.just(""),  # one meeting has one label
)


@with_store
@given(nights=st.lists(st.tuples(days, days, st.lists(shares, max_size=6)), max_size=4))
def test_no_minute_is_lost_or_counted_twice(
    store: Store, nights: list[tuple[date, date, list[Allocation]]]
) -> None:
    end = MONDAY + timedelta(days=9)
    store.allocations.replace("m1", MONDAY, end, [])
    minutes = dict.fromkeys((MONDAY + timedelta(days=n) for n in range(5)), 0.0)
    for first, last, given_shares in nights:
        store.allocations.replace("m1", first, last, given_shares)
        for day in (day for day in minutes if first <= day < last):
            minutes[day] = sum(share.minutes for share in given_shares if share.day == day)
        assert store.allocations.replace("m1", first, last, given_shares[::-1]) == RowCounts()
    stored = store.allocations.frame(MONDAY, end).groupby("day")["minutes"].sum()
    assert all(abs(stored.get(day, 0.0) - total) < 1e-6 for day, total in minutes.items())
