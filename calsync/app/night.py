"""Runs one night, from the settings file to the mails, and stores how it ended.

`run_night` is called by `calsync run` and the scheduler.
"""

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
from calsync.app.summaries import left_out_copy_notes, queue_due_summaries, unknown_category_notes
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
    """Run one night and store how it ended; the report lists what went wrong.

    Args:
        config: The settings file.
        day: The night's date.
        now: Returns the current time; called whenever a time is stored.
        stop: Set from outside to end the night after the calendars in hand.
        progress: See `Progress`.
        accept_empty: Ids of managers whose calendars may have lost most of their meetings.
        accept_roster: Whether the managers that are missing from the list have really left.

    Raises:
        ConfigError: The settings are wrong, or the day is after today; nothing was changed.
        StoreError: Another night is running, or the store fails.
        Exception: A bug of ours; the night is stored as failed.
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
        store.runs.begin(day, now())
        try:
            _run_steps(night, sources, engine, context, store, transport, report, accept_roster)
        except BaseException:
            # A store that has failed can store nothing; its error has more detail than this one.
            with suppress(StoreError):
                store.runs.finish(day, RunState.FAILED, now(), report.counts, report.problems)
            raise
        store.runs.finish(day, report.outcome, now(), report.counts, report.problems)
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
    """Do the night's work in order; what fails for one calendar or one mail is noted in the report."""
    in_force = chain.from_iterable(store.corrections.in_force().values())
    report.note(find_unknown_partnerships(in_force, night.book.partnerships))
    ownership = CalendarOwnership(night.managers, sources, night.settings, night.roster)
    update_roster(store, night.roster, ownership, night, report, is_accepted=accept_roster)
    fetch_all(night, sources, engine, context, store, report, ownership)
    report.note(ownership.problems)
    if report.interrupted:
        return
    postpone_doubtful_mails(store, night.roster, ownership, night.day, night.now(), report)
    recalculate_all(night, store, report, ownership)
    report.note(unknown_category_notes(night, store))
    report.note(left_out_copy_notes(night, store))
    queue_due_summaries(night, store, report, ownership)
    delivered = send_due(store, transport, night.now, night.stop.is_set)
    report.counts["mails"] += delivered.sent
    report.note(delivered.problems)


def check_not_after_today(settings: Settings, day: date, now: datetime) -> None:
    """Raise ConfigError for a night after today.

    Such a night would count days that lie ahead as read, and the nights before it as done.
    """
    today = settings.today(now)
    if day > today:
        source_of_today = (
            "[demo] today in the settings" if settings.demo.today else settings.organisation.timezone
        )
        what = f"is after today, {today} ({source_of_today}); only nights up to today can be run"
        raise ConfigError([Problem(f"--night {day}", what, "leave --night out to run today's")])


def last_good_night(settings: Settings, until: date | None = None) -> date | None:
    """Return the last night that ran to its end, up to the day `until` (inclusive) if it is given."""
    with open_store(store_url(settings)) as store:
        return store.runs.last_good(until)


def _is_all_local(night: Night, sources: Sources) -> bool:
    """Whether every manager's calendar is a file of this machine."""
    for manager in night.managers:
        calendar = night.calendar_of(manager)
        source = sources.get(calendar.source)
        if not isinstance(source, LocalitySource) or not source.is_local(calendar):
            return False
    return True


@contextmanager
def _reduced_garbage_collection() -> Iterator[None]:
    """Exclude what lives all night from garbage collection, which would examine it thousands of times."""
    gc.freeze()
    try:
        with collect_less_often():
            yield
    finally:
        gc.unfreeze()
