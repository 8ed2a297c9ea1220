"""Where the lines stand that say which event it is and when, found in the whole calendar at once.

A calendar is taken as an array of bytes: a step looks at all of its lines together, so nothing is copied
and next to nothing is done line by line. What is built in another way than nearly all calendars are is
`FileNeedsFullParser`, and the exact path (`structure`) takes the file.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from calsync.sources.ical.soft_breaks import is_quoted_printable

_T = TypeVar("_T")
ByteArray = NDArray[np.uint8]
IntArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]

SCANNED_NAMES = (
    b"DTSTART",
    b"DTEND",
    b"DURATION",
    b"RRULE",
    b"RDATE",
    b"EXDATE",
    b"EXRULE",
    b"RECURRENCE-ID",
    b"UID",
)
"""The names that matter; the number of a name is its place here."""
DTSTART, DTEND, EXDATE, RECURRENCE_ID, UID = map(
    SCANNED_NAMES.index, (b"DTSTART", b"DTEND", b"EXDATE", b"RECURRENCE-ID", b"UID")
)
DTSTAMP = len(SCANNED_NAMES)
_SINGLE_NAMES = [number for number in range(len(SCANNED_NAMES)) if number != EXDATE]
_IGNORED_NAMES = (b"DESCRIPTION", b"URL", b"RELATED-TO")
_STRUCTURE_LINES = (b"BEGIN:VEVENT", b"END:VEVENT", b"BEGIN:VALARM", b"END:VALARM")
_NAMES = (*SCANNED_NAMES, b"DTSTAMP", *_IGNORED_NAMES, *_STRUCTURE_LINES)
NAME_LENGTHS = np.array([len(name) for name in _NAMES])
_EVENT_BEGIN, _EVENT_END, _ALARM_BEGIN, _ALARM_END = map(_NAMES.index, _STRUCTURE_LINES)
_UNKNOWN = -1
LF, CR, _TAB, _EQUALS = b"\n\r\t="
# Bytes of a line in which its parameters are looked for.
_MAX_HEAD = 2_000
WORD_SIZE = 8
"""Bytes taken as one number."""
# One line feed in four bytes is no calendar, and would take much memory.
_MIN_LINE_LENGTH = 4
CHUNK_SIZE = 1 << 18
"""Bytes looked at together, so that they stay near the processor."""
_FOLDED, _MAY_MATTER = 1, 2
_FIRST_BYTE_KINDS = np.zeros(256, np.uint8)
_FIRST_BYTE_KINDS[list(b" \t")] = _FOLDED
# A line that begins as a name does that matters, in any spelling; and an empty one.
# So does the first byte of a byte order mark in UTF-8, as it is or read as Windows-1252.
_FIRST_BYTE_KINDS[list(b"BEURDbeurd\r\n\xef\xc3")] = _MAY_MATTER
_is_other_name = re.compile(rb"(?!BEGIN[:;]|END[:;])[A-Z][A-Z0-9-]*[:;]").match


class FileNeedsFullParser(Exception):
    """A calendar that only the exact path reads."""


class EventNeedsFullParser(Exception):
    """An event that only the exact path reads."""


class LineTable(NamedTuple):
    """Lines of a calendar. at: the line feed before each; end: the one behind it and all folded to it.

    name: the number of its name.
    """

    starts: IntArray
    end: IntArray
    name: NDArray[np.int8]

    def select(self, chosen: BoolArray) -> "LineTable":
        """Some of the lines."""
        return LineTable(self.starts[chosen], self.end[chosen], self.name[chosen])


class ScannedLines(NamedTuple):
    """What is found. starts, insides, stops: of each event, behind its BEGIN, before and behind its END.

    fold: what all folded lines are folded with; b"" where it is now this, now that.
    lines: those of events with a name of `TIMES` or a DTSTAMP, outside alarms, in order. table: for each
    event and name the number of its line, -1 for none. exdates: by event, the numbers of all. alarms: by
    event, from before each BEGIN to behind its END. odd: the events with a line whose name may be one of
    ours in another spelling, or with two where one is allowed.
    """

    begins: IntArray
    content_ends: IntArray
    ends: IntArray
    fold: bytes
    lines: LineTable
    table: IntArray
    exdates: dict[int, list[int]]
    alarms: dict[int, list[tuple[int, int]]]
    full_parser_events: frozenset[int]


def scan_lines(data: bytes, content: ByteArray) -> ScannedLines:
    """Skim a calendar that begins with BEGIN:VCALENDAR. content: the same as array; raises FileNeedsFullParser."""
    lines, fold = _find_candidate_lines(data, content)
    structure = lines.select(lines.name >= _EVENT_BEGIN)
    _check_nothing_follows(structure, content)
    opens, closes = (structure.select(structure.name == name) for name in (_EVENT_BEGIN, _EVENT_END))
    _check_alternate(opens.starts, closes.starts)
    events = np.searchsorted(opens.starts, lines.starts) - 1
    inside = (events >= 0) & (lines.starts < closes.starts[events])
    lines, events = lines.select(inside), events[inside]
    in_alarms, alarms = _find_alarms(lines, events)
    odd = _find_full_parser_events(data, lines, events, in_alarms)
    ours = ~in_alarms & (lines.name >= 0) & (lines.name <= DTSTAMP)
    lines, events = lines.select(ours), events[ours]
    table, twice = _build_line_table(lines.name, events, len(opens.starts))
    exdates = np.flatnonzero(lines.name == EXDATE)
    return ScannedLines(
        begins=opens.starts + 1 + NAME_LENGTHS[_EVENT_BEGIN],
        content_ends=closes.starts,
        ends=closes.end,
        fold=fold,
        lines=lines,
        table=table,
        exdates=_group_by_event(events[exdates], exdates.tolist()),
        alarms=alarms,
        full_parser_events=odd | twice,
    )


def _find_candidate_lines(data: bytes, content: ByteArray) -> tuple[LineTable, bytes]:
    """The lines that begin as a name does that matters, and how lines are folded; raises FileNeedsFullParser."""
    begun, ended, last = [], [], np.empty(0, np.intp)
    all_feeds = returns = line_ends = tabs = 0
    # Piece by piece, so that all of it stays near the processor.
    for begin in range(0, len(content), CHUNK_SIZE):
        piece = content[begin : begin + CHUNK_SIZE]
        feeds = np.flatnonzero(piece == LF) + begin
        if len(feeds) * _MIN_LINE_LENGTH > CHUNK_SIZE:
            raise FileNeedsFullParser
        all_feeds += len(feeds)
        returns += int(np.count_nonzero(piece == CR))
        before = content[feeds - 1]
        line_ends += int(np.count_nonzero(before == CR))
        soft = feeds[(before == _EQUALS) | (content[feeds - 2] == _EQUALS)]
        feeds = feeds[: np.searchsorted(feeds, len(content) - 1)]
        first = content[feeds + 1]
        tabs += int(np.count_nonzero(first == _TAB))
        lines = np.concatenate((last, feeds[_FIRST_BYTE_KINDS[first] != _FOLDED]))
        if len(soft):
            _check_soft_breaks(data, soft, lines)
        matter = np.flatnonzero(_FIRST_BYTE_KINDS[content[lines[:-1] + 1]] == _MAY_MATTER)
        begun.append(lines[matter])
        ended.append(lines[matter + 1])
        last = lines[-1:]
    # Another carriage return may be a line end, too, or may not.
    if returns != line_ends:
        raise FileNeedsFullParser
    at, end = np.concatenate(begun), np.concatenate(ended)
    # What stands at the very end belongs to no event.
    sure = np.searchsorted(at, len(content) - 2 * WORD_SIZE)
    fold = b"" if tabs else {all_feeds: b"\r\n ", 0: b"\n "}.get(returns, b"")
    return LineTable(at[:sure], end[:sure], _number_names(data, at[:sure])), fold


def _check_soft_breaks(data: bytes, feeds: IntArray, lines: IntArray) -> None:
    """Raise FileNeedsFullParser where a line of quoted-printable text goes on behind one of these line feeds.

    lines: the line feed before each line, folded ones left out.
    """
    for place in set(np.searchsorted(lines, feeds).tolist()):
        begin = int(lines[place - 1]) + 1 if place else 0
        colon = data.find(b":", begin, begin + _MAX_HEAD)
        parameters = data[begin : colon if colon >= 0 else begin + _MAX_HEAD]
        if b'"' not in parameters and b"Q" not in parameters.upper():
            # As nearly always: base64, or an address that was folded. To unfold it takes ten times as long.
            continue
        end = int(lines[place]) if place < len(lines) else len(data)
        head = data[begin : min(end, begin + _MAX_HEAD)].replace(b"\r", b"")
        if is_quoted_printable(head.replace(b"\n ", b"").replace(b"\n\t", b"")):
            raise FileNeedsFullParser


def _number_names(data: bytes, at: IntArray) -> NDArray[np.int8]:
    """The number of each line's name, by its first sixteen bytes as two numbers."""
    first, second = (
        np.ndarray(len(data) + 1 - 2 * WORD_SIZE, np.uint64, data, offset, strides=(1,))[at + 1]
        for offset in (0, WORD_SIZE)
    )
    names = np.full(len(at), _UNKNOWN, np.int8)
    for number, ((value, mask), (value_2, mask_2)) in enumerate(_PATTERNS):
        alike = (first & mask) == value
        if mask_2:
            alike &= (second & mask_2) == value_2
        names[alike] = number
    return names


def _name_pattern(name: bytes) -> tuple[tuple[np.uint64, np.uint64], ...]:
    """What a line's first and second eight bytes are where a mask is laid over them."""
    written, mask = name, b"\xff" * len(name)
    if name not in _STRUCTURE_LINES:
        # A colon and a semicolon differ in one bit.
        written, mask = written + b":", mask + b"\xfe"
    words = (np.frombuffer(part.ljust(2 * WORD_SIZE, b"\0"), np.uint64) for part in (written, mask))
    return tuple(zip(*words, strict=True))


_PATTERNS = [_name_pattern(name) for name in _NAMES]


def _check_alternate(opens: IntArray, closes: IntArray) -> None:
    """Raise FileNeedsFullParser where there is no event, or one in another."""
    if not len(opens) or len(opens) != len(closes):
        raise FileNeedsFullParser
    if not ((opens < closes).all() and (closes[:-1] < opens[1:]).all()):
        raise FileNeedsFullParser


def _check_nothing_follows(structure: LineTable, content: ByteArray) -> None:
    """Raise FileNeedsFullParser where a BEGIN or an END is followed by something on its line."""
    lengths = structure.end - structure.starts - 1 - (content[structure.end - 1] == CR)
    if not (lengths == NAME_LENGTHS[structure.name]).all():
        raise FileNeedsFullParser


def _find_alarms(lines: LineTable, events: IntArray) -> tuple[BoolArray, dict[int, list[tuple[int, int]]]]:
    """Whether each line is one of an alarm, and where alarms are; FileNeedsFullParser if not one after another."""
    begins, ends = lines.name == _ALARM_BEGIN, lines.name == _ALARM_END
    if not np.array_equal(events[begins], events[ends]):
        raise FileNeedsFullParser
    depth = np.cumsum(begins.astype(np.int8) - ends.astype(np.int8), dtype=np.int32)
    if len(depth) and (depth.min() < 0 or depth.max() > 1):
        raise FileNeedsFullParser
    places = zip(lines.starts[begins].tolist(), lines.end[ends].tolist(), strict=True)
    return (depth > 0) | ends, _group_by_event(events[begins], places)


def _group_by_event(events: IntArray, found: Iterable[_T]) -> dict[int, list[_T]]:
    """What was found, by the event that each is of."""
    grouped: dict[int, list[_T]] = defaultdict(list)
    for event, item in zip(events.tolist(), found, strict=True):
        grouped[event].append(item)
    return grouped


def _find_full_parser_events(
    data: bytes, lines: LineTable, events: IntArray, in_alarms: BoolArray
) -> frozenset[int]:
    """The events with a name in another spelling or cut in two; raises FileNeedsFullParser for a BEGIN or an END."""
    odd = set()
    unknown = np.flatnonzero(lines.name == _UNKNOWN)
    for number, begin in zip(unknown.tolist(), (lines.starts[unknown] + 1).tolist(), strict=True):
        if _is_other_name(data, begin):
            continue
        if data[begin] in b"BbEe\r\n\xef\xc3":
            raise FileNeedsFullParser
        if not in_alarms[number]:
            odd.add(int(events[number]))
    return frozenset(odd)


def _build_line_table(
    names: NDArray[np.int8], events: IntArray, size: int
) -> tuple[IntArray, frozenset[int]]:
    """For each event and name the last such line, and the events that have one twice which they may not."""
    table = np.full((size, DTSTAMP + 1), -1, np.intp)
    table[events, names] = np.arange(len(names))
    counts = np.bincount(events * (DTSTAMP + 1) + names, minlength=table.size).reshape(table.shape)
    # Which of two stamps is meant nobody knows, so neither is passed over in a digest.
    table[counts[:, DTSTAMP] > 1, DTSTAMP] = -1
    return table, frozenset(np.flatnonzero((counts[:, _SINGLE_NAMES] > 1).any(axis=1)).tolist())
