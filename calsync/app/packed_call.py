"""Sends a function call as bytes, so that Dask's scheduler imports nothing of calsync.

A scheduler unpickles the tasks that it passes on. With plain functions of ours it would import calsync and
pandas before the first calendar is read (docs/benchmarks.md). For the same reason this module imports
nothing of calsync; `calsync.app.dask_engine` uses it.
"""

import pickle
from collections.abc import Callable
from typing import Any


def pack_call(function: Callable[..., object], *args: object, **kwargs: object) -> bytes:
    """Return a call as bytes, for `run_packed_call`."""
    return pickle.dumps((function, args, kwargs))


def run_packed_call(call: bytes) -> Any:
    """Call a packed function; returns what it returns and raises what it raises."""
    # The bytes come from our own night through Dask, which uses pickle anyway (docs/operators/operating.md).
    function, args, kwargs = pickle.loads(call)  # noqa: S301
    return function(*args, **kwargs)
