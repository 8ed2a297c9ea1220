"""Makes Python's garbage collector run less often while calendars are read.

Reading creates many objects and hardly any reference cycles, so the collector finds nothing to free. By
default it would examine all live objects after every few hundred new ones, which takes up to a fifth of the
time of reading.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_NEW_OBJECTS = 50_000
"""After how many new objects the collector runs."""
_lock = Lock()
_defaults: list[tuple[int, int, int]] = []
"""The thresholds from before, once for each context that is open."""


@contextmanager
def collect_less_often() -> Iterator[None]:
    """Raise the collector's threshold until the last context of this process has ended."""
    with _lock:
        _defaults.append(_defaults[0] if _defaults else gc.get_threshold())
        gc.set_threshold(_NEW_OBJECTS, *_defaults[0][1:])
    try:
        yield
    finally:
        with _lock:
            thresholds = _defaults.pop()
            if not _defaults:
                gc.set_threshold(*thresholds)
