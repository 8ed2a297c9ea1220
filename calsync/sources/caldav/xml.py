"""Parses the XML of a WebDAV multistatus; if it is not well-formed, only its broken responses are lost.

Servers copy the content of a calendar into their XML: control characters (forbidden by XML 1.0, section 2.2),
bytes that are no UTF-8, an `&` that is not escaped. One such meeting would make all others unreadable.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote_from_bytes
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import unescape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

DAV_NS = "{DAV:}"

_PREFIX = rb"(?:[A-Za-z_][\w.-]*:)?"
_ROOT_TAG = re.compile(rb"<((?:[A-Za-z_][\w.-]*:)?multistatus)(?:\s[^<>]*)?>")
_RESPONSE_START = re.compile(rb"<" + _PREFIX + rb"response(?=[\s>])")
_RESPONSE_END = re.compile(rb"</" + _PREFIX + rb"response\s*>")
_HREF = re.compile(rb"(<" + _PREFIX + rb"href(?:\s[^<>]*)?>)([^<]*)")
_SYNC_TOKEN = re.compile(rb"<" + _PREFIX + rb"sync-token(?:\s[^<>]*)?>([^<]*)</")
_ENCODING = re.compile(rb"""\A\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)["']""")
_ILLEGAL_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE = re.compile(r"&#(?:x([0-9A-Fa-f]{1,8})|([0-9]{1,8}));")
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,8}|#x[0-9A-Fa-f]{1,8});)")
# The root's tag is parsed again with every broken response, so both are limited.
_MAX_ROOT_BYTES = 4096
_MAX_RESPONSES = 50_000
_RESPONSES_AT_ONCE = 200
_MAX_REPAIRED_BYTES = 4_000_000
_CONTROL_BYTES = bytes(number for number in range(32) if number not in b"\t\n\r")


class NotMultistatusError(Exception):
    """The body is no multistatus, or is incomplete."""


@dataclass(frozen=True, slots=True)
class ResponsePart:
    """One response of a multistatus.

    Attributes:
        element: None where its XML cannot be read.
        href: its address where `element` is None; "" if that cannot be found.
        is_repaired: whether illegal characters were removed from it.
    """

    element: Element | None
    href: str = ""
    is_repaired: bool = False


@dataclass(frozen=True, slots=True)
class MultistatusXml:
    """The responses of a multistatus, and its sync token ("" for none)."""

    responses: tuple[ResponsePart, ...]
    token: str


def parse_multistatus(body: bytes) -> MultistatusXml:
    """Parse a body; if it is not well-formed, its responses are repaired one by one.

    Raises:
        NotMultistatusError: it is something else, has a document type, or is incomplete.
    """
    try:
        tree: Element = fromstring(body, forbid_dtd=True)
    except (DefusedXmlException, LookupError):
        raise NotMultistatusError from None
    except (ParseError, ValueError):
        return _parse_by_response(_to_utf8(body))
    if tree.tag != f"{DAV_NS}multistatus":  # otherwise an XHTML page would be an empty calendar
        raise NotMultistatusError
    # Children only: a search in all descendants takes quadratic time if responses are nested a thousand deep.
    responses = tuple(ResponsePart(response) for response in tree.findall(f"{DAV_NS}response"))
    return MultistatusXml(responses, (tree.findtext(f"{DAV_NS}sync-token") or "").strip())


def _parse_by_response(body: bytes) -> MultistatusXml:
    root = _ROOT_TAG.search(body)
    if root is None or len(root[0]) > _MAX_ROOT_BYTES or b"<!" in body[: root.start()]:
        raise NotMultistatusError
    end = body.rfind(b"</" + root[1])
    starts = [match.start() for match in _RESPONSE_START.finditer(body, root.end(), max(end, root.end()))]
    # Without its end tag the body is incomplete: missing resources would look as if they were deleted.
    if end < 0 or not 0 < len(starts) <= _MAX_RESPONSES or not _is_multistatus_root(root):
        raise NotMultistatusError
    last_end = starts[-1] + _response_end(body[starts[-1] : end])
    outside = (body[root.end() : starts[0]], body[last_end:end])
    token = next((match[1] for part in outside if (match := _SYNC_TOKEN.search(part))), b"")
    parts: list[ResponsePart] = []
    bounds = [*zip(starts, [*starts[1:], last_end], strict=True)]
    for first in range(0, len(bounds), _RESPONSES_AT_ONCE):
        pieces = [body[start:stop] for start, stop in bounds[first : first + _RESPONSES_AT_ONCE]]
        elements = _parse_or_none(b"".join(pieces), root)
        if elements is not None and len(elements) == len(pieces):
            parts += map(ResponsePart, elements)
        else:
            parts += (
                part for piece in pieces for part in _parse_response(piece[: _response_end(piece)], root)
            )
    return MultistatusXml(tuple(parts), unescape(token.decode("utf-8", "replace")).strip())


def _is_multistatus_root(root: re.Match[bytes]) -> bool:
    try:
        tag: str = fromstring(root[0] + b"</" + root[1] + b">", forbid_dtd=True).tag
    except (ParseError, DefusedXmlException, ValueError):
        return False
    return tag == f"{DAV_NS}multistatus"


def _response_end(piece: bytes) -> int:
    ends = [match.end() for match in _RESPONSE_END.finditer(piece)]
    return ends[-1] if ends else len(piece)


def _parse_or_none(content: bytes, root: re.Match[bytes]) -> list[Element] | None:
    """The responses in a part of a body; None where it is not well-formed."""
    try:
        tree: Element = fromstring(root[0] + content + b"</" + root[1] + b">", forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        return None
    return tree.findall(f"{DAV_NS}response")


def _parse_response(piece: bytes, root: re.Match[bytes]) -> Iterator[ResponsePart]:
    elements = _parse_or_none(piece, root)
    is_repaired = elements is None and len(piece) <= _MAX_REPAIRED_BYTES
    if is_repaired:
        elements = _parse_or_none(_repair_response(piece), root)
    if elements is not None:
        yield from (ResponsePart(element, is_repaired=is_repaired) for element in elements)
    else:
        href = _HREF.search(_quote_hrefs(piece[:_MAX_ROOT_BYTES]))
        yield ResponsePart(None, unescape(href[2].decode("utf-8", "replace")).strip() if href else "")


def _repair_response(piece: bytes) -> bytes:
    """A response without illegal characters; bytes that are no UTF-8 are read as Windows-1252."""
    text, _ = strip_illegal_characters(_quote_hrefs(piece))
    return _BARE_AMPERSAND.sub("&amp;", _REFERENCE.sub(_drop_illegal_reference, text)).encode()


def strip_illegal_characters(content: bytes) -> tuple[str, bool]:
    """A text with legal XML characters only, and whether it had to be changed for that."""
    without_bom = content.removeprefix(b"\xef\xbb\xbf")
    stripped = without_bom.translate(None, _CONTROL_BYTES)
    text = stripped.decode("utf-8", "surrogateescape")
    legal = _ILLEGAL_CHARACTER.sub("", re.sub("[\udc80-\udcff]+", _decode_windows_1252, text))
    return legal, legal != text or len(stripped) < len(without_bom)


def _quote_hrefs(piece: bytes) -> bytes:
    """Percent-encode addresses that are no UTF-8, so that the server recognises them in a request."""

    def quote_href(match: re.Match[bytes]) -> bytes:
        try:
            match[2].decode()
        except UnicodeDecodeError:
            return match[1] + quote_from_bytes(match[2], safe=b"/%:@!$&'()*+,;=~?#[] ").encode()
        return match[0]

    return _HREF.sub(quote_href, piece)


def _decode_windows_1252(match: re.Match[str]) -> str:
    content = match[0].encode("utf-8", "surrogateescape")
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _drop_illegal_reference(match: re.Match[str]) -> str:
    number = int(match[1], 16) if match[1] else int(match[2])
    is_legal = number <= 0x10FFFF and not _ILLEGAL_CHARACTER.match(chr(number))
    return match[0] if is_legal else ""


def _to_utf8(body: bytes) -> bytes:
    """The body in UTF-8, whatever encoding it declares; one in an unknown encoding is returned unchanged."""
    declared = _ENCODING.match(body)
    name = declared[1].decode() if declared else "utf-8"
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        name = "utf-16"
    try:
        is_utf8 = name.lower() in ("utf-8", "utf8", "us-ascii", "ascii")
        return body.removeprefix(b"\xef\xbb\xbf") if is_utf8 else body.decode(name, "replace").encode()
    except (LookupError, UnicodeError):
        return body
