"""Runs all or the named benchmarks: `python -m benchmarks [reading judging nights startup]` (`make bench`).

Each part can be run by itself, with its own options: `python -m benchmarks.whole_night --help`.
Microsoft 365 (`graph_night`), several machines (`engines`) and `recurrence` are run by themselves.
"""

import platform
import subprocess
import sys
from os import cpu_count

PARTS = {
    "reading": ["benchmarks.reading"],
    "judging": ["benchmarks.classify_speed"],
    "nights": ["benchmarks.whole_night"],
    "startup": ["benchmarks.startup"],
}


def main() -> None:
    """Run the named parts, or all."""
    chosen = sys.argv[1:] or list(PARTS)
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        raise SystemExit(f"no such benchmark: {', '.join(unknown)}; known: {', '.join(PARTS)}")
    machine = platform.processor() or platform.machine()
    print(f"{cpu_count()} cores, {machine}, Python {platform.python_version()}")
    for name in chosen:
        print(f"\n## {name}\n", flush=True)
        subprocess.run([sys.executable, "-m", *PARTS[name]], check=True)


if __name__ == "__main__":
    main()
