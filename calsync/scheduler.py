"""When the night runs: a service that fires daily, catches up, runs one night at a time and stops clean.

Facts behind the settings: the default grace of one second skips a night that starts late; the job
store stays in memory, for the ledger of nights knows what was missed; jobs only look at the ledger,
so a second firing does nothing. The clock is read here.
"""

import argparse
import logging
import signal
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event, Lock

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobEvent
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from calsync.config.load import load_settings
from calsync.config.settings import Settings
from calsync.errors import CalsyncError
from calsync.mail.outbox import Delivered, pause
from calsync.nightly.mails import send_waiting
from calsync.nightly.run import last_good_night, run_night

log = logging.getLogger("calsync.scheduler")
CATCH_UP_MINUTES = 30
MAIL_MINUTES = 1


def due_night(now: datetime, settings: Settings) -> date:
    """The latest night whose hour has come: today from the nightly hour on, yesterday before it."""
    local = now.astimezone(settings.organisation.zone)
    return local.date() - timedelta(days=local.time() < settings.schedule.nightly)


def run_if_due(config: Path, stop: Event, clock: Callable[[], datetime]) -> None:
    """Run the night that is due, or send the mails that wait where the ledger has that night.

    Settings are read anew each time.
    """
    try:
        settings = load_settings(config)
        night = due_night(clock(), settings)
        good = last_good_night(settings)
        if stop.is_set():
            return
        if good is not None and good >= night:
            _log_sent(send_waiting(settings, clock, stop.is_set))
            return
        report = run_night(config, night, now=clock, stop=stop)
    except CalsyncError as error:
        log.error("the night did not run: %s", error)
        return
    log.info("night %s: %s, %s", night, report.outcome, dict(report.counts))
    for problem in report.faults:
        log.warning("%s", problem)


class Mails:
    """Sends waiting mails between nights, each when it is due; it looks every minute.

    While the server takes no mail at all (no route, a wrong password), it is tried after 5, 10, 20 minutes
    and so on: a login every minute would lock the account. `running`: held while a night or a delivery runs
    in this process.
    """

    def __init__(self, config: Path, stop: Event, clock: Callable[[], datetime], running: Lock) -> None:
        self._config, self._stop, self._clock, self._running = config, stop, clock, running
        self._blocked, self._not_before = 0, datetime.min.replace(tzinfo=UTC)

    def send_if_due(self) -> None:
        """Send what is due, unless a night is running, which sends it itself."""
        now = self._clock()
        if self._stop.is_set() or now < self._not_before or not self._running.acquire(blocking=False):
            return
        try:
            sent = send_waiting(load_settings(self._config), self._clock, self._stop.is_set)
        except CalsyncError as error:
            log.error("no mail was sent: %s", error)
            self._wait(now)
        else:
            _log_sent(sent)
            if sent.blocked:
                self._wait(now)
            else:
                self._blocked = 0
        finally:
            self._running.release()

    def _wait(self, now: datetime) -> None:
        self._blocked += 1
        self._not_before = now + pause(self._blocked)


def _log_sent(delivered: Delivered) -> None:
    if delivered.sent:
        log.info("%d mail%s sent between nights", delivered.sent, "" if delivered.sent == 1 else "s")
    for problem in delivered.problems:
        log.warning("%s", problem)


def serve(config: Path, *, stop: Event | None = None, clock: Callable[[], datetime] | None = None) -> None:
    """Run nights until told to stop (SIGTERM, SIGINT or `stop`); a calendar in hand is finished first."""
    settings = load_settings(config)
    stop, clock = stop or Event(), clock or (lambda: datetime.now(settings.organisation.zone))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    running = Lock()
    mails = Mails(config, stop, clock, running)

    def nightly() -> None:
        with running:
            run_if_due(config, stop, clock)

    scheduler = _scheduler(settings, nightly, clock())
    scheduler.add_job(mails.send_if_due, IntervalTrigger(minutes=MAIL_MINUTES), id="mails")
    # It reports every job at its start and end: two lines a minute that say nothing.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    scheduler.start()
    log.info("calsync runs nightly at %s %s", settings.schedule.nightly, settings.organisation.timezone)
    stop.wait()
    scheduler.shutdown(wait=True)
    log.info("stopped")


def _scheduler(settings: Settings, job: Callable[[], None], now: datetime) -> BackgroundScheduler:
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
    scheduler.add_listener(_complain, EVENT_JOB_ERROR | EVENT_JOB_MISSED)
    return scheduler


def _complain(event: JobEvent) -> None:
    error = getattr(event, "exception", None)
    log.error("job %s: %s", event.job_id, error or "missed its time", exc_info=error)


def main(arguments: Sequence[str] | None = None) -> None:
    """The door for `python scheduler.py`; exits with 2 where the settings are wrong."""
    parser = argparse.ArgumentParser(prog="scheduler.py", description="Run calsync every night.")
    parser.add_argument("--config", type=Path, default=Path("calsync.toml"), help="the settings file")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        serve(options.config)
    except CalsyncError as error:
        parser.exit(2, f"{error}\n")
