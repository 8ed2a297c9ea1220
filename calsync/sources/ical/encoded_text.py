"""Decodes text in quoted-printable or base64, which vCalendar 1.0 has and programs still write.

    SUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Bwrdd=20=E2=80=93=20adolygiad

RFC 5545 has no such texts, so a decoded text has no backslash escapes.
"""

import base64
import binascii
import re
from enum import StrEnum
from functools import lru_cache

from calsync.sources.ical.soft_breaks import COUNTED_BREAK, UNCOUNTED_BREAK


class Encoding(StrEnum):
    """An encoding of the octets of a value."""

    QUOTED_PRINTABLE = "quoted-printable"
    BASE64 = "base64"


_ENCODINGS_BY_NAME = {
    "QUOTED-PRINTABLE": Encoding.QUOTED_PRINTABLE,
    "Q": Encoding.QUOTED_PRINTABLE,
    "BASE64": Encoding.BASE64,
    "B": Encoding.BASE64,
}
_ENCODING = re.compile(r';ENCODING="?([A-Za-z0-9-]+)"?(?=[;:]|$)', re.I)
# vCalendar 1.0 allows the value of a parameter without its name.
_ENCODING_WITHOUT_NAME = re.compile(r";(QUOTED-PRINTABLE|BASE64)(?=[;:]|$)", re.I)
_SOFT_BREAK = re.compile(f"=[ \t]*[{COUNTED_BREAK}{UNCOUNTED_BREAK}]")
_SEQUENCES = re.compile(r"(?:=[0-9A-Fa-f]{2})+")
_MALFORMED = re.compile(r"=(?![0-9A-Fa-f]{2})")


@lru_cache(maxsize=256)  # there are few, each thousands of times
def find_encoding(parameters: str) -> Encoding | None:
    """Return the encoding that parameters such as `;ENCODING=BASE64;X=1` name; None for none or 8BIT."""
    match = _ENCODING.search(parameters) or _ENCODING_WITHOUT_NAME.search(parameters) if parameters else None
    return _ENCODINGS_BY_NAME.get(match[1].upper()) if match else None


def decode_value(value: str, encoding: Encoding, charset: str) -> tuple[str, str]:
    """Decode a text.

    Args:
        charset: The value of CHARSET, "" for none.

    Returns:
        The text, and what is wrong with it in words, "" if nothing is. What cannot be decoded is returned as
        it is written.
    """
    if encoding is Encoding.BASE64:
        try:
            octets = base64.b64decode("".join(value.split()), validate=True)
        except (binascii.Error, ValueError):
            return value, "it is no base64"
        return _decode_octets(octets, charset)
    return _decode_quoted_printable(value, charset)


def _decode_quoted_printable(value: str, charset: str) -> tuple[str, str]:
    # An "=" at the very end is a soft line break that nothing follows.
    joined = _SOFT_BREAK.sub("", value).removesuffix("=")
    faults = ["it has a '=' that two hexadecimal digits do not follow"] if _MALFORMED.search(joined) else []
    if joined.isascii():
        octets = _SEQUENCES.sub(lambda sequence: _sequence_octets(sequence).decode("latin-1"), joined).encode(
            "latin-1"
        )
        text, fault = _decode_octets(octets, charset)
        faults += [fault]
    else:
        # Only the sequences are in this charset: the text around them was decoded with the file.
        decoded = {
            sequence[0]: _decode_octets(_sequence_octets(sequence), charset)
            for sequence in _SEQUENCES.finditer(joined)
        }
        text = _SEQUENCES.sub(lambda sequence: decoded[sequence[0]][0], joined)
        faults += [fault for _, fault in decoded.values()]
    return text.replace("\r\n", "\n").replace("\r", "\n"), next(filter(None, faults), "")


def _sequence_octets(sequences: re.Match[str]) -> bytes:
    return bytes.fromhex(sequences[0].replace("=", ""))


def _decode_octets(octets: bytes, charset: str) -> tuple[str, str]:
    name = charset.strip(" \"'") or "utf-8"
    try:
        return octets.decode(name), ""
    except (LookupError, ValueError):
        pass
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        text = octets.decode("cp1252", "replace")
    if not charset:
        return text, "it is no UTF-8 and was read as Windows-1252"
    return text, "its character set (CHARSET) is unknown or does not fit"
