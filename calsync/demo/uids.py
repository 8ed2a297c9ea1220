"""The uids of meetings: as Exchange makes them, or as Google does, by who called the meeting."""

from datetime import UTC, date, datetime

from calsync.demo.council import council_managers
from calsync.demo.diary import Person, localize_london
from calsync.demo.draws import draw_digest

_EXCHANGE_PREFIX = "040000008200E00074C5B7101A82E008"


def make_uid(name: str, caller: Person | None, owner: str = "") -> str:
    """The uid of a meeting, or of an own entry of somebody (their key)."""
    key = owner or (caller.key if caller else "")
    return google_uid(name) if key in _google_manager_keys() else exchange_uid(name)


def exchange_uid(name: str) -> str:
    """A global object id ([MS-OXOCAL] 2.2.1.27): class, no date, creation time, reserved, length, content."""
    made, content = draw_digest(16, name, "made"), draw_digest(32, name, "content")
    return f"{_EXCHANGE_PREFIX}00000000{made}000000000000000010000000{content}".upper()


def google_uid(name: str) -> str:
    """Twenty-six letters and digits, as Google Calendar draws them."""
    letters = "0123456789abcdefghijklmnopqrstuv"
    drawn = (letters[int(draw_digest(2, name, place), 16) % 32] for place in range(26))
    return f"{''.join(drawn)}@google.com"


def continued_uid(uid: str, start: datetime) -> str:
    """What the part after a "this and following" is called: Google keeps the name, Exchange does not."""
    if not uid.endswith("@google.com"):
        return exchange_uid(f"{uid} from {start:%Y-%m-%d}")
    moment = localize_london(start).astimezone(UTC)
    return uid.replace("@google.com", f"_R{moment:%Y%m%dT%H%M%S}@google.com")


def to_date(text: object) -> date:
    """A date as TOML gives it, as a value or as a key."""
    return text if isinstance(text, date) else date.fromisoformat(str(text))


def _google_manager_keys() -> frozenset[str]:
    return frozenset(manager.key for manager in council_managers() if manager.calendar == "google")
