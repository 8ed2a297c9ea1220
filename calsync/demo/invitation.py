"""The text of an invitation: the organizer's notes, and the block of Teams or Google Meet for joining."""

from html import escape

from calsync.demo.draws import draw_digest, draw_integer

_RULED_LINE = "_" * 80


def build_description(notes: str, uid: str, online: str) -> str:
    """The text as in an exported calendar, with lines separated by line feeds."""
    block = {"teams": teams_block, "meet": meet_block}[online](uid) if online else []
    return "\n".join([*notes.splitlines(), *([""] if notes and block else []), *block])


def build_html(notes: str, uid: str, online: str) -> str:
    """The same text as HTML, as Exchange stores it."""
    lines = build_description(notes, uid, online).splitlines()
    body = "".join(f"<div>{escape(line, quote=False) or '<br>'}</div>\r\n" for line in lines)
    head = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
    return f"<html>\r\n<head>\r\n{head}</head>\r\n<body>\r\n{body}</body>\r\n</html>\r\n"


def teams_block(uid: str) -> list[str]:
    """The lines that Teams adds to every invitation."""
    thread, tenant = draw_digest(40, uid, "thread"), draw_digest(32, "tenant")
    teams = "https://teams.microsoft.com.example"
    url = (
        f"{teams}/l/meetup-join/19%3ameeting_{thread}%40thread.v2/0"
        f"?context=%7b%22Tid%22%3a%22{tenant}%22%2c%22Oid%22%3a%22{draw_digest(32, uid, 'caller')}%22%7d"
    )
    first, second, third = (draw_integer(100, 999, uid, index) for index in range(3))
    return [
        _RULED_LINE,
        "Microsoft Teams  Need help?<https://aka.ms.example/JoinTeamsMeeting?omkt=en-GB>",
        f"Join the meeting now<{url}>",
        f"Meeting ID: {first} {second} {third} {draw_integer(10, 99, uid)}",
        f"Passcode: {draw_digest(6, uid, 'pass')}",
        "_" * 32,
        "Dial in by phone",
        f"+44 29 2018 0{draw_integer(100, 999, 'phone')},,{draw_integer(10**8, 10**9 - 1, uid)}# "
        "United Kingdom, Cardiff",
        f"Phone conference ID: {second} {third} {first}#",
        f"For organizers: Meeting options<{teams}/meetingOptions/?id={draw_digest(32, uid)}>",
        _RULED_LINE,
    ]


def meet_block(uid: str) -> list[str]:
    """The lines that Google adds to every invitation."""
    code = draw_digest(10, uid, "meet").translate(str.maketrans("0123456789", "ghijklmnop"))
    bar = "-::~:~::~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~::~:~::-"
    return [
        bar,
        f"Join with Google Meet: https://meet.google.com.example/{code[:3]}-{code[3:7]}-{code[7:]}",
        f"Or dial: (GB) +44 20 7946 0{draw_integer(100, 999, uid)} "
        f"PIN: {draw_integer(10**8, 10**9 - 1, uid, 'pin')}#",
        "",
        "Please do not edit this section.",
        bar,
    ]
