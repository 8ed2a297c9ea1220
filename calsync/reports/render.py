"""A summary as a mail: subject, plain text, and HTML that says the same.

The HTML is one column of tables with bars made of cells: it needs no picture, so Outlook blocks
nothing, and a screen reader finds each figure as text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from calsync.model.classification import Activity
from calsync.model.people import Language, Partnership
from calsync.reports.bars import bar_widths
from calsync.reports.hours import ACTIVITIES, Hours, round_parts
from calsync.reports.language_format import language_format
from calsync.reports.sanitise import sanitise_line
from calsync.reports.summary import ManagerSummary

TEMPLATES = Path(__file__).parent / "templates"
# Welsh comes first where both stand together, as the Welsh language standards ask.
_SECTIONS = MappingProxyType(
    {
        Language.EN: (Language.EN,),
        Language.CY: (Language.CY,),
        Language.BOTH: (Language.CY, Language.EN),
    }
)
# Background and text of each activity's part of a bar; each pair has a contrast of at least 4.5 to 1.
COLOURS = MappingProxyType(
    {
        Activity.PROCESS.value: ("#B45309", "#FFFFFF"),
        Activity.SERVICE_IMPROVEMENT.value: ("#0F6E84", "#FFFFFF"),
        Activity.MIXED.value: ("#7A5C99", "#FFFFFF"),
        Activity.OPERATIONAL.value: ("#5B6B7F", "#FFFFFF"),
        Activity.UNCLEAR.value: ("#CFCAC2", "#1F2933"),
    }
)
_INLINER = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """A mail's words: a subject on one line, a plain text, and an HTML document that says the same."""

    subject: str
    text: str
    html: str
    language: Language


def render_summary(summary: ManagerSummary, language: Language, *, stop: str = "") -> RenderedMail:
    """The summary in English, Welsh, or both (Welsh first).

    stop: an https or mailto address that ends these mails with one click; "" where there is none.
    """
    languages = _SECTIONS[language]
    first_language, *_ = languages
    longest = max((row.hours.total for row in summary.partnerships), default=1.0) or 1.0
    shown: dict[str, Any] = {"summary": summary, "stop": stop, "longest": longest}
    subject = " | ".join(_render_template("subject.txt", one, shown) for one in languages)
    text = _fill_all("summary.txt", languages, shown)
    sections = [(one.value, Markup(_render_template("summary.html", one, shown))) for one in languages]  # noqa: S704
    frame = {
        "sections": sections,
        "subject": subject,
        "preheader": _render_template("preheader.txt", first_language, shown),
    }
    html = _INLINER.inline(_environment(first_language, True).get_template("frame.html").render(frame))
    return RenderedMail(sanitise_line(subject, 200), text, html, language)


def _fill_all(name: str, languages: tuple[Language, ...], shown: Mapping[str, Any]) -> str:
    return ("\n\n" + "=" * 64 + "\n\n").join(_render_template(name, one, shown) for one in languages) + "\n"


def _render_template(name: str, language: Language, shown: Mapping[str, Any]) -> str:
    return _environment(language, name.endswith(".html")).get_template(name).render(shown).strip()


@cache
def _environment(language: Language, html: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=html,  # noqa: S701 (plain text has nothing to escape to)
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    formats = language_format(language)
    environment.install_gettext_translations(formats.translations, newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= {
        "plain": sanitise_line,
        "duration": (lambda hours: formats.duration(hours).replace(" ", "\u00a0"))
        if html
        else formats.duration,
        "percent": formats.percent,
        "whole_percent": formats.whole_percent,
        "number": formats.number,
        "day": formats.day,
        "clock": formats.clock,
        "name": lambda partnership: _partnership_name(partnership, language),
    }
    environment.globals |= {
        "days": formats.days,
        "colours": COLOURS,
        "widths": bar_widths,
        "percents": _round_percents,
        "zip": zip,
    }
    return environment


def _round_percents(hours: Hours) -> dict[str, int]:
    """Whole per cents by activity that add up to 100."""
    parts = {activity.value: part for activity, part in zip(ACTIVITIES, hours.parts, strict=True) if part > 0}
    return round_parts({name: 100 * part / hours.total for name, part in parts.items()}, 100)


def _partnership_name(partnership: Partnership, language: Language) -> str:
    welsh = language is Language.CY and partnership.name_cy
    return sanitise_line(partnership.name_cy if welsh else partnership.name)
