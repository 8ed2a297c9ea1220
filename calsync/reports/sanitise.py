"""Words that strangers wrote, made safe to print on one line: anybody can invite anybody."""

import re
import unicodedata

_LINK = re.compile(r"(?:\w+://|\bwww\.|\bmailto:)\S+", re.IGNORECASE)
_MAX_LENGTH = 100
_ELLIPSIS = "…"


def sanitise_line(text: str, max_length: int = _MAX_LENGTH) -> str:
    """The text on one line: no control, direction or unprintable marks, links as […], cut with an ellipsis.

    Raises nothing, whatever the text; markup is left for the template to escape.
    """
    # A title may have ten thousand characters, and one letter a thousand accents.
    line = unicodedata.normalize("NFC", text[: max_length * 20])
    line = "".join(" " if _is_break(c) else c for c in line if not _is_hidden(c))
    line = " ".join(_LINK.sub("[…]", line).split())
    return line if len(line) <= max_length else line[: max_length - 1].rstrip() + _ELLIPSIS


def _is_break(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Zl", "Zp", "Zs"}


def _is_hidden(char: str) -> bool:
    # Cf: direction marks, zero widths; Cs: half a surrogate pair; Co, Cn: not printable anywhere.
    return unicodedata.category(char) in {"Cf", "Cs", "Co", "Cn"}
