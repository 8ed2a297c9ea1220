"""The ics source on files and folders."""

import os
from pathlib import Path

import pytest
from contracts.ics_text import occurrences_to_ics
from contracts.source_contract import WINDOW, SourceContract, fetch_only_calendar
from support.builders import LONDON, occurrence

from calsync.errors import SourceAuthError, SourceContentError, SourceError, SourceUnavailableError
from calsync.model.occurrence import Occurrence
from calsync.sources import files
from calsync.sources.base import Calendar
from calsync.sources.ics import IcsOptions, IcsSource

BOARD = occurrence("10:00-11:00", uid="board", title="Board")


def calendar(address: str) -> Calendar:
    return Calendar("m1", "exported", address, frozenset({"ana@brynfelin.example"}), LONDON)


def ics_source(base: Path, **settings: object) -> IcsSource:
    return IcsSource("exported", IcsOptions.model_validate(settings, context={"base": base}))


class FileHarness:
    """Each calendar is a file of its own; `inside` puts it into a folder, which is then the address."""

    def __init__(self, base: Path, *, inside: bool = False) -> None:
        self.base, self.inside = base, inside
        self.source = ics_source(base)

    def set_occurrences(self, name: str, *occurrences: Occurrence) -> Calendar:
        address = f"{name}/diary.ics" if self.inside else f"{name}.ics"
        (self.base / address).parent.mkdir(exist_ok=True)
        (self.base / address).write_bytes(occurrences_to_ics(*occurrences))
        return calendar(name if self.inside else address)

    def missing(self) -> Calendar:
        return calendar("nobody" if self.inside else "nobody.ics")


class TestIcsFile(SourceContract):
    @pytest.fixture
    def harness(self, tmp_path: Path) -> FileHarness:
        return FileHarness(tmp_path)


class TestIcsFolder(SourceContract):
    @pytest.fixture
    def harness(self, tmp_path: Path) -> FileHarness:
        return FileHarness(tmp_path, inside=True)


def error_of(base: Path, address: str, **settings: object) -> SourceError:
    with pytest.raises(SourceError) as caught:
        fetch_only_calendar(ics_source(base, **settings), calendar(address))
    return caught.value


def test_each_ics_file_of_a_folder_is_a_calendar_in_order_of_names(tmp_path: Path) -> None:
    for name in ("b.ics", "A.ICS", "._a.ics", ".hidden.ics", "notes.txt"):
        (tmp_path / name).write_bytes(occurrences_to_ics(BOARD))
    (tmp_path / "old.ics").mkdir()
    found = ics_source(tmp_path.parent).calendars(calendar(f"{tmp_path.name}/"))
    assert [calendar.address for calendar in found] == [f"{tmp_path.name}/A.ICS", f"{tmp_path.name}/b.ics"]
    assert len({one.id for one in found}) == 2


@pytest.mark.parametrize("name", [b"\xe9t\xe9.ics", b"\xff\xfe.ics"])
def test_a_file_whose_name_is_no_utf_8_is_read_as_any_other(tmp_path: Path, name: bytes) -> None:
    (tmp_path / "exports").mkdir()
    try:
        (tmp_path / "exports" / os.fsdecode(name)).write_bytes(occurrences_to_ics(BOARD))
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    source = ics_source(tmp_path)
    (found,) = source.calendars(calendar("exports"))
    found.address.encode()  # the store keeps UTF-8
    assert found.id
    assert fetch_only_calendar(source, found).occurrences


@pytest.mark.parametrize("name", ["50% done.ics", "a?b#c.ics", "é.ics"])
def test_every_file_of_a_folder_given_as_a_file_address_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(occurrences_to_ics(BOARD))
    source = ics_source(tmp_path)
    (found,) = source.calendars(calendar(f"file://{tmp_path}"))
    assert fetch_only_calendar(source, found).occurrences


def test_an_empty_folder_has_no_calendar(tmp_path: Path) -> None:
    assert ics_source(tmp_path.parent).calendars(calendar(tmp_path.name)) == ()


def test_a_new_time_stamp_is_no_change(tmp_path: Path) -> None:
    (tmp_path / "a.ics").write_bytes(occurrences_to_ics(BOARD, stamp="20260101T000000Z"))
    source = ics_source(tmp_path)
    first = fetch_only_calendar(source, calendar("a.ics"))
    (tmp_path / "a.ics").write_bytes(occurrences_to_ics(BOARD, stamp="20261123T040000Z"))
    assert fetch_only_calendar(source, calendar("a.ics"), token=first.token).unchanged


def test_an_edit_within_the_same_second_and_of_the_same_length_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "a.ics").write_bytes(occurrences_to_ics(BOARD))
    source = ics_source(tmp_path)
    first = fetch_only_calendar(source, calendar("a.ics"))
    (tmp_path / "a.ics").write_bytes(occurrences_to_ics(BOARD).replace(b"Board", b"Bored"))
    assert [
        o.title for o in fetch_only_calendar(source, calendar("a.ics"), token=first.token).occurrences
    ] == ["Bored"]


def test_home_and_windows_paths_and_file_addresses_are_resolved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "out of office").mkdir()
    (tmp_path / "out of office" / "ana.ics").write_bytes(occurrences_to_ics(BOARD))
    source = ics_source(tmp_path)
    for address in (
        "out of office\\ana.ics",
        ".\\out of office\\ana.ics",
        "~/out of office/ana.ics",
        f"file://{tmp_path}/out%20of%20office/ana.ics",
        str(tmp_path / "out of office" / "ana.ics"),
    ):
        assert fetch_only_calendar(source, calendar(address)).occurrences, address


def test_the_error_of_a_misspelt_file_suggests_a_similar_name(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "Ana.Roberts.ics").write_bytes(occurrences_to_ics(BOARD))
    assert (
        f"did you mean {tmp_path}/exports/Ana.Roberts.ics?"
        in error_of(tmp_path, "exports/ana.robert.ics").hint
    )
    assert f"did you mean {tmp_path}/exports?" in error_of(tmp_path, "export/ana.roberts.ics").hint
    assert "nothing like 'xyz'" in error_of(tmp_path, "xyz").hint


def test_no_address_at_all_is_not_the_settings_folder(tmp_path: Path) -> None:
    (tmp_path / "somebody.ics").write_bytes(occurrences_to_ics(BOARD))
    assert error_of(tmp_path, "").what == "no calendar is named"


def test_the_error_of_a_file_that_may_not_be_read_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.ics").write_bytes(occurrences_to_ics(BOARD))

    def locked(self: Path, *args: object, **kwargs: object) -> None:  # the tests may run as root
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", locked)
    error = error_of(tmp_path, "a.ics")
    assert isinstance(error, SourceAuthError)
    assert "may not be read" in error.what


def test_a_folder_named_like_a_file_is_no_calendar_to_fetch(tmp_path: Path) -> None:
    (tmp_path / "a.ics").mkdir()
    with pytest.raises(SourceContentError, match="is a folder"):
        ics_source(tmp_path).fetch(calendar("a.ics"), WINDOW)


def test_a_file_over_the_limit_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.ics").write_bytes(occurrences_to_ics(BOARD) + b" " * 2_000)
    assert "larger than 0.002 MB" in error_of(tmp_path, "a.ics", max_megabytes=0.002).what


def test_a_file_that_changes_while_it_is_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.ics").write_bytes(occurrences_to_ics(BOARD))
    real_fstat, calls = os.fstat, []

    def grows(descriptor: int) -> os.stat_result:
        calls.append(descriptor)
        seen = list(real_fstat(descriptor))
        seen[6] += len(calls)  # st_size
        return os.stat_result(seen)

    monkeypatch.setattr(files.os, "fstat", grows)
    error = error_of(tmp_path, "a.ics")
    assert isinstance(error, SourceUnavailableError)
    assert "changed while it was read" in error.what


@pytest.mark.parametrize("address", ["a\x00b.ics", "x" * 5000, "~nobody-known-here/a.ics"])
def test_an_invalid_path_is_an_error_of_that_calendar(tmp_path: Path, address: str) -> None:
    assert error_of(tmp_path, address).calendar == str(calendar(address))


def test_files_and_folders_are_local_and_published_calendars_are_not(tmp_path: Path) -> None:
    source = ics_source(tmp_path)
    near = {name: source.is_local(calendar(name)) for name in ("a.ics", "folder/", "file:///srv/a.ics")}
    assert near == {"a.ics": True, "folder/": True, "file:///srv/a.ics": True}
    assert not any(source.is_local(calendar(f"{way}://host.example/a.ics")) for way in ("https", "webcal"))
