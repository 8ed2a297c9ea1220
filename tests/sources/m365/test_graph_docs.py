"""docs/operators/microsoft-365.md agrees with the code."""

import re
from pathlib import Path

import pytest

import calsync
from calsync.sources.m365.events import EVENT_FIELDS
from calsync.sources.m365.options import M365Options

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/operators/microsoft-365.md").read_text(encoding="utf-8")
CODE = " ".join(
    " ".join(file.read_text(encoding="utf-8").split())
    for folder in ("sources/m365", "http")
    for file in sorted((Path(calsync.__file__).parent / folder).glob("*.py"))
)


def rows(head: str) -> list[list[str]]:
    table = PAGE.partition(head)[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_every_key_is_documented_with_its_default() -> None:
    documented = {row[0].strip("`"): row[1] for row in rows("| key | default | what it does |")}
    assert documented.keys() == M365Options.model_fields.keys()
    for key, default in re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", PAGE, re.MULTILINE):
        assert str(M365Options.model_fields[key].default).lower() in (default, f"{default}.0"), key


MESSAGES = [re.sub(r" \(AADSTS(\d+)\)", "", row[0]) for row in rows("| message | what to do |")]
MESSAGE_OF_EXCHANGE = "Access to OData is disabled"


@pytest.mark.parametrize("message", [message for message in MESSAGES if message != MESSAGE_OF_EXCHANGE])
def test_every_message_of_the_table_is_in_the_code(message: str) -> None:
    assert message.partition(": 429")[0] in CODE


def test_every_sign_in_code_of_the_table_is_in_the_code() -> None:
    numbers = re.findall(r"AADSTS(\d+)", PAGE)
    assert len(numbers) >= 7
    assert [number for number in numbers if f"{number}: Cause(" not in CODE] == []


def test_the_page_names_every_requested_field() -> None:
    # The page must name a new field; only ids and kinds need no word.
    plain = {"id", "iCalUId", "type", "isOrganizer", "seriesMasterId", "originalStart"}
    other = {
        "isAllDay": "all-day",
        "isCancelled": "cancelled",
        "showAs": "show-as",
        "responseStatus": "own answer",
        "seriesMasterId": "series",
        "originalStart": "original start",
    }
    words = {field: other.get(field, field) for field in EVENT_FIELDS if field in other or field not in plain}
    fields = PAGE.partition("with these fields and no\nothers:")[2].partition("Nothing is written")[0]
    assert [field for field, word in words.items() if word not in fields] == []
