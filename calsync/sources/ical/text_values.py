"""Reads text values and parameters of content lines (RFC 5545, 3.1, 3.2 and 3.3.11)."""

import re

from icalendar.parser import Parameters, split_on_unescaped_comma, unescape_backslash

from calsync.sources.ical.encoded_text import Encoding, decode_value, find_encoding

# Possessive, so that a line of 100,000 parameters or an unclosed quote costs one pass.
_PARAMETERS_THEN_COLON = re.compile(r'((?:;[^=;:"]++=(?:"[^"]*+"|[^";:])*+)*+):', re.S)
# One value each, no escape (RFC 6868) and no forbidden character: icalendar reads these letter by letter.
_SIMPLE_PARAMETERS = re.compile(
    r"""(?:;[A-Za-z0-9-]+=(?:"[^"^\0-\x08\n-\x1f\x7f]*+"|[^",:;^\0-\x08\n-\x1f\x7f]*+))*+"""
)
_ESCAPES = (("\\n", "\n"), ("\\N", "\n"), ("\\,", ","), ("\\;", ";"), ("\\:", ":"))
_ONE_PARAMETER = re.compile(r""";([A-Za-z0-9-]+)=(?:"([^"]*)"|([^;]*))""")


def split_parameters(rest: str) -> tuple[str, str]:
    """Split what follows the name of a property: `;CN="a: b":mailto:…` to `;CN="a: b"` and `mailto:…`."""
    match = _PARAMETERS_THEN_COLON.match(rest)
    if match is None:  # an unclosed quote, or the like
        before, _, after = rest.partition(":")
        return before, after
    return match[1], rest[match.end() :]


def read_text_value(rest: str) -> str:
    """Return the text of a property, decoded and unescaped, without blanks around it."""
    if rest[:1] == ":":
        value = rest[1:]
        return (unescape_text(value) if "\\" in value else value).strip()
    return decode_text_value(rest)[0]


def decode_text_value(rest: str) -> tuple[str, str]:
    """Read the text of a property that may be in quoted-printable or base64.

    Returns:
        The text as `read_text_value` returns it, and what is wrong with its encoding, "" if nothing is.
    """
    before, value = split_parameters(rest)
    encoding = find_encoding(before)
    text = unescape_text(value) if "\\" in value else value
    if encoding is None:
        return text.strip(), ""
    text, fault = decode_value(text, encoding, read_parameters(before).get("CHARSET", ""))
    return text.strip(), fault


def unescape_text(value: str) -> str:
    """Return a text without the backslashes before commas, semicolons, line ends and backslashes (3.3.11)."""
    if "\\\\" in value:
        return str(unescape_backslash(value))
    # No backslash precedes another, so no replacement makes a new escape.
    for mark, char in _ESCAPES:
        value = value.replace(mark, char)
    return value


def read_text_list(rest: str) -> list[str]:
    """Return the texts of a property that has several, as CATEGORIES."""
    before, value = split_parameters(rest)
    encoding = find_encoding(before)
    if encoding is Encoding.BASE64:
        value = decode_value(value, encoding, read_parameters(before).get("CHARSET", ""))[0]
    parts = split_on_unescaped_comma(value) if "\\" in value else value.split(",")
    if encoding is Encoding.QUOTED_PRINTABLE:
        # vCalendar 1.0, which has this encoding, separates them by semicolons.
        charset = read_parameters(before).get("CHARSET", "")
        parts = [decode_value(part, encoding, charset)[0] for joined in parts for part in joined.split(";")]
    return [part.strip() for part in parts if part.strip()]


def read_parameters(text: str) -> dict[str, str]:
    """Return the parameters by name in capitals; those that cannot be read are left out."""
    if _SIMPLE_PARAMETERS.fullmatch(text):
        return {name.upper(): quoted or plain for name, quoted, plain in _ONE_PARAMETER.findall(text)}
    try:
        parameters = Parameters.from_ical(text.lstrip(";")) if text else {}  # type: ignore[no-untyped-call]
    except ValueError:
        parameters = dict(part.split("=", 1) for part in text.split(";") if "=" in part)
    return {
        str(name).upper(): value if isinstance(value, str) else value[0] for name, value in parameters.items()
    }
