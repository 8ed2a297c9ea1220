"""Makes text from other people's invitations safe to show on one line of a mail or report."""

import re
import unicodedata

_LINK = re.compile(r"(?:\w+://|\bwww\.|\bmailto:)\S+", re.IGNORECASE)
_MAX_LENGTH = 100
_ELLIPSIS = "…"


def sanitise_line(text: str, max_length: int = _MAX_LENGTH) -> str:
    """Return the text on one line, cut with an ellipsis at `max_length` characters.

    Control, direction and unprintable characters are removed, and links are replaced by `[…]`. Markup stays:
    templates escape it.
    """
    # Cut before NFC: a title may have ten thousand characters, and one letter a thousand accents.
    line = unicodedata.normalize("NFC", text[: max_length * 20])
    line = "".join(" " if _is_break(c) else c for c in line if not _is_hidden(c))
    line = " ".join(_LINK.sub("[…]", line).split())
    return line if len(line) <= max_length else line[: max_length - 1].rstrip() + _ELLIPSIS


def _is_break(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Zl", "Zp", "Zs"}


def _is_hidden(char: str) -> bool:
    # Cf: direction marks, zero-width characters; Cs: lone surrogates; Co, Cn: private and unassigned.
    return unicodedata.category(char) in {"Cf", "Cs", "Co", "Cn"}
