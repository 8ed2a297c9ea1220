"""Mails as files: whole or not at all, and the same mail once."""

from email import message_from_bytes
from pathlib import Path

import pytest
from builders import at

from calsync.errors import MailUnavailableError
from calsync.mail.message import build_message
from calsync.mail.transport import FolderTransport, MemoryTransport
from calsync.model.people import Language
from calsync.reports.render import Rendered

HOURS = Rendered("Hours", "Your hours", "<p>Your hours</p>", Language.EN)


def mail(message_id: str = "<abc@x.example>"):  # type: ignore[no-untyped-def]
    return build_message(
        HOURS, sender="a@x.example", recipient="b@x.example", message_id=message_id, date=at("05:00")
    )


def test_a_mail_is_one_file_named_by_its_message_id(tmp_path: Path) -> None:
    FolderTransport(tmp_path / "new" / "outbox").send(mail())
    (file,) = (tmp_path / "new" / "outbox").iterdir()
    assert file.name == "abc.eml"
    assert message_from_bytes(file.read_bytes())["Subject"] == "Hours"


def test_the_same_mail_twice_is_one_file(tmp_path: Path) -> None:
    for _ in range(2):
        FolderTransport(tmp_path).send(mail())
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "odd", ["<../../etc/passwd@x.example>", "<a/b@x.example>", "<" + "x" * 500 + "@x.example>"]
)
def test_no_message_id_leads_out_of_the_folder(tmp_path: Path, odd: str) -> None:
    FolderTransport(tmp_path / "outbox").send(mail(odd))
    assert [path.name for path in tmp_path.iterdir()] == ["outbox"]
    assert len(list((tmp_path / "outbox").iterdir())) == 1


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file, not a folder")
    with pytest.raises(MailUnavailableError, match="outbox") as caught:
        FolderTransport(tmp_path / "outbox").send(mail())
    assert not caught.value.reached


def test_memory_keeps_mails_in_order() -> None:
    transport = MemoryTransport()
    for name in ("<1@x.example>", "<2@x.example>"):
        transport.send(mail(name))
    transport.close()
    assert [one["Message-ID"] for one in transport.sent] == ["<1@x.example>", "<2@x.example>"]
