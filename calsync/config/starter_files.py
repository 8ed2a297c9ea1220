"""Builds the text of the files that `calsync init` writes: settings, a list of managers, own rules."""

import json
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from calsync.model.people import Language, Nation


@dataclass(frozen=True, slots=True)
class InitAnswers:
    """The answers to the questions of `calsync init`.

    Attributes:
        domains: The mail domains of the organisation, at least one.
        source: Where its calendars are: `files`, `m365` or `caldav`.
    """

    name: str
    domains: tuple[str, ...]
    nation: Nation
    language: Language
    source: str


# By `InitAnswers.source`.
_SOURCE_SECTIONS = {
    "files": """\
[sources.exported]
type = "ics"             # exported files, folders of them, published addresses: docs/operators/sources.md
""",
    "m365": """\
[sources.m365]
type = "m365"                   # docs/operators/microsoft-365.md says what an administrator does first
tenant = "00000000-0000-0000-0000-000000000000"
client_id = "00000000-0000-0000-0000-000000000000"
certificate_file = "calsync.pem"
""",
    "caldav": """\
[sources.caldav]
type = "caldav"                 # docs/operators/caldav.md
url = "https://calendars.example/"
username = "calsync"
password_env = "CALSYNC_CALDAV_PASSWORD"
""",
}
_MANAGER_COLUMNS = (
    "id,email,name,department,grade,fte,hours_per_week,working_days,source,calendar,summary,language"
)
# What the example row of the list of managers has in the column `calendar`; "" is the mailbox of the manager.
_EXAMPLE_CALENDARS = {"files": "calendars/m1.ics", "m365": "", "caldav": ""}


def build_starter_files(answers: InitAnswers) -> dict[Path, str]:
    """Return the text of each file by its path in the new folder."""
    return {
        Path("calsync.toml"): _settings_text(answers),
        Path("managers.csv"): _managers_text(answers),
        Path("our-rules/agencies.toml"): _agencies_text(answers),
        Path("our-rules/ours.toml"): _pack_text(answers),
    }


def _settings_text(answers: InitAnswers) -> str:
    return f"""\
# calsync: who we are, what is read, where results go. Every key: docs/operators/settings.md.
# Paths are relative to this file. Secrets are named by environment variable, never written here.

[organisation]
name = {_toml_string(answers.name)}
domains = {_toml_list(answers.domains)}
nation = "{answers.nation}"
timezone = "Europe/London"
language = "{answers.language}"

[window]                        # whole weeks around the current one
weeks_back = 13
weeks_ahead = 4

[store]
url = "sqlite:///calsync.db"

{_SOURCE_SECTIONS[answers.source]}
[managers]
file = "managers.csv"

[rules]
packs = ["{answers.nation}"]
folder = "our-rules"            # ours wins over the shipped rules, and `calsync explain` shows it

[mail]                          # until you change it, mails are files in a folder
transport = "folder"
folder = "outbox"
sender = {_toml_string(f"calsync@{answers.domains[0]}")}

[schedule]
nightly = "04:15"
"""


def _managers_text(answers: InitAnswers) -> str:
    days, calendar = "mon tue wed thu fri", _EXAMPLE_CALENDARS[answers.source]
    email = f"first.manager@{answers.domains[0]}"
    row = f"m1,{email},First Manager,Department,Grade,1.0,37,{days},,{calendar},none,"
    return f"{_MANAGER_COLUMNS}\n{row}\n"


def _agencies_text(answers: InitAnswers) -> str:
    return f"""\
# Our own organisation and our neighbours: this file wins over the agencies that calsync ships.
# Mail domains that no file lists are shown by `calsync rules coverage`.

[[agency]]
id = "{_make_agency_id(answers.name)}"
name = {_toml_string(answers.name)}
sector = "council"              # council, nhs, police, fire, justice, government, voluntary, housing, ...
domains = {_toml_list(answers.domains)}

# [[agency]]
# id = "carers-trust"
# name = "Our carers' trust"
# sector = "voluntary"
# domains = ["carerstrust.example"]
"""


def _pack_text(answers: InitAnswers) -> str:
    return f"""\
# Our own partnerships and rules; docs/rules/writing-rules.md has a worked example.
# Try a title: calsync explain "Harbour Board: terms of reference"; then: calsync rules check

[pack]
title = {_toml_string(f"Local rules of {answers.name}")}

# [[partnership]]
# id = "harbour"
# name = "Harbour Board"
# names = {{ en = ["harbour board"] }}
# short = {{ en = ["hb"] }}
"""


def _make_agency_id(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    without_accents = "".join(char for char in decomposed if not unicodedata.combining(char))
    # "us", as in "our own organisation", for a name without a Latin letter or a digit.
    return re.sub(r"[^a-z0-9]+", "-", without_accents).strip("-") or "us"


def _toml_string(text: str) -> str:
    # JSON and TOML (in its basic strings) use the same quotation marks and escapes.
    return json.dumps(text, ensure_ascii=False)


def _toml_list(texts: tuple[str, ...]) -> str:
    return json.dumps(list(texts), ensure_ascii=False)
