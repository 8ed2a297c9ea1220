"""Reads hostile calendars, each in its own process: `python -m benchmarks.hostile [FOLDER]`.

Prints time, memory, the numbers of occurrences and problems, and whether the ordinary event next to the
hostile ones was read. Without a folder the calendars are generated (`KINDS`).
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

LIMIT = 60
LONDON = ZoneInfo("Europe/London")
NEIGHBOUR = (
    "BEGIN:VEVENT\r\nUID:neighbour@x\r\nDTSTAMP:20261001T000000Z\r\nDTSTART:20261005T090000Z\r\n"
    "DTEND:20261005T100000Z\r\nSUMMARY:RPB leads neighbour\r\nEND:VEVENT\r\n"
)
BASE = datetime(2026, 1, 1, 9)  # noqa: DTZ001 - wall-clock time
HOURS, SIXTY = ",".join(map(str, range(24))), ",".join(map(str, range(60)))
ALL_TIMES = f"BYHOUR={HOURS};BYMINUTE={SIXTY};BYSECOND={SIXTY}"
ALL_DAYS = ",".join(map(str, range(1, 367)))


def event(*lines: str, uid: str = "a@x", start: str = ":20261001T090000Z", end: str = "DURATION:PT1H") -> str:
    """One VEVENT."""
    start = f"DTSTART{start}" if start else ""
    written = (f"UID:{uid}", "DTSTAMP:20261001T000000Z", start, end, *lines, "SUMMARY:RPB leads")
    return "\r\n".join(("BEGIN:VEVENT", *filter(None, written), "END:VEVENT", ""))


def rule(text: str, start: str = ":19000101T000000Z", uid: str = "a@x", end: str = "DURATION:PT1S") -> str:
    """A series."""
    return event(f"RRULE:{text}", start=start, uid=uid, end=end)


def zone(name: str, body: str) -> str:
    """A VTIMEZONE."""
    return f"BEGIN:VTIMEZONE\r\nTZID:{name}\r\n{body}END:VTIMEZONE\r\n"


def observance(*lines: str, start: str = "19700329T020000", kind: str = "STANDARD") -> str:
    """A part of a VTIMEZONE."""
    written = (f"BEGIN:{kind}", f"DTSTART:{start}", "TZOFFSETFROM:+0000", "TZOFFSETTO:+0100", *lines)
    return "\r\n".join((*written, f"END:{kind}", ""))


def stamp(moment: datetime) -> str:
    """A time in UTC."""
    return moment.strftime("%Y%m%dT%H%M%SZ")


def days(count: int) -> list[str]:
    """So many days, one after the other."""
    return [stamp(BASE + timedelta(days=number)) for number in range(count)]


def minutes(count: int) -> list[str]:
    """So many times, a minute apart."""
    return [stamp(BASE + timedelta(minutes=number)) for number in range(count)]


def in_zone(name: str, uid: str = "z") -> str:
    """An event in a zone."""
    return event(start=f";TZID={name}:20261001T090000", uid=uid)


KINDS = {
    "dense, yearly by week, BYSETPOS": lambda: rule(
        f"FREQ=YEARLY;INTERVAL=3;BYWEEKNO=1,20,53;BYDAY=MO,TU,WE;{ALL_TIMES};BYSETPOS=-1,-2,5"
    ),
    "dense, yearly, 366 days, COUNT": lambda: rule(
        f"FREQ=YEARLY;COUNT=999999999;BYYEARDAY={ALL_DAYS};{ALL_TIMES}"
    ),
    "dense, monthly, BYSETPOS, COUNT": lambda: rule(
        f"FREQ=MONTHLY;COUNT=1000000;BYMONTHDAY={ALL_DAYS[:83]};{ALL_TIMES};BYSETPOS=-1"
    ),
    "hourly, dense, COUNT": lambda: rule(f"FREQ=HOURLY;COUNT=999999999;BYMINUTE={SIXTY};BYSECOND={SIXTY}"),
    "secondly on a 30 February": lambda: rule("FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30;COUNT=5"),
    "1,000 dense rules": lambda: "".join(
        rule(f"FREQ=YEARLY;COUNT={9**9 + n};BYYEARDAY={ALL_DAYS};{ALL_TIMES};BYSETPOS=-1", uid=f"d{n}")
        for n in range(1000)
    ),
    "10^4 dense rules, short": lambda: "".join(
        rule(f"FREQ=DAILY;COUNT={9**9 + n};BYMONTHDAY=1,2,3;BYDAY=MO,TU", uid=f"d{n}") for n in range(10_000)
    ),
    "10^4 rules every 5 minutes": lambda: "".join(
        rule(f"FREQ=DAILY;BYHOUR={HOURS};BYMINUTE=0,5,10,15,20,25,30,35,40,45,50,55", uid=f"d{n}")
        for n in range(10_000)
    ),
    "COUNT of 10^5 digits": lambda: rule("FREQ=DAILY;COUNT=" + "9" * 100_000),
    "INTERVAL of 10^5 digits": lambda: rule("FREQ=DAILY;INTERVAL=" + "9" * 100_000),
    "BYMONTHDAY of 10^5 items": lambda: rule("FREQ=MONTHLY;BYMONTHDAY=" + ",".join(["1", "+1"] * 50_000)),
    "BYDAY of 10^5 items": lambda: rule("FREQ=YEARLY;BYDAY=" + ",".join(["1MO", "-53SU"] * 50_000)),
    "10^4 RRULEs in one event": lambda: event(*(f"RRULE:FREQ=DAILY;COUNT={n + 1}" for n in range(10_000))),
    "10^5 RDATE periods": lambda: event(*(f"RDATE;VALUE=PERIOD:{at}/PT5M" for at in minutes(100_000))),
    "10^5 EXDATEs, all-day": lambda: event(
        "RRULE:FREQ=DAILY",
        *(f"EXDATE;VALUE=DATE:{at[:8]}" for at in days(100_000)),
        start=":20260101T090000Z",
    ),
    "10^4 EXRULEs": lambda: event(
        "RRULE:FREQ=DAILY", *(f"EXRULE:FREQ=DAILY;INTERVAL={n + 1}" for n in range(10_000))
    ),
    "10^4 overrides, THISANDFUTURE": lambda: (
        rule("FREQ=DAILY", ":20260101T090000Z")
        + "".join(event(f"RECURRENCE-ID;RANGE=THISANDFUTURE:{at}", start=f":{at}") for at in days(10_000))
    ),
    "10^5 overrides": lambda: (
        rule("FREQ=DAILY", ":20260101T090000Z")
        + "".join(event(f"RECURRENCE-ID:{at}", start=f":{at}") for at in days(100_000))
    ),
    "10^4 overrides with rules, SEQUENCE": lambda: (
        event("RRULE:FREQ=DAILY", "SEQUENCE:9", start=":20260101T090000Z")
        + "".join(
            event(f"RECURRENCE-ID:{at}", "RRULE:FREQ=DAILY", start=":20261002T090000Z") for at in days(10_000)
        )
    ),
    "the same, 10^4 RDATEs": lambda: (
        event("SEQUENCE:9", f"RDATE:{','.join(days(10_000))}", start=":20260101T090000Z")
        + "".join(
            event(f"RECURRENCE-ID:{at}", "RRULE:FREQ=DAILY", start=":20261002T090000Z") for at in days(10_000)
        )
    ),
    "10^4 series, 10^4 overrides, one UID": lambda: (
        "".join(rule("FREQ=DAILY;COUNT=2", f":{at}") for at in minutes(10_000))
        + "".join(event(f"RECURRENCE-ID:{at}", start=f":{at}") for at in minutes(10_000))
    ),
    "10^4 broken events": lambda: "".join(
        event(uid=f"b{n}", start=":20261399T990000Z") for n in range(10_000)
    ),
    "10^4 events, one UID": lambda: "".join(event(start=f":{at}") for at in minutes(10_000)),
    "10^4 events without UID": lambda: "".join(
        event(start=f":{at}").replace("UID:a@x\r\n", "") for at in minutes(10_000)
    ),
    "a zone of 10^4 rules": lambda: (
        zone(
            "Odd",
            "".join(
                observance(
                    f"RRULE:FREQ=YEARLY;BYMONTH={1 + n % 12};BYDAY=1SU",
                    start=f"{1900 + n % 200}0101T{n % 24:02}0000",
                )
                for n in range(10_000)
            ),
        )
        + in_zone("Odd")
    ),
    "a zone of 10^4 rules by year day": lambda: (
        zone("Odd", "".join(observance(f"RRULE:FREQ=YEARLY;BYYEARDAY={1 + n % 366}") for n in range(10_000)))
        + in_zone("Odd")
    ),
    "10^4 zones": lambda: "".join(
        zone(f"Z{n}", observance(f"RRULE:FREQ=YEARLY;BYMONTH={1 + n % 12};BYDAY=-1SU"))
        + in_zone(f"Z{n}", f"z{n}")
        for n in range(10_000)
    ),
    "10^4 zones, rules by day": lambda: "".join(
        zone(f"Z{n}", observance(f"RRULE:FREQ=DAILY;INTERVAL={n + 1}")) + in_zone(f"Z{n}", f"z{n}")
        for n in range(10_000)
    ),
    "10^4 unknown zones": lambda: "".join(in_zone(f"Nowhere/{n}/x/y", f"z{n}") for n in range(10_000)),
    "a zone's name of 1 MB": lambda: in_zone("/a" * 500_000),
    "10^4 observances without end": lambda: (
        zone("Odd", "BEGIN:STANDARD\r\nX:1\r\n" * 10_000) + in_zone("Odd")
    ),
    "BEGIN and 1 MB of blanks": lambda: event(
        "BEGIN:X" + " " * 1_000_000 + "y", "END:X" + " " * 1_000_000 + "y"
    ),
    "10^4 alarms": lambda: event(*["BEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM"] * 10_000),
    "alarms, one in the other": lambda: event(
        "BEGIN:VALARM\r\n" * 10_000 + "END:VALARM\r\n" * 9_999 + "END:VALARM"
    ),
    "folded at every letter": lambda: event("DESCRIPTION:" + "\r\n x" * 1_000_000),
    "10^5 parameters of one attendee": lambda: event("ATTENDEE" + ";X-P=a" * 100_000 + ":mailto:x@a.example"),
    "10^5 odd parameters": lambda: event("ATTENDEE" + ";X-P=a^b" * 100_000 + ":mailto:x@a.example"),
    "10^5 attendees": lambda: event(*(f"ATTENDEE:mailto:p{n}@a.example" for n in range(100_000))),
    "10^6 backslashes": lambda: event("LOCATION:" + "\\" * 1_000_000, "CATEGORIES:" + "\\,a" * 300_000),
    "HTML of unclosed tags": lambda: event("X-ALT-DESC;FMTTYPE=text/html:" + "<a b='" * 100_000),
    "DURATION of 8,000 years": lambda: event("RRULE:FREQ=DAILY;COUNT=3", end="DURATION:P2900000D"),
    "SEQUENCE of 10^5 digits": lambda: event("SEQUENCE:" + "9" * 100_000),
    "UNTIL=99991231, west of London": lambda: event(
        "RRULE:FREQ=WEEKLY;UNTIL=99991231T235959Z", start=";TZID=America/New_York:20260105T090000"
    ),
}


def main() -> None:
    """Measure and print a table for docs/benchmarks.md."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(made)
        if len(sys.argv) < 2:
            for number, make in enumerate(KINDS.values()):
                head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y\r\n"
                text = f"{head}{make()}{NEIGHBOUR}END:VCALENDAR\r\n"
                (folder / f"{number:03}.ics").write_bytes(text.encode())
        names = list(KINDS) if len(sys.argv) < 2 else [path.stem for path in sorted(folder.glob("*.ics"))]
        print("| calendar | MB | seconds | MB of memory | occurrences | problems | neighbour |")
        print("|---|---|---|---|---|---|---|")
        for name, path in zip(names, sorted(folder.glob("*.ics")), strict=True):
            print(f"| {name} | {path.stat().st_size / 1e6:.2f} | {_measured(path)} |", flush=True)


def _measured(path: Path) -> str:
    command = [sys.executable, "-m", "benchmarks.hostile", "--one", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return f"more than {LIMIT} | | | |"
    return done.stdout.strip() or (done.stderr.strip().splitlines() or ["nothing"])[-1][:80]


def _read_one(path: Path) -> None:
    from calsync.errors import SourceError
    from calsync.model.span import Span
    from calsync.sources.ical.read import read_calendar

    content = path.read_bytes()
    window = Span(datetime(2026, 10, 1, tzinfo=LONDON), datetime(2026, 11, 1, tzinfo=LONDON))
    begun = time.process_time()
    try:
        found, problems = read_calendar(content, window, zone=LONDON, where="a.ics")
    except SourceError as error:
        print(f"{time.process_time() - begun:.1f} | | refused: {error.what[:40]} | | ")
        return
    seconds = time.process_time() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    there = "yes" if any(one.uid == "neighbour@x" for one in found) else "NO"
    print(f"{seconds:.1f} | {memory:.0f} | {len(found)} | {len(problems)} | {there}")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        _read_one(Path(sys.argv[2]))
    else:
        main()
