"""Reads the list of managers (`managers.csv` or .xlsx); a line with a fault is reported and not used."""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from calsync.config.roster_file import RosterLine, read_roster_lines
from calsync.config.settings import Settings
from calsync.errors import ConfigError
from calsync.model.people import Frequency, Language, Manager
from calsync.model.problem import Problem
from calsync.text import join_with_and
from calsync.validation import validation_problems

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ADDRESS = re.compile(r"[^\s@<>(),;:\"\\]+@[^\s@<>(),;:\"\\]+")
_WEEKDAY_RANGE = re.compile(r"(\w)\.?\s*(?:[-\u2010-\u2015]|\b(?:to|until)\b)\s*(\w)")
_WEEKDAYS_HINT = 'write weekdays in English, such as "mon tue wed thu fri" or "mon-fri"'
# Dates of a workbook are read with a time.
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})([ T]00:00(:00)?)?")


def _parse_weekdays(text: object) -> tuple[int, ...]:
    """The numbers of weekdays in a list (`mon tue`; `Monday, Tuesday`) or in ranges (`mon-fri`), sorted."""
    words = _WEEKDAY_RANGE.sub(r"\1-\2", re.sub(r"[,;/&+]|\band\b", " ", str(text).lower())).split()
    numbers: set[int] = set()
    for word in words:
        first, *rest = map(_parse_weekday, word.split("-"))
        last = rest[-1] if rest else first
        if first is None or last is None or len(rest) > 1:
            raise ValueError(f"{word!r} is not a weekday; {_WEEKDAYS_HINT}")
        numbers |= {(first + step) % 7 for step in range((last - first) % 7 + 1)}
    if not numbers:
        raise ValueError(_WEEKDAYS_HINT)
    return tuple(sorted(numbers))


def _parse_weekday(word: str) -> int | None:
    """The number of a weekday, by its name or at least three letters of it: `tue`, `tues.`, `tuesdays`."""
    name = word.rstrip(".")
    spellings = [text for text in (name, name.removesuffix("s")) if len(text) >= 3]
    return next(
        (n for n, day in enumerate(WEEKDAYS) if any(day.startswith(text) for text in spellings)), None
    )


def _is_invisible(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp")


def _validate_visible(text: str) -> str:
    """Reject invisible characters: ids that differ only in these look the same."""
    if invisible := next(filter(_is_invisible, text), ""):
        raise ValueError(f"contains an invisible character (U+{ord(invisible):04X}); type it again")
    return text


def _validate_address(text: str) -> str:
    # Format characters are often copied along with an address; `normalise_address` ignores them as well.
    text = "".join(char for char in text if unicodedata.category(char) != "Cf")
    if not _ADDRESS.fullmatch(text) or any(map(_is_invisible, text)):
        raise ValueError("is not a mail address; write it as name@example.org")
    return text


def _split_addresses(text: object) -> list[str]:
    return str(text).replace(",", " ").replace(";", " ").split()


def _parse_addresses(text: object) -> tuple[str, ...]:
    return tuple(_validate_address(address.lower()) for address in _split_addresses(text))


def _parse_decimal(text: object) -> object:
    return text.replace(",", ".") if isinstance(text, str) and text.count(",") == 1 else text


def _to_lower(text: object) -> object:
    return text.lower() if isinstance(text, str) else text


def _parse_date(text: object) -> object:
    if not isinstance(text, str):
        return text
    match = _DATE.fullmatch(text)
    try:
        return date.fromisoformat(match[1] if match else "")
    except ValueError:
        raise ValueError("is not a date; write it as 2026-11-30") from None


class RosterRow(BaseModel):
    """The columns of the list, with the checks of their cells."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    id: Annotated[str, Field(min_length=1), AfterValidator(_validate_visible)]
    email: Annotated[str, AfterValidator(_validate_address)]
    name: str = ""
    department: str = ""
    grade: str = ""
    fte: Annotated[float, BeforeValidator(_parse_decimal), Field(gt=0, le=1.5)] = 1.0
    hours_per_week: Annotated[float, BeforeValidator(_parse_decimal), Field(gt=0, le=80)] = 37.0
    working_days: Annotated[tuple[int, ...], BeforeValidator(_parse_weekdays)] = (0, 1, 2, 3, 4)
    source: str = ""
    calendar: str = ""
    summary: Annotated[Frequency, BeforeValidator(_to_lower)] = Frequency.NONE
    language: Annotated[Language | None, BeforeValidator(_to_lower)] = None
    aliases: Annotated[tuple[str, ...], BeforeValidator(_parse_addresses)] = ()
    started: Annotated[date | None, BeforeValidator(_parse_date)] = None
    left: Annotated[date | None, BeforeValidator(_parse_date)] = None

    @model_validator(mode="after")
    def _check_dates(self) -> Self:
        if self.started and self.left and self.left < self.started:
            raise ValueError(f"left ({self.left}) is before started ({self.started})")
        return self


@dataclass(frozen=True, slots=True)
class Roster:
    """The list of managers.

    managers: of the lines without a fault, in order, including those who have left. problems: the faults of
    the other lines. unusable_managers: the calendars and addresses on those lines, as far as they can be
    read, each under the id `line N`. lines: the number of each line, by id. listed_ids: every id on the list,
    including lines with a fault.
    """

    file: str
    managers: tuple[Manager, ...]
    problems: tuple[Problem, ...] = ()
    unusable_managers: tuple[Manager, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)
    listed_ids: frozenset[str] = frozenset()

    def in_service(self, day: date) -> tuple[Manager, ...]:
        """The managers in service on this day."""
        return tuple(manager for manager in self.managers if manager.is_in_service(day))

    def describe_lines(self, ids: Iterable[str]) -> str:
        """The file and line numbers of these managers, as the location of a problem."""
        numbers = sorted(self.lines[manager_id] for manager_id in ids if manager_id in self.lines)
        return f"{self.file} line{'s' if len(numbers) > 1 else ''} {join_with_and(numbers)}"


def load_managers(settings: Settings) -> tuple[Manager, ...]:
    """The managers on lines without a fault; `read_roster` also returns the faults of the others."""
    return read_roster(settings).managers


def read_roster(settings: Settings) -> Roster:
    """The list of managers at the path in the settings.

    Raises:
        ConfigError: No line can be used: there is no such file, headings are wrong, or all lines have faults.
    """
    file = settings.resolve(settings.managers.file)
    headings, lines = read_roster_lines(file)
    _check_headings(headings, file.name)
    own_columns = [name for name in headings if name not in RosterRow.model_fields]
    managers: dict[str, Manager] = {}
    line_numbers: dict[str, int] = {}
    problems: list[Problem] = []
    duplicates = _find_duplicate_ids(lines)
    for line in lines:
        where = f"{file.name} line {line.number}"
        if line.fault:
            what, hint = line.fault
            problems.append(Problem(where, what, f"{hint}; {_not_read_hint(line)}"))
            continue
        row, faults = _validate_row(line, own_columns, where, settings)
        problems += faults
        if row is not None and row.id.casefold() not in duplicates:
            own_cells = tuple((name, line.cells.get(name, "")) for name in own_columns)
            managers[row.id] = _to_manager(row, own_cells, settings)
            line_numbers[row.id] = line.number
    problems += _duplicate_id_problems(duplicates, file.name)
    if not managers:
        problems = problems or [Problem(file.name, "has no managers", "add a line for each manager")]
        raise ConfigError(problems)
    listed_ids = frozenset(line.cells.get("id", "") for line in lines) - {""}
    usable_lines = set(line_numbers.values())
    unusable_managers = []
    for line in lines:
        if line.number not in usable_lines:
            name = f"line {line.number}"
            if name in listed_ids:  # it is the id of a manager
                name = f"{name} of {file.name}"
            unusable_managers.append(_manager_of_unusable_line(name, line, settings))
            line_numbers[name] = line.number
    return Roster(
        file.name,
        tuple(managers.values()),
        tuple(problems),
        tuple(unusable_managers),
        line_numbers,
        listed_ids,
    )


def _check_headings(headings: Sequence[str], where: str) -> None:
    """Raise ConfigError if a required heading is missing, or one is there twice or misspelt."""
    problems = []
    if not headings:
        raise ConfigError([Problem(where, "has no managers", "add headings, and a line for each manager")])
    for name in ("id", "email"):
        if name not in headings:
            matches = difflib.get_close_matches(name, headings, n=1)
            hint = (
                f"is it the column {matches[0]!r}?" if matches else f"the headings are: {', '.join(headings)}"
            )
            problems.append(Problem(f"{where} line 1", f"there is no column {name!r}", hint))
    for name in dict.fromkeys(headings):
        if name and headings.count(name) > 1:
            what = f"the heading {name!r} is there {headings.count(name)} times"
            problems.append(Problem(f"{where} line 1", what, "give each column a heading of its own"))
    problems += _misspelt_column_problems(headings, where)
    if problems:
        raise ConfigError(problems)


def _misspelt_column_problems(headings: Sequence[str], where: str) -> Iterator[Problem]:
    """Headings that are similar to a known column; the organisation's own columns may have any other name."""
    known = list(RosterRow.model_fields)
    for name in headings:
        matches = difflib.get_close_matches(name, known, n=1, cutoff=0.8) if name not in known else []
        if matches:
            yield Problem(f"{where} line 1", f"no such column: {name!r}", f"did you mean {matches[0]!r}?")


def _validate_row(
    line: RosterLine, own_columns: Sequence[str], where: str, settings: Settings
) -> tuple[RosterRow | None, list[Problem]]:
    cells = {key: text for key, text in line.cells.items() if text != "" and key not in own_columns}
    try:
        row = RosterRow.model_validate(cells)
    except ValidationError as error:
        return None, [
            replace(problem, hint="; ".join(filter(None, (problem.hint, _not_read_hint(line)))))
            for problem in validation_problems(error, where, RosterRow)
        ]
    if row.source and row.source not in settings.sources:
        hint = f"the settings have: {', '.join(settings.sources)}; {_not_read_hint(line)}"
        return None, [Problem(f"{where} source", f"no source is called {row.source!r}", hint)]
    return row, []


def _not_read_hint(line: RosterLine) -> str:
    name = line.cells.get("id", "")
    manager = name if name and name.isprintable() else "this manager"
    return f"{manager} is not read until the line is corrected"


def _to_manager(row: RosterRow, own_cells: tuple[tuple[str, str], ...], settings: Settings) -> Manager:
    values: dict[str, Any] = row.model_dump()
    values["email"] = row.email.lower()
    values["language"] = row.language or settings.organisation.language
    values["source"] = row.source or next(iter(settings.sources))
    values["calendar"] = row.calendar or row.email
    return Manager(**values, own_columns=own_cells)


def _manager_of_unusable_line(name: str, line: RosterLine, settings: Settings) -> Manager:
    """The calendar and addresses on a line that cannot be used, so that they do not count to anyone else."""
    email = line.cells.get("email", "")
    source = line.cells.get("source", "")
    aliases = _split_addresses(line.cells.get("aliases", ""))
    return Manager(
        id=name,
        email=email if "@" in email else name,
        name="",
        source=source if source in settings.sources else next(iter(settings.sources)),
        calendar=line.cells.get("calendar", "") or email or name,
        aliases=tuple(alias for alias in aliases if "@" in alias),
    )


def _find_duplicate_ids(lines: Iterable[RosterLine]) -> dict[str, list[RosterLine]]:
    """The lines of each id that is on several lines, by the folded id; lines with a fault are included."""
    lines_by_id: dict[str, list[RosterLine]] = {}
    for line in lines:
        if name := line.cells.get("id", ""):
            lines_by_id.setdefault(name.casefold(), []).append(line)
    return {name: lines_of_id for name, lines_of_id in lines_by_id.items() if len(lines_of_id) > 1}


def _duplicate_id_problems(duplicates: Mapping[str, Sequence[RosterLine]], file: str) -> list[Problem]:
    """Report the ids on several lines; none of these lines is used, because the right one is unknown."""
    return [
        Problem(
            file,
            f"the id {lines[0].cells['id']!r} is on lines {join_with_and(line.number for line in lines)}; "
            "none of them is read",
            "give each manager an id of their own",
        )
        for lines in duplicates.values()
    ]
