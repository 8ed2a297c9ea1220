"""A night's mails through a real SMTP server that demands STARTTLS and a login: each once."""

import ssl

import pytest
import trustme
from support.mail_servers import PASSWORD, USER, ScriptedHandler, smtp_server
from support.night_council import NIGHT, run_test_night, stored_tables, vcalendar, vevent, write_council

from calsync.errors import ConfigError

pytestmark = pytest.mark.slow

PSB = vcalendar(vevent("psb", "20261109T100000Z", "20261109T120000Z", "SUMMARY:PSB: terms of reference"))
CALENDARS = {"ana": PSB, "ben": PSB, "cai": PSB}


@pytest.fixture
def authority(tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return authority


@pytest.fixture
def tls(authority) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return context


def write_mail_council(folder, port: int):
    mail = (
        f'[mail]\ntransport = "smtp"\nhost = "localhost"\nport = {port}\nsender = "calsync@localhost"\n'
        f'username = "{USER}"\npassword_env = "MAIL_PASSWORD"\nca_file = "ca.pem"\n'
    )
    return write_council(folder, CALENDARS, more=mail)


def test_every_manager_gets_one_mail_however_often_the_night_runs(tmp_path, tls, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    handler = ScriptedHandler()
    with smtp_server(handler, tls) as port:
        config = write_mail_council(tmp_path, port)
        assert [run_test_night(config).counts["mails"] for _ in range(2)] == [3, 0]
    assert sorted(to for envelope in handler.accepted for to in envelope.rcpt_tos) == [
        f"{name}@brynfelin.gov.wales.example" for name in sorted(CALENDARS)
    ]


def test_a_rejected_recipient_is_named_and_the_others_get_their_mails(tmp_path, tls, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    handler = ScriptedHandler(recipient_replies={"ben@brynfelin.gov.wales.example": "550 no such user"})
    with smtp_server(handler, tls) as port:
        report = run_test_night(write_mail_council(tmp_path, port))
    assert report.counts["mails"] == 2
    (fault,) = report.faults
    assert "ben" in fault.where


def test_a_wrong_password_stops_the_mails_but_not_the_night(tmp_path, tls, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "wrong")
    with smtp_server(ScriptedHandler(), tls) as port:
        config = write_mail_council(tmp_path, port)
        report = run_test_night(config)
    assert report.counts["calendars"] == 3
    assert len(report.faults) == 1
    assert "wrong" not in str(report.faults[0])
    assert len(stored_tables(config, ("outbox",))["outbox"]) == 3


def test_a_missing_password_variable_is_reported_before_the_night(tmp_path, tls, monkeypatch):
    monkeypatch.delenv("MAIL_PASSWORD", raising=False)
    with pytest.raises(ConfigError, match="MAIL_PASSWORD"):
        run_test_night(write_mail_council(tmp_path, 25), NIGHT)
