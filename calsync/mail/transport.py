"""The ways out for a mail: a folder, memory, or a server (see `smtp` and `graph`)."""

import hashlib
import os
import re
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

from calsync.errors import MailUnavailableError
from calsync.mail.smtp import SmtpTransport

__all__ = ["FolderTransport", "MemoryTransport", "SmtpTransport", "Transport"]


class Transport(Protocol):
    """A way out for mails, one at a time; `close` ends what it keeps open between them."""

    def send(self, message: EmailMessage) -> None:
        """Hand the mail over.

        Raises MailRefusedError (this mail never), MailUnavailableError (later), MailAuthError (no mail
        at all) or MailUnknownError (it may be sent).
        """

    def check(self) -> None:
        """Try the way out as far as it goes without sending; raises a MailError."""

    def close(self) -> None:
        """End the connection, if there is one."""


class FolderTransport:
    """Writes each mail to a folder as `.eml`, whole or not at all; the same mail gets the same name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, message: EmailMessage) -> None:
        """Write the mail."""
        path = self.folder / f"{_name(message)}.eml"
        part = path.with_suffix(f".{os.getpid()}.part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part.write_bytes(message.as_bytes())
            part.replace(path)
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            raise MailUnavailableError(
                str(message["To"]),
                f"the mail cannot be written to {self.folder}: {error.strerror}",
                "see that the folder of [mail] exists and can be written",
                reached=False,
            ) from error

    def check(self) -> None:
        """Make the folder."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            what = f"the folder {self.folder} cannot be made: {error.strerror}"
            raise MailUnavailableError("", what, "see [mail] folder", reached=False) from error

    def close(self) -> None:
        """Nothing is open."""


class MemoryTransport:
    """Keeps the mails, for tests and previews."""

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []

    def send(self, message: EmailMessage) -> None:
        """Keep the mail."""
        self.sent.append(message)

    def check(self) -> None:
        """Memory is always there."""

    def close(self) -> None:
        """Nothing is open."""


def _name(message: EmailMessage) -> str:
    local = str(message["Message-ID"] or "").strip("<> ").rpartition("@")[0]
    if re.fullmatch(r"[A-Za-z0-9._-]{1,100}", local):
        return local
    return hashlib.sha256(message.as_bytes()).hexdigest()[:40]
