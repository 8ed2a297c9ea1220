"""The lines of an invitation's text, and Exchange's names for meetings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calsync.model.uids import series_uid
from calsync.sources.m365.body import extract_body_text

RULE = "_" * 80
EXCHANGE = (
    "040000008200E00074C5B7101A82E008" + "{date}" + "30E5F1B0A1C2D901" + "0" * 16 + "10000000" + "AB" * 16
)


def text(html: str) -> list[str]:
    return extract_body_text(html, html=True).splitlines()


@pytest.mark.parametrize("join", ["Microsoft Teams meeting", "Cyfarfod Microsoft Teams", "Join Zoom Meeting"])
def test_a_joining_section_is_removed_up_to_its_closing_rule(join: str) -> None:
    page = f"<p>1. Minutes</p><div>{RULE}</div><p>{join}</p><p>ID: 1</p><div>{RULE}</div><p>2. Pathway</p>"
    assert text(page) == ["1. Minutes", "2. Pathway"]


def test_a_joining_section_at_the_end_is_removed() -> None:
    assert text(f"<p>1. Minutes</p><div>{RULE}</div><p>Microsoft Teams</p><p>Join: 1</p>") == ["1. Minutes"]


def test_a_rule_between_two_parts_of_an_agenda_is_kept() -> None:
    assert text(f"<p>Part A</p><div>{RULE}</div><p>Part B</p>") == ["Part A", RULE, "Part B"]


def test_plain_text_is_unchanged() -> None:
    assert (
        extract_body_text("1. Minutes\r\n\r\n  2. <b>Pathway</b>", html=False)
        == "1. Minutes\n2. <b>Pathway</b>"
    )


@given(st.text())
def test_any_html_is_read_without_an_error(html: str) -> None:
    assert "\n\n" not in extract_body_text(html, html=True)
    assert "\n\n" not in extract_body_text(f"<ol><li>{html}</ul></li><td>", html=True)


def test_an_occurrences_own_id_is_that_of_its_series() -> None:
    series, occurrence = EXCHANGE.format(date="00000000"), EXCHANGE.format(date="07EA0B02")
    assert series_uid(occurrence) == series_uid(series) == series


def test_a_meeting_from_elsewhere_has_the_uid_that_it_had_there() -> None:
    uid = "7kukuqrfedlm2f9t@google.example"
    content = b"vCal-Uid\x01\x00\x00\x00" + uid.encode() + b"\x00"
    length = len(content).to_bytes(4, "little").hex()
    head = "040000008200E00074C5B7101A82E008" + "07EA0B02" + "0" * 32
    assert series_uid(head + length + content.hex()) == uid


@pytest.mark.parametrize(
    "uid", ["", "abc@x.example", "040000008200E00074C5B7101A82E0080001", EXCHANGE[:32] + "Z" * 80]
)
def test_other_ids_are_unchanged(uid: str) -> None:
    assert series_uid(uid) == uid
