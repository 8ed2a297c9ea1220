"""Work as bytes: who only passes it on, as Dask's scheduler does, need not load what it is about.

A scheduler takes apart what it is given, and would load all of calsync and pandas with it before the
first calendar is read. So nothing of calsync is imported here.
"""

import pickle
from collections.abc import Callable
from typing import Any


def pickle_call(function: Callable[..., object], *args: object, **kwargs: object) -> bytes:
    """A call, to be carried out by `run_pickled_call` wherever it is sent to."""
    return pickle.dumps((function, args, kwargs))


def run_pickled_call(call: bytes) -> Any:
    """What a packed call gives; raises what it raises."""
    # From our own night, by Dask, which takes nothing else but pickles (docs/operators/operating.md).
    work, args, kwargs = pickle.loads(call)  # noqa: S301
    return work(*args, **kwargs)
