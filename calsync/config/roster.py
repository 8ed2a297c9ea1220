"""Reads the list of managers (`managers.csv`, also .xlsx); a bad line costs its manager and is named."""

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

from calsync.config.roster_file import RosterLine, read_roster_rows
from calsync.config.settings import Settings
from calsync.errors import ConfigError
from calsync.model.people import Frequency, Language, Manager
from calsync.model.problem import Problem
from calsync.validation import validation_problems

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ADDRESS = re.compile(r"[^\s@<>(),;:\"\\]+@[^\s@<>(),;:\"\\]+")
_WEEKDAY_RANGE = re.compile(r"(\w)\.?\s*(?:[-\u2010-\u2015]|\b(?:to|until)\b)\s*(\w)")
_WEEKDAYS_HINT = 'write weekdays in English, such as "mon tue wed thu fri" or "mon-fri"'
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})([ T]00:00(:00)?)?")  # a workbook gives a time with its dates


def _parse_weekdays(text: object) -> tuple[int, ...]:
    """The numbers of weekdays that are listed, `mon tue` or `Monday, Tuesday`, and of ranges, `mon-fri`."""
    words = _WEEKDAY_RANGE.sub(r"\1-\2", re.sub(r"[,;/&+]|\band\b", " ", str(text).lower())).split()
    numbers: set[int] = set()
    for word in words:
        first, *rest = map(_parse_weekday, word.split("-"))
        last = rest[-1] if rest else first
        if first is None or last is None or len(rest) > 1:
            raise ValueError(f"{word!r} is no weekday; {_WEEKDAYS_HINT}")
        numbers |= {(first + step) % 7 for step in range((last - first) % 7 + 1)}
    if not numbers:
        raise ValueError(_WEEKDAYS_HINT)
    return tuple(sorted(numbers))


def _parse_weekday(word: str) -> int | None:
    """The number of a day, by its name or the beginning of it: `tue`, `tues.`, `tuesday`."""
    name = word.rstrip(".")
    spellings = [text for text in (name, name.removesuffix("s")) if len(text) >= 3]
    return next(
        (n for n, day in enumerate(WEEKDAYS) if any(day.startswith(text) for text in spellings)), None
    )


def _is_invisible(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp")


def _validate_visible(text: str) -> str:
    """Refuse invisible characters: two ids that differ in them look alike."""
    if unseen := next(filter(_is_invisible, text), ""):
        raise ValueError(f"holds a character that cannot be seen (U+{ord(unseen):04X}); type it anew")
    return text


def _validate_address(text: str) -> str:
    # What comes along when an address is copied; two addresses are compared without it, too.
    text = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    if not _ADDRESS.fullmatch(text) or any(map(_is_invisible, text)):
        raise ValueError("is no mail address; write it as name@example.org")
    return text


def _parse_addresses(text: object) -> tuple[str, ...]:
    return tuple(
        _validate_address(one) for one in str(text).lower().replace(",", " ").replace(";", " ").split()
    )


def _parse_decimal(text: object) -> object:
    return text.replace(",", ".") if isinstance(text, str) and text.count(",") == 1 else text


def _to_lower(text: object) -> object:
    return text.lower() if isinstance(text, str) else text


def _parse_date(text: object) -> object:
    if not isinstance(text, str):
        return text
    found = _DATE.fullmatch(text)
    try:
        return date.fromisoformat(found.group(1)) if found else date.fromisoformat("")
    except ValueError:
        raise ValueError("is no date; write it as 2026-11-30") from None


class RosterRow(BaseModel):
    """One line of the list."""

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


def join_with_and(things: Iterable[object]) -> str:
    """Things in a sentence: `a`, `a and b`, `a, b and c`."""
    *first, last = [str(thing) for thing in things] or [""]
    return f"{', '.join(first)} and {last}" if first else last


@dataclass(frozen=True, slots=True)
class Roster:
    """The list of managers, as far as it can be used.

    managers: in the order of the list, those who have left, too. problems: the lines that cannot be used.
    claimants: what the lines that cannot be used claim, each under the id `line N`, as far as it can be read.
    lines: the number of each line, by id. named: every id on the list, those of bad lines, too.
    """

    file: str
    managers: tuple[Manager, ...]
    problems: tuple[Problem, ...] = ()
    unusable_managers: tuple[Manager, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)
    listed_ids: frozenset[str] = frozenset()

    def in_service(self, day: date) -> tuple[Manager, ...]:
        """Those who work here on this day."""
        return tuple(manager for manager in self.managers if manager.is_in_service(day))

    def describe_lines(self, ids: Iterable[str]) -> str:
        """The lines of these managers, for a problem."""
        numbers = sorted(self.lines[one] for one in ids if one in self.lines)
        return f"{self.file} line{'s' if len(numbers) > 1 else ''} {join_with_and(numbers)}"


def load_managers(settings: Settings) -> tuple[Manager, ...]:
    """The managers whose lines can be used; `read_roster` gives what is wrong with the others."""
    return read_roster(settings).managers


def read_roster(settings: Settings) -> Roster:
    """The list of managers that the settings name.

    Raises ConfigError where no line can be used: no such file, wrong headings, or every line is bad.
    """
    file = settings.resolve(settings.managers.file)
    headings, lines = read_roster_rows(file)
    _check_headings(headings, file.name)
    own_columns = [name for name in headings if name not in RosterRow.model_fields]
    rows: dict[str, tuple[Manager, int]] = {}
    problems: list[Problem] = []
    doubled = _find_duplicate_ids(lines)
    for line in lines:
        where = f"{file.name} line {line.number}"
        if line.fault:
            what, hint = line.fault
            problems.append(Problem(where, what, f"{hint}; {_not_read_hint(line)}"))
            continue
        row, faults = _validate_row(line, own_columns, where, settings)
        problems += faults
        if row is not None and row.id.casefold() not in doubled:
            extra = tuple((name, line.cells.get(name, "")) for name in own_columns)
            rows[row.id] = _to_manager(row, extra, settings), line.number
    problems += _duplicate_id_problems(doubled, file.name)
    if not rows:
        problems = problems or [Problem(file.name, "names no manager", "add a line for each manager")]
        raise ConfigError(problems)
    named = frozenset(line.cells.get("id", "") for line in lines) - {""}
    managers = tuple(manager for manager, _ in rows.values())
    numbers = {name: number for name, (_, number) in rows.items()}
    unused = {f"line {line.number}": line for line in lines if line.number not in numbers.values()}
    # An id may look like that, too.
    unused = {name if name not in named else f"{name} of {file.name}": line for name, line in unused.items()}
    claimants = tuple(_manager_of_unusable_line(name, line, settings) for name, line in unused.items())
    numbers |= {name: line.number for name, line in unused.items()}
    return Roster(file.name, managers, tuple(problems), claimants, numbers, named)


def _check_headings(headings: Sequence[str], where: str) -> None:
    """Refuse headings that do not say what their columns hold."""
    problems = []
    if not headings:
        raise ConfigError([Problem(where, "names no manager", "add headings, and a line for each manager")])
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
    """A column of one's own may have any name but one that is nearly a known column's."""
    known = list(RosterRow.model_fields)
    for name in headings:
        matches = difflib.get_close_matches(name, known, n=1, cutoff=0.8) if name not in known else []
        if matches:
            yield Problem(f"{where} line 1", f"no such column: {name!r}", f"did you mean {matches[0]!r}?")


def _validate_row(
    line: RosterLine, own: Sequence[str], where: str, settings: Settings
) -> tuple[RosterRow | None, list[Problem]]:
    cells = {key: text for key, text in line.cells.items() if text != "" and key not in own}
    try:
        row = RosterRow.model_validate(cells)
    except ValidationError as error:
        found = validation_problems(error, where, RosterRow)
        return None, [
            replace(one, hint=f"{one.hint}; {_not_read_hint(line)}" if one.hint else _not_read_hint(line))
            for one in found
        ]
    if row.source and row.source not in settings.sources:
        hint = f"the settings have: {', '.join(settings.sources)}; {_not_read_hint(line)}"
        return None, [Problem(f"{where} source", f"no source is called {row.source!r}", hint)]
    return row, []


def _not_read_hint(line: RosterLine) -> str:
    name = line.cells.get("id", "")
    who = name if name and name.isprintable() else "this manager"
    return f"{who} is not read until the line is put right"


def _to_manager(row: RosterRow, own: tuple[tuple[str, str], ...], settings: Settings) -> Manager:
    values: dict[str, Any] = row.model_dump()
    values["email"] = row.email.lower()
    values["language"] = row.language or settings.organisation.language
    values["source"] = row.source or next(iter(settings.sources))
    values["calendar"] = row.calendar or row.email
    return Manager(**values, own_columns=own)


def _manager_of_unusable_line(name: str, line: RosterLine, settings: Settings) -> Manager:
    """Who a line that cannot be used may be about: its calendar and addresses are not another's meanwhile."""
    email = line.cells.get("email", "")
    source = line.cells.get("source", "")
    aliases = line.cells.get("aliases", "").replace(",", " ").replace(";", " ").split()
    return Manager(
        id=name,
        email=email if "@" in email else name,
        name="",
        source=source if source in settings.sources else next(iter(settings.sources)),
        calendar=line.cells.get("calendar", "") or email or name,
        aliases=tuple(alias for alias in aliases if "@" in alias),
    )


def _find_duplicate_ids(lines: Iterable[RosterLine]) -> dict[str, list[RosterLine]]:
    """The ids that are on several lines, bad ones included, in whatever case they are written."""
    found: dict[str, list[RosterLine]] = {}
    for line in lines:
        if name := line.cells.get("id", ""):
            found.setdefault(name.casefold(), []).append(line)
    return {name: several for name, several in found.items() if len(several) > 1}


def _duplicate_id_problems(doubled: Mapping[str, Sequence[RosterLine]], file: str) -> list[Problem]:
    """Report an id on several lines: whose calendar is meant is unknown, so none of them is used."""
    return [
        Problem(
            file,
            f"the id {lines[0].cells['id']!r} is on lines {join_with_and(line.number for line in lines)}; "
            "none of them is read",
            "give each manager an id of their own",
        )
        for lines in doubled.values()
    ]
