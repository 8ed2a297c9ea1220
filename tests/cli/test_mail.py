"""`calsync mail`: a stuck mail can be listed, sent again or closed, and the store records by whom."""

import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from datetime import datetime
from pathlib import Path

import pytest
from support.mail_servers import ScriptedHandler, smtp_server
from support.night_council import (
    LONDON,
    NIGHT,
    run_test_night,
    stored_tables,
    vcalendar,
    vevent,
    write_council,
)
from typer.testing import CliRunner

from calsync.cli import app, main

pytestmark = pytest.mark.slow

PSB = vcalendar(vevent("psb", "20261109T100000Z", "20261109T120000Z", "SUMMARY:PSB: terms of reference"))


def calsync(*words: object) -> subprocess.CompletedProcess:
    """The command, its exit code and its output, in this process: a new one takes seconds to start."""
    command = ["calsync", *map(str, words)]
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", command)
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
    return subprocess.CompletedProcess(command, code, out.getvalue(), err.getvalue())


def mailing(folder: Path, port: int, names=("ana", "ben")) -> Path:
    mail = (
        f'[mail]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
        'sender = "calsync@brynfelin.example"\ntimeout = 2\n'
    )
    return write_council(folder, dict.fromkeys(names, PSB), more=mail)


def listed(config: Path, *words: str) -> list[dict]:
    given = calsync("mail", "list", "--format", "json", *words, "--config", config)
    assert given.returncode == 0, given.stderr
    return json.loads(given.stdout)


def stuck(config: Path, state: str) -> dict:
    return next(mail for mail in listed(config) if mail["state"] == state)


@pytest.fixture
def unknown(tmp_path):
    """A council in which ana's mail is unknown and ben's was sent, and the server that took both."""
    handler = ScriptedHandler(data_replies=["drop"])
    with smtp_server(handler) as port:
        config = mailing(tmp_path, port)
        run_test_night(config)
        yield config, handler


def test_mails_are_listed_with_ids_short_enough_to_type(unknown):
    config, _ = unknown
    assert {(mail["state"], len(mail["id"])) for mail in listed(config)} == {("unknown", 8), ("sent", 8)}
    given = calsync("mail", "list", "--state", "unknown", "--config", config)
    assert stuck(config, "unknown")["id"] in given.stdout
    assert "summary/ana/weekly/2026-11-09 to ana@" in given.stdout
    assert "ben" not in given.stdout


@pytest.mark.parametrize("how", ["id", "half", "name", "short name"])
def test_an_unknown_mail_is_closed_as_sent_and_never_sent_again(unknown, how):
    config, handler = unknown
    mail = stuck(config, "unknown")
    words = {
        "id": mail["id"],
        "half": mail["id"][:4],
        "name": "summary/ana/weekly/2026-11-09",
        "short name": "ana",
    }
    given = calsync("mail", "resolve", words[how], "--sent", "--by", "Alys Puw", "--config", config)
    assert given.returncode == 0, given.stderr
    (after,) = [m for m in listed(config) if m["mail_id"] == mail["mail_id"]]
    assert (after["state"], after["overdue"]) == ("sent", False)
    (action,) = after["actions"]
    assert (action["by"], action["before"]) == ("Alys Puw", "unknown") and action["at"]
    run_test_night(config, NIGHT)
    assert len(handler.accepted) == 2


def test_status_is_red_for_an_unknown_mail_and_green_when_it_is_closed(tmp_path, monkeypatch):
    monkeypatch.setattr("calsync.cli.status.now", lambda: datetime(2026, 11, 16, 5, tzinfo=LONDON))
    with smtp_server(ScriptedHandler(data_replies=["drop"])) as port:
        config = mailing(tmp_path, port)
        run_test_night(config)
    red = CliRunner().invoke(app, ["status", "--config", str(config)])
    assert red.exit_code == 1 and "is unknown" in red.output and "calsync mail resolve" in red.output
    assert calsync("mail", "resolve", "ana", "--dropped", "--config", config).returncode == 0
    green = CliRunner().invoke(app, ["status", "--config", str(config)])
    assert green.exit_code == 0, green.output


def test_a_dropped_mail_is_not_sent_and_not_built_again(unknown):
    config, handler = unknown
    assert calsync("mail", "resolve", "ana", "--dropped", "--config", config).returncode == 0
    run_test_night(config, NIGHT)
    assert len(handler.accepted) == 2
    assert stuck(config, "dropped")["recipient"].startswith("ana@")


def test_an_unknown_mail_is_sent_again_at_once_by_resend(unknown):
    config, handler = unknown
    given = calsync("mail", "resend", stuck(config, "unknown")["id"], "--config", config)
    assert (given.returncode, "sent" in given.stdout) == (0, True), given.stderr
    assert [e.rcpt_tos[0].split("@")[0] for e in handler.accepted] == ["ana", "ben", "ana"]
    first, _, again = (envelope.content for envelope in handler.accepted)
    assert first == again
    assert calsync("mail", "resend", "ana", "--config", config).returncode == 2


def test_a_failed_mail_is_sent_again_after_its_cause_is_fixed(tmp_path):
    handler = ScriptedHandler(recipient_replies={"ana@brynfelin.gov.wales.example": "550 no such user"})
    with smtp_server(handler) as port:
        config = mailing(tmp_path, port, names=("ana",))
        run_test_night(config)
        refused = calsync("mail", "resend", "ana", "--config", config)
        assert refused.returncode == 1 and "no such user" in refused.stderr
        handler.recipient_replies.clear()
        assert calsync("mail", "resend", "ana", "--config", config).returncode == 0
    assert len(handler.accepted) == 1
    assert [action["action"] for action in listed(config)[0]["actions"]] == ["resend", "resend"]


def test_a_mail_that_was_sent_is_sent_again_only_with_yes(unknown):
    config, handler = unknown
    refused = calsync("mail", "resend", "ben", "--config", config)
    assert refused.returncode == 2 and "--yes" in refused.stderr and "was sent on" in refused.stderr
    assert len(handler.accepted) == 2
    assert calsync("mail", "resend", "ben", "--yes", "--config", config).returncode == 0
    assert len(handler.accepted) == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("resolve", "zzzz", "--sent"), "there is no such mail"),
        (("resend", "zzzz"), "there is no such mail"),
        (("resend", ""), "there is no such mail"),
        (("resolve", "summary/", "--sent"), "is the beginning of the ids of 2 mails"),
        (("resolve", "ana"), "--sent or --dropped"),
        (("resolve", "ana", "--sent", "--dropped"), "--sent or --dropped"),
        (("resolve", "ben", "--sent"), "was sent on"),
    ],
)
def test_an_impossible_action_ends_with_2_and_a_hint(unknown, words, message):
    config, _ = unknown
    given = calsync("mail", *words, "--config", config)
    assert given.returncode == 2, given.stdout
    assert message in " ".join(given.stderr.replace("│", " ").split())
    assert "Traceback" not in given.stderr


def test_an_ambiguous_id_is_an_error_that_lists_the_matching_ids(unknown):
    config, _ = unknown
    given = calsync("mail", "resend", "summary/", "--config", config)
    for mail in listed(config):
        assert mail["id"] in given.stderr


def test_a_server_that_is_still_down_leaves_the_mail_waiting(tmp_path):
    with smtp_server(ScriptedHandler(data_replies=["drop"])) as port:
        config = mailing(tmp_path, port, names=("ana",))
        run_test_night(config)
    given = calsync("mail", "resend", "ana", "--config", config)
    assert given.returncode == 1
    assert "cannot be reached" in given.stderr and "pending" in given.stdout


def test_no_control_character_reaches_the_terminal(tmp_path):
    handler = ScriptedHandler(
        recipient_replies={"ana@brynfelin.gov.wales.example": "550 \x1b[31mred\x07 \u202edne"}
    )
    with smtp_server(handler) as port:
        config = mailing(tmp_path, port, names=("ana",))
        run_test_night(config)
    for words in (("mail", "list"), ("mail", "list", "--format", "json"), ("status",)):
        given = calsync(*words, "--config", config)
        assert "red" in given.stdout
        assert not {c for c in given.stdout if not c.isprintable() and c != "\n"}


def test_an_empty_outbox_prints_no_mails(tmp_path):
    config = write_council(tmp_path, {"ana": PSB}, summary="none")
    assert "No mails" in calsync("mail", "list", "--config", config).stdout
    assert stored_tables(config, ("mail_actions",)) == {"mail_actions": []}
