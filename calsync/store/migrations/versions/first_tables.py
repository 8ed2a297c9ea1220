"""The first tables: calendars, meetings, allocations, nights, mails."""

import sqlalchemy as sa
from alembic import op

revision = "first_tables"
down_revision: str | None = None


def upgrade() -> None:
    """Make every table."""
    _calendars()
    _meetings()
    _allocations()
    _runs()
    _outbox()


def downgrade() -> None:
    """Drop every table and all it holds."""
    for table in ("outbox", "run_problems", "runs", "allocations", "meetings", "calendars"):
        op.drop_table(table)


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _json(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.JSON(), nullable=False) for name in names]


def _calendars() -> None:
    op.create_table(
        "calendars",
        *_text("id", "manager_id", "source", "shown", "token"),
        sa.Column("window_start", sa.DateTime()),
        sa.Column("window_end", sa.DateTime()),
        *_text("versions"),
        *_json("problems"),
        sa.Column("last_good", sa.Date()),
        sa.Column("failing_since", sa.Date()),
        *_text("what", "hint"),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_calendars"),
    )
    op.create_index("ix_calendars_manager_id", "calendars", ["manager_id"])


def _meetings() -> None:
    op.create_table(
        "meetings",
        *_text("id", "calendar_id", "manager_id", "uid", "recurrence_id"),
        sa.Column("starts", sa.DateTime(), nullable=False),
        sa.Column("ends", sa.DateTime(), nullable=False),
        *_text("start_zone", "end_zone"),
        sa.Column("all_day", sa.Boolean(), nullable=False),
        *_text("status", "response", "show_as"),
        sa.Column("private", sa.Boolean(), nullable=False),
        *_text("title", "organizer_domain"),
        *_json("attendee_domains"),
        sa.Column("attendees", sa.Integer(), nullable=False),
        *_json("categories"),
        *_text("fingerprint", "scope"),
        *_json("partnerships"),
        *_text("activity", "kind"),
        sa.Column("process_share", sa.Text()),
        *_text("rule", "evidence"),
        *_json("agencies"),
        *_text("label"),
        sa.PrimaryKeyConstraint("id", name="pk_meetings"),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["calendars.id"], name="fk_meetings_calendar_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_meetings_calendar_id_ends", "meetings", ["calendar_id", "ends"])
    op.create_index("ix_meetings_manager_id_ends", "meetings", ["manager_id", "ends"])
    op.create_index("ix_meetings_uid", "meetings", ["uid"], postgresql_using="hash")


def _allocations() -> None:
    op.create_table(
        "allocations",
        *_text("manager_id"),
        sa.Column("day", sa.Date(), nullable=False),
        *_text("meeting_id", "partnership", "activity", "kind"),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("in_hours", sa.Boolean(), nullable=False),
        sa.Column("minutes", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint(
            *("manager_id", "day", "meeting_id", "partnership", "activity", "kind", "confirmed", "in_hours"),
            name="pk_allocations",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_allocations_day", "allocations", ["day"])


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("night", sa.Date(), nullable=False),
        *_text("state"),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("started", sa.DateTime(), nullable=False),
        sa.Column("ended", sa.DateTime()),
        *_json("counts"),
        sa.PrimaryKeyConstraint("night", name="pk_runs"),
    )
    op.create_table(
        "run_problems",
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, autoincrement=False),
        *_text("place", "what", "hint", "severity"),
        sa.PrimaryKeyConstraint("night", "position", name="pk_run_problems"),
        sa.ForeignKeyConstraint(["night"], ["runs.night"], name="fk_run_problems_night", ondelete="CASCADE"),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        *_text("mail_id", "recipient", "subject", "message_id"),
        sa.Column("mime", sa.LargeBinary(), nullable=False),
        *_text("state"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("queued_at", sa.DateTime(), nullable=False),
        sa.Column("next_at", sa.DateTime(), nullable=False),
        sa.Column("lease_until", sa.DateTime()),
        sa.Column("sent_at", sa.DateTime()),
        *_text("what"),
        sa.PrimaryKeyConstraint("mail_id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_state_next_at", "outbox", ["state", "next_at"])
