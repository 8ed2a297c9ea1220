"""One night from the settings file to the mails, entered in the ledger."""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from threading import Event

from calsync.app.allocate import recalculate_all
from calsync.app.corrections import find_unknown_partnerships
from calsync.app.fetch import Sources, fetch_all
from calsync.app.fetch_job import RunContext, prepare_worker, run_context
from calsync.app.garbage import collect_less_often
from calsync.app.jobs import Engine
from calsync.app.mails import send_due
from calsync.app.ownership import CalendarOwnership
from calsync.app.plan import Night, Progress, ignore_progress
from calsync.app.roster_changes import postpone_doubtful_mails, update_roster
from calsync.app.run_report import RunReport
from calsync.app.wiring import open_rules, open_sources, open_transport, store_url
from calsync.app.workers import open_engine
from calsync.config.load import load_settings
from calsync.config.roster import read_roster
from calsync.config.settings import Settings
from calsync.errors import ConfigError, StoreError
from calsync.mail.transport import Transport
from calsync.model.problem import Problem
from calsync.sources.base import LocalitySource
from calsync.store.database import Store, open_store
from calsync.store.lock import night_lock
from calsync.store.records import RunState


def run_night(
    config: Path,
    day: date,
    *,
    now: Callable[[], datetime],
    stop: Event | None = None,
    progress: Progress = ignore_progress,
    accept_empty: Iterable[str] = (),
    accept_roster: bool = False,
) -> RunReport:
    """Run one night and enter it in the ledger; what went wrong is in the report.

    accept_roster: whether those who are missing from the list of managers have rightly gone.
    Raises ConfigError before anything is touched, also for a night after today; StoreError if another
    night is running or the store fails. A bug in our own code marks the night as failed and keeps its
    traceback.
    """
    settings = load_settings(config)
    check_not_after_today(settings, day, now())
    roster = read_roster(settings)
    managers = roster.in_service(day)
    book, rule_problems = open_rules(settings)
    url = store_url(settings)
    empty = frozenset(accept_empty)
    night = Night(day, settings, managers, book, now, empty, stop or Event(), progress, roster)
    context = run_context(night)
    with (
        open_sources(settings, managers) as sources,
        open_transport(settings) as transport,
        open_engine(
            settings.engine, partial(prepare_worker, context), all_local=_is_all_local(night, sources)
        ) as engine,
        night_lock(url),
        open_store(url) as store,
        _reduced_garbage_collection(),
    ):
        report = RunReport(day)
        report.note((*rule_problems, *roster.problems))
        steps = partial(_run_steps, night, sources, engine, context, store, transport, report, accept_roster)
        return _record_run(night, steps, store, report)


def check_not_after_today(settings: Settings, day: date, now: datetime) -> None:
    """Refuse a night after today: it would take what lies ahead for done, and hide the nights before it.

    Raises ConfigError.
    """
    today = settings.today(now)
    if day > today:
        zone_or_setting = (
            "[demo] today in the settings" if settings.demo.today else settings.organisation.timezone
        )
        what = f"is after today, {today} ({zone_or_setting}); only nights up to today can be run"
        raise ConfigError([Problem(f"--night {day}", what, "leave --night out to run today's")])


def last_good_night(settings: Settings, until: date | None = None) -> date | None:
    """The last night, up to a day or of all, that ran to its end, by the ledger."""
    with open_store(store_url(settings)) as store:
        return store.runs.last_good(until)


def _is_all_local(night: Night, sources: Sources) -> bool:
    local_sources = {name: source for name, source in sources.items() if isinstance(source, LocalitySource)}
    calendars = map(night.calendar_of, night.managers)
    return all(
        calendar.source in local_sources and local_sources[calendar.source].is_local(calendar)
        for calendar in calendars
    )


@contextmanager
def _reduced_garbage_collection() -> Iterator[None]:
    """Spare the garbage collector what lives all night: it would look through it thousands of times."""
    gc.freeze()
    try:
        with collect_less_often():
            yield
    finally:
        gc.unfreeze()


def _record_run(night: Night, steps: Callable[[], None], store: Store, report: RunReport) -> RunReport:
    store.runs.begin(night.day, night.now())
    try:
        steps()
    except BaseException:
        # Where the store itself has failed it can note nothing, and its error says more than this one.
        with suppress(StoreError):
            store.runs.finish(night.day, RunState.FAILED, night.now(), report.counts, report.problems)
        raise
    store.runs.finish(night.day, report.outcome, night.now(), report.counts, report.problems)
    return report


def _run_steps(
    night: Night,
    sources: Sources,
    engine: Engine,
    context: RunContext,
    store: Store,
    transport: Transport,
    report: RunReport,
    accept_roster: bool,
) -> None:
    standing = chain.from_iterable(store.corrections.in_force().values())
    report.note(find_unknown_partnerships(standing, night.book.partnerships))
    claims = CalendarOwnership(night.managers, sources, night.settings, night.roster)
    update_roster(store, night.roster, claims, night, report, is_accepted=accept_roster)
    fetch_all(night, sources, engine, context, store, report, claims)
    report.note(claims.problems)
    if report.interrupted:
        return
    postpone_doubtful_mails(store, night.roster, claims, night.day, night.now(), report)
    recalculate_all(night, store, report, claims)
    delivered = send_due(store, transport, night.now, night.stop.is_set)
    report.counts["mails"] += delivered.sent
    report.note(delivered.problems)
