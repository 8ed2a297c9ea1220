"""The text of an HTML page, line by line, as agendas are found in it: the project's one reader of HTML.

Invitations have HTML bodies in Microsoft 365 (`m365.body`) and in iCalendar (X-ALT-DESC, `ical.content`).
"""

import re
from html.parser import HTMLParser

_LINE_TAGS = frozenset(
    {"address", "article", "blockquote", "br", "dd", "div", "dl", "dt", "fieldset"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "section", "table", "tr", "ul"}
)
_HIDDEN_TAGS = frozenset({"head", "script", "style", "title"})
_CELL_TAGS = frozenset({"td", "th"})
# Zero-width characters and soft hyphens, which mail programs put between letters.
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_UNCLOSED = re.compile(r"<(?![^<>]*+>)")
_MARKED_SECTION = re.compile(r"<!\[[^<>]*+>")


def html_lines(page: str) -> list[str]:
    """The lines that a reader of the page sees, items of lists with their number or "- "; none is empty."""
    parser = _LineParser()
    parser.feed(escape_unclosed_tags(page))
    parser.close()
    return text_lines("".join(parser.parts))


def text_lines(text: str) -> list[str]:
    """The lines of a text without invisible characters and surplus blanks; none is empty."""
    lines = (" ".join(_INVISIBLE.sub("", line).split()) for line in text.splitlines())
    return [line for line in lines if line]


def escape_unclosed_tags(page: str) -> str:
    """The page without comments, and with every "<" that no ">" closes as text.

    The time of `html.parser` grows with the square of what is unclosed: 25 kB of "<a " took five seconds.
    """
    return _UNCLOSED.sub("&lt;", _MARKED_SECTION.sub("", _remove_comments(page)))


def _remove_comments(page: str) -> str:
    kept, begin = [], 0
    while (opening := page.find("<!--", begin)) >= 0:
        kept.append(page[begin:opening])
        closing = page.find("-->", opening + 4)
        if closing < 0:
            return "".join(kept)
        begin = closing + 3
    return "".join((*kept, page[begin:])) if kept else page


class _LineParser(HTMLParser):
    """Collects text, with a line break where a browser shows one; cells of a row stay on one line."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden_depth = 0
        self._next_numbers: list[int | None] = []  # of each open list, None for bullets

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN_TAGS:
            self._hidden_depth += 1
        elif tag == "ol":
            start = dict(attrs).get("start") or ""
            self._next_numbers.append(int(start) if start.isdecimal() else 1)
        elif tag == "ul":
            self._next_numbers.append(None)
        if tag in _LINE_TAGS:
            self.parts.append("\n")
        if tag == "li":
            self.parts.append(self._item_mark())

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN_TAGS:
            self._hidden_depth = max(0, self._hidden_depth - 1)
        elif tag in ("ol", "ul") and self._next_numbers:
            self._next_numbers.pop()
        if tag in _CELL_TAGS:
            self.parts.append("\t")
        elif tag in _LINE_TAGS and tag != "br":
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden_depth:
            self.parts.append(re.sub(r"\s+", " ", data))  # a line break in the source is only a space

    def _item_mark(self) -> str:
        number = self._next_numbers[-1] if self._next_numbers else None
        if number is None:
            return "- "
        self._next_numbers[-1] = number + 1
        return f"{number}. "
