"""Who meets: managers, the agencies they work for, the partnerships that agencies form."""

import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
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


def normalise_address(text: str) -> str:
    """A mail address as addresses are compared: without mailto:, in lower case, its domain in ASCII.

    Characters that nobody sees, as they come along when an address is copied, are left out.
    """
    seen = "".join(sign for sign in text if unicodedata.category(sign) not in ("Cf", "Cc"))
    address = unicodedata.normalize("NFKC", seen).strip().casefold().removeprefix("mailto:")
    local, at, domain = address.rpartition("@")
    with suppress(UnicodeError):
        domain = domain.rstrip(".").encode("idna").decode("ascii")
    return f"{local}{at}{domain}"


@dataclass(frozen=True, slots=True)
class Manager:
    """A person whose calendar is read.

    hours_per_week is full time; contracted time is hours_per_week x fte. working_days holds weekday
    numbers, Monday = 0. summary says how often the manager asked for an e-mail. started, left: the first
    and the last day in service, None where that is not known. own: the organisation's own columns.
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
    started: date | None = None
    left: date | None = None
    own_columns: tuple[tuple[str, str], ...] = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """The e-mail and all aliases, as they are compared: lower case, the domain in ASCII."""
        return tuple(dict.fromkeys(normalise_address(text) for text in (self.email, *self.aliases)))

    def is_in_service(self, day: date) -> bool:
        """Whether the manager works here on this day: from `started` to `left`, both included."""
        return (self.started is None or self.started <= day) and (self.left is None or day <= self.left)

    def has_left(self, day: date) -> bool:
        """Whether the last day in service is over."""
        return self.left is not None and self.left < day

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
