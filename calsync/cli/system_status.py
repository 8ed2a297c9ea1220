"""Collects the status that `calsync status` prints: nights, calendars, list of managers, mails."""

from dataclasses import dataclass
from datetime import date, datetime

from calsync import scheduler
from calsync.config.roster import Roster, read_roster
from calsync.config.roster_loss import find_doubtful_loss, roster_loss_problem
from calsync.config.settings import Settings, store_url
from calsync.errors import ConfigError
from calsync.mail.open_mails import is_overdue
from calsync.model.problem import Problem, Severity
from calsync.store.database import Store, open_store
from calsync.store.records import OPEN_MAIL_STATES, CalendarState, NightRecord, OutboxEntry
from calsync.store.roster import manager_of_mail

_SHOWN_NIGHTS = 7


@dataclass(frozen=True, slots=True)
class SystemStatus:
    """The state of calsync at one moment.

    due_night: the last night that should have run. last_good: the last that ran to its end. nights: the last
    stored nights, newest first. failing: calendars that fail, of managers who have not left. problems: of the
    list of managers. mails: those that are not closed.
    """

    moment: datetime
    today: date
    due_night: date
    last_good: date | None
    nights: tuple[NightRecord, ...]
    failing: tuple[CalendarState, ...]
    problems: tuple[Problem, ...]
    mails: tuple[OutboxEntry, ...]

    @property
    def is_late(self) -> bool:
        """Whether the night that is due has not run to its end."""
        return self.last_good is None or self.last_good < self.due_night

    @property
    def future_nights(self) -> tuple[date, ...]:
        """The stored nights that are dated after today, newest first."""
        return tuple(record.night for record in self.nights if record.night > self.today)

    @property
    def is_good(self) -> bool:
        """Whether nothing needs attention."""
        faulty = any(problem.severity is Severity.FAULT for problem in self.problems)
        overdue = any(is_overdue(mail, self.moment) for mail in self.mails)
        return not (self.is_late or self.failing or faulty or overdue)


def collect_status(settings: Settings, moment: datetime) -> SystemStatus:
    """Read the status from the store and the list of managers."""
    today = settings.today(moment)
    with open_store(store_url(settings)) as store:
        failing, problems = find_failing_calendars(settings, store, today)
        return SystemStatus(
            moment=moment,
            today=today,
            due_night=scheduler.due_night(moment, settings),
            last_good=store.runs.last_good(today),
            nights=tuple(store.runs.nights(_SHOWN_NIGHTS)),
            failing=tuple(failing),
            problems=problems,
            mails=tuple(list_open_mails(settings, store, today)),
        )


def find_failing_calendars(
    settings: Settings, store: Store, today: date
) -> tuple[list[CalendarState], tuple[Problem, ...]]:
    """Return the failing calendars of managers who have not left, and problems of the list of managers."""
    failing = [state for state in store.meetings.calendar_states() if state.failing_since]
    try:
        roster = read_roster(settings)
    except ConfigError as error:
        return failing, error.problems
    listed_before = [entry.manager_id for entry in store.roster.load_all().values() if entry.listed]
    missing_ids = find_doubtful_loss(listed_before, roster.listed_ids, settings.doubt)
    problems = list(roster.problems)
    if missing_ids:
        problems.append(roster_loss_problem(missing_ids, len(listed_before), roster.file))
    current_ids = _current_manager_ids(roster, today) | missing_ids
    return [state for state in failing if state.manager_id in current_ids], tuple(problems)


def list_open_mails(settings: Settings, store: Store, today: date) -> list[OutboxEntry]:
    """Return the mails that are not closed, without those to managers who have left."""
    mails = store.outbox.entries(*OPEN_MAIL_STATES)
    if not mails:
        return []
    try:
        current_ids = _current_manager_ids(read_roster(settings), today)
    except ConfigError:
        return mails
    return [mail for mail in mails if manager_of_mail(mail.mail_id) in current_ids | {""}]


def _current_manager_ids(roster: Roster, today: date) -> frozenset[str]:
    """The ids in the list without managers who have left; an unusable line does not show whether one has."""
    left = {manager.id for manager in roster.managers if manager.has_left(today)}
    return roster.listed_ids - left
