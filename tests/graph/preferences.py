"""Parses the Prefer header as a list; preferences that Graph supports are in Preference-Applied."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from graph.mailboxes import zone_of
from graph.replies import graph_error

_PREFERENCE = re.compile(
    r"""\s*([\w.!#$%&'*+^`|~-]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s,;]*))?\s*(?:;[^,]*)?(?:,|$)"""
)


@dataclass(frozen=True)
class Preferences:
    """What a client prefers, as far as Graph supports it. applied: for Preference-Applied."""

    immutable: bool = False
    zone: str = "UTC"
    page_size: int | None = None
    text_bodies: bool = False
    applied: tuple[str, ...] = ()


def parse_preferences(header: str) -> Preferences:
    """Read the header; raises GraphError for an unknown zone."""
    preferences = dict(_split_header(header))
    immutable = preferences.get("idtype", "").casefold() == "immutableid"
    zone = preferences.get("outlook.timezone", "UTC")
    size = preferences.get("odata.maxpagesize", "")
    text = preferences.get("outlook.body-content-type", "").casefold() == "text"
    try:
        zone_of(zone)
    except KeyError:
        words = f"The preference 'outlook.timezone' has an invalid value: '{zone}'."
        raise graph_error(400, "ErrorInvalidParameter", words) from None
    return Preferences(
        immutable,
        zone,
        int(size) if size.isdigit() else None,
        text,
        tuple(_applied_names(preferences, immutable)),
    )


def _split_header(header: str) -> list[tuple[str, str]]:
    return [(name.casefold(), value.strip('"')) for name, value in _PREFERENCE.findall(header) if name]


def _applied_names(preferences: Mapping[str, str], immutable: bool) -> list[str]:
    applied = ['IdType="ImmutableId"'] if immutable else []
    if "outlook.timezone" in preferences:
        applied.append(f'outlook.timezone="{preferences["outlook.timezone"]}"')
    if preferences.get("odata.maxpagesize", "").isdigit():
        applied.append(f"odata.maxpagesize={preferences['odata.maxpagesize']}")
    if "outlook.body-content-type" in preferences:
        applied.append(f'outlook.body-content-type="{preferences["outlook.body-content-type"]}"')
    return applied
