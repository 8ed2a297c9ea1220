"""The lines that say what an event is about, found in its bytes; only those asked for are unfolded."""

import re

from calsync.sources.ical.content import NAMES, text_in
from calsync.sources.ical.slices import ALARM, unfold

_WRITTEN = {name.encode(): name for name in sorted(NAMES)}
_WANTED = re.compile(
    rb"\n(?![ \t])(?:(%b)([;:][^\n]*+(?:\n[ \t][^\n]*+)*+)|%b)" % (b"|".join(_WRITTEN), ALARM)
).findall
# A line whose name is cut in two, is in small letters or has a blank behind it.
_ODD_NAME = re.compile(rb"\n(?![A-Z][A-Z0-9-]*[;:]|[ \t])").search


class Texts(dict[bytes, str]):
    """Texts by what is written of them: a series and its overrides say nearly everything alike."""

    def __missing__(self, rest: bytes) -> str:
        self[rest] = text = text_in(_plain(rest))
        return text


class FoldedLines:
    """The lines in an event's bytes."""

    def __init__(self, event: bytes, texts: Texts) -> None:
        self._texts = texts
        self._found: dict[str, list[bytes]] = {}
        for name, rest in _WANTED(event):
            if name:
                self._found.setdefault(_WRITTEN[name], []).append(rest)

    def rests(self, name: str) -> list[str]:
        """What follows the name of each line."""
        return [_plain(rest) for rest in self._found.get(name, ())]

    def text(self, name: str) -> str:
        """The text of the first line that has any."""
        for rest in self._found.get(name, ()):
            text = self._texts[rest]
            if text:
                return text
        return ""


def has_odd_names(event: bytes) -> bool:
    """Whether a line that matters may be overlooked in the bytes."""
    return _ODD_NAME(event) is not None


def _plain(rest: bytes) -> str:
    return (unfold(rest) if b"\n" in rest else rest).removesuffix(b"\r").decode()
