"""A process killed while it writes a mail leaves nothing half done, and the mail is delivered once."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from support.night_council import (
    NIGHT,
    mail_files,
    run_test_night,
    stored_tables,
    vcalendar,
    vevent,
    write_council,
)

pytestmark = pytest.mark.slow

PSB = vcalendar(vevent("psb", "20261109T100000Z", "20261109T120000Z", "SUMMARY:PSB: terms of reference"))

# The night stops and waits to be killed at the named call of the second mail.
KILLED = """
import os, sys, time
from pathlib import Path
from support.night_council import run_test_night

def stop_at_second(name, real):
    calls = []
    def call(*args, **kwargs):
        file = str(args[0])
        if name == "fsync":
            file = os.readlink(f"/proc/self/fd/{args[0]}")
        calls.append(file)
        if len([call for call in calls if call.endswith(".part")]) == 2 and file.endswith(".part"):
            print("stopped", flush=True)
            time.sleep(120)
        return real(*args, **kwargs)
    return call

if sys.argv[2] == "fsync":
    os.fsync = stop_at_second("fsync", os.fsync)
elif sys.argv[2] == "rename":
    Path.replace = stop_at_second("rename", Path.replace)
else:
    from calsync.store.outbox import Outbox
    real = Outbox.mark_sent
    def sent(self, mail_id, now):
        if "/ben/" in mail_id:
            print("stopped", flush=True)
            time.sleep(120)
        real(self, mail_id, now)
    Outbox.mark_sent = sent
run_test_night(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("days", [0, 1], ids=["same night", "next night"])
@pytest.mark.parametrize("where", ["fsync", "rename", "recorded"])
def test_a_killed_night_leaves_no_half_mail_and_the_next_delivers_each_once(tmp_path, where, days):
    config = write_council(tmp_path, dict.fromkeys(("ana", "ben", "cai"), PSB))
    python_path = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
    command = [sys.executable, "-c", KILLED, str(config), where]
    environment = {**os.environ, "PYTHONPATH": python_path}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout and process.stdout.readline() == "stopped\n"
        process.send_signal(signal.SIGKILL)
    mails = [message_from_bytes(path.read_bytes()) for path in mail_files(config)]
    assert len(mails) == (2 if where == "recorded" else 1)
    assert all(mail.get_payload()[1].get_payload().rstrip().endswith("</html>") for mail in mails)
    report = run_test_night(config, NIGHT + timedelta(days=days))
    assert report.outcome == "good", report.problems
    assert [path.name.split()[1] for path in sorted((tmp_path / "outbox").iterdir())] == ["ana", "ben", "cai"]
    assert {row[5] for row in stored_tables(config, ("outbox",))["outbox"]} == {"sent"}
    assert run_test_night(config, NIGHT + timedelta(days=days)).counts["mails"] == 0
