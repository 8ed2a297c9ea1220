"""A manager's meetings are found by their calendars: an index of their own cost every meeting its share."""

from alembic import op

revision = "one_way_to_a_manager"
down_revision: str | None = "own_activities"


def upgrade() -> None:
    """Drop the index by manager."""
    op.drop_index("ix_meetings_manager_id_ends", "meetings")


def downgrade() -> None:
    """Make it again."""
    op.create_index("ix_meetings_manager_id_ends", "meetings", ["manager_id", "ends"])
