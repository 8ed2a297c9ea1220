"""Minutes carry the name of an activity that a pack of rules defines."""

import sqlalchemy as sa
from alembic import op

revision = "activity_labels"
down_revision: str | None = "roster"


def upgrade() -> None:
    """Add the name, as the meetings have it; minutes of managers with such meetings are due again.

    Travel takes the name of the meeting it leads to, which only a recalculation finds.
    """
    op.add_column("allocations", sa.Column("label", sa.Text(), nullable=False, server_default=""))
    minutes = sa.table("allocations", sa.column("meeting_id", sa.Text()), sa.column("label", sa.Text()))
    meetings = sa.table(
        "meetings",
        sa.column("id", sa.Text()),
        sa.column("manager_id", sa.Text()),
        sa.column("label", sa.Text()),
    )
    states = sa.table("reckonings", sa.column("manager_id", sa.Text()), sa.column("basis", sa.Text()))
    has_label = meetings.c.label != ""
    label = sa.select(meetings.c.label).where(meetings.c.id == minutes.c.meeting_id).scalar_subquery()
    named = sa.select(meetings.c.id).where(has_label)
    op.execute(sa.update(minutes).where(minutes.c.meeting_id.in_(named)).values(label=label))
    managers = sa.select(meetings.c.manager_id).where(has_label)
    op.execute(sa.update(states).where(states.c.manager_id.in_(managers)).values(basis=""))


def downgrade() -> None:
    """Drop the name."""
    op.drop_column("allocations", "label")
