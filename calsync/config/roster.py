"""Reads the list of managers (`managers.csv`, also .xlsx), telling every fault with its line."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from calsync.config.settings import Settings
from calsync.errors import ConfigError
from calsync.model.people import Frequency, Language, Manager
from calsync.model.problem import Problem
from calsync.validation import problems_of

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _weekdays(text: object) -> tuple[int, ...]:
    words = str(text).lower().replace(",", " ").replace(";", " ").split()
    numbers = {DAYS.index(word[:3]) for word in words if word[:3] in DAYS}
    unknown = [word for word in words if word[:3] not in DAYS]
    if unknown or not numbers:
        raise ValueError('weekdays are wanted, such as "mon tue wed thu fri"')
    return tuple(sorted(numbers))


def _addresses(text: object) -> tuple[str, ...]:
    return tuple(str(text).lower().replace(",", " ").replace(";", " ").split())


class Row(BaseModel):
    """One line of the list."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    id: str = Field(min_length=1)
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    name: str = ""
    department: str = ""
    grade: str = ""
    fte: float = Field(default=1.0, gt=0, le=1.5)
    hours_per_week: float = Field(default=37.0, gt=0, le=80)
    working_days: Annotated[tuple[int, ...], BeforeValidator(_weekdays)] = (0, 1, 2, 3, 4)
    source: str = ""
    calendar: str = ""
    summary: Frequency = Frequency.NONE
    language: Language | None = None
    aliases: Annotated[tuple[str, ...], BeforeValidator(_addresses)] = ()


def load_managers(settings: Settings) -> tuple[Manager, ...]:
    """The managers in the settings' file, in its order; raises ConfigError with every fault and its line."""
    file = settings.resolve(settings.managers.file)
    problems: list[Problem] = []
    managers: list[Manager] = []
    for line, cells in _rows(file):
        where = f"{file.name} line {line}"
        try:
            row = Row.model_validate({key: text for key, text in cells.items() if text != ""})
        except ValidationError as error:
            problems += problems_of(error, where, Row)
            continue
        problems += _unknown_source(row, where, settings)
        managers.append(_manager(row, settings))
    problems += _twice(managers, file.name)
    if not managers and not problems:
        problems.append(Problem(file.name, "names no manager", "add a line for each manager"))
    if problems:
        raise ConfigError(problems)
    return tuple(managers)


def _manager(row: Row, settings: Settings) -> Manager:
    values: dict[str, Any] = row.model_dump()
    values["email"] = row.email.lower()
    values["language"] = row.language or settings.organisation.language
    values["source"] = row.source or next(iter(settings.sources))
    values["calendar"] = row.calendar or row.email
    return Manager(**values)


def _unknown_source(row: Row, where: str, settings: Settings) -> list[Problem]:
    if not row.source or row.source in settings.sources:
        return []
    known = ", ".join(settings.sources)
    return [Problem(f"{where} source", f"no source is called {row.source!r}", f"the settings have: {known}")]


def _twice(managers: Iterable[Manager], where: str) -> list[Problem]:
    counts = Counter(manager.id for manager in managers)
    return [
        Problem(where, f"the id {name!r} stands on {count} lines", "give each manager an id of their own")
        for name, count in counts.items()
        if count > 1
    ]


def _rows(file: Path) -> Iterable[tuple[int, Mapping[str, str]]]:
    try:
        rows = _sheet(file) if file.suffix.lower() == ".xlsx" else _csv(file)
    except FileNotFoundError as error:
        hint = "its place is [managers] file in the settings"
        raise ConfigError([Problem(str(file), "there is no such list of managers", hint)]) from error
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ConfigError(
            [Problem(str(file), f"cannot be read: {error}", "save it as CSV in UTF-8")]
        ) from error
    head, *body = rows or [[]]
    keys = [cell.strip().lower() for cell in head]
    for line, cells in enumerate(body, start=2):
        if any(cell.strip() for cell in cells):
            yield line, dict(zip(keys, (cell.strip() for cell in cells), strict=False))


def _csv(file: Path) -> list[list[str]]:
    text = file.read_text(encoding="utf-8-sig")
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","  # Excel in other locales
    return list(csv.reader(text.splitlines(), delimiter=delimiter))


def _sheet(file: Path) -> list[list[str]]:
    import pandas

    try:
        frame = pandas.read_excel(file, header=None, dtype=str).fillna("")
    except ImportError as error:
        what = "is a workbook, and openpyxl, which reads it, is not installed"
        raise ConfigError(
            [Problem(str(file), what, "pip install openpyxl, or save the list as CSV")]
        ) from error
    return [[str(cell) for cell in row] for row in frame.itertuples(index=False)]
