"""What one night is asked to do: the day, the window, the people, the rules."""

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
"""Told (what is being done, how many are done, of how many)."""


class Days(NamedTuple):
    """A stretch of days from `first` to `last` (exclusive)."""

    first: date
    last: date


def ignore_progress(what: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Night:
    """One night's orders. `now` is asked whenever a time must be written down.

    managers: those in service on the day. accept_empty: ids of managers whose calendar may have emptied.
    stop: set when the night must end after the calendar in hand. roster: the list that they stand on.
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
        """The organisation's local date, which a night can be before, never after."""
        return self.settings.today(self.now())

    @property
    def zone(self) -> ZoneInfo:
        """The organisation's zone: its days begin at its midnights."""
        return self.settings.organisation.zone

    @property
    def days(self) -> Days:
        """The window's first day and the day after its last: whole weeks, Monday to Sunday."""
        return window_days(self.settings, self.day)

    @property
    def window(self) -> Span:
        """The time that every calendar is asked for."""
        first, last = (datetime.combine(day, time(0), self.zone) for day in self.days)
        return Span(first, last)

    @property
    def worktime(self) -> WorkingTime:
        """The organisation's working day, from the settings."""
        return worktime_of(self.settings)

    def calendar_of(self, manager: Manager) -> Calendar:
        """The calendar the list of managers names for this person."""
        return calendar_of(manager, self.settings)


def worktime_of(settings: Settings) -> WorkingTime:
    """The organisation's working day: its zone, hours and public holidays."""
    hours, organisation = settings.hours, settings.organisation
    return WorkingTime(organisation.zone, hours.day_start, hours.day_end, organisation.nation)


def window_days(settings: Settings, night: date) -> Days:
    """A night's window: the first day, and the day after the last."""
    monday = night - timedelta(days=night.weekday())
    back, ahead = settings.window.weeks_back, settings.window.weeks_ahead
    return Days(first=monday - timedelta(weeks=back), last=monday + timedelta(weeks=ahead + 1))


def calendar_of(manager: Manager, settings: Settings) -> Calendar:
    """The calendar the list of managers names for this person."""
    owners = frozenset((manager.email, *manager.aliases))
    missing_end = timedelta(minutes=settings.hours.missing_end_minutes)
    zone = settings.organisation.zone
    return Calendar(manager.id, manager.source, manager.calendar, owners, zone, missing_end)
