"""The source of type `m365`: managers' default calendars in one Microsoft 365 tenant."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import ClassVar

from calsync.errors import SourceContentError, SourceError, SourceUnavailableError
from calsync.model.occurrence import fingerprint
from calsync.model.people import comparable_address
from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.model.unread import ALL_READ, Unread
from calsync.sources.base import Calendar, Fetched
from calsync.sources.deadline import Deadline
from calsync.sources.guards import sealed
from calsync.sources.m365.access import TokenRefusedError, TokenUnavailableError, claims_of
from calsync.sources.m365.certificate import Certificate
from calsync.sources.m365.connection import open_account
from calsync.sources.m365.events import read_events, uids_of_unreadable
from calsync.sources.m365.mailbox import Mailbox
from calsync.sources.m365.options import M365Options
from calsync.sources.tokens import bytes_digest, recall, remember, scope_of
from calsync.text import count_of

SOON = timedelta(days=45)
"""So long before its end a certificate is spoken of as ending."""

OUTAGE = 5
"""After so many mailboxes in a row without an answer each is asked once only, until one answers."""

_EVERYBODYS = frozenset({"Calendars.Read", "Calendars.ReadWrite", "Calendars.ReadBasic.All"})


class M365Source:
    """Reads mailboxes whole, several at once, one request at a time for each."""

    Options: ClassVar[type[M365Options]] = M365Options
    lists_here: ClassVar[bool] = True

    def __init__(self, name: str, options: M365Options) -> None:
        self.name = name
        self.options = options
        self._account = open_account(options)
        self._places = threading.BoundedSemaphore(options.mailboxes_at_once)
        self._turns: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._unanswered = 0

    def calendars(self, calendar: Calendar) -> tuple[Calendar, ...]:
        """The mailbox's default calendar, the only one that others invite people to."""
        return (calendar,)

    def fetch(self, calendar: Calendar, window: Span, token: str = "") -> Fetched:
        """Every occurrence of the mailbox's calendar in the window; always read whole.

        token: only spares the store the work where nothing changed.
        """
        with self._mailbox(calendar) as mailbox:
            events = mailbox.events(window)
        occurrences, problems = read_events(events, calendar.zone, str(calendar), calendar.owners)
        if events and not occurrences:
            what = f"none of its {count_of(len(events), 'meeting')} can be read: {problems[0].what}"
            raise SourceContentError(str(calendar), what, "what we hold is kept; report it with this message")
        lost = any(problem.severity is Severity.FAULT for problem in problems)
        unread = Unread(uids_of_unreadable(events, calendar.zone)) if lost else ALL_READ
        fetched = sealed(calendar, window, occurrences, problems, unread=unread)
        scope = scope_of(calendar, window, "m365")
        content = "".join((*map(fingerprint, fetched.occurrences), *map(str, fetched.problems)))
        now = bytes_digest(content.encode("utf-8", "surrogatepass"))
        if recall(token, scope).get("content") == now:
            return Fetched(unchanged=True, token=token)
        return replace(fetched, token=remember(scope, {"content": now}))

    def check(self, calendar: Calendar) -> tuple[Problem, ...]:
        """Try the credential with one mailbox; what is wrong, and what will be, in plain words."""
        where = str(calendar)
        try:
            with self._mailbox(calendar) as mailbox:
                headers = mailbox.probe()
        except SourceError as error:
            return (Problem(where, error.what, error.hint), *self._of_certificate(""))
        return (*self._of_certificate(headers.get("Date", "")), *self._of_rights())

    def names_of(self, calendar: Calendar) -> frozenset[str]:
        """The mailbox, whichever of our sources names it."""
        return frozenset({f"mailbox:{comparable_address(calendar.address)}"})

    def close(self) -> None:
        """Let go of connections."""
        self._account.con.close()

    @contextmanager
    def _mailbox(self, calendar: Calendar) -> Iterator[Mailbox]:
        """A turn with this mailbox, when it is free and there is a place; the time limit starts then."""
        with self._turn(calendar.address), self._places, Deadline(self.options.total_seconds) as deadline:
            attempts = 1 if self._unanswered >= OUTAGE else self.options.attempts
            try:
                yield Mailbox(self._account, self.options, calendar, deadline, attempts)
            except SourceUnavailableError:
                self._unanswered += 1
                raise
            except SourceError:
                self._unanswered = 0
                raise
            self._unanswered = 0

    def _turn(self, address: str) -> threading.Lock:
        with self._lock:
            return self._turns.setdefault(address.strip().casefold(), threading.Lock())

    def _of_certificate(self, date: str) -> tuple[Problem, ...]:
        certificate = self.options.certificate
        return (_end_of(certificate, f"[sources.{self.name}] certificate_file", date),) if certificate else ()

    def _of_rights(self) -> tuple[Problem, ...]:
        """Whether the token itself gives a right to every mailbox of the tenant."""
        try:
            roles = claims_of(self._account.con.tokens.current()).get("roles")
        except (TokenRefusedError, TokenUnavailableError):
            return ()
        granted = (
            sorted(_EVERYBODYS.intersection(role for role in roles if isinstance(role, str))) if roles else []
        )
        if not granted:
            return ()
        what = f"the application may read every calendar of the tenant ({', '.join(granted)})"
        page = "docs/operators/microsoft-365.md"
        hint = f"take the consent back and grant the right for a group of mailboxes: {page}"
        return (Problem(f"[sources.{self.name}]", what, hint, Severity.NOTE),)


def _end_of(certificate: Certificate, where: str, date: str) -> Problem:
    """When the certificate ends, held against the server's own clock (its Date header)."""
    end = f"{certificate.expires:%Y-%m-%d}"
    try:
        left = certificate.expires - parsedate_to_datetime(date)
    except (ValueError, TypeError):
        left = SOON + timedelta(days=1)
    how = "docs/operators/microsoft-365.md says how to replace it without a night lost"
    if left <= timedelta():
        return Problem(where, f"the certificate ended on {end}", how)
    if left <= SOON:
        return Problem(where, f"the certificate ends in {count_of(left.days, 'day')}, on {end}", how)
    return Problem(where, f"the certificate ends on {end}", how, Severity.NOTE)
