"""When the night runs: a service that fires daily, catches up, runs one night at a time and stops clean.

Facts behind the settings: the default grace of one second skips a night that starts late; the job
store stays in memory, for the ledger of nights knows what was missed; jobs only look at the ledger,
so a second firing does nothing. The clock is read here.
"""

import logging
import signal
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from calsync import __version__
from calsync.config.load import load_settings
from calsync.config.settings import Settings
from calsync.errors import CalsyncError
from calsync.model.problem import Problem

# APScheduler and the night itself are imported where they are used: `calsync status` asks here only
# which night is due, and must not wait for them.
if TYPE_CHECKING:
    from apscheduler.events import JobEvent
    from apscheduler.schedulers.background import BackgroundScheduler

log = logging.getLogger("calsync.scheduler")
CATCH_UP_MINUTES = 30


def due_night(now: datetime, settings: Settings) -> date:
    """The latest night whose hour has come: today from the nightly hour on, yesterday before it."""
    local = now.astimezone(settings.organisation.zone)
    return local.date() - timedelta(days=local.time() < settings.schedule.nightly)


def next_start(now: datetime, settings: Settings) -> datetime:
    """When the night after this moment starts, in the organisation's zone."""
    day = due_night(now, settings) + timedelta(days=1)
    return datetime.combine(day, settings.schedule.nightly, settings.organisation.zone)


def run_if_due(config: Path, stop: Event, clock: Callable[[], datetime]) -> None:
    """Run the night that is due unless the ledger has it; settings are read anew each time."""
    from calsync.nightly.run import last_good_night, run_night

    try:
        settings = load_settings(config)
        night = due_night(clock(), settings)
        good = last_good_night(settings)
        if stop.is_set() or (good is not None and good >= night):
            return
        log.info("The night of %s begins.", _day(night))
        report = run_night(config, night, now=clock, stop=stop)
    except CalsyncError as error:
        for problem in getattr(
            error, "problems", (Problem("the night did not run", error.what, error.hint),)
        ):
            log.error("%s", problem)
        return
    for problem in report.faults:
        log.warning("%s", problem)
    log.info("The night of %s ended: %s. %s", _day(night), report.outcome, report.summary)
    if not stop.is_set():
        log.info("Next night: %s.", _moment(next_start(clock(), settings)))


def _day(day: date) -> str:
    return f"{day:%A %-d %B %Y}"


def _moment(moment: datetime) -> str:
    return f"{_day(moment)} at {moment:%H:%M %Z}"


def serve(config: Path, *, stop: Event | None = None, clock: Callable[[], datetime] | None = None) -> None:
    """Run nights until told to stop (SIGTERM, SIGINT or `stop`); a calendar in hand is finished first."""
    settings = load_settings(config)
    stop, clock = stop or Event(), clock or (lambda: datetime.now(settings.organisation.zone))
    received: list[int] = []

    def end(number: int, _frame: object) -> None:
        # Logged by the thread that waits below: the signal may have come while a line was written.
        received.append(number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    scheduler = _scheduler(settings, lambda: run_if_due(config, stop, clock), clock())
    log.info(
        "calsync %s started: a night runs at %s (%s); every %d minutes, and now, a missed one is caught up.",
        __version__,
        f"{settings.schedule.nightly:%H:%M}",
        settings.organisation.timezone,
        CATCH_UP_MINUTES,
    )
    log.info("Next night: %s.", _moment(next_start(clock(), settings)))
    scheduler.start()
    stop.wait()
    why = f"{signal.Signals(received[0]).name} received" if received else "Asked to stop"
    log.info("%s: a calendar in hand is finished first, then calsync stops.", why)
    scheduler.shutdown(wait=True)
    log.info("calsync stopped.")


def _scheduler(settings: Settings, job: Callable[[], None], now: datetime) -> "BackgroundScheduler":
    from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED
    from apscheduler.schedulers.background import BackgroundScheduler
    from apscheduler.triggers.combining import OrTrigger
    from apscheduler.triggers.cron import CronTrigger
    from apscheduler.triggers.interval import IntervalTrigger

    zone, at = settings.organisation.zone, settings.schedule.nightly
    scheduler = BackgroundScheduler(
        timezone=zone, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    # One job with two reasons to fire: the hour, and a regular look at whether a night was missed.
    trigger = OrTrigger(
        [
            CronTrigger(hour=at.hour, minute=at.minute, timezone=zone),
            IntervalTrigger(minutes=CATCH_UP_MINUTES, timezone=zone),
        ]
    )
    scheduler.add_job(job, trigger, id="nightly", next_run_time=now)
    scheduler.add_listener(_log_failure, EVENT_JOB_ERROR | EVENT_JOB_MISSED)
    return scheduler


def _log_failure(event: "JobEvent") -> None:
    error = getattr(event, "exception", None)
    log.error("The night did not run: %s", error or "it missed its time", exc_info=error)
