"""The garbage collector, asked to look less often while calendars are read.

Reading makes many objects and no rings of them, so that nothing waits for the collector; but every few
hundred new objects would have it look through all that lives, up to a fifth of the time that reading takes.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_YOUNG_THRESHOLD = 50_000
"""How many new objects come together before it looks."""
_lock = Lock()
_saved_thresholds: list[tuple[int, int, int]] = []
"""What it was set to, once for everyone who is within."""


@contextmanager
def fewer_collections() -> Iterator[None]:
    """Have it look less often, for as long as anyone of this process is within."""
    with _lock:
        _saved_thresholds.append(_saved_thresholds[0] if _saved_thresholds else gc.get_threshold())
        gc.set_threshold(_YOUNG_THRESHOLD, *_saved_thresholds[0][1:])
    try:
        yield
    finally:
        with _lock:
            usual = _saved_thresholds.pop()
            if not _saved_thresholds:
                gc.set_threshold(*usual)
