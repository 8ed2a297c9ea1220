"""Stored meetings stay while they are unread, and no output has a secret."""

import sqlite3
from datetime import date, timedelta
from pathlib import Path

import pytest
from support.night_council import NIGHT, run_test_night, vcalendar, vevent
from support.web_server import Page, WebServer, web_server
from typer.testing import CliRunner

from calsync.cli import app

pytestmark = pytest.mark.slow

HEAD = '<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">'
KIND = "<d:resourcetype><d:collection/><c:calendar/></d:resourcetype>"
PATH = "/cal/"
TITLES = "select title from meetings order by title"


def response(href: str, inside: str) -> str:
    status = "<d:status>HTTP/1.1 200 OK</d:status>"
    propstat = f"<d:propstat><d:prop>{inside}</d:prop>{status}</d:propstat>"
    return f"<d:response><d:href>{href}</d:href>{propstat}</d:response>"


def multistatus(*parts: str, token: str = "") -> Page:
    return Page(f"{HEAD}{''.join(parts)}<d:sync-token>{token}</d:sync-token></d:multistatus>".encode(), 207)


def resource(name: str) -> str:
    text = vcalendar(vevent(name, "20261117T090000Z", "20261117T100000Z", f"SUMMARY:{name}")).decode()
    return response(f"{PATH}{name}.ics", f"<c:calendar-data>{text}</c:calendar-data>")


def set_answers(server: WebServer, listed: str, returned: str, token: str, changes: bool) -> None:
    """Set the pages of one night: properties, changes since a token, the list of resources, and these."""
    listing = multistatus(
        *(response(f"{PATH}{name}.ics", "<d:getetag>1</d:getetag>") for name in listed), token=token
    )
    server.set_pages(
        PATH,
        multistatus(response(PATH, KIND)),
        *[listing] * (1 + changes),
        multistatus(*map(resource, returned)),
    )


def settings(folder: Path, server: WebServer) -> Path:
    config = folder / "calsync.toml"
    config.write_text(
        '[organisation]\nname = "B"\ndomains = ["b.example"]\n[privacy]\ntitles = "all"\n'
        f'[sources.dav]\ntype = "caldav"\nurl = "{server.url("/")}"\nattempts = 1\n'
    )
    (folder / "managers.csv").write_text(f"id,email,source,calendar\nk1,o@b.example,dav,{PATH}\n")
    return config


def stored_uids(config: Path) -> list[str]:
    with sqlite3.connect(config.parent / "calsync.db") as base:
        return [title for (title,) in base.execute(TITLES)]


@pytest.mark.parametrize("later", [0, 1, 7])
def test_meetings_of_an_unread_resource_stay_and_deleted_ones_go(tmp_path: Path, later: int) -> None:
    """Also when the window has moved on, a week later."""
    with web_server() as server:
        config = settings(tmp_path, server)
        set_answers(server, "abc", "abc", "t1", changes=False)
        run_test_night(config)
        assert stored_uids(config) == ["a", "b", "c"]
        set_answers(server, "ab", "a", "t2", changes=later < 7)
        report = run_test_night(config, NIGHT + timedelta(days=later))
        assert stored_uids(config) == ["a", "b"]
        assert any("b.ics" in problem.where for problem in report.faults)


SECRETS = [
    "ana:hunter2hunter2@127.0.0.1/cal.ics",
    "//ana:hunter2hunter2@127.0.0.1/cal.ics",
    "cal.example/private-hunter2hunter2/basic.ics",
    "webcal:ana:hunter2hunter2@cal.example/basic.ics",
    "https://ana:hunter2hunter2@127.0.0.1:9/basic.ics",
    "https://127.0.0.1:9/hunter2hunter2/basic.ics",
    "ftp://ana:hunter2hunter2@127.0.0.1/basic.ics",
    "ana:hunter2hunter2@https://[cal/",
]


@pytest.mark.parametrize("address", SECRETS)
def test_no_output_and_no_stored_text_has_the_secret_of_an_address(
    tmp_path: Path, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    config = tmp_path / "calsync.toml"
    config.write_text(
        '[organisation]\nname = "B"\ndomains = ["b.example"]\n[sources.ics]\ntype = "ics"\nattempts = 1\n'
    )
    (tmp_path / "managers.csv").write_text(f'id,email,source,calendar\nk1,o@b.example,ics,"{address}"\n')
    caplog.set_level("DEBUG")
    report = run_test_night(config, date(2026, 11, 16))
    outputs = [str(problem) for problem in report.problems] + [caplog.text]
    for command in (
        ["check"],
        ["status"],
        ["occurrences", "k1", "--from", "2026-11-02", "--to", "2026-11-09"],
    ):
        outputs.append(CliRunner().invoke(app, [*command, "--config", str(config)]).output)
    arguments = [
        "occurrences",
        address,
        "--from",
        "2026-11-02",
        "--to",
        "2026-11-09",
        "--config",
        str(config),
    ]
    outputs.append(CliRunner().invoke(app, arguments).output)
    assert report.faults
    assert "hunter2" not in "\n".join(outputs)
    assert b"hunter2" not in b"".join(
        "".join(map(repr, row)).encode() for row in _rows(config, "calendars", "nights", "runs")
    )


def _rows(config: Path, *names: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(config.parent / "calsync.db") as base:
        there = {name for (name,) in base.execute("select name from sqlite_master where type = 'table'")}
        return [row for name in there for row in base.execute(f'select * from "{name}"')]


@pytest.mark.parametrize("url", ["https://ana:hunter2hunter2@dav.example/", "ana:hunter2hunter2@dav.example"])
def test_a_password_in_a_url_of_the_settings_is_not_repeated(tmp_path: Path, url: str) -> None:
    config = tmp_path / "calsync.toml"
    config.write_text(
        '[organisation]\nname = "B"\ndomains = ["b.example"]\n[sources.dav]\ntype = "caldav"\n'
        f'url = "{url}"\n'
    )
    (tmp_path / "managers.csv").write_text("id,email,source,calendar\nk1,o@b.example,dav,x/\n")
    outputs = CliRunner().invoke(app, ["check", "--config", str(config)])
    assert "[sources.dav] url" in str(outputs.exception)
    assert "hunter2" not in f"{outputs.output}{outputs.exception}"
