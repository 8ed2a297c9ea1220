"""METHOD and CALSCALE of a VCALENDAR, which decide whether and how it is read; for both readers."""

import re

from calsync.errors import SourceContentError
from calsync.sources.ical.components import CalendarText
from calsync.sources.ical.content_lines import find_lines
from calsync.sources.ical.event import SCHEDULING_METHODS

_PROPERTIES = frozenset({"METHOD", "CALSCALE"})
# RFC 5546, 1.4; "" where there is no METHOD.
_MEETING_METHODS = SCHEDULING_METHODS | {"", "PUBLISH"}
# A line end may be lost, so that the value continues with another property, such as a title.
_PLAIN_VALUE = re.compile(r"[A-Z-]{1,20}")


def read_header(calendar: CalendarText, where: str) -> dict[str, str]:
    """Read METHOD and CALSCALE.

    Args:
        calendar: One VCALENDAR.
        where: How an error names the calendar.

    Returns:
        The values in capitals, by the names of the properties that are there.

    Raises:
        SourceContentError: Its dates are not of the Gregorian calendar.
    """
    lines = find_lines(calendar.header, _PROPERTIES)
    header = {name: rest.rpartition(":")[2].strip(' \t"').upper() for name, rest in lines}
    scale = header.get("CALSCALE", "GREGORIAN")
    if scale != "GREGORIAN":
        what = f"it counts by another calendar (CALSCALE:{redact_header_value(scale)})"
        raise SourceContentError(where, what, "export it in the Gregorian calendar")
    return header


def is_meeting_method(method: str) -> bool:
    """Whether a calendar of this METHOD has meetings or cancels some; any other is mail about meetings."""
    return method in _MEETING_METHODS


def redact_header_value(value: str) -> str:
    """Return a value as a problem may quote it: one word, or `…`."""
    return value if _PLAIN_VALUE.fullmatch(value) else "…"
