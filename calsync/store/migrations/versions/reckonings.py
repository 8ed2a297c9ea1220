"""Up to where each manager's minutes are right, so that a night reckons only what changed."""

import sqlalchemy as sa
from alembic import op

revision = "reckonings"
down_revision: str | None = "corrections"


def upgrade() -> None:
    """Make the table empty: the next night reckons everybody once."""
    op.create_table(
        "reckonings",
        sa.Column("manager_id", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("changed_from", sa.DateTime()),
        sa.Column("changed_to", sa.DateTime()),
        sa.PrimaryKeyConstraint("manager_id", name="pk_reckonings"),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("reckonings")
