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
from calsync.model.address_redaction import redact_address
from calsync.model.span import Span
from calsync.sources.addresses import AddressRefusedError
from calsync.sources.base import Calendar
from calsync.sources.deadline import Deadline
from calsync.sources.m365.access_tokens import TokenRefusedError, TokenUnavailableError
from calsync.sources.m365.connection import ForeignAddressError, GraphAccount
from calsync.sources.m365.events import EVENT_FIELDS
from calsync.sources.m365.options import M365Options
from calsync.sources.m365.refusals import graph_refusal, looks_like_html, sign_in_refusal, someone_else
from calsync.sources.refusals import TransientError, retold, too_large, too_late, wait_before

MAX_PAGES = 1000
MAX_REPEATED_PAGES = 20
"""Pages in a row that bring nothing new: Graph sends empty pages now and then, and some never end."""

_MAX_WINDOW = timedelta(days=1800)  # Graph refuses a window of more than 1825 days
_MARGIN = timedelta(hours=14)  # all-day events lie by UTC there, by the calendar's own zone here
_CHUNK_BYTES = 1 << 16
_MAX_ERROR_BYTES = 1 << 16

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
        if redact_address(calendar.address) != calendar.address:  # Graph's errors repeat what was asked for
            hint = "give the mailbox's address or its object id"
            raise SourceContentError(self.where, "is no mailbox", hint)
        name = quote(calendar.address.strip(), safe="@")
        self._calendar_view_url = f"{account.protocol.service_url}users/{name}/calendar/calendarView"

    def fetch_events(self, window: Span) -> list[Any]:
        """Every event of the default calendar that overlaps the window, each once; raises SourceError."""
        found: dict[object, Any] = {}
        for start, end in _split_window(window):
            for event in self._iterate_events(start, end):
                found[_event_key(event, len(found))] = event  # the last version of an event counts
        return list(found.values())

    def probe(self) -> Mapping[str, str]:
        """Ask for one event of a day long past, to see that we may; gives the answer's headers."""
        params = {
            **_window_parameters(datetime(2000, 1, 3, tzinfo=UTC), datetime(2000, 1, 4, tzinfo=UTC)),
            "$top": "1",
        }
        return self._fetch_page(self._calendar_view_url, {**params, "$select": "id"})[1]

    def _iterate_events(self, start: datetime, end: datetime) -> Iterator[Any]:
        fields = (*EVENT_FIELDS, "body") if self._options.agendas else EVENT_FIELDS
        parameters = {
            **_window_parameters(start, end),
            "$top": str(self._options.page_size),
            "$select": ",".join(fields),
        }
        url: str = self._calendar_view_url
        params: Mapping[str, str] | None = parameters
        links: set[str] = set()
        seen: set[object] = set()
        repeated_pages = 0
        while True:
            page, _ = self._fetch_page(url, params)
            events = self._events_of_page(page)
            yield from events
            names = {_event_key(event, n) for n, event in enumerate(events)}
            repeated_pages = 0 if names - seen else repeated_pages + 1
            seen |= names
            url, params = self._next_link(page), None
            if not url:
                return
            if url in links or repeated_pages >= MAX_REPEATED_PAGES or len(links) >= MAX_PAGES:
                raise self._endless_paging_error(len(links) + 1)
            links.add(url)

    def _events_of_page(self, page: Page) -> list[Any]:
        events = page.get("value")
        if not isinstance(events, list):
            hint = "does a gateway stand between us and Graph? if it lasts, report it"
            raise SourceContentError(self.where, "the answer holds no list of events", hint)
        return events

    def _next_link(self, page: Page) -> str:
        link = page.get("@odata.nextLink") or ""
        if not isinstance(link, str):
            raise SourceContentError(self.where, "the link to the next page is no address", "try again later")
        return link

    def _endless_paging_error(self, pages: int) -> SourceContentError:
        what = f"the pages do not end: stopped after {pages}"
        return SourceContentError(
            self.where, what, "what we hold is kept; a known fault of Graph, try again later"
        )

    def _fetch_page(self, url: str, params: Mapping[str, str] | None) -> tuple[Page, Mapping[str, str]]:
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
                    return self._fetch_page_once(url, params)
        except TransientError as error:
            raise error.told from None
        raise AssertionError("stamina ends with an answer or an error")

    def _fetch_page_once(self, url: str, params: Mapping[str, str] | None) -> tuple[Page, Mapping[str, str]]:
        if self._deadline.passed:
            raise too_late(self.where, self._deadline.seconds)
        try:
            with self._account.con.get(url, params=params, stream=True) as response:
                body = self._read_body(response)
        except requests.HTTPError as error:
            raise self._error_for_response(error.response) from None
        except ForeignAddressError as error:
            raise self._foreign_server_error(error) from None
        except AddressRefusedError as error:
            raise SourceAuthError(self.where, error.what, "check cloud and graph_root") from None
        except (TokenRefusedError, TokenUnavailableError) as error:
            raise self._sign_in_error(error) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if self._deadline.passed:
                raise too_late(self.where, self._deadline.seconds) from None
            raise retold(self.where, error, self._options.read_seconds) from None
        if response.status_code >= 300:
            raise graph_refusal(self.where, response.status_code, response.headers, body)
        return self._parse_page(body), response.headers

    def _read_body(self, response: requests.Response) -> bytes:
        parts: list[bytes] = []
        for part in response.iter_content(_CHUNK_BYTES):
            self._bytes_left -= len(part)
            if self._bytes_left < 0:
                raise too_large(self.where, self._options.max_megabytes)
            parts.append(part)
        if self._deadline.passed:  # a connection shut down can look like the end of a page
            raise too_late(self.where, self._deadline.seconds)
        return b"".join(parts)

    def _parse_page(self, body: bytes) -> Page:
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

    def _error_for_response(self, response: requests.Response) -> Exception:
        try:
            with response:
                body = next(response.iter_content(_MAX_ERROR_BYTES), b"")
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError):
            body = b""
        return graph_refusal(self.where, response.status_code, response.headers, body)

    def _foreign_server_error(self, error: ForeignAddressError) -> SourceContentError:
        what = f"the next page is said to lie on another server, {error}; our token was not sent there"
        return SourceContentError(self.where, what, "if that server is right, set graph_root (or cloud)")

    def _sign_in_error(self, error: Exception) -> Exception:
        if isinstance(error, TokenRefusedError):
            return sign_in_refusal(self.where, error.answer, self._options)
        return TransientError(someone_else(self.where, f"sign-in: {error}"))


def _split_window(window: Span) -> Iterator[tuple[datetime, datetime]]:
    start, last = _widened(window.start, -_MARGIN), _widened(window.end, _MARGIN)
    while start < last:
        end = min(start + _MAX_WINDOW, last)
        yield start, end
        start = end


def _widened(moment: datetime, by: timedelta) -> datetime:
    return moment.astimezone(UTC) + by


def _window_parameters(start: datetime, end: datetime) -> dict[str, str]:
    return {
        name: f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        for name, moment in (("startDateTime", start), ("endDateTime", end))
    }


def _event_key(event: Any, otherwise: int) -> object:
    """Graph's own id of the event; what has none is never taken for another."""
    name = event.get("id") if isinstance(event, Mapping) else None
    return name if isinstance(name, str) and name else otherwise
