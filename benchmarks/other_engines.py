"""Engines outside this environment: found, compiled or installed for one benchmark."""

import shutil
import subprocess
import sys
from pathlib import Path


def compiled(folder: Path) -> str:
    """Compile a program that uses libical; return "" if libical-dev is not installed."""
    program, source = folder / "libical_reading", Path(__file__).with_name("libical_reading.c")
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "libical"], capture_output=True, text=True, check=False
    )
    if flags.returncode or not shutil.which("cc"):
        return ""
    subprocess.run(["cc", "-O2", str(source), "-o", str(program), *flags.stdout.split()], check=True)
    return str(program)


def python_with_ical(folder: Path) -> str:
    """Return the interpreter of a temporary environment with `ical` 14, "" if it cannot be installed."""
    python = str(folder / "ical" / "bin" / "python")
    made = [sys.executable, "-m", "venv", str(folder / "ical")]
    filled = [python, "-m", "pip", "install", "--quiet", "ical>=14,<15", "tzdata"]
    for step in (made, filled):
        if subprocess.run(step, check=False).returncode:
            return ""
    return python
