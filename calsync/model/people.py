"""Who meets: managers, the agencies they work for, the partnerships that agencies form."""

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """The languages calsync writes in: English, Welsh, or both in one document."""

    EN = "en"
    CY = "cy"
    BOTH = "both"


class Nation(StrEnum):
    """The nations calsync knows: their public holidays and partnerships differ."""

    WALES = "wales"
    ENGLAND = "england"
    SCOTLAND = "scotland"
    NORTHERN_IRELAND = "northern-ireland"


class Frequency(StrEnum):
    """How often a manager wants a summary; nobody gets one unasked."""

    NONE = "none"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Manager:
    """A person whose calendar is read.

    hours_per_week is full time; contracted time is hours_per_week x fte. working_days holds weekday
    numbers, Monday = 0. summary says how often the manager asked for an e-mail.
    """

    id: str
    email: str
    name: str
    department: str = ""
    grade: str = ""
    fte: float = 1.0
    hours_per_week: float = 37.0
    working_days: tuple[int, ...] = (0, 1, 2, 3, 4)
    source: str = ""
    calendar: str = ""
    summary: Frequency = Frequency.NONE
    language: Language = Language.EN
    aliases: tuple[str, ...] = ()

    @property
    def hours_per_day(self) -> float:
        """Contracted hours on each working day."""
        return self.hours_per_week * self.fte / len(self.working_days) if self.working_days else 0.0


@dataclass(frozen=True, slots=True)
class Agency:
    """A public-service organisation; one agency may have several mail domains."""

    id: str
    name: str
    sector: str


@dataclass(frozen=True, slots=True)
class Partnership:
    """Agencies joined for a purpose, with its names in English and Welsh."""

    id: str
    name: str
    name_cy: str = ""
