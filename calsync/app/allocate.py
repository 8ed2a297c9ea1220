"""Turns kept meetings into minutes, and minutes into the mails that managers asked for.

Only what changed is reckoned: the days of meetings that changed since the last time, and days that the
window has taken in. What minutes rest on besides the meetings (`basis`) is kept with them; where it
changed, everything in the window is reckoned anew. Of a manager of whom nothing was kept, whoever reads
the calendar has all there is in hand and reckons at once (`work.Visit`).
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

from calsync.analysis.allocate import allocate
from calsync.analysis.counting import sum_exclusions
from calsync.analysis.worktime import WorkingTime, clip_to_service, contracted_minutes, public_holidays
from calsync.app.due_summaries import due_periods, read_last_night
from calsync.app.ownership import CalendarOwnership
from calsync.app.plan import Days, Night
from calsync.app.run_report import RunReport
from calsync.errors import MailError
from calsync.mail.outbox import queue_summary, summary_mail_id
from calsync.model.allocation import Allocation
from calsync.model.copies import DroppedCopy
from calsync.model.meeting import make_calendar_key
from calsync.model.people import Manager
from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.model.uids import shorten_uid
from calsync.reports.period import SummaryPeriod, last_period
from calsync.reports.render import render_summary
from calsync.reports.sanitise import sanitise_line
from calsync.reports.summary import ManagerSummary, summarise
from calsync.rules.categories import find_unknown_categories
from calsync.store.database import Store
from calsync.store.records import AllocationState, Recalculation
from calsync.text import format_count
from calsync.version import __version__

DAY = timedelta(days=1)
_NAMED_COPIES = 20
"""How many of a manager's meetings that a copy replaces are named one by one."""
_BATCH_SIZE = 50
"""How many managers' minutes are kept in one transaction."""


def recalculate_all(night: Night, store: Store, report: RunReport, ownership: CalendarOwnership) -> None:
    """Keep every manager's minutes in the window, and queue the summaries that are due.

    Of those who are held back nothing is touched.
    """
    managers = [manager for manager in night.managers if manager.id not in ownership.held_back]
    pending: list[Recalculation] = []
    for reckoned in _recalculate_due(night, managers, store):
        pending.append(reckoned)
        if len(pending) >= _BATCH_SIZE:
            store_minutes(store, pending, report)
            pending = []
    store_minutes(store, pending, report)
    report.note(unknown_category_notes(night, store))
    report.note(left_out_copy_notes(night, store))
    _queue_due_summaries(night, store, report, ownership)


def days_to_recalculate(
    held: AllocationState | None, basis: str, first: date, last: date, worktime: WorkingTime
) -> Days | None:
    """The days from `first` to `last` (exclusive) that must be reckoned, in one stretch; None if none.

    A day more on either side of what changed: travel at midnight may lead to a meeting of the next day.
    """
    if held is None or held.basis != basis:
        return Days(first, last)
    stretches = [Days(held.last - DAY, last)] if held.last < last else []
    if first < held.first:
        stretches.append(Days(first, held.first + DAY))
    if held.changed is not None:
        start, end = worktime.day_of(held.changed.start), worktime.day_of(held.changed.end)
        stretches.append(Days(start - DAY, end + 2 * DAY))
    inside = [Days(max(days.first, first), min(days.last, last)) for days in stretches]
    inside = [days for days in inside if days.first < days.last]
    if not inside:
        return None
    return Days(min(days.first for days in inside), max(days.last for days in inside))


def common_basis(worktime: WorkingTime, first: date, last: date) -> str:
    """All that everybody's minutes rest on besides meetings: the working day, the holidays, the code."""
    day = (worktime.zone.key, worktime.day_start, worktime.day_end, sorted(worktime.closed))
    years = range(first.year, last.year + 1)
    free = [sorted(public_holidays(worktime.nation, year)) for year in years]
    return hashlib.blake2b(repr((__version__, day, free)).encode(), digest_size=8).hexdigest()


def allocate_stored(
    store: Store, manager: Manager, worktime: WorkingTime, first: date, last: date
) -> list[Allocation]:
    """A manager's minutes from `first` to `last` (exclusive), from the meetings that are kept."""
    start, end = worktime.midnight(first), worktime.midnight(last)
    # A day more on either side: travel at midnight may lead to a meeting of the next day.
    meetings = store.meetings.of_manager(manager.id, Span(start - DAY, end + DAY))
    return allocate(manager, meetings, worktime, Span(start, end))


def _basis_of_manager(basis: str, manager: Manager) -> str:
    days = "".join(map(str, manager.working_days))
    service = f" {manager.started} {manager.left}" if manager.started or manager.left else ""
    return f"{basis} {manager.fte} {manager.hours_per_week} {days}{service}"


def complete_states(night: Night) -> Callable[[Manager], AllocationState]:
    """How a manager stands once all the window's days are reckoned."""
    first, last = night.days
    common = common_basis(night.worktime, first, last)
    return lambda manager: AllocationState(
        manager_id=manager.id, basis=_basis_of_manager(common, manager), first=first, last=last
    )


def store_minutes(store: Store, reckoned: list[Recalculation], report: RunReport) -> None:
    """Keep minutes in one transaction, and count the managers whose minutes are others than before."""
    if reckoned:
        changes = store.allocations.replace_all(reckoned)
        report.counts["reckoned"] += sum(bool(c.added or c.changed or c.removed) for c in changes)


def _recalculate_due(night: Night, managers: Sequence[Manager], store: Store) -> Iterator[Recalculation]:
    """The minutes of each manager for whom any are due."""
    first, last = night.days
    worktime, whole = night.worktime, complete_states(night)
    held = store.allocations.allocation_states()
    for manager in managers:
        before, after = held.get(manager.id), whole(manager)
        due = days_to_recalculate(before, after.basis, first, last, worktime)
        if due is not None:
            minutes = allocate_stored(store, manager, worktime, due.first, due.last)
            yield Recalculation(first=due.first, last=due.last, allocations=minutes, state=after)
        elif before != after:
            yield Recalculation(first=first, last=first, allocations=(), state=after)


def _queue_due_summaries(night: Night, store: Store, report: RunReport, ownership: CalendarOwnership) -> None:
    """Queue every manager's summaries that are due, those of missed weeks and months included.

    Those of a manager who is held back wait: named in the report, they are still owed in later nights.
    """
    before = read_last_night(store, night.day)
    for done, manager in enumerate(night.managers, start=1):
        due = due_periods(night, manager, before, store.outbox.has_mail)
        report.note(due.problems)
        for period in due.periods if manager.id not in ownership.unmailed else ():
            if manager.id not in ownership.held_back:
                _queue_summary(night, store, manager, period, report)
            elif not store.outbox.has_mail(name := summary_mail_id(manager.id, period)):
                what = "waits until the list of managers is put right"
                report.note([Problem(name, what, "see `calsync status`", Severity.NOTE)])
        night.progress("managers", done, len(night.managers))


def _queue_summary(
    night: Night, store: Store, manager: Manager, period: SummaryPeriod, report: RunReport
) -> None:
    name = summary_mail_id(manager.id, period)
    if store.outbox.has_mail(name):
        return
    if not _is_read_since(store, manager, period.last, night.today):
        what = "waits until every calendar of this manager has been read"
        report.note([Problem(name, what, "see `calsync status`", Severity.NOTE)])
        return
    mail = night.settings.mail
    summary = build_summary(night, store, manager, period)
    rendered = render_summary(summary, manager.language, unsubscribe_url=mail.unsubscribe)
    try:
        queued = queue_summary(
            store.outbox,
            name,
            rendered,
            sender=mail.sender,
            recipient=manager.email,
            now=night.now(),
            unsubscribe=mail.unsubscribe,
        )
    except MailError as error:
        report.fault(name, error)
        return
    report.counts["built"] += queued
    if queued and period != last_period(manager.summary, night.day):
        report.counts["built_late"] += 1
        what = "was due while no night ran or its calendars were not read; it is sent now"
        report.note([Problem(name, what, severity=Severity.NOTE)])


def unknown_category_notes(night: Night, store: Store) -> list[Problem]:
    """Return a note for each category for calsync in the window that is not understood.

    A note names the day and not the title: the report is read by the operator.
    """
    listed = {manager.id for manager in night.managers}
    unread = find_unknown_categories(store.meetings.with_own_categories(night.window), night.book)
    return [
        Problem(
            f"{unknown.meeting.manager_id}, meeting of {night.worktime.day_of(unknown.meeting.start)}",
            f"the category '{sanitise_line(unknown.category)}' is not understood, so it corrects nothing",
            "its owner's next mail says so; docs/managers/corrections.md lists the words that are understood",
            Severity.NOTE,
        )
        for unknown in unread
        if unknown.meeting.manager_id in listed
    ]


def left_out_copy_notes(night: Night, store: Store) -> list[Problem]:
    """Return a note for each meeting that does not count because a copy of it is at another time.

    A few for each manager in full: where a program uses one UID for everything there may be thousands.
    """
    listed = {manager.id for manager in night.managers}
    by_manager: dict[str, list[DroppedCopy]] = {}
    for unknown in store.meetings.left_out_at_other_times(night.window):
        if unknown.dropped.manager_id in listed:
            by_manager.setdefault(unknown.dropped.manager_id, []).append(unknown)
    hint = "if it was moved, nothing need be done; if these are two meetings, give one a UID of its own"
    notes = []
    for manager_id, copies in by_manager.items():
        states = store.meetings.calendar_states(manager_id)
        calendars = {make_calendar_key(state.calendar_id): state.shown for state in states}
        for copy, counting in copies[:_NAMED_COPIES]:
            calendar = calendars.get(copy.calendar_key, f"{manager_id} (a former calendar)")
            other = calendars.get(counting.calendar_key, "a former calendar")
            where = (
                f"{calendar}, meeting of {night.worktime.day_of(copy.start)} with uid {shorten_uid(copy.uid)}"
            )
            start = f"{counting.start.astimezone(night.zone):%Y-%m-%d %H:%M}"
            what = f"does not count: the meeting of this uid that counts is at {start}, in {other}"
            notes.append(Problem(where, what, hint, Severity.NOTE))
        if (more := len(copies) - _NAMED_COPIES) > 0:
            what = f"{format_count(more, 'more meeting')} left out, whose uids count at other times"
            notes.append(Problem(manager_id, what, hint, Severity.NOTE))
    return notes


def build_summary(night: Night, store: Store, manager: Manager, period: SummaryPeriod) -> ManagerSummary:
    """What this manager is told about a period, from the meetings that are kept."""
    worktime = night.worktime
    span = Span(worktime.midnight(period.first), worktime.midnight(period.last))
    # A mailbox that was a predecessor's holds their meetings, too: nothing of those is shown.
    served = clip_to_service(manager, worktime, span)
    meetings = store.meetings.of_manager(manager.id, served) if served else []
    minutes = contracted_minutes(manager, meetings, worktime, period.first, period.last)["minutes"].sum()
    theirs = clip_to_service(manager, worktime, night.window)
    own = store.meetings.with_own_categories(theirs, manager.id) if theirs else []
    return summarise(
        manager,
        period.first,
        period.last,
        meetings,
        allocate(manager, meetings, worktime, span),
        float(minutes),
        night.book.partnerships,
        {str(reason): counted for reason, counted in sum_exclusions(meetings, served or span).items()},
        unknown_categories=find_unknown_categories(own, night.book),
        zone=night.zone,
    )


def _is_read_since(store: Store, manager: Manager, day: date, today: date) -> bool:
    """Whether every calendar was read on this day or later; a night dated after today proves nothing."""
    states = store.meetings.calendar_states(manager.id)
    return bool(states) and all(state.last_good and day <= state.last_good <= today for state in states)
