"""Translated phrases, numbers and dates in English and Welsh.

The English phrases are the message ids. The Welsh ones are in `locale/cy/LC_MESSAGES/calsync.po` (gettext,
with the six plural forms of Welsh), which is compiled in memory: no .mo file can be out of date.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.dates import format_date, get_month_names
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from babel.support import Translations

from calsync.model.people import Language

_FOLDER = Path(__file__).parent / "locale"
_LOCALES = {Language.EN: Locale("en", "GB"), Language.CY: Locale("cy")}


@dataclass(frozen=True, slots=True)
class LanguageFormat:
    """Translations of one language, and the forms of its numbers and days."""

    language: Language
    locale: Locale
    translations: NullTranslations

    def duration(self, hours: float) -> str:
        """`3 h 45 min`, to the minute; anything above 0 is at least a minute."""
        minutes = max(round(hours * 60), 1 if hours > 0 else 0)
        parts = {"hours": self.number(minutes // 60), "minutes": minutes % 60}
        if minutes < 60:
            return self.translations.gettext("%(minutes)s min") % parts
        if minutes % 60 == 0:
            return self.translations.gettext("%(hours)s h") % parts
        return self.translations.gettext("%(hours)s h %(minutes)s min") % parts

    def percent(self, share: float) -> str:
        """A share (0 to 1) as whole per cent; a share that rounds to 0 is `<1%`, unless it is 0."""
        return "<1%" if 0 < share <= 0.005 else format_percent(share, locale=self.locale)

    def whole_percent(self, percent: int) -> str:
        """A percentage that was rounded together with others; 0 is a part that is too small to show."""
        return format_percent(percent / 100, locale=self.locale) if percent else "<1%"

    def number(self, value: float) -> str:
        """A number with at most one decimal."""
        return format_decimal(round(value, 1), format="#,##0.#", locale=self.locale)

    def day(self, day: date) -> str:
        """`Monday 2 November`."""
        written = format_date(day, "EEEE d MMMM", locale=self.locale)
        return written[0].upper() + written[1:]

    def clock(self, at: datetime) -> str:
        """`09:30`, in the zone of the moment."""
        return f"{at:%H:%M}"

    def days(self, first: date, last: date) -> str:
        """The days from `first` (inclusive) to `last` (exclusive): `2–8 November 2026`, `November 2026`."""
        end = last - timedelta(days=1)
        if first.day == 1 and last.day == 1 and (end.year, end.month) == (first.year, first.month):
            return f"{self._month(first)} {first.year}"
        until = f"{end.day} {self._month(end)} {end.year}"
        if (first.year, first.month) == (end.year, end.month):
            return f"{first.day}–{until}" if first != end else until
        year = "" if first.year == end.year else f" {first.year}"
        return f"{first.day} {self._month(first)}{year} – {until}"

    def _month(self, day: date) -> str:
        return str(get_month_names("wide", locale=self.locale)[day.month])


@cache
def language_format(language: Language) -> LanguageFormat:
    """Return the formats of English or Welsh; `both` is not accepted."""
    return LanguageFormat(language, _LOCALES[language], _load_translations(language))


def read_catalogue(language: Language) -> Catalog:
    """Read the catalogue of a language from its .po file."""
    path = _FOLDER / language.value / "LC_MESSAGES" / "calsync.po"
    with path.open("rb") as file:
        return read_po(file, locale=language.value, abort_invalid=True)


def _load_translations(language: Language) -> NullTranslations:
    if language is Language.EN:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, read_catalogue(language))
    compiled.seek(0)
    return Translations(compiled)
