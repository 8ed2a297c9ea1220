"""Names use the vocabulary of docs/developers/glossary.md, and none of the words that it replaced."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = [ROOT / name for name in ("calsync", "benchmarks", "tests")]
FILES = sorted(
    file
    for folder in FOLDERS
    for file in folder.rglob("*.py")
    # The name of a migration is stored in databases.
    if "versions" not in file.parts
)

REPLACED = {
    "abreast": "run_jobs, job pool",
    "anew": "again",
    "asked": "requested",
    "beside": "next to",
    "calm": "without transition",
    "crew": "job pool",
    "desk": "worker",
    "door": "interface",
    "errand": "client",
    "hear": "match",
    "heard": "applicable",
    "house": "project",
    "hull": "bounding span",
    "joiners": "conjunctions",
    "judge": "classify",
    "judged": "classified",
    "judging": "classify",
    "keeper": "batch writer",
    "ledgers": "uid digests",
    "lonely": "single-row rules",
    "newcomer": "new manager",
    "odd": "needs full parser",
    "orgs": "organisation index",
    "outlines": "event times",
    "placed": "localize",
    "reckon": "recalculate",
    "reckoned": "recalculated",
    "reckoning": "allocation state",
    "reckonings": "allocation states",
    "refusal": "http error",
    "refusals": "http errors",
    "restless": "transition days",
    "retold": "translate_error",
    "room": "package",
    "said": "given",
    "seat": "organisation",
    "settle": "normalise",
    "sieve": "prefilter",
    "skim": "scan_lines",
    "slices": "split_events",
    "sorter": "partition",
    "spoken": "match",
    "standing": "unchanged, in force or counting status",
    "told": "reported",
    "torn": "partly merged",
    "traced": "mention",
    "unusual": "needs full parser",
    "veil": "redact_private",
    "veiled": "redact_private",
    "verdict": "classification",
    "verdicts": "classifications",
    "visit": "fetch job",
    "weighed": "evidence",
    "whose": "owner",
}
"""Words that may not be part of a name, and what to write.

Words with a plain meaning of their own (one, place, found, order, near) are not in the list: reviewers look
at those.
"""


def names_in(file: Path) -> Iterator[tuple[str, int]]:
    """The module, its classes, functions and parameters, with their lines."""
    yield file.stem, 1
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            # The name of a test is a sentence.
            if not node.name.startswith("test_"):
                yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno


def words_of(name: str) -> list[str]:
    """`_OddError` and `odd_error` have the words odd and error."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_").split("_")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_name_holds_a_word_that_was_replaced(file):
    found = [
        f"{file.relative_to(ROOT)}:{line}: {name}: {word}: write {REPLACED[word]}"
        for name, line in names_in(file)
        for word in words_of(name)
        if word in REPLACED
    ]
    assert found == []


def test_every_word_of_a_name_is_seen():
    assert words_of("_OddEventError") == ["odd", "event", "error"]
    assert words_of("RRULE_weekly") == ["rrule", "weekly"]


def test_no_class_name_is_defined_in_two_modules_of_the_package():
    homes: dict[str, list[str]] = {}
    for file in (ROOT / "calsync").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(str(file.relative_to(ROOT)))
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}
