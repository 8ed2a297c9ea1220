"""Defines the tables for both databases; `migrations/` creates them, and a test compares the two.

Meetings and allocations contain nothing of the run that wrote them, so that the same calendars result in the
same rows, whatever nights ran before.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    text,
)

from calsync.model.localtime import localize, to_naive_local

VERSION_TABLE = "calsync_version"
OWN_CATEGORY_SQL = {
    "sqlite": "instr(lower(categories), 'calsync') > 0",
    "postgresql": "strpos(lower(categories::text), 'calsync') > 0",
}
"""By dialect, the condition that a meeting has a category for calsync, with exactly the text of its index."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, stored as UTC without a zone, so that both databases store and sort it in the same way."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: Dialect) -> datetime | None:
        """Convert an aware datetime; a naive one is a bug."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"a moment needs a zone, got {value}")
        return value and to_naive_local(value.astimezone(UTC))

    def process_result_value(self, value: datetime | None, _: Dialect) -> datetime | None:
        """Return an aware datetime in UTC."""
        return value and localize(value, UTC)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _text_column(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


calendars = Table(
    "calendars",
    metadata,
    Column("id", Text, primary_key=True),
    _text_column("manager_id"),
    _text_column("source"),
    _text_column("shown"),
    _text_column("token"),
    Column("window_start", UtcDateTime),
    Column("window_end", UtcDateTime),
    _text_column("versions"),
    Column("problems", JSON, nullable=False),
    Column("last_good", Date),
    # Every day from here to `last_good` (exclusive) was read after it had ended.
    Column("covered_from", Date),
    Column("failing_since", Date),
    _text_column("what"),
    _text_column("hint"),
    Column("retired", Boolean, nullable=False),
    Index(None, "manager_id"),
)

# A new column is a line here, a field of the same name in `Meeting` or `Classification`, and a migration:
# `rows` derives the rest (tests/store/test_new_column.py adds one).
meetings = Table(
    "meetings",
    metadata,
    Column("id", Text, primary_key=True),
    Column("calendar_id", Text, ForeignKey("calendars.id", ondelete="CASCADE"), nullable=False),
    _text_column("manager_id"),
    _text_column("uid"),
    _text_column("recurrence_id"),
    # Not `start` and `end`: `end` is a word of SQL, and operators write queries by hand.
    Column("starts", UtcDateTime, nullable=False),
    Column("ends", UtcDateTime, nullable=False),
    _text_column("start_zone"),
    _text_column("end_zone"),
    Column("all_day", Boolean, nullable=False),
    _text_column("status"),
    _text_column("response"),
    _text_column("show_as"),
    Column("private", Boolean, nullable=False),
    _text_column("title"),
    _text_column("organizer_domain"),
    Column("attendee_domains", JSON, nullable=False),
    Column("attendees", Integer, nullable=False),
    Column("categories", JSON, nullable=False),
    _text_column("fingerprint"),
    _text_column("scope"),
    Column("partnerships", JSON, nullable=False),
    _text_column("activity"),
    _text_column("kind"),
    Column("process_share", Text),
    _text_column("rule"),
    _text_column("evidence"),
    Column("agencies", JSON, nullable=False),
    _text_column("label"),
    # SEQUENCE may have 18 digits.
    Column("sequence", BigInteger, nullable=False, server_default="-1"),
    Column("stamp", Text, nullable=False, server_default=text("''")),
    # By end: the window that is read every night is the last part of a long history.
    Index(None, "calendar_id", "ends"),
    # PostgreSQL refuses a B-tree row over 2.7 kB, and a UID may have any length; a hash has one.
    Index(None, "uid", postgresql_using="hash"),
    # Few meetings have a category for calsync, and every night searches them.
    Index(
        "ix_meetings_own_categories",
        "ends",
        sqlite_where=text(OWN_CATEGORY_SQL["sqlite"]),
        postgresql_where=text(OWN_CATEGORY_SQL["postgresql"]),
    ),
)

# What METHOD:CANCEL messages in a calendar cancel, in any of its manager's calendars.
cancellations = Table(
    "cancellations",
    metadata,
    # A digest of all else: a UID may be longer than an index of PostgreSQL takes.
    Column("id", Text, primary_key=True),
    Column("calendar_id", Text, ForeignKey("calendars.id", ondelete="CASCADE"), nullable=False),
    _text_column("uid"),
    _text_column("recurrence_id"),
    Column("this_and_following", Boolean, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    _text_column("stamp"),
    Index(None, "calendar_id"),
)

corrections = Table(
    "corrections",
    metadata,
    Column("id", Integer, primary_key=True),
    _text_column("uid"),
    Column("recurrence_id", Text),  # null: the whole series
    _text_column("manager_id"),
    _text_column("person"),
    Column("made", UtcDateTime, nullable=False),
    _text_column("why"),
    # The corrected fields; null for a field that is not corrected.
    Column("scope", Text),
    Column("partnerships", JSON(none_as_null=True)),
    Column("activity", Text),
    Column("process_share", Text),
    Column("kind", Text),
    Column("label", Text),
    Column("before", JSON, nullable=False),
    Column("withdrawn", UtcDateTime),
    _text_column("withdrawn_by"),
    Index(None, "uid", postgresql_using="hash"),
    sqlite_autoincrement=True,
)

allocations = Table(
    "allocations",
    metadata,
    Column("manager_id", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("meeting_id", Text, primary_key=True),
    Column("partnership", Text, primary_key=True),
    Column("activity", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("confirmed", Boolean, primary_key=True),
    Column("in_hours", Boolean, primary_key=True),
    Column("minutes", Float, nullable=False),
    # Not part of the key, because one meeting has one label.
    Column("label", Text, nullable=False, server_default=text("''")),
    sqlite_with_rowid=False,
)

# Which minutes of each manager are up to date, so that a night calculates only what changed. The table has an
# older name.
allocation_states = Table(
    "reckonings",
    metadata,
    Column("manager_id", Text, primary_key=True),
    _text_column("basis"),
    Column("first", Date, nullable=False),
    Column("last", Date, nullable=False),
    Column("changed_from", UtcDateTime),
    Column("changed_to", UtcDateTime),
)

# Who was on the list of managers, so that a new id and a list that lost half are noticed.
roster = Table(
    "roster",
    metadata,
    Column("manager_id", Text, primary_key=True),
    # A digest: mail addresses are compared, never read back.
    _text_column("address"),
    Column("listed", Boolean, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("night", Date, primary_key=True),
    _text_column("state"),
    Column("attempt", Integer, nullable=False),
    Column("started", UtcDateTime, nullable=False),
    Column("ended", UtcDateTime),
    Column("counts", JSON, nullable=False),
)

run_problems = Table(
    "run_problems",
    metadata,
    Column("night", Date, ForeignKey("runs.night", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _text_column("place"),
    _text_column("what"),
    _text_column("hint"),
    _text_column("severity"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("mail_id", Text, primary_key=True),
    _text_column("recipient"),
    _text_column("subject"),
    _text_column("message_id"),
    Column("mime", LargeBinary, nullable=False),
    _text_column("state"),
    Column("attempts", Integer, nullable=False),
    Column("queued_at", UtcDateTime, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("lease_until", UtcDateTime),
    Column("sent_at", UtcDateTime),
    _text_column("what"),
    Index(None, "state", "next_at"),
)

# What people did with mails by `calsync mail resend` and `resolve`; the state of a mail alone would not show
# who ended it.
mail_actions = Table(
    "mail_actions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mail_id", Text, ForeignKey("outbox.mail_id", ondelete="CASCADE"), nullable=False),
    _text_column("action"),
    _text_column("before"),
    _text_column("person"),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "mail_id"),
)
