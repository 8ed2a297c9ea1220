"""A packed call gives what the call gives, and whoever passes it on need load nothing of ours."""

import subprocess
import sys

import pytest

from calsync.app.pickled_calls import pickle_call, run_pickled_call

pytestmark = pytest.mark.slow


def test_a_packed_call_gives_and_raises_what_the_call_does() -> None:
    assert run_pickled_call(pickle_call(divmod, 7, 2)) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        run_pickled_call(pickle_call(divmod, 7, 0))


def test_who_passes_it_on_loads_neither_pandas_nor_the_rest_of_calsync() -> None:
    look = "import sys, calsync.app.pickled_calls; print(*sorted(sys.modules))"
    told = subprocess.run([sys.executable, "-c", look], check=True, capture_output=True, text=True).stdout
    ours = {name for name in told.split() if name.startswith("calsync")}
    assert ours == {"calsync", "calsync.app", "calsync.app.pickled_calls"}
    assert "pandas" not in told.split()
