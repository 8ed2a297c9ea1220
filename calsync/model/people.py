"""The people and organisations that meet: managers, agencies, and the partnerships that agencies form."""

import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Language(StrEnum):
    """The languages of mails and reports: English, Welsh, or both in one document."""

    EN = "en"
    CY = "cy"
    BOTH = "both"


class Nation(StrEnum):
    """The nations of the United Kingdom, which differ in public holidays and partnerships."""

    WALES = "wales"
    ENGLAND = "england"
    SCOTLAND = "scotland"
    NORTHERN_IRELAND = "northern-ireland"


class Frequency(StrEnum):
    """How often a manager gets a summary; none is sent unless the list of managers requests it."""

    NONE = "none"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


def normalise_address(text: str) -> str:
    """A mail address in the form in which addresses are compared: lower case, domain in ASCII, no mailto:.

    Invisible characters, which are often copied along with an address, are removed.
    """
    visible = "".join(char for char in text if unicodedata.category(char) not in ("Cf", "Cc"))
    address = unicodedata.normalize("NFKC", visible).strip().casefold().removeprefix("mailto:")
    local, at, domain = address.rpartition("@")
    with suppress(UnicodeError):
        domain = domain.rstrip(".").encode("idna").decode("ascii")
    return f"{local}{at}{domain}"


@dataclass(frozen=True, slots=True)
class Manager:
    """A person whose calendar is read.

    hours_per_week: full time; contracted time is hours_per_week x fte. working_days: weekday numbers,
    Monday is 0. summary: how often the manager gets a summary by mail. started, left: the first and the
    last day in service, None where unknown. own_columns: the organisation's own columns, as (heading, cell).
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
        """The mail address and all aliases, each once, as `normalise_address` returns them."""
        return tuple(dict.fromkeys(normalise_address(text) for text in (self.email, *self.aliases)))

    def is_in_service(self, day: date) -> bool:
        """Whether the manager is in service on this day: from `started` to `left`, both inclusive."""
        return (self.started is None or self.started <= day) and (self.left is None or day <= self.left)

    def has_left(self, day: date) -> bool:
        """Whether the last day in service is before this day."""
        return self.left is not None and self.left < day

    @property
    def hours_per_day(self) -> float:
        """Contracted hours on each working day; 0.0 without working days."""
        return self.hours_per_week * self.fte / len(self.working_days) if self.working_days else 0.0


@dataclass(frozen=True, slots=True)
class Agency:
    """A public-service organisation; one agency may have several mail domains."""

    id: str
    name: str
    sector: str


@dataclass(frozen=True, slots=True)
class Partnership:
    """A partnership of agencies, with its names in English and Welsh."""

    id: str
    name: str
    name_cy: str = ""
