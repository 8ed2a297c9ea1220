"""People's corrections."""

import sqlalchemy as sa
from alembic import op

revision = "corrections"
down_revision: str | None = "first_tables"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "corrections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("recurrence_id", sa.Text()),
        sa.Column("manager_id", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("made", sa.DateTime(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text()),
        sa.Column("partnerships", sa.JSON()),
        sa.Column("activity", sa.Text()),
        sa.Column("process_share", sa.Text()),
        sa.Column("kind", sa.Text()),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("withdrawn", sa.DateTime()),
        sa.Column("withdrawn_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_corrections"),
        # A number that once named a correction never names another.
        sqlite_autoincrement=True,
    )
    op.create_index("ix_corrections_uid", "corrections", ["uid"], postgresql_using="hash")


def downgrade() -> None:
    """Drop the table and every correction in it."""
    op.drop_table("corrections")
