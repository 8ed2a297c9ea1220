"""Calculates the minutes of stored meetings again, where something that they depend on has changed.

`calsync.app.night` calls `recalculate_all` once all calendars are read. Only what changed is calculated: the
days of meetings that changed since the last night, and days that have come into the window. What minutes
depend on besides the meetings (`basis`) is stored with them; where it has changed, every day of the window
is calculated again. The minutes of a new manager are calculated by the worker that reads the calendar
(`calsync.app.fetch_job`), which has all the meetings at hand.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

from calsync.analysis.allocate import allocate
from calsync.analysis.worktime import WorkingTime, public_holidays
from calsync.app.ownership import CalendarOwnership
from calsync.app.plan import Days, Night
from calsync.app.run_report import RunReport
from calsync.model.allocation import Allocation
from calsync.model.people import Manager
from calsync.model.span import Span
from calsync.store.database import Store
from calsync.store.records import AllocationState, Recalculation
from calsync.version import __version__

DAY = timedelta(days=1)
_BATCH_SIZE = 50
"""How many managers' minutes are stored in one transaction."""


def recalculate_all(night: Night, store: Store, report: RunReport, ownership: CalendarOwnership) -> None:
    """Bring every manager's stored minutes in the window up to date, except those of held-back managers."""
    managers = [manager for manager in night.managers if manager.id not in ownership.held_back]
    batch: list[Recalculation] = []
    for recalculation in _recalculate_due(night, managers, store):
        batch.append(recalculation)
        if len(batch) >= _BATCH_SIZE:
            store_minutes(store, batch, report)
            batch = []
    store_minutes(store, batch, report)


def days_to_recalculate(
    state: AllocationState | None, basis: str, first: date, last: date, worktime: WorkingTime
) -> Days | None:
    """Return the days whose minutes must be calculated, as one stretch; None if there are none.

    Args:
        state: What the manager's minutes were calculated from; None if they never were.
        basis: What they would be calculated from now.
        first: The first day of the window.
        last: The day after the last day of the window.
        worktime: The working day, for the days on which changed meetings lie.
    """
    if state is None or state.basis != basis:
        return Days(first, last)
    # One more day on either side of what changed: travel at midnight may lead to a meeting of the next day.
    stretches = [Days(state.last - DAY, last)] if state.last < last else []
    if first < state.first:
        stretches.append(Days(first, state.first + DAY))
    if state.changed is not None:
        start, end = worktime.day_of(state.changed.start), worktime.day_of(state.changed.end)
        stretches.append(Days(start - DAY, end + 2 * DAY))
    inside = [Days(max(days.first, first), min(days.last, last)) for days in stretches]
    inside = [days for days in inside if days.first < days.last]
    if not inside:
        return None
    return Days(min(days.first for days in inside), max(days.last for days in inside))


def common_basis(worktime: WorkingTime, first: date, last: date) -> str:
    """Return a digest of what all minutes depend on besides meetings: working day, holidays, version."""
    day = (worktime.zone.key, worktime.day_start, worktime.day_end, sorted(worktime.closed))
    years = range(first.year, last.year + 1)
    holidays = [sorted(public_holidays(worktime.nation, year)) for year in years]
    return hashlib.blake2b(repr((__version__, day, holidays)).encode(), digest_size=8).hexdigest()


def allocate_stored(
    store: Store, manager: Manager, worktime: WorkingTime, first: date, last: date
) -> list[Allocation]:
    """Calculate a manager's minutes from `first` to `last` (exclusive) from the stored meetings."""
    start, end = worktime.midnight(first), worktime.midnight(last)
    # One more day on either side: travel at midnight may lead to a meeting of the next day.
    meetings = store.meetings.of_manager(manager.id, Span(start - DAY, end + DAY))
    return allocate(manager, meetings, worktime, Span(start, end))


def complete_states(night: Night) -> Callable[[Manager], AllocationState]:
    """Return a function: a manager's allocation state once every day of the window is calculated."""
    first, last = night.days
    common = common_basis(night.worktime, first, last)

    def complete_state(manager: Manager) -> AllocationState:
        days = "".join(map(str, manager.working_days))
        service = f" {manager.started} {manager.left}" if manager.started or manager.left else ""
        basis = f"{common} {manager.fte} {manager.hours_per_week} {days}{service}"
        return AllocationState(manager_id=manager.id, basis=basis, first=first, last=last)

    return complete_state


def store_minutes(store: Store, recalculations: list[Recalculation], report: RunReport) -> None:
    """Store minutes in one transaction, and count the managers whose minutes changed."""
    if recalculations:
        changes = store.allocations.replace_all(recalculations)
        report.counts["reckoned"] += sum(bool(c.added or c.changed or c.removed) for c in changes)


def _recalculate_due(night: Night, managers: Sequence[Manager], store: Store) -> Iterator[Recalculation]:
    """Yield the minutes of each manager for whom any day is due."""
    first, last = night.days
    worktime, complete_state = night.worktime, complete_states(night)
    stored_states = store.allocations.allocation_states()
    for manager in managers:
        before, after = stored_states.get(manager.id), complete_state(manager)
        due = days_to_recalculate(before, after.basis, first, last, worktime)
        if due is not None:
            minutes = allocate_stored(store, manager, worktime, due.first, due.last)
            yield Recalculation(first=due.first, last=due.last, allocations=minutes, state=after)
        elif before != after:
            # No day is due, but the window is another one: only the state is stored.
            yield Recalculation(first=first, last=first, allocations=(), state=after)
