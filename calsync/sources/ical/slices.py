"""Bytes to events, cut out and unread: the UID of each, its lines that say when it is, the frame around all.

A structure line can only stand at a line's start, and a folded line starts with a blank, so no text
is ever taken for one.
"""

import codecs
import hashlib
import re
from collections import defaultdict

import numpy as np

from calsync.sources.ical.digests import SIZE
from calsync.sources.ical.events import uid_of
from calsync.sources.ical.skim import (
    DTSTAMP,
    EXDATE,
    LENGTHS,
    PIECE,
    TIMES,
    UID,
    Bytes,
    Skim,
    UnusualError,
    skim,
)
from calsync.sources.ical.texts import text_of

_OPENING = re.compile(rb"BEGIN:VCALENDAR\r?\n").match
ALARM = rb"BEGIN:VALARM\r?(?:\n(?!END:VALARM\r?\n)[^\n]*+)*+\nEND:VALARM"
"""The pattern of an alarm, to be stepped over."""
_ALARMS = re.compile(rb"\nBEGIN:VALARM\n.*?\nEND:VALARM(?=\n)", re.S)
_MARKS = re.compile(rb"\n(BEGIN|END)[ \t]*:([^\r\n]*)", re.I)
_BEGIN, _END = b"\nBEGIN:VEVENT", b"\nEND:VEVENT"
_WORD, _NOT_ASCII = 8, np.uint64(0x80_80_80_80_80_80_80_80)

Lines = dict[bytes, int]
"""The number of a line, by its name."""


class Slices:
    """A calendar cut up; an event is named by its place, from 0.

    frame: the file without its events. uids: of each event. odd: the events that only the exact path reads.
    """

    def __init__(self, data: bytes) -> None:
        """Cut a file of one VCALENDAR at its events; raises UnusualError."""
        self.data = data.removeprefix(codecs.BOM_UTF8)
        if not _OPENING(self.data):
            raise UnusualError
        self.content: Bytes = np.frombuffer(self.data, np.uint8)
        _check_utf8(self.data, self.content)
        self.skim = skim(self.data, self.content)
        self.begins = self.skim.lines.at + 1 + LENGTHS[self.skim.lines.name]
        self._begins, self._ends = self.begins.tolist(), self.skim.lines.end.tolist()
        self._starts, self._stops = self.skim.starts.tolist(), self.skim.stops.tolist()
        self._exdates: dict[int, list[int]] = defaultdict(list)
        for line in np.flatnonzero(self.skim.lines.name == EXDATE).tolist():
            self._exdates[int(self.skim.events[line])].append(line)
        self.frame = _frame(self.data, self.skim)
        self.odd = set(self.skim.odd)
        self.uids = self._read_uids()

    def event(self, place: int) -> bytes:
        """An event from behind its BEGIN to its END."""
        return self.data[self._starts[place] : self._stops[place]]

    def lines(self, place: int) -> Lines:
        """The lines of an event that matter; where there are several EXDATEs, the last."""
        numbers = self.skim.table[place].tolist()
        return {name: line for name, line in zip(TIMES, numbers, strict=False) if line >= 0}

    def exdates(self, place: int) -> list[int]:
        """All EXDATE lines of an event."""
        return self._exdates.get(place, [])

    def rest(self, line: int) -> bytes:
        """What follows the name on a line, still folded."""
        return self.data[self._begins[line] : self._ends[line]]

    def digests(self) -> list[bytes]:
        """Of each event; the same for two versions that differ in their time stamp only."""
        view, digests = memoryview(self.data), []
        stamps = self.skim.table[:, DTSTAMP].tolist()
        for start, stop, stamp in zip(self._starts, self._stops, stamps, strict=True):
            begin, end = (self._begins[stamp], self._ends[stamp]) if stamp >= 0 else (stop, stop)
            digest = hashlib.sha256(view[start:begin])
            digest.update(view[end:stop])
            digests.append(digest.digest()[:SIZE])
        return digests

    def _read_uids(self) -> list[str]:
        uids = []
        for place, line in enumerate(self.skim.table[:, UID].tolist()):
            rest = unfold(self.rest(line)).removesuffix(b"\r").decode() if line >= 0 else ""
            uid = rest[1:].strip() if rest[:1] == ":" and "\\" not in rest else text_of(rest)
            if not uid or place in self.odd:
                self.odd.add(place)
                uid = uid_of(own_text(self.event(place)))
            uids.append(uid)
        return uids


def _check_utf8(data: bytes, content: Bytes) -> None:
    """Raise UnusualError for another encoding, be it in an alarm: the exact path tells of it."""
    if data.isascii():
        return
    words = content[: len(content) // _WORD * _WORD].view(np.uint64)
    pieces = range(0, len(words), PIECE // _WORD)
    found = [np.flatnonzero((words[at : at + PIECE // _WORD] & _NOT_ASCII) != 0) + at for at in pieces]
    letters = np.concatenate((*found, [len(words)]))
    # Letters of different places are parted; the end counts as one.
    parted = np.insert(words[letters[:-1]], np.flatnonzero(np.diff(letters) > 1) + 1, 0)
    try:
        (parted.tobytes() + data[words.nbytes :]).decode()
    except UnicodeDecodeError:
        _check_unfolded(data)


def _check_unfolded(data: bytes) -> None:
    # A line may be folded within a letter.
    try:
        unfold(data).decode()
    except UnicodeDecodeError as error:
        raise UnusualError from error


def _frame(data: bytes, found: Skim) -> bytes:
    """The calendar without its events, if each of them stands in it and in nothing else."""
    opens, stops = (found.starts - len(_BEGIN)), found.stops
    apart = np.flatnonzero(stops[:-1] < opens[1:])
    between = [data[stops[place] : opens[place + 1]] for place in apart.tolist()]
    head, tail = data[: opens[0]], data[stops[-1] :]
    if any(map(_left_open, (head, *between))) or _left_open(tail, b"VCALENDAR"):
        raise UnusualError
    rests = [rest.lstrip(b"\r\n") for rest in (*between, tail)]
    # Behind an empty line a folded one belongs to the END before.
    if any(rest[:1] in (b" ", b"\t") for rest in rests):
        raise UnusualError
    return b"\n".join((head, *rests))


def _left_open(piece: bytes, *opened: bytes) -> list[bytes]:
    """The components that are open behind a piece, if these were before; raises UnusualError."""
    names = list(opened)
    for mark, name in _MARKS.findall(unfold(piece)):
        if mark.upper() == b"BEGIN":
            names.append(name.upper())
        elif not names or names.pop() != name.upper():
            raise UnusualError
    return names


def unfold(lines: bytes) -> bytes:
    """Lines as they were before they were folded, ending in LF; there are no empty ones among them."""
    lines = lines.replace(b"\r\n ", b"")  # for a single line that is nearly always all
    if b"\n" not in lines:
        return lines
    return lines.replace(b"\r\n", b"\n").replace(b"\n ", b"").replace(b"\n\t", b"")


def end_of(event: bytes) -> int:
    """Where the END of a slice stands, with which it ends; another END in it is nothing usual."""
    return len(event) - len(_END) - event.endswith(b"\r")


def own_text(event: bytes) -> str:
    """An event's own lines as text, without those of its alarms; raises UnusualError for other than UTF-8."""
    lines = unfold(event[: end_of(event)] + b"\n")
    if b"\nBEGIN:" in lines:
        lines = _ALARMS.sub(b"", lines)
    try:
        return lines.decode()[1:]
    except UnicodeDecodeError as error:
        raise UnusualError from error
