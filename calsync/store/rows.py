"""Meetings as rows and back: the same instant, offset, words and verdict that went in.

A row is a tuple in the order of its table's columns; lists are JSON text, moments are in UTC, so that
a row that was read compares with one that is to be written. Occurrences of a series share nearly all
they hold, so what is shared is turned once.

Only what no database takes is mended: NUL and lone surrogates become U+FFFD, so that one odd
character costs no calendar.
"""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from fractions import Fraction
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from calsync.errors import StoreError
from calsync.model.classification import Activity, Classification, MeetingKind, Scope
from calsync.model.localtime import to_naive_local
from calsync.model.meeting import Meeting
from calsync.model.occurrence import Response, ShowAs, Status

Row = tuple[Any, ...]
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CACHE_SIZE = 65_536


def storable_text(text: str) -> str:
    """The text with what no database takes replaced."""
    return text if text.isascii() and "\x00" not in text else _UNSTORABLE.sub("\ufffd", text)


def to_json_list(texts: Iterable[str]) -> str:
    """Texts as the JSON of a column, each with what no database takes replaced."""
    return _json_list(tuple(texts))


def meeting_rows(calendar_id: str, meetings: Sequence[Meeting]) -> list[Row]:
    """The rows that keep the meetings of this calendar, in the order of the table's columns."""
    return [row for meeting in meetings for row in similar_meeting_rows(calendar_id, (meeting,))]


def similar_meeting_rows(calendar_id: str, group: Sequence[Meeting]) -> list[Row]:
    """As `meeting_rows`, of meetings that differ in id, name and times alone (`occurrence.alike`)."""
    first = group[0]
    version = (first.sequence, storable_text(first.stamp))
    shared = (first.all_day, *_content_cells(first), *classification_cells(first.classification), *version)
    return [
        (
            meeting.id,
            calendar_id,
            meeting.manager_id,
            storable_text(meeting.uid),
            storable_text(meeting.recurrence_id),
            meeting.start.astimezone(UTC),
            meeting.end.astimezone(UTC),
            zone_name(meeting.start),
            zone_name(meeting.end),
            *shared,
        )
        for meeting in group
    ]


def _content_cells(meeting: Meeting) -> Row:
    """The cells of a meeting's row between its times and its verdict."""
    return (
        str(meeting.status),
        str(meeting.response),
        str(meeting.show_as),
        meeting.private,
        storable_text(meeting.title),
        storable_text(meeting.organizer_domain),
        _json_list(meeting.attendee_domains),
        meeting.attendees,
        _json_list(meeting.categories),
        meeting.fingerprint,
    )


def row_to_meeting(row: Sequence[Any]) -> Meeting:
    """The meeting that a row keeps."""
    return Meeting(
        id=row[0],
        manager_id=row[2],
        uid=row[3],
        recurrence_id=row[4],
        start=to_local_time(row[5], row[7]),
        end=to_local_time(row[6], row[8]),
        all_day=row[9],
        status=_STATUS[row[10]],
        response=_RESPONSE[row[11]],
        show_as=_SHOW_AS[row[12]],
        private=row[13],
        title=row[14],
        organizer_domain=row[15],
        attendee_domains=_from_json_list(row[16]),
        attendees=row[17],
        categories=_from_json_list(row[18]),
        fingerprint=row[19],
        classification=build_classification(*row[20:29]),
        sequence=row[29],
        stamp=row[30],
    )


_STATUS = {one.value: one for one in Status}
_RESPONSE = {one.value: one for one in Response}
_SHOW_AS = {one.value: one for one in ShowAs}


def classification_cells(verdict: Classification) -> Row:
    """The cells of a meeting's row that keep its verdict."""
    return (
        str(verdict.scope),
        _json_list(verdict.partnerships),
        str(verdict.activity),
        str(verdict.kind),
        None if verdict.process_share is None else str(verdict.process_share),
        storable_text(verdict.rule),
        storable_text(verdict.evidence),
        _json_list(verdict.agencies),
        storable_text(verdict.label),
    )


@lru_cache(maxsize=_CACHE_SIZE)
def build_classification(
    scope: str,
    partnerships: str,
    activity: str,
    kind: str,
    process_share: str | None,
    rule: str,
    evidence: str,
    agencies: str,
    label: str,
) -> Classification:
    """The verdict that the columns of a meeting's row keep."""
    return Classification(
        scope=Scope(scope),
        partnerships=_from_json_list(partnerships),
        activity=Activity(activity),
        kind=MeetingKind(kind),
        process_share=None if process_share is None else Fraction(process_share),
        rule=rule,
        evidence=evidence,
        agencies=_from_json_list(agencies),
        label=label,
    )


@lru_cache(maxsize=_CACHE_SIZE)
def _json_list(texts: tuple[str, ...]) -> str:
    return json.dumps([storable_text(text) for text in texts], ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=_CACHE_SIZE)
def _from_json_list(listed: str) -> tuple[str, ...]:
    return tuple(json.loads(listed))


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


@lru_cache(maxsize=1024)
def _offset_name(zone: timezone) -> str:
    return str(timezone(zone.utcoffset(None)))[3:] or "+00:00"


@lru_cache(maxsize=1024)
def _zone_by_name(name: str) -> tzinfo:
    if name[0] in "+-":
        return datetime.fromisoformat(f"2000-01-01T00:00{name}").tzinfo or UTC
    return ZoneInfo(name)
