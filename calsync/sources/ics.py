"""The source of type `ics`: iCalendar files on disk, in folders, and at http, https and webcal addresses."""

from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from calsync.errors import SourceAuthError, SourceContentError, SourceError, SourceUnavailableError
from calsync.http.address_guard import AddressGuard, canonical_host
from calsync.http.client import Client, ClientPool, HttpResponse
from calsync.http.errors import UnreachableError, invalid_address_error
from calsync.http.options import WebOptions
from calsync.model.address_redaction import KNOWN_SCHEMES
from calsync.model.copies import Cancellation
from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.sources import files
from calsync.sources.base import Calendar, FetchResult, SourceOptions
from calsync.sources.guards import build_result
from calsync.sources.ical.digests import calendar_digest
from calsync.sources.ical.read import READER_VERSION, read_calendar, unread_parts_of_events
from calsync.sources.ical.uid_digests import UidDigests
from calsync.sources.identity import file_identity_keys, web_identity_key
from calsync.sources.tokens import build_token_key, decode_token, encode_token

_WEBCAL_SCHEMES = ("webcal", "webcals")


class IcsOptions(WebOptions, SourceOptions):
    """The settings of an `ics` source.

    Attributes:
        hosts: the only servers that it may contact, redirects included; () for any.
    """

    hosts: tuple[str, ...] = ()

    @property
    def address_guard(self) -> AddressGuard:
        """Allows the listed hosts only, and of private ones those that the settings name."""
        return AddressGuard.of(hosts=self.hosts, private=self.private_hosts)


class IcsSource:
    """Reads files, every .ics file of a folder, and published addresses."""

    Options = IcsOptions
    identifies_offline: ClassVar[bool] = True

    def __init__(self, name: str, options: IcsOptions) -> None:
        self.name = name
        self.options = options
        self._http = ClientPool(options)

    def calendars(self, calendar: Calendar) -> tuple[Calendar, ...]:
        """The calendar itself; for a folder one calendar for each .ics file in it, by name."""
        if _is_web_address(calendar):
            return (calendar,)
        path = files.calendar_path(calendar, self.options.base_folder)
        if not files.is_folder(path):
            return (calendar,)
        names = files.list_ics_files(calendar, path)
        return tuple(
            calendar.with_address(files.file_address(calendar.address, path / name)) for name in names
        )

    def fetch(self, calendar: Calendar, window: Span, token: str = "") -> FetchResult:
        """Read every occurrence that overlaps the window, or find that nothing changed."""
        token_key = build_token_key(calendar, window, READER_VERSION)
        previous_marks = decode_token(token, token_key)
        if _is_web_address(calendar):
            response, notes = self._get(calendar, _conditional_headers(previous_marks))
            if response.status == 304:
                return FetchResult(unchanged=True, token=token)
            content, marks = response.body, _response_validators(response)
        else:
            path = files.calendar_path(calendar, self.options.base_folder)
            content, marks, notes = files.read_file(calendar, path, self.options.max_megabytes), {}, ()
        marks["digest"] = calendar_digest(content)
        if previous_marks.get("digest") == marks["digest"]:
            return FetchResult(
                unchanged=True,
                token=encode_token(token_key, marks | {"ledger": previous_marks.get("ledger", "")}),
            )
        uid_digests = UidDigests(previous_marks.get("ledger", ""))
        cancellations: list[Cancellation] = []
        unread: set[str] = set()
        occurrences, problems = read_calendar(
            content,
            window,
            zone=calendar.zone,
            owners=calendar.owners,
            where=str(calendar),
            uid_digests=uid_digests,
            missing_end=calendar.missing_end,
            cancellations=cancellations,
            unread=unread,
        )
        token = encode_token(token_key, marks | {"ledger": uid_digests.text})
        return build_result(
            calendar,
            window,
            occurrences,
            (*notes, *problems),
            token,
            uid_digests.unchanged,
            unread_parts_of_events(unread),
            cancellations=cancellations,
        )

    def identity_keys(self, calendar: Calendar) -> frozenset[str]:
        """The keys of a file or address; for a folder its own and those of every file in it."""
        if _is_web_address(calendar):
            return frozenset({web_identity_key(calendar.address)})
        try:
            path = files.calendar_path(calendar, self.options.base_folder)
            names = files.list_ics_files(calendar, path) if files.is_folder(path) else ()
        except SourceError:
            return frozenset()  # `fetch` reports what is wrong with it
        return frozenset().union(*map(file_identity_keys, (path, *(path / name for name in names))))

    def is_local(self, calendar: Calendar) -> bool:
        """Whether it is a file or a folder."""
        return not _is_web_address(calendar)

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def _get(self, calendar: Calendar, headers: dict[str, str]) -> tuple[HttpResponse, tuple[Problem, ...]]:
        url = self._allowed_url(calendar)
        scheme, _, rest = url.partition("://")
        statuses = (200, 304) if headers else (200,)
        with self._http.client_for(str(calendar)) as client:
            if scheme.lower() not in _WEBCAL_SCHEMES:
                return client.require_status(client.request("GET", url, headers=headers), *statuses), ()
            try:
                response = client.request("GET", f"https://{rest}", headers=headers)
            except UnreachableError as error:
                response = self._get_in_clear(client, rest, headers, error)
                return client.require_status(response, *statuses), (_plain_http_note(calendar),)
            return client.require_status(response, *statuses), ()

    def _get_in_clear(
        self, client: Client, rest: str, headers: dict[str, str], error: UnreachableError
    ) -> HttpResponse:
        """Request a webcal address over http, as its server may have no TLS; never with a password."""
        if self.options.secret or "@" in rest.partition("/")[0]:
            raise error
        try:
            return client.request("GET", f"http://{rest}", headers=headers)
        except SourceUnavailableError:
            raise error from None

    def _allowed_url(self, calendar: Calendar) -> str:
        url = calendar.address.strip()
        try:
            parts = urlsplit(url)
        except ValueError:
            raise invalid_address_error(str(calendar), "it starts with https:// and a host") from None
        if not parts.scheme or parts.scheme.lower() not in ("http", "https", *_WEBCAL_SCHEMES):
            scheme = parts.scheme if parts.scheme in KNOWN_SCHEMES else "something other than https"
            what = f"addresses that start with {scheme}:// cannot be read"
            raise SourceContentError(str(calendar), what, "give a file, or an http(s) or webcal address")
        if not self._is_allowed_host(parts.hostname or ""):
            what = f"its host is none of the hosts of [sources.{self.name}]"
            raise SourceAuthError(str(calendar), what, "add it to `hosts`, or correct the address")
        return url

    def _is_allowed_host(self, host: str) -> bool:
        listed = self.options.address_guard.hosts
        return not listed or canonical_host(host) in listed


def _is_web_address(calendar: Calendar) -> bool:
    return "://" in calendar.address and not calendar.address.strip().lower().startswith("file://")


def _conditional_headers(previous_marks: dict[str, str]) -> dict[str, str]:
    names: dict[str, Any] = {"etag": "If-None-Match", "modified": "If-Modified-Since"}
    return {names[mark]: value for mark, value in previous_marks.items() if mark in names}


def _response_validators(response: HttpResponse) -> dict[str, str]:
    """ETag and Last-Modified, the latter only if it is strong (RFC 9110, 8.8.2.2).

    A page that changes twice within a second has the same Last-Modified, so a recent one proves nothing.
    """
    marks = {"etag": response.headers.get("ETag", "")}
    modified, now = response.headers.get("Last-Modified", ""), response.headers.get("Date", "")
    try:
        is_strong = parsedate_to_datetime(now) - parsedate_to_datetime(modified) >= timedelta(seconds=60)
    except (ValueError, TypeError):
        return marks
    return {**marks, "modified": modified} if is_strong else marks


def _plain_http_note(calendar: Calendar) -> Problem:
    what = "was read over plain http: its server does not use TLS"
    return Problem(str(calendar), what, "ask whoever runs it for an https address", Severity.NOTE)
