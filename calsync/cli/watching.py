"""What `calsync status` shows: nights, calendars that fail, the list of managers, mails that wait."""

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
from calsync.store.records import OPEN_STATES, CalendarState, NightRecord, OutboxEntry
from calsync.store.roster import manager_of_mail

_SHOWN_NIGHTS = 7


@dataclass(frozen=True, slots=True)
class SystemStatus:
    """The state of calsync at one moment.

    due: the night that should have run by now. nights: the last ones in the ledger, newest first. failing:
    the calendars of managers who have not left. problems: of the list of managers. mails: those that are
    not closed.
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
        """The nights in the ledger that are dated after today, newest first."""
        return tuple(record.night for record in self.nights if record.night > self.today)

    @property
    def is_good(self) -> bool:
        """Whether nothing needs a person."""
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
    """The calendars that fail, of all who have not left, and what is wrong with the list of managers."""
    failing = [state for state in store.meetings.calendar_states() if state.failing_since]
    try:
        roster = read_roster(settings)
    except ConfigError as error:
        return failing, error.problems
    before = [one.manager_id for one in store.roster.load_all().values() if one.listed]
    missing_ids = find_doubtful_loss(before, roster.listed_ids, settings.doubt)
    problems = list(roster.problems)
    if missing_ids:
        problems.append(roster_loss_problem(missing_ids, len(before), roster.file))
    current_ids = _current_manager_ids(roster, today) | missing_ids
    return [state for state in failing if state.manager_id in current_ids], tuple(problems)


def list_open_mails(settings: Settings, store: Store, today: date) -> list[OutboxEntry]:
    """The mails that are not closed, without those to somebody who has left."""
    mails = store.outbox.entries(*OPEN_STATES)
    if not mails:
        return []
    try:
        current_ids = _current_manager_ids(read_roster(settings), today)
    except ConfigError:
        return mails
    return [mail for mail in mails if manager_of_mail(mail.mail_id) in current_ids | {""}]


def _current_manager_ids(roster: Roster, today: date) -> frozenset[str]:
    """Everybody on the list but those who have left; of a line that cannot be used, nobody knows."""
    left = {one.id for one in roster.managers if one.has_left(today)}
    return roster.listed_ids - left
