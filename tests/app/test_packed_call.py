"""A packed call returns what the call returns, and who passes it on imports nothing of calsync."""

import subprocess
import sys

import pytest

from calsync.app.packed_call import pack_call, run_packed_call


def test_a_packed_call_returns_and_raises_what_the_call_does() -> None:
    assert run_packed_call(pack_call(divmod, 7, 2)) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        run_packed_call(pack_call(divmod, 7, 0))


def test_importing_packed_call_imports_neither_pandas_nor_the_rest_of_calsync() -> None:
    script = "import sys, calsync.app.packed_call; print(*sorted(sys.modules))"
    output = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    own_modules = {name for name in output.split() if name.startswith("calsync")}
    assert own_modules == {"calsync", "calsync.version", "calsync.app", "calsync.app.packed_call"}
    assert "pandas" not in output.split()
