"""When the night runs: a service that fires daily, catches up, runs one night at a time and stops clean.

Facts behind the settings: the default grace of one second skips a night that starts late; the job
store stays in memory, for the ledger of nights knows what was missed; jobs only look at the ledger,
so a second firing does nothing. The clock is read here.
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

# APScheduler and the night itself are imported where they are used: `calsync status` asks here only
# which night is due, and must not wait for them.
if TYPE_CHECKING:
    from apscheduler.events import JobEvent
    from apscheduler.schedulers.background import BackgroundScheduler

    from calsync.mail.outbox import DeliveryResult

log = logging.getLogger("calsync.scheduler")
CATCH_UP_MINUTES = 30
MAIL_MINUTES = 1


def due_night(now: datetime, settings: Settings) -> date:
    """The latest night whose hour has come: today from the nightly hour on, yesterday before it.

    In the folder of a demo it is the day of its council, whatever the clock says.
    """
    if settings.demo.today is not None:
        return settings.demo.today
    local = now.astimezone(settings.organisation.zone)
    return local.date() - timedelta(days=local.time() < settings.schedule.nightly)


def next_start(now: datetime, settings: Settings) -> datetime:
    """When the night after this moment starts, in the organisation's zone."""
    day = due_night(now, settings) + timedelta(days=1)
    return datetime.combine(day, settings.schedule.nightly, settings.organisation.zone)


def run_if_due(config: Path, stop: Event, clock: Callable[[], datetime]) -> None:
    """Run the night that is due, or send the mails that wait where the ledger has that night.

    Settings are read anew each time.
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
    """Sends waiting mails between nights, each when it is due; it looks every minute.

    While the server takes no mail at all (no route, a wrong password), it is tried after 5, 10, 20 minutes
    and so on: a login every minute would lock the account. `running`: held while a night or a delivery runs
    in this process.
    """

    def __init__(self, config: Path, stop: Event, clock: Callable[[], datetime], running: Lock) -> None:
        self._config, self._stop, self._clock, self._running = config, stop, clock, running
        self._failed_logins, self._not_before = 0, datetime.min.replace(tzinfo=UTC)

    def send_if_due(self) -> None:
        """Send what is due, unless a night is running, which sends it itself."""
        now = self._clock()
        if self._stop.is_set() or now < self._not_before or not self._running.acquire(blocking=False):
            return
        from calsync.app.mails import send_waiting

        try:
            sent = send_waiting(load_settings(self._config), self._clock, self._stop.is_set)
        except CalsyncError as error:
            log.error("no mail was sent: %s", error)
            self._postpone(now)
        else:
            _log_sent(sent)
            if sent.is_blocked:
                self._postpone(now)
            else:
                self._failed_logins = 0
        finally:
            self._running.release()

    def _postpone(self, now: datetime) -> None:
        from calsync.mail.outbox import retry_delay

        self._failed_logins += 1
        self._not_before = now + retry_delay(self._failed_logins)


def _log_sent(delivered: "DeliveryResult") -> None:
    if delivered.sent:
        log.info("%s sent between nights.", format_count(delivered.sent, "mail"))
    for problem in delivered.problems:
        log.warning("%s", problem)


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
    running = Lock()
    mails = MailSender(config, stop, clock, running)

    def nightly() -> None:
        with running:
            run_if_due(config, stop, clock)

    scheduler = _build_scheduler(settings, nightly, mails.send_if_due, clock())
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
    reason = f"{signal.Signals(received[0]).name} received" if received else "Asked to stop"
    log.info("%s: a calendar in hand is finished first, then calsync stops.", reason)
    scheduler.shutdown(wait=True)
    log.info("calsync stopped.")


def _build_scheduler(
    settings: Settings, job: Callable[[], None], send_mails: Callable[[], None], now: datetime
) -> "BackgroundScheduler":
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
    scheduler.add_job(send_mails, IntervalTrigger(minutes=MAIL_MINUTES, timezone=zone), id="mails")
    # It reports every job at its start and end: two lines a minute that say nothing.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    scheduler.add_listener(_log_failure, EVENT_JOB_ERROR | EVENT_JOB_MISSED)
    return scheduler


def _log_failure(event: "JobEvent") -> None:
    error = getattr(event, "exception", None)
    log.error("The night did not run: %s", error or "it missed its time", exc_info=error)
