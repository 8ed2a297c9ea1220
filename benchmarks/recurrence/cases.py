"""Public recurrence corpora as one list of cases; reads checkouts, stores nothing of them.

libical: `src/test/icalrecur_test.txt` and `…_rscale.txt`, blocks of RRULE, DTSTART, START-AT, INSTANCES.
ical.js: `test/recur_iterator_test.js`, calls of `testRRULE(rule, {dates, dtStart, until, byCount, …})`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """A rule, its DTSTART, and the starts that a corpus expects (YYYYMMDD or YYYYMMDDTHHMMSS).

    prefix: only the first of them. since: earlier ones are not listed. refused: the rule is no rule.
    """

    name: str
    rule: str
    start: str
    expected: tuple[str, ...]
    prefix: bool = False
    since: str = ""
    refused: bool = False
    zone: str = ""


def from_libical(path: Path, corpus: str) -> Iterator[Case]:
    """The blocks of one of libical's files."""
    block: dict[str, str] = {}
    first = 0
    for number, line in enumerate([*path.read_text(encoding="utf-8-sig").splitlines(), ""], 1):
        if not line.strip():
            if "RRULE" in block:
                yield _of_block(f"{corpus}:{first}", block)
            block = {}
        elif not line.startswith("#") and ":" in line:
            first = first if block else number
            name, _, value = line.partition(":")
            block[name.strip()] = value.strip()


def _of_block(name: str, block: dict[str, str]) -> Case:
    listed = block.get("INSTANCES", "")
    refused = listed.startswith("***")
    expected = () if refused else tuple(_plain(one) for one in listed.split(",") if one.strip())
    return Case(
        name, block["RRULE"], block["DTSTART"], expected, since=block.get("START-AT", ""), refused=refused
    )


_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_CALL = re.compile(r"^\s*testRRULE\(\s*'([^']+)'\s*,\s*\{(.*?)^\s*\}\);", re.S | re.M)


def from_ical_js(path: Path) -> Iterator[Case]:
    """The calls of testRRULE in ical.js' test."""
    text = _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), path.read_text(encoding="utf-8"))
    for call in _CALL.finditer(text):
        rule, options = call[1], re.sub(r"//.*", "", call[2])
        dates = re.search(r"dates:\s*\[(.*?)\]", options, re.S)
        expected = (
            tuple(_plain(one) for one in re.findall(r"""['"]([^'"]+)['"]""", dates[1])) if dates else ()
        )
        begin = re.search(r"dtStart:\s*'([^']+)'", options)
        if not expected and not begin:
            continue
        line = text[: call.start()].count("\n") + 2
        ends = ("UNTIL" in rule or "COUNT" in rule) and "max:" not in options
        start = _plain(begin[1]) if begin else expected[0]
        yield Case(f"ical.js:{line}", rule, start, expected, prefix=not ends and bool(expected))


def from_json_lines(path: Path) -> Iterator[Case]:
    """Cases in JSON: id, rrule, dtstart, expected, prefix, start_at, tz, error."""
    for line in path.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        if case.get("kind", "rule") == "rule":
            expected = tuple(_plain(one) for one in case["expected"])
            yield Case(
                case["id"],
                case["rrule"],
                _plain(case["dtstart"], keep_utc=True),
                expected,
                prefix=case.get("prefix", False),
                since=case.get("start_at") or "",
                refused="error" in case,
                zone=case.get("tz") or "",
            )


def _plain(text: str, keep_utc: bool = False) -> str:
    plain = re.sub(r"[+-]\d\d:\d\d$", "", text.strip().replace(" ", "T")).replace("-", "").replace(":", "")
    return plain if keep_utc else plain.rstrip("Z")


def moment(text: str) -> datetime:
    """A start as a naive datetime."""
    return datetime.strptime(text.rstrip("Z"), "%Y%m%dT%H%M%S" if "T" in text else "%Y%m%d")  # noqa: DTZ007
