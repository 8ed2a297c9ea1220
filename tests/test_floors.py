"""The house itself: imports fall, files and functions stay small."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "calsync"
FILES = sorted(file for file in PACKAGE.rglob("*.py") if "migrations/versions" not in file.as_posix())


@pytest.mark.skipif(not PACKAGE.is_dir(), reason="no checkout")
def test_imports_only_fall():
    command = [str(Path(sys.executable).parent / "lint-imports")]
    ran = subprocess.run(command, cwd=PACKAGE.parent, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_files_stay_under_three_hundred_lines_and_functions_under_forty_one(file):
    text = file.read_text(encoding="utf-8")
    assert text.count("\n") <= 300
    functions = [
        n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert [
        f"{f.name}: {f.end_lineno - f.lineno + 1}" for f in functions if f.end_lineno - f.lineno + 1 > 40
    ] == []
