"""What a worker does with a calendar: list, fetch, judge, and give rows. It keeps nothing.

A worker may be a thread of the night, another process or another machine: what it is told (`Order`,
`Visit`) and what it gives (`Listing`, `Found`, a SourceError) are values that can be sent.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

from calsync.analysis.allocate import allocate
from calsync.config.settings import Settings
from calsync.errors import ConfigError, SourceContentError, SourceError, SourceUnavailableError
from calsync.model.allocation import Allocation
from calsync.model.copies import Cancellation
from calsync.model.meeting import Meeting
from calsync.model.people import Manager
from calsync.model.problem import Problem
from calsync.model.span import Span
from calsync.model.stopping import StoppedError, time_limit
from calsync.model.unread import ALL_READ, Unread
from calsync.nightly.collector import fewer_collections
from calsync.nightly.judging import judge_all
from calsync.nightly.opening import names_of, open_rules, sources_of
from calsync.nightly.plan import Night, worktime_of
from calsync.nightly.threads import Threads
from calsync.rules.book import RuleBook
from calsync.sources.base import Calendar, Source
from calsync.store.rows import Row, alike_rows, clean
from calsync.text import count_of

log = logging.getLogger("calsync.nightly")


@dataclass(frozen=True, slots=True)
class Visit:
    """A calendar to be read. tokens: what was given at the last reading, by calendar id.

    listed: whether it is known to be a calendar, and no folder or home of several. list_first: whether
    only what is behind the address is asked for. newcomer: whose it is, where nothing of this manager
    is kept and nobody corrected anything: if it is their only calendar, its meetings are all there is
    to reckon their minutes from.
    """

    calendar: Calendar
    tokens: Mapping[str, str]
    listed: bool = False
    list_first: bool = False
    newcomer: Manager | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The calendars behind an address that stands for several."""

    calendars: tuple[Calendar, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What was read of a calendar, judged, as rows of the store.

    standing, unread, cancellations: see `Fetched`.

    minutes: a newcomer's in the night's window; None for all others.
    """

    calendar: Calendar
    token: str = ""
    unchanged: bool = False
    rows: tuple[Row, ...] = ()
    standing: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()
    unread: Unread = ALL_READ
    minutes: tuple[Allocation, ...] | None = None
    cancellations: tuple[Cancellation, ...] = ()


Outcome = Listing | Found | SourceError


@dataclass(frozen=True, slots=True)
class Order:
    """What every worker of one night must know, small enough to go along with every round.

    name: of its own for each night, by which two orders are known to be one.
    """

    name: str
    settings: Settings = field(compare=False)
    sources: tuple[str, ...] = field(compare=False)
    window: Span = field(compare=False)
    rules: str = field(compare=False)


def order_of(night: Night) -> Order:
    """What the workers of a night must know."""
    name = f"{night.now().isoformat()} {night.settings.file}"
    return Order(name, night.settings, names_of(night.managers), night.window, night.book.version)


class Desk:
    """A worker's own sources and rules."""

    def __init__(
        self, settings: Settings, sources: Mapping[str, Source], book: RuleBook, window: Span
    ) -> None:
        self._settings, self._sources, self._book, self._window = settings, sources, book, window
        self._worktime = worktime_of(settings)

    def do(self, visits: Sequence[Visit]) -> list[Outcome]:
        """What each visit gave; a fault costs its calendar only."""
        return [self.visit(visit) for visit in visits]

    def visit(self, visit: Visit) -> Outcome:
        """What one visit gave."""
        seconds = self._settings.engine.calendar_seconds
        try:
            # Whoever waits for this thread gives up then, too; one that went on would use a core for good.
            with time_limit(seconds):
                return self._read(visit)
        except SourceError as error:
            return error
        except StoppedError:
            return too_slow(visit.calendar, seconds)
        except Exception as error:
            # A bug of ours or of a plug-in: it costs this calendar, not the night, and keeps its traceback.
            where = str(visit.calendar)
            log.exception("reading %s broke", where)
            what = f"reading it broke: {type(error).__name__}"
            return SourceContentError(where, what, "this is a fault of calsync: please report it")

    def _read(self, visit: Visit) -> Outcome:
        calendar = visit.calendar
        source = self._sources[calendar.source]
        if not visit.listed:
            behind = source.calendars(calendar)
            if not behind:
                what = "there is no calendar behind this address"
                return SourceContentError(str(calendar), what, "see its owner")
            if visit.list_first or len(behind) > 1:
                return Listing(behind)
            (calendar,) = behind
        fetched = source.fetch(calendar, self._window, visit.tokens.get(calendar.id, ""))
        if fetched.unchanged:
            return Found(calendar, fetched.token, unchanged=True)
        groups = judge_all(self._settings, self._book, calendar, fetched.occurrences)
        rows = tuple(row for group in groups for row in alike_rows(calendar.id, group))
        standing = frozenset(map(clean, fetched.standing))
        minutes = (
            None if visit.newcomer is None else self._minutes(visit.newcomer, chain.from_iterable(groups))
        )
        return Found(
            calendar,
            fetched.token,
            rows=rows,
            standing=standing,
            problems=fetched.problems,
            unread=_as_stored(fetched.unread),
            minutes=minutes,
            cancellations=fetched.cancellations,
        )

    def _minutes(self, manager: Manager, meetings: Iterable[Meeting]) -> tuple[Allocation, ...]:
        # As they are kept: a meeting given twice once, the last of them.
        kept = {meeting.id: meeting for meeting in meetings}
        return tuple(allocate(manager, kept.values(), self._worktime, self._window))


def _as_stored(unread: Unread) -> Unread:
    """The same with uids as the store keeps them."""
    removable = None if unread.removable is None else frozenset(map(clean, unread.removable))
    return Unread(frozenset(map(clean, unread.uids)), removable, unread.prefix)


def do_elsewhere(order: Order, visits: Sequence[Visit]) -> list[Outcome]:
    """What a desk would give, in a process that has none yet; a calendar that hangs costs itself only."""
    desk = _desk(order)
    with fewer_collections():
        return [_within(order.settings.engine.calendar_seconds, desk, visit) for visit in visits]


def prepare(order: Order) -> None:
    """Make this process ready for an order; raises ConfigError if it cannot do it."""
    _desk(order)


def too_slow(calendar: Calendar, seconds: float) -> SourceError:
    """What a reading that did not end in time is called in the report."""
    what = f"was not read within {count_of(seconds, 'second')}; the night went on without it"
    hint = "raise [engine] calendar_seconds if it is that large"
    return SourceUnavailableError(str(calendar), what, hint)


def _within(seconds: float, desk: Desk, visit: Visit) -> Outcome:
    try:
        outcome: Outcome = _hands().submit(desk.visit, visit).result(seconds)
    except TimeoutError:
        return too_slow(visit.calendar, seconds)
    return outcome


@lru_cache(maxsize=1)
def _hands() -> Threads:
    """Threads of this worker: one that hangs is left behind, as the night leaves its own."""
    return Threads()


@lru_cache(maxsize=1)
def _desk(order: Order) -> Desk:
    folder = order.settings.file.parent
    if not folder.is_dir():
        what = "there is no such folder here: calendars and rules are looked for in it"
        raise ConfigError([Problem(str(folder), what, "have it at the same path everywhere")])
    book, _ = open_rules(order.settings)
    if book.version != order.rules:
        # Never two kinds of verdict in one night.
        what = f"other rules than the night's ({book.version[:8]} here, {order.rules[:8]} there)"
        raise ConfigError([Problem("rules", what, "install the same calsync and rules everywhere")])
    return Desk(order.settings, sources_of(order.settings, order.sources), book, order.window)
