"""Measures a night of many mailboxes against the Graph emulator, one process each.

`python -m benchmarks.graph_night`

Prints requests per mailbox, wall time, CPU and peak memory of the night, and how many were faulty.
"""

import argparse
import csv
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
SETTINGS = """
[organisation]
name = "Cyngor Brynfelin Council"
domains = ["brynfelin.gov.wales.example", "brynfelin.llyw.cymru.example"]
[sources.m365]
type = "m365"
tenant = "{tenant}"
client_id = "{client_id}"
secret_env = "BENCH_SECRET"
graph_root = "{root}"
mailboxes_at_once = {workers}
attempts = 2
[engine]
workers = {workers}
"""


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as name, _emulator(options) as (graph, ended):
        config = _council(Path(name), graph, options)
        for night in ("first night", "same night again"):
            seconds, code, used = _night(config, graph)
            print(
                f"{night}: {seconds:.1f} s wall, {used.ru_utime + used.ru_stime:.1f} s CPU so far, "
                f"peak {used.ru_maxrss / 1024:.0f} MB, exit code {code}"
            )
        faulty = len(graph["faulty"])
    requests = ended["requests"]
    healthy = options.mailboxes - faulty
    print(f"{options.mailboxes} mailboxes, {faulty} of them faulty, {options.workers} at once")
    print(
        f"{requests} requests in two nights; most at once {ended['most_at_once']}; {ended['tokens']} tokens"
    )
    print(f"{requests / 2 / options.mailboxes:.2f} requests a mailbox and night, {healthy} healthy")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mailboxes", type=int, default=2000)
    parser.add_argument("--faulty", type=float, default=0.02)
    parser.add_argument("--workers", type=int, default=4)
    return parser.parse_args()


@contextmanager
def _emulator(options: argparse.Namespace):
    command = [sys.executable, str(ROOT / "tests/graph/emulator.py"), "--demo",
               "--mailboxes", str(options.mailboxes), "--faulty", str(options.faulty)]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    ended: dict = {}
    try:
        yield json.loads(process.stdout.readline()), ended
        process.send_signal(signal.SIGTERM)
        ended.update(json.loads(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()


def _council(folder: Path, graph: dict, options: argparse.Namespace) -> Path:
    (folder / "calsync.toml").write_text(SETTINGS.format(workers=options.workers, **graph), encoding="utf-8")
    with (folder / "managers.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "email", "summary"])
        rows.writerows((f"m{n:05}", address, "weekly") for n, address in enumerate(graph["mailboxes"]))
    return folder / "calsync.toml"


def _night(config: Path, graph: dict) -> tuple[float, int, resource.struct_rusage]:
    command = [sys.executable, "-m", "calsync", "run", "--config", str(config), "--night", "2026-11-16"]
    begun = time.monotonic()
    ran = subprocess.run(command, env={**os.environ, "BENCH_SECRET": graph["secret"]}, capture_output=True)
    if ran.returncode not in (0, 1):
        sys.exit(ran.stderr.decode()[-3000:])
    return time.monotonic() - begun, ran.returncode, resource.getrusage(resource.RUSAGE_CHILDREN)


if __name__ == "__main__":
    main()
