"""Every message has a Welsh text, no text is unused, and numbers and days have the right form."""

import re
import sys
from datetime import date
from pathlib import Path

import pytest
from babel.messages.extract import extract_python
from jinja2 import Environment

from calsync.model.people import Language
from calsync.reports.language_format import language_format, read_catalogue
from calsync.reports.render import TEMPLATES

EN, CY = language_format(Language.EN), language_format(Language.CY)
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def source_messages() -> set[str | tuple[str, str]]:
    """Every message in the templates and in the code."""
    environment = Environment(extensions=["jinja2.ext.i18n"])
    found: set[str | tuple[str, str]] = set()
    for path in sorted(TEMPLATES.iterdir()):
        for _, function, message in environment.extract_translations(path.read_text()):  # type: ignore[attr-defined]
            found.add(_message_id(function, message))
    with Path(str(sys.modules[language_format.__module__].__file__)).open("rb") as file:
        for _, function, message, _ in extract_python(file, ["gettext", "ngettext"], (), {}):
            found.add(_message_id(function, message))
    return found


def _message_id(function: str, message: object) -> str | tuple[str, str]:
    if isinstance(message, tuple):
        return (message[0], message[1]) if function == "ngettext" else message[0]
    return str(message)


def test_every_message_has_a_welsh_text_and_none_is_unused() -> None:
    written = {message.id for message in read_catalogue(Language.CY) if message.id}
    assert source_messages() == written


@pytest.mark.parametrize(
    "message", [m for m in read_catalogue(Language.CY) if m.id], ids=lambda m: str(m.id)[:40]
)
def test_a_welsh_text_has_the_placeholders_of_the_english(message) -> None:  # type: ignore[no-untyped-def]
    english = message.id if isinstance(message.id, tuple) else (message.id,)
    welsh = message.string if isinstance(message.string, tuple) else (message.string,)
    assert not message.fuzzy
    assert all(text.strip() for text in welsh)
    assert len(welsh) == (6 if len(english) == 2 else 1)
    wanted = set(PLACEHOLDER.findall(english[-1]))
    for text in welsh:
        # A sentence for none or for one may do without the number, but must invent nothing.
        assert set(PLACEHOLDER.findall(text)) <= wanted
    assert set(PLACEHOLDER.findall(welsh[-1])) == wanted


def test_no_message_contains_markup() -> None:
    for message in read_catalogue(Language.CY):
        if message.id:
            assert not re.search(r"[<>&]", f"{message.id}{message.string}")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 cyfarfod"),
        (1, "1 cyfarfod"),
        (2, "2 gyfarfod"),
        (3, "3 chyfarfod"),
        (4, "4 cyfarfod"),
        (6, "6 chyfarfod"),
        (11, "11 cyfarfod"),
    ],
)
def test_welsh_nouns_mutate_after_numbers(number: int, text: str) -> None:
    welsh = CY.translations.ngettext("%(num)s meeting, %(hours)s", "%(num)s meetings, %(hours)s", number)
    assert (welsh % {"num": number, "hours": ""}).rstrip(", ") == text


@pytest.mark.parametrize(
    ("hours", "english", "welsh"),
    [
        (0, "0 min", "0 mun"),
        (0.001, "1 min", "1 mun"),
        (0.75, "45 min", "45 mun"),
        (1, "1 h", "1 awr"),
        (1.25, "1 h 15 min", "1 awr 15 mun"),
        (0.9999, "1 h", "1 awr"),
        (1234.5, "1,234 h 30 min", "1,234 awr 30 mun"),
    ],
)
def test_hours_are_written_to_the_minute(hours: float, english: str, welsh: str) -> None:
    assert (EN.duration(hours), CY.duration(hours)) == (english, welsh)


@pytest.mark.parametrize(
    ("first", "last", "english", "welsh"),
    [
        (date(2026, 11, 2), date(2026, 11, 9), "2–8 November 2026", "2–8 Tachwedd 2026"),
        (
            date(2026, 10, 26),
            date(2026, 11, 2),
            "26 October – 1 November 2026",
            "26 Hydref – 1 Tachwedd 2026",
        ),
        (
            date(2026, 12, 28),
            date(2027, 1, 4),
            "28 December 2026 – 3 January 2027",
            "28 Rhagfyr 2026 – 3 Ionawr 2027",
        ),
        (date(2026, 11, 1), date(2026, 12, 1), "November 2026", "Tachwedd 2026"),
        (date(2026, 12, 1), date(2027, 1, 1), "December 2026", "Rhagfyr 2026"),
        (date(2026, 11, 2), date(2026, 11, 3), "2 November 2026", "2 Tachwedd 2026"),
        (date(2026, 1, 1), date(2026, 4, 1), "1 January – 31 March 2026", "1 Ionawr – 31 Mawrth 2026"),
    ],
)
def test_days_are_written_in_full(first: date, last: date, english: str, welsh: str) -> None:
    assert (EN.days(first, last), CY.days(first, last)) == (english, welsh)


def test_a_day_begins_with_its_weekday() -> None:
    assert EN.day(date(2026, 11, 2)) == "Monday 2 November"
    assert CY.day(date(2026, 11, 2)) == "Dydd Llun 2 Tachwedd"


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0%"), (0.001, "<1%"), (0.005, "<1%"), (0.0051, "1%"), (0.126, "13%"), (1, "100%")],
)
def test_a_share_above_0_is_never_shown_as_0(share: float, text: str) -> None:
    assert EN.percent(share) == text
