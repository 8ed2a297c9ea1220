"""What a worker does with a calendar: list, fetch, judge, and give rows. It keeps nothing.

A worker may be a thread of the night, another process or another machine: what it is told (`Order`,
`Visit`) and what it gives (`Listing`, `Found`, a SourceError) are values that can be sent.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from calsync.config.settings import Settings
from calsync.errors import SourceContentError, SourceError
from calsync.model.problem import Problem
from calsync.model.span import Span
from calsync.nightly.judging import judge_all
from calsync.nightly.opening import open_rules, sources_of
from calsync.rules.book import RuleBook
from calsync.sources.base import Calendar, Source
from calsync.store.rows import Row, clean, meeting_rows

log = logging.getLogger("calsync.nightly")


@dataclass(frozen=True, slots=True)
class Visit:
    """A calendar to be read. tokens: what was given at the last reading, by calendar id.

    listed: whether it is known to be a calendar, and no folder or home of several.
    """

    calendar: Calendar
    tokens: Mapping[str, str]
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """The calendars behind an address that stands for several."""

    calendars: tuple[Calendar, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What was read of a calendar, judged, as rows of the store. standing: see `Fetched`."""

    calendar: Calendar
    token: str = ""
    unchanged: bool = False
    rows: tuple[Row, ...] = ()
    standing: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()


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


class Desk:
    """A worker's own sources and rules."""

    def __init__(
        self, settings: Settings, sources: Mapping[str, Source], book: RuleBook, window: Span
    ) -> None:
        self._settings, self._sources, self._book, self._window = settings, sources, book, window

    def do(self, visits: Sequence[Visit]) -> list[Outcome]:
        """What each visit gave; a fault costs its calendar only."""
        return [self._visit(visit) for visit in visits]

    def _visit(self, visit: Visit) -> Outcome:
        try:
            return self._read(visit)
        except SourceError as error:
            return error
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
            if len(behind) > 1:
                return Listing(behind)
            (calendar,) = behind
        fetched = source.fetch(calendar, self._window, visit.tokens.get(calendar.id, ""))
        if fetched.unchanged:
            return Found(calendar, fetched.token, unchanged=True)
        meetings = judge_all(self._settings, self._book, calendar, fetched.occurrences)
        rows = tuple(meeting_rows(calendar.id, meetings))
        return Found(
            calendar, fetched.token, False, rows, frozenset(map(clean, fetched.standing)), fetched.problems
        )


def do_elsewhere(order: Order, visits: Sequence[Visit]) -> list[Outcome]:
    """What a desk would give, in a process that has none yet."""
    return _desk(order).do(visits)


@lru_cache(maxsize=1)
def _desk(order: Order) -> Desk:
    book, _ = open_rules(order.settings)
    if book.version != order.rules:
        # Never two kinds of verdict in one night.
        raise RuntimeError("this worker has other rules: install the same calsync and rules everywhere")
    return Desk(order.settings, sources_of(order.settings, order.sources), book, order.window)
