"""The lines that say what an event is about, found in its bytes; only those asked for are unfolded."""

import re

from calsync.sources.ical.content import NAMES
from calsync.sources.ical.slices import ALARM, unfold

_WRITTEN = {name.encode(): name for name in sorted(NAMES)}
_WANTED = re.compile(
    rb"\n(?![ \t])(?:(%b)([;:][^\n]*+(?:\n[ \t][^\n]*+)*+)|%b)" % (b"|".join(_WRITTEN), ALARM)
).findall
# A line whose name is cut in two, is in small letters or has a blank behind it.
_ODD_NAME = re.compile(rb"\n(?![A-Z][A-Z0-9-]*[;:]|[ \t])").search


class FoldedLines:
    """What follows the names of an event's lines, as `content.lines_of` gives it; made on demand."""

    def __init__(self, event: bytes) -> None:
        self._found: dict[str, list[bytes]] = {}
        for name, rest in _WANTED(event):
            if name:
                self._found.setdefault(_WRITTEN[name], []).append(rest)

    def __getitem__(self, name: str) -> list[str]:
        rests = self._found.get(name)
        return [_plain(rest) for rest in rests] if rests else []


def has_odd_names(event: bytes) -> bool:
    """Whether a line that matters may be overlooked in the bytes."""
    return _ODD_NAME(event) is not None


def _plain(rest: bytes) -> str:
    return (unfold(rest) if b"\n" in rest else rest).removesuffix(b"\r").decode()
