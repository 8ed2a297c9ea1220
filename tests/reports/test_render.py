"""Rendered mails: the same content in text and HTML, in both languages, with any title."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.builders import make_classification, meeting
from support.golden_files import Golden
from support.hypothesis_profiles import examples
from support.summaries import MANAGER, allocation, full_week, summary_of

from calsync.analysis.counting import NotCountedReason
from calsync.model.classification import MeetingKind
from calsync.model.people import Language, Partnership
from calsync.reports.render import COLOURS, RenderedMail, render_summary
from calsync.reports.summary import ManagerSummary
from calsync.rules.categories import UnknownCategory

GOLDEN = Path(__file__).parent / "golden"
UNSUBSCRIBE_URL = "https://calsync.brynfelin.example/stop/k3J9xQ2mV8bT5nR7wY1z4A"
FIGURE = re.compile(r"\d+(?:,\d+)?\s(?:h|awr|min|mun)\b|\d+%")


class Page(HTMLParser):
    """The visible words and the tags of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._silent = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._silent += tag in ("style", "title")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("style", "title")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def summary_with_question(title: str) -> ManagerSummary:
    unclear = meeting(classification=make_classification("unclear"), title=title)
    return summary_of([allocation(60, "unclear", meeting_id=unclear.id)], [unclear])


@pytest.mark.parametrize("language", Language)
def test_the_mail_is_as_it_was_approved(language: Language, golden: Golden) -> None:
    rendered = render_summary(full_week(), language, unsubscribe_url=UNSUBSCRIBE_URL)
    written = {".txt": f"{rendered.subject}\n\n{rendered.text}", ".html": rendered.html}
    for suffix, content in written.items():
        golden(GOLDEN / f"full_week_{language}{suffix}", content)


@pytest.mark.parametrize("language", Language)
def test_text_and_html_have_the_same_figures(language: Language) -> None:
    rendered = render_summary(full_week(), language)
    in_html = {" ".join(figure.split()) for figure in FIGURE.findall(Page(rendered.html).text)}
    assert in_html == {" ".join(figure.split()) for figure in FIGURE.findall(rendered.text)}


def test_both_languages_are_in_one_mail_welsh_first() -> None:
    welsh, english, both = (
        render_summary(full_week(), one) for one in (Language.CY, Language.EN, Language.BOTH)
    )
    assert both.subject == f"{welsh.subject} | {english.subject}"
    assert both.text.startswith(welsh.text.strip())
    assert both.text.rstrip().endswith(english.text.strip())
    languages = [attributes["lang"] for tag, attributes in Page(both.html).tags if "lang" in attributes]
    assert languages.index("cy") < languages.index("en")


def test_a_welsh_mail_holds_no_english_but_the_names_it_must() -> None:
    words = set(re.findall(r"[a-z']+", render_summary(full_week(), Language.CY).text.lower()))
    assert not words & {"the", "your", "hours", "meeting", "meetings", "and", "of", "time", "process:"}


def test_the_html_needs_nothing_from_elsewhere() -> None:
    page = Page(render_summary(full_week(), Language.BOTH, unsubscribe_url=UNSUBSCRIBE_URL).html)
    names = {tag for tag, _ in page.tags}
    assert not names & {"img", "script", "link", "iframe", "object", "form", "svg"}
    assert [a["href"] for tag, a in page.tags if tag == "a"] == [UNSUBSCRIBE_URL, UNSUBSCRIBE_URL]
    assert "url(" not in render_summary(full_week(), Language.EN).html


def test_phones_and_the_dark_keep_their_styles() -> None:
    html = render_summary(full_week(), Language.EN).html
    assert "@media only screen and (max-width: 480px)" in html
    assert "@media (prefers-color-scheme: dark)" in html


def test_a_mail_is_small_enough_not_to_be_clipped() -> None:
    # Gmail shows the first 102 kB of a mail.
    assert len(render_summary(full_week(), Language.BOTH).html.encode()) < 100_000


@pytest.mark.parametrize("pair", COLOURS.values(), ids=COLOURS.keys())
def test_figures_in_bars_can_be_read(pair: tuple[str, str]) -> None:
    assert contrast(*pair) >= 4.5


def test_without_partnership_meetings_the_mail_says_so() -> None:
    quiet = render_summary(summary_of([allocation(60, "none", "")]), Language.EN)
    assert "no confirmed partnership meetings" in quiet.text
    assert "wrong calendar" not in quiet.text
    assert "%" not in quiet.text


@pytest.mark.parametrize("language", Language)
def test_an_empty_calendar_is_doubted(language: Language) -> None:
    empty = render_summary(summary_of([], contracted=0), language)
    assert ("wrong calendar" in empty.text) or language is Language.CY
    assert "calsync" in Page(empty.html).text


def test_a_week_of_leave_shows_no_share_of_nothing() -> None:
    assert (
        "contracted time ("
        not in render_summary(summary_of([allocation(60)], contracted=0), Language.EN).text
    )


@pytest.mark.parametrize(
    "reason",
    [
        reason
        for reason in NotCountedReason
        if reason not in (NotCountedReason.TENTATIVE, NotCountedReason.UNANSWERED)
    ],
)
def test_every_reason_to_leave_a_meeting_out_has_words(reason: str) -> None:
    summary = summary_of([], excluded={reason: (1, 1.0)})
    welsh, english = (render_summary(summary, one).text for one in (Language.CY, Language.EN))
    assert f"\n  {reason}:" not in english
    assert f"\n  {reason}:" not in welsh


def test_a_reason_without_words_of_its_own_is_still_shown() -> None:
    summary = summary_of([], excluded={"some_new_reason": (1, 1.0)})
    assert "some_new_reason: 1 meeting, 1 h" in render_summary(summary, Language.EN).text


def test_without_a_link_the_mail_says_whom_to_ask() -> None:
    assert "tell the people who run calsync" in render_summary(full_week(), Language.EN).text


def test_a_partnership_without_a_welsh_name_keeps_its_own() -> None:
    summary = summary_of([allocation(60)])
    rows = tuple(replace(row, partnership=Partnership("psb", "PSB")) for row in summary.partnerships)
    assert "* PSB:" in render_summary(replace(summary, partnerships=rows), Language.CY).text


@pytest.mark.parametrize(
    "title",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{ 7 * 7 }}{% raw %}",
        "%(hours)s %s %n",
        "</td></tr></table></body></html>",
        "<!--[if mso]>",
        "&lt;b&gt;",
        "x" * 10_000,
    ],
)
def test_a_title_stays_a_title(title: str) -> None:
    rendered = render_summary(summary_with_question(title), Language.BOTH)
    innocent = render_summary(summary_with_question("PSB"), Language.BOTH)
    assert [tag for tag, _ in Page(rendered.html).tags] == [tag for tag, _ in Page(innocent.html).tags]
    assert title[:50] in Page(rendered.html).text
    assert title[:50] in rendered.text


@examples(60)
@given(st.text(max_size=120), st.text(max_size=60))
def test_no_title_and_no_name_breaks_the_mail(title: str, name: str) -> None:
    summary = replace(summary_with_question(title), manager=replace(MANAGER, name=name))
    rendered = render_summary(summary, Language.EN)
    plainly = render_summary(replace(summary_with_question("PSB"), manager=MANAGER), Language.EN)
    assert [tag for tag, _ in Page(rendered.html).tags] == [tag for tag, _ in Page(plainly.html).tags]
    assert rendered.text.count("\n") == plainly.text.count("\n")
    assert rendered.subject.isprintable()
    rendered.html.encode()
    rendered.text.encode()


def test_the_subject_is_one_short_line() -> None:
    rendered: RenderedMail = render_summary(full_week(), Language.BOTH)
    assert rendered.subject.isprintable()
    assert len(rendered.subject) < 120


@pytest.mark.parametrize("language", [Language.EN, Language.CY])
@pytest.mark.parametrize("minutes", [(98, 180, 30), (1, 1, 1), (285, 270, 570), (1, 998, 1)])
def test_percentages_add_up_to_a_hundred(minutes: tuple[int, ...], language: Language) -> None:
    activities = ("process", "service_improvement", "unclear")
    mail = render_summary(summary_of(map(allocation, minutes, activities)), language)
    shown = re.findall(r"\((<?\d+)%\)", mail.text)
    assert len(shown) == 3
    assert sum(0 if percent == "<1" else int(percent) for percent in shown) == 100


def test_nothing_is_claimed_to_be_beyond_doubt() -> None:
    mail = render_summary(summary_of([allocation(60)]), Language.EN).text
    assert "as the rules see it" in mail
    assert "in doubt" not in mail


@pytest.mark.parametrize(
    ("activities", "sentence"),
    [
        (("process", "unclear"), "They are in no figure but the upper ones.\n"),
        (("process", "operational"), "the upper ones, and the operational part is in none."),
        (("operational",), "As operational work they are in no figure."),
    ],
)
def test_unconfirmed_time_is_said_to_be_in_the_figures_that_hold_it(
    activities: tuple[str, ...], sentence: str
) -> None:
    summary = summary_of([allocation(60), *(allocation(30, a, confirmed=False) for a in activities)])
    assert (summary.process.high > summary.process.low) == (activities != ("operational",))
    assert sentence in render_summary(summary, Language.EN).text


@pytest.mark.parametrize("language", [Language.EN, Language.CY])
def test_rows_of_no_minutes_are_left_out(language: Language) -> None:
    preparation = allocation(30, partnership="rpb", kind=MeetingKind.PREPARATION)
    worked = [allocation(60), allocation(15, "service_improvement"), preparation]
    summary = summary_of(worked, excluded={"zero_length": (1, 0.0)})
    rendered = render_summary(summary, language)
    for text in (rendered.text, Page(rendered.html).text):
        assert not re.search(r"(?<!\d)0\s(h|awr|min|mun|meeting|cyfarfod)", text)
    label = "(No end given, or no length|Heb amser gorffen, neu heb hyd)"
    assert re.search(rf"{label}: 1 (meeting|cyfarfod)\n", rendered.text)


@pytest.mark.parametrize("language", [Language.EN, Language.CY])
def test_a_category_that_was_not_understood_is_shown_to_its_owner(language: Language) -> None:
    met = meeting("09:00-10:00", title="PSB leads")
    unread = [UnknownCategory(met, "calsync: <b>bananas</b>")]
    rendered = render_summary(summary_of([allocation(60)], unread=unread), language)
    for text in (rendered.text, Page(rendered.html).text):
        assert "calsync: <b>bananas</b>" in text
        assert "PSB leads" in text
        assert ("calsync: process" in text) == (language is Language.EN)
        assert ("calsync: proses" in text) == (language is Language.CY)


class Painted(HTMLParser):
    """Every piece of text with its colour and background, in light or dark mode.

    Knows what the mail uses: inline styles (already computed by css_inline), `bgcolor`, and rules for
    single classes and tags in the media block for the dark.
    """

    VOID = ("meta", "br")

    def __init__(self, html: str, *, dark: bool) -> None:
        super().__init__()
        self.pieces: list[tuple[str, str, str]] = []
        self._dark: dict[str, dict[str, str]] = {}
        block = re.search(r"prefers-color-scheme: dark\) \{(.*?)\n\}", html, re.DOTALL)
        assert block
        for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", block[1]) if dark else []:
            for selector in selectors.split(","):
                self._dark.setdefault(selector.strip(), {}).update(self._declared(body))
        self._open: list[tuple[str, str, str, bool]] = [("", "#000000", "#FFFFFF", True)]
        self.feed(html)

    @staticmethod
    def _declared(style: str) -> dict[str, str]:
        pairs = (one.split(":", 1) for one in style.split(";") if ":" in one)
        return {name.strip(): value.replace("!important", "").strip() for name, value in pairs}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.VOID:
            return
        values = {name: value or "" for name, value in attrs}
        style = self._declared(values.get("style", ""))
        for selector in (tag, *(f".{name}" for name in values.get("class", "").split())):
            style |= self._dark.get(selector, {})
        _, colour, background, shown = self._open[-1]
        background = style.get("background-color", values.get("bgcolor", background))
        shown = shown and style.get("display") != "none" and tag not in ("style", "title", "head")
        self._open.append((tag, style.get("color", colour), background, shown))

    def handle_endtag(self, tag: str) -> None:
        while self._open[-1][0] != tag:
            self._open.pop()
        self._open.pop()

    def handle_data(self, data: str) -> None:
        _, colour, background, shown = self._open[-1]
        if shown and data.strip(" \n\xa0"):
            self.pieces.append((data.strip(), colour, background))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2, 1.4.3)."""

    def light(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, bright = sorted(map(light, (one, other)))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_word_of_a_mail_can_be_read_in_light_and_dark(dark: bool) -> None:
    unread = UnknownCategory(meeting("09:00-10:00"), "calsync: bananas")
    summary = replace(full_week(), unknown_categories=(unread,))
    painted = Painted(render_summary(summary, Language.BOTH, unsubscribe_url=UNSUBSCRIBE_URL).html, dark=dark)
    assert len(painted.pieces) > 100
    faint = [piece for piece in painted.pieces if contrast(*piece[1:]) < 4.5]
    assert faint == []


@pytest.mark.parametrize(("language", "more"), [(Language.EN, "… and 2 more"), (Language.CY, "… a 2 arall")])
def test_categories_that_a_mail_has_no_room_for_are_counted(language: Language, more: str) -> None:
    met = meeting("09:00-10:00")
    unread = [UnknownCategory(met, f"calsync: bananas {number}") for number in range(12)]
    rendered = render_summary(summary_of([allocation(60)], unread=unread), language)
    assert more in rendered.text
    assert more in rendered.html
    assert "bananas 10" not in rendered.text


@pytest.mark.parametrize(("language", "words"), [(Language.EN, "of this"), (Language.CY, "o hyn")])
def test_an_own_activity_is_named_in_text_and_html(language: Language, words: str) -> None:
    own = [allocation(30, label="<site> visit"), allocation(15, "none", "", label="speech", meeting_id="s")]
    rendered = render_summary(summary_of(own), language)
    assert f"{words}, <site> visit: 30" in rendered.text
    assert "speech: 15" in rendered.text
    assert f"{words}, <site> visit: 30" in Page(rendered.html).text.replace("\xa0", " ")
    assert "speech 15" in Page(rendered.html).text.replace("\xa0", " ")
