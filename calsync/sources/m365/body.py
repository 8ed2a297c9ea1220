"""The lines of an invitation's text, from the HTML that Exchange keeps, for the agenda in it."""

import re
from html.parser import HTMLParser

from calsync.sources.html_guard import prepare_html

_BLOCK_TAGS = frozenset(
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
_HIDDEN_TAGS = frozenset({"head", "script", "style", "title"})
_CELL_TAGS = frozenset({"td", "th"})
_RULED_LINE = re.compile(r"[_\-–—=]{16,}")
_JOINING_TEXT = re.compile(
    r"^(?:cyfarfod )?microsoft teams|\bskype\b|\bwebex\b|gotomeeting|ymuno â|meeting id|passcode"
    r"|join (?:zoom|the meeting|on your|by|with|from|microsoft)|dial[ -]in|conference id|meeting options",
    re.IGNORECASE,
)
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")


class _TextCollector(HTMLParser):
    """Collects text, with a new line where a reader would see one."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0
        self._lists: list[int | None] = []  # the next number of each open list, None for bullets

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line where the tag does."""
        if tag in _HIDDEN_TAGS:
            self._silent += 1
        elif tag in ("ol", "ul"):
            self._lists.append(_list_start(dict(attrs)) if tag == "ol" else None)
        if tag in _BLOCK_TAGS:
            self.parts.append("\n")
        if tag == "li":
            self.parts.append(self._list_marker())

    def handle_endtag(self, tag: str) -> None:
        """End a line where the tag does; cells of a row stay on one line."""
        if tag in _HIDDEN_TAGS:
            self._silent = max(0, self._silent - 1)
        elif tag in ("ol", "ul") and self._lists:
            self._lists.pop()
        if tag in _CELL_TAGS:
            self.parts.append("\t")
        elif tag in _BLOCK_TAGS and tag != "br":
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        """Keep what a reader sees; line breaks in the source are only spaces."""
        if not self._silent:
            self.parts.append(re.sub(r"\s+", " ", data))

    def _list_marker(self) -> str:
        number = self._lists[-1] if self._lists else None
        if number is None:
            return "- "
        self._lists[-1] = number + 1
        return f"{number}. "


def _list_start(attributes: dict[str, str | None]) -> int:
    start = attributes.get("start") or ""
    return int(start) if start.isdecimal() else 1


def extract_body_text(content: str, *, html: bool) -> str:
    """The text, line by line, blank lines left out, without the block that tells how to join online."""
    if html:
        parser = _TextCollector()
        parser.feed(prepare_html(content))
        parser.close()
        content = "".join(parser.parts)
    lines = (" ".join(_INVISIBLE.sub("", line).split()) for line in content.splitlines())
    return "\n".join(_drop_joining_sections([line for line in lines if line]))


def _drop_joining_sections(lines: list[str]) -> list[str]:
    """Drop each section that tells how to join or to dial in, with the ruled lines around it."""
    sections: list[list[str]] = [[]]
    for line in lines:
        if _RULED_LINE.fullmatch(line):
            sections.append([])
        sections[-1].append(line)
    kept, closing = list(sections[0]), False
    for section in sections[1:]:
        joining = any(_JOINING_TEXT.search(line) for line in section)
        if not joining:
            kept += section[1:] if closing else section
        closing = joining
    return kept
