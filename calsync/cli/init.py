"""`calsync init`: prompts for five answers and writes the files that a first night needs."""

import re
import stat
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from calsync.app.wiring import open_rules
from calsync.cli.app import app, report_write_errors
from calsync.cli.terminal import bold, out
from calsync.config.load import load_settings
from calsync.config.roster import load_managers
from calsync.config.settings import is_domain
from calsync.config.starter_files import InitAnswers, build_starter_files
from calsync.errors import ConfigError
from calsync.model.people import Language, Nation
from calsync.model.problem import Problem, Severity
from calsync.rules.authoring.check import check_rules


class CalendarLocation(StrEnum):
    """Where the calendars are."""

    FILES = "files"
    M365 = "m365"
    CALDAV = "caldav"


_SYNONYMS = {
    **{
        "english": "en",
        "saesneg": "en",
        "welsh": "cy",
        "cymraeg": "cy",
        "bilingual": "both",
        "dwyieithog": "both",
    },
    **{"cymru": "wales", "lloegr": "england", "yr-alban": "scotland", "ni": "northern-ireland"},
    **{"ics": "files", "file": "files", "microsoft-365": "m365", "office-365": "m365", "outlook": "m365"},
}
"""Other words for the choices of `init`."""


def _choice_option(choices: type[StrEnum], question: str, help_text: str) -> Any:
    """Return an option with a prompt that takes any of the choices, in upper or lower case."""
    listed = ", ".join(choices)

    def parse(text: str) -> str:
        word = "-".join(text.casefold().split())
        try:
            return choices(_SYNONYMS.get(word, word)).value
        except ValueError:
            raise typer.BadParameter(f"{text!r} is none of {listed}") from None

    return typer.Option(
        prompt=f"{question} ({listed})", parser=parse, metavar="|".join(choices), help=help_text
    )


def _parse_name(text: str) -> str:
    if not text.strip():
        raise typer.BadParameter("the name of your organisation must not be empty")
    return text.strip()


def _parse_domains(text: str) -> str:
    """Return the mail domains in an answer, separated by blanks; of mail and web addresses, their domains."""
    parts = [part for part in re.split(r"[\s,;]+", text) if part]
    domains = [_extract_domain(part) for part in parts]
    wrong = [part for part, domain in zip(parts, domains, strict=True) if not is_domain(domain)]
    if wrong or not domains:
        what = f"{', '.join(map(repr, wrong))}: not a mail domain" if wrong else "no mail domain is given"
        raise typer.BadParameter(f"{what}; write it as brynfelin.gov.wales")
    return " ".join(dict.fromkeys(domains))


def _extract_domain(text: str) -> str:
    host = text.rpartition("://")[2].partition("/")[0].rpartition("@")[2]
    return host.strip(".").casefold()


@app.command()
def init(
    name: Annotated[
        str,
        typer.Option(
            prompt="What is your organisation called", parser=_parse_name, metavar="NAME", help="Its name."
        ),
    ],
    domains: Annotated[
        str,
        typer.Option(
            prompt="Its own mail domains, with a space between",
            parser=_parse_domains,
            metavar="DOMAINS",
            help="Its own mail domains, with a space between.",
        ),
    ],
    nation: Annotated[str, _choice_option(Nation, "In which nation", "For holidays and rules.")],
    language: Annotated[str, _choice_option(Language, "In which language do you write", "Of mails.")],
    calendars: Annotated[
        str, _choice_option(CalendarLocation, "Where are the calendars", "The first source.")
    ],
    to: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write into.")] = Path(),
) -> None:
    """Ask five questions and write settings, a list of managers, agencies and a pack of your own.

    Nothing that exists is overwritten. Example: `calsync init --to council`
    """
    files = build_starter_files(
        InitAnswers(name, tuple(domains.split()), Nation(nation), Language(language), calendars)
    )
    existing = [to / path for path in files if (to / path).exists()]
    if existing:
        hint = "nothing was written; choose another folder with --to"
        raise ConfigError([Problem(str(path), "is there already", hint) for path in existing])
    _check_before_writing(files)
    for path, text in files.items():
        with report_write_errors(to / path):
            _write_file(to / path, text)
        out.print_line("wrote ", bold(to / path))
    out.print()
    out.print("Now list your managers in managers.csv, then try everything: calsync check")


def _check_before_writing(files: Mapping[Path, str]) -> None:
    """Raise ConfigError with all faults that `calsync check` would find in these files."""
    with TemporaryDirectory() as folder:
        for path, text in files.items():
            _write_file(Path(folder) / path, text)
        settings = load_settings(Path(folder) / "calsync.toml")
        load_managers(settings)
        book, problems = open_rules(settings)
        # A wrong domain also makes examples of shipped rules fail; these problems would hide the cause.
        for group in (book.lint_problems, (*problems, *check_rules(book))):
            if faults := [problem for problem in group if problem.severity is Severity.FAULT]:
                raise ConfigError(faults)


def _write_file(path: Path, text: str) -> None:
    # The service may run as another user, who must read the files; only the owner may change them.
    for folder in reversed([folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]):
        folder.mkdir()
        _remove_write_access_of_others(folder)
    path.write_text(text, encoding="utf-8")
    _remove_write_access_of_others(path)


def _remove_write_access_of_others(path: Path) -> None:
    path.chmod(stat.S_IMODE(path.stat().st_mode) & ~(stat.S_IWGRP | stat.S_IWOTH))
