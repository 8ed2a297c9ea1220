"""Runs calsync in a process of its own, with pipes or in a pseudo-terminal."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

BRYNFELIN = "brynfelin.gov.wales.example"
CONTROL_CHARACTERS = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
INVISIBLE_CHARACTERS = re.compile("[\u00ad\u200b-\u200d\u2060-\u2064\ufeff\U000e0000-\U000e0fff]")


def run_piped(*arguments: object, folder: Path, **environment: str) -> subprocess.CompletedProcess:
    """Run calsync with these arguments; undecodable bytes of the output become lone surrogates."""
    command = [sys.executable, "-m", "calsync", *map(str, arguments)]
    completed = subprocess.run(
        command, capture_output=True, cwd=folder, env={**clean_environment(), **environment}
    )
    completed.stdout = completed.stdout.decode("utf-8", "surrogateescape")
    completed.stderr = completed.stderr.decode("utf-8", "surrogateescape")
    return completed


def clean_environment() -> dict[str, str]:
    """The environment without the variables of CI and terminals that change the output."""
    removed = ("CI", "TERM", "COLUMNS", "FORCE_COLOR")
    return {**{key: value for key, value in os.environ.items() if key not in removed}, "TERM": "xterm"}


def run_in_terminal(*arguments: object, folder: Path, **environment: str) -> tuple[int, str]:
    """Run calsync in a pseudo-terminal; return the exit code, and standard output and error together."""
    command = [sys.executable, "-m", "calsync", *map(str, arguments)]
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        command,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=folder,
        env={**clean_environment(), **environment},
    )
    os.close(follower)
    parts = []
    while True:
        try:
            part = os.read(leader, 65_536)
        except OSError:  # Linux raises it when the other end is closed
            break
        if not part:
            break
        parts.append(part)
    os.close(leader)
    return process.wait(), b"".join(parts).decode("utf-8", "surrogateescape")
