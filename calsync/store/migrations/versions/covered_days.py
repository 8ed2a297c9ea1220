"""From which day on every day of a calendar was read."""

from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "covered_days"
down_revision: str | None = "copies_and_cancellations"


def upgrade() -> None:
    """Add the day. Calendars read so far: from their manager's first minutes on, or the window's start."""
    op.add_column("calendars", sa.Column("covered_from", sa.Date()))
    read = sa.table(
        "calendars",
        sa.column("id", sa.Text()),
        sa.column("manager_id", sa.Text()),
        sa.column("window_start", sa.DateTime()),
        sa.column("last_good", sa.Date()),
        sa.column("covered_from", sa.Date()),
    )
    minutes = sa.table("allocations", sa.column("manager_id", sa.Text()), sa.column("day", sa.Date()))
    connection = op.get_bind()
    begun = sa.select(minutes.c.manager_id, sa.func.min(minutes.c.day)).group_by(minutes.c.manager_id)
    first_minutes: dict[str, date] = {row[0]: row[1] for row in connection.execute(begun)}
    rows: list[Any] = list(
        connection.execute(
            sa.select(read.c.id, read.c.manager_id, read.c.window_start).where(
                read.c.last_good.is_not(None), read.c.window_start.is_not(None)
            )
        )
    )
    for calendar_id, manager_id, window_start in rows:
        days = [
            _local_day(window_start),
            *([first_minutes[manager_id]] if manager_id in first_minutes else []),
        ]
        connection.execute(sa.update(read).where(read.c.id == calendar_id).values(covered_from=min(days)))


def downgrade() -> None:
    """Drop the day."""
    # Not by a batch: it would make the table anew, and the meetings would go with the old one.
    op.drop_column("calendars", "covered_from")


def _local_day(midnight: datetime) -> date:
    """The day that begins at this midnight of the organisation's zone, given in UTC."""
    return (midnight + timedelta(hours=12)).date()
