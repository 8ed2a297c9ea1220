"""Whether a learned model earns its place beside the rules.

`python -m benchmarks.learned.trial [--more FOLDER] [--only MODEL]`

Every coded table is classified by the rules as they stood *before* their authors read it (the commit in
`TABLES`), so that what the rules leave open is what they would leave open in a stranger's calendar.
Models learn from the other rows and speak for the rules where a policy lets them, from a confidence
that is chosen by nested folds inside the learning rows. Two splits: ten folds, near duplicates kept
together, and each file left out in turn.

Models. `lr platt`, `lr isotonic`: TF-IDF of words, word pairs and character runs, logistic
regression, calibrated in inner folds. `complement nb`, `multinomial nb`: naive Bayes on the same.
`evidence`: logistic regression on the rules' own evidence (rules and cues that spoke, folded words,
agencies, domains, length, recurrence). `both`: the two together. `open only`: `evidence`, learnt only
from rows that the rules left open. Policies. `open`: no rule saw what is done there. `tie`: also where
both sides spoke. `weak`: also defaults and cues of weight 1. `anywhere`: over any verdict.

Printed for each: rows on which the model spoke differently, right and wrong (it replaced a right
verdict, or a wrong one by another wrong one), gain in activity kappa over all rows and over
inter-agency rows with a paired bootstrap interval of 95 %, `best` (the gain at the best confidence in
hindsight) and `oracle` (the gain of a perfect model under that policy). Then the calibration.

`--more FOLDER`: titles.csv and titles_2.csv with the same columns, which are not in the repository;
learnt from, and titles_2 is classified too (an upper bound on what more rows would give).
`third.csv` is not read. Needs git with the full history, and scikit-learn. Nothing is random but seeds.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer

REPO = Path(__file__).parents[2]
CODED = REPO / "tests" / "rules"
TABLES = {  # name: file, the last commit whose rules had not learnt from it
    "meetings": (CODED / "blind" / "meetings.csv", "95be01e"),
    "second": (CODED / "blind" / "second.csv", "e6453ce"),
    "own": (CODED / "own" / "meetings.csv", "95be01e"),
}
MORE = {"titles": "", "titles_2": "f396a43"}
CLASSES = ("mixed", "none", "operational", "process", "service_improvement", "unclear")
POLICIES = ("open", "tie", "weak", "anywhere")
LEVELS = (*np.arange(0.30, 0.96, 0.05).round(2), 9.0)  # 9: never speaks
TIMES = 2000


def main() -> None:
    """Run every model under every policy and print what it gave."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--more", type=Path)
    parser.add_argument("--only", choices=MODELS)
    options = parser.parse_args()
    more = options.more
    warnings.filterwarnings("ignore")
    rows = gathered(more)
    classified = rows[rows.commit != ""].index.to_numpy()
    print(f"{len(rows)} rows, {len(classified)} of them classified by rules that had not learnt from them")
    for name, part in rows.loc[classified].groupby("file"):
        wrong = part.said != part.activity
        missed = (part.open & wrong).sum()
        print(f"  {name}: {part.open.sum()} open, {missed} of these wrong; {wrong.sum()} wrong")
    groups = near_duplicates(rows.text)
    for split, folds in (
        ("ten folds", by_group(groups, classified)),
        ("file left out", by_file(rows, classified)),
    ):
        for model in [options.only] if options.only else MODELS:
            predictions = Parallel(n_jobs=2)(delayed(one_fold)(rows, groups, fold, model) for fold in folds)
            report(rows, split, model, folds, predictions)


def gathered(more: Path | None) -> pd.DataFrame:
    """All coded rows, with what the rules of first contact predicted (features even of rows they knew)."""
    tables = dict(TABLES)
    if more is not None:
        tables |= {name: (more / f"{name}.csv", commit) for name, commit in MORE.items()}
    parts = []
    for name, (file, commit) in tables.items():
        part = pd.read_csv(file, dtype=str, keep_default_na=False)
        predicted = pd.DataFrame(first_contact(file, commit or "f396a43"))
        part = part[["title", "description", "scope", "activity"]].assign(file=name, commit=commit)
        parts.append(part.join(predicted.rename(columns={"activity": "said"})))
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(text=rows.title + " | " + rows.description)


def first_contact(file: Path, commit: str) -> list[dict[str, object]]:
    """The labels that the rules of a commit give each row of a table."""
    with tempfile.TemporaryDirectory() as tree:
        packed = subprocess.run(
            ["git", "archive", commit, "calsync", "rules"], cwd=REPO, check=True, capture_output=True
        )
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as tar:
            tar.extractall(tree, filter="data")
        worker = Path(__file__).with_name("first_contact.py")
        command = [sys.executable, str(worker), str(file)]
        completed = subprocess.run(
            command,
            cwd=tree,
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": tree},
        )
    return [json.loads(line) for line in completed.stdout.splitlines()]


def near_duplicates(text: pd.Series) -> np.ndarray:
    """A number for each row; rows alike in three quarters of their character runs have the same."""
    runs = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5)).fit_transform(text)
    alike = (runs @ runs.T).tocoo()
    group = np.arange(len(text))
    for left, right, much in zip(alike.row, alike.col, alike.data, strict=True):
        if left < right and much > 0.75 and group[left] != group[right]:
            group[group == group[right]] = group[left]
    return group


Fold = tuple[np.ndarray, np.ndarray]


def by_group(groups: np.ndarray, classified: np.ndarray) -> list[Fold]:
    """Ten folds: the rows to learn from, and the classified rows to predict."""
    folds = GroupKFold(10, shuffle=True, random_state=1).split(groups, groups=groups)
    return [(learn, np.intersect1d(ask, classified)) for learn, ask in folds]


def by_file(rows: pd.DataFrame, classified: np.ndarray) -> list[Fold]:
    """Each classified file in turn, all other files to learn from."""
    files = rows.file[classified].unique()
    return [
        (np.flatnonzero(rows.file != name), np.intersect1d(np.flatnonzero(rows.file == name), classified))
        for name in files
    ]


def _grams() -> FeatureUnion:
    return make_union(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, strip_accents="unicode"),
        TfidfVectorizer(
            analyzer="char_wb", ngram_range=(3, 5), min_df=3, sublinear_tf=True, strip_accents="unicode"
        ),
    )


def _text() -> FunctionTransformer:
    return FunctionTransformer(_texts)


def _texts(frame: pd.DataFrame) -> list[str]:
    return frame.text.tolist()


def _features(frame: pd.DataFrame) -> list[dict[str, float]]:
    return frame.features.tolist()


def _lr() -> LogisticRegression:
    return LogisticRegression(C=8, max_iter=200, tol=1e-3)


def _of_text(last: object) -> Pipeline:
    return make_pipeline(_text(), _grams(), last)


def _of_evidence() -> Pipeline:
    return make_pipeline(
        FunctionTransformer(_features), DictVectorizer(), LogisticRegression(C=1, max_iter=400, tol=1e-3)
    )


def _of_both() -> Pipeline:
    evidence = make_pipeline(FunctionTransformer(_features), DictVectorizer())
    return make_pipeline(
        make_union(make_pipeline(_text(), _grams()), evidence),
        LogisticRegression(C=2, max_iter=400, tol=1e-3),
    )


# name: the model, how it is calibrated, whether it learns from open rows only
MODELS: dict[str, tuple[Callable[[], Pipeline], str, bool]] = {
    "lr platt": (lambda: _of_text(_lr()), "sigmoid", False),
    "lr isotonic": (lambda: _of_text(_lr()), "isotonic", False),
    "complement nb": (lambda: _of_text(ComplementNB(alpha=0.3)), "sigmoid", False),
    "multinomial nb": (lambda: _of_text(MultinomialNB(alpha=0.1)), "sigmoid", False),
    "evidence": (_of_evidence, "sigmoid", False),
    "both": (_of_both, "sigmoid", False),
    "open only": (_of_evidence, "", True),
}


def chances(
    rows: pd.DataFrame, groups: np.ndarray, learn: np.ndarray, ask: np.ndarray, model: str
) -> np.ndarray:
    """The calibrated chance of each class (columns as CLASSES) for the rows asked about."""
    make, method, open_only = MODELS[model]
    if open_only:
        learn = learn[rows.open.to_numpy()[learn] & (rows.commit.to_numpy()[learn] != "")]
    known = rows.iloc[learn]
    fitted = make()
    if method:
        inner = list(GroupKFold(3, shuffle=True, random_state=2).split(learn, groups=groups[learn]))
        fitted = CalibratedClassifierCV(fitted, method=method, cv=inner)
    fitted.fit(known, known.activity)
    found = np.zeros((len(ask), len(CLASSES)))
    found[:, [CLASSES.index(one) for one in fitted.classes_]] = fitted.predict_proba(rows.iloc[ask])
    return found


def one_fold(
    rows: pd.DataFrame, groups: np.ndarray, fold: Fold, model: str
) -> tuple[np.ndarray, dict[str, float]]:
    """The chances on the rows asked about, and each policy's confidence as the learning rows chose it."""
    learn, ask = fold
    inner = np.zeros((len(learn), len(CLASSES)))
    for known, kept in GroupKFold(4, shuffle=True, random_state=3).split(learn, groups=groups[learn]):
        inner[kept] = chances(rows, groups, learn[known], learn[kept], model)
    classified = rows.commit.to_numpy()[learn] != ""
    levels = {policy: chosen(rows.iloc[learn[classified]], inner[classified], policy) for policy in POLICIES}
    return chances(rows, groups, learn, ask, model), levels


def may(rows: pd.DataFrame, policy: str) -> np.ndarray:
    """Where a policy lets the model speak."""
    tie = rows.said == "mixed"
    allowed = {
        "open": rows.open,
        "tie": rows.open | tie,
        "weak": rows.open | rows.weak,
        "anywhere": rows.open | True,
    }
    return allowed[policy].to_numpy(dtype=bool)


def stacked(rows: pd.DataFrame, found: np.ndarray, level: np.ndarray | float, policy: str) -> np.ndarray:
    """The rules' verdicts, the model's in their place where it may speak and is sure enough."""
    model = np.array(CLASSES)[found.argmax(axis=1)]
    speaks = may(rows, policy) & (found.max(axis=1) >= level)
    return np.where(speaks, model, rows.said.to_numpy())


def chosen(rows: pd.DataFrame, found: np.ndarray, policy: str) -> float:
    """The confidence with most verdicts right; of equals the highest, so silence if nothing is gained."""
    coded = rows.activity.to_numpy()
    right = [int((stacked(rows, found, level, policy) == coded).sum()) for level in LEVELS]
    return float(max(level for level, count in zip(LEVELS, right, strict=True) if count == max(right)))


def kappa(coded: np.ndarray, predicted: np.ndarray) -> float:
    """Cohen's kappa."""
    number = {name: at for at, name in enumerate(CLASSES)}
    a, b = (np.array([number[one] for one in side]) for side in (coded, predicted))
    return _kappa(a, b)


def _kappa(a: np.ndarray, b: np.ndarray) -> float:
    n = len(CLASSES)
    table = np.bincount(a * n + b, minlength=n * n).reshape(n, n) / len(a)
    chance = float(table.sum(axis=1) @ table.sum(axis=0))
    return (float(np.trace(table)) - chance) / (1 - chance)


def gain(rows: pd.DataFrame, predicted: np.ndarray) -> tuple[float, float, float]:
    """The gain in kappa over the rules' verdicts, with its paired bootstrap interval."""
    a, rules, model = (
        np.array([CLASSES.index(one) for one in side]) for side in (rows.activity, rows.said, predicted)
    )
    draw = np.random.default_rng(4)
    drawn = (draw.integers(0, len(a), len(a)) for _ in range(TIMES))
    found = [_kappa(a[at], model[at]) - _kappa(a[at], rules[at]) for at in drawn]
    low, high = np.quantile(found, (0.025, 0.975))
    return _kappa(a, model) - _kappa(a, rules), float(low), float(high)


def report(
    rows: pd.DataFrame,
    split: str,
    model: str,
    folds: list[Fold],
    predictions: list[tuple[np.ndarray, dict[str, float]]],
) -> None:
    """Print what a model gave in a split, over all files and file by file, and its calibration."""
    at = np.concatenate([ask for _, ask in folds])
    found = np.concatenate([chance for chance, _ in predictions])
    asked = rows.iloc[at]
    alone = describe_gains(asked, np.array(CLASSES)[found.argmax(axis=1)])
    print(f"\n{split}; {model}; in place of the rules: {alone}")
    for policy in POLICIES:
        level = np.concatenate(
            [
                np.full(len(ask), levels[policy])
                for (_, ask), (_, levels) in zip(folds, predictions, strict=True)
            ]
        )
        predicted = stacked(asked, found, level, policy)
        confidences = sorted({levels[policy] for _, levels in predictions})
        print(f"\n{split}; {model}; {policy}: confidence {confidences}")
        print(f"  all files: {describe_gains(asked, predicted)}; {ceiling(asked, found, policy)}")
        for name in asked.file.unique():
            own = (asked.file == name).to_numpy()
            print(f"  {name}: {describe_gains(asked[own], predicted[own])}")
    for where, mask in (("inter-agency", asked.scope == "inter_agency"), ("open", asked.open)):
        calibration(asked[mask], found[mask.to_numpy()], f"{split}; {model}; calibration on {where} rows")


def describe_gains(rows: pd.DataFrame, predicted: np.ndarray) -> str:
    """Describe the rows that the model changed, right and wrong, and the gains."""
    coded, rules = rows.activity.to_numpy(), rows.said.to_numpy()
    other = predicted != rules
    right, broke = int((other & (predicted == coded)).sum()), int((other & (rules == coded)).sum())
    inter = (rows.scope == "inter_agency").to_numpy()
    gains = (gain(rows, predicted), gain(rows[inter], predicted[inter]))
    shown = ["{:+.4f} ({:+.4f} to {:+.4f})".format(*one) for one in gains]
    wrong = int(other.sum()) - right
    return (
        f"spoke {other.sum()}, right {right}, wrong {wrong} (broke {broke}); all {shown[0]}; inter {shown[1]}"
    )


def ceiling(rows: pd.DataFrame, found: np.ndarray, policy: str) -> str:
    """The gain at the best confidence in hindsight, and of a perfect model."""
    coded, rules = rows.activity.to_numpy(), rows.said.to_numpy()
    base = kappa(coded, rules)
    best = max((kappa(coded, stacked(rows, found, level, policy)) - base, -level) for level in LEVELS)
    oracle = kappa(coded, np.where(may(rows, policy), coded, rules)) - base
    return f"best {best[0]:+.4f} at {-best[1]:.2f}; oracle {oracle:+.4f}"


def calibration(rows: pd.DataFrame, found: np.ndarray, title: str) -> None:
    """Print how often the model is right when it is so sure, and Brier's score."""
    coded = rows.activity.to_numpy()
    right = np.array(CLASSES)[found.argmax(axis=1)] == coded
    sure = found.max(axis=1)
    truth = (coded[:, None] == np.array(CLASSES)).astype(float)
    print(f"{title}: Brier {((found - truth) ** 2).sum(axis=1).mean():.3f}, right {right.mean():.3f}")
    print("  " + "; ".join(_bins(sure, right)))


def _bins(sure: np.ndarray, right: np.ndarray) -> Iterator[str]:
    for low in (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        inside = (sure >= low) & (sure < (low + 0.1 if low else 0.4) + (1e-9 if low == 0.9 else 0))
        if inside.any():
            yield f"said {sure[inside].mean():.2f}, was {right[inside].mean():.2f} ({inside.sum()})"


if __name__ == "__main__":
    main()
