"""One night from the settings file to the mails, entered in the ledger."""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from threading import Event

from calsync.config.load import load_settings
from calsync.config.roster import load_managers
from calsync.config.settings import Settings
from calsync.errors import StoreError
from calsync.mail.transport import Transport
from calsync.nightly.collector import fewer_collections
from calsync.nightly.correcting import unknown_partnerships
from calsync.nightly.engines import AnyEngine, open_engine
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
) -> RunReport:
    """Run one night and enter it in the ledger; what went wrong is in the report.

    Raises ConfigError before anything is touched, StoreError if another night is running or the
    store fails. A bug in our own code marks the night as failed and keeps its traceback.
    """
    settings = load_settings(config)
    managers = load_managers(settings)
    book, rule_problems = open_rules(settings)
    url = store_url(settings)
    night = Night(day, settings, managers, book, now, frozenset(accept_empty), stop or Event(), progress)
    with (
        open_sources(settings, managers) as sources,
        open_transport(settings) as transport,
        open_engine(settings.engine, order_of(night), near=_all_near(night, sources)) as engine,
        night_lock(url),
        open_store(url) as store,
        _spared(),
    ):
        report = RunReport(day)
        report.note(rule_problems)
        return _entered(night, sources, engine, store, transport, report)


def last_good_night(settings: Settings) -> date | None:
    """The last night that ran to its end, by the ledger."""
    with open_store(store_url(settings)) as store:
        return store.runs.last_good()


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


def _entered(
    night: Night, sources: Sources, engine: AnyEngine, store: Store, transport: Transport, report: RunReport
) -> RunReport:
    store.runs.begin(night.day, night.now())
    try:
        _steps(night, sources, engine, store, transport, report)
    except BaseException:
        # Where the store itself has failed it can note nothing, and its error says more than this one.
        with suppress(StoreError):
            store.runs.finish(night.day, RunState.FAILED, night.now(), report.counts, report.problems)
        raise
    store.runs.finish(night.day, report.outcome, night.now(), report.counts, report.problems)
    return report


def _steps(
    night: Night, sources: Sources, engine: AnyEngine, store: Store, transport: Transport, report: RunReport
) -> None:
    standing = chain.from_iterable(store.corrections.standing().values())
    report.note(unknown_partnerships(standing, night.book.partnerships))
    read_all(night, sources, engine, store, report)
    if report.interrupted:
        return
    reckon_all(night, store, report)
    delivered = send_due(store, transport, night.now, night.stop.is_set)
    report.counts["mails"] += delivered.sent
    report.note(delivered.problems)
