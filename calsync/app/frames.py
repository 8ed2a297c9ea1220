"""Occurrences and meetings as DataFrames and back, for the Python API (`calsync.api`).

Columns are addressed by name; their meaning is in docs/analysts/python-api.md.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pandas as pd

from calsync.errors import ConfigError
from calsync.model.classification import Activity, Classification, MeetingKind, Scope
from calsync.model.meeting import Meeting, make_meeting_id, make_stored_meeting_id
from calsync.model.occurrence import Occurrence, Response, Sensitivity, ShowAs, Status
from calsync.model.problem import Problem
from calsync.rules.facts import Facts, build_facts
from calsync.rules.tables import build_facts_of_rows
from calsync.sources.base import Calendar
from calsync.validation import suggest_word

MEETING_COLUMNS = (
    "manager_id", "meeting_id", "uid", "recurrence_id", "start", "end", "all_day", "status", "response",
    "show_as", "sensitivity", "sequence", "stamp", "summary", "organizer_domain", "attendee_domains",
    "categories",
)  # fmt: skip
"""The columns of a meeting, read from a calendar or from the store."""
CONTENT_COLUMNS = ("location", "description", "attendees")
"""What rules read in addition, and what is never stored."""
LABEL_COLUMNS = (
    "scope", "partnership", "activity", "label", "kind", "process_share", "rule", "evidence",
)  # fmt: skip
"""The classification of a meeting."""

_TYPES = {"all_day": "bool", "sequence": "int64", "process_share": "float64"}
_MAX_DENOMINATOR = 1_000_000
"""With this limit, a share that was a fraction of minutes is the same fraction after it was a float."""
_Term = TypeVar("_Term", bound=StrEnum)


def build_calendar_frame(
    occurrences: Iterable[tuple[Calendar, Occurrence]], manager_id: str, zone: ZoneInfo
) -> pd.DataFrame:
    """Return occurrences with their calendars as `MEETING_COLUMNS` and `CONTENT_COLUMNS`, times in `zone`."""
    rows = [
        {
            "manager_id": manager_id,
            "meeting_id": make_meeting_id(calendar.id, o),
            "uid": o.uid,
            "recurrence_id": o.recurrence_id,
            "start": o.start,
            "end": o.end,
            "all_day": o.all_day,
            "status": o.status,
            "response": o.response,
            "show_as": o.show_as,
            "sensitivity": o.sensitivity,
            "sequence": o.sequence,
            "stamp": o.stamp,
            "summary": o.title,
            "organizer_domain": o.organizer_domain,
            "attendee_domains": ";".join(o.attendee_domains),
            "categories": ";".join(o.categories),
            "location": o.location,
            "description": o.description,
            "attendees": ";".join(build_facts(o).attendees),
        }
        for calendar, o in occurrences
    ]
    return _to_frame(rows, (*MEETING_COLUMNS, *CONTENT_COLUMNS), zone)


def build_meetings_frame(meetings: Iterable[Meeting], zone: ZoneInfo) -> pd.DataFrame:
    """Return meetings as `MEETING_COLUMNS` and `LABEL_COLUMNS`, times in `zone`."""
    rows = [
        {
            "manager_id": m.manager_id,
            "meeting_id": m.id,
            "uid": m.uid,
            "recurrence_id": m.recurrence_id,
            "start": m.start,
            "end": m.end,
            "all_day": m.all_day,
            "status": m.status,
            "response": m.response,
            "show_as": m.show_as,
            "sensitivity": Sensitivity.PRIVATE if m.private else Sensitivity.NORMAL,
            "sequence": m.sequence,
            "stamp": m.stamp,
            "summary": m.title,
            "organizer_domain": m.organizer_domain,
            "attendee_domains": ";".join(m.attendee_domains),
            "categories": ";".join(m.categories),
            **_label_row(m.classification),
        }
        for m in meetings
    ]
    return _to_frame(rows, (*MEETING_COLUMNS, *LABEL_COLUMNS), zone)


def add_labels(frame: pd.DataFrame, classifications: Sequence[Classification]) -> pd.DataFrame:
    """Return the rows with `LABEL_COLUMNS` at the end, in place of columns of these names."""
    labels = _to_typed_frame(
        [_label_row(classification) for classification in classifications], LABEL_COLUMNS
    )
    others = frame.drop(columns=[name for name in LABEL_COLUMNS if name in frame.columns])
    return others.join(labels.set_index(others.index))


def facts_of_meetings(frame: pd.DataFrame, own_domains: Sequence[str]) -> Iterator[Facts]:
    """Yield the facts of each row, of a frame as read from a calendar or of any table of titles.

    Beyond the columns of `build_facts_of_rows`: start and end give the minutes and recurrence_id gives
    recurring where those columns are missing; attendees (addresses joined by ";") and sensitivity.
    """
    table = frame
    if "duration_minutes" not in frame and {"start", "end"} <= set(frame):
        minutes = (frame["end"] - frame["start"]).dt.total_seconds() / 60
        table = table.assign(duration_minutes=minutes)
    if "recurring" not in frame and "recurrence_id" in frame:
        table = table.assign(recurring=frame["recurrence_id"].where(frame["recurrence_id"] == "", "yes"))
    addresses = list(frame["attendees"]) if "attendees" in frame else [""] * len(frame)
    sensitivities = (
        list(frame["sensitivity"]) if "sensitivity" in frame else [Sensitivity.NORMAL] * len(frame)
    )
    facts = build_facts_of_rows(table)
    for row, attendees, sensitivity in zip(facts, addresses, sensitivities, strict=True):
        yield replace(
            row,
            attendees=_split_list(attendees),
            own_domains=tuple(own_domains),
            private=sensitivity != Sensitivity.NORMAL,
        )


def meetings_of_frame(frame: pd.DataFrame) -> dict[str, list[Meeting]]:
    """Return the meetings of a frame by manager.

    Required columns: start, end (with a zone), scope, partnership, activity. All others of `MEETING_COLUMNS`
    and `LABEL_COLUMNS` may be missing: then a meeting is confirmed, busy, and its answer is not recorded.

    Raises:
        ConfigError: If a column is missing, a time has no zone, or a term is unknown.
    """
    _check_columns(frame)
    meetings: dict[str, list[Meeting]] = {}
    for number, row in enumerate(frame.to_dict("records")):
        where = f"row {number}"
        start, end = row["start"].to_pydatetime(), row["end"].to_pydatetime()
        uid, recurrence_id = row.get("uid", str(number)), row.get("recurrence_id", "")
        manager_id = row.get("manager_id", "")
        meeting = Meeting(
            id=row.get("meeting_id") or make_stored_meeting_id(manager_id, uid, recurrence_id, start),
            manager_id=manager_id,
            uid=uid,
            recurrence_id=recurrence_id,
            start=start,
            end=end,
            all_day=bool(row.get("all_day", False)),
            status=_parse_term(Status, row, "status", where, Status.CONFIRMED),
            response=_parse_term(Response, row, "response", where, Response.UNRECORDED),
            show_as=_parse_term(ShowAs, row, "show_as", where, ShowAs.BUSY),
            private=row.get("sensitivity", Sensitivity.NORMAL) != Sensitivity.NORMAL,
            title=row.get("summary", ""),
            organizer_domain=row.get("organizer_domain", ""),
            attendee_domains=_split_list(row.get("attendee_domains", "")),
            attendees=len(_split_list(row.get("attendees", ""))),
            categories=_split_list(row.get("categories", "")),
            # Copies without a UID are one meeting only if they are equal in what was read of them.
            fingerprint="\x1f".join(str(row.get(name, "")) for name in ("summary", *CONTENT_COLUMNS)),
            classification=_parse_classification(row, where),
            sequence=int(row.get("sequence", -1)),
            stamp=row.get("stamp", ""),
        )
        meetings.setdefault(manager_id, []).append(meeting)
    return meetings


def _check_columns(frame: pd.DataFrame) -> None:
    problems = [
        Problem(f"column {name}", "is missing", "see docs/analysts/python-api.md; `classify` adds the labels")
        for name in ("start", "end", "scope", "partnership", "activity")
        if name not in frame
    ]
    problems += [
        Problem(f"column {name}", "holds no times with a zone", "use Series.dt.tz_localize('Europe/London')")
        for name in ("start", "end")
        if name in frame and len(frame) and not isinstance(frame[name].dtype, pd.DatetimeTZDtype)
    ]
    if problems:
        raise ConfigError(problems)


def _parse_classification(row: dict[Any, Any], where: str) -> Classification:
    share = row.get("process_share")
    return Classification(
        scope=_parse_term(Scope, row, "scope", where),
        partnerships=_split_list(row["partnership"]),
        activity=_parse_term(Activity, row, "activity", where),
        kind=_parse_term(MeetingKind, row, "kind", where, MeetingKind.MEETING),
        process_share=None if pd.isna(share) else Fraction(float(share)).limit_denominator(_MAX_DENOMINATOR),
        rule=row.get("rule", ""),
        evidence=row.get("evidence", ""),
        label=row.get("label", ""),
    )


def _parse_term(
    terms: type[_Term], row: dict[Any, Any], column: str, where: str, default: _Term | None = None
) -> _Term:
    value = str(row.get(column, default))
    try:
        return terms(value)
    except ValueError as error:
        hint = suggest_word(value, [str(term) for term in terms])
        raise ConfigError([Problem(f"{where}, column {column}", f"unknown: {value!r}", hint)]) from error


def _split_list(text: str) -> tuple[str, ...]:
    return tuple(part for part in str(text).split(";") if part)


def _label_row(classification: Classification) -> dict[str, object]:
    share = classification.process_share
    return {
        "scope": classification.scope,
        "partnership": ";".join(classification.partnerships),
        "activity": classification.activity,
        "label": classification.label,
        "kind": classification.kind,
        "process_share": None if share is None else float(share),
        "rule": classification.rule,
        "evidence": classification.evidence,
    }


def _to_frame(rows: list[dict[str, Any]], columns: Sequence[str], zone: ZoneInfo) -> pd.DataFrame:
    frame = _to_typed_frame(rows, [name for name in columns if name not in ("start", "end")])
    for name in ("start", "end"):
        moments: list[datetime] = [row[name] for row in rows]
        # Times in several zones: a column holds one.
        times = pd.to_datetime(pd.Series(moments, dtype="object"), utc=True).dt.tz_convert(zone)
        frame.insert(columns.index(name), name, times)
    return frame


def _to_typed_frame(rows: list[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    series = {
        name: pd.Series(
            [str(row[name]) if name not in _TYPES else row[name] for row in rows],
            dtype=_TYPES.get(name, "str"),
        )
        for name in columns
    }
    return pd.DataFrame(series)
