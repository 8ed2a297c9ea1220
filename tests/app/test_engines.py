"""Every engine stores the same; a process that is killed during the night costs only time."""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest
from support.dask_cluster import running_cluster
from support.night_council import (
    ALLOW_LOOPBACK,
    NIGHT,
    run_test_night,
    stored_tables,
    vcalendar,
    vevent,
    write_council,
)

from calsync.errors import ConfigError
from calsync.model.problem import Severity
from calsync.store.records import RunState

pytestmark = pytest.mark.slow

COMPARED_TABLES = ("meetings", "allocations")
THREADS = '[engine]\nkind = "threads"\nworkers = 2\n'
PROCESSES = '[engine]\nkind = "processes"\nworkers = 2\n'
WEEKLY = vevent("smt", "20260907T090000Z", "20260907T100000Z", "SUMMARY:SMT", "RRULE:FREQ=WEEKLY")
MANAGERS = 220


def calendar(number: int) -> bytes:
    day = f"202611{2 + number % 5:02}"
    psb = vevent(f"psb{number}", f"{day}T100000Z", f"{day}T120000Z", f"SUMMARY:PSB {number}")
    return vcalendar(psb, WEEKLY)


def on_dask(running) -> str:
    return f'[engine]\nkind = "dask"\nworkers = 2\naddress = "{running.address}"\n'


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def own_cluster(tmp_path):
    with running_cluster(tmp_path / "cluster") as running:
        yield running


@pytest.fixture(params=["threads", "processes", "dask"])
def engine(request) -> str:
    if request.param == "dask":
        return on_dask(request.getfixturevalue("cluster"))
    return {"threads": THREADS, "processes": PROCESSES}[request.param]


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """What threads store of the council of all these nights."""
    config = write_council(tmp_path_factory.mktemp("threads"), CALENDARS, more=THREADS)
    assert run_test_night(config).outcome is RunState.GOOD
    return stored_tables(config, COMPARED_TABLES)


CALENDARS = {f"m{number:03}": calendar(number) for number in range(MANAGERS)}


def at(count: int, act):
    """Return a progress that calls `act` once, when so many calendars are stored."""
    pending = [act]

    def progress(what, done, total):
        if what == "calendars" and done >= count and pending:
            pending.pop()()

    return progress


def test_every_engine_stores_the_same(tmp_path, engine, expected):
    config = write_council(tmp_path, CALENDARS, more=engine)
    report = run_test_night(config)
    assert report.outcome is RunState.GOOD
    assert stored_tables(config, COMPARED_TABLES) == expected
    assert run_test_night(config).counts["unchanged"] == MANAGERS


def test_a_dask_worker_killed_during_the_night_costs_only_time(tmp_path, own_cluster, expected):
    config = write_council(tmp_path, CALENDARS, more=on_dask(own_cluster))
    report = run_test_night(config, progress=at(20, own_cluster.workers[0].kill))
    assert report.outcome is RunState.GOOD
    assert report.counts["calendars"] == MANAGERS
    assert stored_tables(config, COMPARED_TABLES) == expected


@pytest.mark.parametrize("lost", ["the scheduler", "every worker"])
def test_without_its_cluster_the_night_continues_here_with_a_note(
    tmp_path, own_cluster, expected, monkeypatch, lost
):
    def kill():
        for process in own_cluster.workers if lost == "every worker" else [own_cluster.scheduler]:
            process.kill()

    monkeypatch.setattr("calsync.app.dask_engine.SCHEDULER_SECONDS", 2)
    config = write_council(tmp_path, CALENDARS, more=on_dask(own_cluster))
    report = run_test_night(config, progress=at(20, kill))
    (note,) = [problem for problem in report.problems if own_cluster.address in problem.where]
    assert note.severity is Severity.NOTE and "lost during the night" in note.what
    assert report.outcome is RunState.GOOD
    assert report.counts["calendars"] == MANAGERS
    assert stored_tables(config, COMPARED_TABLES) == expected


def test_a_process_killed_during_the_night_costs_only_time(tmp_path, expected):
    def kill_one():
        os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)

    config = write_council(tmp_path, CALENDARS, more=PROCESSES)
    report = run_test_night(config, progress=at(20, kill_one))
    assert report.outcome is RunState.GOOD
    assert report.counts["calendars"] == MANAGERS
    assert stored_tables(config, COMPARED_TABLES) == expected


def test_no_process_outlives_the_night(tmp_path):
    run_test_night(write_council(tmp_path, {"ana": calendar(1)}, more=PROCESSES))
    # The pool may still be joining its processes.
    deadline = time.monotonic() + 10
    while multiprocessing.active_children() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert multiprocessing.active_children() == []


def test_every_engine_reports_a_broken_calendar_and_reads_a_folder(tmp_path, engine):
    config = write_council(
        tmp_path, {"ana": calendar(1), "bob": b"<html>Sign in</html>", "cai": b""}, more=engine
    )
    folder = tmp_path / "calendars" / "cai"
    folder.mkdir()
    for number in (2, 3):
        (folder / f"{number}.ics").write_bytes(calendar(number))
    rows = (tmp_path / "managers.csv").read_text()
    (tmp_path / "managers.csv").write_text(rows.replace("calendars/cai.ics", "calendars/cai"))
    report = run_test_night(config)
    (fault,) = report.faults
    assert "bob" in fault.where
    assert report.counts["calendars"] == 3


def test_a_calendar_that_hangs_stops_no_engine(tmp_path, engine):
    with socket.create_server(("127.0.0.1", 0)) as server:
        config = write_council(
            tmp_path,
            {"ana": calendar(1), "bob": calendar(2)},
            more=ALLOW_LOOPBACK + engine + "calendar_seconds = 1\n",
        )
        rows = (tmp_path / "managers.csv").read_text()
        hanging = f"http://127.0.0.1:{server.getsockname()[1]}/bob.ics"
        (tmp_path / "managers.csv").write_text(rows.replace("calendars/bob.ics", hanging))
        report = run_test_night(config)
    assert report.counts["calendars"] == 1
    (fault,) = report.faults
    assert "bob" in fault.where and "within 1 second;" in fault.what


def error_before_night(config) -> str:
    """Return the error that a night raises before anything is changed."""
    with pytest.raises(ConfigError) as raised:
        run_test_night(config)
    assert not (config.parent / "calsync.db").exists()
    return str(raised.value)


def test_a_scheduler_that_does_not_answer_is_reported_before_anything_is_changed(tmp_path, monkeypatch):
    monkeypatch.setattr("calsync.app.dask_engine.SCHEDULER_SECONDS", 1)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
        more = f'[engine]\nkind = "dask"\naddress = "{address}"\n'
        error = error_before_night(write_council(tmp_path, {"ana": calendar(1)}, more=more))
    assert address in error and "no scheduler answers" in error


def test_without_dask_the_error_names_the_installation(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    more = '[engine]\nkind = "dask"\naddress = "tcp://127.0.0.1:8786"\n'
    assert "pip install dask distributed" in error_before_night(
        write_council(tmp_path, {"ana": calendar(1)}, more=more)
    )


def test_dask_without_an_address_is_refused(tmp_path):
    assert "address" in error_before_night(
        write_council(tmp_path, {"ana": calendar(1)}, more='[engine]\nkind = "dask"\n')
    )


def test_a_worker_with_other_rules_is_reported_before_anything_is_changed(tmp_path, cluster, monkeypatch):
    # The version of this night's rules differs from those that a worker loads.
    from calsync.app import night as run

    config = write_council(tmp_path, {"ana": calendar(1)}, more=on_dask(cluster))
    run_context = run.run_context
    monkeypatch.setattr(run, "run_context", lambda night: replace(run_context(night), rules_version="0" * 24))
    error = error_before_night(config)
    assert "other rules" in error and "Dask worker tcp://" in error


def test_a_worker_without_our_secrets_is_reported_before_anything_is_changed(tmp_path, cluster, monkeypatch):
    monkeypatch.setenv("ONLY_HERE", "made-up")
    more = (
        on_dask(cluster)
        + '[sources.desk]\ntype = "caldav"\nurl = "https://dav.example/"\n'
        + 'username = "ana"\npassword_env = "ONLY_HERE"\n'
    )
    config = write_council(tmp_path, {"ana": calendar(1)}, more=more)
    (tmp_path / "managers.csv").write_text(
        "id,email,source,calendar\nana,ana@brynfelin.gov.wales.example,desk,https://dav.example/ana/\n"
    )
    error = error_before_night(config)
    assert "ONLY_HERE" in error and "made-up" not in error


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_night_stopped_by_a_signal_is_interrupted_and_the_next_continues(
    tmp_path, engine, expected, number
):
    config = write_council(tmp_path, CALENDARS, more=engine)
    command = [sys.executable, "-m", "calsync", "run", "--config", str(config), "--night", str(NIGHT)]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as run:
        for _ in range(1200):
            if (tmp_path / "calsync.db").exists() or run.poll() is not None:
                break
            time.sleep(0.05)
        os.killpg(run.pid, number)
        _, stderr = run.communicate(timeout=120)
    assert b"Traceback" not in stderr
    assert run_test_night(config).outcome is RunState.GOOD
    assert stored_tables(config, COMPARED_TABLES) == expected


def test_when_the_night_is_killed_its_processes_end_too(tmp_path, expected):
    config = write_council(tmp_path, CALENDARS, more=PROCESSES)
    command = [sys.executable, "-m", "calsync", "run", "--config", str(config), "--night", str(NIGHT)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as run:
        for _ in range(1200):
            if children := psutil.Process(run.pid).children(recursive=True):
                break
            time.sleep(0.05)
        run.kill()
        _, alive = psutil.wait_procs(children, timeout=60)
    assert children and alive == []
    assert run_test_night(config).outcome is RunState.GOOD
    assert stored_tables(config, COMPARED_TABLES) == expected


@pytest.mark.parametrize(
    ("address", "workers"), [("calendars/ana.ics", 1), ("http://127.0.0.1:9/ana.ics", 3)]
)
def test_files_are_read_by_one_worker_and_urls_by_all(tmp_path, address, workers, monkeypatch):
    from calsync.app import night as run

    config = write_council(tmp_path, {"ana": calendar(1)}, more=ALLOW_LOOPBACK + "[engine]\nworkers = 3\n")
    managers = tmp_path / "managers.csv"
    managers.write_text(managers.read_text().replace("calendars/ana.ics", address))
    opened = []
    fetch_all = run.fetch_all
    monkeypatch.setattr(
        run, "fetch_all", lambda *args: (opened.append(args[2].max_in_flight), fetch_all(*args))
    )
    run_test_night(config)
    assert opened == [workers]
