"""What a source remembers from one night to the next, as opaque text that the store keeps for it."""

import hashlib
import json
from collections.abc import Mapping

from calsync.model.span import Span
from calsync.sources.base import Calendar


def scope_of(calendar: Calendar, window: Span, reader: str) -> str:
    """What an answer rests on besides the calendar's content: a token of another scope is worth nothing.

    reader: the version of the code that turns content into occurrences.
    """
    owners = sorted(calendar.owners)
    window_and_zone = (window.start.isoformat(), window.end.isoformat(), calendar.zone.key)
    parts = (reader, *window_and_zone, str(calendar.missing_end), *owners)
    return _digest("\x1f".join(parts).encode())


def bytes_digest(content: bytes) -> str:
    """A digest of what a source gave."""
    return _digest(content)


def remember(scope: str, marks: Mapping[str, str]) -> str:
    """A token that holds the marks for this scope; empty marks are left out."""
    return json.dumps({"scope": scope, **{key: mark for key, mark in marks.items() if mark}}, sort_keys=True)


def recall(token: str, scope: str) -> dict[str, str]:
    """The marks in a token, none if it is of another scope or no token of ours."""
    try:
        marks = json.loads(token) if token else {}
    except ValueError:
        return {}
    if not isinstance(marks, dict) or marks.pop("scope", None) != scope:
        return {}
    return {key: mark for key, mark in marks.items() if isinstance(mark, str)}


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
