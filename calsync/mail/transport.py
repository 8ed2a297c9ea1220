"""The ways out for a mail: a folder, memory, or a server (see `smtp` and `graph`)."""

from email.message import EmailMessage
from itertools import islice
from pathlib import Path
from typing import Protocol

from calsync.errors import MailUnavailableError
from calsync.mail.file_names import candidate_file_names, is_same_mail
from calsync.mail.smtp import SmtpTransport
from calsync.model.problem import Problem, Severity
from calsync.private_files import (
    is_accessible_to_others,
    make_private_folder,
    remove_temporary_files,
    replace_private_file,
    restrict_to_owner,
)

__all__ = ["FolderTransport", "MemoryTransport", "SmtpTransport", "Transport"]


class Transport(Protocol):
    """A way out for mails, one at a time; `close` ends what it keeps open between them.

    repeatable: whether the same mail sent twice is one mail, so that one that a killed process may have
    sent can be sent again.
    """

    @property
    def repeatable(self) -> bool:
        """Whether the same mail sent twice arrives once."""

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
    """Writes each mail to a folder as `.eml`, for its owner alone, whole or not at all.

    A file is named by date, manager and subject (`file_names`). The same mail written again takes the
    place of the first, so a mail of a killed process may be written again.
    """

    repeatable = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ready = False

    def send(self, message: EmailMessage) -> None:
        """Write the mail."""
        try:
            self._prepare()
            with replace_private_file(self._choose_path(message)) as file:
                file.write(message.as_bytes())
        except OSError as error:
            raise MailUnavailableError(
                str(message["To"]),
                f"the mail cannot be written to {self.folder}: {error.strerror}",
                "see that the folder of [mail] exists and can be written",
                is_server_reached=False,
            ) from error

    def check(self) -> None:
        """Make the folder."""
        try:
            self._prepare()
        except OSError as error:
            what = f"the folder {self.folder} cannot be made: {error.strerror}"
            raise MailUnavailableError("", what, "see [mail] folder", is_server_reached=False) from error

    def close(self) -> None:
        """Nothing is open."""

    def secure_folder(self) -> tuple[Problem, ...]:
        """Close an existing folder to other users; return a note if it is not calsync's to close."""
        try:
            if not self.folder.is_dir():
                return ()
            self._prepare()
            if not is_accessible_to_others(self.folder):
                return ()
        except OSError as error:
            return (Problem(str(self.folder), f"cannot be looked at: {error.strerror}", "see [mail] folder"),)
        what = "this folder is open to other users: they see whose mails are in it, and cannot read them"
        hint = f"chmod 700 {self.folder}, or name under [mail] a folder that holds mails only"
        return (Problem(str(self.folder), what, hint, Severity.NOTE),)

    def _prepare(self) -> None:
        """Make the folder, or close an existing one, and remove what a killed process left in it."""
        if self._ready:
            return
        if not make_private_folder(self.folder):
            files = list(self.folder.iterdir())
            remove_temporary_files(self.folder)
            # A folder that holds other things, such as /tmp or the settings, may be others' by intent.
            if all(_is_written_by_calsync(path) for path in files):
                restrict_to_owner(self.folder)
            for path in files:
                if path.suffix == ".eml" and path.is_file() and not path.is_symlink():
                    restrict_to_owner(path)
        self._ready = True

    def _choose_path(self, message: EmailMessage) -> Path:
        """Return the file that already holds this mail, or else the first name that is free."""
        free = None
        # Past a free name, too: a person may have removed the first of two mails of one name.
        for name in islice(candidate_file_names(message), 20):
            path = self.folder / name
            if not path.exists():
                free = free or path
            elif is_same_mail(message, path):
                return path
        return free or next(
            path for name in candidate_file_names(message) if not (path := self.folder / name).exists()
        )


class MemoryTransport:
    """Keeps the mails, for tests and previews."""

    repeatable = False

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []

    def send(self, message: EmailMessage) -> None:
        """Keep the mail."""
        self.sent.append(message)

    def check(self) -> None:
        """Memory is always there."""

    def close(self) -> None:
        """Nothing is open."""


def _is_written_by_calsync(path: Path) -> bool:
    return path.suffix == ".eml" or path.name.endswith(".part")
