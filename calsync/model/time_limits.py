"""Time limits for work in a thread; Python cannot end a thread from outside, so the work checks the limit.

The caller that starts the work sets a limit (`time_limit`); loops over untrusted text call
`check_time_limit` every few hundred steps, which raises TimeLimitError once the limit has passed.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_current = threading.local()


class TimeLimitError(Exception):
    """The time limit of the work in this thread has passed."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Limit the work of this thread in the context to this time; of nested limits the earlier counts."""
    outer: float | None = getattr(_current, "end", None)
    end = time.monotonic() + seconds
    _current.end = end if outer is None else min(outer, end)
    try:
        yield
    finally:
        _current.end = outer


def check_time_limit() -> None:
    """Raise TimeLimitError if the time limit of this thread has passed; without a limit do nothing."""
    end: float | None = getattr(_current, "end", None)
    if end is not None and time.monotonic() > end:
        raise TimeLimitError
