"""The lines of an invitation's text, from the HTML that Exchange keeps, for the agenda in it."""

import re
from html.parser import HTMLParser

from calsync.sources.html_guard import guarded_html

_BREAKS = frozenset(
    {
        "address",
        "article",
        "blockquote",
        "br",
        "div",
        "dl",
        "dt",
        "dd",
        "fieldset",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tr",
        "ul",
    }
)
_SILENT = frozenset({"head", "script", "style", "title"})
_CELLS = frozenset({"td", "th"})
_RULE = re.compile(r"[_\-–—=]{16,}")
_JOINING = re.compile(
    r"^(?:cyfarfod )?microsoft teams|\bskype\b|\bwebex\b|gotomeeting|ymuno â|meeting id|passcode"
    r"|join (?:zoom|the meeting|on your|by|with|from|microsoft)|dial[ -]in|conference id|meeting options",
    re.IGNORECASE,
)
_UNSEEN = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")


class _Lines(HTMLParser):
    """Collects text, with a new line where a reader would see one."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0
        self._lists: list[int | None] = []  # the next number of each open list, None for bullets

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line where the tag does."""
        if tag in _SILENT:
            self._silent += 1
        elif tag in ("ol", "ul"):
            self._lists.append(_first_number(dict(attrs)) if tag == "ol" else None)
        if tag in _BREAKS:
            self.parts.append("\n")
        if tag == "li":
            self.parts.append(self._mark())

    def handle_endtag(self, tag: str) -> None:
        """End a line where the tag does; cells of a row stay on one line."""
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in ("ol", "ul") and self._lists:
            self._lists.pop()
        if tag in _CELLS:
            self.parts.append("\t")
        elif tag in _BREAKS and tag != "br":
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        """Keep what a reader sees; line breaks in the source are only spaces."""
        if not self._silent:
            self.parts.append(re.sub(r"\s+", " ", data))

    def _mark(self) -> str:
        number = self._lists[-1] if self._lists else None
        if number is None:
            return "- "
        self._lists[-1] = number + 1
        return f"{number}. "


def _first_number(attributes: dict[str, str | None]) -> int:
    start = attributes.get("start") or ""
    return int(start) if start.isdecimal() else 1


def body_text(content: str, *, html: bool) -> str:
    """The text, line by line, blank lines left out, without the block that tells how to join online."""
    if html:
        parser = _Lines()
        parser.feed(guarded_html(content))
        parser.close()
        content = "".join(parser.parts)
    lines = (" ".join(_UNSEEN.sub("", line).split()) for line in content.splitlines())
    return "\n".join(_without_joining([line for line in lines if line]))


def _without_joining(lines: list[str]) -> list[str]:
    """Drop each section that tells how to join or to dial in, with the ruled lines around it."""
    sections: list[list[str]] = [[]]
    for line in lines:
        if _RULE.fullmatch(line):
            sections.append([])
        sections[-1].append(line)
    kept, closing = list(sections[0]), False
    for section in sections[1:]:
        joining = any(_JOINING.search(line) for line in section)
        if not joining:
            kept += section[1:] if closing else section
        closing = joining
    return kept
