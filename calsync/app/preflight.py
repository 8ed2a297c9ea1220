"""Tries everything that a night needs, without storing or sending anything; `calsync check` calls it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from calsync.app.ownership import CalendarOwnership
from calsync.app.plan import calendar_of
from calsync.app.wiring import open_rules, open_sources, open_transport, store_url
from calsync.config.roster import read_roster
from calsync.config.settings import Settings
from calsync.errors import MailError, SourceError, StoreError
from calsync.mail.transport import FolderTransport
from calsync.model.people import Manager
from calsync.model.problem import Problem
from calsync.model.span import Span
from calsync.rules.authoring.check import check_rules
from calsync.sources.base import CheckableSource, Source
from calsync.store.database import open_store
from calsync.text import format_count


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One thing that was tried: its outcome in words, and what is wrong with it."""

    subject: str
    outcome: str = ""
    problems: tuple[Problem, ...] = ()


def run_preflight(settings: Settings, today: date) -> Iterator[CheckResult]:
    """Try managers, rules, store, mail and one calendar of each source; yield each result when it is there.

    Raises:
        ConfigError: The settings themselves are wrong; it names every fault.
    """
    roster = read_roster(settings)
    managers = roster.in_service(today)
    yield CheckResult(roster.file, format_count(len(managers), "manager"), roster.problems)
    book, problems = open_rules(settings)
    outcome = format_count(len(book.partnerships), "partnership")
    yield CheckResult("rules", outcome, (*problems, *check_rules(book)))
    yield _check_store(settings, today)
    yield _check_mail(settings)
    with open_sources(settings, managers) as sources:
        ownership = CalendarOwnership(managers, sources, settings, roster)
        if ownership.problems:
            yield CheckResult("calendars and addresses of managers", problems=tuple(ownership.problems))
        for name, source in sources.items():
            source_managers = [
                manager
                for manager in managers
                if manager.source == name and manager.id not in ownership.held_back
            ]
            if source_managers:
                yield _check_source(name, source, source_managers[0], settings, today)


def _check_store(settings: Settings, today: date) -> CheckResult:
    try:
        with open_store(store_url(settings)) as store:
            last = store.runs.last_good(today)
    except StoreError as error:
        return CheckResult("store", problems=(Problem("[store] url", error.what, error.hint),))
    return CheckResult("store", f"last good night: {last or 'none yet'}")


def _check_mail(settings: Settings) -> CheckResult:
    with open_transport(settings) as transport:
        try:
            transport.check()
        except MailError as error:
            return CheckResult("mail", problems=(Problem("[mail]", error.what, error.hint),))
        problems = transport.secure_folder() if isinstance(transport, FolderTransport) else ()
    return CheckResult("mail", f"by {settings.mail.transport}; nothing was sent", problems)


def _check_source(
    name: str, source: Source, manager: Manager, settings: Settings, today: date
) -> CheckResult:
    address = calendar_of(manager, settings)
    start = datetime.combine(today - timedelta(days=7), time(0), address.zone)
    window = Span(start, start + timedelta(days=14))
    problems = source.check(address) if isinstance(source, CheckableSource) else ()
    try:
        calendars = source.calendars(address)
        count = sum(len(source.fetch(calendar, window).occurrences) for calendar in calendars)
    except SourceError as error:
        error_problem = Problem(str(address), error.what, error.hint)
        return CheckResult(f"source {name}", problems=tuple(dict.fromkeys((*problems, error_problem))))
    return CheckResult(
        f"source {name}", f"{address}: {format_count(count, 'meeting')} in these two weeks", problems
    )
