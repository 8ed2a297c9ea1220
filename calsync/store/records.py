"""What the store is told and tells, besides the model's nouns: values only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from calsync.model.allocation import Allocation
from calsync.model.copies import Cancellation
from calsync.model.problem import Problem
from calsync.model.span import Span
from calsync.model.unread_parts import ALL_READ, UnreadParts
from calsync.store.rows import Row


@dataclass(frozen=True, slots=True)
class CalendarState:
    """How one calendar stands: what was read of it last, and whether it fails.

    shown: the address as it may be printed. token, window, versions: what the source gave at the
    last good reading, of which time, and under which rules and reader. last_good, failing_since:
    nights. covered_from: the first day from which every day up to `last_good` (exclusive) was read.
    what, hint: of the last failure, "" while it is well.
    """

    calendar_id: str
    manager_id: str
    source: str
    shown: str
    token: str = ""
    window: Span | None = None
    versions: str = ""
    problems: tuple[Problem, ...] = ()
    last_good: date | None = None
    failing_since: date | None = None
    covered_from: date | None = None
    what: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class CalendarDays:
    """The days of a calendar that were read, from `first` to `last` (exclusive); None if none was.

    failing_since: the night since which it fails. listed: whether the manager still has the calendar.
    """

    calendar_id: str
    manager_id: str
    first: date | None
    last: date | None
    failing_since: date | None
    listed: bool


@dataclass(frozen=True, slots=True)
class CalendarReplacement:
    """What was read of one calendar in a window, as rows of `meetings`.

    standing: uids whose meetings are as they were, so that none of theirs is among the rows.
    unread: what could not be read; rows held of it stay.
    cancellations: all that messages in the calendar cancel.
    """

    state: CalendarState
    window: Span
    rows: Sequence[Row]
    unchanged_uids: frozenset[str] = frozenset()
    unread: UnreadParts = ALL_READ
    cancellations: Sequence[Cancellation] = ()


@dataclass(frozen=True, slots=True)
class AllocationState:
    """Up to where a manager's minutes are right.

    basis: what they rest on besides the meetings. first, last: the days that were reckoned, `last`
    exclusive. changed: from the first to the last meeting that has changed since, None if none has.
    """

    manager_id: str
    basis: str
    first: date
    last: date
    changed: Span | None = None


@dataclass(frozen=True, slots=True)
class Recalculation:
    """A manager's minutes from `first` to `last` (exclusive), and how the manager stands after that."""

    first: date
    last: date
    allocations: Sequence[Allocation]
    state: AllocationState


@dataclass(frozen=True, slots=True)
class RowCounts:
    """How many rows a replacement touched; `repeated` were given more than once and kept once."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    repeated: int = 0


class RunState(StrEnum):
    """How a night stands; `good` and `problems` ran to their end."""

    RUNNING = "running"
    GOOD = "good"
    PROBLEMS = "problems"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RunAttempt:
    """A try at a night, counted from 1; `before` is how the night stood when it began, if it was known."""

    night: date
    number: int
    previous_state: RunState | None


@dataclass(frozen=True, slots=True)
class NightRecord:
    """One night in the ledger; `problems` counts its faults, not its notes."""

    night: date
    state: RunState
    attempt: int
    started: datetime
    ended: datetime | None
    counts: Mapping[str, int]
    problems: int


class MailState(StrEnum):
    """The state of a mail.

    UNKNOWN: its sender died or fell silent; it may have gone out, so it is not sent again by itself.
    DROPPED: a person has decided that it is not to be sent.
    """

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    DROPPED = "dropped"


OPEN_STATES = tuple(state for state in MailState if state not in (MailState.SENT, MailState.DROPPED))
"""The states of mails that are not closed."""


@dataclass(frozen=True, slots=True)
class MailAction:
    """What a person did with a mail by `calsync mail`; before: the state that the mail was in."""

    action: str
    before: MailState
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A mail as it is listed: all that is stored of it but its text.

    next_at: when it is tried next, for a pending mail. lease_until: when a mail that is being sent
    counts as abandoned. what: why it was not sent.
    """

    mail_id: str
    recipient: str
    subject: str
    message_id: str
    state: MailState
    attempts: int
    queued_at: datetime
    next_at: datetime
    lease_until: datetime | None = None
    sent_at: datetime | None = None
    what: str = ""
    actions: tuple[MailAction, ...] = ()


@dataclass(frozen=True, slots=True)
class OutboxMail:
    """A mail as it was built; `attempts` counts the tries to send it, this one included."""

    mail_id: str
    recipient: str
    subject: str
    message_id: str
    mime: bytes
    state: MailState
    attempts: int
    what: str = ""
