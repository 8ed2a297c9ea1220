"""Makes the pseudo-random choices of the fictional council; each is derived from a digest of names.

The names identify the choice, such as a manager, a day and a purpose. Python guarantees the same numbers in
all versions for only a few functions of `random`. A digest of names does not depend on earlier choices
either, so that a change in one text does not change any other choice.
"""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

SEED = "Cyngor Brynfelin 2026"
_Choice = TypeVar("_Choice")


def draw_fraction(*names: object) -> float:
    """Return a number from 0 (inclusive) to 1 (exclusive), the same for the same names."""
    return int(draw_digest(8, *names), 16) / 2**32


def draw_choice(choices: Sequence[_Choice], *names: object) -> _Choice:
    """Return one of the choices, the same for the same names."""
    return choices[int(draw_fraction(*names) * len(choices))]


def draw_integer(lowest: int, highest: int, *names: object) -> int:
    """Return a whole number from `lowest` to `highest`, both inclusive, the same for the same names."""
    return lowest + int(draw_fraction(*names) * (highest - lowest + 1))


def draw_digest(length: int, *names: object) -> str:
    """Return `length` hexadecimal digits, the same for the same names."""
    # A control character separates the names, so that ("ab", "c") and ("a", "bc") differ.
    text = "\x1f".join((SEED, *map(str, names)))
    return hashlib.blake2b(text.encode(), digest_size=(length + 1) // 2).hexdigest()[:length]
