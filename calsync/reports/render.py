"""Renders a manager's summary as a mail: subject, plain text, and HTML with the same content.

The HTML is one column of tables with bars made of cells. It has no images, so Outlook blocks nothing, and
a screen reader finds each figure as text.
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
# Welsh comes first in bilingual mails, as the Welsh language standards require.
_SECTIONS = MappingProxyType(
    {
        Language.EN: (Language.EN,),
        Language.CY: (Language.CY,),
        Language.BOTH: (Language.CY, Language.EN),
    }
)
# Background and text colour of each activity's part of a bar; each pair has a contrast of at least 4.5 to 1
# (WCAG 2, level AA).
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
    """The content of a mail: a one-line subject, a plain text, and an HTML document with the same content."""

    subject: str
    text: str
    html: str
    language: Language


def render_summary(summary: ManagerSummary, language: Language, *, unsubscribe_url: str = "") -> RenderedMail:
    """Render the summary in English, in Welsh, or in both.

    Args:
        summary: What the mail shows.
        language: `both` gives one mail with the Welsh text before the English one.
        unsubscribe_url: An https or mailto address that ends these mails with one click; "" for none.
    """
    languages = _SECTIONS[language]
    main_language, *_ = languages
    longest = max((row.hours.total for row in summary.partnerships), default=1.0) or 1.0
    variables: dict[str, Any] = {"summary": summary, "unsubscribe_url": unsubscribe_url, "longest": longest}

    def render_each(template: str) -> list[str]:
        return [_render_template(template, section_language, variables) for section_language in languages]

    subject = " | ".join(render_each("subject.txt"))
    text = ("\n\n" + "=" * 64 + "\n\n").join(render_each("summary.txt")) + "\n"
    # The templates escape what they insert.
    pages = map(Markup, render_each("summary.html"))
    frame_variables = {
        "sections": list(zip((section_language.value for section_language in languages), pages, strict=True)),
        "subject": subject,
        "preheader": _render_template("preheader.txt", main_language, variables),
    }
    frame = _create_environment(main_language, True).get_template("frame.html")
    html = _INLINER.inline(frame.render(frame_variables))
    return RenderedMail(sanitise_line(subject, 200), text, html, language)


def _render_template(name: str, language: Language, variables: Mapping[str, Any]) -> str:
    environment = _create_environment(language, name.endswith(".html"))
    return environment.get_template(name).render(variables).strip()


@cache
def _create_environment(language: Language, html: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=html,  # noqa: S701 (a plain text has no markup to escape)
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    formats = language_format(language)
    environment.install_gettext_translations(formats.translations, newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= {
        "plain": sanitise_line,
        # No line break between a number and its unit.
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
    """Whole per cents by activity, which add up to 100; activities without hours are left out."""
    parts = {activity.value: part for activity, part in zip(ACTIVITIES, hours.parts, strict=True) if part > 0}
    return round_parts({name: 100 * part / hours.total for name, part in parts.items()}, 100)


def _partnership_name(partnership: Partnership, language: Language) -> str:
    welsh = language is Language.CY and partnership.name_cy
    return sanitise_line(partnership.name_cy if welsh else partnership.name)
