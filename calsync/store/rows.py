"""Converts meetings to rows of the table `meetings` and back, without loss.

A row is a dictionary of cells by column name, as the database holds them: lists are JSON text, moments are
in UTC. So a row that was read compares with one that is to be written.

A column gets its cell from the field of the same name of `Meeting` or of its `Classification`; how a field
is converted follows from its type. So a new column is one line in the schema and one in the model, besides
its migration. Only times are written out here, because a moment takes two columns. The schema is not
imported: workers make rows, and do without SQLAlchemy, whose import takes a third of a second.

NUL and lone surrogates, which no database accepts, become U+FFFD, so that one odd character costs no
calendar.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple, get_type_hints
from zoneinfo import ZoneInfo

from calsync.errors import StoreError
from calsync.model.classification import Classification
from calsync.model.localtime import to_naive_local
from calsync.model.meeting import Meeting
from calsync.model.occurrence import NAME_AND_TIMES

Row = dict[str, Any]
"""The cells of one row of a table, by column name."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CACHE_SIZE = 65_536


class _Conversion(NamedTuple):
    """How values of one type are written into a cell, and how they are read from it."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def storable_text(text: str) -> str:
    """The text with what no database takes replaced."""
    return text if text.isascii() and "\x00" not in text else _UNSTORABLE.sub("\ufffd", text)


def to_json_list(texts: Iterable[str]) -> str:
    """Texts as the JSON of a column, each with what no database takes replaced."""
    return _json_list(tuple(texts))


@lru_cache(maxsize=_CACHE_SIZE)  # the same domains come again: 3.5 % of a first night's CPU
def _json_list(texts: tuple[str, ...]) -> str:
    return json.dumps([storable_text(text) for text in texts], ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=_CACHE_SIZE)  # of managers whose minutes are due again: 5 % of reading their meetings
def _from_json_list(listed: str) -> tuple[str, ...]:
    return tuple(json.loads(listed))


def _unchanged(value: Any) -> Any:
    return value


_CONVERSIONS: dict[object, _Conversion] = {
    str: _Conversion(write=storable_text, read=_unchanged),
    int: _Conversion(write=_unchanged, read=_unchanged),
    bool: _Conversion(write=_unchanged, read=_unchanged),
    tuple[str, ...]: _Conversion(write=_json_list, read=_from_json_list),
    Fraction | None: _Conversion(
        write=lambda share: None if share is None else str(share),
        read=lambda cell: None if cell is None else Fraction(cell),
    ),
}


def _conversions_of(model: type, but: Collection[str] = ()) -> dict[str, _Conversion]:
    """For each field of a class of the model that is a column of `meetings`, how it is converted."""
    return {
        name: _Conversion(write=str, read=hint)
        if isinstance(hint, type) and issubclass(hint, StrEnum)
        else _CONVERSIONS[hint]
        for name, hint in get_type_hints(model).items()
        if name not in but
    }


# Meetings that are alike (`occurrence.alike`) differ in id, name and times: all else is converted once.
_MEETING_FIELDS = _conversions_of(Meeting, but=("id", *NAME_AND_TIMES, "classification"))
_CLASSIFICATION_FIELDS = _conversions_of(Classification)
_SHARED = (*_MEETING_FIELDS, *_CLASSIFICATION_FIELDS)
_shared_cells = attrgetter(*_SHARED)


def meeting_rows(calendar_id: str, meetings: Sequence[Meeting]) -> list[Row]:
    """The rows that keep the meetings of this calendar."""
    return [row for meeting in meetings for row in similar_meeting_rows(calendar_id, (meeting,))]


def similar_meeting_rows(calendar_id: str, group: Sequence[Meeting]) -> list[Row]:
    """As `meeting_rows`, of meetings that differ in id, name and times alone (`occurrence.alike`)."""
    first = group[0]
    shared = {
        "calendar_id": calendar_id,
        **_written(first, _MEETING_FIELDS),
        **_written(first.classification, _CLASSIFICATION_FIELDS),
    }
    return [
        {
            **shared,
            "id": meeting.id,
            "uid": storable_text(meeting.uid),
            "recurrence_id": storable_text(meeting.recurrence_id),
            "starts": meeting.start.astimezone(UTC),
            "ends": meeting.end.astimezone(UTC),
            "start_zone": zone_name(meeting.start),
            "end_zone": zone_name(meeting.end),
        }
        for meeting in group
    ]


def meetings_of(rows: Iterable[Any]) -> list[Meeting]:
    """The meetings that rows keep, in the order of the rows.

    Cells that several rows share, as those of a series do, are read once.

    Args:
        rows: Objects with an attribute for each column.
    """
    meetings: list[Meeting] = []
    by_shared_cells: dict[tuple[Any, ...], Meeting] = {}
    for row in rows:
        own = {
            "id": row.id,
            "uid": row.uid,
            "recurrence_id": row.recurrence_id,
            "start": to_local_time(row.starts, row.start_zone),
            "end": to_local_time(row.ends, row.end_zone),
        }
        shared = _shared_cells(row)
        alike = by_shared_cells.get(shared)
        if alike is None:
            cells = dict(zip(_SHARED, shared, strict=True))
            alike = Meeting(
                **own, **_read(cells, _MEETING_FIELDS), classification=build_classification(cells)
            )
            by_shared_cells[shared] = alike
            meetings.append(alike)
        else:
            meetings.append(alike._replace(**own))
    return meetings


def build_classification(row: Row) -> Classification:
    """The verdict that cells keep; a field without a cell has its default."""
    return Classification(**_read(row, _CLASSIFICATION_FIELDS))


def _written(record: Meeting | Classification, fields: Mapping[str, _Conversion]) -> Row:
    return {name: conversion.write(getattr(record, name)) for name, conversion in fields.items()}


def _read(row: Row, fields: Mapping[str, _Conversion]) -> dict[str, Any]:
    return {name: conversion.read(row[name]) for name, conversion in fields.items() if name in row}


def zone_name(moment: datetime) -> str:
    """The zone's IANA name where that gives the wall clock back, else the offset, such as `+01:00`.

    It does not for a time that a clock change skips, nor for a zone that a calendar defined itself.
    """
    zone = moment.tzinfo
    if type(zone) is timezone:
        return _offset_name(zone)
    if isinstance(zone, ZoneInfo) and zone.key and _round_trips(moment, zone.key):
        return zone.key
    return _offset_name(timezone(moment.utcoffset() or timedelta()))


def to_local_time(instant: datetime, name: str) -> datetime:
    """The instant on the wall clock of a zone named by `zone_name`."""
    try:
        return instant.astimezone(_zone_by_name(name))
    except (KeyError, ValueError, OSError) as error:
        raise StoreError(f"no such time zone: {name}", "pip install --upgrade tzdata") from error


def _round_trips(moment: datetime, key: str) -> bool:
    try:
        again = moment.astimezone(UTC).astimezone(_zone_by_name(key))
        return to_naive_local(again) == to_naive_local(moment) and again.utcoffset() == moment.utcoffset()
    except (KeyError, ValueError, OSError):
        return False


@lru_cache(maxsize=1024)  # for two moments of each meeting: 3 % of a first night's CPU
def _offset_name(zone: timezone) -> str:
    return str(timezone(zone.utcoffset(None)))[3:] or "+00:00"


@lru_cache(maxsize=1024)
def _zone_by_name(name: str) -> tzinfo:
    if name[0] in "+-":
        return datetime.fromisoformat(f"2000-01-01T00:00{name}").tzinfo or UTC
    return ZoneInfo(name)
