"""The table that `calsync classify` writes: the rows of the user's file, with their labels."""

import pandas as pd

from calsync.disclosure.release import Column, PublishedTable, SuppliedRows, release_supplied

_LABELS = {
    "scope": "Who meets: inter_agency, internal, personal or other",
    "partnership": "Id of the partnership; several, joined by a semicolon, in a true tie; empty for none",
    "activity": "process, service_improvement, mixed, operational, none or unclear, or a pack's own",
    "rule": "The rule that decided",
    "evidence": "What that rule matched",
}


def build_labelled_table(frame: pd.DataFrame) -> PublishedTable:
    """Release labelled rows as a table that may be written; all columns are text."""
    text = frame.astype("string").fillna("").astype("object")
    columns = tuple(Column(name, _LABELS.get(name, "As given")) for name in map(str, frame.columns))
    return release_supplied(SuppliedRows("meetings", columns, text))
