"""One night from the settings file to the mails, entered in the ledger."""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from threading import Event

from calsync.config.load import load_settings
from calsync.config.roster import read_roster
from calsync.config.settings import Settings
from calsync.errors import ConfigError, StoreError
from calsync.mail.transport import Transport
from calsync.model.problem import Problem
from calsync.nightly.claims import Claims
from calsync.nightly.collector import fewer_collections
from calsync.nightly.correcting import unknown_partnerships
from calsync.nightly.engines import AnyEngine, open_engine
from calsync.nightly.list_changes import keep_back_mails, take_list
from calsync.nightly.mails import send_due
from calsync.nightly.opening import open_rules, open_sources, open_transport, store_url
from calsync.nightly.plan import Night, Progress, quiet
from calsync.nightly.reading import Sources, read_all
from calsync.nightly.reckoning import reckon_all
from calsync.nightly.report import RunReport
from calsync.nightly.work import order_of
from calsync.sources.base import Near
from calsync.store.database import Store, open_store
from calsync.store.lock import night_lock
from calsync.store.states import RunState


def run_night(
    config: Path,
    day: date,
    *,
    now: Callable[[], datetime],
    stop: Event | None = None,
    progress: Progress = quiet,
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
    with (
        open_sources(settings, managers) as sources,
        open_transport(settings) as transport,
        open_engine(settings.engine, order_of(night), near=_all_near(night, sources)) as engine,
        night_lock(url),
        open_store(url) as store,
        _spared(),
    ):
        report = RunReport(day)
        report.note((*rule_problems, *roster.problems))
        steps = partial(_steps, night, sources, engine, store, transport, report, accept_roster)
        return _entered(night, steps, store, report)


def check_not_after_today(settings: Settings, day: date, now: datetime) -> None:
    """Refuse a night after today: it would take what lies ahead for done, and hide the nights before it.

    Raises ConfigError.
    """
    today = settings.today(now)
    if day > today:
        whose = "[demo] today in the settings" if settings.demo.today else settings.organisation.timezone
        what = f"is after today, {today} ({whose}); only nights up to today can be run"
        raise ConfigError([Problem(f"--night {day}", what, "leave --night out to run today's")])


def last_good_night(settings: Settings, until: date | None = None) -> date | None:
    """The last night, up to a day or of all, that ran to its end, by the ledger."""
    with open_store(store_url(settings)) as store:
        return store.runs.last_good(until)


def _all_near(night: Night, sources: Sources) -> bool:
    know = {name: source for name, source in sources.items() if isinstance(source, Near)}
    calendars = map(night.calendar_of, night.managers)
    return all(calendar.source in know and know[calendar.source].is_near(calendar) for calendar in calendars)


@contextmanager
def _spared() -> Iterator[None]:
    """Spare the garbage collector what lives all night: it would look through it thousands of times."""
    gc.freeze()
    try:
        with fewer_collections():
            yield
    finally:
        gc.unfreeze()


def _entered(night: Night, steps: Callable[[], None], store: Store, report: RunReport) -> RunReport:
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


def _steps(
    night: Night,
    sources: Sources,
    engine: AnyEngine,
    store: Store,
    transport: Transport,
    report: RunReport,
    accept_roster: bool,
) -> None:
    standing = chain.from_iterable(store.corrections.standing().values())
    report.note(unknown_partnerships(standing, night.book.partnerships))
    claims = Claims(night.managers, sources, night.settings, night.roster)
    take_list(store, night.roster, claims, night, report, accepted=accept_roster)
    read_all(night, sources, engine, store, report, claims)
    report.note(claims.problems)
    if report.interrupted:
        return
    keep_back_mails(store, night.roster, claims, night.day, night.now(), report)
    reckon_all(night, store, report, claims)
    delivered = send_due(store, transport, night.now, night.stop.is_set)
    report.counts["mails"] += delivered.sent
    report.note(delivered.problems)
