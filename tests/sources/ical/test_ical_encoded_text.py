"""Text in quoted-printable and base64, as vCalendar 1.0 writes it, with its soft line breaks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hypothesis_profiles import examples
from support.ical_text import NEIGHBOUR, calendar, event, read, read_one, uids_of
from support.reader_comparison import assert_readers_agree

from calsync.model.problem import Severity

QP = ";ENCODING=QUOTED-PRINTABLE"


def title(line: str, rest: str = "") -> str:
    """The title that both readers read from a line, without a problem."""
    content = calendar(event(line, *filter(None, [rest])), NEIGHBOUR)
    assert_readers_agree(content)
    occurrences, problems = read(content)
    assert problems == ()
    assert uids_of(occurrences) == ["u1", "neighbour"]
    return occurrences[0].title


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (f"SUMMARY{QP};CHARSET=UTF-8:Bwrdd=20=E2=80=93=20adolygiad", "Bwrdd – adolygiad"),
        ("SUMMARY;CHARSET=UTF-8;ENCODING=quoted-printable:Caf=c3=a9", "Café"),
        ('SUMMARY;ENCODING="QUOTED-PRINTABLE":Caf=C3=A9', "Café"),
        ("SUMMARY;QUOTED-PRINTABLE:Caf=C3=A9", "Café"),
        (f"summary{QP};LANGUAGE=fr:Caf=C3=A9", "Café"),
        (f"SUMMARY{QP};CHARSET=ISO-8859-1:Caf=E9", "Café"),
        (f"SUMMARY{QP};CHARSET=windows-1252:=93Caf=E9=94", "“Café”"),
        (f"SUMMARY{QP};CHARSET=Shift_JIS:=89=EF=8Bc", "会議"),
        (f"SUMMARY{QP}:Łódź =E2=80=93 1", "Łódź – 1"),
        (f"SUMMARY{QP}:1 =3D 1, a\\, b=5Cn", "1 = 1, a, b\\n"),
        ("SUMMARY;ENCODING=BASE64:Q2Fmw6k=", "Café"),
        ("SUMMARY;ENCODING=b;CHARSET=ISO-8859-1:Q2Fm6Q==", "Café"),
        ("SUMMARY;ENCODING=8BIT:1=20", "1=20"),
        ("SUMMARY:1=20", "1=20"),
    ],
)
def test_an_encoded_title_is_decoded(line: str, text: str) -> None:
    assert title(line) == text


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (f"SUMMARY{QP}:Public Services Board =\r\nworkshop day", "Public Services Board workshop day"),
        (f"SUMMARY{QP}:work=\r\nshop=\r\n day", "workshop day"),
        (f"SUMMARY{QP}:caf=C3=\r\n=A9", "café"),
        # A fold of RFC 5545 that cut a sequence.
        (f"SUMMARY{QP}:caf=C3=\r\n A9", "café"),
        (f"SUMMARY{QP}:caf=C3=A\r\n 9 one", "café one"),
        ("SUMMARY;ENCODING=QUOTED-\r\n PRINTABLE:Board =\r\nday", "Board day"),
        (f"SUMMARY{QP}:see =\r\nLOCATION: the hall", "see LOCATION: the hall"),
        (f"SUMMARY{QP}:see =\r\nDTSTART:20200101T090000Z", "see DTSTART:20200101T090000Z"),
        (f"SUMMARY{QP}:see =\r\nEND:VEVENT", "see END:VEVENT"),
        (f"SUMMARY{QP}:see =\r\nBEGIN:VEVENT", "see BEGIN:VEVENT"),
        (f"SUMMARY{QP}:see =\r\nUID:other", "see UID:other"),
        (f"SUMMARY{QP}:Board=0D=0A=\r\n", "Board"),
    ],
)
def test_a_soft_line_break_joins_the_next_line(line: str, text: str) -> None:
    assert title(line, "LOCATION:Room 1") == text
    content = calendar(event(line, "LOCATION:Room 1"))
    assert read_one(content).location == "Room 1"


def test_a_soft_line_break_before_the_end_of_its_event_joins_nothing() -> None:
    content = calendar(event(f"SUMMARY{QP}:Board ="), NEIGHBOUR)
    assert_readers_agree(content)
    occurrences, problems = read(content)
    assert ([o.title for o in occurrences], problems) == (["Board", "Neighbour"], ())


def test_an_equals_sign_at_a_lines_end_is_no_soft_line_break_elsewhere() -> None:
    content = calendar(event("SUMMARY:1 + 1 =", "LOCATION:Room 1", "ATTACH;ENCODING=BASE64:QQ=="))
    assert_readers_agree(content)
    assert (read_one(content).title, read_one(content).location) == ("1 + 1 =", "Room 1")


@pytest.mark.parametrize("name", ["LOCATION", "DESCRIPTION"])
def test_other_texts_are_decoded_too(name: str) -> None:
    occurrence = read_one(calendar(event(f"{name}{QP}:Caf=C3=A9=0D=0A=\r\nItem 2")))
    assert (occurrence.location or occurrence.description) == "Café\nItem 2"


def test_categories_are_decoded_one_by_one() -> None:
    content = calendar(event(f"CATEGORIES{QP}:calsync=3A process,R=C3=A9d;Bl=2Cue"))
    assert read_one(content).categories == ("calsync: process", "Réd", "Bl,ue")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (f"SUMMARY{QP}:100=ZZ Board", "100=ZZ Board"),
        (f"SUMMARY{QP};CHARSET=X-NONE:Caf=C3=A9", "Café"),
        (f"SUMMARY{QP};CHARSET=zip:Caf=E9", "Café"),
        (f"SUMMARY{QP}:Caf=E9", "Café"),
        ("SUMMARY;ENCODING=BASE64:no base64!", "no base64!"),
    ],
)
def test_what_cannot_be_decoded_stays_and_is_reported_without_the_text(line: str, text: str) -> None:
    content = calendar(event(line), NEIGHBOUR)
    assert_readers_agree(content)
    occurrences, (note,) = read(content)
    assert occurrences[0].title == text
    assert note.severity is Severity.NOTE
    assert note.what.startswith("a text cannot be decoded") and "SUMMARY" in note.what
    assert "Board" not in str(note) and "Caf" not in str(note)


LETTERS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=40)


@examples(150)
@given(LETTERS.filter(lambda text: text == text.strip()), st.integers(4, 30))
def test_any_title_survives_quoted_printable_with_soft_line_breaks(text: str, width: int) -> None:
    sequences = [f"={octet:02X}" for octet in text.encode()]
    per_line = max(1, width // 3)
    lines = ["".join(sequences[at : at + per_line]) for at in range(0, len(sequences), per_line)]
    assert title(f"SUMMARY{QP};CHARSET=UTF-8:" + "=\r\n".join(lines)) == text
