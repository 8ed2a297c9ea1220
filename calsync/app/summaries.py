"""Builds and queues the summaries that are due; `calsync.app.night` calls it once the minutes are stored.

A summary is due for the last period, and for periods that ended while no night ran. The table of runs decides
which: a manager gets every period that ended after the one that was due at the last completed night, if that
one was queued or was waiting then. A manager who wants summaries only since then gets the last period
alone. A summary that waited at that night for its calendars, or could not be queued, is still due: the
report of that night names it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain, takewhile

from calsync.analysis.allocate import allocate
from calsync.analysis.counting import sum_exclusions
from calsync.analysis.worktime import clip_to_service, contracted_minutes
from calsync.app.ownership import CalendarOwnership
from calsync.app.plan import Night
from calsync.app.run_report import RunReport
from calsync.errors import MailError
from calsync.mail.outbox import queue_summary, summary_mail_id
from calsync.model.copies import DroppedCopy
from calsync.model.meeting import make_calendar_key
from calsync.model.people import Manager
from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.model.uids import shorten_uid
from calsync.reports.period import SummaryPeriod, last_period, previous_period
from calsync.reports.render import render_summary
from calsync.reports.sanitise import sanitise_line
from calsync.reports.summary import ManagerSummary, summarise
from calsync.rules.categories import find_unknown_categories
from calsync.store.database import Store
from calsync.text import format_count

_NAMED_COPIES = 20
"""How many left-out meetings of one manager the report lists one by one."""


@dataclass(frozen=True, slots=True)
class LastNight:
    """The last completed night before this one, and what its report names; `day` is None if there is none."""

    day: date | None = None
    reported: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class DuePeriods:
    """The periods whose summary is due, oldest first, and a problem for those that are too old to be sent."""

    periods: tuple[SummaryPeriod, ...] = ()
    problems: tuple[Problem, ...] = ()


def queue_due_summaries(night: Night, store: Store, report: RunReport, ownership: CalendarOwnership) -> None:
    """Queue every summary that is due.

    The summaries of held-back managers wait: the report names them, so that they are due in later nights too.
    """
    last_night = read_last_night(store, night.day)
    for done, manager in enumerate(night.managers, start=1):
        due = due_periods(night, manager, last_night, store.outbox.has_mail)
        report.note(due.problems)
        for period in due.periods if manager.id not in ownership.unmailed else ():
            mail_id = summary_mail_id(manager.id, period)
            if store.outbox.has_mail(mail_id):
                continue
            if manager.id in ownership.held_back:
                what = "waits until the list of managers is put right"
                report.note([Problem(mail_id, what, "see `calsync status`", Severity.NOTE)])
            else:
                _queue_summary(night, store, manager, period, mail_id, report)
        night.progress("managers", done, len(night.managers))


def read_last_night(store: Store, day: date) -> LastNight:
    """Read what the last completed night before `day` reported."""
    last = store.runs.last_good_before(day)
    if last is None:
        return LastNight()
    return LastNight(last, frozenset(problem.where for problem in store.runs.problems(last)))


def due_periods(
    night: Night, manager: Manager, last: LastNight, is_queued: Callable[[str], bool]
) -> DuePeriods:
    """Return the periods whose summary this manager should have, whether or not it is queued already.

    At most `[mail] missed_summaries` of them, the newest, lie before the last period. None lies before the
    window, because what lies there was not read again. A second run of the same night returns the same.

    Args:
        night: The night that runs.
        manager: Whose summaries.
        last: See `read_last_night`.
        is_queued: Whether the outbox has the mail of this id, in any state.
    """
    current = last_period(manager.summary, night.day)
    if current is None or not _is_served(manager, current):
        return DuePeriods()
    window_start = night.days.first
    missed = [
        period
        for period in _find_missed(current, manager, last, window_start, is_queued)
        if _is_served(manager, period)
    ]
    limit = night.settings.mail.missed_summaries
    due = [period for period in missed[:limit] if period.first >= window_start]
    too_old = [*missed[limit:], *(period for period in missed[:limit] if period.first < window_start)]
    lost = [period for period in too_old if not is_queued(summary_mail_id(manager.id, period))]
    return DuePeriods((*reversed(due), current), tuple(_report_lost(manager, lost, limit)))


def _is_served(manager: Manager, period: SummaryPeriod) -> bool:
    """Whether the manager started before the period ended; nobody gets a summary of a predecessor's time."""
    return manager.started is None or manager.started < period.last


def _find_missed(
    current: SummaryPeriod,
    manager: Manager,
    last: LastNight,
    window_start: date,
    is_queued: Callable[[str], bool],
) -> list[SummaryPeriod]:
    """Return the periods before the current one whose summary is due, newest first."""
    at_last_night = last_period(manager.summary, last.day) if last.day else None
    if at_last_night is None:
        return []
    missed: list[SummaryPeriod] = []
    mail_id = summary_mail_id(manager.id, at_last_night)
    if at_last_night < current and (mail_id in last.reported or is_queued(mail_id)):
        missed += takewhile(lambda period: period > at_last_night, _earlier_periods(current))
    # As far back as a summary can have waited; a window has at most 260 weeks.
    in_window = takewhile(
        lambda period: period.last > window_start, chain([at_last_night], _earlier_periods(at_last_night))
    )
    missed += [p for p in in_window if p < current and summary_mail_id(manager.id, p) in last.reported]
    return missed


def _earlier_periods(period: SummaryPeriod) -> Iterator[SummaryPeriod]:
    while True:
        period = previous_period(period)
        yield period


def _report_lost(manager: Manager, lost: list[SummaryPeriod], limit: int) -> Iterator[Problem]:
    if lost:
        first, last = min(lost).first, max(lost).last
        count = f"{len(lost)} {manager.summary} summar{'y' if len(lost) == 1 else 'ies'}"
        yield Problem(
            f"mails of {manager.id}",
            f"{count}, from {first} to {last - timedelta(days=1)}, not sent: too long ago",
            f"[mail] missed_summaries allows {limit}, and none from before the window is built",
        )


def _queue_summary(
    night: Night, store: Store, manager: Manager, period: SummaryPeriod, mail_id: str, report: RunReport
) -> None:
    if not _is_read_since(store, manager, period.last, night.today):
        what = "waits until every calendar of this manager has been read"
        report.note([Problem(mail_id, what, "see `calsync status`", Severity.NOTE)])
        return
    mail = night.settings.mail
    summary = build_summary(night, store, manager, period)
    rendered = render_summary(summary, manager.language, unsubscribe_url=mail.unsubscribe)
    try:
        queued = queue_summary(
            store.outbox,
            mail_id,
            rendered,
            sender=mail.sender,
            recipient=manager.email,
            now=night.now(),
            unsubscribe_url=mail.unsubscribe,
        )
    except MailError as error:
        report.fault(mail_id, error)
        return
    report.counts["built"] += queued
    if queued and period != last_period(manager.summary, night.day):
        report.counts["built_late"] += 1
        what = "was due while no night ran or its calendars were not read; it is sent now"
        report.note([Problem(mail_id, what, severity=Severity.NOTE)])


def _is_read_since(store: Store, manager: Manager, day: date, today: date) -> bool:
    """Whether every calendar was read on `day` or later; a reading dated after today does not count."""
    states = store.meetings.calendar_states(manager.id)
    return bool(states) and all(state.last_good and day <= state.last_good <= today for state in states)


def build_summary(night: Night, store: Store, manager: Manager, period: SummaryPeriod) -> ManagerSummary:
    """Build the summary of a period from the stored meetings."""
    worktime = night.worktime
    span = Span(worktime.midnight(period.first), worktime.midnight(period.last))
    # A mailbox may have been a predecessor's and hold their meetings too; none of those is shown.
    served = clip_to_service(manager, worktime, span)
    meetings = store.meetings.of_manager(manager.id, served) if served else []
    minutes = contracted_minutes(manager, meetings, worktime, period.first, period.last)["minutes"].sum()
    served_window = clip_to_service(manager, worktime, night.window)
    categorised = store.meetings.with_own_categories(served_window, manager.id) if served_window else []
    return summarise(
        manager,
        period.first,
        period.last,
        meetings,
        allocate(manager, meetings, worktime, span),
        float(minutes),
        night.book.partnerships,
        {str(reason): counted for reason, counted in sum_exclusions(meetings, served or span).items()},
        unknown_categories=find_unknown_categories(categorised, night.book),
        zone=night.zone,
    )


def unknown_category_notes(night: Night, store: Store) -> list[Problem]:
    """Return a note for each category in the window that is meant for calsync and not understood.

    A note gives the day and not the title, because operators read the report.
    """
    listed = {manager.id for manager in night.managers}
    unknown_categories = find_unknown_categories(store.meetings.with_own_categories(night.window), night.book)
    return [
        Problem(
            f"{unknown.meeting.manager_id}, meeting of {night.worktime.day_of(unknown.meeting.start)}",
            f"the category '{sanitise_line(unknown.category)}' is not understood, so it corrects nothing",
            "its owner's next mail says so; docs/managers/corrections.md lists the words that are understood",
            Severity.NOTE,
        )
        for unknown in unknown_categories
        if unknown.meeting.manager_id in listed
    ]


def left_out_copy_notes(night: Night, store: Store) -> list[Problem]:
    """Return a note for each meeting that does not count because a copy of it is at another time.

    At most `_NAMED_COPIES` of each manager are named: where a program gives every event the same UID, there
    may be thousands.
    """
    listed = {manager.id for manager in night.managers}
    by_manager: dict[str, list[DroppedCopy]] = {}
    for copy in store.meetings.left_out_at_other_times(night.window):
        if copy.dropped.manager_id in listed:
            by_manager.setdefault(copy.dropped.manager_id, []).append(copy)
    hint = "if it was moved, no action is needed; if these are two meetings, give one a UID of its own"
    notes = []
    for manager_id, copies in by_manager.items():
        states = store.meetings.calendar_states(manager_id)
        calendars = {make_calendar_key(state.calendar_id): state.redacted_address for state in states}
        for dropped, counting in copies[:_NAMED_COPIES]:
            calendar = calendars.get(dropped.calendar_key, f"{manager_id} (a former calendar)")
            other = calendars.get(counting.calendar_key, "a former calendar")
            day, uid = night.worktime.day_of(dropped.start), shorten_uid(dropped.uid)
            start = f"{counting.start.astimezone(night.zone):%Y-%m-%d %H:%M}"
            what = f"does not count: the meeting of this uid that counts is at {start}, in {other}"
            notes.append(Problem(f"{calendar}, meeting of {day} with uid {uid}", what, hint, Severity.NOTE))
        if (more := len(copies) - _NAMED_COPIES) > 0:
            what = f"{format_count(more, 'more meeting')} left out, whose uids count at other times"
            notes.append(Problem(manager_id, what, hint, Severity.NOTE))
    return notes
