"""The uids of meetings, in the format of Exchange or of Google, depending on the organizer's calendar."""

from datetime import UTC, date, datetime

from calsync.demo.council import council_managers
from calsync.demo.diary import Person, localize_london
from calsync.demo.draws import draw_digest

_EXCHANGE_PREFIX = "040000008200E00074C5B7101A82E008"


def make_uid(name: str, organizer: Person | None, owner: str = "") -> str:
    """The uid of a meeting, or of an own entry.

    Args:
        name: Determines the uid.
        organizer: None for an own entry.
        owner: The key of the owner of an own entry.
    """
    key = owner or (organizer.key if organizer else "")
    return google_uid(name) if key in _google_manager_keys() else exchange_uid(name)


def exchange_uid(name: str) -> str:
    """A global object id ([MS-OXOCAL] 2.2.1.27): class, no date, creation time, reserved, length, content."""
    creation_time, content = draw_digest(16, name, "made"), draw_digest(32, name, "content")
    return f"{_EXCHANGE_PREFIX}00000000{creation_time}000000000000000010000000{content}".upper()


def google_uid(name: str) -> str:
    """Twenty-six letters and digits, as in the uids of Google Calendar."""
    letters = "0123456789abcdefghijklmnopqrstuv"
    drawn = (letters[int(draw_digest(2, name, index), 16) % 32] for index in range(26))
    return f"{''.join(drawn)}@google.com"


def continued_uid(uid: str, start: datetime) -> str:
    """The uid of the series after "this and following": Google adds its start, Exchange makes a new one."""
    if not uid.endswith("@google.com"):
        return exchange_uid(f"{uid} from {start:%Y-%m-%d}")
    moment = localize_london(start).astimezone(UTC)
    return uid.replace("@google.com", f"_R{moment:%Y%m%dT%H%M%S}@google.com")


def to_date(text: object) -> date:
    """A date in a TOML file: a value is a date, a key is text."""
    return text if isinstance(text, date) else date.fromisoformat(str(text))


def _google_manager_keys() -> frozenset[str]:
    return frozenset(manager.key for manager in council_managers() if manager.calendar == "google")
