"""`calsync init`: five questions, and everything a first night needs is written."""

import re
import stat
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from calsync.cli.app import app, writing
from calsync.cli.terminal import bold, out
from calsync.config.load import load_settings
from calsync.config.roster import load_managers
from calsync.config.starting import Answers, starting_files
from calsync.errors import ConfigError
from calsync.model.people import Language, Nation
from calsync.model.problem import Problem, Severity
from calsync.nightly.opening import open_rules
from calsync.rules.check import check_rules


class Where(StrEnum):
    """Where the calendars are."""

    FILES = "files"
    M365 = "m365"
    CALDAV = "caldav"


@app.command()
def init(
    name: Annotated[str, typer.Option(prompt="What is your organisation called?", help="Its name.")],
    domains: Annotated[
        str,
        typer.Option(prompt="Its own mail domains, with a space between", help="Its own mail domains."),
    ],
    nation: Annotated[Nation, typer.Option(prompt="In which nation?", help="For holidays and rules.")],
    language: Annotated[Language, typer.Option(prompt="In which language do you write?", help="Of mails.")],
    calendars: Annotated[Where, typer.Option(prompt="Where are the calendars?", help="The first source.")],
    to: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write into.")] = Path(),
) -> None:
    """Ask five questions and write settings, a list of managers, agencies and a pack of your own.

    Nothing that exists is overwritten. Example: `calsync init --to council`
    """
    wanted = tuple(re.split(r"[\s,;]+", domains.strip()))
    files = starting_files(Answers(name, wanted, nation, language, calendars))
    there = [to / path for path in files if (to / path).exists()]
    if there:
        hint = "nothing was written; choose another folder with --to"
        raise ConfigError([Problem(str(path), "is there already", hint) for path in there])
    _check_before_writing(files)
    for path, text in files.items():
        with writing(to / path):
            _write(to / path, text)
        out.print_line("wrote ", bold(to / path))
    out.print()
    out.print("Now list your managers in managers.csv, then try everything: calsync check")


def _check_before_writing(files: Mapping[Path, str]) -> None:
    """Raise ConfigError with everything in these files that `calsync check` would refuse."""
    with TemporaryDirectory() as folder:
        for path, text in files.items():
            _write(Path(folder) / path, text)
        settings = load_settings(Path(folder) / "calsync.toml")
        load_managers(settings)
        book, problems = open_rules(settings)
        faults = [p for p in (*problems, *check_rules(book)) if p.severity is Severity.FAULT]
        if faults:
            raise ConfigError(faults)


def _write(path: Path, text: str) -> None:
    # A service of another user may read them, and nobody else may change where mails and hours go.
    for folder in reversed([folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]):
        folder.mkdir()
        _refuse_writing_by_others(folder)
    path.write_text(text, encoding="utf-8")
    _refuse_writing_by_others(path)


def _refuse_writing_by_others(path: Path) -> None:
    path.chmod(stat.S_IMODE(path.stat().st_mode) & ~(stat.S_IWGRP | stat.S_IWOTH))
