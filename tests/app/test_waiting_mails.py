"""Mails that a server did not accept at once are tried again between nights, and never sent twice."""

import asyncio
import threading
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from support.mail_servers import ScriptedHandler, free_port, smtp_server
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

from calsync import scheduler
from calsync.app.mails import send_waiting
from calsync.app.wiring import store_url
from calsync.cli import app
from calsync.config.load import load_settings
from calsync.mail.open_mails import OVERDUE_AFTER, is_overdue
from calsync.store.database import open_store
from calsync.store.records import MailState, OutboxEntry

pytestmark = pytest.mark.slow

PSB = vcalendar(vevent("psb", "20261109T100000Z", "20261109T120000Z", "SUMMARY:PSB: terms of reference"))
AT = datetime(2026, 11, 16, 4, 15, tzinfo=LONDON)
ANA = "ana@brynfelin.gov.wales.example"


def write_mail_council(folder: Path, port: int, names=("ana",), timeout: float = 5.0) -> Path:
    mail = (
        f'[mail]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
        f'sender = "calsync@brynfelin.example"\ntimeout = {timeout}\n'
    )
    return write_council(folder, dict.fromkeys(names, PSB), more=mail)


def send_waiting_after(config: Path, minutes: int):
    return send_waiting(load_settings(config), lambda: AT + timedelta(minutes=minutes))


def entries(config: Path) -> list[OutboxEntry]:
    with open_store(store_url(load_settings(config))) as store:
        return store.outbox.entries()


def status(config: Path, monkeypatch, minutes: int):
    monkeypatch.setattr("calsync.cli.status.now", lambda: AT + timedelta(minutes=minutes))
    return CliRunner().invoke(app, ["status", "--config", str(config)])


def test_a_mail_that_failed_temporarily_is_sent_between_nights_when_it_is_due(tmp_path):
    handler = ScriptedHandler(data_replies=["451 greylisted, try later"])
    with smtp_server(handler) as port:
        config = write_mail_council(tmp_path, port)
        report = run_test_night(config)
        assert (report.counts["mails"], report.outcome) == (0, "good")
        assert "it is tried again from 16 November, 04:20" in report.problems[-1].hint
        assert [send_waiting_after(config, minutes).sent for minutes in (4, 5, 6, 60)] == [0, 1, 0, 0]
    assert len(handler.accepted) == 1


def test_every_temporary_failure_doubles_the_wait(tmp_path):
    handler = ScriptedHandler(recipient_replies={ANA: "450 mailbox busy"})
    with smtp_server(handler) as port:
        config = write_mail_council(tmp_path, port)
        run_test_night(config)
        waits = []
        for _ in range(10):
            (mail,) = entries(config)
            waits.append(int((mail.next_at - AT).total_seconds() // 60))
            send_waiting_after(config, waits[-1])
    pauses = [second - first for first, second in pairwise(waits)]
    assert pauses == [10, 20, 40, 80, 160, 320, 640, 1280, 1440]


def test_the_service_sends_a_waiting_mail_when_the_night_is_done(tmp_path, caplog):
    handler = ScriptedHandler(data_replies=["421 shutting down"])
    with smtp_server(handler) as port:
        config = write_mail_council(tmp_path, port)
        for minutes in (0, 4, 5, 6):
            scheduler.run_if_due(config, threading.Event(), lambda m=minutes: AT + timedelta(minutes=m))
    assert len(handler.accepted) == 1
    assert [row[5] for row in stored_tables(config, ("outbox",))["outbox"]] == ["sent"]


def test_the_service_checks_for_due_mails_every_minute(tmp_path):
    handler = ScriptedHandler(data_replies=["451 later"])
    with smtp_server(handler) as port:
        config = write_mail_council(tmp_path, port)
        run_test_night(config)
        clock = [AT]
        mails = scheduler.MailSender(config, threading.Event(), lambda: clock[0], threading.Lock())
        for minute in range(8):
            clock[0] = AT + timedelta(minutes=minute)
            mails.send_if_due()
            assert len(handler.accepted) == (minute >= 5)
    assert scheduler.MAIL_MINUTES == 1


def test_the_service_does_not_send_while_its_night_runs_or_after_it_was_stopped(tmp_path):
    handler = ScriptedHandler(data_replies=["451 later"])
    with smtp_server(handler) as port:
        config = write_mail_council(tmp_path, port)
        run_test_night(config)
        running, stop = threading.Lock(), threading.Event()
        mails = scheduler.MailSender(config, stop, lambda: AT + timedelta(minutes=9), running)
        with running:
            mails.send_if_due()
        stop.set()
        mails.send_if_due()
        assert handler.accepted == []
        stop.clear()
        mails.send_if_due()
        assert len(handler.accepted) == 1


def test_a_server_that_is_down_is_not_tried_every_minute(tmp_path, caplog):
    config = write_mail_council(tmp_path, free_port(), names=("ana", "ben", "cai"))
    run_test_night(config)
    clock = [AT]
    mails = scheduler.MailSender(config, threading.Event(), lambda: clock[0], threading.Lock())
    for minute in range(61):
        clock[0] = AT + timedelta(minutes=minute)
        mails.send_if_due()
    tries = [record for record in caplog.records if "cannot be reached" in record.getMessage()]
    assert len(tries) == 4, "after 0, 5, 15 and 35 minutes"


def test_a_second_run_of_the_same_night_sends_what_is_due(tmp_path):
    handler = ScriptedHandler(data_replies=["451 later"])
    with smtp_server(handler) as port:
        config = write_mail_council(tmp_path, port)
        run_test_night(config)
        assert run_test_night(config, NIGHT).counts["mails"] == 0
        with open_store(store_url(load_settings(config))) as store:
            (entry,) = store.outbox.entries()
            store.outbox.resend(entry, AT, "a test")
        assert run_test_night(config, NIGHT).counts["mails"] == 1
    assert len(handler.accepted) == 1


def test_a_server_that_stops_answering_before_the_mail_is_tried_again(tmp_path):
    async def never_answers(server, session, envelope, address, options):
        await asyncio.sleep(1)
        return "250 OK"

    handler = ScriptedHandler()
    handler.handle_MAIL = never_answers  # type: ignore[method-assign]
    with smtp_server(handler) as port:
        config = write_mail_council(tmp_path, port, timeout=0.3)
        report = run_test_night(config)
        assert [row[5] for row in stored_tables(config, ("outbox",))["outbox"]] == ["pending"]
        assert "lost" in report.problems[-1].what


def test_a_server_that_stops_answering_after_the_mail_leaves_it_unknown(tmp_path, monkeypatch):
    handler = ScriptedHandler(data_replies=["hang"])
    with smtp_server(handler) as port:
        config = write_mail_council(tmp_path, port, timeout=0.3)
        run_test_night(config)
        assert [send_waiting_after(config, minutes).sent for minutes in (5, 2000)] == [0, 0]
    assert len(handler.accepted) == 1
    assert status(config, monkeypatch, 1).exit_code == 1


def test_status_shows_a_waiting_mail_with_its_age_and_next_try_and_is_red_when_overdue(tmp_path, monkeypatch):
    handler = ScriptedHandler(data_replies=["451 4.7.1 greylisted"] * 9)
    with smtp_server(handler) as port:
        config = write_mail_council(tmp_path, port)
        run_test_night(config)
    shown = status(config, monkeypatch, 64)
    assert shown.exit_code == 0, shown.output
    for words in ("is pending, 1 hour old", "tried 1 time,", "next try 2026-11-16 04:20", "greylisted"):
        assert words in shown.output
    late = status(config, monkeypatch, 66)
    assert late.exit_code == 1
    assert "overdue" in late.output and "calsync mail" in late.output


def test_a_mail_is_overdue_an_hour_after_its_next_try_and_when_failed_or_unknown_at_once():
    def entry(state: MailState, lease: datetime | None = None) -> OutboxEntry:
        return OutboxEntry("m", "a@x.example", "s", "<1@x>", state, 1, AT, AT, lease)

    assert not is_overdue(entry(MailState.PENDING), AT + OVERDUE_AFTER)
    assert is_overdue(entry(MailState.PENDING), AT + OVERDUE_AFTER + timedelta(seconds=1))
    assert is_overdue(entry(MailState.FAILED), AT) and is_overdue(entry(MailState.UNKNOWN), AT)
    assert not is_overdue(entry(MailState.SENDING, AT), AT)
    assert is_overdue(entry(MailState.SENDING, AT), AT + timedelta(seconds=1))
    for state in (MailState.SENT, MailState.DROPPED):
        assert not is_overdue(entry(state), AT + timedelta(days=99))
