"""Encodes what a source needs at its next fetch as a token: opaque text, which the store keeps."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from calsync.model.span import Span
from calsync.sources.base import Calendar

_UIDS_KEY = "uids by part"


def build_token_key(calendar: Calendar, window: Span, reader: str) -> str:
    """A digest of all on which a result depends, besides the calendar's content.

    A token with another key is of no use.

    Args:
        calendar: what is read.
        window: the requested window.
        reader: the version of the code that turns content into occurrences.
    """
    owners = sorted(calendar.owners)
    window_and_zone = (window.start.isoformat(), window.end.isoformat(), calendar.zone.key)
    parts = (reader, *window_and_zone, str(calendar.missing_end), *owners)
    return _hex_digest("\x1f".join(parts).encode())


def digest_bytes(content: bytes) -> str:
    """A digest of what a source read."""
    return _hex_digest(content)


def encode_token(token_key: str, marks: Mapping[str, str]) -> str:
    """A token with the token key and the marks; empty marks are left out.

    Args:
        token_key: of `build_token_key`.
        marks: what the source compares at its next fetch, such as an ETag.
    """
    return json.dumps(
        {"scope": token_key, **{key: mark for key, mark in marks.items() if mark}}, sort_keys=True
    )


def decode_token(token: str, token_key: str) -> dict[str, str]:
    """The marks in a token; none if it has another key or is no token of calsync."""
    marks = _parse_token(token)
    if marks.pop("scope", None) != token_key:
        return {}
    return {key: mark for key, mark in marks.items() if isinstance(mark, str)}


def encode_uids(token: str, uids: Mapping[str, Sequence[str] | None]) -> str:
    """Add the uids of each part of a calendar to a token; None for a part with unknown uids."""
    return json.dumps(json.loads(token) | {_UIDS_KEY: dict(uids)}, sort_keys=True) if uids else token


def decode_uids(token: str) -> dict[str, frozenset[str] | None]:
    """The uids of each part of a calendar when it was last read, whatever the token's key."""
    uids_by_part = _parse_token(token).get(_UIDS_KEY)
    if not isinstance(uids_by_part, dict):
        return {}
    return {part: frozenset(uids) if isinstance(uids, list) else None for part, uids in uids_by_part.items()}


def keep_uids_only(token: str) -> str:
    """The part of a token that is valid for every window: the uids of each part; "" for none."""
    uids_by_part = _parse_token(token).get(_UIDS_KEY)
    return json.dumps({_UIDS_KEY: uids_by_part}) if uids_by_part else ""


def _parse_token(token: str) -> dict[str, Any]:
    try:
        marks = json.loads(token) if token else {}
    except ValueError:
        return {}
    return marks if isinstance(marks, dict) else {}


def _hex_digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
