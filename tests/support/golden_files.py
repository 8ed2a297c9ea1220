"""Golden files: outputs that a person has approved, compared line by line.

`make golden` (that is `pytest --update-golden`) runs the tests that use the fixture `golden` and writes their
files. Read the difference before you commit it.
"""

from collections.abc import Callable
from pathlib import Path

Golden = Callable[[Path, str], None]


def compare_with_golden_file(path: Path, text: str) -> None:
    """Fail if the text differs from the file; kinds of line ends do not matter."""
    expected = path.read_text(encoding="utf-8").splitlines()
    assert text.splitlines() == expected, f"if the new text is right: make golden (writes {path.name})"


def write_golden_file(path: Path, text: str) -> None:
    """Make the text the content of the file, with line feeds."""
    end = "\n" if text.endswith(("\n", "\r")) else ""
    path.write_text("\n".join(text.splitlines()) + end, encoding="utf-8", newline="\n")
