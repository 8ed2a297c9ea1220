"""Calendars as iCalendar files: on disk, in folders, and published at http, https and webcal addresses."""

from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from calsync.errors import SourceAuthError, SourceContentError, SourceError, SourceUnavailableError
from calsync.model.copies import Cancellation
from calsync.model.problem import Problem, Severity
from calsync.model.shown_address import SCHEMES
from calsync.model.span import Span
from calsync.sources import files
from calsync.sources.addresses import AddressGuard, canonical_host
from calsync.sources.base import Calendar, Fetched
from calsync.sources.errand import Answer, Errand
from calsync.sources.guards import sealed
from calsync.sources.ical.digests import digest_of
from calsync.sources.ical.ledger import Ledger
from calsync.sources.ical.read import READER, read_calendar, unread_events
from calsync.sources.identity import file_names, web_name
from calsync.sources.refusals import UnreachableError
from calsync.sources.tokens import recall, remember, scope_of
from calsync.sources.web import Web
from calsync.sources.web_options import WebOptions

_WEBCAL = ("webcal", "webcals")


class IcsOptions(WebOptions):
    """The settings of an `ics` source. hosts: the only servers it may ask, redirects included; () for any."""

    hosts: tuple[str, ...] = ()

    @property
    def address_guard(self) -> AddressGuard:
        """Only the listed hosts, and of private ones only those that the settings name."""
        return AddressGuard.of(hosts=self.hosts, private=self.private_hosts)


class IcsSource:
    """Reads files, every .ics file of a folder, and published addresses."""

    Options = IcsOptions
    lists_here: ClassVar[bool] = True

    def __init__(self, name: str, options: IcsOptions) -> None:
        self.name = name
        self.options = options
        self._web = Web(options)

    def calendars(self, calendar: Calendar) -> tuple[Calendar, ...]:
        """The calendar itself; for a folder one for each .ics file in it, by name."""
        if _on_the_web(calendar):
            return (calendar,)
        path = files.path_of(calendar, self.options.base)
        if not files.is_folder(path):
            return (calendar,)
        names = files.files_in(calendar, path)
        return tuple(calendar.at(files.address_in(calendar.address, path / name)) for name in names)

    def fetch(self, calendar: Calendar, window: Span, token: str = "") -> Fetched:
        """Give every occurrence that overlaps the window, or say that nothing changed."""
        scope = scope_of(calendar, window, READER)
        held = recall(token, scope)
        if _on_the_web(calendar):
            answer, notes = self._get(calendar, _conditions(held))
            if answer.status == 304:
                return Fetched(unchanged=True, token=token)
            content, marks = answer.body, _validators(answer)
        else:
            path = files.path_of(calendar, self.options.base)
            content, marks, notes = files.read_file(calendar, path, self.options.max_megabytes), {}, ()
        marks["digest"] = digest_of(content)
        if held.get("digest") == marks["digest"]:
            return Fetched(unchanged=True, token=remember(scope, marks | {"ledger": held.get("ledger", "")}))
        ledger = Ledger(held.get("ledger", ""))
        cancellations: list[Cancellation] = []
        unread: set[str] = set()
        occurrences, problems = read_calendar(
            content,
            window,
            zone=calendar.zone,
            owners=calendar.owners,
            where=str(calendar),
            ledger=ledger,
            missing_end=calendar.missing_end,
            cancellations=cancellations,
            unread=unread,
        )
        token = remember(scope, marks | {"ledger": ledger.text})
        return sealed(
            calendar,
            window,
            occurrences,
            (*notes, *problems),
            token,
            ledger.standing,
            unread_events(unread),
            cancellations=cancellations,
        )

    def names_of(self, calendar: Calendar) -> frozenset[str]:
        """The names of a file or address; of a folder its own and those of every file in it."""
        if _on_the_web(calendar):
            return frozenset({web_name(calendar.address)})
        try:
            path = files.path_of(calendar, self.options.base)
            inside = files.files_in(calendar, path) if files.is_folder(path) else ()
        except SourceError:
            return frozenset()  # the reading says what is wrong with it
        return frozenset().union(*map(file_names, (path, *(path / name for name in inside))))

    def is_near(self, calendar: Calendar) -> bool:
        """Whether it is a file or a folder."""
        return not _on_the_web(calendar)

    def close(self) -> None:
        """Let go of connections."""
        self._web.close()

    def _get(self, calendar: Calendar, headers: dict[str, str]) -> tuple[Answer, tuple[Problem, ...]]:
        url = self._allowed(calendar)
        scheme, _, rest = url.partition("://")
        wanted = (200, 304) if headers else (200,)
        with self._web.errand(calendar) as errand:
            if scheme.lower() not in _WEBCAL:
                return errand.require(errand.ask("GET", url, headers=headers), *wanted), ()
            try:
                return errand.require(errand.ask("GET", f"https://{rest}", headers=headers), *wanted), ()
            except UnreachableError as error:
                answer = self._in_clear(errand, rest, headers, error)
                return errand.require(answer, *wanted), (_in_clear_note(calendar),)

    def _in_clear(
        self, errand: Errand, rest: str, headers: dict[str, str], error: UnreachableError
    ) -> Answer:
        """webcal promises no TLS: where there is none, plain http is asked, but never with a password."""
        if self.options.secret or "@" in rest.partition("/")[0]:
            raise error
        try:
            return errand.ask("GET", f"http://{rest}", headers=headers)
        except SourceUnavailableError:
            raise error from None

    def _allowed(self, calendar: Calendar) -> str:
        url = calendar.address.strip()
        try:
            parts = urlsplit(url)
        except ValueError:
            hint = "it starts with https:// and a host"
            raise SourceContentError(str(calendar), "is no address that can be asked", hint) from None
        if not parts.scheme or parts.scheme.lower() not in ("http", "https", *_WEBCAL):
            scheme = parts.scheme if parts.scheme in SCHEMES else "something else than https"
            what = f"addresses that start with {scheme}:// cannot be read"
            raise SourceContentError(str(calendar), what, "give a file, or an http(s) or webcal address")
        if not self._is_listed(parts.hostname or ""):
            what = f"its host is none of the hosts of [sources.{self.name}]"
            raise SourceAuthError(str(calendar), what, "add it to `hosts`, or correct the address")
        return url

    def _is_listed(self, host: str) -> bool:
        listed = self.options.address_guard.hosts
        return not listed or canonical_host(host) in listed


def _on_the_web(calendar: Calendar) -> bool:
    return "://" in calendar.address and not calendar.address.strip().lower().startswith("file://")


def _conditions(held: dict[str, str]) -> dict[str, str]:
    names: dict[str, Any] = {"etag": "If-None-Match", "modified": "If-Modified-Since"}
    return {names[mark]: value for mark, value in held.items() if mark in names}


def _validators(answer: Answer) -> dict[str, str]:
    """ETag and Last-Modified, the latter only if it is strong (RFC 9110, 8.8.2.2).

    A page changed twice within a second keeps its Last-Modified, so a young one proves nothing.
    """
    marks = {"etag": answer.headers.get("ETag", "")}
    modified, now = answer.headers.get("Last-Modified", ""), answer.headers.get("Date", "")
    try:
        settled = parsedate_to_datetime(now) - parsedate_to_datetime(modified) >= timedelta(seconds=60)
    except (ValueError, TypeError):
        return marks
    return {**marks, "modified": modified} if settled else marks


def _in_clear_note(calendar: Calendar) -> Problem:
    what = "was read over plain http: its server speaks no TLS"
    return Problem(str(calendar), what, "ask whoever runs it for an https address", Severity.NOTE)
