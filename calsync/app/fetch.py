"""Reads every calendar, several at once, and keeps each one whole or not at all."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

from calsync.app.allocate import complete_states
from calsync.app.engines import AnyEngine
from calsync.app.jobs import run_jobs
from calsync.app.ownership import CalendarOwnership
from calsync.app.plan import Night
from calsync.app.run_report import RunReport
from calsync.app.workers import (
    AddressListing,
    CalendarWorker,
    FetchedCalendar,
    FetchJob,
    Outcome,
    run_batch_in_process,
    timeout_error,
)
from calsync.app.writer import BatchWriter
from calsync.errors import CalsyncError, ConfigError, SourceContentError, SourceError
from calsync.model.people import Manager
from calsync.sources.base import Calendar, Source
from calsync.sources.guards import check_not_emptied
from calsync.sources.tokens import keep_uids_only
from calsync.store.database import Store
from calsync.store.records import CalendarReplacement, CalendarState, Recalculation

Sources = Mapping[str, Source]
Batch = tuple[FetchJob, ...]


def fetch_all(
    night: Night,
    sources: Sources,
    engine: AnyEngine,
    store: Store,
    report: RunReport,
    ownership: CalendarOwnership | None = None,
) -> None:
    """Fetch and keep every manager's calendars; a fault costs its calendar and is in the report.

    What is behind an address that only its server knows is listed first, for all of them, so that
    nothing is read that two managers claim.
    """
    ownership = ownership or CalendarOwnership(night.managers, sources, night.settings, night.roster)
    run = FetchRun(night, store, report, ownership)
    first = run.first_jobs()
    left, listings = len(first), list[tuple[FetchJob, AddressListing]]()
    batches = deque(split_into_batches(first, engine.batch_size, engine.capacity))
    done = 0
    with run.writer:
        for jobs, given in _run_batches(night, sources, engine, batches):
            for job, outcome in zip(jobs, given, strict=True):
                left -= not job.is_listed
                if isinstance(outcome, AddressListing):
                    listings.append((job, outcome))
                else:
                    run.store_outcome(job, outcome)
                    done += 1
                    night.progress("calendars", done, max(len(night.managers), done))
            if not left and listings:
                batches.extend(
                    split_into_batches(run.jobs_of_listings(listings), engine.batch_size, engine.capacity)
                )
                listings = []
    report.note(engine.problems)
    report.interrupted = night.stop.is_set()
    if not report.interrupted:
        run.retire_calendars()


def classification_versions(night: Night) -> str:
    """What a stored verdict rests on besides the calendar; a token carries its reader's version itself."""
    own_domains = night.settings.organisation.domains
    return "/".join((night.book.version, night.settings.privacy.titles, *sorted(own_domains)))


def split_into_batches(jobs: Sequence[FetchJob], most: int, capacity: int) -> Iterator[Batch]:
    """All visits in their order, at most so many to a round, and fewer where few are left for each place.

    So no worker is left with a long last round while others have nothing to do (guided self-scheduling:
    Polychronopoulos and Kuck, IEEE Transactions on Computers C-36, 1987).
    """
    begun = 0
    while begun < len(jobs):
        share = (len(jobs) - begun) // capacity
        end = begun + min(most, max(share, most // 8, 1))
        yield tuple(jobs[begun:end])
        begun = end


def _run_batches(
    night: Night, sources: Sources, engine: AnyEngine, batches: deque[Batch]
) -> Iterator[tuple[Batch, Sequence[Outcome]]]:
    """Give each round with what its visits gave; one that was lost as a whole is gone through singly."""
    seconds = night.settings.engine.calendar_seconds
    desk = CalendarWorker(night.settings, sources, night.book, night.window)
    work = desk.run_batch if engine.shares_memory else partial(run_batch_in_process, engine.context)
    # Workers elsewhere keep the time of each calendar; this is for those that cannot even do that, and
    # a round may wait for the one before it.
    limit = seconds if engine.shares_memory else seconds * (2 * engine.batch_size + 1)
    ended = run_jobs(batches, work, engine, time_limit=lambda _: limit, is_stopped=night.stop.is_set)
    for jobs, given in ended:
        if isinstance(given, ConfigError):
            raise given
        if not isinstance(given, BaseException):
            yield jobs, given
        elif len(jobs) > 1:
            batches.extend((job,) for job in jobs)
        else:
            yield jobs, [_lost_error(jobs[0].calendar, given, seconds)]


def _lost_error(calendar: Calendar, error: BaseException, seconds: float) -> SourceError:
    """What a reading that did not come back is called in the report."""
    if isinstance(error, TimeoutError):
        return timeout_error(calendar, seconds)
    what = f"whoever read it died of it, again and again ({type(error).__name__})"
    return SourceContentError(
        str(calendar), what, "this is a fault of calsync, or want of memory: please report it"
    )


@dataclass
class FetchRun:
    """What is known of a night's calendars while it reads them; `present` grows."""

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
        self._failed: set[str] = set()
        self._known = self.store.meetings.manager_ids()
        self._corrected = bool(self.store.corrections.in_force())
        self._people = {manager.id: manager for manager in self.night.managers}
        self._complete_state = complete_states(self.night)

    def first_jobs(self) -> list[FetchJob]:
        """The address of each manager who is not held back, as the list names it, in its order."""
        self._note_held_back(self.ownership.held_back)
        return [
            FetchJob(
                self.night.calendar_of(manager),
                self._tokens(manager.id),
                list_first=self.ownership.is_listed_first(manager),
                new_manager=self._new_manager(manager),
            )
            for manager in self.night.managers
            if manager.id not in self.ownership.held_back
        ]

    def jobs_of_listings(self, listings: Sequence[tuple[FetchJob, AddressListing]]) -> list[FetchJob]:
        """A visit to each of the calendars behind the addresses of those who are not held back for them."""
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
            newcomer = job.new_manager if len(calendars) == 1 else None
            jobs += [FetchJob(one, job.tokens, is_listed=True, new_manager=newcomer) for one in calendars]
        return jobs

    def store_outcome(self, job: FetchJob, outcome: FetchedCalendar | SourceError) -> None:
        """Keep what was read, or note why nothing was."""
        calendar = outcome.calendar if isinstance(outcome, FetchedCalendar) else job.calendar
        try:
            if isinstance(outcome, SourceError):
                raise outcome
            self.present_ids.setdefault(calendar.manager_id, set()).add(calendar.id)
            self._store_fetched(outcome)
        except SourceError as error:
            self._note_failure(calendar, error)

    def retire_calendars(self) -> None:
        """Empty the window of calendars that a manager no longer has (moved to another file or server).

        Only where all of the manager's present calendars were read tonight; what lies before stays.
        """
        for manager_id, present in self.present_ids.items():
            gone = self.stored_states.get(manager_id, {}).keys() - present
            if not gone or manager_id in self._failed or manager_id in self.ownership.held_back:
                continue
            if not self._may_retire(manager_id, gone, present):
                continue
            for name in sorted(gone):
                emptied = replace(self.stored_states[manager_id][name], token="")
                change = self.store.meetings.replace(emptied, self.night.window, [])
                self.report.counts["removed"] += change.removed
                self.store.meetings.retire_calendar(name)

    def _may_retire(self, manager_id: str, gone: Iterable[str], present: Iterable[str]) -> bool:
        """Whether a manager may lose these calendars: the others hold as much, or they held little."""
        if self.ownership.is_read_in_part(manager_id):
            return True
        window = self.night.window
        held = sum(self.store.meetings.count(name, window) for name in gone)
        kept = sum(self.store.meetings.count(name, window) for name in present)
        calendar = self.night.calendar_of(self._people[manager_id])
        try:
            self._check_loss(calendar, held, kept)
        except SourceError as error:
            self._note_failure(calendar, error)
            return False
        return True

    def _check_loss(self, calendar: Calendar, held: int, found: int) -> None:
        """Doubt a loss of most meetings, unless it was accepted; raises CalendarEmptiedError."""
        if calendar.manager_id not in self.night.accept_empty:
            doubt = self.night.settings.doubt
            check_not_emptied(calendar, held, found, lost=doubt.meetings_lost, more_than=doubt.meetings_from)

    def _note_held_back(self, ids: Iterable[str]) -> None:
        """Enter managers who are held back as failing, so that `status` shows them."""
        for manager_id in (one for one in ids if one in self._people):
            problem = self.ownership.held_back[manager_id]
            calendar = self.night.calendar_of(self._people[manager_id])
            self._enter_failure(calendar, problem.what, problem.hint)

    def _new_manager(self, manager: Manager) -> Manager | None:
        return None if self._corrected or manager.id in self._known else manager

    def _tokens(self, manager_id: str) -> dict[str, str]:
        """By calendar id the tokens of tonight's window and rules; of others what does not rest on these."""
        tokens = {
            name: state.token
            if state.window == self.night.window and state.versions == self.version
            else keep_uids_only(state.token)
            for name, state in self.stored_states.get(manager_id, {}).items()
        }
        return {name: token for name, token in tokens.items() if token}

    def _store_fetched(self, fetched: FetchedCalendar) -> None:
        calendar = fetched.calendar
        self.report.counts["calendars"] += 1
        held = self.stored_states.get(calendar.manager_id, {}).get(calendar.id)
        if fetched.unchanged and held is not None:
            self.writer.add_unchanged(held)
            return
        if held is not None:
            was = self.store.meetings.count(calendar.id, self.night.window)
            self._check_loss(calendar, was, self._count_meetings(fetched))
        state = CalendarState(
            calendar_id=calendar.id,
            manager_id=calendar.manager_id,
            source=calendar.source,
            shown=str(calendar),
            token=fetched.token,
            window=self.night.window,
            versions=self.version,
            problems=fetched.problems,
            last_good=self.night.day,
            covered_from=_covered_from(held, self.night.days.first),
        )
        if fetched.minutes is not None:
            after = self._complete_state(self._people[calendar.manager_id])
            self.writer.add_minutes(
                Recalculation(first=after.first, last=after.last, allocations=fetched.minutes, state=after)
            )
        self.writer.add_replacement(
            CalendarReplacement(
                state,
                self.night.window,
                fetched.rows,
                fetched.unchanged_uids,
                unread=fetched.unread,
                cancellations=fetched.cancellations,
            )
        )

    def _count_meetings(self, fetched: FetchedCalendar) -> int:
        """How many meetings a calendar has in the window: given, as they were, or there and not readable."""
        if not fetched.unchanged_uids and not fetched.unread:
            return len(fetched.rows)

        def stays(uid: str) -> bool:
            return uid in fetched.unchanged_uids or fetched.unread.must_keep(uid)

        return len(fetched.rows) + self.store.meetings.count(fetched.calendar.id, self.night.window, stays)

    def _note_failure(self, calendar: Calendar, error: CalsyncError) -> None:
        self.report.fault(str(calendar), error)
        self._enter_failure(calendar, error.what, error.hint)

    def _enter_failure(self, calendar: Calendar, what: str, hint: str) -> None:
        self._failed.add(calendar.manager_id)
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


def _covered_from(held: CalendarState | None, first: date) -> date:
    """From which day on all days are read, once those from `first` on are: earlier, if there is no gap."""
    if held is None or held.covered_from is None or held.last_good is None or held.last_good < first:
        return first
    return min(held.covered_from, first)
