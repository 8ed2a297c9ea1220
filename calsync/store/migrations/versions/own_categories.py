"""An index of the meetings that have a category for calsync, such as `calsync: process`.

Every night lists the categories that it did not understand, and must not read the whole table for them.
"""

from alembic import op
from sqlalchemy import text

revision = "own_categories"
down_revision: str | None = "fewer_indexes"


def upgrade() -> None:
    """Make the index."""
    op.create_index(
        "ix_meetings_own_categories",
        "meetings",
        ["ends"],
        sqlite_where=text("instr(lower(categories), 'calsync') > 0"),
        postgresql_where=text("strpos(lower(categories::text), 'calsync') > 0"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_meetings_own_categories", "meetings")
