"""One module opens every file that holds people's hours; nobody but its owner may read one."""

import ast
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from contracts.exporter_contract import table
from support.night_council import run_test_night, vcalendar, vevent, write_council

from calsync.app.wiring import store_url
from calsync.config.load import load_settings
from calsync.demo.write import write_demo
from calsync.exports.registry import BUILT_IN_EXPORTERS
from calsync.exports.writing import write_table
from calsync.private_files import make_private_folder, replace_private_file
from calsync.store.database import open_store

pytestmark = pytest.mark.slow

PACKAGE = Path(__file__).parents[1] / "calsync"
PSB = vcalendar(vevent("psb", "20261109T100000Z", "20261109T120000Z", "SUMMARY:PSB: terms of reference"))
WRITERS = {"write_text", "write_bytes", "mkdir", "makedirs", "touch", "mkstemp", "NamedTemporaryFile"}
# `init` writes settings and an empty list: a service of another user has to read them.
EXCEPT = {"private_files.py", "cli/init.py"}


@pytest.fixture(params=[0o000, 0o022, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """What lies in a folder, it included, that is not 0600 or 0700."""
    wanted = {True: 0o700, False: 0o600}
    paths = [folder, *folder.rglob("*")]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in paths}
    return [f"{path.name}: {mode:o}" for path, mode in modes.items() if mode != wanted[path.is_dir()]]


@pytest.mark.parametrize("suffix", sorted(BUILT_IN_EXPORTERS))
def test_exports_of_every_format_are_their_owners_alone_whatever_the_umask(tmp_path, umask, suffix):
    write_table(table(), tmp_path / "new" / "deep" / f"split.{suffix}")
    assert open_to_others(tmp_path / "new") == []


def test_a_plug_ins_export_is_private_from_its_first_byte(tmp_path, monkeypatch):
    class Plugin:
        carries_columns = True

        def write(self, table, file):
            file.write(b"x")
            seen.append(stat.S_IMODE(Path(file.name).stat().st_mode))

    seen: list[int] = []
    monkeypatch.setattr("calsync.exports.writing.find_exporter", lambda _: Plugin())
    before = os.umask(0)
    write_table(table(), tmp_path / "split.loud")
    os.umask(before)
    assert seen == [0o600]
    assert stat.S_IMODE((tmp_path / "split.loud").stat().st_mode) == 0o600


def test_an_export_over_an_open_file_is_private(tmp_path):
    path = tmp_path / "split.csv"
    path.write_text("old")
    path.chmod(0o666)
    write_table(table(), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_store_its_log_its_lock_and_the_mails_are_private_whatever_the_umask(tmp_path, umask):
    os.umask(0o022)
    config = write_council(tmp_path, {"ana": PSB})
    os.umask(umask)
    modes = {}

    def progress(what, done, total):
        modes.update({p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.glob("calsync.db*")})

    run_test_night(config, progress=progress)
    assert set(modes) >= {"calsync.db", "calsync.db-wal", "calsync.db-shm", "calsync.db.lock"}
    assert set(modes.values()) == {0o600}
    assert open_to_others(tmp_path / "outbox") == []


def test_an_open_store_of_an_earlier_version_is_closed_to_others(tmp_path):
    config = write_council(tmp_path, {"ana": PSB})
    run_test_night(config)
    for path in tmp_path.glob("calsync.db*"):
        path.chmod(0o644)
    open_store(store_url(load_settings(config))).close()
    assert {stat.S_IMODE(p.stat().st_mode) for p in tmp_path.glob("calsync.db*")} == {0o600}


def test_the_demo_is_private_whatever_the_umask(tmp_path, umask):
    write_demo(tmp_path / "demo")
    assert open_to_others(tmp_path / "demo") == []


def test_a_demo_over_an_open_one_closes_it(tmp_path):
    write_demo(tmp_path / "demo")
    for path in (tmp_path / "demo", tmp_path / "demo" / "managers.csv"):
        path.chmod(0o755)
    write_demo(tmp_path / "demo")
    assert open_to_others(tmp_path / "demo") == []


def test_what_classify_writes_is_private(tmp_path):
    (tmp_path / "in.csv").write_text("title\nPSB\n")
    command = [sys.executable, "-m", "calsync", "classify", tmp_path / "in.csv", tmp_path / "out.csv"]
    subprocess.run([*command, "--pack", "wales"], check=True, umask=0, capture_output=True)
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o600
    assert list(pd.read_csv(tmp_path / "out.csv")["title"]) == ["PSB"]


def test_classify_writes_to_a_device_and_does_not_replace_it(tmp_path):
    (tmp_path / "in.csv").write_text("title\nPSB\n")
    os.mkfifo(tmp_path / "pipe")
    command = [sys.executable, "-m", "calsync", "classify", tmp_path / "in.csv", tmp_path / "pipe"]
    with subprocess.Popen([*command, "--pack", "wales"], stderr=subprocess.DEVNULL) as process:
        assert "PSB" in (tmp_path / "pipe").read_text(encoding="utf-8")
        assert process.wait(60) == 0
    assert (tmp_path / "pipe").is_fifo()


def test_an_export_to_a_pipe_is_csv_and_writes_no_file_beside_it(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    assert write_table(table(), tmp_path / "pipe") == (tmp_path / "pipe",)
    assert os.read(reader, 100_000).startswith(",".join(table().frame.columns).encode())
    os.close(reader)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_only_folders_that_are_made_are_closed(tmp_path):
    tmp_path.chmod(0o755)
    assert make_private_folder(tmp_path / "a" / "b")
    assert not make_private_folder(tmp_path)
    assert [stat.S_IMODE(p.stat().st_mode) for p in (tmp_path, tmp_path / "a", tmp_path / "a" / "b")] == [
        0o755,
        0o700,
        0o700,
    ]


def test_an_error_leaves_what_was_there_and_no_temporary_file(tmp_path):
    (tmp_path / "a.csv").write_text("old")
    with pytest.raises(ZeroDivisionError), replace_private_file(tmp_path / "a.csv") as file:
        file.write(b"new")
        raise ZeroDivisionError
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.csv", "old")]


def test_a_link_in_place_of_the_file_is_replaced_and_its_target_left_alone(tmp_path):
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / "split.csv").symlink_to(tmp_path / "theirs")
    with replace_private_file(tmp_path / "split.csv") as file:
        file.write(b"ours")
    assert (tmp_path / "theirs").read_text() == "theirs"
    assert not (tmp_path / "split.csv").is_symlink()


def test_a_temporary_file_of_another_hour_is_removed_and_a_fresh_one_is_another_writers(tmp_path):
    old, fresh = (tmp_path / f".split.csv.{n}.part" for n in (1, 2))
    for path in (old, fresh):
        path.write_text("half")
    os.utime(old, (0, 0))
    with replace_private_file(tmp_path / "split.csv") as file:
        file.write(b"x")
    assert (old.exists(), fresh.exists()) == (False, True)


# Not 0o777: whoever sets it cannot read their own files.
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077], ids=oct, indirect=True)
def test_what_init_writes_can_be_changed_by_its_owner_alone_whatever_the_umask(tmp_path, umask):
    words = ["--name", "Brynfelin", "--domains", "brynfelin.gov.uk", "--nation", "wales", "--language", "en"]
    command = [sys.executable, "-m", "calsync", "init", *words, "--calendars", "files"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes and {name: mode for name, mode in modes.items() if mode & 0o022} == {}


@pytest.mark.skipif(not PACKAGE.is_dir(), reason="no checkout")
def test_no_other_module_makes_files_or_folders():
    found = []
    for file in sorted(PACKAGE.rglob("*.py")):
        if str(file.relative_to(PACKAGE)) in EXCEPT:
            continue
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            modes = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            opens = name == "open" and any(m[:1] in "wax" and len(m) <= 3 for m in modes if m)
            if name in WRITERS or opens:
                found.append(f"{file.relative_to(PACKAGE)}:{call.lineno} {name}")
    assert found == []
