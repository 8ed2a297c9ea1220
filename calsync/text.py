"""Makes text safe to display: escapes control characters and invisible characters; formats counted nouns.

Other people write the titles, names and addresses that calsync displays. An escape character in one of them
can set colours, move the cursor, rename the window or hide a link behind other text; a bidirectional control
displays the words in another order; invisible characters can carry hidden text. All output of calsync passes
through `make_visible` (cli/terminal.py).
"""

import re
from collections.abc import Iterable

_CONTROLS = "\x00-\x1f\x7f-\x9f"
_BIDIRECTIONAL = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_SEPARATORS = "\u2028\u2029"
_SURROGATES = "\ud800-\udfff"
# Format characters and the other "default ignorable" ones of Unicode's DerivedCoreProperties.txt.
_INVISIBLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# An emoji may contain a joiner, a variation selector or, like the flag of Wales, tag characters (UTS 51).
# They are allowed only there: elsewhere they can carry hidden text.
_EMOJI = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935"
    "\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_ONE_EMOJI = f"{_EMOJI}[\U0001f3fb-\U0001f3ff]?[\ufe0e\ufe0f]?"
_TAGS = str.maketrans({chr(code): chr(0xE0000 + code) for code in range(0x61, 0x7B)})
_FLAGS = "|".join(name.translate(_TAGS) for name in ("gbwls", "gbeng", "gbsct"))
_WHOLE_EMOJI = (
    f"(?P<emoji>\U0001f3f4(?:{_FLAGS})\U000e007f|[0-9#*]\ufe0f\u20e3|{_ONE_EMOJI}(?:\u200d{_ONE_EMOJI})*)"
)

_INVISIBLE_OR_CONTROL = re.compile(
    f"{_WHOLE_EMOJI}|[{_CONTROLS}{_BIDIRECTIONAL}{_SEPARATORS}{_SURROGATES}{_INVISIBLE}]"
)
_CONTROL_CHARACTERS = re.compile(f"[{_CONTROLS}{_BIDIRECTIONAL}{_SEPARATORS}{_SURROGATES}]")
_NAMED_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def make_visible(text: str) -> str:
    r"""The text on one line, with control characters and invisible characters replaced by escapes.

    ESC becomes `\x1b`, a right-to-left override `\u202e`, a line break `\n`. Letters of all languages and
    emoji are unchanged, and so is a backslash: the result is meant for reading, not for decoding.
    """
    return text if text.isascii() and text.isprintable() else _INVISIBLE_OR_CONTROL.sub(_escape, text)


def make_controls_visible(text: str) -> str:
    """As `make_visible`, but line breaks, tabs and characters that are only invisible are unchanged.

    For CSV, where a field may contain several lines and a zero-width space does no harm.
    """
    if text.isascii() and text.isprintable():
        return text
    return _CONTROL_CHARACTERS.sub(lambda match: match[0] if match[0] in "\n\t" else _escape(match), text)


def escape_json(text: str) -> str:
    """JSON text with these characters as JSON escapes; it decodes to the same values."""
    return _INVISIBLE_OR_CONTROL.sub(
        lambda match: match[0] if match[0] == "\n" else _json_escape(match), text
    )


def quote_toml(text: str) -> str:
    """The text as a TOML basic string on one line; an unpaired surrogate, invalid in TOML, becomes U+FFFD."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_INVISIBLE_OR_CONTROL.sub(_toml_escape, plain)}"'


def format_count(number: float, singular: str, plural: str = "") -> str:
    """A number with its noun: `1 meeting`, `2 meetings`; `plural` if it is not the singular with an s."""
    digits = number if isinstance(number, int) else f"{number:g}"
    return f"{digits} {singular if number == 1 else plural or f'{singular}s'}"


def join_with_and(items: Iterable[object]) -> str:
    """The items as in a sentence: `a`, `a and b`, `a, b and c`."""
    *first, last = [str(item) for item in items] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if match.lastgroup == "emoji":
        return character
    if character in _NAMED_ESCAPES:
        return _NAMED_ESCAPES[character]
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _toml_escape(match: re.Match[str]) -> str:
    if match.lastgroup == "emoji":
        return match[0]
    code = ord(match[0])
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(match: re.Match[str]) -> str:
    if match.lastgroup == "emoji":
        return match[0]
    # JSON escapes are UTF-16 code units: a character beyond U+FFFF takes two of them (RFC 8259, 7).
    units = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
