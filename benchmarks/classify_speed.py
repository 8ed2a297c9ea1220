"""Measures how many distinct meetings one core classifies a second.

`python -m benchmarks.classify_speed [N]`
"""

import random
import sys
import time

from calsync.rules.classify import classify
from calsync.rules.facts import Facts
from calsync.rules.packs.load import load_rules

SUBJECTS = (
    "PSB", "Regional Partnership Board", "CSP",
    "Safeguarding Board", "MARAC steering group", "Team meeting", "1:1",
    "Discharge delays", "Housing support", "Youth justice board", "LRF exec", "Cyfarfod tîm", "Annual leave",
    "Dementia steering group", "Budget monitoring", "Travel to county hall", "Bwrdd Gwasanaethau Cyhoeddus",
)  # fmt: skip
TOPICS = (
    "terms of reference", "agree extra reablement hours",
    "membership and chairing", "catch up", "annual report",
    "unblock brokerage", "waiting list for under 8s", "cylch gorchwyl", "quarterly", "pre-meet", "papers", "",
    "information sharing protocol", "pilot evaluation",
    "partner updates", "gwella gofal cartref", "risk register",
)  # fmt: skip
AGENDAS = (
    "", "", "", "Apologies; minutes; action log; AOB",
    "1. Terms of reference 2. Decide extra beds for winter 3. Risk register 4. Date of next meeting",
)  # fmt: skip
INVITED = (
    (), ("a.gov.uk",),
    ("a.gov.uk", "wales.nhs.uk"), ("a.gov.uk", "b.police.uk", "b-fire.gov.uk", "wales.nhs.uk"),
)  # fmt: skip


def meetings(count: int) -> list[Facts]:
    """Distinct meetings, made of words that diaries use."""
    rng = random.Random(2026)
    return [
        Facts(
            title=f"{rng.choice(SUBJECTS)} - {rng.choice(TOPICS)} {number}",
            description=rng.choice(AGENDAS),
            organizer_domain="a.gov.uk",
            attendee_domains=rng.choice(INVITED),
        )
        for number in range(count)
    ]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    started = time.perf_counter()
    book, _ = load_rules(["uk"])
    print(f"loading every pack: {time.perf_counter() - started:.2f} s")
    rows = meetings(count + 1000)
    for facts in rows[:1000]:
        classify(facts, book)
    for what in ("distinct texts", "the same again"):
        started = time.process_time()
        for facts in rows[1000:]:
            classify(facts, book)
        spent = time.process_time() - started
        print(f"{what}: {count / spent:,.0f} a second ({spent / count * 1e6:.0f} microseconds each)")


if __name__ == "__main__":
    main()
