"""The values that the store takes and returns, in addition to those of `calsync.model`."""

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
    """The state of one calendar: what was read of it last, and whether it fails.

    Attributes:
        shown: The address as it may be printed.
        token: What the source returned at the last good reading.
        window: The time that was read then.
        versions: The rules and settings with which it was classified (`fetch.classification_versions`).
        problems: Of the last good reading.
        last_good: The night of the last good reading.
        failing_since: The night since which it fails; None if the last reading was good.
        covered_from: Every day from here to `last_good` (exclusive) was read after it had ended.
        what: What failed last; "" if the last reading was good.
        hint: What to do about it.
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

    Attributes:
        failing_since: The night since which it fails.
        listed: Whether the manager still has the calendar.
    """

    calendar_id: str
    manager_id: str
    first: date | None
    last: date | None
    failing_since: date | None
    listed: bool


@dataclass(frozen=True, slots=True)
class CalendarReplacement:
    """What was read of one calendar in a window.

    Attributes:
        rows: New rows of `meetings`.
        unchanged_uids: Uids whose meetings did not change; their stored rows stay and none is in `rows`.
        unread: What could not be read; its stored rows stay.
        cancellations: Everything that CANCEL messages in the calendar cancel.
    """

    state: CalendarState
    window: Span
    rows: Sequence[Row]
    unchanged_uids: frozenset[str] = frozenset()
    unread: UnreadParts = ALL_READ
    cancellations: Sequence[Cancellation] = ()


@dataclass(frozen=True, slots=True)
class AllocationState:
    """Which minutes of a manager are up to date.

    Attributes:
        basis: What the minutes depend on besides the meetings.
        first: The first day whose minutes were calculated.
        last: The day after the last one.
        changed: The span of all meetings that have changed since; None if none has.
    """

    manager_id: str
    basis: str
    first: date
    last: date
    changed: Span | None = None


@dataclass(frozen=True, slots=True)
class Recalculation:
    """A manager's new minutes from `first` to `last` (exclusive), and the allocation state with them."""

    first: date
    last: date
    allocations: Sequence[Allocation]
    state: AllocationState


@dataclass(frozen=True, slots=True)
class RowCounts:
    """How many rows a replacement changed; `repeated` were given more than once and stored once."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    repeated: int = 0


class RunState(StrEnum):
    """The state of a night; `good` and `problems` ran to their end."""

    RUNNING = "running"
    GOOD = "good"
    PROBLEMS = "problems"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RunAttempt:
    """A try of a night, counted from 1; `previous_state` is that of the try before it, if there was one."""

    night: date
    number: int
    previous_state: RunState | None


@dataclass(frozen=True, slots=True)
class NightRecord:
    """One stored night; `problems` counts its faults, not its notes."""

    night: date
    state: RunState
    attempt: int
    started: datetime
    ended: datetime | None
    counts: Mapping[str, int]
    problems: int


class MailState(StrEnum):
    """The state of a mail.

    UNKNOWN: Its sender ended or did not store the outcome. It may have been sent, so it is not sent again
    automatically. DROPPED: A person decided that it is not to be sent.
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
    """What a person did with a mail by `calsync mail`; `before` is the state of the mail until then."""

    action: str
    before: MailState
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A mail as it is listed: everything that is stored of it except its text.

    Attributes:
        next_at: When a pending mail is tried next.
        lease_until: When the claim of a mail that is being sent expires.
        what: Why it was not sent.
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
    """A mail with its text; `attempts` counts the tries to send it, the current one included."""

    mail_id: str
    recipient: str
    subject: str
    message_id: str
    mime: bytes
    state: MailState
    attempts: int
    what: str = ""
