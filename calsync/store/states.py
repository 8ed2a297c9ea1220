"""What the store is told and tells, besides the model's nouns: values only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from calsync.model.allocation import Allocation
from calsync.model.copies import Cancellation
from calsync.model.problem import Problem
from calsync.model.span import Span
from calsync.model.unread import ALL_READ, Unread
from calsync.store.rows import Row


@dataclass(frozen=True, slots=True)
class CalendarState:
    """How one calendar stands: what was read of it last, and whether it fails.

    shown: the address as it may be printed. token, window, versions: what the source gave at the
    last good reading, of which time, and under which rules and reader. last_good, failing_since:
    nights. what, hint: of the last failure, "" while it is well.
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
    what: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Replacement:
    """What was read of one calendar in a window, as rows of `meetings`.

    standing: uids whose meetings are as they were, so that none of theirs is among the rows.
    unread: what could not be read; rows held of it stay.
    cancellations: all that messages in the calendar cancel.
    """

    state: CalendarState
    window: Span
    rows: Sequence[Row]
    standing: frozenset[str] = frozenset()
    unread: Unread = ALL_READ
    cancellations: Sequence[Cancellation] = ()


@dataclass(frozen=True, slots=True)
class Reckoning:
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
class Reckoned:
    """A manager's minutes from `first` to `last` (exclusive), and how the manager stands after that."""

    first: date
    last: date
    allocations: Sequence[Allocation]
    after: Reckoning


@dataclass(frozen=True, slots=True)
class Change:
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
class Attempt:
    """A try at a night, counted from 1; `before` is how the night stood when it began, if it was known."""

    night: date
    number: int
    before: RunState | None


@dataclass(frozen=True, slots=True)
class LedgerNight:
    """One night in the ledger; `problems` counts its faults, not its notes."""

    night: date
    state: RunState
    attempt: int
    started: datetime
    ended: datetime | None
    counts: Mapping[str, int]
    problems: int


class MailState(StrEnum):
    """How a mail stands. UNKNOWN: its sender died or fell silent; it may have gone out, so it stays."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Queued:
    """A mail as it was built; `attempts` counts the tries to send it, this one included."""

    mail_id: str
    recipient: str
    subject: str
    message_id: str
    mime: bytes
    state: MailState
    attempts: int
    what: str = ""
