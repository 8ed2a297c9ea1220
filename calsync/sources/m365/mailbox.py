"""Everything asked about one mailbox: its pages, one after another, whole or not at all."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import requests
import stamina
import urllib3

from calsync.errors import SourceAuthError, SourceContentError
from calsync.model.shown_address import shown_address
from calsync.model.span import Span
from calsync.sources.addresses import AddressRefusedError
from calsync.sources.base import Calendar
from calsync.sources.deadline import Deadline
from calsync.sources.m365.access import TokenRefusedError, TokenUnavailableError
from calsync.sources.m365.connection import ForeignAddressError, GraphAccount
from calsync.sources.m365.events import FIELDS
from calsync.sources.m365.options import M365Options
from calsync.sources.m365.refusals import graph_refusal, looks_like_html, sign_in_refusal, someone_else
from calsync.sources.refusals import TransientError, retold, too_large, too_late, wait_before

MOST_PAGES = 1000
MOST_BARREN = 20
"""Pages in a row that bring nothing new: Graph sends empty pages now and then, and some never end."""

_LONGEST = timedelta(days=1800)  # Graph refuses a window of more than 1825 days
_MARGIN = timedelta(hours=14)  # all-day events lie by UTC there, by the calendar's own zone here
_CHUNK = 1 << 16
_ERROR_BYTES = 1 << 16

Page = Mapping[str, Any]


class Mailbox:
    """The questions to one mailbox, under one deadline and one limit of size."""

    def __init__(
        self,
        account: GraphAccount,
        options: M365Options,
        calendar: Calendar,
        deadline: Deadline,
        attempts: int,
    ) -> None:
        self.where = str(calendar)
        self._attempts = attempts
        self._account = account
        self._options = options
        self._deadline = deadline
        self._bytes_left = int(options.max_megabytes * 1_000_000)
        if shown_address(calendar.address) != calendar.address:  # Graph's errors repeat what was asked for
            hint = "give the mailbox's address or its object id"
            raise SourceContentError(self.where, "is no mailbox", hint)
        name = quote(calendar.address.strip(), safe="@")
        self._view = f"{account.protocol.service_url}users/{name}/calendar/calendarView"

    def events(self, window: Span) -> list[Any]:
        """Every event of the default calendar that overlaps the window, each once; raises SourceError."""
        found: dict[object, Any] = {}
        for start, end in _stretches(window):
            for event in self._pages(start, end):
                found[_identity(event, len(found))] = event  # the last version of an event counts
        return list(found.values())

    def probe(self) -> Mapping[str, str]:
        """Ask for one event of a day long past, to see that we may; gives the answer's headers."""
        params = {**_bounds(datetime(2000, 1, 3, tzinfo=UTC), datetime(2000, 1, 4, tzinfo=UTC)), "$top": "1"}
        return self._ask(self._view, {**params, "$select": "id"})[1]

    def _pages(self, start: datetime, end: datetime) -> Iterator[Any]:
        fields = (*FIELDS, "body") if self._options.agendas else FIELDS
        asked = {**_bounds(start, end), "$top": str(self._options.page_size), "$select": ",".join(fields)}
        url: str = self._view
        params: Mapping[str, str] | None = asked
        links: set[str] = set()
        seen: set[object] = set()
        barren = 0
        while True:
            page, _ = self._ask(url, params)
            events = self._value(page)
            yield from events
            names = {_identity(event, n) for n, event in enumerate(events)}
            barren = 0 if names - seen else barren + 1
            seen |= names
            url, params = self._next(page), None
            if not url:
                return
            if url in links or barren >= MOST_BARREN or len(links) >= MOST_PAGES:
                raise self._endless(len(links) + 1)
            links.add(url)

    def _value(self, page: Page) -> list[Any]:
        events = page.get("value")
        if not isinstance(events, list):
            hint = "does a gateway stand between us and Graph? if it lasts, report it"
            raise SourceContentError(self.where, "the answer holds no list of events", hint)
        return events

    def _next(self, page: Page) -> str:
        link = page.get("@odata.nextLink") or ""
        if not isinstance(link, str):
            raise SourceContentError(self.where, "the link to the next page is no address", "try again later")
        return link

    def _endless(self, pages: int) -> SourceContentError:
        what = f"the pages do not end: stopped after {pages}"
        return SourceContentError(
            self.where, what, "what we hold is kept; a known fault of Graph, try again later"
        )

    def _ask(self, url: str, params: Mapping[str, str] | None) -> tuple[Page, Mapping[str, str]]:
        """One page; a busy or broken server is asked again."""
        tries = stamina.retry_context(
            on=lambda error: wait_before(error, self._deadline.left),
            attempts=self._attempts,
            timeout=self._deadline.left,
            wait_initial=0.5,
            wait_max=20.0,
        )
        try:
            for attempt in tries:
                with attempt:
                    return self._once(url, params)
        except TransientError as error:
            raise error.told from None
        raise AssertionError("stamina ends with an answer or an error")

    def _once(self, url: str, params: Mapping[str, str] | None) -> tuple[Page, Mapping[str, str]]:
        if self._deadline.passed:
            raise too_late(self.where, self._deadline.seconds)
        try:
            with self._account.con.get(url, params=params, stream=True) as response:
                body = self._read(response)
        except requests.HTTPError as error:
            raise self._refusal(error.response) from None
        except ForeignAddressError as error:
            raise self._foreign(error) from None
        except AddressRefusedError as error:
            raise SourceAuthError(self.where, error.what, "check cloud and graph_root") from None
        except (TokenRefusedError, TokenUnavailableError) as error:
            raise self._tokenless(error) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if self._deadline.passed:
                raise too_late(self.where, self._deadline.seconds) from None
            raise retold(self.where, error, self._options.read_seconds) from None
        if response.status_code >= 300:
            raise graph_refusal(self.where, response.status_code, response.headers, body)
        return self._parsed(body), response.headers

    def _read(self, response: requests.Response) -> bytes:
        parts: list[bytes] = []
        for part in response.iter_content(_CHUNK):
            self._bytes_left -= len(part)
            if self._bytes_left < 0:
                raise too_large(self.where, self._options.max_megabytes)
            parts.append(part)
        if self._deadline.passed:  # a connection shut down can look like the end of a page
            raise too_late(self.where, self._deadline.seconds)
        return b"".join(parts)

    def _parsed(self, body: bytes) -> Page:
        try:
            page = json.loads(body)
        except (ValueError, RecursionError):
            if looks_like_html(body):
                raise someone_else(self.where, "200 OK") from None
            what = "the answer broke off in the middle, or is no JSON"
            told = SourceContentError(self.where, what, "what we hold is kept; try again later")
            raise TransientError(told) from None
        if not isinstance(page, dict):
            raise SourceContentError(self.where, "the answer is no page of events", "try again later")
        return page

    def _refusal(self, response: requests.Response) -> Exception:
        try:
            with response:
                body = next(response.iter_content(_ERROR_BYTES), b"")
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError):
            body = b""
        return graph_refusal(self.where, response.status_code, response.headers, body)

    def _foreign(self, error: ForeignAddressError) -> SourceContentError:
        what = f"the next page is said to lie on another server, {error}; our token was not sent there"
        return SourceContentError(self.where, what, "if that server is right, set graph_root (or cloud)")

    def _tokenless(self, error: Exception) -> Exception:
        if isinstance(error, TokenRefusedError):
            return sign_in_refusal(self.where, error.said, self._options)
        return TransientError(someone_else(self.where, f"sign-in: {error}"))


def _stretches(window: Span) -> Iterator[tuple[datetime, datetime]]:
    start, last = _widened(window.start, -_MARGIN), _widened(window.end, _MARGIN)
    while start < last:
        end = min(start + _LONGEST, last)
        yield start, end
        start = end


def _widened(moment: datetime, by: timedelta) -> datetime:
    return moment.astimezone(UTC) + by


def _bounds(start: datetime, end: datetime) -> dict[str, str]:
    return {
        name: f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        for name, moment in (("startDateTime", start), ("endDateTime", end))
    }


def _identity(event: Any, otherwise: int) -> object:
    """Graph's own id of the event; what has none is never taken for another."""
    name = event.get("id") if isinstance(event, Mapping) else None
    return name if isinstance(name, str) and name else otherwise
