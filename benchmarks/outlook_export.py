"""Generates a manager's diary as Outlook exports it: `python -m benchmarks.outlook_export FILE [--seed 1] …`.

Five years, some 2,000 events in 7 MB: two thirds single, the rest series with overrides and EXDATEs;
invitations with Teams text, HTML twins, X.500 addresses, Windows' zones with VTIMEZONE, alarms, lines
folded at 75 bytes. The same seed gives the same bytes. All people and texts are invented.
"""

import argparse
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

ZONES = {
    "GMT Standard Time": ("Europe/London", "+0000", "+0100", "010000", "020000"),
    "Romance Standard Time": ("Europe/Paris", "+0100", "+0200", "020000", "030000"),
    "W. Europe Standard Time": ("Europe/Berlin", "+0100", "+0200", "020000", "030000"),
}
WEIGHTS = (6, 2, 1)
FIRST = ("Ana", "Bryn", "Carys", "Dewi", "Elin", "Farah", "Gwen", "Huw", "Ifan", "Jürgen", "Søren", "Zoë")
LAST = ("Amal", "Bevan", "Corrigan", "Dąbrowski", "Evans", "Ferré", "Griffiths", "Hughes", "Nowak", "Pugh")
TOPICS = (
    "Partnership board",
    "Team meeting",
    "1:1",
    "Budget review",
    "Case conference",
    "Steering group",
    "Lunch",
)
WORDS = ("agenda", "actions", "risks", "budget", "housing", "school", "health", "police", "plan", "members")


@dataclass(frozen=True)
class Diary:
    """The parameters of an export. scale: 1 for 2,000 events; change: the share of events altered."""

    seed: int = 1
    scale: float = 1.0
    change: float = 0.0
    restamp: bool = False


def export(diary: Diary) -> bytes:
    """The bytes of the file."""
    chance = random.Random(diary.seed)
    people = [_person(chance, number) for number in range(200)]
    events = [event for _ in range(round(1400 * diary.scale)) for event in _single(chance, people)]
    while len(events) < 2000 * diary.scale:
        events += _series(chance, people)
    chance.shuffle(events)
    altered = random.Random(diary.seed + 1).sample(range(len(events)), round(len(events) * diary.change))
    for place in altered:
        events[place] = events[place].replace("\r\nSUMMARY:", "\r\nSUMMARY:New: ", 1)
    body = "".join(events)
    if diary.restamp:
        body = re.sub(r"\r\nDTSTAMP:[^\r]*", "\r\nDTSTAMP:20260102T030405Z", body)
    head = ["BEGIN:VCALENDAR", "METHOD:PUBLISH", "PRODID:Microsoft Exchange Server 2010", "VERSION:2.0"]
    plain = "\r\n".join([*head, *(line for name in ZONES for line in _zone(name)), body + "END:VCALENDAR"])
    return b"\r\n".join(_folded(line) for line in plain.encode().split(b"\r\n")) + b"\r\n"


def _folded(line: bytes) -> bytes:
    pieces = []
    while line:
        size = 74 if pieces else 75
        while len(line) > size and line[size] & 0xC0 == 0x80:  # not within a letter
            size -= 1
        pieces.append(line[:size])
        line = line[size:]
    return b"\r\n ".join(pieces)


def _zone(name: str) -> Iterator[str]:
    _, winter, summer, spring, autumn = ZONES[name]
    yield from ("BEGIN:VTIMEZONE", f"TZID:{name}")
    for kind, hour, before, after, month in (
        ("STANDARD", autumn, summer, winter, 10),
        ("DAYLIGHT", spring, winter, summer, 3),
    ):
        yield from (
            f"BEGIN:{kind}",
            f"DTSTART:16010101T{hour}",
            f"TZOFFSETFROM:{before}",
            f"TZOFFSETTO:{after}",
        )
        yield from (f"RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH={month}", f"END:{kind}")
    yield "END:VTIMEZONE"


def _person(chance: random.Random, number: int) -> tuple[str, str]:
    first, last = chance.choice(FIRST), chance.choice(LAST)
    if chance.random() < 0.25:
        return (
            f"{last}, {first}",
            f"/o=Labs/ou=Exchange Administrative Group/cn=Recipients/cn={number:032x}-{number}",
        )
    return f"{last}, {first} (Dept {number % 9})", f"person{number}@council.example"


def _text(chance: random.Random, words: int) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(words))


def _description(chance: random.Random) -> str:
    if chance.random() < 0.4:
        return _text(chance, chance.randint(5, 200))
    link = f"https://teams.example/l/meetup-join/19%3ameeting_{chance.getrandbits(400):0100x}%40thread.v2/0"
    tail = f"{chance.getrandbits(600):0150x}"
    safe = f"https://safelinks.example/?url={link.replace('%', '%25')}&data=05%7C02%7C{tail}"
    agenda, line = _text(chance, chance.randint(20, 160)), "_" * 80
    return f"{agenda}\\n\\n{line}\\nMicrosoft Teams\\nJoin now<{link}>\\nOptions<{safe}>\\n{line}\\n"


def _content_lines(chance: random.Random, people: list[tuple[str, str]]) -> list[str]:
    """Everything about an event that is not its time."""
    lines = [f"SUMMARY:{chance.choice(TOPICS)} {chance.choice(['', '', 'Q1', '– Cardiff'])}".rstrip()]
    invited = (
        chance.sample(people, max(2, min(25, round(chance.lognormvariate(1.9, 0.6)))))
        if chance.random() < 0.8
        else []
    )
    if invited:
        lines.append(f'ORGANIZER;CN="{invited[0][0]}":mailto:{invited[0][1]}')
    for name, address in invited:
        answer = chance.choice(["ACCEPTED", "ACCEPTED", "NEEDS-ACTION", "DECLINED", "TENTATIVE"])
        lines.append(
            f'ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT={answer};RSVP=TRUE;CN="{name}":mailto:{address}'
        )
    text = _description(chance)
    lines.append(f"DESCRIPTION;LANGUAGE=en-GB:{text}")
    if chance.random() < 0.25:
        paragraphs = "".join(
            f"<p class=MsoNormal><span lang=EN-GB>{line}</span></p>" for line in text.split("\\n")
        )
        lines.append(f"X-ALT-DESC;FMTTYPE=text/html:<html><body>{paragraphs}</body></html>")
    lines += [
        f"CLASS:{chance.choice(['PUBLIC'] * 9 + ['PRIVATE'])}",
        "PRIORITY:5",
        "TRANSP:OPAQUE",
        "STATUS:CONFIRMED",
    ]
    lines.append(
        "LOCATION:" + chance.choice(["Microsoft Teams Meeting", "Room 4.12", "City Hall\\, 3rd floor"])
    )
    lines += [f"X-MICROSOFT-CDO-BUSYSTATUS:{chance.choice(['BUSY'] * 8 + ['FREE', 'OOF'])}"]
    lines += [
        "X-MICROSOFT-CDO-INTENDEDSTATUS:BUSY",
        "X-MICROSOFT-CDO-IMPORTANCE:1",
        "X-MICROSOFT-DISALLOW-COUNTER:FALSE",
    ]
    if chance.random() < 0.7:
        lines += [
            "BEGIN:VALARM",
            "DESCRIPTION:REMINDER",
            "TRIGGER;RELATED=START:-PT15M",
            "ACTION:DISPLAY",
            "END:VALARM",
        ]
    return lines


def _start(chance: random.Random) -> tuple[datetime, str]:
    day = datetime(2021, 1, 4) + timedelta(weeks=chance.randrange(260), days=chance.randrange(5))  # noqa: DTZ001
    zone = chance.choices([*ZONES, "UTC"], (*WEIGHTS, 1))[0]
    return day + timedelta(minutes=15 * chance.randrange(32, 72)), zone


def _at(name: str, moment: datetime, zone: str) -> str:
    stamp = f"{moment:%Y%m%dT%H%M%S}"
    return f"{name}:{stamp}Z" if zone == "UTC" else f"{name};TZID={zone}:{stamp}"


def _event(uid: str, lines: list[str], chance: random.Random) -> str:
    stamp = f"DTSTAMP:2025{chance.randint(1, 12):02d}01T080000Z"
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", stamp, *lines, "END:VEVENT", ""])


def _uid(chance: random.Random) -> str:
    return f"040000008200E00074C5B7101A82E008{chance.getrandbits(320):080X}"


def _single(chance: random.Random, people: list[tuple[str, str]]) -> Iterator[str]:
    start, zone = _start(chance)
    if chance.random() < 0.06:
        end = start + timedelta(days=chance.choice([1, 1, 1, 2, 5]))
        times = [f"DTSTART;VALUE=DATE:{start:%Y%m%d}", f"DTEND;VALUE=DATE:{end:%Y%m%d}"]
    else:
        end = start + timedelta(minutes=chance.choice([15, 30, 60, 90]))
        times = [_at("DTSTART", start, zone), _at("DTEND", end, zone)]
    yield _event(_uid(chance), [*times, *_content_lines(chance, people)], chance)


def _series(chance: random.Random, people: list[tuple[str, str]]) -> Iterator[str]:
    """A weekly, fortnightly or monthly series, some of its meetings moved or taken out."""
    (start, zone), uid = _start(chance), _uid(chance)
    step, length = chance.choice([(7, 52), (14, 26), (28, 12)]), timedelta(minutes=chance.choice([30, 60]))
    day = ("MO", "TU", "WE", "TH", "FR")[start.weekday()]
    rule = f"FREQ=WEEKLY;INTERVAL={step[0] // 7};BYDAY={day};WKST=MO"
    last = start + timedelta(days=step[0] * chance.randint(8, step[1]))
    if chance.random() < 0.85:
        zoned = last.replace(tzinfo=ZoneInfo(ZONES[zone][0] if zone in ZONES else "UTC"))
        rule += f";UNTIL={zoned.astimezone(ZoneInfo('UTC')):%Y%m%dT%H%M%SZ}"
    starts = [start + timedelta(days=step[0] * number) for number in range((last - start).days // step[0])]
    changed = sorted(chance.sample(starts[1:], len(starts) // 3))
    content = _content_lines(chance, people)
    times = [_at("DTSTART", start, zone), _at("DTEND", start + length, zone), f"RRULE:{rule}"]
    yield _event(uid, [*times, *(_at("EXDATE", at, zone) for at in changed[::4]), *content], chance)
    for original in (at for place, at in enumerate(changed) if place % 4):
        moved = original + timedelta(hours=chance.choice([0, 1, 24]))
        own = [
            _at("RECURRENCE-ID", original, zone),
            _at("DTSTART", moved, zone),
            _at("DTEND", moved + length, zone),
        ]
        yield _event(uid, [*own, *content], chance)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--change", type=float, default=0.0)
    parser.add_argument("--restamp", action="store_true")
    given = parser.parse_args()
    given.file.write_bytes(export(Diary(given.seed, given.scale, given.change, given.restamp)))


if __name__ == "__main__":
    main()
