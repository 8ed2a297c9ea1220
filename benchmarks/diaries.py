"""Generates calendars of any number of fictional managers, for the benchmarks of a whole night.

A calendar has about 50 kB: a dozen series and over thirty single meetings of half a year, with texts of
invitations, attendees and time stamps of the download, as Outlook writes them. The same number of managers
gives the same bytes.
"""

import random
from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

MONDAY = date(2026, 8, 24)
EVENTS = 48
SUBJECTS = (
    "Regional Partnership Board", "PSB", "CSP delivery group", "Safeguarding Board", "MARAC steering group",
    "Discharge delays", "Housing support grant", "Youth justice management board", "LRF executive",
    "Team meeting", "Service managers", "1:1", "Budget monitoring", "Performance clinic",
    "Case review",
    "Dementia pathway", "Area planning board", "Substance misuse", "Directorate leadership", "Cyfarfod tîm",
)  # fmt: skip
TOPICS = (
    "terms of reference", "agree extra reablement hours", "membership and chairing", "catch up",
    "annual report", "waiting list", "information sharing protocol", "pilot evaluation", "papers", "pre-meet",
    "partner updates", "risk register", "forward plan", "new referral form", "winter beds",
    "quarterly return",
)  # fmt: skip
DOMAINS = (
    "brynfelin.gov.wales",
    "dyffryn.gov.wales",
    "wales.nhs.uk",
    "glanaber.police.uk",
    "canolbarth-fire.gov.uk",
)
INVITATION = (
    "Dear colleagues\\, please find the agenda below.\\n1. Apologies and minutes\\n2. {topic}\\n3. {other}\\n"
    "4. Any other business\\n________________\\nMicrosoft Teams meeting\\nJoin on your computer\\, "
    "mobile app or room device\\nhttps://teams.example/l/meetup/19%3ameeting_{key}\\nMeeting ID: {key}\\n"
)
HEAD = (
    "BEGIN:VCALENDAR\r\nPRODID:-//Example//Outlook 16.0//EN\r\nVERSION:2.0\r\nMETHOD:PUBLISH\r\n"
    "BEGIN:VTIMEZONE\r\nTZID:GMT Standard Time\r\n"
    "BEGIN:STANDARD\r\nDTSTART:16011028T020000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\n"
    "TZOFFSETFROM:+0100\r\nTZOFFSETTO:-0000\r\nEND:STANDARD\r\n"
    "BEGIN:DAYLIGHT\r\nDTSTART:16010325T010000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\n"
    "TZOFFSETFROM:-0000\r\nTZOFFSETTO:+0100\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n"
)


def write_managers(folder: Path, count: int) -> None:
    """Write settings, the list of managers and everybody's calendar into a folder."""
    (folder / "calendars").mkdir(parents=True, exist_ok=True)
    rows = ["id,email,name,department,grade,source,calendar"]
    for number in range(count):
        rows.append(
            f"m{number:05},m{number:05}@brynfelin.gov.wales,Manager {number:05},"
            f"Department {number % 12},G{number % 6},exported,{calendar_file(number)}"
        )
        write_calendar(folder, number)
    (folder / "managers.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "calsync.toml").write_text(_SETTINGS, encoding="utf-8")


def write_calendar(
    folder: Path, number: int, *, changed: Collection[int] = (), stamp: str = "20261122T041500Z"
) -> None:
    """Write one manager's calendar. changed: which of its events differ from the first version."""
    text = HEAD + "".join(_events(number, changed, stamp)) + "END:VCALENDAR\r\n"
    (folder / calendar_file(number)).write_bytes(text.encode())


def calendar_file(number: int) -> str:
    """Where a manager's calendar lies in the folder."""
    return f"calendars/m{number:05}.ics"


def _events(number: int, changed: Collection[int], stamp: str) -> Iterator[str]:
    rng = random.Random(number)
    colleagues = [f"person{rng.randrange(10_000)}@{rng.choice(DOMAINS)}" for _ in range(40)]
    for place in range(EVENTS):
        series = place < 12
        day = MONDAY + timedelta(days=rng.randrange(5) + 7 * (0 if series else rng.randrange(17)))
        if series:
            day -= timedelta(weeks=rng.randrange(60))
        yield _event(
            rng, number, place, day, colleagues, series=series, changed=place in changed, stamp=stamp
        )


def _event(
    rng: random.Random,
    number: int,
    place: int,
    day: date,
    colleagues: list[str],
    *,
    series: bool,
    changed: bool,
    stamp: str,
) -> str:
    start = datetime(day.year, day.month, day.day, rng.randrange(8, 17), rng.choice((0, 30)))  # noqa: DTZ001
    end = start + timedelta(minutes=rng.choice((30, 60, 60, 90, 120)))
    topic, other, key = rng.choice(TOPICS), rng.choice(TOPICS), rng.randrange(10**12)
    title = f"{rng.choice(SUBJECTS)} - {topic}" + (" (new room)" if changed else "")
    lines = [
        "BEGIN:VEVENT",
        f"UID:{number:06}{place:03}{key:012}@calendar.example",
        f"DTSTAMP:{stamp}",
        f"DTSTART;TZID=GMT Standard Time:{start:%Y%m%dT%H%M%S}",
        f"DTEND;TZID=GMT Standard Time:{end:%Y%m%dT%H%M%S}",
        f"SUMMARY:{title}",
        f"LOCATION:{rng.choice(('Microsoft Teams Meeting', 'Committee room 2', ''))}",
        "CLASS:PRIVATE" if rng.random() < 0.08 else "CLASS:PUBLIC",
        "X-MICROSOFT-CDO-BUSYSTATUS:BUSY",
        "TRANSP:OPAQUE",
        f"ORGANIZER;CN=Person:mailto:{rng.choice(colleagues)}",
    ]
    people = rng.sample(colleagues, rng.randrange(0, 9))
    lines += [f"ATTENDEE;CN=Person;RSVP=TRUE;PARTSTAT=ACCEPTED:mailto:{one}" for one in people]
    if series:
        days = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
        lines.append(f"RRULE:FREQ=WEEKLY;INTERVAL={rng.choice((1, 1, 2))};BYDAY={days[start.weekday()]}")
    if rng.random() < 0.6:
        lines.append("DESCRIPTION:" + INVITATION.format(topic=topic, other=other, key=key))
    lines += ["SEQUENCE:1", "END:VEVENT"]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _folded(line: str) -> str:
    return "\r\n ".join(line[start : start + 74] for start in range(0, len(line), 74)) or line


_SETTINGS = """\
[organisation]
name = "Cyngor Brynfelin Council"
domains = ["brynfelin.gov.wales"]
nation = "wales"

[store]
url = "sqlite:///calsync.db"

[sources.exported]
type = "ics"

[rules]
packs = ["uk"]

[mail]
transport = "folder"
folder = "outbox"
"""
