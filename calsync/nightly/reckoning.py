"""Turns kept meetings into minutes, and minutes into the mails that managers asked for."""

from datetime import date

from calsync.analysis.allocate import allocate
from calsync.analysis.counting import exclusions
from calsync.analysis.worktime import contracted
from calsync.errors import MailError
from calsync.mail.outbox import mail_id, queue_summary
from calsync.model.people import Manager
from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.nightly.plan import Night
from calsync.nightly.report import RunReport
from calsync.reports.period import Period, period_of
from calsync.reports.render import render_summary
from calsync.reports.summary import ManagerSummary, summarise
from calsync.store.database import Store


def reckon_all(night: Night, store: Store, report: RunReport) -> None:
    """Keep every manager's minutes in the window, and queue the summaries that are due."""
    for done, manager in enumerate(night.managers, start=1):
        meetings = store.meetings.of_manager(manager.id, night.window)
        allocations = allocate(manager, meetings, night.worktime, night.window)
        change = store.allocations.replace(manager.id, *night.days, allocations)
        report.counts["reckoned"] += bool(change.added or change.changed or change.removed)
        _summarise(night, store, manager, report)
        night.progress("managers", done, len(night.managers))


def _summarise(night: Night, store: Store, manager: Manager, report: RunReport) -> None:
    period = period_of(manager.summary, night.day)
    if period is None:
        return
    name = mail_id(manager.id, period)
    if store.outbox.has(name):
        return
    if not _read_since(store, manager, period.last):
        what = "waits until every calendar of this manager has been read"
        report.note([Problem(name, what, "see `calsync status`", Severity.NOTE)])
        return
    mail = night.settings.mail
    summary = summary_of(night, store, manager, period)
    rendered = render_summary(summary, manager.language, stop=mail.unsubscribe)
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
    else:
        report.counts["built"] += queued


def summary_of(night: Night, store: Store, manager: Manager, period: Period) -> ManagerSummary:
    """What this manager is told about a period, from the meetings that are kept."""
    worktime = night.worktime
    span = Span(worktime.midnight(period.first), worktime.midnight(period.last))
    meetings = store.meetings.of_manager(manager.id, span)
    minutes = contracted(manager, meetings, worktime, period.first, period.last)["minutes"].sum()
    return summarise(
        manager,
        period.first,
        period.last,
        meetings,
        allocate(manager, meetings, worktime, span),
        float(minutes),
        night.book.partnerships,
        {str(reason): counted for reason, counted in exclusions(meetings, span).items()},
        zone=night.zone,
    )


def _read_since(store: Store, manager: Manager, day: date) -> bool:
    states = store.meetings.states(manager.id)
    return bool(states) and all(state.last_good and state.last_good >= day for state in states)
