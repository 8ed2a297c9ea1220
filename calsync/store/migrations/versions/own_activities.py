"""A correction may say an activity that a pack of rules names."""

import sqlalchemy as sa
from alembic import op

revision = "own_activities"
down_revision: str | None = "reckonings"


def upgrade() -> None:
    """Add the name, null in every correction so far."""
    op.add_column("corrections", sa.Column("label", sa.Text()))


def downgrade() -> None:
    """Drop the name."""
    with op.batch_alter_table("corrections") as table:
        table.drop_column("label")
