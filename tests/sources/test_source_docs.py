"""The pages on sources name every key, and every key that they name exists."""

import re
from pathlib import Path

import pytest

from calsync.http.options import WebOptions
from calsync.sources.caldav.source import CaldavOptions
from calsync.sources.ics import IcsOptions

DOCS = Path(__file__).parents[2] / "docs" / "operators"


def keys_in(page: str) -> set[str]:
    tables = (DOCS / page).read_text(encoding="utf-8").split("| key | default | what it does |")[1:]
    return {key for table in tables for key in re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)}


def test_every_key_of_files_and_addresses_is_documented() -> None:
    assert keys_in("sources.md") == set(IcsOptions.model_fields)


def test_every_key_of_caldav_is_documented() -> None:
    assert keys_in("caldav.md") == set(CaldavOptions.model_fields) - set(WebOptions.model_fields)


@pytest.mark.parametrize("page", ["sources.md", "caldav.md"])
def test_the_defaults_on_a_page_are_those_of_the_code(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    fields = {**IcsOptions.model_fields, **CaldavOptions.model_fields}
    for key, default in re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", text, re.MULTILINE):
        assert str(fields[key].default).strip("()").rstrip(",").replace("'", '"').lower() in (
            default.strip("[]"),
            f"{default}.0",
        ), key
