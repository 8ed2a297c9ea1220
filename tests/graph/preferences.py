"""The Prefer header: read as a list, kept where Graph knows it, and named in Preference-Applied."""

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
    """What a client asked for, as far as Graph honours it. applied: for Preference-Applied."""

    immutable: bool = False
    zone: str = "UTC"
    page_size: int | None = None
    text_bodies: bool = False
    applied: tuple[str, ...] = ()


def parse_preferences(header: str) -> Preferences:
    """Read the header; raises GraphError for a zone that is none."""
    wishes = dict(_split_header(header))
    immutable = wishes.get("idtype", "").casefold() == "immutableid"
    zone = wishes.get("outlook.timezone", "UTC")
    size = wishes.get("odata.maxpagesize", "")
    text = wishes.get("outlook.body-content-type", "").casefold() == "text"
    try:
        zone_of(zone)
    except KeyError:
        words = f"The preference 'outlook.timezone' has an invalid value: '{zone}'."
        raise graph_error(400, "ErrorInvalidParameter", words) from None
    return Preferences(
        immutable, zone, int(size) if size.isdigit() else None, text, tuple(_applied_names(wishes, immutable))
    )


def _split_header(header: str) -> list[tuple[str, str]]:
    return [(name.casefold(), value.strip('"')) for name, value in _PREFERENCE.findall(header) if name]


def _applied_names(wishes: Mapping[str, str], immutable: bool) -> list[str]:
    applied = ['IdType="ImmutableId"'] if immutable else []
    if "outlook.timezone" in wishes:
        applied.append(f'outlook.timezone="{wishes["outlook.timezone"]}"')
    if wishes.get("odata.maxpagesize", "").isdigit():
        applied.append(f"odata.maxpagesize={wishes['odata.maxpagesize']}")
    if "outlook.body-content-type" in wishes:
        applied.append(f'outlook.body-content-type="{wishes["outlook.body-content-type"]}"')
    return applied
