"""Builds a mail from a rendered summary; the same arguments give the same bytes."""

import hashlib
import re
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import EmailPolicy
from email.utils import format_datetime, formataddr, getaddresses, parseaddr
from typing import Any, cast

from calsync.errors import MailRefusedError
from calsync.model.people import Language
from calsync.reports.render import RenderedMail

_UNFOLDED_HEADERS = frozenset({"list-unsubscribe", "list-unsubscribe-post", "message-id"})
_ADDRESS = re.compile(r"[^\s@<>(),;:\"\\\x00-\x1f\x7f]+@[^\s@<>(),;:\"\\\x00-\x1f\x7f]+")
_UNSUBSCRIBE_URL = re.compile(r"(?:https?://|mailto:)[\x21-\x3b\x3d\x3f-\x7e]{3,900}", re.IGNORECASE)
_LANGUAGE_TAGS = {Language.EN: "en", Language.CY: "cy", Language.BOTH: "cy, en"}


class MailPolicy(EmailPolicy):
    """`email.policy.SMTP`, except that it never folds or encodes the headers that mail clients parse.

    The standard policy turns a List-Unsubscribe of more than some sixty characters into an RFC 2047 encoded
    word, which no mail client decodes.
    """

    def fold(self, name: str, value: Any) -> str:
        """The header with its line end."""
        if name.lower() in _UNFOLDED_HEADERS:
            return f"{name}: {' '.join(str(value).split())}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        """The header with its line end, as bytes."""
        if name.lower() in _UNFOLDED_HEADERS:
            return self.fold(name, value).encode("ascii")
        return super().fold_binary(name, value)


# A mail from the outbox is sent unchanged: no header is folded again.
MAIL_POLICY = MailPolicy(linesep="\r\n", refold_source="none")


def build_message_id(mail_id: str, recipient: str, sender: str) -> str:
    """The Message-ID of this mail to this recipient, the same at each attempt: servers can deduplicate."""
    digest = hashlib.sha256(f"{mail_id}|{recipient.casefold()}".encode()).hexdigest()[:40]
    return f"<{digest}@{parse_mail_address(sender).rpartition('@')[2]}>"


def build_message(
    rendered: RenderedMail,
    *,
    sender: str,
    recipient: str,
    message_id: str,
    date: datetime,
    unsubscribe_url: str = "",
) -> EmailMessage:
    """The mail with text and HTML alternatives, in seven-bit lines that every server accepts.

    Args:
        rendered: The subject, text, HTML and language of the summary.
        sender: `Name <address>` or an address.
        recipient: `Name <address>` or an address.
        message_id: From `build_message_id`.
        date: Aware.
        unsubscribe_url: An https or mailto URL, or "" for no unsubscribe header.

    Raises:
        MailRefusedError: sender, recipient or unsubscribe_url is not allowed in a header.
    """
    message = EmailMessage(policy=MAIL_POLICY)
    message["From"] = formataddr((parseaddr(sender)[0], parse_mail_address(sender)))
    message["To"] = parse_mail_address(recipient)
    message["Subject"] = " ".join(rendered.subject.split())
    message["Date"] = format_datetime(date)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    for name, value in _unsubscribe_headers(unsubscribe_url, recipient):
        message[name] = value
    message.set_content(rendered.text, cte="quoted-printable")
    message.add_alternative(rendered.html, subtype="html", cte="quoted-printable")
    # After the content: `set_content` removes every header that begins with "Content-".
    message["Content-Language"] = _LANGUAGE_TAGS[rendered.language]
    message.set_boundary(f"=_{hashlib.sha256(message_id.encode()).hexdigest()[:32]}")
    return message


def parse_message(mime: bytes) -> EmailMessage:
    """The mail from its bytes in the outbox; its `as_bytes` returns the same bytes."""
    return cast(EmailMessage, BytesParser(policy=MAIL_POLICY).parsebytes(mime))


def parse_mail_address(text: str) -> str:
    """The mail address in `Name <a@b>`, with its domain in ASCII.

    Raises:
        MailRefusedError: The text does not contain exactly one address, or one that needs SMTPUTF8.
    """
    addresses = getaddresses([text])
    local, _, domain = addresses[0][1].rpartition("@") if len(addresses) == 1 else ("", "", "")
    with suppress(UnicodeError):
        address = f"{local}@{domain.encode('idna').decode()}"
        if _ADDRESS.fullmatch(address) and address.isascii() and text.isprintable():
            return address
    raise MailRefusedError(
        text, f"{text!r} is not a usable mail address", "correct it in managers.csv, or [mail] sender"
    )


def _unsubscribe_headers(unsubscribe_url: str, recipient: str) -> list[tuple[str, str]]:
    if not unsubscribe_url:
        return []
    if not _UNSUBSCRIBE_URL.fullmatch(unsubscribe_url):
        raise MailRefusedError(
            recipient,
            "[mail] unsubscribe is not a usable address",
            "use an https:// or mailto: address without spaces, at most 900 characters long",
        )
    headers = [("List-Unsubscribe", f"<{unsubscribe_url}>")]
    if unsubscribe_url.lower().startswith("https://"):
        headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return headers
