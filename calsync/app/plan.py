"""What one run works on (`Night`): its day, window, managers and rules; and what follows from the settings.

All other modules of `calsync.app` use it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from threading import Event
from typing import NamedTuple
from zoneinfo import ZoneInfo

from calsync.analysis.worktime import WorkingTime
from calsync.config.roster import Roster
from calsync.config.settings import Settings
from calsync.model.people import Manager
from calsync.model.span import Span
from calsync.rules.book import RuleBook
from calsync.sources.base import Calendar

Progress = Callable[[str, int, int], None]
"""Called with what is counted ("calendars"), how many are done, and of how many."""


class Days(NamedTuple):
    """Consecutive days from `first` to `last` (exclusive)."""

    first: date
    last: date


def ignore_progress(what: str, done: int, total: int) -> None:
    """A `Progress` that does nothing."""


@dataclass(frozen=True)
class Night:
    """What one night works on.

    Attributes:
        managers: Those in service on the day.
        now: Returns the current time; called whenever a time is stored.
        accept_empty: Ids of managers whose calendars may have lost most of their meetings.
        stop: Set from outside to end the night after the calendars in hand.
        roster: The list of managers that `managers` come from.
    """

    day: date
    settings: Settings
    managers: tuple[Manager, ...]
    book: RuleBook
    now: Callable[[], datetime]
    accept_empty: frozenset[str] = frozenset()
    stop: Event = field(default_factory=Event)
    progress: Progress = ignore_progress
    roster: Roster = field(default_factory=lambda: Roster("managers.csv", ()))

    @property
    def today(self) -> date:
        """The organisation's local date; the night's day is today or earlier."""
        return self.settings.today(self.now())

    @property
    def zone(self) -> ZoneInfo:
        """The organisation's zone; days begin at midnight in it."""
        return self.settings.organisation.zone

    @property
    def days(self) -> Days:
        """The days of the window; see `window_days`."""
        return window_days(self.settings, self.day)

    @property
    def window(self) -> Span:
        """The time that is read of every calendar."""
        first, last = (datetime.combine(day, time(0), self.zone) for day in self.days)
        return Span(first, last)

    @property
    def worktime(self) -> WorkingTime:
        """See `worktime_of`."""
        return worktime_of(self.settings)

    def calendar_of(self, manager: Manager) -> Calendar:
        """See `calendar_of`."""
        return calendar_of(manager, self.settings)


def worktime_of(settings: Settings) -> WorkingTime:
    """Return the organisation's working day: its zone, hours and public holidays."""
    hours, organisation = settings.hours, settings.organisation
    return WorkingTime(organisation.zone, hours.day_start, hours.day_end, organisation.nation)


def window_days(settings: Settings, night: date) -> Days:
    """Return the window of the night of this date: whole weeks, Monday to Sunday."""
    monday = night - timedelta(days=night.weekday())
    back, ahead = settings.window.weeks_back, settings.window.weeks_ahead
    return Days(first=monday - timedelta(weeks=back), last=monday + timedelta(weeks=ahead + 1))


def calendar_of(manager: Manager, settings: Settings) -> Calendar:
    """Return the address that the list of managers has for this manager, as a calendar to read."""
    owners = frozenset((manager.email, *manager.aliases))
    missing_end = timedelta(minutes=settings.hours.missing_end_minutes)
    zone = settings.organisation.zone
    return Calendar(manager.id, manager.source, manager.calendar, owners, zone, missing_end)
