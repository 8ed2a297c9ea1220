"""Sources are found by type, built-in ones first; all faults of their settings are reported together."""

import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path

import pytest

from calsync.errors import ConfigError, PluginError
from calsync.sources import registry
from calsync.sources.base import Source
from calsync.sources.memory import MemorySource
from calsync.sources.registry import ENTRY_POINT_GROUP, open_source, source_types


class Wheel(Distribution):
    """A package of somebody else's, as `pip install` would leave it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def read_text(self, filename: str) -> str | None:
        return f"Name: {self._name}\nVersion: 1\n" if filename == "METADATA" else None

    def locate_file(self, path: object) -> Path:
        return Path(str(path))


def point(name: str, value: str, wheel: str) -> EntryPoint:
    found = EntryPoint(name, value, ENTRY_POINT_GROUP)
    vars(found).update(dist=Wheel(wheel))
    return found


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EntryPoint]]:
    points: list[EntryPoint] = []
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    yield points


def problems(table: dict[str, object], name: str = "published") -> list[str]:
    with pytest.raises(ConfigError) as caught:
        open_source(name, table, base=Path())
    return [str(problem) for problem in caught.value.problems]


def test_every_built_in_source_can_be_loaded() -> None:
    assert "ics" in source_types()
    for name, kind in source_types().items():
        assert callable(kind.fetch), name


def test_a_source_of_another_package_is_opened_by_its_name(installed: list[EntryPoint]) -> None:
    installed.append(point("google", "calsync.sources.memory:MemorySource", "calsync-google"))
    source = open_source("g", {"type": "google"}, base=Path())
    assert isinstance(source, MemorySource)
    assert source.name == "g"


def test_a_type_of_two_packages_is_an_error_that_names_both(installed: list[EntryPoint]) -> None:
    installed.append(point("ics", "somewhere:Source", "better-ics"))
    with pytest.raises(ConfigError, match="calsync and better-ics"):
        source_types()


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("no_such_module_anywhere:Source", "ModuleNotFoundError"),
        ("calsync.sources.memory:Nothing", "AttributeError"),
        ("pathlib:Path", "lacks Options, calendars"),
    ],
)
def test_the_error_of_a_broken_plug_in_names_its_package(
    installed: list[EntryPoint], value: str, fault: str
) -> None:
    installed.append(point("broken", value, "calsync-broken"))
    with pytest.raises(PluginError, match=fault) as caught:
        open_source("x", {"type": "broken"}, base=Path())
    assert caught.value.distribution == "calsync-broken"


def test_a_broken_plug_in_does_not_stop_the_other_sources(installed: list[EntryPoint]) -> None:
    installed.append(point("broken", "no_such_module_anywhere:Source", "calsync-broken"))
    assert isinstance(open_source("x", {"type": "ics"}, base=Path()), Source)


def test_the_error_of_a_missing_type_lists_the_known_types() -> None:
    assert problems({})[0].startswith("[sources.published] type: is missing (add it; known: ics")


def test_a_misspelt_type_gets_a_suggestion() -> None:
    assert problems({"type": "icss"}) == [
        "[sources.published] type: no such type of source: 'icss' (did you mean 'ics'?)"
    ]


def test_all_faults_of_a_table_are_reported_with_their_keys() -> None:
    faults = problems({"type": "ics", "usrname": "ana", "attempts": 0, "ca_file": "nowhere.pem"})
    assert any("[sources.published] usrname: no such setting (did you mean 'username'?)" in t for t in faults)
    assert any(t.startswith("[sources.published] attempts:") for t in faults)
    assert any("[sources.published] ca_file: there is no file" in t for t in faults)


def test_the_variable_of_a_secret_must_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALSYNC_TEST_PW", raising=False)
    faults = problems({"type": "ics", "username": "ana", "password_env": "CALSYNC_TEST_PW"})
    assert "CALSYNC_TEST_PW is not set" in faults[0]


def test_a_secret_written_into_the_settings_is_not_repeated() -> None:
    faults = problems({"type": "ics", "username": "ana", "password_env": "hunter2!"})
    assert "hunter2" not in "".join(faults)
    faults = problems({"type": "ics", "username": "ana", "password_env": "hunter2"})
    assert "hunter2" not in "".join(faults)


def test_two_kinds_of_credentials_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALSYNC_TEST_PW", "x")
    table = {
        "type": "ics",
        "username": "a",
        "password_env": "CALSYNC_TEST_PW",
        "token_env": "CALSYNC_TEST_PW",
    }
    assert "either username and password_env, or token_env" in problems(table)[0]


def test_relative_paths_start_at_the_settings_folder(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("")
    source = open_source("x", {"type": "ics", "ca_file": "ca.pem"}, base=tmp_path)
    assert source.options.ca_file == tmp_path / "ca.pem"
    assert source.options.base_folder == tmp_path


def test_reading_files_does_not_load_the_library_of_microsoft_365() -> None:
    import subprocess

    code = (
        "import sys; from pathlib import Path; from calsync.sources.registry import open_source\n"
        "open_source('x', {'type': 'ics'}, base=Path()); sys.exit('O365' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
