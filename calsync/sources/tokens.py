"""What a source remembers from one night to the next, as opaque text that the store keeps for it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from calsync.model.span import Span
from calsync.sources.base import Calendar

_UIDS_KEY = "uids by part"


def build_token_key(calendar: Calendar, window: Span, reader: str) -> str:
    """What an answer rests on besides the calendar's content: a token of another scope is worth nothing.

    reader: the version of the code that turns content into occurrences.
    """
    owners = sorted(calendar.owners)
    window_and_zone = (window.start.isoformat(), window.end.isoformat(), calendar.zone.key)
    parts = (reader, *window_and_zone, str(calendar.missing_end), *owners)
    return _hex_digest("\x1f".join(parts).encode())


def digest_bytes(content: bytes) -> str:
    """A digest of what a source gave."""
    return _hex_digest(content)


def encode_token(token_key: str, marks: Mapping[str, str]) -> str:
    """A token that holds the marks for this scope; empty marks are left out."""
    return json.dumps(
        {"scope": token_key, **{key: mark for key, mark in marks.items() if mark}}, sort_keys=True
    )


def decode_token(token: str, token_key: str) -> dict[str, str]:
    """The marks in a token, none if it is of another scope or no token of ours."""
    marks = _parse_token(token)
    if marks.pop("scope", None) != token_key:
        return {}
    return {key: mark for key, mark in marks.items() if isinstance(mark, str)}


def encode_uids(token: str, uids: Mapping[str, Sequence[str] | None]) -> str:
    """The token with the uids of each part of a calendar; None for a part whose uids are not known."""
    return json.dumps(json.loads(token) | {_UIDS_KEY: dict(uids)}, sort_keys=True) if uids else token


def decode_uids(token: str) -> dict[str, frozenset[str] | None]:
    """By part of a calendar the uids it had when it was last read, whatever the token's scope."""
    uids_by_part = _parse_token(token).get(_UIDS_KEY)
    if not isinstance(uids_by_part, dict):
        return {}
    return {part: frozenset(uids) if isinstance(uids, list) else None for part, uids in uids_by_part.items()}


def keep_uids_only(token: str) -> str:
    """What of a token holds for other windows and rules, too: which uids a part had; "" for nothing."""
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
