"""The keys of rows and groups of the split, read from frames and written into them by name."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from calsync.analysis.contributions import PERIOD_COLUMNS, ROW_COLUMNS

MERGED_VALUE = "(small groups)"
"""What a merged row contains in every column that is merged."""


class GroupKey(NamedTuple):
    """A group of people in a period.

    by_values: the values of the by-columns, the widest group first. period_end: the day after the last.
    """

    by_values: tuple[object, ...]
    period_start: object
    period_end: object

    @property
    def period(self) -> tuple[object, object]:
        """First day, and the day after the last."""
        return self.period_start, self.period_end


class RowKey(NamedTuple):
    """A row of the split: a group in a period, a partnership, and what was done.

    label: the name of the activity where a pack of rules defines it, else "".
    """

    group: GroupKey
    partnership: str
    activity: str
    label: str


def key_columns(by: Sequence[str]) -> list[str]:
    """The columns of a frame that hold a `RowKey`."""
    return [*by, *PERIOD_COLUMNS, *ROW_COLUMNS]


def group_keys(frame: pd.DataFrame, by: Sequence[str]) -> list[GroupKey]:
    """The group of each row of a frame."""
    values = frame[list(by)].itertuples(index=False, name=None) if by else [()] * len(frame)
    return [
        GroupKey(tuple(by_values), start, end)
        for by_values, start, end in zip(values, frame["period_start"], frame["period_end"], strict=True)
    ]


def row_keys(frame: pd.DataFrame, by: Sequence[str]) -> list[RowKey]:
    """The key of each row of a frame."""
    columns = [frame[name] for name in ROW_COLUMNS]
    return [RowKey(*key) for key in zip(group_keys(frame, by), *columns, strict=True)]


def rename_rows(frame: pd.DataFrame, by: Sequence[str], names: Mapping[RowKey, RowKey]) -> pd.DataFrame:
    """The frame with each row under its new key; rows whose key has none are left out."""
    columns = key_columns(by)
    firsts = frame.drop_duplicates(columns)
    new = [names.get(key) for key in row_keys(firsts, by)]
    named = [key for key in new if key is not None]
    values = {name: [getattr(key, name) for key in named] for name in ROW_COLUMNS}
    groups = _group_columns([key.group for key in named], by)
    return _write_keys(frame, columns, [key is not None for key in new], {**groups, **values})


def rename_groups(frame: pd.DataFrame, by: Sequence[str], names: Mapping[GroupKey, GroupKey]) -> pd.DataFrame:
    """The frame with each row in its new group; groups without a new key are left out."""
    columns = [*by, *PERIOD_COLUMNS]
    firsts = frame.drop_duplicates(columns)
    new = [names.get(key) for key in group_keys(firsts, by)]
    groups = _group_columns([key for key in new if key is not None], by)
    return _write_keys(frame, columns, [key is not None for key in new], groups)


def _group_columns(groups: Sequence[GroupKey], by: Sequence[str]) -> dict[str, list[Any]]:
    values = {name: [group.by_values[number] for group in groups] for number, name in enumerate(by)}
    return {**values, **{name: [getattr(group, name) for group in groups] for name in PERIOD_COLUMNS}}


def _write_keys(
    frame: pd.DataFrame, columns: list[str], named: Sequence[bool], values: Mapping[str, list[Any]]
) -> pd.DataFrame:
    """Write new values into the key columns.

    A frame has some ten thousand rows and some hundred keys, so keys are compared once each.

    Args:
        frame: Rows with old keys.
        columns: The key columns.
        named: For each different key, in the order of their first rows, whether it has a new one.
        values: The new values of the columns, for those keys that have them.
    """
    numbers = frame.groupby(columns, sort=False).ngroup().to_numpy()
    is_named = np.array(named, dtype="bool")
    kept = is_named[numbers]
    # The number of each row's key among those that have a new one.
    positions = (np.cumsum(is_named) - 1)[numbers[kept]]
    rest = frame[kept]
    new = {
        name: pd.Series(column, dtype=frame[name].dtype).take(positions).set_axis(rest.index)
        for name, column in values.items()
    }
    return rest.assign(**new)
