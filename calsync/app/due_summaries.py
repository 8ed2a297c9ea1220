"""Which summaries are due: of the last period, and of periods that ended while no night ran.

The ledger of nights decides. A manager is owed every period that ended after the one that was due at
the last completed night, if that one was queued or was waiting then: whoever asked for summaries only
since then gets the last period alone. A summary that was waiting then for its calendars, or could not be
queued, is still owed, for that night's report names it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import takewhile

from calsync.app.plan import Night
from calsync.mail.outbox import summary_mail_id
from calsync.model.people import Manager
from calsync.model.problem import Problem
from calsync.reports.period import SummaryPeriod, last_period, previous_period
from calsync.store.database import Store


@dataclass(frozen=True, slots=True)
class LastNight:
    """The last night before this one that ran to its end, and what its report names; None if none did."""

    day: date | None = None
    reported: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class DuePeriods:
    """The periods of which a manager's summary is due, oldest first, and what is not sent any more."""

    periods: tuple[SummaryPeriod, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_last_night(store: Store, day: date) -> LastNight:
    """Read from the ledger what the completed night before `day` left to do."""
    last = store.runs.last_good_before(day)
    if last is None:
        return LastNight()
    return LastNight(last, frozenset(problem.where for problem in store.runs.problems(last)))


def due_periods(
    night: Night, manager: Manager, last: LastNight, is_queued: Callable[[str], bool]
) -> DuePeriods:
    """Return the periods of which this manager is owed a summary, whether or not it is queued already.

    At most `[mail] missed_summaries` of them, the newest, lie before the last period, and none before
    the window, for what lies there was not read again. A second run of the same night gives the same.
    """
    current = last_period(manager.summary, night.day)
    if current is None or not _is_served(manager, current):
        return DuePeriods()
    first = night.days.first
    missed = [p for p in _find_missed(current, manager, last, first, is_queued) if _is_served(manager, p)]
    most = night.settings.mail.missed_summaries
    sent, beyond = missed[:most], missed[most:]
    in_window = [period for period in sent if period.first >= first]
    beyond += [period for period in sent if period.first < first]
    lost = [period for period in beyond if not is_queued(summary_mail_id(manager.id, period))]
    return DuePeriods((*reversed(in_window), current), tuple(_report_lost(manager, lost, most)))


def _is_served(manager: Manager, period: SummaryPeriod) -> bool:
    """Whether the manager had started before the period was over: none is mailed of a predecessor's time."""
    return manager.started is None or manager.started < period.last


def _find_missed(
    current: SummaryPeriod,
    manager: Manager,
    last: LastNight,
    window_start: date,
    is_queued: Callable[[str], bool],
) -> list[SummaryPeriod]:
    """Return the periods before the current one that are owed, newest first."""
    at_last_night = last_period(manager.summary, last.day) if last.day else None
    if at_last_night is None:
        return []
    owed: list[SummaryPeriod] = []
    name = summary_mail_id(manager.id, at_last_night)
    if at_last_night < current and (name in last.reported or is_queued(name)):
        owed += takewhile(lambda period: period > at_last_night, _earlier_periods(current))
    # As far back as a summary can have waited; a window has at most 260 weeks.
    waiting = takewhile(lambda period: period.last > window_start, _and_before(at_last_night))
    owed += [p for p in waiting if p < current and summary_mail_id(manager.id, p) in last.reported]
    return owed


def _earlier_periods(period: SummaryPeriod) -> Iterator[SummaryPeriod]:
    while True:
        period = previous_period(period)
        yield period


def _and_before(period: SummaryPeriod) -> Iterator[SummaryPeriod]:
    yield period
    yield from _earlier_periods(period)


def _report_lost(manager: Manager, lost: list[SummaryPeriod], most: int) -> Iterator[Problem]:
    if lost:
        first, last = min(lost).first, max(lost).last
        count = f"{len(lost)} {manager.summary} summar{'y' if len(lost) == 1 else 'ies'}"
        yield Problem(
            f"mails of {manager.id}",
            f"{count}, from {first} to {last - timedelta(days=1)}, not sent: too long ago",
            f"[mail] missed_summaries allows {most}, and none from before the window is built",
        )
