"""The values that the methods of the store accept and return, in addition to those of `calsync.model`."""

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
    """The state of one calendar: when it was last read successfully, and whether it has failed since.

    Attributes:
        source: The name of its source in the settings.
        redacted_address: Its address without secrets, which may be printed.
        token: What the source returned at the last successful reading.
        window: The window that was read then; None, as is `last_good`, if it was never read successfully.
        versions: The versions of rules and settings with which its meetings were classified
            (`fetch.classification_versions`).
        problems: The problems of the last successful reading.
        last_good: The night of the last successful reading.
        failing_since: The first night since then in which it failed; None if the last reading was successful.
        covered_from: Every day from this one to `last_good` (exclusive) was read after it had ended.
        what: What failed last; "" if the last reading was successful.
        hint: What to do about that.
    """

    calendar_id: str
    manager_id: str
    source: str
    redacted_address: str
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
    """The covered days of one calendar.

    Attributes:
        first: The first covered day; None if there is none.
        last: The day after the last covered one; None if there is none.
        failing_since: As in `CalendarState`.
        is_listed: Whether the calendar is still one of the manager's.
    """

    calendar_id: str
    manager_id: str
    first: date | None
    last: date | None
    failing_since: date | None
    is_listed: bool


@dataclass(frozen=True, slots=True)
class CalendarReplacement:
    """The new content of one calendar in a window, which replaces the stored one.

    Attributes:
        state: The state that is stored with it.
        rows: New rows of `meetings`.
        unchanged_uids: The uids whose meetings did not change; their rows stay and are not in `rows`.
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
    """For which days the allocations of a manager are calculated, and what has changed since.

    Attributes:
        basis: The inputs besides the meetings, such as working hours, as text; if it differs, all days
            are calculated again.
        first: The first day whose allocations were calculated.
        last: The day after the last one.
        changed: The shortest span that contains all meetings changed since then; None if there are none.
    """

    manager_id: str
    basis: str
    first: date
    last: date
    changed: Span | None = None


@dataclass(frozen=True, slots=True)
class Recalculation:
    """A manager's new allocations from `first` to `last` (exclusive), and the new allocation state."""

    first: date
    last: date
    allocations: Sequence[Allocation]
    state: AllocationState


@dataclass(frozen=True, slots=True)
class RowCounts:
    """How many rows a replacement changed; `repeated` counts rows given again, which were stored once."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    repeated: int = 0


class RunState(StrEnum):
    """The state of a night; one that is `good` or `problems` (it had faults) ran to its end."""

    RUNNING = "running"
    GOOD = "good"
    PROBLEMS = "problems"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RunAttempt:
    """An attempt to run a night, counted from 1; `previous_state` is that of the previous attempt, if any."""

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

    UNKNOWN: It may have been sent, because the process that sent it ended or did not store the outcome; it is
    not sent again automatically. DROPPED: A person decided that it is not to be sent.
    """

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    DROPPED = "dropped"


OPEN_MAIL_STATES = tuple(state for state in MailState if state not in (MailState.SENT, MailState.DROPPED))
"""The states of mails that may still be sent or need a decision."""


@dataclass(frozen=True, slots=True)
class MailAction:
    """What a person did with a mail by `calsync mail`; `before` is the state that the mail had then."""

    action: str
    before: MailState
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A mail without its text, as `calsync mail` lists it.

    Attributes:
        next_at: When a pending mail is tried next.
        lease_until: When the claim of a mail that is being sent expires.
        what: Why it was not sent; "" for no reason.
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
    """A mail with its text (`mime`); `attempts` includes the current one."""

    mail_id: str
    recipient: str
    subject: str
    message_id: str
    mime: bytes
    state: MailState
    attempts: int
    what: str = ""
