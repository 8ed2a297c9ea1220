"""Bytes to events, cut out and unread: the UID of each, its lines that say when it is, the frame around all.

A structure line can only stand at a line's start, and a folded line starts with a blank, so no text
is ever taken for one.
"""

import codecs
import hashlib
import re

import numpy as np

from calsync.sources.ical.digests import SIZE
from calsync.sources.ical.events import uid_of
from calsync.sources.ical.skim import (
    DTSTAMP,
    LENGTHS,
    PIECE,
    TIMES,
    UID,
    WORD,
    Bytes,
    Skim,
    UnusualError,
    skim,
)
from calsync.sources.ical.texts import text_of

_OPENING = re.compile(rb"BEGIN:VCALENDAR\r?\n").match
_MARKS = re.compile(rb"\n(BEGIN|END)[ \t]*:([^\r\n]*)", re.I)
_BEGIN = b"\nBEGIN:VEVENT"
_NOT_ASCII = np.uint64(0x80_80_80_80_80_80_80_80)

LineNumbers = dict[bytes, int]
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
        found = self.skim.starts, self.skim.insides, self.skim.stops
        self._starts, self._insides, self._stops = (places.tolist() for places in found)
        self.frame = _frame(self.data, self.skim)
        self.odd = set(self.skim.odd)
        self._check_run_on()
        self.uids = self._read_uids()

    def _check_run_on(self) -> None:
        """Raise UnusualError where an event may be two, whose END and BEGIN run into other lines.

        It has a line twice that an event has once. Anywhere else the counts of BEGIN and END differ.
        """
        if any("VEVENT" in self.text(place).upper() for place in self.odd):
            raise UnusualError

    def text(self, place: int) -> str:
        """An event's own lines, unfolded, each behind a line end as the file has them; no alarms."""
        begin, pieces = self._starts[place], []
        for alarm, end in self.skim.alarms.get(place, ()):
            pieces.append(self.data[begin:alarm])
            begin = end
        pieces.append(self.data[begin : self._insides[place]])
        return self._unfolded(b"".join(pieces))

    def own_text(self, place: int) -> str:
        """The same as the exact path has it: ending in LF."""
        return self.text(place).replace("\r\n", "\n").removeprefix("\n").removesuffix("\r") + "\n"

    def _unfolded(self, lines: bytes) -> str:
        # Several times as fast as `replace`.
        fold = self.skim.fold
        return (b"".join(lines.split(fold)) if fold else unfold(lines)).decode()

    def lines(self, place: int) -> LineNumbers:
        """The lines of an event that matter; where there are several EXDATEs, the last."""
        numbers = self.skim.table[place].tolist()
        return {name: line for name, line in zip(TIMES, numbers, strict=False) if line >= 0}

    def exdates(self, place: int) -> list[int]:
        """All EXDATE lines of an event."""
        return self.skim.exdates.get(place, [])

    def rest(self, line: int) -> str:
        """What follows the name on a line."""
        return self._unfolded(self.data[self._begins[line] : self._ends[line]]).removesuffix("\r")

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
            rest = self.rest(line) if line >= 0 else ""
            uid = rest[1:].strip() if rest[:1] == ":" and "\\" not in rest else text_of(rest)
            if not uid or place in self.odd:
                self.odd.add(place)
                uid = uid_of(self.own_text(place))
            uids.append(uid)
        return uids


def _check_utf8(data: bytes, content: Bytes) -> None:
    """Raise UnusualError for another encoding, be it in an alarm: the exact path tells of it."""
    if data.isascii():
        return
    words = content[: len(content) // WORD * WORD].view(np.uint64)
    pieces = range(0, len(words), PIECE // WORD)
    found = [np.flatnonzero((words[at : at + PIECE // WORD] & _NOT_ASCII) != 0) + at for at in pieces]
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
    return lines.replace(b"\r\n", b"\n").replace(b"\n ", b"").replace(b"\n\t", b"")
