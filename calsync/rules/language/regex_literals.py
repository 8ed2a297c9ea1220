"""Derives text that every match of a regular expression contains (`required_literal`, `required_letters`).

To look for that text first is far quicker than to search for the expression. Called when packs are
compiled. Both functions return nothing rather than something uncertain.
"""

import re
from collections.abc import Iterator

_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]")
_EITHER_CASE = re.compile(r"\[([A-Z])([a-z])\]")
_ESCAPED = re.compile(r"\\.")
_GROUP = re.compile(r"\((?:\\.|[^()\\])*\)")
_OPTIONAL = re.compile(r".(?:[?*]|\{\d*,?\d*\})")
_PRIVATE_USE = 0xF0000
_NON_LITERAL = re.compile(r"\\.|[^\w /\U000f0000-\U000f00ff]")
_OPENING = re.compile(r"\?(?::|[Pp]<\w+>)")
_LETTERS = re.compile("[a-z]{2,}")
# `split_tokens` and `fold_text` may read these as the end of a clock time or what follows an apostrophe.
_UNRELIABLE_RUNS = frozenset({"am", "pm", "th", "ch"})


def required_literal(regex: str) -> str:
    """The longest text that every match certainly contains, or "" if none can be derived."""
    masked = _ESCAPED.sub(_mask_escape, regex)
    if "(?i" in regex or "|" in (plain := _without_groups(masked)):
        return ""
    longest = max(_NON_LITERAL.split(_OPTIONAL.sub("^", plain)), key=len)
    return "".join(chr(ord(c) - _PRIVATE_USE) if c >= chr(_PRIVATE_USE) else c for c in longest)


def _mask_escape(escaped: re.Match[str]) -> str:
    """An escaped mark as a private-use character, so that `\\(` does not count as the start of a group."""
    mark = escaped[0][1]
    return escaped[0] if mark.isalnum() else chr(_PRIVATE_USE + ord(mark))


def _without_groups(regex: str) -> str:
    """The expression with every class and every group replaced by a dot."""
    plain = _CLASS.sub(".", regex)
    while _GROUP.search(plain):
        plain = _GROUP.sub(".", plain)
    return plain


def required_letters(regex: str) -> frozenset[str]:
    """Runs of small letters of which one is in a folded word of every match; empty if none can be derived."""
    plain = _EITHER_CASE.sub(lambda case: case[2] if case[1].lower() == case[2] else ".", regex)
    return _required_runs(_CLASS.sub(".", _ESCAPED.sub("^", plain.removeprefix("(?i)"))).lower())


def _required_runs(plain: str) -> frozenset[str]:
    """The required runs of an expression without escapes and classes, of each branch the longest."""
    branches = list(_split_branches(plain))
    if len(branches) > 1:
        runs_of_branches = [_required_runs(branch) for branch in branches]
        return frozenset().union(*runs_of_branches) if all(runs_of_branches) else frozenset()
    candidates = [frozenset({run}) for run in _LETTERS.findall(_OPTIONAL.sub("^", _without_groups(plain)))]
    candidates += [_required_runs(group) for group in _required_groups(plain)]
    usable = [runs for runs in candidates if runs and runs.isdisjoint(_UNRELIABLE_RUNS)]
    return max(usable, key=lambda runs: (min(map(len, runs)), -len(runs)), default=frozenset())


def _split_branches(plain: str) -> Iterator[str]:
    """The branches of an expression: the parts between the bars that are in no group."""
    depth = start = 0
    for index, letter in enumerate(plain):
        depth += (letter == "(") - (letter == ")")
        if letter == "|" and not depth:
            yield plain[start:index]
            start = index + 1
    yield plain[start:]


def _required_groups(plain: str) -> Iterator[str]:
    """The content of the outer groups that are part of every match: not optional, no look-around."""
    depth = start = 0
    for index, letter in enumerate(plain):
        if letter == "(":
            start, depth = (start if depth else index + 1), depth + 1
        elif letter == ")":
            depth -= 1
            inside = (
                _OPENING.sub("", plain[start:index], count=1) if plain[start] == "?" else plain[start:index]
            )
            if (
                not depth
                and not inside.startswith("?")
                and plain[index + 1 : index + 2] not in ("?", "*", "{")
            ):
                yield inside
