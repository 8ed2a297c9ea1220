"""Strategies for calendars as programs write them, and for damaged ones; to compare the two readers."""

from dataclasses import replace

from hypothesis import strategies as st

from support.ical_styles import STYLES

ZONES = (
    "Europe/London",
    "Europe/Paris",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Romance Standard Time",
    "India Standard Time",
    "Customized Time Zone",
    "(UTC+01:00) Amsterdam, Berlin",
    "UTC",
    "Etc/UTC",
    "europe/london",
    "/example.test/1/Europe/Berlin",
    "/Europe/London",
    "Europe/Paris 1",
    "GMT Standard Time 1",
    "(UTC+00:00) Dublin, Edinburgh, Lisbon, London",
    "No Such Zone",
)
OWN_ZONES = (
    "BEGIN:VTIMEZONE\r\nTZID:Customized Time Zone\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\n"
    "TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\n"
    "BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n"
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n",
    "BEGIN:VTIMEZONE\r\nTZID:Romance Standard Time\r\nBEGIN:STANDARD\r\nDTSTART:20251007T090000\r\n"
    "TZOFFSETFROM:+0300\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n",
    # Today's rules of Paris, a London without summer time, and a name with a number behind it.
    "BEGIN:VTIMEZONE\r\nTZID:Europe/Paris\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\n"
    "TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\n"
    "BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n"
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n",
    "BEGIN:VTIMEZONE\r\nTZID:Europe/London\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
    "TZOFFSETFROM:+0000\r\nTZOFFSETTO:+0000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n",
    "BEGIN:VTIMEZONE\r\nTZID:GMT Standard Time 1\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
    "TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0200\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n",
    "BEGIN:VTIMEZONE\r\nTZID:India Standard Time\r\nEND:VTIMEZONE\r\n",
)
# Days and times near the window (October 2025), and where clocks change: 30 March, 26 October, 2 November.
DAYS = st.one_of(
    st.integers(1, 31).map(lambda day: f"202510{day:02d}"),
    st.sampled_from(["20250330", "20251026", "20251025", "20251102", "20251101", "20250930", "20250405"]),
    st.sampled_from(["20240229", "20210104", "20190610", "20261015", "20300101", "19700101", "16010101"]),
)
TIMES = st.sampled_from(
    ["090000", "093000", "000000", "013000", "023000", "020000", "030000", "235959", "120000", "240000"]
)
BROKEN_TIMES = st.sampled_from(
    ["soon", "", "20250230T090000", "20251006T0900Z", "2025W411T090000", "20251006T09:00Z", "00010101T000000"]
)


@st.composite
def times(draw: st.DrawFn, name: str, *, rare: bool = True) -> str:
    """`DTSTART;TZID=Europe/Paris:20251006T090000` in one of many ways."""
    kind = draw(st.sampled_from("zzzzuuufdd" + ("ox" if rare else "")))
    day, time = draw(DAYS), draw(TIMES)
    if kind == "z":
        zone = draw(st.sampled_from(ZONES))
        quoted = f'"{zone}"' if set(zone) & set(",:;") else zone
        return f"{name};TZID={quoted}:{day}T{time}"
    return {
        "u": f"{name}:{day}T{time}Z",
        "f": f"{name}:{day}T{time}",
        "d": f"{name};VALUE=DATE:{day}",
        "o": f"{name}:{draw(BROKEN_TIMES)}",
        "x": f"{name};TZID=Europe/Paris:{day}T{time}Z",
    }[kind]


def _numbers(least: int, most: int) -> st.SearchStrategy[str]:
    return st.lists(st.integers(least, most).filter(bool), min_size=1, max_size=3).map(
        lambda numbers: ",".join(map(str, numbers))
    )


PARTS = {
    "INTERVAL": st.sampled_from(["1", "2", "3", "5", "13", "0", "100"]),
    "COUNT": st.sampled_from(["1", "2", "5", "10", "60", "500", "0", "-1"]),
    "WKST": st.sampled_from(["MO", "SU", "WE"]),
    "BYDAY": st.lists(
        st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU", "1MO", "2TU", "-1FR", "-5SU", "5WE"]),
        min_size=1,
        max_size=3,
    ).map(",".join),
    "BYMONTHDAY": _numbers(-31, 31),
    "BYMONTH": _numbers(1, 12),
    "BYSETPOS": _numbers(-3, 3),
    "BYYEARDAY": _numbers(-366, 366),
    "BYWEEKNO": _numbers(-53, 53),
    "BYHOUR": _numbers(0, 23),
    "BYMINUTE": _numbers(0, 59),
}
USUAL_PARTS = ("INTERVAL", "COUNT", "WKST", "BYDAY", "BYMONTHDAY", "BYMONTH")


@st.composite
def rules(draw: st.DrawFn) -> str:
    """A rule; most are of the usual sort."""
    freq = draw(st.sampled_from(["DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "MONTHLY", "YEARLY", "HOURLY"]))
    usual = draw(st.integers(0, 3))
    names = draw(st.lists(st.sampled_from(USUAL_PARTS if usual else tuple(PARTS)), max_size=3, unique=True))
    parts = [f"FREQ={freq}", *(f"{name}={draw(PARTS[name])}" for name in names)]
    if draw(st.integers(0, 2)) == 0:
        until = draw(DAYS) + draw(st.sampled_from(["", "T090000Z", "T235959Z", "T013000", "T010000Z"]))
        parts.append(f"UNTIL={until}")
    return ";".join(parts) + draw(st.sampled_from(["", "", "", ";"]))


TITLES = st.sampled_from(["Board", "Zoë's 1:1\\, Łódź", "a\\nb", "", "会議 " * 12, "Trailing blank  "])
PEOPLE = st.lists(
    st.sampled_from(
        [
            'ATTENDEE;PARTSTAT=ACCEPTED;CN="Müller, Ana (HR)":mailto:Ana@a.example',
            "ATTENDEE;CUTYPE=ROOM;PARTSTAT=DECLINED;CN=Room 1:mailto:room@a.example",
            "ATTENDEE;ROLE=OPT-PARTICIPANT:MAILTO:bo%40x@b.example",
            "ATTENDEE;PARTSTAT=TENTATIVE;EMAIL=cy@c.example:urn:uuid:1",
            'ATTENDEE;CN="x;PARTSTAT=DECLINED":mailto:dee@d.example',
            "ATTENDEE;CN=^'q^':mailto:eve@e.example",
            'ATTENDEE;CN="unclosed:mailto:fay@f.example',
            'ATTENDEE;MEMBER="mailto:all@a.example","mailto:b@b.example";PARTSTAT="ACCEPTED":mailto:gus@g.example',
            "ATTENDEE;CN=:mailto:/o=Labs/cn=hal",
            'attendee;partstat=accepted;cn="ida":mailto:ida@i.example',
            "ATTENDEE;CUTYPE=:mailto:c_1@resource.calendar.google.com",
        ]
    ),
    max_size=4,
)
EVENT_LINES = (
    "CLASS:PRIVATE",
    "CLASS:CONFIDENTIAL",
    "STATUS:CANCELLED",
    "STATUS:TENTATIVE",
    "TRANSP:TRANSPARENT",
    "X-MICROSOFT-CDO-BUSYSTATUS:OOF",
    "X-MICROSOFT-CDO-ALLDAYEVENT:FALSE",
    "LOCATION;ENCODING=QUOTED-PRINTABLE:Caf=C3=A9=20=E2=80=93 1",
    "CATEGORIES;ENCODING=QUOTED-PRINTABLE;CHARSET=ISO-8859-1:R=E9d;Bl=2Cue,x",
    "CATEGORIES:Red,Blue\\, green",
    "LOCATION;LANGUAGE=fr-FR:Salle 2\\; étage 3",
    "DESCRIPTION:" + "Ordre du jour : décider\\n" * 9,
    "DESCRIPTION:",
    "X-ALT-DESC;FMTTYPE=text/html:<p>Hi <b>there</b></p>",
    "ORGANIZER;CN=Ana:mailto:ana@a.example",
    "URL:https://a.example/x",
    "BEGIN:VALARM\r\nTRIGGER:-PT15M\r\nDESCRIPTION:REMINDER\r\nUID:alarm\r\nDURATION:PT5M\r\nEND:VALARM",
    "DTSTAMP:20250101T000000Z",
    "LAST-MODIFIED:20250303T000000Z",
    "SEQUENCE:1",
    "D:1",
)
RARE_EVENT_LINES = (
    "BEGIN:VALARM\r\nACTION:EMAIL\r\nBEGUN:x\r\nEND:VALARM",
    "BEGIN:VALARM\r\nTRIGGER:-PT15M",
    "DTSTAMP:20250202T000000Z",
    "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE",
    "x-microsoft-cdo-alldayevent;X=1: true",
    "X-MICROSOFT-MSNCALENDAR-ALLDAYEVENT:True",
    "LOCATION;ENCODING=QUOTED-PRINTABLE:half =\r\nDTSTART:20251009T090000Z",
    "LOCATION;QUOTED-PRINTABLE:half=\r\nEND:VEVENT",
    "location;Encoding=quoted-printable:half=\r\n  more",
    "DESCRIPTION;ENCODING=QUOTED-PRINTABLE;CHARSET=X-NONE:=ZZ =E9",
    "DESCRIPTION;ENCODING=BASE64:QWdlbmRh",
    "CATEGORIES;ENCODING=B:no base64!",
    "DESCRIPTION:see BEGIN:VEVENT",
    "DURATION:P0D",
    "DURATION:PT90M",
    "DURATION:P1DT2H",
    "DURATION:-PT1H",
    "SEQUENCE:2",
    "EXRULE:FREQ=WEEKLY",
    "Summary:In small letters",
    "dtstart:20251008T090000Z",
    "RDATE;VALUE=PERIOD:20251008T090000Z/PT1H,20251009T090000Z/20251009T100000Z",
    "ESTIMATE:3",
)
EXTRA_LINES = st.lists(st.sampled_from(EVENT_LINES), max_size=5, unique=True)
RARE_EXTRA_LINES = st.lists(st.sampled_from((*EVENT_LINES, *RARE_EVENT_LINES)), max_size=5, unique=True)
UIDS = st.sampled_from(
    ["UID:a", "UID:a", "UID:b", "UID:b", "UID:c\\,d", "UID:c,d", "UID: e ", "", "UID:f" + "0" * 90]
)


@st.composite
def events(draw: st.DrawFn, *, rare: bool) -> str:
    """One VEVENT, its lines in any order."""
    uid = draw(UIDS) if rare else f"UID:{draw(st.integers(0, 10**9))}"
    lines = [
        uid,
        draw(times("DTSTART", rare=rare)),
        *draw(PEOPLE),
        *draw(RARE_EXTRA_LINES if rare else EXTRA_LINES),
    ]
    lines.append(f"SUMMARY:{draw(TITLES)}")
    lines.append(
        draw(times("DTEND", rare=rare)) if rare and draw(st.booleans()) else _draw_end(draw, lines[1])
    )
    role = draw(st.sampled_from("ssmmoor" if rare else "ssssmmm"))
    if role in "mr":
        lines.append(f"RRULE:{draw(rules())}")
        lines += [draw(times("EXDATE", rare=rare)) for _ in range(draw(st.integers(0, 2)))]
    if role == "o":
        lines.append(draw(times("RECURRENCE-ID", rare=rare)))
        if draw(st.integers(0, 4)) == 0:
            lines[-1] = lines[-1].replace("RECURRENCE-ID", "RECURRENCE-ID;RANGE=THISANDFUTURE")
    if role == "r":
        lines.append(draw(times("RDATE", rare=rare)))
    if draw(st.integers(0, 3)) == 0:
        lines = draw(st.permutations(lines))
    return "\r\n".join(["BEGIN:VEVENT", *filter(None, lines), "END:VEVENT", ""])


def _draw_end(draw: st.DrawFn, start: str) -> str:
    """A DTEND an hour after a DTSTART that is written like one, or a DURATION, or neither."""
    lengths = (
        ["DURATION:P2D", "DURATION:P0D", start.replace("DTSTART", "DTEND"), ""]
        if "VALUE=DATE" in start
        else ["DURATION:PT90M", "DURATION:P1DT2H", ""]
    )
    return draw(st.sampled_from([_same_day_end(start), _same_day_end(start), *lengths]))


def _same_day_end(start: str) -> str:
    """A DTEND an hour after a DTSTART that is written like one."""
    head, _, value = start.rpartition("T")
    if not head.endswith(tuple("0123456789")) or not value[:2].isdigit() or int(value[:2]) > 22:
        return ""
    return f"{head.replace('DTSTART', 'DTEND')}T{int(value[:2]) + 1:02d}{value[2:]}"


@st.composite
def flagged_days(draw: st.DrawFn) -> str:
    """Days as Outlook writes them: times, and a flag that says that they are days; perhaps in a series."""
    zone = draw(st.sampled_from([";TZID=Europe/London", ";TZID=GMT Standard Time", ";TZID=Europe/Paris", ""]))
    first, length = draw(st.integers(1, 27)), draw(st.sampled_from([0, 1, 1, 2]))
    # London's midnights in October, but for the last days.
    time, utc = draw(st.sampled_from([("000000", ""), ("000000", ""), ("230000", "Z"), ("090000", "")]))
    written = "" if utc else zone
    lines = [f"UID:{draw(st.sampled_from('abcdefgh'))}", f"DTSTART{written}:202510{first:02d}T{time}{utc}"]
    lines.append(
        draw(st.sampled_from([f"DTEND{written}:202510{first + length:02d}T{time}{utc}", "", "DURATION:P1D"]))
    )
    name = draw(st.sampled_from(["X-MICROSOFT-CDO-ALLDAYEVENT:TRUE", "X-MICROSOFT-CDO-ALLDAYEVENT:true"]))
    lines += [name, "SUMMARY:Days", *draw(EXTRA_LINES)]
    if draw(st.booleans()):
        lines.append(f"RRULE:FREQ=DAILY;UNTIL=202510{draw(st.integers(1, 28)):02d}T230000Z")
        lines.append(f"EXDATE{written}:202510{min(first + 1, 28):02d}T{time}{utc}")
    elif draw(st.integers(0, 2)) == 0:
        lines.append(f"RECURRENCE-ID{written}:202510{first:02d}T{time}{utc}")
    return "\r\n".join(["BEGIN:VEVENT", *filter(None, lines), "END:VEVENT", ""])


@st.composite
def series(draw: st.DrawFn) -> str:
    """A series with overrides and EXDATEs that mostly meet it: the same clock, whole weeks or days later."""
    zone = draw(st.sampled_from([f";TZID={z}" for z in ZONES[:9] if z != "Customized Time Zone"] + ["", ""]))
    utc = "Z" if not zone and draw(st.booleans()) else ""
    time, first = draw(st.sampled_from(["090000", "013000", "023000"])), draw(st.integers(1, 28))
    month, uid = draw(st.sampled_from(["09", "10", "03"])), draw(st.sampled_from("abcdefgh"))
    start = f"{zone}:2025{month}{first:02d}T{time}{utc}"
    lines = [
        f"UID:{uid}",
        f"DTSTART{start}",
        draw(st.sampled_from([_same_day_end(f"DTSTART{start}"), "DURATION:PT26H"])),
    ]
    lines += [f"RRULE:{draw(rules())}", "SUMMARY:Series", *draw(EXTRA_LINES)]
    days = draw(st.lists(st.integers(1, 31), max_size=4, unique=True))
    kinds = [draw(st.sampled_from("eeoooOx")) for _ in days]
    names = [f"202510{day:02d}" for day in days]
    lines += [
        f"EXDATE{zone}:{name}T{time}{utc}" for name, kind in zip(names, kinds, strict=True) if kind == "e"
    ]
    lines += [f"EXDATE;VALUE=DATE:{name}" for name, kind in zip(names, kinds, strict=True) if kind == "x"]
    parts = ["\r\n".join(["BEGIN:VEVENT", *filter(None, lines), "END:VEVENT", ""])]
    for name, kind in zip(names, kinds, strict=True):
        if kind in "oO":
            original = (
                f"RECURRENCE-ID{zone}:{name}T{time}{utc}" if kind == "o" else f"RECURRENCE-ID:{name}T080000Z"
            )
            moved = draw(
                st.sampled_from([f"DTSTART{zone}:{name}T{time}{utc}", draw(times("DTSTART", rare=False))])
            )
            own = [f"UID:{uid}", original, moved, _same_day_end(moved), "SUMMARY:Moved", *draw(PEOPLE)]
            parts.append("\r\n".join(["BEGIN:VEVENT", *filter(None, own), "END:VEVENT", ""]))
    return "".join(draw(st.permutations(parts)))


HEADS = st.lists(
    st.sampled_from(
        [
            "METHOD:PUBLISH",
            "METHOD:CANCEL",
            "METHOD;X=1: request ",
            "METHOD:COUNTER",
            "X-WR-TIMEZONE:Europe/Paris",
            "X-WR-TIMEZONE:Nowhere",
            "CALSCALE:GREGORIAN",
        ]
    ),
    max_size=2,
    unique_by=lambda line: line.partition(":")[0],
)
BETWEEN = st.sampled_from(
    [""] * 6 + ["BEGIN:VTODO\r\nUID:t\r\nDTSTART:20251006T090000Z\r\nEND:VTODO\r\n", OWN_ZONES[0]]
)


@st.composite
def calendars(draw: st.DrawFn) -> bytes:
    """A file: some events, single and in series, the time zones they may need, written in some style."""
    rare = draw(st.integers(0, 2)) == 0
    one = st.one_of(
        events(rare=False), events(rare=rare), events(rare=False), series(), series(), flagged_days()
    )
    parts = draw(st.lists(one, min_size=1, max_size=6))
    zones = draw(st.lists(st.sampled_from(OWN_ZONES if rare else OWN_ZONES[:2]), max_size=2))
    head = "".join(f"{line}\r\n" for line in draw(HEADS))
    body = "".join(part + draw(BETWEEN) for part in parts)
    plain = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{head}{''.join(zones)}{body}END:VCALENDAR\r\n"
    style = draw(STYLES)
    return (style if rare else replace(style, damage="", end=b"\n" if style.end == b"\n" else b"\r\n")).write(
        plain
    )


PIECES = (
    *("\r\n ", "\n ", "\n\t", "\r", "\n", "\r\n", "\r\n\r\n", " ", ";", ":", "Z", "\u00e9", "\u20ac"),
    *(
        "\ufeff",
        "\r\n\ufeff",
        "=\r\n",
        ";ENCODING=QUOTED-PRINTABLE",
        "BEGIN:VEVENT",
        "END:VEVENT",
        "end:vevent\r\n",
    ),
    *("BEGIN:VALARM\r\nTRIGGER:-PT1M\r\nEND:VALARM\r\n", "BEGIN:VEVENT\r\n", "END:VEVENT\r\n"),
    *("END:VALARM\r\n", "begin:valarm\r\n", "end:valarm\r\n", "BEGIN:VTODO\r\n", "END:VTODO\r\n"),
    *("UID:zz\r\n", "DTSTART:20251007T090000Z\r\n", "dtstart:20251007T090000Z\r\n", "SEQUENCE:3\r\n"),
    *("RDATE:20251008T090000Z\r\n", "EXDATE:20251007T090000Z\r\n", "RECURRENCE-ID:20251007T090000Z\r\n"),
    *("DTEND:20251007T100000Z\r\n", "DURATION:PT1H\r\n", "RRULE:FREQ=DAILY\r\n", "EXTRA:1\r\n"),
    *("DTSTAMP:20250101T000000Z\r\n", "URL:https://a.example/\r\n", "RELATED-TO:a\r\n", "X-A:1\r\n"),
)
BYTES = (b"\xe9", b"\xc3", b"\xc3\r\n \xa9", b"\xff", *(piece.encode() for piece in PIECES))


@st.composite
def broken_calendars(draw: st.DrawFn) -> bytes:
    """A damaged calendar: bytes inserted or removed, lines lost, doubled, swapped, respelt."""
    content = draw(calendars())
    for _ in range(draw(st.integers(1, 3))):
        content = draw(st.sampled_from([_insert_bytes, _remove_bytes, _change_lines, _respell_line]))(
            draw, content
        )
    return content


def _insert_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    at = draw(st.integers(0, len(content)))
    return content[:at] + draw(st.sampled_from(BYTES)) + content[at:]


def _remove_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    at = draw(st.integers(0, len(content)))
    return content[:at] + content[at + draw(st.integers(1, 12)) :]


def _change_lines(draw: st.DrawFn, content: bytes) -> bytes:
    lines = content.split(b"\n")
    one, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    change = draw(st.sampled_from(["lost", "doubled", "swapped", "new", "glued", "indented"]))
    if change == "lost":
        del lines[one]
    elif change == "glued":
        lines[one : one + 2] = [b"".join(lines[one : one + 2]).replace(b"\r", b"", 1)]
    elif change == "indented":
        lines[one] = b" " + lines[one]
    elif change == "swapped":
        lines[one], lines[other] = lines[other], lines[one]
    else:
        new = lines[other] if change == "doubled" else draw(st.sampled_from(BYTES)).removesuffix(b"\n")
        lines.insert(one, new)
    return b"\n".join(lines)


def _respell_line(draw: st.DrawFn, content: bytes) -> bytes:
    lines = content.split(b"\n")
    at = draw(st.integers(0, len(lines) - 1))
    colon = draw(st.sampled_from([b" :", b": ", b";X=1:", b";VALUE=DATE:", b"", None]))
    lines[at] = lines[at].swapcase() if colon is None else lines[at].replace(b":", colon, 1)
    return b"\n".join(lines)
