"""The layers of the project: imports only fall."""

import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "calsync"


@pytest.mark.skipif(not PACKAGE.is_dir(), reason="no checkout")
def test_imports_only_fall():
    command = [str(Path(sys.executable).parent / "lint-imports")]
    ran = subprocess.run(command, cwd=PACKAGE.parent, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout
