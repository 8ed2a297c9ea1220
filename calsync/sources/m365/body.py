"""Extracts the text of an invitation's body in Microsoft 365, for the agenda in it."""

import re

from calsync.sources.html_text import html_lines, text_lines

_RULED_LINE = re.compile(r"[_\-–—=]{16,}")
_JOINING_TEXT = re.compile(
    r"^(?:cyfarfod )?microsoft teams|\bskype\b|\bwebex\b|gotomeeting|ymuno â|meeting id|passcode"
    r"|join (?:zoom|the meeting|on your|by|with|from|microsoft)|dial[ -]in|conference id|meeting options",
    re.IGNORECASE,
)


def extract_body_text(content: str, *, html: bool) -> str:
    """The lines of a body, without blank lines and the section that explains how to join online."""
    return "\n".join(_drop_joining_sections(html_lines(content) if html else text_lines(content)))


def _drop_joining_sections(lines: list[str]) -> list[str]:
    """Remove each section between ruled lines that explains how to join or dial in, with those lines."""
    sections: list[list[str]] = [[]]
    for line in lines:
        if _RULED_LINE.fullmatch(line):
            sections.append([])
        sections[-1].append(line)
    remaining = list(sections[0])
    after_joining = False
    for section in sections[1:]:
        is_joining = any(_JOINING_TEXT.search(line) for line in section)
        if not is_joining:
            # The ruled line at its start closes the section before.
            remaining += section[1:] if after_joining else section
        after_joining = is_joining
    return remaining
