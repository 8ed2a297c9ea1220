"""Converts meetings to rows of the table `meetings` and back, without loss.

A row is a dictionary of cells by column name, as the database has them: lists are JSON text, moments are in
UTC. So a row that was read can be compared with one that is to be written.

A column gets its cell from the field of the same name of `Meeting` or of its `Classification`; how a field
is converted follows from its type. So a new column is one line in the schema, one in the model, and a
migration. Only times are written out here, because a moment takes two columns. The schema is not imported:
workers make rows and do not need SQLAlchemy, whose import takes a third of a second.

NUL and lone surrogates, which no database accepts, become U+FFFD, so that the calendar is stored in spite of
them.
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
    """Return the text with the characters replaced that no database accepts."""
    return text if text.isascii() and "\x00" not in text else _UNSTORABLE.sub("\ufffd", text)


def to_json_list(texts: Iterable[str]) -> str:
    """Return texts as the JSON of a column, each as `storable_text`."""
    return _json_list(tuple(texts))


@lru_cache(maxsize=_CACHE_SIZE)  # the same domains repeat: 3.5 % of a first night's CPU
def _json_list(texts: tuple[str, ...]) -> str:
    return json.dumps([storable_text(text) for text in texts], ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=_CACHE_SIZE)  # 5 % of the time to read meetings
def _from_json_list(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def _same(value: Any) -> Any:
    return value


_CONVERSIONS: dict[object, _Conversion] = {
    str: _Conversion(write=storable_text, read=_same),
    int: _Conversion(write=_same, read=_same),
    bool: _Conversion(write=_same, read=_same),
    tuple[str, ...]: _Conversion(write=_json_list, read=_from_json_list),
    Fraction | None: _Conversion(
        write=lambda share: None if share is None else str(share),
        read=lambda cell: None if cell is None else Fraction(cell),
    ),
}


def _conversions_of(model: type, exclude: Collection[str] = ()) -> dict[str, _Conversion]:
    """Return the conversion of each field of a model class that is a column of `meetings`."""
    return {
        name: _Conversion(write=str, read=hint)
        if isinstance(hint, type) and issubclass(hint, StrEnum)
        else _CONVERSIONS[hint]
        for name, hint in get_type_hints(model).items()
        if name not in exclude
    }


# Meetings of a group (`occurrence.group_by_content`) differ in ids and times; all else is converted once.
_MEETING_FIELDS = _conversions_of(Meeting, exclude=("id", *NAME_AND_TIMES, "classification"))
_CLASSIFICATION_FIELDS = _conversions_of(Classification)
_SHARED = (*_MEETING_FIELDS, *_CLASSIFICATION_FIELDS)
_shared_cells = attrgetter(*_SHARED)


def meeting_rows(calendar_id: str, meetings: Sequence[Meeting]) -> list[Row]:
    """Return the rows of the meetings of a calendar."""
    return [row for meeting in meetings for row in similar_meeting_rows(calendar_id, (meeting,))]


def similar_meeting_rows(calendar_id: str, group: Sequence[Meeting]) -> list[Row]:
    """As `meeting_rows`, of meetings that differ in ids and times only (`occurrence.group_by_content`)."""
    first = group[0]
    shared = {
        "calendar_id": calendar_id,
        **_write(first, _MEETING_FIELDS),
        **_write(first.classification, _CLASSIFICATION_FIELDS),
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
    """Return the meetings of rows, in the order of the rows.

    Cells that several rows have in common, such as those of a series, are converted once.

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
        similar = by_shared_cells.get(shared)
        if similar is None:
            cells = dict(zip(_SHARED, shared, strict=True))
            similar = Meeting(
                **own, **_read(cells, _MEETING_FIELDS), classification=build_classification(cells)
            )
            by_shared_cells[shared] = similar
            meetings.append(similar)
        else:
            meetings.append(similar._replace(**own))
    return meetings


def build_classification(row: Row) -> Classification:
    """Return the classification of cells; a field without a cell has its default."""
    return Classification(**_read(row, _CLASSIFICATION_FIELDS))


def _write(record: Meeting | Classification, fields: Mapping[str, _Conversion]) -> Row:
    return {name: conversion.write(getattr(record, name)) for name, conversion in fields.items()}


def _read(row: Row, fields: Mapping[str, _Conversion]) -> dict[str, Any]:
    return {name: conversion.read(row[name]) for name, conversion in fields.items() if name in row}


def zone_name(moment: datetime) -> str:
    """Return the zone's IANA name if it gives the same local time back, else the offset, such as `+01:00`.

    It does not for a time that a clock change skips, nor for a zone that a calendar defined itself.
    """
    zone = moment.tzinfo
    if type(zone) is timezone:
        return _offset_name(zone)
    if isinstance(zone, ZoneInfo) and zone.key and _round_trips(moment, zone.key):
        return zone.key
    return _offset_name(timezone(moment.utcoffset() or timedelta()))


def to_local_time(instant: datetime, name: str) -> datetime:
    """Return the instant in the zone or offset that `zone_name` returned."""
    try:
        return instant.astimezone(_zone_by_name(name))
    except (KeyError, ValueError, OSError) as error:
        raise StoreError(f"no such time zone: {name}", "pip install --upgrade tzdata") from error


def _round_trips(moment: datetime, key: str) -> bool:
    try:
        restored = moment.astimezone(UTC).astimezone(_zone_by_name(key))
        return (
            to_naive_local(restored) == to_naive_local(moment) and restored.utcoffset() == moment.utcoffset()
        )
    except (KeyError, ValueError, OSError):
        return False


@lru_cache(maxsize=1024)  # called twice for each meeting: 3 % of a first night's CPU
def _offset_name(zone: timezone) -> str:
    return str(timezone(zone.utcoffset(None)))[3:] or "+00:00"


@lru_cache(maxsize=1024)
def _zone_by_name(name: str) -> tzinfo:
    if name[0] in "+-":
        return datetime.fromisoformat(f"2000-01-01T00:00{name}").tzinfo or UTC
    return ZoneInfo(name)
