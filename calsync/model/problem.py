"""A fault in data: named, passed by as a value, while the rest goes on."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a problem matters: a fault lost something, a note only explains."""

    FAULT = "fault"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, where, and what to do about it."""

    where: str
    what: str
    hint: str = ""
    severity: Severity = Severity.FAULT

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.where}: {self.what}{hint}"
