"""The data dictionary: what every column of every exported table means."""

from collections.abc import Iterable, Sequence

import pandas as pd

from calsync.exports.base import Column, Table

_PARTNERSHIP = "Id of the partnership; empty where no partnership owns the time"
DICTIONARY: dict[str, tuple[Column, ...]] = {
    "allocations": (
        Column("manager_id", "Id of the manager, as in the list of managers"),
        Column("day", "Local day on which the time was spent", kind="date"),
        Column("partnership", _PARTNERSHIP),
        Column(
            "activity",
            "What was done: process, service_improvement, mixed (no agenda told how to split it),"
            " operational, none (not between agencies), unclear (no rule could tell)",
        ),
        Column("kind", "How the time serves: meeting, preparation or travel"),
        Column(
            "confirmed",
            "false: tentative or unanswered; only time that no confirmed meeting covers",
            kind="boolean",
        ),
        Column(
            "in_hours",
            "Whether it lay in the manager's working hours: no day off, holiday or leave",
            kind="boolean",
        ),
        Column(
            "planned",
            "true: the day had not ended when the calendar was last read, so the time has not happened yet",
            kind="boolean",
        ),
        Column(
            "minutes",
            "Real minutes, double bookings already shared; adds up to the time taken",
            "minutes",
            "number",
        ),
    ),
    "split": (
        Column("period_start", "First day of the period", kind="date"),
        Column("period_end", "Day after the last day of the period", kind="date"),
        Column("partnership", _PARTNERSHIP),
        Column(
            "activity",
            "process, service_improvement, operational, none or unclear; mixed time is in the first two",
        ),
        Column("managers", "Managers with confirmed time in the row", "people", "count"),
        Column(
            "meetings",
            "Different meetings with confirmed time: one in three managers' calendars is one; blank where"
            " it would show a few people's",
            "meetings",
            "count",
        ),
        Column(
            "attendances",
            "Managers by meetings: one in three managers' calendars is three; blank as `meetings`",
            "attendances",
            "count",
        ),
        Column(
            "hours",
            "Confirmed hours that have happened, mixed time half and half; all rows of a period add up to"
            " all such time",
            "hours",
            "number",
        ),
        Column(
            "hours_low",
            "Lower bound: confirmed hours whose label puts them here and nowhere else",
            "hours",
            "number",
        ),
        Column(
            "hours_high",
            "Upper bound: with all mixed, unclear and unconfirmed hours that may belong here;"
            " rows overlap, so it does not add up; blank where unconfirmed hours are a few people's",
            "hours",
            "number",
        ),
        Column(
            "estimate", "How the bounds were found: bounds (nobody has checked the labels) or interval (95 %)"
        ),
        Column(
            "hours_planned",
            "Confirmed hours on days that had not ended when the calendar was last read, in no other figure;"
            " blank where they are a few people's",
            "hours",
            "number",
        ),
        Column(
            "share_of_contracted",
            "Hours as a part of the group's contracted hours, less leave and public holidays, on the days"
            " whose calendars were read",
            "share",
            "number",
        ),
        Column(
            "share_of_diarised",
            "Hours as a part of the group's confirmed time in the diary",
            "share",
            "number",
        ),
        Column(
            "covered",
            "How much of the period was read: the part of the group's working days that have ended and"
            " whose calendars were all read after that; 1 is all",
            "share",
            "number",
        ),
        Column(
            "cost_contract",
            "Hours by one hourly cost for the group, the mean over all managers listed in it of their grades'"
            " costs, on contract hours; an opportunity cost, no saving; blank where a rate is not known",
            "money",
            "number",
        ),
        Column(
            "cost_productive",
            "The same by the mean cost on productive hours (less leave, holidays, sickness, training)",
            "money",
            "number",
        ),
    ),
}
_GROUPS = {
    "department": Column("department", "The managers' department, as in the list of managers"),
    "grade": Column("grade", "The managers' grade, as in the list of managers"),
}


def columns_of(table: str, by: Sequence[str] = ()) -> tuple[Column, ...]:
    """The columns of a table in their order, those it is grouped by first."""
    groups = (_GROUPS.get(name, Column(name, "The group, as in the list of managers")) for name in by)
    return (*groups, *DICTIONARY[table])


def dictionary_frame(table: Table) -> pd.DataFrame:
    """What goes along with a table. Columns: table, column, meaning, unit, type."""
    rows = [(table.name, c.name, c.meaning, c.unit, c.kind) for c in table.columns]
    return pd.DataFrame(rows, columns=["table", "column", "meaning", "unit", "type"])


def dictionary_page() -> str:
    """docs/hr/data-dictionary.md."""
    head = (
        "# Data dictionary\n\n"
        "What `calsync export` writes. Made by `calsync.exports.dictionary`; a test keeps it true.\n"
    )
    tables = (f"\n## `{name}`\n{_NOTES[name]}\n\n{_rows(columns)}" for name, columns in DICTIONARY.items())
    return head + "".join(tables)


_NOTES = {
    "allocations": (
        "A row is one manager's share of one meeting on one day. The audit table: only for the data owner,\n"
        "never suppressed, so never for HR."
    ),
    "split": (
        "A row is a group (the `--by` columns, which come first), a period, a partnership and an activity.\n"
        "Small groups are merged as [counting](counting.md) says; they then read `(small groups)`."
    ),
}


def _rows(columns: Iterable[Column]) -> str:
    lines = (f"| `{c.name}` | {c.kind} | {c.unit} | {c.meaning} |\n" for c in columns)
    return "| column | type | unit | meaning |\n|---|---|---|---|\n" + "".join(lines)
