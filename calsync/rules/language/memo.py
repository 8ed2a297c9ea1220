"""A dictionary that asks for what it lacks: words, domains and clauses repeat where whole texts do not."""

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
