"""The Graph transport against an HTTP server on loopback: the outcome of a mail after each response."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from email.message import EmailMessage

import pytest
import requests
from graph.emulator import Emulator
from graph.faults import always
from graph.replies import Reply
from support.builders import at
from support.mail_servers import free_port

from calsync.errors import (
    MailAuthError,
    MailError,
    MailRefusedError,
    MailUnavailableError,
    MailUnknownError,
    SourceAuthError,
    SourceUnavailableError,
)
from calsync.mail.graph import GraphTransport
from calsync.mail.m365 import M365Transport
from calsync.mail.message import build_message
from calsync.model.people import Language
from calsync.reports.render import RenderedMail
from calsync.sources.m365.options import M365Options

SENDER = "calsync+post@brynfelin.example"


TOKEN = "a-made-up-token"
DATE = "Mon, 02 Nov 2026 05:00:00 GMT"


def fault(code: str, message: str) -> bytes:
    return f'{{"error": {{"code": "{code}", "message": "{message}"}}}}'.encode()


@contextmanager
def graph(status: int, body: bytes = b"", **headers: str) -> Iterator[Emulator]:
    """A server that answers every request about the sender's mailbox so; 202 takes the mail, 0 is silent."""
    with Emulator() as server:
        server.accept(TOKEN)
        server.set_events(SENDER)
        if status != 202:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            reply = Reply(status, body, {"Date": DATE, **named}, conduct="" if status else "hang")
            server.inject_fault(SENDER, always(reply), times=None)
        yield server


def post(url: str, body: str, headers: Mapping[str, str]) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        authorized = {**headers, "Authorization": f"Bearer {TOKEN}"}
        return session.post(url, data=body, headers=authorized, timeout=0.4)


def mail() -> EmailMessage:
    rendered = RenderedMail("Oriau: ŵ", "Siân\n", "<p>Siân</p>", Language.CY)
    return build_message(
        rendered, sender=SENDER, recipient="sian@x.example", message_id="<1@x.example>", date=at("05:00")
    )


def send(server: Emulator) -> None:
    GraphTransport(post, graph_root=server.root, sender=SENDER).send(mail())


def test_the_mail_is_posted_as_base64_to_the_senders_mailbox() -> None:
    with graph(202) as server:
        send(server)
    (request,) = server.requests
    assert request.path == "/v1.0/users/calsync%2Bpost%40brynfelin.example/sendMail"
    assert request.headers["content-type"] == "text/plain"
    assert base64.b64decode(request.body, validate=True) == mail().as_bytes()


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("120", 120),
        ("Mon, 02 Nov 2026 05:10:00 GMT", 600),
        ("Sun, 01 Nov 2026 05:00:00 GMT", 0),
        ("soon", 60),
        ("", 60),
    ],
)
def test_the_delay_requested_by_a_busy_server_is_in_the_error(retry_after: str, seconds: float) -> None:
    body = fault("ApplicationThrottled", "over its MailboxConcurrency limit.")
    with graph(429, body, Retry_After=retry_after) as server, pytest.raises(MailUnavailableError) as caught:
        send(server)
    assert caught.value.retry_after == seconds
    assert "ApplicationThrottled" in caught.value.what


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_leaves_the_outcome_unknown(status: int) -> None:
    with graph(status, b"<html>gateway</html>") as server, pytest.raises(MailUnknownError, match=str(status)):
        send(server)
    assert len(server.requests) == 1


def test_a_timeout_leaves_the_outcome_unknown() -> None:
    with graph(0) as server, pytest.raises(MailUnknownError, match="ReadTimeout"):
        send(server)


def test_an_unexpected_status_leaves_the_outcome_unknown() -> None:
    with graph(200, b"<html>sign in</html>") as server, pytest.raises(MailUnknownError, match="200"):
        send(server)


@pytest.mark.parametrize(
    ("status", "hint"), [(401, "certificate"), (403, r"Mail\.Send.*RBAC"), (404, "mailbox of this tenant")]
)
def test_a_status_that_stops_every_mail_raises_with_a_hint(status: int, hint: str) -> None:
    body = fault("ErrorAccessDenied", "Access is denied.")
    with graph(status, body) as server, pytest.raises(MailAuthError, match=hint) as caught:
        send(server)
    assert f"{status} ErrorAccessDenied: Access is denied." in caught.value.what


@pytest.mark.parametrize(
    "body", [fault("ErrorInvalidRecipients", "no"), b'{"error": "text"}', b"[]", b"", b"<p>"]
)
def test_status_400_refuses_the_mail_with_any_body(body: bytes) -> None:
    with graph(400, body) as server, pytest.raises(MailRefusedError, match="400"):
        send(server)


def test_a_raised_http_error_is_treated_like_a_returned_response() -> None:
    def strict(url: str, body: str, headers: Mapping[str, str]) -> requests.Response:
        response = post(url, body, headers)
        response.raise_for_status()
        return response

    with graph(403, fault("ErrorAccessDenied", "Access is denied.")) as server:
        transport = GraphTransport(strict, graph_root=server.root, sender=SENDER)
        with pytest.raises(MailAuthError, match=r"Mail\.Send"):
            transport.send(mail())


def test_a_refused_connection_makes_the_mail_unavailable() -> None:
    transport = GraphTransport(post, graph_root=f"http://127.0.0.1:{free_port()}/", sender=SENDER)
    with pytest.raises(MailUnavailableError, match="cannot be reached") as caught:
        transport.send(mail())
    assert not caught.value.is_server_reached
    transport.close()


def test_a_timeout_at_connecting_makes_the_mail_unavailable() -> None:
    def never(url: str, body: str, headers: Mapping[str, str]) -> requests.Response:
        raise requests.ConnectTimeout("timed out")

    with pytest.raises(MailUnavailableError):
        GraphTransport(never, graph_root="http://x.example/", sender=SENDER).send(mail())


def test_a_failed_sign_in_stops_the_batch() -> None:
    def locked(url: str, body: str, headers: Mapping[str, str]) -> requests.Response:
        raise SourceAuthError("m365", "the certificate has expired", "renew it")

    with pytest.raises(MailAuthError, match=r"expired.*renew it"):
        GraphTransport(locked, graph_root="http://x.example/", sender=SENDER).send(mail())


def test_an_unavailable_source_leaves_the_outcome_unknown() -> None:
    def vague(url: str, body: str, headers: Mapping[str, str]) -> requests.Response:
        raise SourceUnavailableError("m365", "reset")

    with pytest.raises(MailUnknownError, match="reset"):
        GraphTransport(vague, graph_root="http://x.example/", sender=SENDER).send(mail())


def m365(root: str, monkeypatch: pytest.MonkeyPatch) -> M365Transport:
    monkeypatch.setenv("MADE_UP_TOKEN", TOKEN)
    options = M365Options(token_env="MADE_UP_TOKEN", graph_root=root, read_seconds=0.4)
    return M365Transport(options, sender=SENDER)


def send_error(transport: M365Transport) -> MailError | None:
    try:
        transport.send(mail())
    except MailError as error:
        return error
    return None


def test_mails_are_sent_through_the_connection_of_the_application(monkeypatch: pytest.MonkeyPatch) -> None:
    with graph(202) as server, closing(m365(server.root, monkeypatch)) as transport:
        transport.send(mail())
        transport.send(mail())
    assert [request.token for request in server.requests] == [TOKEN, TOKEN]
    request = server.requests[0]
    assert request.path == "/v1.0/users/calsync%2Bpost%40brynfelin.example/sendMail"
    assert request.headers["content-type"] == "text/plain"
    assert base64.b64decode(request.body, validate=True) == mail().as_bytes()


def test_without_a_token_no_request_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    with graph(202) as server, closing(m365(server.root, monkeypatch)) as transport:
        monkeypatch.setenv("MADE_UP_TOKEN", "")
        error_of_send = send_error(transport)
    assert "holds no token" in str(error_of_send)
    assert server.requests == []


def test_a_rejected_token_stops_the_batch_and_is_not_in_the_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with graph(401) as server, closing(m365(server.root, monkeypatch)) as transport:
        error_of_send = send_error(transport)
    assert isinstance(error_of_send, MailAuthError)
    assert "rejects the token" in error_of_send.what
    assert TOKEN not in str(error_of_send)


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, MailAuthError), (429, MailUnavailableError), (503, MailUnknownError), (0, MailUnknownError)],
)
def test_the_connection_of_the_application_repeats_no_mail(
    status: int, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    with graph(status) as server, closing(m365(server.root, monkeypatch)) as transport:
        error_of_send = send_error(transport)
    assert (type(error_of_send), len(server.requests)) == (error, 1)
