"""Sends mail by SMTP (RFC 5321): one connection for many mails, and one outcome for each.

The commands of a mail are sent separately, because the meaning of a lost connection depends on the command:
before the final dot the mail was not sent, after it the outcome is unknown.
"""

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Literal, NoReturn

from calsync.errors import MailAuthError, MailError, MailRefusedError, MailUnavailableError, MailUnknownError
from calsync.mail.message import MAIL_POLICY, parse_mail_address

Security = Literal["starttls", "tls", "none"]

_AUTH_CODES = frozenset({530, 534, 535, 538})
# Exchange and others refuse a sender or a login with 550; only the enhanced code (RFC 3463) shows it.
_AUTH_DETAIL = re.compile(r"^5\.7\.(?:8|9|57|60|139)\b")
_SHUTTING_DOWN = 421
_MESSAGE_TOO_LARGE = 552


class SmtpTransport:
    """Sends through an SMTP server; connects at the first mail, and again after a lost connection.

    security: "starttls" (without fallback to clear text), "tls" from the first byte, or "none".
    timeout: seconds for each command. ca_file: the certificate of a private authority of the server's
    certificate.
    """

    repeatable = False

    def __init__(
        self,
        host: str,
        port: int,
        *,
        security: Security = "starttls",
        username: str = "",
        password: str = "",
        timeout: float = 30.0,
        ca_file: Path | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self._security = security
        self._login = (username, password)
        self._timeout = timeout
        self._ca_file = ca_file
        self._client: smtplib.SMTP | None = None

    def send(self, message: EmailMessage) -> None:
        """Send the mail; see `Transport.send` for the exceptions."""
        recipient = parse_mail_address(str(message["To"]))
        client = self._connected_client(recipient)
        try:
            self._send_envelope(client, parse_mail_address(str(message["From"])), recipient)
            self._send_content(client, message.as_bytes(policy=MAIL_POLICY), recipient)
        except MailError:
            self._reset()
            raise

    def check(self) -> None:
        """Connect and log in without sending; raises the same MailErrors as `send` up to there."""
        self._connected_client("")

    def close(self) -> None:
        """End the session and close the connection."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(smtplib.SMTPException, OSError):
                client.quit()
            client.close()

    def _connected_client(self, recipient: str) -> smtplib.SMTP:
        if self._client is not None and self._is_alive(self._client):
            return self._client
        self.close()
        self._client = self._connect(recipient)
        return self._client

    @staticmethod
    def _is_alive(client: smtplib.SMTP) -> bool:
        try:
            return client.noop()[0] == 250
        except (smtplib.SMTPException, OSError):
            return False

    def _reset(self) -> None:
        """Reset the session for the next mail; close the connection if that fails."""
        if self._client is not None:
            try:
                is_reset = self._client.rset()[0] == 250
            except (smtplib.SMTPException, OSError):
                is_reset = False
            if not is_reset:
                self._client.close()
                self._client = None

    def _connect(self, recipient: str) -> smtplib.SMTP:
        where = f"{self.host}:{self.port}"
        client: smtplib.SMTP | None = None
        try:
            with _translate_connect_errors(recipient, where):
                client = self._open(recipient)
                if self._security == "starttls":
                    client.starttls(context=self._tls_context(recipient))
                    client.ehlo()
                if self._login[0]:
                    client.login(*self._login)
                return client
        except MailError:
            if client is not None:
                client.close()
            raise

    def _open(self, recipient: str) -> smtplib.SMTP:
        if self._security == "tls":
            context = self._tls_context(recipient)
            return smtplib.SMTP_SSL(self.host, self.port, timeout=self._timeout, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=self._timeout)

    def _tls_context(self, recipient: str) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=str(self._ca_file) if self._ca_file else None)
        except OSError as error:
            what = f"the certificates in {self._ca_file} cannot be read: {_error_text(error)}"
            raise MailAuthError(recipient, what, "ca_file under [mail] names a PEM file") from error

    def _send_envelope(self, client: smtplib.SMTP, sender: str, recipient: str) -> None:
        with _translate_lost_connection(recipient, self.host):
            client.ehlo_or_helo_if_needed()
            code, reply = client.mail(sender)
            if not _is_positive_reply(code):
                _raise_for_reply(
                    recipient, code, reply, is_sender_refused=code >= 500 and code != _MESSAGE_TOO_LARGE
                )
            code, reply = client.rcpt(recipient)
            if not _is_positive_reply(code):
                _raise_for_reply(recipient, code, reply)
            code, reply = client.docmd("DATA")
            if code != 354:
                _raise_for_reply(recipient, code, reply)

    def _send_content(self, client: smtplib.SMTP, mime: bytes, recipient: str) -> None:
        with _translate_lost_connection(recipient, self.host):
            client.send(_double_leading_dots(mime))
        try:
            client.send(b".\r\n")
            code, reply = client.getreply()
        except (smtplib.SMTPException, OSError) as error:
            _raise_unknown(recipient, self.host, error)
        if _is_positive_reply(code):
            return
        if not 400 <= code < 600:
            _raise_unknown(recipient, self.host, None)
        _raise_for_reply(recipient, code, reply)


def _is_positive_reply(code: int) -> bool:
    """Whether a reply is positive, by its first digit (RFC 5321, 4.2.1): servers have codes of their own."""
    return 200 <= code < 300


def _double_leading_dots(mime: bytes) -> bytes:
    """The mail with leading dots doubled (RFC 5321, 4.5.2) and a line end at its end."""
    lines = re.sub(rb"(?m)^\.", b"..", mime)
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


def _raise_for_reply(recipient: str, code: int, reply: bytes, *, is_sender_refused: bool = False) -> NoReturn:
    reply_text = " ".join(reply.decode("utf-8", "replace").split())[:200]
    if code in _AUTH_CODES or _AUTH_DETAIL.match(reply_text) or is_sender_refused:
        raise MailAuthError(
            recipient,
            f"the mail server accepts no mail of this account: {code} {reply_text}",
            "check username, password and sender under [mail], and whether the account may use this sender",
        )
    if 500 <= code < 600:
        raise MailRefusedError(
            recipient, f"refused: {code} {reply_text}", "check the address in managers.csv"
        )
    # 421: the server is shutting down.
    raise MailUnavailableError(
        recipient, f"not taken now: {code} {reply_text}", is_server_reached=code != _SHUTTING_DOWN
    )


def _raise_unknown(recipient: str, host: str, error: Exception | None) -> NoReturn:
    raise MailUnknownError(
        recipient,
        f"it is unknown whether {host} accepted the mail",
        "it is not sent again automatically; ask the recipient, or look in the server's log",
    ) from error


@contextmanager
def _translate_lost_connection(recipient: str, host: str) -> Iterator[None]:
    """Raise MailUnavailableError if the connection is lost; only for commands before the final dot."""
    try:
        yield
    except (smtplib.SMTPException, OSError) as error:
        raise MailUnavailableError(
            recipient, f"the connection to {host} was lost: {_error_text(error)}"
        ) from error


@contextmanager
def _translate_connect_errors(recipient: str, where: str) -> Iterator[None]:
    """Raise a MailError, with a message for operators, for errors between connecting and the login."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        # A wrong password is permanent; 454 is a temporary failure of the server.
        _raise_for_reply(
            recipient, error.smtp_code, _reply_bytes(error), is_sender_refused=error.smtp_code >= 500
        )
    except smtplib.SMTPNotSupportedError as error:
        hint = "set security under [mail] to what the server offers (starttls, tls, none); check the port"
        raise MailAuthError(recipient, f"{where} does not support the request: {error}", hint) from error
    except smtplib.SMTPResponseException as error:
        _raise_for_connect_reply(recipient, where, error)
    except ssl.SSLCertVerificationError as error:
        hint = "set ca_file under [mail] to the authority's certificate, or host to the certificate's name"
        what = f"the certificate of {where} cannot be trusted: {error.verify_message}"
        raise MailAuthError(recipient, what, hint) from error
    except UnicodeEncodeError:
        what = f"{where} needs a login, and username or password has a character that is not ASCII"
        raise MailAuthError(recipient, what, "set a password of ASCII characters for this account") from None
    except (smtplib.SMTPException, OSError) as error:
        what = f"{where} cannot be reached: {_error_text(error)}"
        hint = "check host, port and security under [mail], and the firewall"
        raise MailUnavailableError(recipient, what, hint, is_server_reached=False) from error


def _raise_for_connect_reply(recipient: str, where: str, error: smtplib.SMTPResponseException) -> NoReturn:
    reply = _reply_bytes(error).decode("utf-8", "replace")
    what = f"{where} refuses this machine: {error.smtp_code} {reply}"
    if error.smtp_code >= 500:
        raise MailAuthError(recipient, what, "ask its operator whether this machine may send") from error
    raise MailUnavailableError(recipient, what, is_server_reached=False) from error


def _reply_bytes(error: smtplib.SMTPResponseException) -> bytes:
    reply = error.smtp_error
    return reply if isinstance(reply, bytes) else str(reply).encode()


def _error_text(error: Exception) -> str:
    return str(error) or type(error).__name__
