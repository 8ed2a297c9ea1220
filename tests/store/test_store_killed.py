"""A process killed in the middle of a window leaves the window as it was."""

import os
import subprocess
import sys
from pathlib import Path

from support.builders import meeting, span

from calsync.store.database import Store, open_store
from calsync.store.records import CalendarState, RowCounts

DAY = span("00:00-24:00")
OLD = [meeting("09:00-10:00"), meeting("11:00-12:00")]
STATE = CalendarState("m1/test/1", "m1", "test", "m1 (a.ics)", token="old")

# Every statement of the transaction has been carried out when it stops and waits to be killed.
KILLED = """
import sys, time
from dataclasses import replace
from sqlalchemy import event
from support.builders import meeting
from calsync.store.database import open_store
from test_store_killed import DAY, STATE

def wait(connection):
    print("about to commit", flush=True)
    time.sleep(120)

store = open_store(sys.argv[1])
event.listen(store._database.engine, "commit", wait)
store.meetings.replace(replace(STATE, token="new"), DAY, [meeting("14:00-15:00")])
"""


def test_a_killed_replacement_leaves_the_old_window_whole(store: Store, url: str) -> None:
    store.meetings.replace(STATE, DAY, OLD)
    kill_before_commit(url)
    with open_store(url) as reopened:
        assert reopened.meetings.of_manager("m1", DAY) == OLD
        assert reopened.meetings.calendar_state("m1/test/1") == STATE
        assert reopened.meetings.replace(STATE, DAY, OLD) == RowCounts()


def kill_before_commit(url: str) -> None:
    command = [sys.executable, "-c", KILLED, url]
    places = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    environment = {**os.environ, "PYTHONPATH": places}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        assert process.stdout.readline() == "about to commit\n"
        process.kill()
