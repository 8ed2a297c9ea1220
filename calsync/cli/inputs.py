"""Inputs that several commands share: rules, tables of meetings, names of output files."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from calsync.app.wiring import open_rules
from calsync.cli.app import print_problems
from calsync.config.load import load_settings
from calsync.errors import ConfigError
from calsync.exports.registry import known_suffixes
from calsync.model.problem import Problem
from calsync.private_files import is_device
from calsync.rules.book import RuleBook
from calsync.rules.packs.load import load_rules

DEFAULT_PACKS = ("uk",)

PacksOption = Annotated[
    list[str] | None,
    typer.Option(
        "--pack", metavar="NAME", help="A shipped pack, may be repeated; in place of the settings'."
    ),
]


def load_rule_book(config: Path, packs: list[str] | None) -> RuleBook:
    """Load the packs of the settings with the organisation's own; without settings, the shipped packs.

    packs: replaces the packs that the settings name.
    """
    if config.exists():
        settings = load_settings(config)
        chosen = {"packs": tuple(packs)} if packs else {}
        rules = settings.rules.model_copy(update=chosen)
        book, problems = open_rules(settings.model_copy(update={"rules": rules}))
    else:
        book, problems = load_rules(packs or DEFAULT_PACKS)
    print_problems(problems)
    return book


def check_suffix(file: Path) -> None:
    """Raise ConfigError if no file format has the suffix of this file."""
    if not file.suffix and is_device(file):
        return  # CSV is written
    if file.suffix.lower() not in (known := known_suffixes()):
        what = f"has the suffix {file.suffix!r}" if file.suffix else "has no suffix"
        hint = f"the format is chosen by it: {', '.join(known)}"
        raise ConfigError([Problem(str(file), f"{what}, by which no format is known", hint)])


def read_meetings_table(source: Path) -> pd.DataFrame:
    """Read a table of meetings; all columns are text.

    Raises:
        ConfigError: If the file cannot be read, or has no column `title`.
    """
    try:
        frame = pd.read_csv(source, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError([Problem(str(source), "there is no such file", "check its path")]) from error
    except OSError as error:
        raise ConfigError([Problem(str(source), f"cannot be read: {error.strerror}")]) from error
    except pd.errors.EmptyDataError as error:
        raise ConfigError([Problem(str(source), "is empty", _TITLE_HINT)]) from error
    except UnicodeDecodeError as error:
        what, hint = "is not text in UTF-8", "save it as CSV in UTF-8 (in Excel: CSV UTF-8)"
        raise ConfigError([Problem(str(source), what, hint)]) from error
    except ValueError as error:
        what = f"is not CSV: {str(error).strip()}"
        raise ConfigError([Problem(str(source), what, "save it as CSV in UTF-8")]) from error
    if "title" not in frame.columns:
        raise ConfigError([Problem(str(source), "has no column `title`", _title_column_hint(frame.columns))])
    return frame


_TITLE_HINT = "its first line names the columns; `title` is needed"


def _title_column_hint(columns: pd.Index) -> str:
    """Return a hint for a table that has these columns and no `title`."""
    if len(columns) == 1 and any(mark in columns[0] for mark in ";\t"):
        return "separate the columns by commas"
    synonyms = [
        name for name in columns if name.strip().casefold() in ("title", "subject", "summary", "teitl")
    ]
    return f"rename the column {synonyms[0]!r} to `title`" if synonyms else f"it has: {', '.join(columns)}"
