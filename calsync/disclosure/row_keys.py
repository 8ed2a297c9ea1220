"""Keys of rows and groups of the split: read from frames, and written back under new names."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from calsync.analysis.contributions import PERIOD_COLUMNS, ROW_COLUMNS

MERGED_VALUE = "(small groups)"
"""The value of a merged row in every column that is merged."""


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
    """A row of the split: a group in a period, a partnership, and an activity.

    label: the name of the activity if a pack of rules defines it, else "".
    """

    group: GroupKey
    partnership: str
    activity: str
    label: str


def key_columns(by: Sequence[str]) -> list[str]:
    """Return the columns of a frame that contain a `RowKey`."""
    return [*by, *PERIOD_COLUMNS, *ROW_COLUMNS]


def group_keys(frame: pd.DataFrame, by: Sequence[str]) -> list[GroupKey]:
    """Return the group of each row of a frame."""
    values = frame[list(by)].itertuples(index=False, name=None) if by else [()] * len(frame)
    return [
        GroupKey(tuple(by_values), start, end)
        for by_values, start, end in zip(values, frame["period_start"], frame["period_end"], strict=True)
    ]


def row_keys(frame: pd.DataFrame, by: Sequence[str]) -> list[RowKey]:
    """Return the key of each row of a frame."""
    columns = [frame[name] for name in ROW_COLUMNS]
    return [RowKey(*key) for key in zip(group_keys(frame, by), *columns, strict=True)]


def rename_rows(frame: pd.DataFrame, by: Sequence[str], names: Mapping[RowKey, RowKey]) -> pd.DataFrame:
    """Return the frame with new keys; rows whose key is not in `names` are left out."""
    columns = key_columns(by)
    first_rows = frame.drop_duplicates(columns)
    new_keys = [names.get(key) for key in row_keys(first_rows, by)]
    present = [key for key in new_keys if key is not None]
    values = {name: [getattr(key, name) for key in present] for name in ROW_COLUMNS}
    groups = _group_columns([key.group for key in present], by)
    return _write_keys(frame, columns, [key is not None for key in new_keys], {**groups, **values})


def rename_groups(frame: pd.DataFrame, by: Sequence[str], names: Mapping[GroupKey, GroupKey]) -> pd.DataFrame:
    """Return the frame with new groups; rows of groups that are not in `names` are left out."""
    columns = [*by, *PERIOD_COLUMNS]
    first_rows = frame.drop_duplicates(columns)
    new_keys = [names.get(key) for key in group_keys(first_rows, by)]
    groups = _group_columns([key for key in new_keys if key is not None], by)
    return _write_keys(frame, columns, [key is not None for key in new_keys], groups)


def _group_columns(groups: Sequence[GroupKey], by: Sequence[str]) -> dict[str, list[Any]]:
    values = {name: [group.by_values[number] for group in groups] for number, name in enumerate(by)}
    return {**values, **{name: [getattr(group, name) for group in groups] for name in PERIOD_COLUMNS}}


def _write_keys(
    frame: pd.DataFrame, columns: list[str], has_new_key: Sequence[bool], values: Mapping[str, list[Any]]
) -> pd.DataFrame:
    """Write new values into the key columns.

    A frame has about ten thousand rows and a hundred keys, so each key is handled once and not in every row.

    Args:
        frame: Rows with old keys.
        columns: The key columns.
        has_new_key: For each distinct key, in the order of their first rows, whether it has a new one.
        values: The new values of the key columns, for the keys that have a new one.
    """
    numbers = frame.groupby(columns, sort=False).ngroup().to_numpy()
    has_new = np.array(has_new_key, dtype="bool")
    stays = has_new[numbers]
    # The index of each row's key among those that have a new one.
    positions = (np.cumsum(has_new) - 1)[numbers[stays]]
    remaining = frame[stays]
    new = {
        name: pd.Series(column, dtype=frame[name].dtype).take(positions).set_axis(remaining.index)
        for name, column in values.items()
    }
    return remaining.assign(**new)
