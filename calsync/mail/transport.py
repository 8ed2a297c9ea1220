"""The interface of mail transports, and those to a folder and to memory (servers: `smtp`, `graph`)."""

from email.message import EmailMessage
from itertools import islice
from pathlib import Path
from typing import Protocol

from calsync.errors import MailUnavailableError
from calsync.mail.file_names import candidate_file_names, is_same_mail
from calsync.model.problem import Problem, Severity
from calsync.private_files import (
    is_accessible_to_others,
    make_private_folder,
    remove_temporary_files,
    replace_private_file,
    restrict_to_owner,
)


class Transport(Protocol):
    """Sends mails one by one; `close` closes a connection that it keeps open between them."""

    @property
    def repeatable(self) -> bool:
        """Whether a mail that is sent twice arrives once.

        If so, a mail that a killed process may have sent is sent again.
        """

    def send(self, message: EmailMessage) -> None:
        """Send the mail.

        Raises:
            MailRefusedError: The mail will never be accepted.
            MailUnavailableError: The mail may be accepted later.
            MailAuthError: No mail at all is accepted.
            MailUnknownError: The mail may have been sent.
        """

    def check(self) -> None:
        """Test the transport as far as possible without sending; raises a MailError."""

    def close(self) -> None:
        """Close the connection, if there is one."""


class FolderTransport:
    """Writes each mail atomically to a folder as a private `.eml` file.

    The file name consists of date, manager and subject (`file_names`). A mail that is written again replaces
    its file, so a mail of a killed process may be written again.
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
                "check that the folder of [mail] exists and can be written",
                is_server_reached=False,
            ) from error

    def check(self) -> None:
        """Create the folder."""
        try:
            self._prepare()
        except OSError as error:
            what = f"the folder {self.folder} cannot be created: {error.strerror}"
            raise MailUnavailableError("", what, "see [mail] folder", is_server_reached=False) from error

    def close(self) -> None:
        """Do nothing: nothing is open."""

    def secure_folder(self) -> tuple[Problem, ...]:
        """Make an existing folder of mails private; return a note if others use it, so that it stays open."""
        try:
            if not self.folder.is_dir():
                return ()
            self._prepare()
            if not is_accessible_to_others(self.folder):
                return ()
        except OSError as error:
            return (Problem(str(self.folder), f"cannot be read: {error.strerror}", "see [mail] folder"),)
        what = "this folder is open to other users: they see whose mails are in it, and cannot read them"
        hint = f"chmod 700 {self.folder}, or set [mail] folder to a folder that contains only mails"
        return (Problem(str(self.folder), what, hint, Severity.NOTE),)

    def _prepare(self) -> None:
        """Create the folder, or make it private and remove the temporary files of killed processes."""
        if self._ready:
            return
        if not make_private_folder(self.folder):
            files = list(self.folder.iterdir())
            remove_temporary_files(self.folder)
            # A folder with other files, such as /tmp or that of the settings, may be shared on purpose.
            if all(_is_written_by_calsync(path) for path in files):
                restrict_to_owner(self.folder)
            for path in files:
                if path.suffix == ".eml" and path.is_file() and not path.is_symlink():
                    restrict_to_owner(path)
        self._ready = True

    def _choose_path(self, message: EmailMessage) -> Path:
        """The file that already contains this mail, or the first unused name."""
        unused = None
        # The search goes on after an unused name: a person may have removed the first of two mails.
        for name in islice(candidate_file_names(message), 20):
            path = self.folder / name
            if not path.exists():
                unused = unused or path
            elif is_same_mail(message, path):
                return path
        return unused or next(
            path for name in candidate_file_names(message) if not (path := self.folder / name).exists()
        )


class MemoryTransport:
    """Stores the mails in a list, for tests and previews."""

    repeatable = False

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []

    def send(self, message: EmailMessage) -> None:
        """Append the mail to `sent`."""
        self.sent.append(message)

    def check(self) -> None:
        """Do nothing: memory is always available."""

    def close(self) -> None:
        """Do nothing: nothing is open."""


def _is_written_by_calsync(path: Path) -> bool:
    return path.suffix == ".eml" or path.name.endswith(".part")
