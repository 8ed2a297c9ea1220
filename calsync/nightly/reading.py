"""Reads every calendar, several at once, and keeps each one whole or not at all."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

from calsync.errors import CalsyncError, ConfigError, SourceContentError, SourceError
from calsync.model.people import Manager
from calsync.nightly.abreast import abreast
from calsync.nightly.claims import Claims
from calsync.nightly.engines import AnyEngine
from calsync.nightly.keeping import Keeper
from calsync.nightly.plan import Night
from calsync.nightly.reckoning import reckoned_by
from calsync.nightly.report import RunReport
from calsync.nightly.work import Desk, Found, Listing, Outcome, Visit, do_elsewhere, too_slow
from calsync.sources.base import Calendar, Source
from calsync.sources.guards import check_not_emptied
from calsync.sources.tokens import lasting
from calsync.store.database import Store
from calsync.store.states import CalendarState, Reckoned, Replacement

Sources = Mapping[str, Source]
Round = tuple[Visit, ...]


def read_all(
    night: Night,
    sources: Sources,
    engine: AnyEngine,
    store: Store,
    report: RunReport,
    claims: Claims | None = None,
) -> None:
    """Fetch and keep every manager's calendars; a fault costs its calendar and is in the report.

    What is behind an address that only its server knows is listed first, for all of them, so that
    nothing is read that two managers claim.
    """
    claims = claims or Claims(night.managers, sources, night.settings, night.roster)
    reading = Reading(night, store, report, claims)
    first = reading.first_visits()
    left, listings = len(first), list[tuple[Visit, Listing]]()
    rounds = deque(rounds_of(first, engine.round, engine.places))
    done = 0
    with reading.keeper:
        for visits, given in _visited(night, sources, engine, rounds):
            for visit, outcome in zip(visits, given, strict=True):
                left -= not visit.listed
                if isinstance(outcome, Listing):
                    listings.append((visit, outcome))
                else:
                    reading.take(visit, outcome)
                    done += 1
                    night.progress("calendars", done, max(len(night.managers), done))
            if not left and listings:
                rounds.extend(rounds_of(reading.listed(listings), engine.round, engine.places))
                listings = []
    report.note(engine.problems)
    report.interrupted = night.stop.is_set()
    if not report.interrupted:
        reading.retire()


def versions(night: Night) -> str:
    """What a stored verdict rests on besides the calendar; a token carries its reader's version itself."""
    ours = night.settings.organisation.domains
    return "/".join((night.book.version, night.settings.privacy.titles, *sorted(ours)))


def rounds_of(visits: Sequence[Visit], most: int, places: int) -> Iterator[Round]:
    """All visits in their order, at most so many to a round, and fewer where few are left for each place.

    So no worker is left with a long last round while others have nothing to do (guided self-scheduling:
    Polychronopoulos and Kuck, IEEE Transactions on Computers C-36, 1987).
    """
    begun = 0
    while begun < len(visits):
        share = (len(visits) - begun) // places
        end = begun + min(most, max(share, most // 8, 1))
        yield tuple(visits[begun:end])
        begun = end


def _visited(
    night: Night, sources: Sources, engine: AnyEngine, rounds: deque[Round]
) -> Iterator[tuple[Round, Sequence[Outcome]]]:
    """Give each round with what its visits gave; one that was lost as a whole is gone through singly."""
    seconds = night.settings.engine.calendar_seconds
    desk = Desk(night.settings, sources, night.book, night.window)
    work = desk.do if engine.here else partial(do_elsewhere, engine.order)
    # Workers elsewhere keep the time of each calendar; this is for those that cannot even do that, and
    # a round may wait for the one before it.
    limit = seconds if engine.here else seconds * (2 * engine.round + 1)
    ended = abreast(rounds, work, engine, seconds=lambda _: limit, stop=night.stop.is_set)
    for visits, given in ended:
        if isinstance(given, ConfigError):
            raise given
        if not isinstance(given, BaseException):
            yield visits, given
        elif len(visits) > 1:
            rounds.extend((visit,) for visit in visits)
        else:
            yield visits, [_lost(visits[0].calendar, given, seconds)]


def _lost(calendar: Calendar, error: BaseException, seconds: float) -> SourceError:
    """What a reading that did not come back is called in the report."""
    if isinstance(error, TimeoutError):
        return too_slow(calendar, seconds)
    what = f"whoever read it died of it, again and again ({type(error).__name__})"
    return SourceContentError(
        str(calendar), what, "this is a fault of calsync, or want of memory: please report it"
    )


@dataclass
class Reading:
    """What is known of a night's calendars while it reads them; `present` grows."""

    night: Night
    store: Store
    report: RunReport
    claims: Claims
    present: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.version = versions(self.night)
        self.held: dict[str, dict[str, CalendarState]] = {}
        for state in self.store.meetings.states():
            self.held.setdefault(state.manager_id, {})[state.calendar_id] = state
        self.keeper = Keeper(self.store, self.night.day, self.report)
        self._failed: set[str] = set()
        self._known = self.store.meetings.managers()
        self._corrected = bool(self.store.corrections.standing())
        self._people = {manager.id: manager for manager in self.night.managers}
        self._reckoned = reckoned_by(self.night)

    def first_visits(self) -> list[Visit]:
        """The address of each manager who is not held back, as the list names it, in its order."""
        self._note_held_back(self.claims.held_back)
        return [
            Visit(
                self.night.calendar_of(manager),
                self._tokens(manager.id),
                list_first=self.claims.is_listed_first(manager),
                newcomer=self._newcomer(manager),
            )
            for manager in self.night.managers
            if manager.id not in self.claims.held_back
        ]

    def listed(self, listings: Sequence[tuple[Visit, Listing]]) -> list[Visit]:
        """A visit to each of the calendars behind the addresses of those who are not held back for them."""
        own = [(visit, self.claims.add(visit.calendar, listing.calendars)) for visit, listing in listings]
        self._note_held_back(self.claims.check_calendars())
        visits: list[Visit] = []
        for visit, calendars in own:
            manager_id = visit.calendar.manager_id
            if manager_id in self.claims.held_back:
                continue
            self.present.setdefault(manager_id, set()).update(calendar.id for calendar in calendars)
            newcomer = visit.newcomer if len(calendars) == 1 else None
            visits += [Visit(one, visit.tokens, listed=True, newcomer=newcomer) for one in calendars]
        return visits

    def take(self, visit: Visit, outcome: Found | SourceError) -> None:
        """Keep what was read, or note why nothing was."""
        calendar = outcome.calendar if isinstance(outcome, Found) else visit.calendar
        try:
            if isinstance(outcome, SourceError):
                raise outcome
            self.present.setdefault(calendar.manager_id, set()).add(calendar.id)
            self._keep(outcome)
        except SourceError as error:
            self._note_failure(calendar, error)

    def retire(self) -> None:
        """Empty the window of calendars that a manager no longer has (moved to another file or server).

        Only where all of the manager's present calendars were read tonight; what lies before stays.
        """
        for manager_id, present in self.present.items():
            gone = self.held.get(manager_id, {}).keys() - present
            if not gone or manager_id in self._failed or manager_id in self.claims.held_back:
                continue
            if not self._may_go(manager_id, gone, present):
                continue
            for name in sorted(gone):
                emptied = replace(self.held[manager_id][name], token="")
                change = self.store.meetings.replace(emptied, self.night.window, [])
                self.report.counts["removed"] += change.removed
                self.store.meetings.retire(name)

    def _may_go(self, manager_id: str, gone: Iterable[str], present: Iterable[str]) -> bool:
        """Whether a manager may lose these calendars: the others hold as much, or they held little."""
        if self.claims.is_read_in_part(manager_id):
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
            problem = self.claims.held_back[manager_id]
            calendar = self.night.calendar_of(self._people[manager_id])
            self._enter_failure(calendar, problem.what, problem.hint)

    def _newcomer(self, manager: Manager) -> Manager | None:
        return None if self._corrected or manager.id in self._known else manager

    def _tokens(self, manager_id: str) -> dict[str, str]:
        """By calendar id the tokens of tonight's window and rules; of others what does not rest on these."""
        tokens = {
            name: state.token
            if state.window == self.night.window and state.versions == self.version
            else lasting(state.token)
            for name, state in self.held.get(manager_id, {}).items()
        }
        return {name: token for name, token in tokens.items() if token}

    def _keep(self, found: Found) -> None:
        calendar = found.calendar
        self.report.counts["calendars"] += 1
        held = self.held.get(calendar.manager_id, {}).get(calendar.id)
        if found.unchanged and held is not None:
            self.keeper.unchanged(held)
            return
        if held is not None:
            was = self.store.meetings.count(calendar.id, self.night.window)
            self._check_loss(calendar, was, self._count(found))
        state = CalendarState(
            calendar_id=calendar.id,
            manager_id=calendar.manager_id,
            source=calendar.source,
            shown=str(calendar),
            token=found.token,
            window=self.night.window,
            versions=self.version,
            problems=found.problems,
            last_good=self.night.day,
            covered_from=_covered_from(held, self.night.days[0]),
        )
        if found.minutes is not None:
            after = self._reckoned(self._people[calendar.manager_id])
            self.keeper.reckoned(Reckoned(after.first, after.last, found.minutes, after))
        self.keeper.replace(
            Replacement(
                state,
                self.night.window,
                found.rows,
                found.standing,
                unread=found.unread,
                cancellations=found.cancellations,
            )
        )

    def _count(self, found: Found) -> int:
        """How many meetings a calendar has in the window: given, as they were, or there and not readable."""
        if not found.standing and not found.unread:
            return len(found.rows)

        def stays(uid: str) -> bool:
            return uid in found.standing or found.unread.keeps(uid)

        return len(found.rows) + self.store.meetings.count(found.calendar.id, self.night.window, stays)

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
