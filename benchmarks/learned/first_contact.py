"""What the rules of one commit said of a table, as JSON lines: run by `trial` inside that commit's tree.

Arguments: the table (CSV). Each line: activity, rule, open (no rule saw what is done there), weak (a
default rule won, only cues of weight 1 spoke, or the sides tied), features (rules and cues that spoke,
words as folded, who is invited, length and recurrence).
"""

import json
import sys

import pandas as pd

from calsync.rules.classify import classify, iterate_matches
from calsync.rules.explain import explain
from calsync.rules.features import extract_features
from calsync.rules.packs.load import load_rules
from calsync.rules.tables import build_facts_of_rows

OPEN = ("bare/name", "engine/abstained")
DEFAULTS = ("bare/", "one-agency/nobody-else", "engine/")


def main() -> None:
    """Print one line for each row of the table."""
    book, _ = load_rules(["uk"])
    frame = pd.read_csv(sys.argv[1], dtype=str, keep_default_na=False)
    for facts in build_facts_of_rows(frame):
        verdict, reading = classify(facts, book), extract_features(facts, book)
        domains = (facts.organizer_domain, *facts.attendee_domains)
        first = next(iterate_matches(reading, book), None)
        cues = first.evidence.deciding if first is not None and first.evidence is not None else ()
        faint = bool(cues) and max(one.cue.weight for one in cues) == 1
        tie = bool(cues) and str(verdict.activity) == "mixed"
        features = {f"rule {one}": 1.0 for one in explain(facts, book).matched_rules}
        features |= {f"won {verdict.rule.split(' + ')[0]}": 1.0, f"said {verdict.activity}": 1.0}
        features |= {f"word {token}": 0.5 for token in reading.scan.tokens}
        features |= {f"domain {part}": 0.5 for d in domains for part in d.split(".") if len(part) < 7}
        features |= {
            f"agencies {min(len(reading.agencies), 4)}": 1.0,
            "hours": min(facts.minutes, 240) / 240,
            "recurring": float(facts.recurring),
            "described": float(bool(facts.description)),
            "partnership": float(bool(verdict.partnerships)),
            "words that no list knows": min(len(getattr(reading, "content", ())), 6) / 6,
        }
        line = {
            "activity": str(verdict.activity),
            "rule": verdict.rule,
            "open": verdict.rule in OPEN,
            "weak": verdict.rule.startswith(DEFAULTS) or faint or tie,
            "features": features,
        }
        print(json.dumps(line))


if __name__ == "__main__":
    main()
