"""What people did with mails: sent again, or closed by hand."""

import sqlalchemy as sa
from alembic import op

revision = "mail_actions"
down_revision: str | None = "covered_days"


def upgrade() -> None:
    """Make the table, empty: nobody could close a mail before."""
    op.create_table(
        "mail_actions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mail_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mail_actions"),
        sa.ForeignKeyConstraint(
            ["mail_id"], ["outbox.mail_id"], name="fk_mail_actions_mail_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_mail_actions_mail_id", "mail_actions", ["mail_id"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("mail_actions")
