"""Finds the lines of UIDs and times in the whole calendar at once (decision 16).

A calendar is an array of bytes: each step works on all of its lines together, so nothing is copied and next
to nothing is done line by line. For a file that is built in another way than nearly all calendars are,
`FileNeedsFullParser` is raised.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from calsync.sources.ical.fast.errors import FileNeedsFullParser
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
"""The properties that are looked for; the number of a name is its index here."""
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
# Bytes of a line in which parameters are looked for.
_MAX_HEAD = 2_000
WORD_SIZE = 8
"""Bytes that are compared as one number."""
# With shorter lines than this on average it is not a calendar, and would take much memory.
_MIN_LINE_LENGTH = 4
CHUNK_SIZE = 1 << 18
"""Bytes that are worked on together, so that they stay in the cache of the processor."""
_FOLDED, _MAY_MATTER = 1, 2
_FIRST_BYTE_KINDS = np.zeros(256, np.uint8)
_FIRST_BYTE_KINDS[list(b" \t")] = _FOLDED
# The first letters of the names that are looked for, in capitals or not; an empty line; and the first byte of
# a byte order mark in UTF-8, as it is or read as Windows-1252 and written again.
_FIRST_BYTE_KINDS[list(b"BEURDbeurd\r\n\xef\xc3")] = _MAY_MATTER
_is_other_name = re.compile(rb"(?!BEGIN[:;]|END[:;])[A-Z][A-Z0-9-]*[:;]").match


class LineTable(NamedTuple):
    """Some lines of a calendar, one in each row.

    Attributes:
        starts: The position of the line feed before the line.
        end: The position of the line feed after it and after all lines folded to it.
        name: The number of its name.
    """

    starts: IntArray
    end: IntArray
    name: NDArray[np.int8]

    def select(self, chosen: BoolArray) -> "LineTable":
        """Return those of the lines that are marked."""
        return LineTable(self.starts[chosen], self.end[chosen], self.name[chosen])


class ScannedLines(NamedTuple):
    """The events of a calendar and their lines. Positions are in bytes, events are numbered from 0.

    Attributes:
        begins: Of each event, the position after its BEGIN line.
        content_ends: Of each event, the position before its END line.
        ends: Of each event, the position after its END line.
        fold: The line end and the blank by which all folded lines are folded; b"" where they differ.
        lines: The lines of events with a name of `SCANNED_NAMES` or DTSTAMP, outside alarms, in order.
        table: For each event (row) and name (column) the number of its line in `lines`; -1 for none. Of
            several lines the last; of several DTSTAMPs none.
        exdates: By event, the numbers of all EXDATE lines.
        alarms: By event, the positions before the BEGIN and after the END of each alarm.
        full_parser_events: The events with a name in another spelling (small letters, folded), or with two
            lines of a name that is allowed once.
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
    """Scan a file that begins with BEGIN:VCALENDAR; raises FileNeedsFullParser.

    Args:
        data: The file.
        content: The same as an array.
    """
    lines, fold = _find_candidate_lines(data, content)
    structure = lines.select(lines.name >= _EVENT_BEGIN)
    _check_nothing_follows(structure, content)
    begins = structure.select(structure.name == _EVENT_BEGIN)
    ends = structure.select(structure.name == _EVENT_END)
    _check_alternate(begins.starts, ends.starts)
    events = np.searchsorted(begins.starts, lines.starts) - 1
    inside = (events >= 0) & (lines.starts < ends.starts[events])
    lines, events = lines.select(inside), events[inside]
    in_alarms, alarms = _find_alarms(lines, events)
    in_other_spelling = _find_full_parser_events(data, lines, events, in_alarms)
    wanted = ~in_alarms & (lines.name >= 0) & (lines.name <= DTSTAMP)
    lines, events = lines.select(wanted), events[wanted]
    table, with_double_lines = _build_line_table(lines.name, events, len(begins.starts))
    exdates = np.flatnonzero(lines.name == EXDATE)
    return ScannedLines(
        begins=begins.starts + 1 + NAME_LENGTHS[_EVENT_BEGIN],
        content_ends=ends.starts,
        ends=ends.end,
        fold=fold,
        lines=lines,
        table=table,
        exdates=_group_by_event(events[exdates], exdates.tolist()),
        alarms=alarms,
        full_parser_events=in_other_spelling | with_double_lines,
    )


def _find_candidate_lines(data: bytes, content: ByteArray) -> tuple[LineTable, bytes]:
    """The lines that begin like a needed name, and how lines are folded; raises FileNeedsFullParser."""
    starts_by_chunk, ends_by_chunk, previous = [], [], np.empty(0, np.intp)
    feed_count = return_count = return_feed_count = tab_fold_count = 0
    for chunk_start in range(0, len(content), CHUNK_SIZE):
        chunk = content[chunk_start : chunk_start + CHUNK_SIZE]
        feeds = np.flatnonzero(chunk == LF) + chunk_start
        if len(feeds) * _MIN_LINE_LENGTH > CHUNK_SIZE:
            raise FileNeedsFullParser
        feed_count += len(feeds)
        return_count += int(np.count_nonzero(chunk == CR))
        before_feed = content[feeds - 1]
        return_feed_count += int(np.count_nonzero(before_feed == CR))
        soft_breaks = feeds[(before_feed == _EQUALS) | (content[feeds - 2] == _EQUALS)]
        feeds = feeds[: np.searchsorted(feeds, len(content) - 1)]
        after_feed = content[feeds + 1]
        tab_fold_count += int(np.count_nonzero(after_feed == _TAB))
        # The last line of the chunk before ends in this one.
        lines = np.concatenate((previous, feeds[_FIRST_BYTE_KINDS[after_feed] != _FOLDED]))
        if len(soft_breaks):
            _check_soft_breaks(data, soft_breaks, lines)
        candidates = np.flatnonzero(_FIRST_BYTE_KINDS[content[lines[:-1] + 1]] == _MAY_MATTER)
        starts_by_chunk.append(lines[candidates])
        ends_by_chunk.append(lines[candidates + 1])
        previous = lines[-1:]
    # A carriage return without a line feed may be a line end or not; the full parser decides.
    if return_count != return_feed_count:
        raise FileNeedsFullParser
    starts, ends = np.concatenate(starts_by_chunk), np.concatenate(ends_by_chunk)
    # `_number_names` reads two words after each start. What lies so near to the end belongs to no event.
    readable = np.searchsorted(starts, len(content) - 2 * WORD_SIZE)
    fold = b"" if tab_fold_count else {feed_count: b"\r\n ", 0: b"\n "}.get(return_count, b"")
    return LineTable(starts[:readable], ends[:readable], _number_names(data, starts[:readable])), fold


def _check_soft_breaks(data: bytes, feeds: IntArray, lines: IntArray) -> None:
    """Raise FileNeedsFullParser where quoted-printable text continues after one of these line feeds.

    lines: the position of the line feed before each line, without folded lines.
    """
    for number in set(np.searchsorted(lines, feeds).tolist()):
        begin = int(lines[number - 1]) + 1 if number else 0
        colon = data.find(b":", begin, begin + _MAX_HEAD)
        parameters = data[begin : colon if colon >= 0 else begin + _MAX_HEAD]
        if b'"' not in parameters and b"Q" not in parameters.upper():
            # Nearly always it is base64, or a folded web address. To unfold the line takes ten times as long.
            continue
        end = int(lines[number]) if number < len(lines) else len(data)
        head = data[begin : min(end, begin + _MAX_HEAD)].replace(b"\r", b"")
        if is_quoted_printable(head.replace(b"\n ", b"").replace(b"\n\t", b"")):
            raise FileNeedsFullParser


def _number_names(data: bytes, starts: IntArray) -> NDArray[np.int8]:
    """The number of each line's name, by its first sixteen bytes as two numbers."""
    first_words, second_words = (
        np.ndarray(len(data) + 1 - 2 * WORD_SIZE, np.uint64, data, offset, strides=(1,))[starts + 1]
        for offset in (0, WORD_SIZE)
    )
    names = np.full(len(starts), _UNKNOWN, np.int8)
    for number, ((first, first_mask), (second, second_mask)) in enumerate(_PATTERNS):
        matches = (first_words & first_mask) == first
        if second_mask:
            matches &= (second_words & second_mask) == second
        names[matches] = number
    return names


def _name_pattern(name: bytes) -> tuple[tuple[np.uint64, np.uint64], ...]:
    """Value and mask of the first and of the second eight bytes of a line with this name."""
    written, mask = name, b"\xff" * len(name)
    if name not in _STRUCTURE_LINES:
        # A colon and a semicolon differ in one bit.
        written, mask = written + b":", mask + b"\xfe"
    words = (np.frombuffer(part.ljust(2 * WORD_SIZE, b"\0"), np.uint64) for part in (written, mask))
    return tuple(zip(*words, strict=True))


_PATTERNS = [_name_pattern(name) for name in _NAMES]


def _check_alternate(begins: IntArray, ends: IntArray) -> None:
    """Raise FileNeedsFullParser where there is no event, or one in another."""
    if not len(begins) or len(begins) != len(ends):
        raise FileNeedsFullParser
    if not ((begins < ends).all() and (ends[:-1] < begins[1:]).all()):
        raise FileNeedsFullParser


def _check_nothing_follows(structure: LineTable, content: ByteArray) -> None:
    """Raise FileNeedsFullParser where a BEGIN or an END is followed by something on its line."""
    lengths = structure.end - structure.starts - 1 - (content[structure.end - 1] == CR)
    if not (lengths == NAME_LENGTHS[structure.name]).all():
        raise FileNeedsFullParser


def _find_alarms(lines: LineTable, events: IntArray) -> tuple[BoolArray, dict[int, list[tuple[int, int]]]]:
    """Whether each line is in an alarm, and where alarms are; FileNeedsFullParser if they overlap."""
    begins, ends = lines.name == _ALARM_BEGIN, lines.name == _ALARM_END
    if not np.array_equal(events[begins], events[ends]):
        raise FileNeedsFullParser
    depth = np.cumsum(begins.astype(np.int8) - ends.astype(np.int8), dtype=np.int32)
    if len(depth) and (depth.min() < 0 or depth.max() > 1):
        raise FileNeedsFullParser
    alarms = zip(lines.starts[begins].tolist(), lines.end[ends].tolist(), strict=True)
    return (depth > 0) | ends, _group_by_event(events[begins], alarms)


def _group_by_event(events: IntArray, items: Iterable[_T]) -> dict[int, list[_T]]:
    """Group items by event; events: the number of the event of each item."""
    grouped: dict[int, list[_T]] = defaultdict(list)
    for event, item in zip(events.tolist(), items, strict=True):
        grouped[event].append(item)
    return grouped


def _find_full_parser_events(
    data: bytes, lines: LineTable, events: IntArray, in_alarms: BoolArray
) -> frozenset[int]:
    """The events with a name in another spelling or folded; FileNeedsFullParser for a BEGIN or END so."""
    found = set()
    unknown = np.flatnonzero(lines.name == _UNKNOWN)
    for number, begin in zip(unknown.tolist(), (lines.starts[unknown] + 1).tolist(), strict=True):
        if _is_other_name(data, begin):
            continue
        if data[begin] in b"BbEe\r\n\xef\xc3":
            raise FileNeedsFullParser
        if not in_alarms[number]:
            found.add(int(events[number]))
    return frozenset(found)


def _build_line_table(
    names: NDArray[np.int8], events: IntArray, size: int
) -> tuple[IntArray, frozenset[int]]:
    """For each event and name the last such line, and the events with two lines of a name allowed once."""
    table = np.full((size, DTSTAMP + 1), -1, np.intp)
    table[events, names] = np.arange(len(names))
    counts = np.bincount(events * (DTSTAMP + 1) + names, minlength=table.size).reshape(table.shape)
    # Of two DTSTAMPs neither is left out of the digest of the event.
    table[counts[:, DTSTAMP] > 1, DTSTAMP] = -1
    return table, frozenset(np.flatnonzero((counts[:, _SINGLE_NAMES] > 1).any(axis=1)).tolist())
