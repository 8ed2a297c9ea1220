"""Meetings as rows and back: the same instant, offset, words and verdict that went in.

Only what no database takes is mended: NUL and lone surrogates become U+FFFD, so that one odd
character costs no calendar.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timezone, tzinfo
from fractions import Fraction
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from calsync.errors import StoreError
from calsync.model.classification import Activity, Classification, Kind, Scope
from calsync.model.meeting import Meeting
from calsync.model.occurrence import Response, ShowAs, Status

Row = dict[str, Any]
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean(text: str) -> str:
    """The text with what no database takes replaced."""
    return _UNSTORABLE.sub("\ufffd", text)


def clean_all(texts: Iterable[str]) -> list[str]:
    """Each text with what no database takes replaced, as a list, which is what JSON gives back."""
    return [clean(text) for text in texts]


def meeting_row(calendar_id: str, meeting: Meeting) -> Row:
    """The row that keeps a meeting of this calendar."""
    return {
        "id": meeting.id,
        "calendar_id": calendar_id,
        "manager_id": meeting.manager_id,
        "uid": clean(meeting.uid),
        "recurrence_id": clean(meeting.recurrence_id),
        "starts": meeting.start.astimezone(UTC),
        "ends": meeting.end.astimezone(UTC),
        "start_zone": zone_name(meeting.start),
        "end_zone": zone_name(meeting.end),
        "all_day": meeting.all_day,
        "status": meeting.status.value,
        "response": meeting.response.value,
        "show_as": meeting.show_as.value,
        "private": meeting.private,
        "title": clean(meeting.title),
        "organizer_domain": clean(meeting.organizer_domain),
        "attendee_domains": clean_all(meeting.attendee_domains),
        "attendees": meeting.attendees,
        "categories": clean_all(meeting.categories),
        "fingerprint": meeting.fingerprint,
        **_verdict_row(meeting.verdict),
    }


def meeting_of(row: Mapping[str, Any]) -> Meeting:
    """The meeting that a row keeps."""
    return Meeting(
        id=row["id"],
        manager_id=row["manager_id"],
        uid=row["uid"],
        recurrence_id=row["recurrence_id"],
        start=in_zone(row["starts"], row["start_zone"]),
        end=in_zone(row["ends"], row["end_zone"]),
        all_day=row["all_day"],
        status=Status(row["status"]),
        response=Response(row["response"]),
        show_as=ShowAs(row["show_as"]),
        private=row["private"],
        title=row["title"],
        organizer_domain=row["organizer_domain"],
        attendee_domains=tuple(row["attendee_domains"]),
        attendees=row["attendees"],
        categories=tuple(row["categories"]),
        fingerprint=row["fingerprint"],
        verdict=verdict_of(row),
    )


def _verdict_row(verdict: Classification) -> Row:
    return {
        "scope": verdict.scope.value,
        "partnerships": clean_all(verdict.partnerships),
        "activity": verdict.activity.value,
        "kind": verdict.kind.value,
        "process_share": None if verdict.process_share is None else str(verdict.process_share),
        "rule": clean(verdict.rule),
        "evidence": clean(verdict.evidence),
        "agencies": clean_all(verdict.agencies),
        "label": clean(verdict.label),
    }


def verdict_of(row: Mapping[str, Any]) -> Classification:
    """The verdict that a meeting's row keeps."""
    share = row["process_share"]
    return Classification(
        scope=Scope(row["scope"]),
        partnerships=tuple(row["partnerships"]),
        activity=Activity(row["activity"]),
        kind=Kind(row["kind"]),
        process_share=None if share is None else Fraction(share),
        rule=row["rule"],
        evidence=row["evidence"],
        agencies=tuple(row["agencies"]),
        label=row["label"],
    )


def zone_name(moment: datetime) -> str:
    """The zone's IANA name where that gives the wall clock back, else the offset, such as `+01:00`.

    It does not for a time that a clock change skips, nor for a zone that a calendar defined itself.
    """
    key = str(getattr(moment.tzinfo, "key", None) or "")
    if key and _restores(moment, key):
        return key
    return str(timezone(moment.utcoffset() or UTC.utcoffset(None)))[3:] or "+00:00"


def in_zone(instant: datetime, name: str) -> datetime:
    """The instant on the wall clock of a zone named by `zone_name`."""
    try:
        return instant.astimezone(_zone(name))
    except (KeyError, ValueError, OSError) as error:
        raise StoreError(f"no such time zone: {name}", "pip install --upgrade tzdata") from error


def _restores(moment: datetime, key: str) -> bool:
    try:
        return moment.astimezone(UTC).astimezone(_zone(key)).isoformat() == moment.isoformat()
    except (KeyError, ValueError, OSError):
        return False


@lru_cache(maxsize=1024)
def _zone(name: str) -> tzinfo:
    if name[0] in "+-":
        return datetime.fromisoformat(f"2000-01-01T00:00{name}").tzinfo or UTC
    return ZoneInfo(name)
