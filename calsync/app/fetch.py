"""Reads every calendar, several at once, and stores each one whole or not at all.

`calsync.app.night` calls `fetch_all`. What a worker does with one calendar is in `calsync.app.fetch_job`.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

from calsync.app.allocate import complete_states
from calsync.app.fetch_job import (
    AddressListing,
    FetchedCalendar,
    FetchJob,
    FetchWorker,
    Outcome,
    RunContext,
    fetch_batch_in_process,
    time_limit_error,
)
from calsync.app.jobs import Engine, run_jobs
from calsync.app.ownership import CalendarOwnership
from calsync.app.plan import Night
from calsync.app.run_report import RunReport
from calsync.app.writer import BatchWriter
from calsync.errors import CalsyncError, ConfigError, SourceContentError, SourceError
from calsync.sources.base import Calendar, Source
from calsync.sources.guards import check_not_emptied
from calsync.sources.tokens import keep_uids_only
from calsync.store.database import Store
from calsync.store.records import CalendarReplacement, CalendarState, Recalculation

Sources = Mapping[str, Source]
Batch = tuple[FetchJob, ...]
_PREPARE_SECONDS = 60.0
"""How long another process may take to start, to load the rules and to return a batch."""


def fetch_all(
    night: Night,
    sources: Sources,
    engine: Engine,
    context: RunContext,
    store: Store,
    report: RunReport,
    ownership: CalendarOwnership | None = None,
) -> None:
    """Fetch and store every manager's calendars; a fault affects one calendar and is in the report.

    Addresses that only a server can resolve to calendars are listed first, for all managers, so that no
    calendar that two managers claim is read.
    """
    ownership = ownership or CalendarOwnership(night.managers, sources, night.settings, night.roster)
    run = FetchRun(night, store, report, ownership)
    first = run.first_jobs()
    unlisted, listings = len(first), list[tuple[FetchJob, AddressListing]]()
    batches = deque(split_into_batches(first, engine.batch_size, engine.max_in_flight))
    done = 0
    with run.writer:
        for batch, outcomes in _fetch_batches(night, sources, engine, context, batches):
            for job, outcome in zip(batch, outcomes, strict=True):
                unlisted -= not job.is_listed
                if isinstance(outcome, AddressListing):
                    listings.append((job, outcome))
                else:
                    run.store_outcome(job, outcome)
                    done += 1
                    night.progress("calendars", done, max(len(night.managers), done))
            if not unlisted and listings:
                jobs = run.listed_jobs(listings)
                batches.extend(split_into_batches(jobs, engine.batch_size, engine.max_in_flight))
                listings = []
    report.note(engine.problems)
    report.interrupted = night.stop.is_set()
    if not report.interrupted:
        run.retire_calendars()


def classification_versions(night: Night) -> str:
    """Return what a stored classification depends on besides the calendar.

    The version of the reader is not part of it: tokens contain that themselves.
    """
    own_domains = night.settings.organisation.domains
    return "/".join((night.book.version, night.settings.privacy.titles, *sorted(own_domains)))


def split_into_batches(jobs: Sequence[FetchJob], size: int, workers: int) -> Iterator[Batch]:
    """Split jobs, in their order, into batches of at most `size`; the last ones are smaller.

    Few remaining jobs are shared out over all `workers`, so that no worker has a long last batch while others
    have nothing to do (guided self-scheduling: Polychronopoulos and Kuck, IEEE Transactions on Computers
    C-36, 1987).
    """
    begin = 0
    while begin < len(jobs):
        share = (len(jobs) - begin) // workers
        end = begin + min(size, max(share, size // 8, 1))
        yield tuple(jobs[begin:end])
        begin = end


def _fetch_batches(
    night: Night, sources: Sources, engine: Engine, context: RunContext, batches: deque[Batch]
) -> Iterator[tuple[Batch, Sequence[Outcome]]]:
    """Yield each batch with its outcomes; a batch that is lost as a whole is repeated one by one."""
    seconds = night.settings.engine.calendar_seconds
    if engine.shares_memory:
        fetch_batch = FetchWorker(night.settings, sources, night.book, night.window).fetch_batch
    else:
        fetch_batch = partial(fetch_batch_in_process, context)

    def limit_of(batch: Batch) -> float:
        # Another process limits each calendar itself. This limit is for code that never releases the
        # interpreter, so that the process cannot measure its own time.
        return seconds if engine.shares_memory else _PREPARE_SECONDS + seconds * len(batch)

    results = run_jobs(batches, fetch_batch, engine, seconds=limit_of, stop=night.stop.is_set)
    for batch, result in results:
        if isinstance(result, ConfigError):
            raise result
        if not isinstance(result, BaseException):
            yield batch, result
        elif len(batch) > 1:
            batches.extend((job,) for job in batch)
        else:
            yield batch, [_loss_error(batch[0].calendar, result, seconds)]


def _loss_error(calendar: Calendar, error: BaseException, seconds: float) -> SourceError:
    """Return what the report lists for a calendar whose worker returned nothing."""
    if isinstance(error, TimeoutError):
        return time_limit_error(calendar, seconds)
    what = f"the process that read it ended each time before it was done ({type(error).__name__})"
    return SourceContentError(
        str(calendar), what, "this is a fault of calsync, or want of memory: please report it"
    )


@dataclass
class FetchRun:
    """The calendars of one night while they are read.

    Attributes:
        present_ids: By manager id, the ids of the calendars that exist tonight; grows.
        stored_states: By manager id and calendar id, what the store has of each calendar; not changed.
    """

    night: Night
    store: Store
    report: RunReport
    ownership: CalendarOwnership
    present_ids: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.version = classification_versions(self.night)
        self.stored_states: dict[str, dict[str, CalendarState]] = {}
        for state in self.store.meetings.calendar_states():
            self.stored_states.setdefault(state.manager_id, {})[state.calendar_id] = state
        self.writer = BatchWriter(self.store, self.night.day, self.report)
        self._failed_managers: set[str] = set()
        self._stored_managers = self.store.meetings.manager_ids()
        self._has_corrections = bool(self.store.corrections.in_force())
        self._managers = {manager.id: manager for manager in self.night.managers}
        self._complete_state = complete_states(self.night)

    def first_jobs(self) -> list[FetchJob]:
        """Return a job for the address of each manager who is not held back, in the order of the list."""
        self._note_held_back(self.ownership.held_back)
        return [
            FetchJob(
                self.night.calendar_of(manager),
                self._tokens(manager.id),
                list_only=self.ownership.is_listed_first(manager),
                # With a correction in force, minutes are calculated from the store, which applies it.
                new_manager=None if self._has_corrections or manager.id in self._stored_managers else manager,
            )
            for manager in self.night.managers
            if manager.id not in self.ownership.held_back
        ]

    def listed_jobs(self, listings: Sequence[tuple[FetchJob, AddressListing]]) -> list[FetchJob]:
        """Return a job for each listed calendar, unless its manager is held back because of it."""
        own = [
            (job, self.ownership.add_calendars(job.calendar, listing.calendars)) for job, listing in listings
        ]
        self._note_held_back(self.ownership.check_calendars())
        jobs: list[FetchJob] = []
        for job, calendars in own:
            manager_id = job.calendar.manager_id
            if manager_id in self.ownership.held_back:
                continue
            self.present_ids.setdefault(manager_id, set()).update(calendar.id for calendar in calendars)
            new_manager = job.new_manager if len(calendars) == 1 else None
            jobs += [
                FetchJob(calendar, job.tokens, is_listed=True, new_manager=new_manager)
                for calendar in calendars
            ]
        return jobs

    def store_outcome(self, job: FetchJob, outcome: FetchedCalendar | SourceError) -> None:
        """Store what was read, or note why nothing was."""
        calendar = outcome.calendar if isinstance(outcome, FetchedCalendar) else job.calendar
        try:
            if isinstance(outcome, SourceError):
                raise outcome
            self.present_ids.setdefault(calendar.manager_id, set()).add(calendar.id)
            self._store_fetched(outcome)
        except SourceError as error:
            self._note_failure(calendar, error)

    def retire_calendars(self) -> None:
        """Retire calendars that a manager no longer has (moved to another file or server).

        Their meetings in the window are removed; earlier ones stay. Nothing is retired unless all present
        calendars of the manager were read tonight.
        """
        for manager_id, present in self.present_ids.items():
            gone = self.stored_states.get(manager_id, {}).keys() - present
            if not gone or manager_id in self._failed_managers or manager_id in self.ownership.held_back:
                continue
            if not self._may_retire(manager_id, gone, present):
                continue
            for calendar_id in sorted(gone):
                emptied = replace(self.stored_states[manager_id][calendar_id], token="")
                change = self.store.meetings.replace(emptied, self.night.window, [])
                self.report.counts["removed"] += change.removed
                self.store.meetings.retire_calendar(calendar_id)

    def _may_retire(self, manager_id: str, gone: Iterable[str], present: Iterable[str]) -> bool:
        """Whether the loss of these calendars is plausible, as `_check_loss` decides."""
        if self.ownership.is_read_in_part(manager_id):
            return True
        window = self.night.window
        in_gone = sum(self.store.meetings.count(calendar_id, window) for calendar_id in gone)
        in_present = sum(self.store.meetings.count(calendar_id, window) for calendar_id in present)
        calendar = self.night.calendar_of(self._managers[manager_id])
        try:
            self._check_loss(calendar, in_gone, in_present)
        except SourceError as error:
            self._note_failure(calendar, error)
            return False
        return True

    def _check_loss(self, calendar: Calendar, before: int, after: int) -> None:
        """Raise CalendarEmptiedError if most meetings are gone, unless the operator accepted that."""
        if calendar.manager_id not in self.night.accept_empty:
            doubt = self.night.settings.doubt
            check_not_emptied(
                calendar, before, after, lost=doubt.meetings_lost, more_than=doubt.meetings_from
            )

    def _note_held_back(self, ids: Iterable[str]) -> None:
        """Store managers who are held back as failing, so that `calsync status` shows them."""
        for manager_id in ids:
            if manager_id in self._managers:
                problem = self.ownership.held_back[manager_id]
                calendar = self.night.calendar_of(self._managers[manager_id])
                self._store_failure(calendar, problem.what, problem.hint)

    def _tokens(self, manager_id: str) -> dict[str, str]:
        """Return the tokens of a manager's last readings by calendar id.

        Of a reading with another window or other rules, only the part of the token that does not depend on
        these is returned.
        """
        tokens = {
            calendar_id: state.token
            if state.window == self.night.window and state.versions == self.version
            else keep_uids_only(state.token)
            for calendar_id, state in self.stored_states.get(manager_id, {}).items()
        }
        return {calendar_id: token for calendar_id, token in tokens.items() if token}

    def _store_fetched(self, result: FetchedCalendar) -> None:
        calendar = result.calendar
        self.report.counts["calendars"] += 1
        stored = self.stored_states.get(calendar.manager_id, {}).get(calendar.id)
        if result.unchanged and stored is not None:
            self.writer.add_unchanged(stored)
            return
        if stored is not None:
            before = self.store.meetings.count(calendar.id, self.night.window)
            self._check_loss(calendar, before, self._count_meetings(result))
        state = CalendarState(
            calendar_id=calendar.id,
            manager_id=calendar.manager_id,
            source=calendar.source,
            redacted_address=str(calendar),
            token=result.token,
            window=self.night.window,
            versions=self.version,
            problems=result.problems,
            last_good=self.night.day,
            covered_from=_covered_from(stored, self.night.days.first),
        )
        if result.minutes is not None:
            complete = self._complete_state(self._managers[calendar.manager_id])
            self.writer.add_minutes(
                Recalculation(
                    first=complete.first, last=complete.last, allocations=result.minutes, state=complete
                )
            )
        self.writer.add_replacement(
            CalendarReplacement(
                state,
                self.night.window,
                result.rows,
                result.unchanged_uids,
                unread=result.unread,
                cancellations=result.cancellations,
            )
        )

    def _count_meetings(self, result: FetchedCalendar) -> int:
        """How many meetings the calendar has in the window: those returned, unchanged or unreadable."""
        if not result.unchanged_uids and not result.unread:
            return len(result.rows)

        def stays(uid: str) -> bool:
            return uid in result.unchanged_uids or result.unread.must_keep(uid)

        return len(result.rows) + self.store.meetings.count(result.calendar.id, self.night.window, stays)

    def _note_failure(self, calendar: Calendar, error: CalsyncError) -> None:
        self.report.fault(str(calendar), error)
        self._store_failure(calendar, error.what, error.hint)

    def _store_failure(self, calendar: Calendar, what: str, hint: str) -> None:
        self._failed_managers.add(calendar.manager_id)
        self.report.counts["failed"] += 1
        self.store.meetings.note_failure(
            calendar.id,
            calendar.manager_id,
            calendar.source,
            str(calendar),
            self.night.day,
            what,
            hint,
        )


def _covered_from(stored: CalendarState | None, first: date) -> date:
    """Return the day from which on every day is read, once those from `first` on are.

    That is the stored day if the last reading reached `first`, so that there is no gap.
    """
    if stored is None or stored.covered_from is None or stored.last_good is None or stored.last_good < first:
        return first
    return min(stored.covered_from, first)
