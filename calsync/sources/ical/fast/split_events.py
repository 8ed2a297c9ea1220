"""Bytes to events, cut out and unread: the UID of each, its lines that say when it is, the frame around all.

A structure line can only stand at a line's start, and a folded line starts with a blank, so no text
is ever taken for one.
"""

import codecs
import hashlib
import re

import numpy as np

from calsync.sources.ical.digests import DIGEST_SIZE
from calsync.sources.ical.event_reader import event_uid
from calsync.sources.ical.fast.scan_lines import (
    CHUNK_SIZE,
    DTSTAMP,
    NAME_LENGTHS,
    SCANNED_NAMES,
    UID,
    WORD_SIZE,
    ByteArray,
    FileNeedsFullParser,
    ScannedLines,
    scan_lines,
)
from calsync.sources.ical.text_values import read_text_value

_starts_as_calendar = re.compile(rb"BEGIN:VCALENDAR\r?\n").match
_COMPONENT_MARKS = re.compile(rb"\n(BEGIN|END)[ \t]*:([^\r\n]*)", re.I)
_BEGIN = b"\nBEGIN:VEVENT"
_NOT_ASCII = np.uint64(0x80_80_80_80_80_80_80_80)

LinesByName = dict[bytes, int]
"""The number of a line, by its name."""


class SplitCalendar:
    """A calendar cut up; an event is named by its place, from 0.

    frame: the file without its events. uids: of each event. odd: the events that only the exact path reads.
    """

    def __init__(self, data: bytes) -> None:
        """Cut a file of one VCALENDAR at its events; raises FileNeedsFullParser."""
        self.data = data.removeprefix(codecs.BOM_UTF8)
        if not _starts_as_calendar(self.data):
            raise FileNeedsFullParser
        self.content: ByteArray = np.frombuffer(self.data, np.uint8)
        _check_utf8(self.data, self.content)
        self.scanned = scan_lines(self.data, self.content)
        self.value_starts = self.scanned.lines.starts + 1 + NAME_LENGTHS[self.scanned.lines.name]
        self._value_starts, self._line_ends = self.value_starts.tolist(), self.scanned.lines.end.tolist()
        scanned = self.scanned.begins, self.scanned.content_ends, self.scanned.ends
        self._event_begins, self._content_ends, self._event_ends = (places.tolist() for places in scanned)
        self.frame = _cut_frame(self.data, self.scanned)
        self.full_parser_events = set(self.scanned.full_parser_events)
        self._check_no_joined_events()
        self.uids = self._read_uids()

    def _check_no_joined_events(self) -> None:
        """Raise FileNeedsFullParser where an event may be two, whose END and BEGIN run into other lines.

        It has a line twice that an event has once. Anywhere else the counts of BEGIN and END differ.
        """
        if any("VEVENT" in self.text(place).upper() for place in self.full_parser_events):
            raise FileNeedsFullParser

    def text(self, index: int) -> str:
        """An event's own lines, unfolded, each behind a line end as the file has them; no alarms."""
        begin, pieces = self._event_begins[index], []
        for alarm, end in self.scanned.alarms.get(index, ()):
            pieces.append(self.data[begin:alarm])
            begin = end
        pieces.append(self.data[begin : self._content_ends[index]])
        return self._unfolded(b"".join(pieces))

    def full_parser_text(self, index: int) -> str:
        """The same as the exact path has it: ending in LF."""
        return self.text(index).replace("\r\n", "\n").removeprefix("\n").removesuffix("\r") + "\n"

    def _unfolded(self, lines: bytes) -> str:
        # Several times as fast as `replace`.
        fold = self.scanned.fold
        return (b"".join(lines.split(fold)) if fold else unfold(lines)).decode()

    def event_lines(self, index: int) -> LinesByName:
        """The lines of an event that matter; where there are several EXDATEs, the last."""
        numbers = self.scanned.table[index].tolist()
        return {name: line for name, line in zip(SCANNED_NAMES, numbers, strict=False) if line >= 0}

    def exdate_lines(self, index: int) -> list[int]:
        """All EXDATE lines of an event."""
        return self.scanned.exdates.get(index, [])

    def line_rest(self, line: int) -> str:
        """What follows the name on a line."""
        return self._unfolded(self.data[self._value_starts[line] : self._line_ends[line]]).removesuffix("\r")

    def event_digests(self) -> list[bytes]:
        """Of each event; the same for two versions that differ in their time stamp only."""
        view, digests = memoryview(self.data), []
        stamps = self.scanned.table[:, DTSTAMP].tolist()
        for start, stop, stamp in zip(self._event_begins, self._event_ends, stamps, strict=True):
            begin, end = (self._value_starts[stamp], self._line_ends[stamp]) if stamp >= 0 else (stop, stop)
            digest = hashlib.sha256(view[start:begin])
            digest.update(view[end:stop])
            digests.append(digest.digest()[:DIGEST_SIZE])
        return digests

    def _read_uids(self) -> list[str]:
        uids = []
        for place, line in enumerate(self.scanned.table[:, UID].tolist()):
            rest = self.line_rest(line) if line >= 0 else ""
            uid = rest[1:].strip() if rest[:1] == ":" and "\\" not in rest else read_text_value(rest)
            if not uid or place in self.full_parser_events:
                self.full_parser_events.add(place)
                uid = event_uid(self.full_parser_text(place))
            uids.append(uid)
        return uids


def _check_utf8(data: bytes, content: ByteArray) -> None:
    """Raise FileNeedsFullParser for another encoding, be it in an alarm: the exact path tells of it."""
    if data.isascii():
        return
    words = content[: len(content) // WORD_SIZE * WORD_SIZE].view(np.uint64)
    pieces = range(0, len(words), CHUNK_SIZE // WORD_SIZE)
    scanned = [
        np.flatnonzero((words[at : at + CHUNK_SIZE // WORD_SIZE] & _NOT_ASCII) != 0) + at for at in pieces
    ]
    letters = np.concatenate((*scanned, [len(words)]))
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
        raise FileNeedsFullParser from error


def _cut_frame(data: bytes, found: ScannedLines) -> bytes:
    """The calendar without its events, if each of them stands in it and in nothing else."""
    opens, stops = (found.begins - len(_BEGIN)), found.ends
    apart = np.flatnonzero(stops[:-1] < opens[1:])
    between = [data[stops[place] : opens[place + 1]] for place in apart.tolist()]
    head, tail = data[: opens[0]], data[stops[-1] :]
    if any(map(_open_components, (head, *between))) or _open_components(tail, b"VCALENDAR"):
        raise FileNeedsFullParser
    rests = [rest.lstrip(b"\r\n") for rest in (*between, tail)]
    # Behind an empty line a folded one belongs to the END before.
    if any(rest[:1] in (b" ", b"\t") for rest in rests):
        raise FileNeedsFullParser
    return b"\n".join((head, *rests))


def _open_components(piece: bytes, *opened: bytes) -> list[bytes]:
    """The components that are open behind a piece, if these were before; raises FileNeedsFullParser."""
    names = list(opened)
    for mark, name in _COMPONENT_MARKS.findall(unfold(piece)):
        if mark.upper() == b"BEGIN":
            names.append(name.upper())
        elif not names or names.pop() != name.upper():
            raise FileNeedsFullParser
    return names


def unfold(lines: bytes) -> bytes:
    """Lines as they were before they were folded, ending in LF; there are no empty ones among them."""
    return lines.replace(b"\r\n", b"\n").replace(b"\n ", b"").replace(b"\n\t", b"")
