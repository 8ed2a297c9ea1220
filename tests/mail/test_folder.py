"""Mails as files: written atomically, private, and once for each mail."""

import os
import stat
from email import message_from_bytes
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.builders import at

from calsync.errors import MailUnavailableError
from calsync.mail.file_names import candidate_file_names, clean_name, truncate_utf8
from calsync.mail.message import build_message
from calsync.mail.transport import FolderTransport, MemoryTransport
from calsync.model.people import Language
from calsync.model.problem import Severity
from calsync.reports.render import RenderedMail

RENDERED = RenderedMail("Hours", "Your hours", "<p>Your hours</p>", Language.EN)


def mail(message_id: str = "<abc@x.example>", subject: str = "Hours", to: str = "b@x.example"):  # type: ignore[no-untyped-def]
    rendered = RenderedMail(subject, RENDERED.text, RENDERED.html, RENDERED.language)
    return build_message(
        rendered, sender="a@x.example", recipient=to, message_id=message_id, date=at("05:00")
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    previous = os.umask(request.param)
    yield request.param
    os.umask(previous)


def test_a_mail_is_one_file_named_by_date_manager_and_subject(tmp_path: Path) -> None:
    FolderTransport(tmp_path / "new" / "outbox").send(mail(to="nerys.pugh@x.example"))
    (file,) = (tmp_path / "new" / "outbox").iterdir()
    assert file.name == "2026-11-02 nerys.pugh - Hours.eml"
    assert message_from_bytes(file.read_bytes())["Subject"] == "Hours"


def test_mails_and_their_folders_are_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    tmp_path.chmod(0o755)
    FolderTransport(tmp_path / "new" / "outbox").send(mail())
    assert [mode(p) for p in (tmp_path / "new", tmp_path / "new" / "outbox")] == [0o700, 0o700]
    assert [mode(path) for path in (tmp_path / "new" / "outbox").iterdir()] == [0o600]
    assert mode(tmp_path) == 0o755


def test_a_mail_is_private_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes = []
    monkeypatch.setattr(os, "fsync", lambda _: modes.extend(mode(path) for path in tmp_path.iterdir()))
    previous = os.umask(0)
    FolderTransport(tmp_path).send(mail())
    os.umask(previous)
    assert set(modes) == {0o600}


def test_an_outbox_that_others_can_read_is_made_private_with_its_mails(tmp_path: Path) -> None:
    outbox = tmp_path / "outbox"
    outbox.mkdir(mode=0o755)
    (outbox / "0ce3ab.eml").write_text("old")
    (outbox / "0ce3ab.eml").chmod(0o644)
    transport = FolderTransport(outbox)
    transport.send(mail())
    assert (mode(outbox), mode(outbox / "0ce3ab.eml")) == (0o700, 0o600)
    assert transport.secure_folder() == ()


def test_a_folder_with_other_files_is_reported_and_not_made_private(tmp_path: Path) -> None:
    outbox = tmp_path / "shared"
    outbox.mkdir()
    outbox.chmod(0o755)
    (outbox / "minutes.doc").write_text("others'")
    transport = FolderTransport(outbox)
    transport.send(mail())
    assert (mode(outbox), mode(outbox / "2026-11-02 b - Hours.eml")) == (0o755, 0o600)
    (problem,) = transport.secure_folder()
    assert problem.severity is Severity.NOTE
    assert "chmod 700" in problem.hint and str(outbox) in problem.where


def test_temporary_files_of_killed_processes_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".2026-11-02 b - Hours.eml.0123456789ab.part").write_text("half")
    FolderTransport(tmp_path).send(mail())
    assert names(tmp_path) == ["2026-11-02 b - Hours.eml"]


def test_two_mails_with_one_name_are_two_files_also_when_written_again(tmp_path: Path) -> None:
    mails = [mail("<1@x.example>", to="b@x.example"), mail("<2@x.example>", to="b@y.example")]
    for message in (*mails, *reversed(mails)):
        FolderTransport(tmp_path).send(message)
    assert names(tmp_path) == ["2026-11-02 b - Hours (2).eml", "2026-11-02 b - Hours.eml"]
    recipients = {message_from_bytes(path.read_bytes())["To"] for path in tmp_path.iterdir()}
    assert recipients == {"b@x.example", "b@y.example"}


def test_the_second_mail_with_a_name_stays_one_file_after_the_first_was_removed(tmp_path: Path) -> None:
    for name in ("<1@x.example>", "<2@x.example>"):
        FolderTransport(tmp_path).send(mail(name))
    (tmp_path / "2026-11-02 b - Hours.eml").unlink()
    FolderTransport(tmp_path).send(mail("<2@x.example>"))
    assert names(tmp_path) == ["2026-11-02 b - Hours (2).eml"]


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("Oriau: ŵythnos | Hours", "2026-11-02 b - Oriau ŵythnos - Hours.eml"),
        ("../../etc/passwd", "2026-11-02 b - etc-passwd.eml"),
        ("a\u202egpj.exe \x1b[31mred", "2026-11-02 b - a gpj.exe [31mred.eml"),
        ('<b> "x" * ? \\ y.', "2026-11-02 b - b x - y.eml"),
        ("CON", "2026-11-02 b - CON.eml"),
        ("", "2026-11-02 b.eml"),
    ],
)
def test_a_subject_becomes_a_file_name_for_every_file_system(tmp_path: Path, subject: str, name: str) -> None:
    assert next(candidate_file_names(mail(subject=subject))) == name


@given(st.text(max_size=400))
def test_a_cleaned_name_has_only_visible_allowed_characters_and_at_most_180_bytes(text: str) -> None:
    name = truncate_utf8(clean_name(text), 180)
    assert len(name.encode()) <= 180
    assert name == name.strip(" .-")
    assert all(c == " " or c.isprintable() for c in name)
    assert not set(name) & set('<>:"/\\|?*')


def test_a_long_subject_is_cut_between_characters(tmp_path: Path) -> None:
    FolderTransport(tmp_path).send(mail(subject="Wythnos ŵ" * 100))
    (name,) = names(tmp_path)
    assert len(name.encode()) < 200 and name.endswith(".eml")


def test_the_same_mail_twice_is_one_file(tmp_path: Path) -> None:
    for _ in range(2):
        FolderTransport(tmp_path).send(mail())
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "message_id", ["<../../etc/passwd@x.example>", "<a/b@x.example>", "<" + "x" * 500 + "@x.example>"]
)
def test_no_message_id_causes_a_file_outside_the_folder(tmp_path: Path, message_id: str) -> None:
    FolderTransport(tmp_path / "outbox").send(mail(message_id))
    assert names(tmp_path) == ["outbox"]
    assert len(list((tmp_path / "outbox").iterdir())) == 1


def test_an_unwritable_folder_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file, not a folder")
    with pytest.raises(MailUnavailableError, match="outbox") as caught:
        FolderTransport(tmp_path / "outbox").send(mail())
    assert not caught.value.is_server_reached


def test_the_memory_transport_stores_mails_in_order() -> None:
    transport = MemoryTransport()
    for name in ("<1@x.example>", "<2@x.example>"):
        transport.send(mail(name))
    transport.close()
    assert [message["Message-ID"] for message in transport.sent] == ["<1@x.example>", "<2@x.example>"]
