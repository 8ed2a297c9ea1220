"""What is wrong now, for `calsync status`: calendars that fail, the list of managers, mails that wait."""

from datetime import date

from calsync.config.roster import Roster, read_roster
from calsync.config.roster_loss import doubted_gone, gone_problem
from calsync.config.settings import Settings
from calsync.errors import ConfigError
from calsync.model.problem import Problem
from calsync.store.database import Store
from calsync.store.roster import manager_of_mail
from calsync.store.states import OPEN_STATES, CalendarState, OutboxEntry


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
