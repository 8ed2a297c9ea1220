"""Measures how well the rules agree with people who coded meetings, for `calsync rules score`.

Cohen's kappa is agreement beyond chance (Cohen 1960), its interval is the normal interval with the
large-sample variance of Fleiss, Cohen and Everitt (1969).
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
    """How often the rules label coded meetings as the people who coded them.

    accuracy: share of equal rows by column (scope, partnership, activity). kappa: of the activity over all
    rows; kappa_inter: over the rows coded inter_agency. confusion: activities as coded in rows, by the
    rules in columns. classes: index activity; columns precision, recall, coded, judged (number of rows).
    hours: index process and service_improvement; columns coded, judged, error (relative); `mixed` is half
    of each. differing: the rows that differ, most minutes first; columns title, minutes, coded, judged,
    rule, evidence. single_row_rules: id, title and reason of rules that decided one row only.
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
        """The whole text; of the rows that differ only the `rows` longest, all if not given."""
        return "\n".join(self.lines(rows))

    def lines(self, rows: int | None = None) -> tuple[str, ...]:
        """As `text`, line by line."""
        return tuple(_format_lines(self, rows))


def score_rules(frame: pd.DataFrame, book: RuleBook) -> Score:
    """Classify coded meetings and compare.

    Args:
        frame: the columns that `classify_table` reads, and scope, partnership and activity as coded.
        book: the rules.

    Raises:
        KeyError: with the names of the coded columns that are missing.
    """
    missing = [name for name in _CODED_COLUMNS if name not in frame.columns]
    if missing:
        raise KeyError(", ".join(missing))
    coded = frame.loc[:, list(_CODED_COLUMNS)].fillna("").astype(str)
    classified = classify_table(frame.drop(columns=list(_CODED_COLUMNS)), book)
    minutes = pd.to_numeric(frame.get("duration_minutes", pd.Series(60, frame.index)), errors="coerce")
    is_inter = coded["scope"] == "inter_agency"
    return Score(
        rows=len(frame),
        accuracy={name: float((coded[name] == classified[name]).mean()) for name in _CODED_COLUMNS},
        kappa=cohen_kappa(coded["activity"].tolist(), classified["activity"].tolist()),
        kappa_inter=cohen_kappa(
            coded["activity"][is_inter].tolist(), classified["activity"][is_inter].tolist()
        ),
        confusion=pd.crosstab(
            coded["activity"], classified["activity"], rownames=["coded"], colnames=["judged"]
        ),
        classes=_table_of_classes(coded["activity"], classified["activity"]),
        hours=_table_of_hours(coded["activity"], classified["activity"], minutes.fillna(0) / 60),
        differing=_find_differing_rows(frame, coded, classified, minutes.fillna(0)),
        single_row_rules=tuple(_find_single_row_rules(classified, book)),
    )


def cohen_kappa(coded: Sequence[str], classified: Sequence[str]) -> Kappa:
    """Cohen's kappa of two codings of the same rows; 1 if both have the same single class."""
    n = len(coded)
    if not n:
        return Kappa(0.0, 0.0, 0.0, 0)
    pairs = Counter(zip(coded, classified, strict=True))
    counts_coded, counts_classified = Counter(coded), Counter(classified)
    names = counts_coded.keys() | counts_classified.keys()
    agreed = sum(pairs[name, name] for name in names) / n
    chance = sum(counts_coded[name] * counts_classified[name] for name in names) / n**2
    if chance >= 1:
        return Kappa(1.0, 1.0, 1.0, n)
    value = (agreed - chance) / (1 - chance)
    deviation = sqrt(max(_kappa_variance(pairs, counts_coded, counts_classified, n, agreed, chance), 0.0))
    return Kappa(value, value - _Z_95 * deviation, min(value + _Z_95 * deviation, 1.0), n)


def _kappa_variance(
    pairs: Counter[tuple[str, str]],
    counts_coded: Counter[str],
    counts_classified: Counter[str],
    n: int,
    agreed: float,
    chance: float,
) -> float:
    """The large-sample variance of kappa (Fleiss, Cohen and Everitt 1969)."""
    value = (agreed - chance) / (1 - chance)
    agreeing = sum(
        count / n * (1 - (counts_coded[a] + counts_classified[a]) / n * (1 - value)) ** 2
        for (a, b), count in pairs.items()
        if a == b
    )
    disagreeing = (1 - value) ** 2 * sum(
        count / n * ((counts_coded[b] + counts_classified[a]) / n) ** 2
        for (a, b), count in pairs.items()
        if a != b
    )
    return (agreeing + disagreeing - (value - chance * (1 - value)) ** 2) / (n * (1 - chance) ** 2)


def _table_of_classes(coded: pd.Series, classified: pd.Series) -> pd.DataFrame:
    rows = []
    for name in sorted(set(coded) | set(classified)):
        agreed = int(((coded == name) & (classified == name)).sum())
        of_coded, of_classified = int((coded == name).sum()), int((classified == name).sum())
        precision = agreed / of_classified if of_classified else float("nan")
        recall = agreed / of_coded if of_coded else float("nan")
        rows.append((name, precision, recall, of_coded, of_classified))
    return pd.DataFrame(rows, columns=["activity", "precision", "recall", "coded", "judged"]).set_index(
        "activity"
    )


def _table_of_hours(coded: pd.Series, classified: pd.Series, hours: pd.Series) -> pd.DataFrame:
    rows = []
    for side in _SIDES:
        coded_hours, classified_hours = (
            float((hours * _share_of_side(column, side)).sum()) for column in (coded, classified)
        )
        rows.append(
            (
                side,
                coded_hours,
                classified_hours,
                classified_hours / coded_hours - 1 if coded_hours else float("nan"),
            )
        )
    return pd.DataFrame(rows, columns=["activity", "coded", "judged", "error"]).set_index("activity")


def _share_of_side(column: pd.Series, side: str) -> pd.Series:
    return (column == side).astype(float) + (column == str(Activity.MIXED)) * 0.5


def _find_differing_rows(
    frame: pd.DataFrame, coded: pd.DataFrame, classified: pd.DataFrame, minutes: pd.Series
) -> pd.DataFrame:
    differs = (coded != classified[list(_CODED_COLUMNS)].astype(str)).any(axis=1)
    table = pd.DataFrame(
        {
            "title": frame["title"],
            "minutes": minutes,
            "coded": _join_labels(coded),
            "judged": _join_labels(classified),
            "rule": classified["rule"],
            "evidence": classified["evidence"],
        }
    )
    return table[differs].sort_values("minutes", ascending=False)


def _join_labels(table: pd.DataFrame) -> pd.Series:
    return table["scope"] + "/" + table["partnership"].replace("", "-") + "/" + table["activity"]


def _find_single_row_rules(classified: pd.DataFrame, book: RuleBook) -> Iterator[tuple[str, str, str]]:
    whys = {rule.id: rule.why for rule in iterate_rules(book)}
    titles: dict[str, list[str]] = {}
    for rules, title in zip(classified["rule"], classified["title"], strict=True):
        for rule in str(rules).split(" + "):
            titles.setdefault(rule, []).append(str(title))
    for rule, titles_of_rule in sorted(titles.items()):
        if len(titles_of_rule) == 1:
            yield rule, titles_of_rule[0], whys.get(rule, "the engine's own")


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
