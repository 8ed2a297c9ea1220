"""Tries everything a night needs, one calendar of each source, and sends and keeps nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from calsync.config.roster import read_roster
from calsync.config.settings import Settings
from calsync.errors import MailError, SourceError, StoreError
from calsync.mail.transport import FolderTransport
from calsync.model.people import Manager
from calsync.model.problem import Problem
from calsync.model.span import Span
from calsync.nightly.claims import Claims
from calsync.nightly.opening import open_rules, open_sources, open_transport, store_url
from calsync.nightly.plan import calendar_of
from calsync.rules.check import check_rules
from calsync.sources.base import Calendar, Checks, Source
from calsync.store.database import open_store
from calsync.text import count_of


@dataclass(frozen=True, slots=True)
class Tried:
    """One thing that was tried: what it gave, and what is wrong with it."""

    what: str
    gave: str = ""
    problems: tuple[Problem, ...] = ()


def try_all(settings: Settings, today: date) -> Iterator[Tried]:
    """Try managers, rules, store, mail and each source in turn.

    Raises ConfigError where the settings themselves are wrong: with every fault.
    """
    roster = read_roster(settings)
    managers = roster.in_service(today)
    yield Tried(roster.file, count_of(len(managers), "manager"), roster.problems)
    book, problems = open_rules(settings)
    gave = count_of(len(book.partnerships), "partnership")
    yield Tried("rules", gave, (*problems, *check_rules(book)))
    yield _store(settings, today)
    yield _mail(settings)
    with open_sources(settings, managers) as sources:
        claims = Claims(managers, sources, settings, roster)
        if claims.problems:
            yield Tried("calendars and addresses of managers", problems=tuple(claims.problems))
        for name, source in sources.items():
            mine = [one for one in managers if one.source == name and one.id not in claims.held_back]
            if mine:
                yield _source(name, source, mine[0], settings, today)


def _store(settings: Settings, today: date) -> Tried:
    try:
        with open_store(store_url(settings)) as store:
            last = store.runs.last_good(today)
    except StoreError as error:
        return Tried("store", problems=(Problem("[store] url", error.what, error.hint),))
    return Tried("store", f"last good night: {last or 'none yet'}")


def _mail(settings: Settings) -> Tried:
    with open_transport(settings) as transport:
        try:
            transport.check()
        except MailError as error:
            return Tried("mail", problems=(Problem("[mail]", error.what, error.hint),))
        problems = transport.secure_folder() if isinstance(transport, FolderTransport) else ()
    return Tried("mail", f"by {settings.mail.transport}; nothing was sent", problems)


def _source(name: str, source: Source, manager: Manager, settings: Settings, today: date) -> Tried:
    named = calendar_of(manager, settings)
    start = datetime.combine(today - timedelta(days=7), time(0), named.zone)
    problems = source.check(named) if isinstance(source, Checks) else ()
    try:
        count = _count(source, named, Span(start, start + timedelta(days=14)))
    except SourceError as error:
        told = Problem(str(named), error.what, error.hint)
        return Tried(f"source {name}", problems=tuple(dict.fromkeys((*problems, told))))
    return Tried(f"source {name}", f"{named}: {count_of(count, 'meeting')} in these two weeks", problems)


def _count(source: Source, named: Calendar, window: Span) -> int:
    return sum(len(source.fetch(calendar, window).occurrences) for calendar in source.calendars(named))
