"""What a regular expression cannot match without: a look for that text is far quicker than a search."""

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
_UNRELIABLE_RUNS = frozenset(
    {"am", "pm", "th", "ch"}
)  # `fold` may take these for a part of a time or a clitic


def required_literal(regex: str) -> str:
    """The longest text that every match holds for sure, or "" where none can be told."""
    spelled = _ESCAPED.sub(_mask_escape, regex)
    if "(?i" in regex or "|" in (plain := _without_groups(spelled)):
        return ""
    longest = max(_NON_LITERAL.split(_OPTIONAL.sub("^", plain)), key=len)
    return "".join(chr(ord(c) - _PRIVATE_USE) if c >= chr(_PRIVATE_USE) else c for c in longest)


def _mask_escape(escaped: re.Match[str]) -> str:
    """An escaped mark as a letter for private use, so that `\\(` opens no group."""
    mark = escaped[0][1]
    return escaped[0] if mark.isalnum() else chr(_PRIVATE_USE + ord(mark))


def _without_groups(regex: str) -> str:
    """The expression with every class and every group replaced by a dot."""
    plain = _CLASS.sub(".", regex)
    while _GROUP.search(plain):
        plain = _GROUP.sub(".", plain)
    return plain


def required_letters(regex: str) -> frozenset[str]:
    """Runs of small letters of which one lies in some folded word of every match; empty: cannot be told."""
    plain = _EITHER_CASE.sub(lambda case: case[2] if case[1].lower() == case[2] else ".", regex)
    return _required_runs(_CLASS.sub(".", _ESCAPED.sub("^", plain.removeprefix("(?i)"))).lower())


def _required_runs(plain: str) -> frozenset[str]:
    """The runs of an expression without escapes and classes: of each branch those that are the longest."""
    branches = list(_split_branches(plain))
    if len(branches) > 1:
        each = [_required_runs(branch) for branch in branches]
        return frozenset().union(*each) if all(each) else frozenset()
    candidates = [frozenset({run}) for run in _LETTERS.findall(_OPTIONAL.sub("^", _without_groups(plain)))]
    candidates += [_required_runs(group) for group in _required_groups(plain)]
    usable = [runs for runs in candidates if runs and runs.isdisjoint(_UNRELIABLE_RUNS)]
    return max(usable, key=lambda runs: (min(map(len, runs)), -len(runs)), default=frozenset())


def _split_branches(plain: str) -> Iterator[str]:
    """The branches of an expression: what stands between its outer bars."""
    depth = start = 0
    for at, letter in enumerate(plain):
        depth += (letter == "(") - (letter == ")")
        if letter == "|" and not depth:
            yield plain[start:at]
            start = at + 1
    yield plain[start:]


def _required_groups(plain: str) -> Iterator[str]:
    """What the outer groups hold that every match goes through; those that only look around are none."""
    depth = start = 0
    for at, letter in enumerate(plain):
        if letter == "(":
            start, depth = (start if depth else at + 1), depth + 1
        elif letter == ")":
            depth -= 1
            inside = _OPENING.sub("", plain[start:at], count=1) if plain[start] == "?" else plain[start:at]
            if not depth and not inside.startswith("?") and plain[at + 1 : at + 2] not in ("?", "*", "{"):
                yield inside
