"""The emulator as a process: the demo council on a port, until it is stopped."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from support.builders import LONDON

from calsync.errors import SourceError
from calsync.model.span import Span
from calsync.sources.base import Calendar
from calsync.sources.registry import open_source

pytestmark = pytest.mark.slow

EMULATOR = Path(__file__).with_name("emulator.py")
WEEK = Span(datetime(2026, 11, 16, tzinfo=LONDON), datetime(2026, 11, 23, tzinfo=LONDON))


@contextmanager
def process(*options: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """What it says when it is ready; the second dict is filled with what it says at the end."""
    command = [sys.executable, str(EMULATOR), *options]
    end: dict[str, Any] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield json.loads(running.stdout.readline()), end
        finally:
            running.send_signal(signal.SIGTERM)
            end.update(json.loads(running.stdout.readline() or "{}"))
    assert running.returncode == 0


def read(ready: dict[str, Any], address: str) -> int:
    """How many meetings our source finds in the demo's week."""
    names = {key: ready[key] for key in ("tenant", "client_id")}
    table = {"type": "m365", **names, "graph_root": ready["root"], "secret_env": "DEMO_SECRET", "attempts": 1}
    source = open_source("m365", table, base=Path.cwd())
    try:
        calendar = Calendar("m1", "m365", address, frozenset({address}), LONDON)
        return len(source.fetch(calendar, WEEK).occurrences)
    finally:
        source.close()


def test_it_has_the_councils_mailboxes_and_prints_the_requests_at_its_end(monkeypatch: pytest.MonkeyPatch):
    with process("--demo") as (ready, end):
        monkeypatch.setenv("DEMO_SECRET", ready["secret"])
        assert len(ready["mailboxes"]) == 12
        assert read(ready, "nerys.pugh@brynfelin.gov.wales.example") > 15
    assert (end["requests"], end["tokens"]) == (1, 1)


def test_it_has_copies_of_mailboxes_of_which_some_are_faulty(monkeypatch: pytest.MonkeyPatch):
    with process("--demo", "--mailboxes", "40", "--faulty", "0.05") as (ready, _):
        monkeypatch.setenv("DEMO_SECRET", ready["secret"])
        assert len(ready["mailboxes"]) == 40
        faulty, *_ = ready["faulty"]
        with pytest.raises(SourceError):
            read(ready, faulty)
        assert read(ready, ready["mailboxes"][1]) > 15
        assert len(ready["faulty"]) == 2


def test_a_fault_of_a_mailbox_can_be_set(monkeypatch: pytest.MonkeyPatch):
    nerys = "nerys.pugh@brynfelin.gov.wales.example"
    with process("--demo", "--fault", f"{nerys}=html*1") as (ready, _):
        monkeypatch.setenv("DEMO_SECRET", ready["secret"])
        with pytest.raises(SourceError, match="web page"):
            read(ready, nerys)
        assert read(ready, nerys) > 15
