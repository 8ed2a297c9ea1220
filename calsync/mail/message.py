"""One mail out of a rendered summary: the same bytes whenever it is built from the same words."""

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
    """As `policy.SMTP`, but never wraps or encodes a header that machines read.

    The standard policy turns a List-Unsubscribe of more than some sixty characters into an RFC 2047
    encoded word, which no mail client follows.
    """

    def fold(self, name: str, value: Any) -> str:
        """The header as it is sent, with its line end."""
        if name.lower() in _UNFOLDED_HEADERS:
            return f"{name}: {' '.join(str(value).split())}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        """The header as bytes."""
        if name.lower() in _UNFOLDED_HEADERS:
            return self.fold(name, value).encode("ascii")
        return super().fold_binary(name, value)


# What was frozen in the outbox is sent as it is: no header is wrapped anew.
MAIL_POLICY = MailPolicy(linesep="\r\n", refold_source="none")


def build_message_id(mail_id: str, recipient: str, sender: str) -> str:
    """The Message-ID of this mail to this recipient: the same at every try, so that a receiver can tell."""
    digest = hashlib.sha256(f"{mail_id}|{recipient.casefold()}".encode()).hexdigest()[:40]
    return f"<{digest}@{parse_mail_address(sender).rpartition('@')[2]}>"


def build_message(
    rendered: RenderedMail,
    *,
    sender: str,
    recipient: str,
    message_id: str,
    date: datetime,
    unsubscribe: str = "",
) -> EmailMessage:
    """The mail as text and HTML alternatives, in seven-bit lines that every server takes.

    unsubscribe: an https or mailto address, or "" for none. date: aware. Raises MailRefusedError if
    sender, recipient or unsubscribe cannot stand in a header.
    """
    message = EmailMessage(policy=MAIL_POLICY)
    message["From"] = formataddr((parseaddr(sender)[0], parse_mail_address(sender)))
    message["To"] = parse_mail_address(recipient)
    message["Subject"] = " ".join(rendered.subject.split())
    message["Date"] = format_datetime(date)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    for name, value in _unsubscribe_headers(unsubscribe, recipient):
        message[name] = value
    message.set_content(rendered.text, cte="quoted-printable")
    message.add_alternative(rendered.html, subtype="html", cte="quoted-printable")
    # Only now: setting the content would drop every header that begins with "Content-".
    message["Content-Language"] = _LANGUAGE_TAGS[rendered.language]
    message.set_boundary(f"=_{hashlib.sha256(message_id.encode()).hexdigest()[:32]}")
    return message


def parse_message(mime: bytes) -> EmailMessage:
    """The mail that was frozen in the outbox; sent again, it has the same bytes."""
    return cast(EmailMessage, BytesParser(policy=MAIL_POLICY).parsebytes(mime))


def parse_mail_address(text: str) -> str:
    """The bare mail address in `Name <a@b>`, its domain in ASCII.

    Raises MailRefusedError if there is not exactly one, or one that plain mail cannot carry.
    """
    addresses = getaddresses([text])
    local, _, domain = addresses[0][1].rpartition("@") if len(addresses) == 1 else ("", "", "")
    with suppress(UnicodeError):
        address = f"{local}@{domain.encode('idna').decode()}"
        if _ADDRESS.fullmatch(address) and address.isascii() and text.isprintable():
            return address
    raise MailRefusedError(
        text, f"{text!r} is no mail address that can be used", "correct it in managers.csv, or [mail] sender"
    )


def _unsubscribe_headers(unsubscribe: str, recipient: str) -> list[tuple[str, str]]:
    if not unsubscribe:
        return []
    if not _UNSUBSCRIBE_URL.fullmatch(unsubscribe):
        raise MailRefusedError(
            recipient,
            "[mail] unsubscribe is no address that can stand in a mail",
            "use an https:// or mailto: address without spaces, at most 900 characters long",
        )
    headers = [("List-Unsubscribe", f"<{unsubscribe}>")]
    if unsubscribe.lower().startswith("https://"):
        headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return headers
