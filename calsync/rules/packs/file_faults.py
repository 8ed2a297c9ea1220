"""Translates pydantic's faults in packs into problems: file, rule, key, likely spelling."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from calsync.model.problem import Problem
from calsync.rules.packs import models
from calsync.validation import describe_fault, suggest_word


def describe_faults(error: ValidationError, where: str, raw: Mapping[str, Any]) -> Iterator[Problem]:
    """Every fault that pydantic found in a file, as a problem.

    Args:
        error: what pydantic raised.
        where: the name of the file.
        raw: the file as parsed, to name rules by their ids.
    """
    for fault in error.errors(include_url=False):
        steps = list(fault["loc"])
        location = f"{where}{_locate_fault(steps, raw)}"
        key = str(steps[-1]) if steps else ""
        if fault["type"] == "extra_forbidden":
            yield Problem(
                location, f"no such key: {key!r}", suggest_word(key, sorted(_known_keys(steps[:-1])))
            )
        elif fault["type"] == "missing":
            yield Problem(location, f"{key!r} is missing", "add it")
        else:
            yield Problem(location, f"{key}: {_describe_fault(fault)}")


def _describe_fault(fault: Mapping[str, Any]) -> str:
    if fault["type"] == "string_pattern_mismatch":  # ids: the one pattern that packs have
        allowed = "._/:-" if ":" in str(fault.get("ctx", {}).get("pattern")) else "._/-"
        return f"{fault['input']!r} must be of lower-case letters a to z, digits and {' '.join(allowed)} only"
    return describe_fault(fault)


def _locate_fault(steps: Sequence[int | str], raw: Any) -> str:
    """`[cue process/terms]` for the third cue of a file; `[cue number 3]` if it has no id."""
    if len(steps) >= 2 and isinstance(steps[1], int):
        try:
            table = raw[steps[0]][steps[1]]
            return f" [{steps[0]} {table.get('id', f'number {steps[1] + 1}')}]"
        except (KeyError, IndexError, TypeError, AttributeError):
            return f" [{steps[0]} number {int(steps[1]) + 1}]"
    names = [str(step) for step in steps[:-1]]
    return f" [{'.'.join(names)}]" if names else ""


_TABLE_MODELS: dict[str, type[BaseModel]] = {
    "rule": models.RuleTable,
    "cue": models.CueTable,
    "partnership": models.PartnershipTable,
    "pattern": models.PatternTable,
    "pack": models.Header,
    "activity": models.ActivityTable,
    "sector": models.SectorTable,
    "shared": models.SharedTable,
    "agency": models.AgencyTable,
}


def _known_keys(steps: Sequence[int | str]) -> list[str]:
    if not steps:
        return [*models.PackTable.model_fields, *models.DirectoryTable.model_fields]
    if "when" in steps:
        return list((models.CueWhen if steps[0] == "cue" else models.When).model_fields)
    if "example" in steps or "leaves" in steps:
        return list(models.Example.model_fields)
    model = _TABLE_MODELS.get(str(steps[0]))
    return list(model.model_fields) if model else []
