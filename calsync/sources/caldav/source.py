"""The source of type `caldav`: calendars on servers such as Radicale, Nextcloud, SOGo, Xandikos and Cyrus.

A calendar that did not change takes one request. A changed one is read completely, because the occurrences of
each resource are not stored. Recurrence is expanded by calsync, not by the server.
"""

from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import field_validator

from calsync.errors import SourceContentError, SourceError, SourceUnavailableError
from calsync.http.address_guard import AddressGuard
from calsync.http.client import ClientPool
from calsync.http.credentials import Origin
from calsync.http.errors import status_text
from calsync.http.options import WebOptions
from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.sources.base import Calendar, FetchResult, SourceOptions
from calsync.sources.caldav.client import STATUS_MISSING, CaldavClient
from calsync.sources.caldav.homes import find_collections, resolve_address
from calsync.sources.caldav.multistatus import CALDAV_NS, Listing, Resource, StaleTokenError
from calsync.sources.caldav.resources import UidsByResource, read_texts, resource_label
from calsync.sources.guards import build_result
from calsync.sources.ical.read import READER_VERSION
from calsync.sources.identity import web_identity_key
from calsync.sources.tokens import build_token_key, decode_token, decode_uids, encode_token, encode_uids
from calsync.text import format_count


class CaldavOptions(WebOptions, SourceOptions):
    """The settings of a `caldav` source.

    Attributes:
        url: the start of addresses; relative addresses are below it.
        skip: collections that are not read, by display name or last part of the path.
    """

    url: str
    skip: tuple[str, ...] = ("contact_birthdays",)

    @field_validator("url")
    @classmethod
    def _validate_url(cls, url: str) -> str:
        Origin.of(url)
        if "@" in urlsplit(url).netloc:
            raise ValueError("must not contain user and password; give username and password_env")
        return url if url.endswith("/") else f"{url}/"

    @property
    def address_guard(self) -> AddressGuard:
        """Allows the host of `url`, which the operator chose, even if it is private."""
        return AddressGuard.of(private=(*self.private_hosts, Origin.of(self.url).host))


class CaldavSource:
    """Reads the calendars of one CalDAV server, with one account for many users or one for each."""

    Options = CaldavOptions
    identifies_offline: ClassVar[bool] = False

    def __init__(self, name: str, options: CaldavOptions) -> None:
        self.name = name
        self.options = options
        self._http = ClientPool(options)
        self._skipped_problems: dict[Calendar, tuple[Problem, ...]] = {}

    def calendars(self, calendar: Calendar) -> tuple[Calendar, ...]:
        """The collection itself, or the calendars of a principal, a home, or the account that logs in."""
        url = resolve_address(self.options.url, calendar)
        with self._http.client_for(str(calendar)) as client:
            own_paths, shared_names = find_collections(
                CaldavClient(client), url, self.options.skip, use_own_principal=not calendar.address.strip()
            )
        calendars = tuple(calendar if path is None else calendar.with_address(path) for path in own_paths)
        if calendars and shared_names:
            # Reported by the fetch of the first calendar.
            self._skipped_problems[calendars[0]] = tuple(
                _shared_calendar_note(calendar, name) for name in shared_names
            )
        return calendars

    def fetch(self, calendar: Calendar, window: Span, token: str = "") -> FetchResult:
        """Read every occurrence that overlaps the window, or find that nothing changed.

        The token has marks only if every resource was read; otherwise the next fetch reads all of them again.
        """
        url = resolve_address(self.options.url, calendar)
        token_key = build_token_key(calendar, window, READER_VERSION)
        previous_marks, previous_uids = decode_token(token, token_key), decode_uids(token)
        with self._http.client_for(str(calendar)) as client:
            dav = CaldavClient(client)
            if _is_unchanged_since(dav, url, previous_marks.get("sync", "")):
                return FetchResult(unchanged=True, token=token)
            listing = dav.list_resources(url)
            marks = {"sync": listing.token, "listing": listing.digest}
            if listing.digest and listing.digest == previous_marks.get("listing"):
                sorted_uids = {
                    name: None if uids is None else sorted(uids) for name, uids in previous_uids.items()
                }
                return FetchResult(
                    unchanged=True, token=encode_uids(encode_token(token_key, marks), sorted_uids)
                )
            texts, unread, notes = _read_resources(dav, url, listing, calendar)
        reading = read_texts(texts, window, calendar)
        unread |= reading.unread
        if unread and not reading.uids:
            raise _nothing_readable_error(calendar, list(unread.values()))
        uids = UidsByResource(previous_uids, listing.hrefs, reading.uids, listing.unnamed > 0)
        new_token = encode_token(token_key, {} if unread or listing.unnamed else marks)
        problems = (
            *self._skipped_problems.get(calendar, ()),
            *unread.values(),
            *_unnamed_entries_problem(calendar, listing),
            *notes,
            *reading.problems,
        )
        return build_result(
            calendar,
            window,
            reading.occurrences,
            problems,
            encode_uids(new_token, uids.to_token_uids()),
            unread=uids.to_unread(reading.unread_uids),
            cancellations=reading.cancellations,
        )

    def identity_keys(self, calendar: Calendar) -> frozenset[str]:
        """The key of a collection, home or user; the calendars of a home are not among them."""
        try:
            return frozenset({web_identity_key(resolve_address(self.options.url, calendar))})
        except SourceError:
            return frozenset()  # `fetch` reports what is wrong with it

    def close(self) -> None:
        """Close every connection."""
        self._http.close()


def _is_unchanged_since(dav: CaldavClient, url: str, sync_token: str) -> bool:
    """Whether the server reports that nothing changed; False if it rejects the token.

    A report without a token is invalid (RFC 6578, 3.4), so it does not count.
    """
    if not sync_token:
        return False
    try:
        changes = dav.fetch_changes(url, sync_token)
        return changes.is_empty and bool(changes.token)
    except (StaleTokenError, SourceUnavailableError):
        # Some servers fail at a token that they no longer know. If it is down, the listing fails, too.
        return False


def _read_resources(
    dav: CaldavClient, url: str, listing: Listing, calendar: Calendar
) -> tuple[dict[str, str], dict[str, Problem], list[Problem]]:
    """Read all resources; returns texts by path, problems of undelivered resources by path, and notes."""
    texts: dict[str, str] = {}
    unread: dict[str, Problem] = {}
    notes: list[Problem] = []
    for path, resource in dav.read_resources(url, listing.hrefs):
        if text := resource.text(f"{CALDAV_NS}calendar-data"):
            texts[path] = text
        else:
            unread[path] = _undelivered_problem(calendar, path, resource)
        if text and resource.is_repaired:
            notes.append(_repaired_note(calendar, path))
    return texts, unread, notes


def _nothing_readable_error(calendar: Calendar, problems: list[Problem]) -> SourceContentError:
    """The error of a calendar of which nothing can be read: it is not empty."""
    what = f"none of its {format_count(len(problems), 'meeting')} can be read; the first {problems[0].what}"
    return SourceContentError(str(calendar), what, problems[0].hint)


def _shared_calendar_note(calendar: Calendar, name: str) -> Problem:
    what = f"the calendar {name!r} was left out: somebody else shares it with this user"
    return Problem(str(calendar), what, "give its address to have it read", Severity.NOTE)


def _undelivered_problem(calendar: Calendar, path: str, resource: Resource) -> Problem:
    status = resource.status_of(f"{CALDAV_NS}calendar-data")
    if resource.is_broken:
        reason = "its XML is broken"
    elif resource.status == STATUS_MISSING:
        reason = "left out of the response"
    else:
        reason = status_text(status) if status >= 300 else "without content"
    what = f"is listed, but the server did not send it: {reason}; its stored meetings stay"
    hint = "may this account read it, and does a calendar program show it? it is requested again every night"
    return Problem(resource_label(calendar, path), what, hint)


def _repaired_note(calendar: Calendar, path: str) -> Problem:
    what = "was read without characters that XML forbids or that are no UTF-8"
    return Problem(resource_label(calendar, path), what, "save the meeting again", Severity.NOTE)


def _unnamed_entries_problem(calendar: Calendar, listing: Listing) -> list[Problem]:
    if not listing.unnamed:
        return []
    what = f"the server's list has entries without a readable address: {listing.unnamed}; nothing was removed"
    return [Problem(str(calendar), what, "report it to whoever runs the server")]
