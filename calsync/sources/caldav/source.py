"""Calendars on CalDAV servers: Radicale, Nextcloud, SOGo, Xandikos, Cyrus and their kin.

A calendar that did not change costs one request. One that did is read whole: what a resource meant
last night is not kept, so there is nothing to patch. Expansion is ours, not the server's.
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

    url: where addresses start; one below it may be relative. skip: collections that nobody reads,
    by display name or last part of the path.
    """

    url: str
    skip: tuple[str, ...] = ("contact_birthdays",)

    @field_validator("url")
    @classmethod
    def _validate_url(cls, url: str) -> str:
        Origin.of(url)
        if "@" in urlsplit(url).netloc:
            raise ValueError("an address without user and password is wanted; give username and password_env")
        return url if url.endswith("/") else f"{url}/"

    @property
    def address_guard(self) -> AddressGuard:
        """Also the host of `url`, wherever it is: the operator named it."""
        return AddressGuard.of(private=(*self.private_hosts, Origin.of(self.url).host))


class CaldavSource:
    """Reads the calendars of one CalDAV server, of many users with one account or of one user each."""

    Options = CaldavOptions
    identifies_offline: ClassVar[bool] = False

    def __init__(self, name: str, options: CaldavOptions) -> None:
        self.name = name
        self.options = options
        self._http = ClientPool(options)
        self._skipped_problems: dict[Calendar, tuple[Problem, ...]] = {}

    def calendars(self, calendar: Calendar) -> tuple[Calendar, ...]:
        """The collection itself, or the calendars of a user: of a principal, a home, or our own login."""
        url = resolve_address(self.options.url, calendar)
        with self._http.client_for(str(calendar)) as client:
            own_paths, foreign_names = find_collections(
                CaldavClient(client), url, self.options.skip, use_own_principal=not calendar.address.strip()
            )
        found = tuple(calendar if path is None else calendar.with_address(path) for path in own_paths)
        if found and foreign_names:
            self._skipped_problems[found[0]] = tuple(
                _shared_calendar_note(calendar, name) for name in foreign_names
            )
        return found

    def fetch(self, calendar: Calendar, window: Span, token: str = "") -> FetchResult:
        """Give every occurrence that overlaps the window, or say that nothing changed.

        Only a calendar of which every resource was read is remembered as unchanged: others are asked for
        again the next night.
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
        """The name of a collection, home or user; what is behind a home only its server knows."""
        try:
            return frozenset({web_identity_key(resolve_address(self.options.url, calendar))})
        except SourceError:
            return frozenset()  # the reading says what is wrong with it

    def close(self) -> None:
        """Close every connection."""
        self._http.close()


def _is_unchanged_since(dav: CaldavClient, url: str, sync_token: str) -> bool:
    """Whether the server says that nothing changed; a token that it does not understand means no.

    Nor does an answer without a token say so: RFC 6578, 3.4, wants one in each.
    """
    if not sync_token:
        return False
    try:
        changes = dav.fetch_changes(url, sync_token)
        return changes.is_empty and bool(changes.token)
    except (StaleTokenError, SourceUnavailableError):
        # Some servers break over a token they forgot. If this one is down, the listing will say so.
        return False


def _read_resources(
    dav: CaldavClient, url: str, listing: Listing, calendar: Calendar
) -> tuple[dict[str, str], dict[str, Problem], list[Problem]]:
    """By path the text of each resource and what is wrong with those that were not delivered; and notes."""
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
    """A calendar of which nothing can be read is not an empty one."""
    what = f"none of its {format_count(len(problems), 'meeting')} can be read; the first {problems[0].what}"
    return SourceContentError(str(calendar), what, problems[0].hint)


def _shared_calendar_note(calendar: Calendar, name: str) -> Problem:
    what = f"the calendar {name!r} was left out: somebody else shares it with this user"
    return Problem(str(calendar), what, "name its address to have it read", Severity.NOTE)


def _undelivered_problem(calendar: Calendar, path: str, resource: Resource) -> Problem:
    status = resource.status_of(f"{CALDAV_NS}calendar-data")
    if resource.is_broken:
        reason = "its XML is broken"
    elif resource.status == STATUS_MISSING:
        reason = "left out of the answer"
    else:
        reason = status_text(status) if status >= 300 else "without content"
    what = f"is listed, but the server did not give it: {reason}; what we hold of it is kept"
    hint = "may we read it, and does a calendar program show it? it is asked for again every night"
    return Problem(resource_label(calendar, path), what, hint)


def _repaired_note(calendar: Calendar, path: str) -> Problem:
    what = "was read without characters that XML forbids or that are no UTF-8"
    return Problem(resource_label(calendar, path), what, "save the meeting anew", Severity.NOTE)


def _unnamed_entries_problem(calendar: Calendar, listing: Listing) -> list[Problem]:
    if not listing.unnamed:
        return []
    what = f"the server's list has entries without a readable address: {listing.unnamed}; nothing was removed"
    return [Problem(str(calendar), what, "report it to whoever runs the server")]
