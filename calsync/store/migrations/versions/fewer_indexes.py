"""Two indexes that cost every night more than they gave.

A manager's meetings are found by their calendars. Minutes are asked for by manager, or all at once:
then the table is read through, which costs no more than to look up every row of a few weeks.
"""

from alembic import op

revision = "fewer_indexes"
down_revision: str | None = "own_activities"


def upgrade() -> None:
    """Drop them."""
    op.drop_index("ix_meetings_manager_id_ends", "meetings")
    op.drop_index("ix_allocations_day", "allocations")


def downgrade() -> None:
    """Make them again."""
    op.create_index("ix_meetings_manager_id_ends", "meetings", ["manager_id", "ends"])
    op.create_index("ix_allocations_day", "allocations", ["day"])
