"""A problem with input data, as a value: it is collected and reported while the run continues."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a problem matters: a fault means that something was lost, a note only explains."""

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
