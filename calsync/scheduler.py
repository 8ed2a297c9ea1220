"""Runs the nights as a service (`calsync schedule`): daily, one at a time, with missed nights caught up.

The jobs of APScheduler are in memory only: the store records which nights ran, so that a missed night is
found after a restart, and a second start of the same night does nothing. The clock is read here.
"""

import logging
import signal
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING

from calsync.config.load import load_settings
from calsync.config.settings import Settings
from calsync.errors import CalsyncError
from calsync.model.problem import Problem
from calsync.text import format_count
from calsync.version import __version__

# APScheduler and the modules of the night are imported where they are used: `calsync status` only needs
# `due_night`, and the other imports would make it slower.
if TYPE_CHECKING:
    from apscheduler.events import JobEvent
    from apscheduler.schedulers.background import BackgroundScheduler

    from calsync.mail.outbox import DeliveryResult

log = logging.getLogger("calsync.scheduler")
CATCH_UP_MINUTES = 30
MAIL_MINUTES = 1


def due_night(now: datetime, settings: Settings) -> date:
    """The latest night that is due: today from the nightly hour on, yesterday before it.

    In a demo it is always the demo's date.
    """
    if settings.demo.today is not None:
        return settings.demo.today
    local = now.astimezone(settings.organisation.zone)
    return local.date() - timedelta(days=local.time() < settings.schedule.nightly)


def next_start(now: datetime, settings: Settings) -> datetime:
    """The start of the next night after this moment, in the organisation's zone."""
    day = due_night(now, settings) + timedelta(days=1)
    return datetime.combine(day, settings.schedule.nightly, settings.organisation.zone)


def run_if_due(config: Path, stop: Event, clock: Callable[[], datetime]) -> None:
    """Run the night that is due; if it has already run, send the waiting mails.

    Settings are read again each time, so that changes need no restart.
    """
    from calsync.app.mails import send_waiting
    from calsync.app.night import last_good_night, run_night

    try:
        settings = load_settings(config)
        night = due_night(clock(), settings)
        last_good = last_good_night(settings, night)
        if stop.is_set():
            return
        if last_good is not None and last_good >= night:
            _log_sent(send_waiting(settings, clock, stop.is_set))
            return
        log.info("The night of %s begins.", _format_day(night))
        report = run_night(config, night, now=clock, stop=stop)
    except CalsyncError as error:
        for problem in getattr(
            error, "problems", (Problem("the night did not run", error.what, error.hint),)
        ):
            log.error("%s", problem)
        return
    for problem in report.faults:
        log.warning("%s", problem)
    log.info("The night of %s ended: %s. %s", _format_day(night), report.outcome, report.summary)
    if not stop.is_set():
        log.info("Next night: %s.", _format_moment(next_start(clock(), settings)))


def _format_day(day: date) -> str:
    return f"{day:%A %-d %B %Y}"


def _format_moment(moment: datetime) -> str:
    return f"{_format_day(moment)} at {moment:%H:%M %Z}"


class MailSender:
    """Sends due mails between nights; the scheduler calls it every minute.

    While the server takes no mail at all (no route, a wrong password), the next attempts are after 5, 10, 20
    minutes and so on: a login every minute would lock the account. running: locked while a night or a
    delivery runs in this process.
    """

    def __init__(self, config: Path, stop: Event, clock: Callable[[], datetime], running: Lock) -> None:
        self._config, self._stop, self._clock, self._running = config, stop, clock, running
        self._failed_attempts, self._not_before = 0, datetime.min.replace(tzinfo=UTC)

    def send_if_due(self) -> None:
        """Send the due mails, unless a night is running: it sends them at its end."""
        now = self._clock()
        if self._stop.is_set() or now < self._not_before or not self._running.acquire(blocking=False):
            return
        from calsync.app.mails import send_waiting

        try:
            result = send_waiting(load_settings(self._config), self._clock, self._stop.is_set)
        except CalsyncError as error:
            log.error("no mail was sent: %s", error)
            self._postpone(now)
        else:
            _log_sent(result)
            if result.is_blocked:
                self._postpone(now)
            else:
                self._failed_attempts = 0
        finally:
            self._running.release()

    def _postpone(self, now: datetime) -> None:
        from calsync.mail.outbox import retry_delay

        self._failed_attempts += 1
        self._not_before = now + retry_delay(self._failed_attempts)


def _log_sent(result: "DeliveryResult") -> None:
    if result.sent:
        log.info("%s sent between nights.", format_count(result.sent, "mail"))
    for problem in result.problems:
        log.warning("%s", problem)


def serve(config: Path, *, stop: Event | None = None, clock: Callable[[], datetime] | None = None) -> None:
    """Run nights until SIGTERM, SIGINT or `stop`; the calendars that are being read are finished first.

    Args:
        config: The settings file.
        stop: Set by the caller to end the service.
        clock: Returns the current time, aware; by default the clock of the system.
    """
    settings = load_settings(config)
    stop, clock = stop or Event(), clock or (lambda: datetime.now(settings.organisation.zone))
    received: list[int] = []

    def handle_signal(number: int, _frame: object) -> None:
        # Not logged here: the signal may interrupt the logging of another message in this thread.
        received.append(number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle_signal)
    running = Lock()
    mail_sender = MailSender(config, stop, clock, running)

    def run_night_job() -> None:
        with running:
            run_if_due(config, stop, clock)

    scheduler = _build_scheduler(settings, run_night_job, mail_sender.send_if_due, clock())
    log.info(
        "calsync %s started: a night runs at %s (%s); every %d minutes, and now, a missed one is caught up.",
        __version__,
        f"{settings.schedule.nightly:%H:%M}",
        settings.organisation.timezone,
        CATCH_UP_MINUTES,
    )
    log.info("Next night: %s.", _format_moment(next_start(clock(), settings)))
    scheduler.start()
    stop.wait()
    reason = f"{signal.Signals(received[0]).name} received" if received else "Stop requested"
    log.info("%s: calendars that are being read are finished first, then calsync stops.", reason)
    scheduler.shutdown(wait=True)
    log.info("calsync stopped.")


def _build_scheduler(
    settings: Settings, run_night: Callable[[], None], send_mails: Callable[[], None], now: datetime
) -> "BackgroundScheduler":
    from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED
    from apscheduler.schedulers.background import BackgroundScheduler
    from apscheduler.triggers.combining import OrTrigger
    from apscheduler.triggers.cron import CronTrigger
    from apscheduler.triggers.interval import IntervalTrigger

    zone, at = settings.organisation.zone, settings.schedule.nightly
    # misfire_grace_time: by default a job is skipped that starts more than a second late.
    scheduler = BackgroundScheduler(
        timezone=zone, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    # One job with two triggers: the nightly hour, and regular checks for a missed night.
    trigger = OrTrigger(
        [
            CronTrigger(hour=at.hour, minute=at.minute, timezone=zone),
            IntervalTrigger(minutes=CATCH_UP_MINUTES, timezone=zone),
        ]
    )
    scheduler.add_job(run_night, trigger, id="nightly", next_run_time=now)
    scheduler.add_job(send_mails, IntervalTrigger(minutes=MAIL_MINUTES, timezone=zone), id="mails")
    # APScheduler logs the start and the end of every job: two useless lines each minute.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    scheduler.add_listener(_log_failure, EVENT_JOB_ERROR | EVENT_JOB_MISSED)
    return scheduler


def _log_failure(event: "JobEvent") -> None:
    error = getattr(event, "exception", None)
    log.error("The night did not run: %s", error or "it missed its time", exc_info=error)
