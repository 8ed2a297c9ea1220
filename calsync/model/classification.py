"""The classification of a meeting: who meets, for which partnership, for what (coding manual, section 1)."""

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
    """What the meeting is for."""

    PROCESS = "process"
    SERVICE_IMPROVEMENT = "service_improvement"
    MIXED = "mixed"
    OPERATIONAL = "operational"
    NONE = "none"
    UNCLEAR = "unclear"


class MeetingKind(StrEnum):
    """Whether the entry is the meeting itself, or preparation or travel for one."""

    MEETING = "meeting"
    PREPARATION = "preparation"
    TRAVEL = "travel"


@dataclass(frozen=True, slots=True)
class Classification:
    """The classification of one meeting, with the rule that gave it and the evidence that the rule found.

    partnerships: ids; none or one, several only in a tie (they share the time equally).
    process_share: for a `mixed` meeting with a classified agenda, the part of its time that is process
    (0 to 1); None without such an agenda. agencies: ids of the agencies found, sorted. label: a pack's own
    name for the activity, where the pack has activity types of its own.
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
