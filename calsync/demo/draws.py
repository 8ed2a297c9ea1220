"""Reproducible pseudo-random choices: each is derived from a digest of names.

Python guarantees the same numbers in all versions for only a few functions of `random`. A digest of names
does not depend on earlier choices either, so that a change in one text leaves all other choices as they are.
"""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

SEED = "Cyngor Brynfelin 2026"
_Choice = TypeVar("_Choice")


def draw_fraction(*names: object) -> float:
    """A number from 0 (inclusive) to 1 (exclusive) that these names determine."""
    return int(draw_digest(8, *names), 16) / 2**32


def draw_choice(choices: Sequence[_Choice], *names: object) -> _Choice:
    """One of the choices, determined by these names."""
    return choices[int(draw_fraction(*names) * len(choices))]


def draw_integer(lowest: int, highest: int, *names: object) -> int:
    """A whole number from `lowest` to `highest`, both inclusive."""
    return lowest + int(draw_fraction(*names) * (highest - lowest + 1))


def draw_digest(length: int, *names: object) -> str:
    """This number of hexadecimal digits, determined by these names."""
    text = "\x1f".join((SEED, *map(str, names)))
    return hashlib.blake2b(text.encode(), digest_size=(length + 1) // 2).hexdigest()[:length]
