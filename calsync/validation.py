"""Translates the validation errors of pydantic to problems, for settings, lists and rule packs."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from calsync.model.address_redaction import redact_address
from calsync.model.problem import Problem


def suggest_word(word: str, known: Sequence[str]) -> str:
    """A hint for an unknown word: the known word that is most similar to it, or all known words."""
    matches = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {matches[0]!r}?" if matches else f"known: {', '.join(known)}"


def validation_problems(error: ValidationError, where: str, model: type[BaseModel]) -> tuple[Problem, ...]:
    """A problem for each fault of a validation.

    Args:
        error: The error that pydantic raised.
        where: The beginning of each problem's location, such as a file name.
        model: The model that was validated; its fields are suggested for a misspelt key.
    """
    return tuple(_to_problem(fault, where, model) for fault in error.errors(include_url=False))


def _to_problem(fault: Mapping[str, Any], where: str, model: type[BaseModel]) -> Problem:
    path = [str(step) for step in fault["loc"]]
    *tables, key = path or [""]
    setting = f"[{'.'.join(tables)}] {key}" if tables else key
    location = f"{where} {setting}".strip()
    if fault["type"] == "extra_forbidden":
        return Problem(location, "no such setting", suggest_word(key, _setting_names(tables, model)))
    if fault["type"] == "missing":
        return Problem(location, "is missing", "add it")
    what = describe_fault(fault)
    # A key that expects the name of a variable may contain the secret itself by mistake: do not repeat it.
    value = None if key.endswith("_env") else fault.get("input")
    if isinstance(value, str) and _may_contain_password(key, value):
        value = redact_address(value)
    got = f", got {value!r}" if isinstance(value, str | int | float | bool) else ""
    return Problem(location, f"{what[:1].lower()}{what[1:]}{got}")


def _may_contain_password(key: str, value: str) -> bool:
    is_address = key in ("url", "graph_root", "address", "calendar")
    return is_address or "://" in value or ":" in value.rpartition("@")[0]


_FAULT_TEXTS = {
    "string_pattern_mismatch": "is not in the expected format",
    "string_too_short": "needs {min_length} characters or more",
    "string_too_long": "must not have more than {max_length} characters",
    "string_type": "must be a text",
    "string_not_ascii": "must have no letters with accents",
    "string_unicode": "holds characters that are not Unicode",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number that is not infinite",
    "decimal_type": "must be a number",
    "decimal_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be {le:g} or less",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "too_short": "needs {min_length} or more, and there are {actual_length}",
    "too_long": "must not have more than {max_length}",
    "tuple_type": 'must be a list, such as ["a", "b"]',
    "list_type": 'must be a list, such as ["a", "b"]',
    "set_type": 'must be a list, such as ["a", "b"]',
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "mapping_type": "must be a table",
    "path_type": 'must be a path, such as "calendars"',
    "time_type": 'must be a time, such as "04:15"',
    "time_parsing": 'must be a time, such as "04:15"',
    "date_type": "must be a day, such as 2026-11-16",
    "date_parsing": "must be a day, such as 2026-11-16",
    "date_from_datetime_parsing": "must be a day, such as 2026-11-16",
    "date_from_datetime_inexact": "must be a day without a time, such as 2026-11-16",
}
"""Messages by pydantic's type of error, for people who write settings and lists."""


def describe_fault(fault: Mapping[str, Any]) -> str:
    """A description of the fault without pydantic's terms."""
    text = _FAULT_TEXTS.get(fault["type"])
    if text is None:
        return str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "string_too_short" and fault["ctx"]["min_length"] == 1:
        return "must not be empty"
    return text.format(**fault.get("ctx", {}))


def _setting_names(tables: Sequence[str], model: type[BaseModel]) -> list[str]:
    """The keys of a table in the settings, by its names from the outermost table on."""
    for table in tables:
        field = model.model_fields.get(table)
        inner = field.annotation if field else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            break
        model = inner
    return list(model.model_fields)
