"""Reads every calendar, several at once, and keeps each one whole or not at all."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from calsync.errors import CalsyncError, SourceContentError, SourceError, SourceUnavailableError
from calsync.nightly.abreast import Job, Result, abreast
from calsync.nightly.judging import judge_all
from calsync.nightly.plan import Night
from calsync.nightly.report import RunReport
from calsync.sources.base import Calendar, Fetched, Source
from calsync.sources.guards import check_not_emptied
from calsync.store.database import Store
from calsync.store.states import CalendarState

log = logging.getLogger("calsync.nightly")

Sources = Mapping[str, Source]


@dataclass(frozen=True)
class Errand:
    """One calendar to be fetched, and what we held of it."""

    calendar: Calendar
    source: Source
    held: CalendarState | None
    token: str


def read_all(night: Night, sources: Sources, store: Store, report: RunReport) -> None:
    """Fetch and keep every manager's calendars; a fault costs its calendar and is in the report."""
    errands = _errands(night, sources, store, report)
    for done, (errand, fetched) in enumerate(_fetch(night, errands), start=1):
        night.progress("calendars", done, len(errands))
        try:
            if isinstance(fetched, SourceError):
                raise fetched
            _keep(night, store, report, errand, fetched)
        except SourceError as error:
            _note_failure(night, store, report, errand.calendar, error)
    report.interrupted = night.stop.is_set()
    if not report.interrupted:
        _retire(night, store, errands, report)


def versions(night: Night) -> str:
    """What a stored verdict rests on besides the calendar; a token carries its reader's version itself."""
    ours = night.settings.organisation.domains
    return "/".join((night.book.version, night.settings.privacy.titles, *sorted(ours)))


def _errands(night: Night, sources: Sources, store: Store, report: RunReport) -> list[Errand]:
    """What to fetch: the calendars behind each manager's address, in the order of the list of managers."""
    found: dict[str, tuple[Calendar, ...]] = {}
    for named, result in _abreast(
        night,
        [night.calendar_of(manager) for manager in night.managers],
        lambda named: sources[named.source].calendars(named),
    ):
        calendars = _checked(night, named, result)
        if isinstance(calendars, SourceError):
            _note_failure(night, store, report, named, calendars)
        else:
            found[named.manager_id] = calendars
    return [
        _errand(night, calendar, sources[manager.source], store)
        for manager in night.managers
        for calendar in found.get(manager.id, ())
    ]


def _checked(
    night: Night, named: Calendar, result: tuple[Calendar, ...] | BaseException
) -> tuple[Calendar, ...] | SourceError:
    if isinstance(result, BaseException):
        return _told(night, named, result)
    if not result:
        return SourceContentError(str(named), "there is no calendar behind this address", "see its owner")
    return result


def _errand(night: Night, calendar: Calendar, source: Source, store: Store) -> Errand:
    held = store.meetings.state(calendar.id)
    same = held is not None and held.window == night.window and held.versions == versions(night)
    return Errand(calendar, source, held, held.token if held and same else "")


def _fetch(night: Night, errands: Sequence[Errand]) -> Iterator[tuple[Errand, Fetched | SourceError]]:
    """Give each calendar as it arrives."""
    ended = _abreast(
        night, errands, lambda errand: errand.source.fetch(errand.calendar, night.window, errand.token)
    )
    for errand, result in ended:
        if isinstance(result, BaseException):
            yield errand, _told(night, errand.calendar, result)
        else:
            yield errand, result


def _abreast(
    night: Night, jobs: Sequence[Job], work: Callable[[Job], Result]
) -> Iterator[tuple[Job, Result | BaseException]]:
    """At most `workers` jobs at once, each within its time, and none begun once asked to stop."""
    engine = night.settings.engine
    places, seconds = engine.workers, engine.calendar_seconds
    return abreast(jobs, work, places=places, seconds=seconds, stop=night.stop.is_set)


def _told(night: Night, calendar: Calendar, error: BaseException) -> SourceError:
    """What a failed reading is called in the report."""
    if isinstance(error, SourceError):
        return error
    where = str(calendar)
    if isinstance(error, TimeoutError):
        seconds = night.settings.engine.calendar_seconds
        what = f"was not read within {seconds:g} seconds; the night went on without it"
        return SourceUnavailableError(where, what, "raise [engine] calendar_seconds if it is that large")
    # A bug of ours or of a plug-in: it costs this calendar, not the night, and keeps its traceback.
    log.error("reading %s broke", where, exc_info=error)
    what = f"reading it broke: {type(error).__name__}"
    return SourceContentError(where, what, "this is a fault of calsync: please report it")


def _keep(night: Night, store: Store, report: RunReport, errand: Errand, fetched: Fetched) -> None:
    calendar, held = errand.calendar, errand.held
    report.counts["calendars"] += 1
    if fetched.unchanged and held is not None:
        store.meetings.touch_good(calendar.id, night.day)
        report.counts["unchanged"] += 1
        report.note(held.problems)
        return
    if calendar.manager_id not in night.accept_empty:
        held_count = store.meetings.count(calendar.id, night.window)
        check_not_emptied(calendar, held_count, len(fetched.occurrences))
    version = versions(night)
    known = store.meetings.verdicts(calendar.id, night.window) if held and held.versions == version else {}
    meetings = judge_all(night, calendar, fetched.occurrences, known)
    state = CalendarState(
        calendar_id=calendar.id,
        manager_id=calendar.manager_id,
        source=calendar.source,
        shown=str(calendar),
        token=fetched.token,
        window=night.window,
        versions=version,
        problems=fetched.problems,
        last_good=night.day,
    )
    change = store.meetings.replace(state, night.window, meetings)
    report.counts.update(added=change.added, changed=change.changed, removed=change.removed)
    report.note(fetched.problems)


def _note_failure(
    night: Night, store: Store, report: RunReport, calendar: Calendar, error: CalsyncError
) -> None:
    report.counts["failed"] += 1
    report.fault(str(calendar), error)
    store.meetings.note_failure(
        calendar.id, calendar.manager_id, calendar.source, str(calendar), night.day, error.what, error.hint
    )


def _retire(night: Night, store: Store, errands: Sequence[Errand], report: RunReport) -> None:
    """Empty the window of calendars that a manager no longer has (moved to another file or server).

    Only where all of the manager's present calendars were read tonight; what lies before the window stays.
    """
    present: dict[str, set[str]] = {}
    for errand in errands:
        present.setdefault(errand.calendar.manager_id, set()).add(errand.calendar.id)
    for manager_id, ids in present.items():
        states = {state.calendar_id: state for state in store.meetings.states(manager_id)}
        if any(states[name].failing_since for name in ids if name in states):
            continue
        for name in states.keys() - ids:
            change = store.meetings.replace(replace(states[name], token=""), night.window, [])
            report.counts["removed"] += change.removed
            store.meetings.retire(name)
