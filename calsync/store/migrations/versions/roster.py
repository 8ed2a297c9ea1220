"""Who was on the list of managers, with a digest of each mail address."""

import sqlalchemy as sa
from alembic import op

revision = "roster"
down_revision: str | None = "mail_actions"


def upgrade() -> None:
    """Make the table empty: the next night enters everybody."""
    op.create_table(
        "roster",
        sa.Column("manager_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("manager_id", name="pk_roster"),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("roster")
