"""Reads one mailbox by Graph's calendarView: all pages, or an error."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import requests

from calsync.errors import SourceAuthError, SourceContentError
from calsync.http.address_guard import AddressRefusedError
from calsync.http.deadline import Deadline
from calsync.http.errors import REQUEST_ERRORS, TransientError
from calsync.http.limits import RequestLimits
from calsync.model.address_redaction import redact_address
from calsync.model.span import Span
from calsync.sources.base import Calendar
from calsync.sources.m365.access_tokens import TokenRefusedError, TokenUnavailableError
from calsync.sources.m365.connection import ForeignAddressError, GraphAccount
from calsync.sources.m365.errors import graph_error_for_status, is_web_page, sign_in_error, web_page_error
from calsync.sources.m365.events import EVENT_FIELDS
from calsync.sources.m365.options import M365Options

MAX_PAGES = 1000
MAX_REPEATED_PAGES = 20
"""Pages in a row without new events after which reading stops: some empty pages of Graph never end."""

_MAX_WINDOW = timedelta(days=1800)  # Graph refuses a window of more than 1825 days
# All-day events begin at midnight in UTC for Graph, and in the calendar's zone for calsync.
_MARGIN = timedelta(hours=14)
_MAX_ERROR_BYTES = 1 << 16

Page = Mapping[str, Any]


class Mailbox:
    """The requests for one mailbox, under one deadline and one limit of size; for one thread.

    Args:
        account: the connection.
        options: the settings.
        calendar: of the mailbox.
        deadline: running.
        attempts: how often a request is sent at most.

    Raises:
        SourceContentError: the address is no mailbox.
    """

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
        self._limits = RequestLimits(self.where, options, deadline)
        if redact_address(calendar.address) != calendar.address:  # Graph's errors repeat the address
            hint = "give the mailbox's address or its object id"
            raise SourceContentError(self.where, "is no mailbox", hint)
        name = quote(calendar.address.strip(), safe="@")
        self._calendar_view_url = f"{account.protocol.service_url}users/{name}/calendar/calendarView"

    def fetch_events(self, window: Span) -> list[Any]:
        """Every event of the default calendar that overlaps the window, each once, and some close to it.

        Raises:
            SourceError: at least one page cannot be read.
        """
        events: dict[object, Any] = {}
        for start, end in _split_window(window):
            for event in self._iterate_events(start, end):
                events[_event_key(event, len(events))] = event  # the last version of an event counts
        return list(events.values())

    def probe(self) -> Mapping[str, str]:
        """Request one event of a day long past, to check the access; returns the response's headers."""
        params = {
            **_window_parameters(datetime(2000, 1, 3, tzinfo=UTC), datetime(2000, 1, 4, tzinfo=UTC)),
            "$top": "1",
        }
        return self._request(self._calendar_view_url, {**params, "$select": "id"})[1]

    def _iterate_events(self, start: datetime, end: datetime) -> Iterator[Any]:
        fields = (*EVENT_FIELDS, "body") if self._options.agendas else EVENT_FIELDS
        first_params = {
            **_window_parameters(start, end),
            "$top": str(self._options.page_size),
            "$select": ",".join(fields),
        }
        url: str = self._calendar_view_url
        params: Mapping[str, str] | None = first_params
        followed_links: set[str] = set()
        seen_keys: set[object] = set()
        repeated_pages = 0
        while True:
            page, _ = self._request(url, params)
            events = self._events_of_page(page)
            yield from events
            keys = {_event_key(event, n) for n, event in enumerate(events)}
            repeated_pages = 0 if keys - seen_keys else repeated_pages + 1
            seen_keys |= keys
            url, params = self._next_link(page), None
            if not url:
                return
            is_loop = url in followed_links or repeated_pages >= MAX_REPEATED_PAGES
            if is_loop or len(followed_links) >= MAX_PAGES:
                pages = len(followed_links) + 1
                what = f"the pages do not end: stopped after {pages}"
                hint = "the stored meetings stay; a known fault of Graph, try again later"
                raise SourceContentError(self.where, what, hint)
            followed_links.add(url)

    def _events_of_page(self, page: Page) -> list[Any]:
        events = page.get("value")
        if not isinstance(events, list):
            hint = "is there a gateway between this machine and Graph? if it lasts, report it"
            raise SourceContentError(self.where, "the response has no list of events", hint)
        return events

    def _next_link(self, page: Page) -> str:
        link = page.get("@odata.nextLink") or ""
        if not isinstance(link, str):
            raise SourceContentError(self.where, "the link to the next page is no address", "try again later")
        return link

    def _request(self, url: str, params: Mapping[str, str] | None) -> tuple[Page, Mapping[str, str]]:
        """One page and its headers; the request is repeated while the server is busy or out of order."""
        try:
            return self._limits.retry(lambda: self._read_page(url, params), attempts=self._attempts)
        except TransientError as error:
            raise error.error from None

    def _read_page(self, url: str, params: Mapping[str, str] | None) -> tuple[Page, Mapping[str, str]]:
        self._limits.check_time()
        try:
            with self._account.con.get(url, params=params, stream=True) as response:
                body = self._limits.read_body(response)
        except requests.HTTPError as error:
            raise self._error_for_response(error.response) from None
        except ForeignAddressError as error:
            what = f"the link to the next page leads to another server, {error}; the token was not sent there"
            hint = "if that server is right, set graph_root (or cloud)"
            raise SourceContentError(self.where, what, hint) from None
        except AddressRefusedError as error:
            raise SourceAuthError(self.where, error.what, "check cloud and graph_root") from None
        except TokenRefusedError as error:
            raise sign_in_error(self.where, error.answer, self._options) from None
        except TokenUnavailableError as error:
            raise TransientError(web_page_error(self.where, f"sign-in: {error}")) from None
        except REQUEST_ERRORS as error:
            raise self._limits.translate(error) from None
        if response.status_code >= 300:
            raise graph_error_for_status(self.where, response.status_code, response.headers, body)
        return self._parse_page(body), response.headers

    def _parse_page(self, body: bytes) -> Page:
        try:
            page = json.loads(body)
        except (ValueError, RecursionError):
            if is_web_page(body):
                raise web_page_error(self.where, "200 OK") from None
            what = "the response broke off in the middle, or is no JSON"
            error = SourceContentError(self.where, what, "the stored meetings stay; try again later")
            raise TransientError(error) from None
        if not isinstance(page, dict):
            raise SourceContentError(self.where, "the response is no page of events", "try again later")
        return page

    def _error_for_response(self, response: requests.Response) -> Exception:
        """The error of a status of 400 or more, from the beginning of its body."""
        try:
            with response:
                body = next(response.iter_content(_MAX_ERROR_BYTES), b"")
        except REQUEST_ERRORS:
            body = b""
        return graph_error_for_status(self.where, response.status_code, response.headers, body)


def _split_window(window: Span) -> Iterator[tuple[datetime, datetime]]:
    """The window with a margin, in parts that Graph accepts: start and end in UTC."""
    start, last = window.start.astimezone(UTC) - _MARGIN, window.end.astimezone(UTC) + _MARGIN
    while start < last:
        end = min(start + _MAX_WINDOW, last)
        yield start, end
        start = end


def _window_parameters(start: datetime, end: datetime) -> dict[str, str]:
    return {
        name: f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        for name, moment in (("startDateTime", start), ("endDateTime", end))
    }


def _event_key(event: Any, fallback: int) -> object:
    """Graph's id of the event; `fallback`, a unique number, where it has none."""
    event_id = event.get("id") if isinstance(event, Mapping) else None
    return event_id if isinstance(event_id, str) and event_id else fallback
