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
from calsync.app.classify import classify_occurrences
from calsync.app.garbage_collection import fewer_collections
from calsync.app.plan import Night, worktime_of
from calsync.app.thread_pool import DaemonThreadPool
from calsync.app.wiring import open_named_sources, open_rules, source_names
from calsync.config.settings import Settings
from calsync.errors import ConfigError, SourceContentError, SourceError, SourceUnavailableError
from calsync.model.allocation import Allocation
from calsync.model.copies import Cancellation
from calsync.model.meeting import Meeting
from calsync.model.people import Manager
from calsync.model.problem import Problem
from calsync.model.span import Span
from calsync.model.time_limits import TimeLimitError, time_limit
from calsync.model.unread_parts import ALL_READ, UnreadParts
from calsync.rules.book import RuleBook
from calsync.sources.base import Calendar, Source
from calsync.store.rows import Row, similar_meeting_rows, storable_text
from calsync.text import format_count

log = logging.getLogger("calsync.app")


@dataclass(frozen=True, slots=True)
class FetchJob:
    """A calendar to be read. tokens: what was given at the last reading, by calendar id.

    listed: whether it is known to be a calendar, and no folder or home of several. list_first: whether
    only what is behind the address is asked for. newcomer: whose it is, where nothing of this manager
    is kept and nobody corrected anything: if it is their only calendar, its meetings are all there is
    to reckon their minutes from.
    """

    calendar: Calendar
    tokens: Mapping[str, str]
    is_listed: bool = False
    list_first: bool = False
    new_manager: Manager | None = None


@dataclass(frozen=True, slots=True)
class AddressListing:
    """The calendars behind an address that stands for several."""

    calendars: tuple[Calendar, ...]


@dataclass(frozen=True, slots=True)
class FetchedCalendar:
    """What was read of a calendar, judged, as rows of the store.

    standing, unread, cancellations: see `Fetched`.

    minutes: a newcomer's in the night's window; None for all others.
    """

    calendar: Calendar
    token: str = ""
    unchanged: bool = False
    rows: tuple[Row, ...] = ()
    unchanged_uids: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()
    unread: UnreadParts = ALL_READ
    minutes: tuple[Allocation, ...] | None = None
    cancellations: tuple[Cancellation, ...] = ()


Outcome = AddressListing | FetchedCalendar | SourceError


@dataclass(frozen=True, slots=True)
class RunContext:
    """What every worker of one night must know, small enough to go along with every round.

    name: of its own for each night, by which two orders are known to be one.
    """

    name: str
    settings: Settings = field(compare=False)
    sources: tuple[str, ...] = field(compare=False)
    window: Span = field(compare=False)
    rules: str = field(compare=False)


def build_run_context(night: Night) -> RunContext:
    """What the workers of a night must know."""
    name = f"{night.now().isoformat()} {night.settings.file}"
    return RunContext(name, night.settings, source_names(night.managers), night.window, night.book.version)


class CalendarWorker:
    """A worker's own sources and rules."""

    def __init__(
        self, settings: Settings, sources: Mapping[str, Source], book: RuleBook, window: Span
    ) -> None:
        self._settings, self._sources, self._book, self._window = settings, sources, book, window
        self._worktime = worktime_of(settings)

    def run_batch(self, jobs: Sequence[FetchJob]) -> list[Outcome]:
        """What each visit gave; a fault costs its calendar only."""
        return [self.run_job(visit) for visit in jobs]

    def run_job(self, job: FetchJob) -> Outcome:
        """What one visit gave."""
        seconds = self._settings.engine.calendar_seconds
        try:
            # Whoever waits for this thread gives up then, too; one that went on would use a core for good.
            with time_limit(seconds):
                return self._fetch_and_classify(job)
        except SourceError as error:
            return error
        except TimeLimitError:
            return timeout_error(job.calendar, seconds)
        except Exception as error:
            # A bug of ours or of a plug-in: it costs this calendar, not the night, and keeps its traceback.
            where = str(job.calendar)
            log.exception("reading %s broke", where)
            what = f"reading it broke: {type(error).__name__}"
            return SourceContentError(where, what, "this is a fault of calsync: please report it")

    def _fetch_and_classify(self, job: FetchJob) -> Outcome:
        calendar = job.calendar
        source = self._sources[calendar.source]
        if not job.is_listed:
            behind = source.calendars(calendar)
            if not behind:
                what = "there is no calendar behind this address"
                return SourceContentError(str(calendar), what, "see its owner")
            if job.list_first or len(behind) > 1:
                return AddressListing(behind)
            (calendar,) = behind
        fetched = source.fetch(calendar, self._window, job.tokens.get(calendar.id, ""))
        if fetched.unchanged:
            return FetchedCalendar(calendar, fetched.token, unchanged=True)
        groups = classify_occurrences(self._settings, self._book, calendar, fetched.occurrences)
        rows = tuple(row for group in groups for row in similar_meeting_rows(calendar.id, group))
        standing = frozenset(map(storable_text, fetched.unchanged_uids))
        minutes = (
            None
            if job.new_manager is None
            else self._allocate_minutes(job.new_manager, chain.from_iterable(groups))
        )
        return FetchedCalendar(
            calendar,
            fetched.token,
            rows=rows,
            unchanged_uids=standing,
            problems=fetched.problems,
            unread=_clean_unread(fetched.unread),
            minutes=minutes,
            cancellations=fetched.cancellations,
        )

    def _allocate_minutes(self, manager: Manager, meetings: Iterable[Meeting]) -> tuple[Allocation, ...]:
        # As they are kept: a meeting given twice once, the last of them.
        kept = {meeting.id: meeting for meeting in meetings}
        return tuple(allocate(manager, kept.values(), self._worktime, self._window))


def _clean_unread(unread: UnreadParts) -> UnreadParts:
    """The same with uids as the store keeps them."""
    removable = None if unread.removable is None else frozenset(map(storable_text, unread.removable))
    return UnreadParts(frozenset(map(storable_text, unread.uids)), removable, unread.prefix)


def run_batch_in_process(context: RunContext, jobs: Sequence[FetchJob]) -> list[Outcome]:
    """What a desk would give, in a process that has none yet; a calendar that hangs costs itself only."""
    desk = _build_worker(context)
    with fewer_collections():
        return [_run_job_within(context.settings.engine.calendar_seconds, desk, visit) for visit in jobs]


def prepare_process(context: RunContext) -> None:
    """Make this process ready for an order; raises ConfigError if it cannot do it."""
    _build_worker(context)


def timeout_error(calendar: Calendar, seconds: float) -> SourceError:
    """What a reading that did not end in time is called in the report."""
    what = f"was not read within {format_count(seconds, 'second')}; the night went on without it"
    hint = "raise [engine] calendar_seconds if it is that large"
    return SourceUnavailableError(str(calendar), what, hint)


def _run_job_within(seconds: float, worker: CalendarWorker, job: FetchJob) -> Outcome:
    try:
        outcome: Outcome = _job_threads().submit(worker.run_job, job).result(seconds)
    except TimeoutError:
        return timeout_error(job.calendar, seconds)
    return outcome


@lru_cache(maxsize=1)
def _job_threads() -> DaemonThreadPool:
    """Threads of this worker: one that hangs is left behind, as the night leaves its own."""
    return DaemonThreadPool()


@lru_cache(maxsize=1)
def _build_worker(context: RunContext) -> CalendarWorker:
    folder = context.settings.file.parent
    if not folder.is_dir():
        what = "there is no such folder here: calendars and rules are looked for in it"
        raise ConfigError([Problem(str(folder), what, "have it at the same path everywhere")])
    book, _ = open_rules(context.settings)
    if book.version != context.rules:
        # Never two kinds of verdict in one night.
        what = f"other rules than the night's ({book.version[:8]} here, {context.rules[:8]} there)"
        raise ConfigError([Problem("rules", what, "install the same calsync and rules everywhere")])
    return CalendarWorker(
        context.settings, open_named_sources(context.settings, context.sources), book, context.window
    )
