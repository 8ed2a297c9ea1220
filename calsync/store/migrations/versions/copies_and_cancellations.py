"""Which version of a meeting a calendar holds, and what messages in it cancel."""

import sqlalchemy as sa
from alembic import op

revision = "copies_and_cancellations"
down_revision: str | None = "own_categories"


def upgrade() -> None:
    """Add the columns, unknown until a calendar is read again, and the table, empty."""
    op.add_column("meetings", sa.Column("sequence", sa.BigInteger(), nullable=False, server_default="-1"))
    op.add_column("meetings", sa.Column("stamp", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.create_table(
        "cancellations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("calendar_id", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("recurrence_id", sa.Text(), nullable=False),
        sa.Column("this_and_following", sa.Boolean(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("stamp", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cancellations"),
        sa.ForeignKeyConstraint(
            ["calendar_id"],
            ["calendars.id"],
            name="fk_cancellations_calendar_id_calendars",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_cancellations_calendar_id", "cancellations", ["calendar_id"])


def downgrade() -> None:
    """Drop both; meetings in several calendars count in each of them again."""
    op.drop_table("cancellations")
    with op.batch_alter_table("meetings") as table:
        table.drop_column("stamp")
        table.drop_column("sequence")
