"""The source of type `m365`: managers' default calendars in one Microsoft 365 tenant."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import ClassVar

from calsync.errors import SourceContentError, SourceError, SourceUnavailableError
from calsync.http.deadline import Deadline
from calsync.model.occurrence import occurrence_digest
from calsync.model.people import normalise_address
from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.model.unread_parts import ALL_READ, UnreadParts
from calsync.sources.base import Calendar, FetchResult
from calsync.sources.guards import build_result
from calsync.sources.m365.access_tokens import TokenRefusedError, TokenUnavailableError, unverified_claims
from calsync.sources.m365.certificate import Certificate
from calsync.sources.m365.connection import open_account
from calsync.sources.m365.events import find_unreadable_uids, read_events
from calsync.sources.m365.mailbox import Mailbox
from calsync.sources.m365.options import M365Options
from calsync.sources.tokens import build_token_key, decode_token, digest_bytes, encode_token
from calsync.text import format_count

EXPIRY_WARNING = timedelta(days=45)
"""How long before its end a certificate is reported as ending."""

OUTAGE_THRESHOLD = 5
"""After so many mailboxes in a row without a response each is tried only once, until one responds."""

_TENANT_WIDE_ROLES = frozenset({"Calendars.Read", "Calendars.ReadWrite", "Calendars.ReadBasic.All"})


class M365Source:
    """Reads mailboxes completely, several at once, with one request at a time for each."""

    Options: ClassVar[type[M365Options]] = M365Options
    identifies_offline: ClassVar[bool] = True

    def __init__(self, name: str, options: M365Options) -> None:
        self.name = name
        self.options = options
        self._account = open_account(options)
        self._slots = threading.BoundedSemaphore(options.mailboxes_at_once)
        self._mailbox_locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._unanswered = 0

    def calendars(self, calendar: Calendar) -> tuple[Calendar, ...]:
        """The mailbox's default calendar, the only one that receives invitations."""
        return (calendar,)

    def fetch(self, calendar: Calendar, window: Span, token: str = "") -> FetchResult:
        """Read every occurrence of the mailbox's calendar that overlaps the window.

        All events are always read. The token only shows whether the result changed, so that an unchanged one
        is not stored again.
        """
        with self._open_mailbox(calendar) as mailbox:
            events = mailbox.fetch_events(window)
        occurrences, problems = read_events(events, calendar.zone, str(calendar), calendar.owners)
        if events and not occurrences:
            what = f"none of its {format_count(len(events), 'meeting')} can be read: {problems[0].what}"
            raise SourceContentError(
                str(calendar), what, "the stored meetings stay; report it with this message"
            )
        has_faults = any(problem.severity is Severity.FAULT for problem in problems)
        unread = UnreadParts(find_unreadable_uids(events, calendar.zone)) if has_faults else ALL_READ
        fetched = build_result(calendar, window, occurrences, problems, unread=unread)
        token_key = build_token_key(calendar, window, "m365")
        content = "".join((*map(occurrence_digest, fetched.occurrences), *map(str, fetched.problems)))
        digest = digest_bytes(content.encode("utf-8", "surrogatepass"))
        if decode_token(token, token_key).get("content") == digest:
            return FetchResult(unchanged=True, token=token)
        return replace(fetched, token=encode_token(token_key, {"content": digest}))

    def check(self, calendar: Calendar) -> tuple[Problem, ...]:
        """Try the credential with one mailbox; returns what is wrong, and what soon will be."""
        where = str(calendar)
        try:
            with self._open_mailbox(calendar) as mailbox:
                headers = mailbox.probe()
        except SourceError as error:
            return (Problem(where, error.what, error.hint), *self._certificate_problems(""))
        return (*self._certificate_problems(headers.get("Date", "")), *self._permission_notes())

    def identity_keys(self, calendar: Calendar) -> frozenset[str]:
        """The key of the mailbox, the same for every m365 source."""
        return frozenset({f"mailbox:{normalise_address(calendar.address)}"})

    def close(self) -> None:
        """Close every connection."""
        self._account.con.close()

    @contextmanager
    def _open_mailbox(self, calendar: Calendar) -> Iterator[Mailbox]:
        """Open the mailbox when no other thread reads it and a slot is free; the time limit starts then."""
        with (
            self._mailbox_lock(calendar.address),
            self._slots,
            Deadline(self.options.total_seconds) as deadline,
        ):
            attempts = 1 if self._unanswered >= OUTAGE_THRESHOLD else self.options.attempts
            try:
                yield Mailbox(self._account, self.options, calendar, deadline, attempts)
            except SourceUnavailableError:
                self._unanswered += 1
                raise
            except SourceError:
                self._unanswered = 0
                raise
            self._unanswered = 0

    def _mailbox_lock(self, address: str) -> threading.Lock:
        with self._lock:
            return self._mailbox_locks.setdefault(address.strip().casefold(), threading.Lock())

    def _certificate_problems(self, date: str) -> tuple[Problem, ...]:
        certificate = self.options.certificate
        if certificate is None:
            return ()
        return (_certificate_expiry_problem(certificate, f"[sources.{self.name}] certificate_file", date),)

    def _permission_notes(self) -> tuple[Problem, ...]:
        """A note if the token gives a right to every mailbox of the tenant."""
        try:
            roles = unverified_claims(self._account.con.tokens.get_token()).get("roles")
        except (TokenRefusedError, TokenUnavailableError):
            return ()
        granted = sorted(
            _TENANT_WIDE_ROLES.intersection(role for role in roles or () if isinstance(role, str))
        )
        if not granted:
            return ()
        what = f"the application may read every calendar of the tenant ({', '.join(granted)})"
        page = "docs/operators/microsoft-365.md"
        hint = f"withdraw the consent and grant the right for a group of mailboxes: {page}"
        return (Problem(f"[sources.{self.name}]", what, hint, Severity.NOTE),)


def _certificate_expiry_problem(certificate: Certificate, where: str, date: str) -> Problem:
    """When the certificate ends, by the server's clock.

    Args:
        certificate: that of the settings.
        where: the setting's name in the problem.
        date: the response's Date header; "" for none.
    """
    end = f"{certificate.expires:%Y-%m-%d}"
    try:
        left = certificate.expires - parsedate_to_datetime(date)
    except (ValueError, TypeError):
        left = EXPIRY_WARNING + timedelta(days=1)
    hint = "docs/operators/microsoft-365.md describes how to replace it without losing a night"
    if left <= timedelta():
        return Problem(where, f"the certificate ended on {end}", hint)
    if left <= EXPIRY_WARNING:
        return Problem(where, f"the certificate ends in {format_count(left.days, 'day')}, on {end}", hint)
    return Problem(where, f"the certificate ends on {end}", hint, Severity.NOTE)
