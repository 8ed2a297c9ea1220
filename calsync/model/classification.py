"""The verdict on one meeting: whose business it is and what is done there (coding manual, section 1)."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class Scope(StrEnum):
    """Who meets."""

    INTER_AGENCY = "inter_agency"
    INTERNAL = "internal"
    PERSONAL = "personal"
    OTHER = "other"


class Activity(StrEnum):
    """What is done there."""

    PROCESS = "process"
    SERVICE_IMPROVEMENT = "service_improvement"
    MIXED = "mixed"
    OPERATIONAL = "operational"
    NONE = "none"
    UNCLEAR = "unclear"


class MeetingKind(StrEnum):
    """How the time serves: the meeting itself, or what surrounds it."""

    MEETING = "meeting"
    PREPARATION = "preparation"
    TRAVEL = "travel"


@dataclass(frozen=True, slots=True)
class Classification:
    """The verdict on one meeting, with the rule that gave it and what that rule saw.

    partnerships: ids; none or one, several only in a true tie (their time is shared equally).
    process_share: of a `mixed` meeting whose agenda could be judged, the part of its time that is
    process (0 to 1); None where no agenda tells. agencies: ids of the agencies seen, sorted. label: a
    pack's own name for what is done there, where the pack has activity types of its own.
    """

    scope: Scope
    partnerships: tuple[str, ...]
    activity: Activity
    kind: MeetingKind = MeetingKind.MEETING
    process_share: Fraction | None = None
    rule: str = ""
    evidence: str = ""
    agencies: tuple[str, ...] = ()
    label: str = ""

    def __str__(self) -> str:
        own = f"{self.label}, counted as {self.activity}" if self.label else str(self.activity)
        return f"{own}: {self.evidence} ({self.rule})"
