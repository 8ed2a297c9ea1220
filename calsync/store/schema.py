"""The tables, for both databases; `migrations/` builds them and a test holds the two equal.

Meetings and allocations hold nothing of the run that wrote them, so that the same calendars give
the same rows, whatever nights went before.
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

from calsync.model.wall import placed, wall_of

VERSION_TABLE = "calsync_version"
OWN_CATEGORY = {
    "sqlite": "instr(lower(categories), 'calsync') > 0",
    "postgresql": "strpos(lower(categories::text), 'calsync') > 0",
}
"""By dialect, the condition that a meeting has a category for calsync, word for word as its index has it."""


class Instant(TypeDecorator[datetime]):
    """A moment, kept as UTC without a zone, so that both databases hold and order it alike."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: Dialect) -> datetime | None:
        """Take an aware datetime; a naive one is a bug."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"a moment needs a zone, got {value}")
        return value and wall_of(value.astimezone(UTC))

    def process_result_value(self, value: datetime | None, _: Dialect) -> datetime | None:
        """Give an aware datetime in UTC."""
        return value and placed(value, UTC)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


calendars = Table(
    "calendars",
    metadata,
    Column("id", Text, primary_key=True),
    _text("manager_id"),
    _text("source"),
    _text("shown"),
    _text("token"),
    Column("window_start", Instant),
    Column("window_end", Instant),
    _text("versions"),
    Column("problems", JSON, nullable=False),
    Column("last_good", Date),
    # Every day from here to `last_good` (exclusive) was read after it had happened.
    Column("covered_from", Date),
    Column("failing_since", Date),
    _text("what"),
    _text("hint"),
    Column("retired", Boolean, nullable=False),
    Index(None, "manager_id"),
)

meetings = Table(
    "meetings",
    metadata,
    Column("id", Text, primary_key=True),
    Column("calendar_id", Text, ForeignKey("calendars.id", ondelete="CASCADE"), nullable=False),
    _text("manager_id"),
    _text("uid"),
    _text("recurrence_id"),
    # Not `start` and `end`: `end` is a word of SQL, and operators write queries by hand.
    Column("starts", Instant, nullable=False),
    Column("ends", Instant, nullable=False),
    _text("start_zone"),
    _text("end_zone"),
    Column("all_day", Boolean, nullable=False),
    _text("status"),
    _text("response"),
    _text("show_as"),
    Column("private", Boolean, nullable=False),
    _text("title"),
    _text("organizer_domain"),
    Column("attendee_domains", JSON, nullable=False),
    Column("attendees", Integer, nullable=False),
    Column("categories", JSON, nullable=False),
    _text("fingerprint"),
    _text("scope"),
    Column("partnerships", JSON, nullable=False),
    _text("activity"),
    _text("kind"),
    Column("process_share", Text),
    _text("rule"),
    _text("evidence"),
    Column("agencies", JSON, nullable=False),
    _text("label"),
    # SEQUENCE may have 18 digits.
    Column("sequence", BigInteger, nullable=False, server_default="-1"),
    Column("stamp", Text, nullable=False, server_default=text("''")),
    # By their ends, for the window read every night is the last stretch of a long history.
    Index(None, "calendar_id", "ends"),
    # PostgreSQL refuses a B-tree row over 2.7 kB, and a UID may have any length; a hash has one.
    Index(None, "uid", postgresql_using="hash"),
    # Few meetings have a category for calsync, and every night lists those that it did not understand.
    Index(
        "ix_meetings_own_categories",
        "ends",
        sqlite_where=text(OWN_CATEGORY["sqlite"]),
        postgresql_where=text(OWN_CATEGORY["postgresql"]),
    ),
)

# What METHOD:CANCEL messages in a calendar cancel, in any of its manager's calendars.
cancellations = Table(
    "cancellations",
    metadata,
    # A digest of all else: a UID may be longer than an index of PostgreSQL takes.
    Column("id", Text, primary_key=True),
    Column("calendar_id", Text, ForeignKey("calendars.id", ondelete="CASCADE"), nullable=False),
    _text("uid"),
    _text("recurrence_id"),
    Column("this_and_following", Boolean, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    _text("stamp"),
    Index(None, "calendar_id"),
)

corrections = Table(
    "corrections",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("uid"),
    Column("recurrence_id", Text),  # null: the whole series
    _text("manager_id"),
    _text("person"),
    Column("made", Instant, nullable=False),
    _text("why"),
    # What the person says; null where they say nothing.
    Column("scope", Text),
    Column("partnerships", JSON(none_as_null=True)),
    Column("activity", Text),
    Column("process_share", Text),
    Column("kind", Text),
    Column("label", Text),
    Column("before", JSON, nullable=False),
    Column("withdrawn", Instant),
    _text("withdrawn_by"),
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
    sqlite_with_rowid=False,
)

# Up to where each manager's minutes are right, so that a night reckons only what changed.
reckonings = Table(
    "reckonings",
    metadata,
    Column("manager_id", Text, primary_key=True),
    _text("basis"),
    Column("first", Date, nullable=False),
    Column("last", Date, nullable=False),
    Column("changed_from", Instant),
    Column("changed_to", Instant),
)

# Who was on the list of managers, so that a new id and a list that lost half are noticed.
roster = Table(
    "roster",
    metadata,
    Column("manager_id", Text, primary_key=True),
    # A digest: mail addresses are compared, never read back.
    _text("address"),
    Column("listed", Boolean, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("night", Date, primary_key=True),
    _text("state"),
    Column("attempt", Integer, nullable=False),
    Column("started", Instant, nullable=False),
    Column("ended", Instant),
    Column("counts", JSON, nullable=False),
)

run_problems = Table(
    "run_problems",
    metadata,
    Column("night", Date, ForeignKey("runs.night", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _text("place"),
    _text("what"),
    _text("hint"),
    _text("severity"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("mail_id", Text, primary_key=True),
    _text("recipient"),
    _text("subject"),
    _text("message_id"),
    Column("mime", LargeBinary, nullable=False),
    _text("state"),
    Column("attempts", Integer, nullable=False),
    Column("queued_at", Instant, nullable=False),
    Column("next_at", Instant, nullable=False),
    Column("lease_until", Instant),
    Column("sent_at", Instant),
    _text("what"),
    Index(None, "state", "next_at"),
)

# What people did with mails by `calsync mail resend` and `resolve`: the state of a mail alone would not
# show who closed it.
mail_actions = Table(
    "mail_actions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mail_id", Text, ForeignKey("outbox.mail_id", ondelete="CASCADE"), nullable=False),
    _text("action"),
    _text("before"),
    _text("person"),
    Column("at", Instant, nullable=False),
    Index(None, "mail_id"),
)
