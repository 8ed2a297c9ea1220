"""The table `split`: hours by group, period, partnership, activity and label, for HR."""

from calsync.disclosure.release import Column, DisclosureClass, GroupRows
from calsync.exports.tables.base import TableData, TableDefinition, TableRequest, by_columns

COLUMNS = (
    Column("period_start", "First day of the period", kind="date"),
    Column("period_end", "Day after the last day of the period", kind="date"),
    Column("partnership", "Id of the partnership; empty where no partnership owns the time"),
    Column(
        "activity",
        "process, service_improvement, operational, none or unclear; mixed time is in the first two",
    ),
    Column(
        "label",
        "Own name of the activity, where a pack of rules defines it: the row counts as what `activity` says;"
        " empty for the activities of the coding manual",
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
)


def build(data: TableData, request: TableRequest) -> GroupRows:
    """Return the data of the listed managers only, because only their department and grade are known."""
    people = data.people()
    return GroupRows(
        "split",
        (*by_columns(request.by), *COLUMNS),
        request.by,
        request.periods,
        data.minutes(people["manager_id"].tolist()),
        people,
        data.contracted(),
        data.costs(),
    )


TABLE = TableDefinition(
    "split",
    "A row is a group (the `--by` columns, which come first), a period, a partnership and an activity, and\n"
    "the label of an activity that a pack of rules defines.\n"
    "Small groups are merged as [counting](../managers/counting.md) says; they then read `(small groups)`.",
    COLUMNS,
    DisclosureClass.GROUPS,
    build,
)
