"""What a worker does with one calendar: list, fetch, redact, classify, and return rows. It stores nothing.

A worker is a thread of the night, another process or another machine. What it gets (`RunContext`, `FetchJob`)
and what it returns (`AddressListing`, `FetchedCalendar`, a SourceError) are values that can be pickled.
`calsync.app.fetch` makes the jobs and stores the results.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

from calsync.analysis.allocate import allocate
from calsync.app.classify import classify_occurrences
from calsync.app.garbage import collect_less_often
from calsync.app.plan import Night, worktime_of
from calsync.app.wiring import open_named_sources, open_rules, source_names
from calsync.app.workers import ThreadEngine
from calsync.config.settings import Settings
from calsync.errors import ConfigError, SourceContentError, SourceError, SourceUnavailableError
from calsync.model.allocation import Allocation
from calsync.model.copies import Cancellation
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
    """A calendar to read.

    Attributes:
        calendar: The address to read; it may stand for several calendars.
        tokens: The token of the last reading, by calendar id.
        is_listed: Whether it is known to be one calendar, and no folder or calendar home of several.
        list_only: Whether to return only what is behind the address.
        new_manager: The owner, if nothing of this manager is stored and nobody corrected anything. If it is
            the only calendar, its meetings are all that the manager's minutes are calculated from.
    """

    calendar: Calendar
    tokens: Mapping[str, str]
    is_listed: bool = False
    list_only: bool = False
    new_manager: Manager | None = None


@dataclass(frozen=True, slots=True)
class AddressListing:
    """The calendars of an address that lists several."""

    calendars: tuple[Calendar, ...]


@dataclass(frozen=True, slots=True)
class FetchedCalendar:
    """What was read of a calendar, classified, as rows of the store.

    Attributes:
        unchanged_uids: UIDs whose stored rows stay; this, `unread` and `cancellations` are those of
            `sources.base.FetchResult`.
        minutes: A new manager's allocated minutes in the night's window; None for all others.
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
_thread_local = threading.local()
"""`engine`: a thread that fetches for this one. Several threads of a Dask worker may run batches at once."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """What every worker of one night needs, small enough to be sent along with every batch.

    Attributes:
        name: Different for each night. Two contexts are equal if their names are, so that a worker prepares
            itself once a night.
        sources: Names of the sources that are used.
        rules_version: Digest of the rules; a worker must have the same.
    """

    name: str
    settings: Settings = field(compare=False)
    sources: tuple[str, ...] = field(compare=False)
    window: Span = field(compare=False)
    rules_version: str = field(compare=False)


def run_context(night: Night) -> RunContext:
    """Return what the workers of a night need."""
    name = f"{night.now().isoformat()} {night.settings.file}"
    return RunContext(name, night.settings, source_names(night.managers), night.window, night.book.version)


class FetchWorker:
    """Reads and classifies calendars, with open sources and loaded rules."""

    def __init__(
        self, settings: Settings, sources: Mapping[str, Source], book: RuleBook, window: Span
    ) -> None:
        self._settings, self._sources, self._book, self._window = settings, sources, book, window
        self._worktime = worktime_of(settings)

    def fetch_batch(self, batch: Sequence[FetchJob]) -> list[Outcome]:
        """Return the outcome of each job; a fault affects only its own calendar."""
        return [self.fetch(job) for job in batch]

    def fetch(self, job: FetchJob) -> Outcome:
        """Return the outcome of one job; raises nothing."""
        seconds = self._settings.engine.calendar_seconds
        try:
            # After this time nothing waits for this thread; without a limit it would use a core for ever.
            with time_limit(seconds):
                return self._read(job)
        except SourceError as error:
            return error
        except TimeLimitError:
            return time_limit_error(job.calendar, seconds)
        except Exception as error:
            # A bug of ours or of a plug-in affects this calendar, not the night; the log has its traceback.
            where = str(job.calendar)
            log.exception("reading %s broke", where)
            what = f"reading it broke: {type(error).__name__}"
            return SourceContentError(where, what, "this is a fault of calsync: please report it")

    def _read(self, job: FetchJob) -> Outcome:
        calendar = job.calendar
        source = self._sources[calendar.source]
        if not job.is_listed:
            calendars = source.calendars(calendar)
            if not calendars:
                what = "there is no calendar at this address"
                return SourceContentError(str(calendar), what, "see its owner")
            if job.list_only or len(calendars) > 1:
                return AddressListing(calendars)
            (calendar,) = calendars
        fetched = source.fetch(calendar, self._window, job.tokens.get(calendar.id, ""))
        if fetched.unchanged:
            return FetchedCalendar(calendar, fetched.token, unchanged=True)
        groups = classify_occurrences(self._settings, self._book, calendar, fetched.occurrences)
        rows = tuple(row for group in groups for row in similar_meeting_rows(calendar.id, group))
        minutes = None
        if job.new_manager is not None:
            # As in the store: of a meeting that is given twice, the last one counts.
            by_id = {meeting.id: meeting for meeting in chain.from_iterable(groups)}
            minutes = tuple(allocate(job.new_manager, by_id.values(), self._worktime, self._window))
        return FetchedCalendar(
            calendar,
            fetched.token,
            rows=rows,
            unchanged_uids=frozenset(map(storable_text, fetched.unchanged_uids)),
            problems=fetched.problems,
            unread=_as_stored(fetched.unread),
            minutes=minutes,
            cancellations=fetched.cancellations,
        )


def _as_stored(unread: UnreadParts) -> UnreadParts:
    """Return the same with UIDs as the store has them (`storable_text`)."""
    removable = None if unread.removable is None else frozenset(map(storable_text, unread.removable))
    return UnreadParts(frozenset(map(storable_text, unread.uids)), removable, unread.prefix)


def fetch_batch_in_process(context: RunContext, batch: Sequence[FetchJob]) -> list[Outcome]:
    """Return the outcome of each job, in another process than the night's.

    The process loads the rules and opens the sources at its first batch.
    """
    worker = _worker_for(context)
    with collect_less_often():
        return [_fetch_in_time(context.settings.engine.calendar_seconds, worker, job) for job in batch]


def prepare_worker(context: RunContext) -> None:
    """Load the rules and open the sources in this process; raises ConfigError if it cannot do the night."""
    _worker_for(context)


def time_limit_error(calendar: Calendar, seconds: float) -> SourceError:
    """Return what the report lists for a calendar that was not read in time."""
    what = f"was not read within {format_count(seconds, 'second')}; the night went on without it"
    hint = "raise [engine] calendar_seconds if it is that large"
    return SourceUnavailableError(str(calendar), what, hint)


def _fetch_in_time(seconds: float, worker: FetchWorker, job: FetchJob) -> Outcome:
    """Fetch in a thread, so that a calendar that hangs does not take its batch along."""
    if not hasattr(_thread_local, "engine"):
        _thread_local.engine = ThreadEngine(1)
    thread: ThreadEngine = _thread_local.engine
    try:
        outcome: Outcome = thread.submit(worker.fetch, job).result(seconds)
    except TimeoutError:
        thread.restart()
        return time_limit_error(job.calendar, seconds)
    return outcome


@lru_cache(maxsize=1)
def _worker_for(context: RunContext) -> FetchWorker:
    folder = context.settings.file.parent
    if not folder.is_dir():
        what = "there is no such folder here; calendars and rules are read from it"
        raise ConfigError([Problem(str(folder), what, "have it at the same path everywhere")])
    book, _ = open_rules(context.settings)
    if book.version != context.rules_version:
        # One night must not store classifications by two sets of rules.
        what = f"other rules than the night's ({book.version[:8]} here, {context.rules_version[:8]} there)"
        raise ConfigError([Problem("rules", what, "install the same calsync and rules everywhere")])
    sources = open_named_sources(context.settings, context.sources)
    return FetchWorker(context.settings, sources, book, context.window)
