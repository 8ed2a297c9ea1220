"""The table `allocations`: one row for each manager, day and share of a meeting, for the audit."""

from calsync.disclosure.release import Column, DisclosureClass, PersonalRows
from calsync.exports.tables.base import TableData, TableDefinition, TableRequest

COLUMNS = (
    Column("manager_id", "Id of the manager, as in the list of managers"),
    Column("day", "Local day on which the time was spent", kind="date"),
    Column("partnership", "Id of the partnership; empty where no partnership owns the time"),
    Column(
        "activity",
        "What was done: process, service_improvement, mixed (without an agenda to split it by),"
        " operational, none (not between agencies), unclear (no rule matched)",
    ),
    Column(
        "label", "Own name of the activity, where a pack of rules defines it; it counts as `activity` says"
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
)
_ORDER = [
    "manager_id", "day", "meeting_id", "partnership", "activity", "kind", "confirmed", "in_hours", "planned",
]  # fmt: skip


def build(data: TableData, _request: TableRequest) -> PersonalRows:
    """Return the allocations of all managers, including those who are no longer listed."""
    frame = data.minutes().sort_values(_ORDER, kind="stable")
    return PersonalRows(
        "allocations", COLUMNS, frame[[column.name for column in COLUMNS]].reset_index(drop=True)
    )


TABLE = TableDefinition(
    "allocations",
    "A row is one manager's share of one meeting on one day. The audit table: only for the data owner,\n"
    "never suppressed, so never for HR.",
    COLUMNS,
    DisclosureClass.PERSONAL,
    build,
)
