"""What `calsync status` shows: nights, calendars that fail, the list of managers, mails that wait."""

from dataclasses import dataclass
from datetime import date, datetime

from calsync import scheduler
from calsync.config.roster import Roster, read_roster
from calsync.config.roster_loss import doubted_gone, gone_problem
from calsync.config.settings import Settings, store_url
from calsync.errors import ConfigError
from calsync.mail.waiting import is_overdue
from calsync.model.problem import Problem, Severity
from calsync.store.database import Store, open_store
from calsync.store.roster import manager_of_mail
from calsync.store.states import OPEN_STATES, CalendarState, LedgerNight, OutboxEntry

_NIGHTS = 7


@dataclass(frozen=True, slots=True)
class Status:
    """The state of calsync at one moment.

    due: the night that should have run by now. nights: the last ones in the ledger, newest first. failing:
    the calendars of managers who have not left. problems: of the list of managers. mails: those that are
    not closed.
    """

    moment: datetime
    today: date
    due: date
    last_good: date | None
    nights: tuple[LedgerNight, ...]
    failing: tuple[CalendarState, ...]
    problems: tuple[Problem, ...]
    mails: tuple[OutboxEntry, ...]

    @property
    def is_late(self) -> bool:
        """Whether the night that is due has not run to its end."""
        return self.last_good is None or self.last_good < self.due

    @property
    def ahead(self) -> tuple[date, ...]:
        """The nights in the ledger that are dated after today, newest first."""
        return tuple(entered.night for entered in self.nights if entered.night > self.today)

    @property
    def is_good(self) -> bool:
        """Whether nothing needs a person."""
        faulty = any(problem.severity is Severity.FAULT for problem in self.problems)
        overdue = any(is_overdue(mail, self.moment) for mail in self.mails)
        return not (self.is_late or self.failing or faulty or overdue)


def collect_status(settings: Settings, moment: datetime) -> Status:
    """Read the status from the store and the list of managers."""
    today = settings.today(moment)
    with open_store(store_url(settings)) as store:
        failing, problems = failing_now(settings, store, today)
        return Status(
            moment=moment,
            today=today,
            due=scheduler.due_night(moment, settings),
            last_good=store.runs.last_good(today),
            nights=tuple(store.runs.nights(_NIGHTS)),
            failing=tuple(failing),
            problems=problems,
            mails=tuple(mails_waiting(settings, store, today)),
        )


def failing_now(
    settings: Settings, store: Store, today: date
) -> tuple[list[CalendarState], tuple[Problem, ...]]:
    """The calendars that fail, of all who have not left, and what is wrong with the list of managers."""
    failing = [state for state in store.meetings.states() if state.failing_since]
    try:
        roster = read_roster(settings)
    except ConfigError as error:
        return failing, error.problems
    before = [one.manager_id for one in store.roster.all().values() if one.listed]
    gone = doubted_gone(before, roster.named, settings.doubt)
    problems = list(roster.problems)
    if gone:
        problems.append(gone_problem(gone, len(before), roster.file))
    here = _here(roster, today) | gone
    return [state for state in failing if state.manager_id in here], tuple(problems)


def mails_waiting(settings: Settings, store: Store, today: date) -> list[OutboxEntry]:
    """The mails that are not closed, without those to somebody who has left."""
    mails = store.outbox.entries(*OPEN_STATES)
    if not mails:
        return []
    try:
        here = _here(read_roster(settings), today)
    except ConfigError:
        return mails
    return [mail for mail in mails if manager_of_mail(mail.mail_id) in here | {""}]


def _here(roster: Roster, today: date) -> frozenset[str]:
    """Everybody on the list but those who have left; of a line that cannot be used, nobody knows."""
    left = {one.id for one in roster.managers if one.has_left(today)}
    return roster.named - left
