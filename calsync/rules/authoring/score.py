"""How well the rules agree with people: a table of coded meetings against the book's verdicts.

Cohen's kappa is agreement beyond chance (Cohen 1960), its interval the normal one with the large-sample
variance of Fleiss, Cohen and Everitt (1969).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

import pandas as pd

from calsync.model.classification import Activity
from calsync.rules.authoring.check import iterate_rules
from calsync.rules.book import RuleBook
from calsync.rules.tables import classify_table
from calsync.text import format_count

_CODED_COLUMNS = ("scope", "partnership", "activity")
_SIDES = (str(Activity.PROCESS), str(Activity.SERVICE_IMPROVEMENT))
_Z_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Kappa:
    """Agreement beyond chance, with its 95 % interval; of `n` rows."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3f} (95 % {self.low:.3f} to {self.high:.3f}, {format_count(self.n, 'row')})"


@dataclass(frozen=True, slots=True)
class Score:
    """How the rules did on coded meetings.

    accuracy: share of rows right, by column (scope, partnership, activity). kappa: of the activity,
    over all rows; kappa_inter: over the rows coded inter_agency. confusion: coded in rows, judged in
    columns. classes: index activity; columns precision, recall, coded, judged. hours: index process
    and service_improvement; columns coded, judged, error (relative; `mixed` is half of each). wrong:
    the rows that differ, most minutes first; columns title, minutes, coded, judged, rule, evidence.
    lonely: rules that spoke last on one row only, with that row's title and why the rule is general.
    """

    rows: int
    accuracy: dict[str, float]
    kappa: Kappa
    kappa_inter: Kappa
    confusion: pd.DataFrame
    classes: pd.DataFrame
    hours: pd.DataFrame
    differing: pd.DataFrame
    single_row_rules: tuple[tuple[str, str, str], ...]

    def __str__(self) -> str:
        return self.text()

    def text(self, rows: int | None = None) -> str:
        """All of it for people; of the rows that differ, so many of the longest (all if not given)."""
        return "\n".join(self.lines(rows))

    def lines(self, rows: int | None = None) -> tuple[str, ...]:
        """As `text`, line by line."""
        return tuple(_format_lines(self, rows))


def score_rules(frame: pd.DataFrame, book: RuleBook) -> Score:
    """Judge coded meetings and compare.

    Columns: those of `classify_table`, and scope, partnership, activity as coded. Raises KeyError
    with the names of coded columns that are missing.
    """
    missing = [name for name in _CODED_COLUMNS if name not in frame.columns]
    if missing:
        raise KeyError(", ".join(missing))
    coded = frame.loc[:, list(_CODED_COLUMNS)].fillna("").astype(str)
    judged = classify_table(frame.drop(columns=list(_CODED_COLUMNS)), book)
    minutes = pd.to_numeric(frame.get("duration_minutes", pd.Series(60, frame.index)), errors="coerce")
    inter = coded["scope"] == "inter_agency"
    return Score(
        rows=len(frame),
        accuracy={name: float((coded[name] == judged[name]).mean()) for name in _CODED_COLUMNS},
        kappa=cohen_kappa(coded["activity"].tolist(), judged["activity"].tolist()),
        kappa_inter=cohen_kappa(coded["activity"][inter].tolist(), judged["activity"][inter].tolist()),
        confusion=pd.crosstab(coded["activity"], judged["activity"], rownames=["coded"], colnames=["judged"]),
        classes=_table_of_classes(coded["activity"], judged["activity"]),
        hours=_table_of_hours(coded["activity"], judged["activity"], minutes.fillna(0) / 60),
        differing=_find_differing_rows(frame, coded, judged, minutes.fillna(0)),
        single_row_rules=tuple(_find_single_row_rules(judged, book)),
    )


def cohen_kappa(coded: Sequence[str], judged: Sequence[str]) -> Kappa:
    """Cohen's kappa of two codings of the same rows; 1 where both know one class only and agree."""
    n = len(coded)
    if not n:
        return Kappa(0.0, 0.0, 0.0, 0)
    pairs = Counter(zip(coded, judged, strict=True))
    left, right = Counter(coded), Counter(judged)
    names = left.keys() | right.keys()
    agreed = sum(pairs[name, name] for name in names) / n
    chance = sum(left[name] * right[name] for name in names) / n**2
    if chance >= 1:
        return Kappa(1.0, 1.0, 1.0, n)
    value = (agreed - chance) / (1 - chance)
    deviation = sqrt(max(_kappa_variance(pairs, left, right, n, agreed, chance), 0.0))
    return Kappa(value, value - _Z_95 * deviation, min(value + _Z_95 * deviation, 1.0), n)


def _kappa_variance(
    pairs: Counter[tuple[str, str]],
    left: Counter[str],
    right: Counter[str],
    n: int,
    agreed: float,
    chance: float,
) -> float:
    value = (agreed - chance) / (1 - chance)
    on = sum(
        count / n * (1 - (left[a] + right[a]) / n * (1 - value)) ** 2
        for (a, b), count in pairs.items()
        if a == b
    )
    off = (1 - value) ** 2 * sum(
        count / n * ((left[b] + right[a]) / n) ** 2 for (a, b), count in pairs.items() if a != b
    )
    return (on + off - (value - chance * (1 - value)) ** 2) / (n * (1 - chance) ** 2)


def _table_of_classes(coded: pd.Series, judged: pd.Series) -> pd.DataFrame:
    rows = []
    for name in sorted(set(coded) | set(judged)):
        right = int(((coded == name) & (judged == name)).sum())
        of_coded, of_judged = int((coded == name).sum()), int((judged == name).sum())
        precision = right / of_judged if of_judged else float("nan")
        recall = right / of_coded if of_coded else float("nan")
        rows.append((name, precision, recall, of_coded, of_judged))
    return pd.DataFrame(rows, columns=["activity", "precision", "recall", "coded", "judged"]).set_index(
        "activity"
    )


def _table_of_hours(coded: pd.Series, judged: pd.Series, hours: pd.Series) -> pd.DataFrame:
    rows = []
    for side in _SIDES:
        coded_hours, judged_hours = (
            float((hours * _share_of_side(column, side)).sum()) for column in (coded, judged)
        )
        rows.append(
            (side, coded_hours, judged_hours, judged_hours / coded_hours - 1 if coded_hours else float("nan"))
        )
    return pd.DataFrame(rows, columns=["activity", "coded", "judged", "error"]).set_index("activity")


def _share_of_side(column: pd.Series, side: str) -> pd.Series:
    return (column == side).astype(float) + (column == str(Activity.MIXED)) * 0.5


def _find_differing_rows(
    frame: pd.DataFrame, coded: pd.DataFrame, judged: pd.DataFrame, minutes: pd.Series
) -> pd.DataFrame:
    differs = (coded != judged[list(_CODED_COLUMNS)].astype(str)).any(axis=1)
    table = pd.DataFrame(
        {
            "title": frame["title"],
            "minutes": minutes,
            "coded": _join_labels(coded),
            "judged": _join_labels(judged),
            "rule": judged["rule"],
            "evidence": judged["evidence"],
        }
    )
    return table[differs].sort_values("minutes", ascending=False)


def _join_labels(table: pd.DataFrame) -> pd.Series:
    return table["scope"] + "/" + table["partnership"].replace("", "-") + "/" + table["activity"]


def _find_single_row_rules(judged: pd.DataFrame, book: RuleBook) -> Iterator[tuple[str, str, str]]:
    whys = {rule.id: rule.why for rule in iterate_rules(book)}
    titles: dict[str, list[str]] = {}
    for rules, title in zip(judged["rule"], judged["title"], strict=True):
        for rule in str(rules).split(" + "):
            titles.setdefault(rule, []).append(str(title))
    for rule, found in sorted(titles.items()):
        if len(found) == 1:
            yield rule, found[0], whys.get(rule, "the engine's own")


def _format_lines(score: Score, rows: int | None) -> Iterator[str]:
    yield format_count(score.rows, "row")
    for name, share in score.accuracy.items():
        yield f"{name:<12} {share:.3f} right"
    yield f"kappa of the activity, all rows           {score.kappa}"
    yield f"kappa of the activity, inter-agency rows  {score.kappa_inter}"
    # pandas shows a line break within a cell as \\n, so each of its lines is a row.
    yield from ("", "Hours (mixed counts half and half)", *score.hours.round(3).to_string().split("\n"))
    yield from ("", "By class", *score.classes.round(3).to_string().split("\n"))
    yield from ("", "Coded in rows, judged in columns", *score.confusion.to_string().split("\n"))
    differ = format_count(len(score.differing), "row differs", "rows differ")
    yield from ("", f"{differ}, the longest first")
    for row in score.differing.head(len(score.differing) if rows is None else rows).itertuples():
        yield f"  {row.minutes:.0f} min  {row.title}: coded {row.coded}, judged {row.judged}"
        yield f"      by {row.rule}: {row.evidence}"
    yield from ("", f"{format_count(len(score.single_row_rules), 'rule')} decided one row only")
    for rule, title, why in score.single_row_rules:
        yield f"  {rule} ({title}): {why}"
