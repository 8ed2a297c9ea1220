"""The SMTP transport against a real server: the outcome of a mail after each reply or lost connection."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
import trustme
from support.builders import at
from support.mail_servers import PASSWORD, USER, ScriptedHandler, free_port, smtp_server

from calsync.errors import (
    MailAuthError,
    MailRefusedError,
    MailUnavailableError,
    MailUnknownError,
)
from calsync.mail.message import build_message
from calsync.mail.smtp import SmtpTransport
from calsync.model.people import Language
from calsync.reports.render import RenderedMail

Secure = Callable[..., None]
TEXT = "Siân,\n.\n..two\n.end\n"


def mail(recipient: str = "sian@x.example", text: str = TEXT) -> EmailMessage:
    rendered = RenderedMail("Oriau: ŵ", text, "<p>.</p>", Language.CY)
    return build_message(
        rendered,
        sender="calsync@x.example",
        recipient=recipient,
        message_id="<1@x.example>",
        date=at("05:00"),
    )


@contextmanager
def open_transport(port: int, timeout: float = 5.0) -> Iterator[SmtpTransport]:
    transport = SmtpTransport("127.0.0.1", port, security="none", timeout=timeout)
    try:
        yield transport
    finally:
        transport.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path / "ca.pem"


@pytest.fixture
def send_securely(ca_file: Path) -> Secure:
    """Send a mail with the correct login and authority, unless a test changes them."""

    def send(port: int, **changes: object) -> None:
        values: dict[str, object] = {
            "username": USER,
            "password": PASSWORD,
            "ca_file": ca_file,
            "timeout": 5.0,
        }
        with closing(SmtpTransport("localhost", port, **{**values, **changes})) as transport:  # type: ignore[arg-type]
            transport.send(mail())

    return send


def test_a_mail_arrives_byte_for_byte() -> None:
    handler = ScriptedHandler()
    with smtp_server(handler) as port, open_transport(port) as transport:
        transport.send(mail())
    (envelope,) = handler.accepted
    assert (envelope.mail_from, envelope.rcpt_tos) == ("calsync@x.example", ["sian@x.example"])
    assert envelope.content == mail().as_bytes()
    assert (
        message_from_bytes(envelope.content, policy=default)
        .get_body(("plain",))
        .get_content()
        .replace("\r\n", "\n")
        == TEXT
    )


def test_several_mails_use_one_connection() -> None:
    handler = ScriptedHandler()
    with smtp_server(handler) as port, open_transport(port) as transport:
        for n in range(5):
            transport.send(mail(f"m{n}@x.example"))
    assert (len(handler.accepted), len(handler.peers)) == (5, 1)


def test_a_mail_is_sent_with_starttls_and_a_login(server_tls: ssl.SSLContext, send_securely: Secure) -> None:
    handler = ScriptedHandler()
    with smtp_server(handler, server_tls) as port:
        send_securely(port)
    assert len(handler.accepted) == 1


def test_a_mail_is_sent_with_tls_from_the_first_byte(
    server_tls: ssl.SSLContext, send_securely: Secure
) -> None:
    handler = ScriptedHandler()
    with smtp_server(handler, ssl_context=server_tls) as port:
        send_securely(port, security="tls", username="")
    assert len(handler.accepted) == 1


def test_a_wrong_password_raises_and_is_not_in_the_message(
    server_tls: ssl.SSLContext, send_securely: Secure
) -> None:
    with (
        smtp_server(ScriptedHandler(), server_tls) as port,
        pytest.raises(MailAuthError, match="535") as caught,
    ):
        send_securely(port, password="wrong-and-secret")
    assert "wrong-and-secret" not in str(caught.value)


def test_a_password_that_is_not_ascii_raises_and_is_not_in_the_message(
    server_tls: ssl.SSLContext, send_securely: Secure
) -> None:
    with (
        smtp_server(ScriptedHandler(), server_tls) as port,
        pytest.raises(MailAuthError, match="ASCII") as caught,
    ):
        send_securely(port, password="tŷ-bach")
    assert "bach" not in str(caught.value)


def test_the_reply_of_a_server_that_needs_a_login_is_in_the_message(
    server_tls: ssl.SSLContext, send_securely: Secure
) -> None:
    with smtp_server(ScriptedHandler(), server_tls) as port, pytest.raises(MailAuthError, match="530"):
        send_securely(port, username="")


def test_without_starttls_on_the_server_nothing_is_sent_in_clear_text(send_securely: Secure) -> None:
    handler = ScriptedHandler()
    with smtp_server(handler) as port, pytest.raises(MailAuthError, match="STARTTLS"):
        send_securely(port)
    assert handler.accepted == []


def test_a_certificate_of_an_unknown_authority_is_not_trusted(
    server_tls: ssl.SSLContext, send_securely: Secure
) -> None:
    handler = ScriptedHandler()
    with (
        smtp_server(handler, server_tls) as port,
        pytest.raises(MailAuthError, match="certificate") as caught,
    ):
        send_securely(port, ca_file=None)
    assert "ca_file" in caught.value.hint
    assert handler.accepted == []


def test_a_missing_certificate_file_is_named_in_the_error(
    server_tls: ssl.SSLContext, send_securely: Secure, tmp_path: Path
) -> None:
    with smtp_server(ScriptedHandler(), server_tls) as port, pytest.raises(MailAuthError, match=r"none\.pem"):
        send_securely(port, ca_file=tmp_path / "none.pem")


def test_an_unknown_recipient_does_not_stop_the_other_mails() -> None:
    handler = ScriptedHandler(recipient_replies={"gone@x.example": "550 5.1.1 no such user"})
    with smtp_server(handler) as port, open_transport(port) as transport:
        transport.send(mail("a@x.example"))
        with pytest.raises(MailRefusedError, match=r"550 5\.1\.1 no such user"):
            transport.send(mail("gone@x.example"))
        transport.send(mail("b@x.example"))
    assert [envelope.rcpt_tos for envelope in handler.accepted] == [["a@x.example"], ["b@x.example"]]
    assert len(handler.peers) == 1


def test_a_greylisted_mail_is_accepted_at_the_second_attempt() -> None:
    handler = ScriptedHandler(data_replies=["451 4.7.1 try again later"])
    with smtp_server(handler) as port, open_transport(port) as transport:
        with pytest.raises(MailUnavailableError, match="451") as caught:
            transport.send(mail())
        assert caught.value.is_server_reached
        transport.send(mail())
    assert len(handler.accepted) == 1


def test_a_busy_mailbox_makes_the_mail_unavailable() -> None:
    handler = ScriptedHandler(recipient_replies={"sian@x.example": "450 4.2.1 mailbox busy"})
    with (
        smtp_server(handler) as port,
        open_transport(port) as transport,
        pytest.raises(MailUnavailableError, match="450"),
    ):
        transport.send(mail())


def test_a_refusal_after_the_content_refuses_the_mail() -> None:
    with (
        smtp_server(ScriptedHandler(data_replies=["554 5.6.0 spam"])) as port,
        open_transport(port) as transport,
        pytest.raises(MailRefusedError, match="554"),
    ):
        transport.send(mail())


@pytest.mark.parametrize(
    "reply", ["550 5.7.60 cannot send as this sender", "553 sender not owned", "530 5.7.57 log in"]
)
def test_a_refused_sender_raises_an_error_that_stops_the_batch(reply: str) -> None:
    with (
        smtp_server(ScriptedHandler(sender_reply=reply)) as port,
        open_transport(port) as transport,
        pytest.raises(MailAuthError, match=reply[:3]),
    ):
        transport.send(mail())


def test_a_sender_that_exchange_refuses_after_the_content_stops_the_batch() -> None:
    with (
        smtp_server(ScriptedHandler(data_replies=["550 5.7.60 SendAsDenied"])) as port,
        open_transport(port) as transport,
        pytest.raises(MailAuthError, match="SendAsDenied"),
    ):
        transport.send(mail())


def test_a_mail_that_is_too_large_is_refused() -> None:
    with (
        smtp_server(ScriptedHandler(sender_reply="552 5.3.4 too big")) as port,
        open_transport(port) as transport,
        pytest.raises(MailRefusedError, match="552"),
    ):
        transport.send(mail())


@pytest.mark.parametrize("reply", ["200 taken", "251 forwarded", "252 will try", "299 ok"])
def test_every_2xx_reply_after_the_content_means_that_the_mail_is_sent(reply: str) -> None:
    with smtp_server(ScriptedHandler(data_replies=[reply])) as port, open_transport(port) as transport:
        transport.send(mail())


def test_a_recipient_that_the_server_cannot_verify_is_accepted() -> None:
    handler = ScriptedHandler(recipient_replies={"sian@x.example": "252 2.1.5 cannot verify, will try"})
    with smtp_server(handler) as port, open_transport(port) as transport:
        transport.send(mail())


@pytest.mark.parametrize("reply", ["354 go on", "700 what", "999 no"])
def test_an_unexpected_reply_after_the_content_leaves_the_outcome_unknown(
    reply: str,
) -> None:
    with (
        smtp_server(ScriptedHandler(data_replies=[reply])) as port,
        open_transport(port) as transport,
        pytest.raises(MailUnknownError),
    ):
        transport.send(mail())


def test_a_connection_lost_after_the_final_dot_leaves_the_outcome_unknown() -> None:
    handler = ScriptedHandler(data_replies=["drop"])
    with smtp_server(handler) as port, open_transport(port) as transport:
        with pytest.raises(MailUnknownError):
            transport.send(mail("a@x.example"))
        transport.send(mail("b@x.example"))
    assert [envelope.rcpt_tos for envelope in handler.accepted] == [["a@x.example"], ["b@x.example"]]


def test_a_timeout_after_the_final_dot_leaves_the_outcome_unknown() -> None:
    with (
        smtp_server(ScriptedHandler(data_replies=["hang"])) as port,
        open_transport(port, timeout=0.3) as transport,
        pytest.raises(MailUnknownError),
    ):
        transport.send(mail())


def test_an_unreachable_server_is_reported_as_not_reached() -> None:
    with (
        open_transport(free_port()) as transport,
        pytest.raises(MailUnavailableError, match="cannot be reached") as caught,
    ):
        transport.send(mail())
    assert not caught.value.is_server_reached


@contextmanager
def raw_server(*script: bytes | None) -> Iterator[int]:
    """Send each line in turn, and read a line after each; None or the end closes the connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            for reply in script:
                if reply is None:
                    return
                connection.sendall(reply)
                lines.readline()
            done.wait(2)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        done.set()
        thread.join()
        listener.close()


def test_a_server_without_a_greeting_times_out() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    with (
        listener,
        open_transport(port, 0.3) as transport,
        pytest.raises(MailUnavailableError, match="reached"),
    ):
        transport.send(mail())


def test_a_permanent_refusal_at_connecting_stops_the_batch() -> None:
    with (
        raw_server(b"554 no service here\r\n") as port,
        open_transport(port) as transport,
        pytest.raises(MailAuthError, match="refuses this machine: 554"),
    ):
        transport.send(mail())


def test_a_temporary_refusal_at_connecting_is_retried_later() -> None:
    with (
        raw_server(b"421 try later\r\n") as port,
        open_transport(port) as transport,
        pytest.raises(MailUnavailableError, match="421"),
    ):
        transport.send(mail())


def test_a_connection_lost_before_the_content_makes_the_mail_unavailable() -> None:
    script = (b"220 hello\r\n", b"250 hello\r\n", b"250 sender\r\n", b"250 recipient\r\n", None)
    with (
        raw_server(*script) as port,
        open_transport(port) as transport,
        pytest.raises(MailUnavailableError, match="was lost"),
    ):
        transport.send(mail())


def test_a_connection_closed_between_two_mails_is_opened_again() -> None:
    handler = ScriptedHandler()
    with smtp_server(handler) as port, open_transport(port) as transport:
        transport.send(mail("a@x.example"))
        assert transport._client is not None
        transport._client.sock.shutdown(socket.SHUT_RDWR)
        transport.send(mail("b@x.example"))
    assert (len(handler.accepted), len(handler.peers)) == (2, 2)
