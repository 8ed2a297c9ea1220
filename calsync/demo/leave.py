"""The leave of managers, and bank holidays."""

from datetime import date, datetime, time, timedelta
from functools import cache

from calsync.demo.council import council_managers, load_toml
from calsync.demo.diary import Plan
from calsync.demo.draws import draw_choice
from calsync.demo.uids import make_uid
from calsync.model.occurrence import ShowAs

FIRST_DAY = date(2026, 8, 17)
LAST_DAY = date(2026, 12, 20)
"""The weeks that have meetings: from 13 before to 4 after the week of the demo's date."""

BANK_HOLIDAYS = frozenset({date(2026, 8, 31)})


@cache
def leave_days() -> dict[str, frozenset[date]]:
    """The days on which each manager is on leave, by key."""
    return {
        key: frozenset(first + timedelta(days=n) for first, count in periods for n in range(count))
        for key, periods in _leave_periods().items()
    }


def is_on_leave(key: str, day: date) -> bool:
    """Whether this manager is on leave on this day."""
    return day in leave_days().get(key, ())


def leave_plans() -> list[Plan]:
    """The all-day entries by which managers mark their leave."""
    table = load_toml("occasions.toml")["leave"][0]
    return [
        Plan(
            uid=make_uid(f"leave {key} {first}", None, key),
            title=draw_choice(table["titles"], key, first),
            start=datetime.combine(first, time()),
            minutes=count * 24 * 60,
            owner=key,
            all_day=True,
            show_as=ShowAs.OUT_OF_OFFICE,
        )
        for key, periods in _leave_periods().items()
        for first, count in periods
    ]


def holiday_plans() -> list[Plan]:
    """The bank holiday as a note in some calendars, shown as free."""
    return [
        Plan(
            uid=make_uid(f"holiday {manager.key} {day}", None, manager.key),
            title="Gŵyl Banc yr Haf / Summer bank holiday",
            start=datetime.combine(day, time()),
            minutes=24 * 60,
            owner=manager.key,
            all_day=True,
            show_as=ShowAs.FREE,
            categories=("Holiday",) if manager.calendar == "outlook" else (),
        )
        for manager in council_managers()
        for day in sorted(BANK_HOLIDAYS)
        if manager.fte == 1.0
    ]


def _leave_periods() -> dict[str, list[tuple[date, int]]]:
    """The leave of each manager, by key, as (first day, number of days)."""
    weeks = load_toml("occasions.toml")["leave"][0]["weeks"]
    return {key: [_parse_leave_period(text) for text in texts] for key, texts in weeks.items()}


def _parse_leave_period(text: str) -> tuple[date, int]:
    first, count = text.split()
    return date.fromisoformat(first), int(count)
