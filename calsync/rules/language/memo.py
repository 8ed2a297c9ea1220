"""Dictionaries that keep what was computed before, up to a number of keys."""

from collections.abc import Callable, Hashable
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Memo(dict[Key, Value]):
    """Remembers what `find` gave for a key, for at most so many keys; then it starts anew."""

    def __init__(self, compute: Callable[[Key], Value], limit: int) -> None:
        super().__init__()
        self._compute = compute
        self._limit = limit

    def __missing__(self, key: Key) -> Value:
        found = self._compute(key)
        if len(self) >= self._limit:
            self.clear()
        self[key] = found
        return found


class Cache(dict[Key, Value]):
    """A dictionary that holds at most so many keys: before one more is added, all are removed."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def __setitem__(self, key: Key, value: Value) -> None:
        if len(self) >= self._most:
            self.clear()
        super().__setitem__(key, value)
