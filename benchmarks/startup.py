"""Measures the CPU time that a command takes to start: `python -m benchmarks.startup [--runs N]`.

Each command runs in turn with `python -c 'import typer, rich'`, so that changes of the machine's speed
affect both; the ratio is that of the medians. The limits are 4 for `--help` and 8 for `status`.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

BASE = ("-c", "import typer, rich")
LIMITS = {"--help": 4.0, "status": 8.0}


def main() -> None:
    """Print a row for each command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder) / "demo"
        subprocess.run(
            [sys.executable, "-m", "calsync", "demo", "--to", demo], check=True, capture_output=True
        )
        commands = {
            "--help": ("-m", "calsync", "--help"),
            "status": ("-m", "calsync", "status", "--config", str(demo / "calsync.toml")),
        }
        print("| command | CPU, median ms | import typer, rich | ratio | limit |\n|---|---|---|---|---|")
        for name, command in commands.items():
            pairs = [(cpu_seconds(command), cpu_seconds(BASE)) for _ in range(runs)]
            own, base = (median(column) for column in zip(*pairs, strict=True))
            times = f"{own * 1000:.0f} | {base * 1000:.0f} | {own / base:.1f}"
            print(f"| `calsync {name}` | {times} | {LIMITS[name]:g} |")


def cpu_seconds(arguments: tuple[str, ...]) -> float:
    """User and system time of a whole process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
