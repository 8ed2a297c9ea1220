"""Cuts a file at its events without reading them: the UID of each, its lines of times, the frame around all.

A BEGIN or END is always at the start of a line, and a folded line starts with a blank, so text that quotes
one is never taken for one.
"""

import codecs
import hashlib
import re

import numpy as np

from calsync.sources.ical.digests import DIGEST_SIZE
from calsync.sources.ical.event_reader import event_uid
from calsync.sources.ical.fast.errors import FileNeedsFullParser
from calsync.sources.ical.fast.scan_lines import (
    CHUNK_SIZE,
    DTSTAMP,
    NAME_LENGTHS,
    SCANNED_NAMES,
    UID,
    WORD_SIZE,
    ByteArray,
    ScannedLines,
    scan_lines,
)
from calsync.sources.ical.text_values import read_text_value

_starts_as_calendar = re.compile(rb"BEGIN:VCALENDAR\r?\n").match
_COMPONENT_MARKS = re.compile(rb"\n(BEGIN|END)[ \t]*:([^\r\n]*)", re.I)
_BEGIN = b"\nBEGIN:VEVENT"
_NOT_ASCII = np.uint64(0x80_80_80_80_80_80_80_80)

LinesByName = dict[bytes, int]
"""The number of a line in `ScannedLines.lines`, by its name."""


class SplitCalendar:
    """A file of one VCALENDAR, cut at its events. An event is referred to by its index, from 0.

    Attributes:
        data: The file, without its byte order mark.
        content: The same as an array.
        scanned: The lines of the events.
        value_starts: Of each line in `scanned.lines`, the position after its name.
        frame: The file without its events: header and time zones.
        uids: Of each event.
        full_parser_events: The indices of events that only the full parser reads.
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
        # Lists, since an item of a list is read faster than an item of an array.
        self._event_begins = self.scanned.begins.tolist()
        self._content_ends = self.scanned.content_ends.tolist()
        self._event_ends = self.scanned.ends.tolist()
        self.frame = _cut_frame(self.data, self.scanned)
        self.full_parser_events = set(self.scanned.full_parser_events)
        self._check_no_joined_events()
        self.uids = self._read_uids()

    def _check_no_joined_events(self) -> None:
        """Raise FileNeedsFullParser where an event may be two, whose END and BEGIN run into other lines.

        Such an event has a line twice that is allowed once, so it is one of the `full_parser_events`; where a
        BEGIN or END runs into another line elsewhere, `scan_lines` finds that their numbers differ.
        """
        if any("VEVENT" in self.text(index).upper() for index in self.full_parser_events):
            raise FileNeedsFullParser

    def text(self, index: int) -> str:
        """Return an event's own lines, unfolded, without alarms; each follows a line end as in the file."""
        begin, pieces = self._event_begins[index], []
        for alarm, end in self.scanned.alarms.get(index, ()):
            pieces.append(self.data[begin:alarm])
            begin = end
        pieces.append(self.data[begin : self._content_ends[index]])
        return self._unfolded(b"".join(pieces))

    def full_parser_text(self, index: int) -> str:
        """Return the same in the form in which the full parser needs it: lines that end in LF."""
        return self.text(index).replace("\r\n", "\n").removeprefix("\n").removesuffix("\r") + "\n"

    def _unfolded(self, lines: bytes) -> str:
        # Splitting and joining is several times as fast as `replace`.
        fold = self.scanned.fold
        return (b"".join(lines.split(fold)) if fold else unfold(lines)).decode()

    def event_lines(self, index: int) -> LinesByName:
        """Return the lines of an event by name; of several EXDATEs the last."""
        numbers = self.scanned.table[index].tolist()
        return {name: line for name, line in zip(SCANNED_NAMES, numbers, strict=False) if line >= 0}

    def exdate_lines(self, index: int) -> list[int]:
        """Return the numbers of all EXDATE lines of an event."""
        return self.scanned.exdates.get(index, [])

    def line_rest(self, line: int) -> str:
        """Return what follows the name on a line: parameters and value, with their `;` or `:`."""
        return self._unfolded(self.data[self._value_starts[line] : self._line_ends[line]]).removesuffix("\r")

    def event_digests(self) -> list[bytes]:
        """Return a digest of each event, the same for two versions that differ in DTSTAMP only."""
        view, digests = memoryview(self.data), []
        stamp_lines = self.scanned.table[:, DTSTAMP].tolist()
        for begin, end, line in zip(self._event_begins, self._event_ends, stamp_lines, strict=True):
            stamp, stamp_end = (self._value_starts[line], self._line_ends[line]) if line >= 0 else (end, end)
            digest = hashlib.sha256(view[begin:stamp])
            digest.update(view[stamp_end:end])
            digests.append(digest.digest()[:DIGEST_SIZE])
        return digests

    def _read_uids(self) -> list[str]:
        uids = []
        for index, line in enumerate(self.scanned.table[:, UID].tolist()):
            rest = self.line_rest(line) if line >= 0 else ""
            # The first form is nearly all of them, and `read_text_value` is slower.
            uid = rest[1:].strip() if rest[:1] == ":" and "\\" not in rest else read_text_value(rest)
            if not uid or index in self.full_parser_events:
                self.full_parser_events.add(index)
                uid = event_uid(self.full_parser_text(index))
            uids.append(uid)
        return uids


def _check_utf8(data: bytes, content: ByteArray) -> None:
    """Raise FileNeedsFullParser for another encoding, even if only in an alarm: the full parser reports it.

    Only the words of eight bytes that hold other letters than ASCII are decoded.
    """
    if data.isascii():
        return
    words = content[: len(content) // WORD_SIZE * WORD_SIZE].view(np.uint64)
    chunk_size = CHUNK_SIZE // WORD_SIZE
    numbers_by_chunk = [
        np.flatnonzero((words[start : start + chunk_size] & _NOT_ASCII) != 0) + start
        for start in range(0, len(words), chunk_size)
    ]
    # The end counts as such a word: what follows the last whole word is decoded as well.
    numbers = np.concatenate((*numbers_by_chunk, [len(words)]))
    # Words that do not follow each other are separated by zeros, or their letters would run together.
    separated = np.insert(words[numbers[:-1]], np.flatnonzero(np.diff(numbers) > 1) + 1, 0)
    try:
        (separated.tobytes() + data[words.nbytes :]).decode()
    except UnicodeDecodeError:
        # A line may be folded within a letter.
        try:
            unfold(data).decode()
        except UnicodeDecodeError as error:
            raise FileNeedsFullParser from error


def _cut_frame(data: bytes, scanned: ScannedLines) -> bytes:
    """The file without its events; FileNeedsFullParser where one is not directly in the VCALENDAR."""
    begins, ends = scanned.begins - len(_BEGIN), scanned.ends
    with_gap = np.flatnonzero(ends[:-1] < begins[1:])
    between = [data[ends[index] : begins[index + 1]] for index in with_gap.tolist()]
    head, tail = data[: begins[0]], data[ends[-1] :]
    if any(map(_open_components, (head, *between))) or _open_components(tail, b"VCALENDAR"):
        raise FileNeedsFullParser
    pieces = [piece.lstrip(b"\r\n") for piece in (*between, tail)]
    # After an empty line a folded one still belongs to the END before.
    if any(piece[:1] in (b" ", b"\t") for piece in pieces):
        raise FileNeedsFullParser
    return b"\n".join((head, *pieces))


def _open_components(piece: bytes, *opened: bytes) -> list[bytes]:
    """The components that are open after a piece, if `opened` were before; raises FileNeedsFullParser.

    The BEGIN:VCALENDAR that begins the file is not among the marks, since no line feed is before it.
    """
    names = list(opened)
    for mark, name in _COMPONENT_MARKS.findall(unfold(piece)):
        if mark.upper() == b"BEGIN":
            names.append(name.upper())
        elif not names or names.pop() != name.upper():
            raise FileNeedsFullParser
    return names


def unfold(lines: bytes) -> bytes:
    """Return lines as they were before they were folded, ending in LF. There must be no empty lines."""
    return lines.replace(b"\r\n", b"\n").replace(b"\n ", b"").replace(b"\n\t", b"")
