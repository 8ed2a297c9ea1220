"""Choices that look like chance and are the same everywhere: drawn from names, not from a generator.

Python promises the same numbers across versions for very few functions of `random`; a digest of the
names involved gives the same draw whatever else was drawn before, so that one change in the texts does
not shuffle the whole council.
"""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

SEED = "Cyngor Brynfelin 2026"
_Choice = TypeVar("_ONE")


def draw_fraction(*names: object) -> float:
    """A number from 0 to 1 (exclusive) that belongs to these names."""
    return int(draw_digest(8, *names), 16) / 2**32


def draw_choice(choices: Sequence[_Choice], *names: object) -> _Choice:
    """One of the choices."""
    return choices[int(draw_fraction(*names) * len(choices))]


def draw_integer(lowest: int, highest: int, *names: object) -> int:
    """A whole number from `least` to `most`, both inclusive."""
    return lowest + int(draw_fraction(*names) * (highest - lowest + 1))


def draw_digest(length: int, *names: object) -> str:
    """So many hexadecimal digits that belong to these names."""
    text = "\x1f".join((SEED, *map(str, names)))
    return hashlib.blake2b(text.encode(), digest_size=(length + 1) // 2).hexdigest()[:length]
