"""Names that calendars give to time zones, and the IANA zone that each stands for.

Sources: IANA's own names; Windows' keys as icalendar maps them (Unicode CLDR, windowsZones); Windows'
display names, which list cities ("(UTC+01:00) Amsterdam, Berlin, Bern, …"): the cities are IANA's where
IANA has them, and below where it has not; plain offsets ("UTC-04:00"); globally unique names that end
in one of these ("/example.org/Europe/Berlin").
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

_OFFSET = re.compile(r"\(?(?:UTC|GMT)?\s*([+-])\s*(\d{1,2})(?::?(\d{2}))?\)?", re.I)
_DISPLAY = re.compile(r"\((?:UTC|GMT)\s*([+-]\d{1,2}:?\d{2})?\)\s*(.+)", re.I)
# Windows' longest display name has some 60 characters; a vendor may put an address before a name.
_LONGEST_NAME = 500
_JANUARY, _JULY = datetime(2024, 1, 15), datetime(2024, 7, 15)  # noqa: DTZ001 - wall-clock time

# Places in Windows' display names, old and new, for which IANA has no zone of that name.
_PLACES = {
    "abu dhabi": "Asia/Dubai",
    "alaska": "America/Anchorage",
    "aleutian islands": "America/Adak",
    "arizona": "America/Phoenix",
    "astana": "Asia/Almaty",
    "atlantic time (canada)": "America/Halifax",
    "baja california": "America/Tijuana",
    "beijing": "Asia/Shanghai",
    "bern": "Europe/Zurich",
    "brasilia": "America/Sao_Paulo",
    "canberra": "Australia/Sydney",
    "cape verde is.": "Atlantic/Cape_Verde",
    "cabo verde is.": "Atlantic/Cape_Verde",
    "cardiff": "Europe/London",
    "caucasus standard time": "Asia/Yerevan",
    "central america": "America/Guatemala",
    "central time (us & canada)": "America/Chicago",
    "chatham islands": "Pacific/Chatham",
    "chennai": "Asia/Kolkata",
    "chongqing": "Asia/Shanghai",
    "cities of the east": "Asia/Vladivostok",
    "city of buenos aires": "America/Argentina/Buenos_Aires",
    "coordinated universal time": "UTC",
    "easter island": "Pacific/Easter",
    "eastern time (us & canada)": "America/New_York",
    "edinburgh": "Europe/London",
    "ekaterinburg": "Asia/Yekaterinburg",
    "fiji": "Pacific/Fiji",
    "georgetown": "America/Guyana",
    "greenland": "America/Nuuk",
    "greenwich mean time": "Europe/London",
    "guadalajara": "America/Mexico_City",
    "hanoi": "Asia/Bangkok",
    "harare": "Africa/Harare",
    "hawaii": "Pacific/Honolulu",
    "indiana (east)": "America/Indiana/Indianapolis",
    "international date line west": "Etc/GMT+12",
    "islamabad": "Asia/Karachi",
    "kyiv": "Europe/Kiev",
    "kyiv (kiev)": "Europe/Kiev",
    "la paz": "America/La_Paz",
    "marshall is.": "Pacific/Majuro",
    "mid-atlantic": "Etc/GMT+2",
    "midway island": "Pacific/Midway",
    "mitteleuropäische zeit": "Europe/Berlin",
    "mountain time (us & canada)": "America/Denver",
    "mumbai": "Asia/Kolkata",
    "new caledonia": "Pacific/Noumea",
    "new delhi": "Asia/Kolkata",
    "newfoundland": "America/St_Johns",
    "nuku'alofa": "Pacific/Tongatapu",
    "osaka": "Asia/Tokyo",
    "pacific time (us & canada)": "America/Los_Angeles",
    "petropavlovsk-kamchatsky": "Asia/Kamchatka",
    "port louis": "Indian/Mauritius",
    "pretoria": "Africa/Johannesburg",
    "quito": "America/Bogota",
    "rangoon": "Asia/Rangoon",
    "samoa": "Pacific/Apia",
    "sapporo": "Asia/Tokyo",
    "saskatchewan": "America/Regina",
    "seattle": "America/Los_Angeles",
    "solomon is.": "Pacific/Guadalcanal",
    "sri jayawardenepura": "Asia/Colombo",
    "st. petersburg": "Europe/Moscow",
    "tel aviv": "Asia/Jerusalem",
    "tijuana": "America/Tijuana",
    "urumqi": "Asia/Urumqi",
    "wellington": "Pacific/Auckland",
    "west central africa": "Africa/Lagos",
    "yangon (rangoon)": "Asia/Rangoon",
    "yukon": "America/Whitehorse",
}


def iana_zone(name: str) -> ZoneInfo | None:
    """The zone of an IANA name, however it is capitalised; None if IANA has none of that name."""
    known = _iana_names().get(name.strip().strip("/").lower())
    return ZoneInfo(known) if known else None


def named_zone(name: str) -> tzinfo | None:
    """The zone that any other usual name stands for, or None."""
    if len(name) > _LONGEST_NAME:
        return None
    plain = " ".join(name.strip().strip("/\"'").split())
    return _windows(plain) or _offset(plain) or _globally_unique(plain) or _displayed(plain)


@cache
def _iana_names() -> dict[str, str]:
    # Looked up, never opened by name: "../../etc/passwd" is no zone.
    return {name.lower(): name for name in available_timezones()}


@cache
def _windows_names() -> dict[str, str]:
    names = {name.lower(): zone for name, zone in WINDOWS_TO_OLSON.items()}
    return {**names, **{name.replace(" standard", " daylight"): zone for name, zone in names.items()}}


def _windows(name: str) -> tzinfo | None:
    known = _windows_names().get(name.lower().removeprefix("tzone://microsoft/"))
    return iana_zone(known) if known else None


def _offset(name: str) -> tzinfo | None:
    match = _OFFSET.fullmatch(name)
    if match is None or int(match[2]) > 14 or int(match[3] or 0) > 59:
        return None
    size = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return timezone(-size if match[1] == "-" else size)


def _globally_unique(name: str) -> tzinfo | None:
    """The zone at the end of "/vendor/version/Area/City"; the longest end that is a name wins."""
    parts = name.split("/")
    ends = ("/".join(parts[start:]) for start in range(1, len(parts)))
    return next((zone for end in ends if "/" in end and (zone := iana_zone(end))), None)


def _displayed(name: str) -> tzinfo | None:
    match = _DISPLAY.fullmatch(name)
    offset, places = (match[1] or "+00:00", match[2]) if match else ("", name)
    wanted = _offset(offset) if offset else None
    zones = [zone for place in _places(places) if (zone := _of_place(place))]
    if wanted is None:
        return zones[0] if zones else None
    return next((zone for zone in zones if _has_offset(zone, wanted)), wanted if offset else None)


def _places(text: str) -> Iterator[str]:
    plain = text.replace("\\", "").lower()
    yield plain.strip()
    yield from (place.strip() for place in re.split(r"\s*[,;:]\s*", plain) if place.strip(" …."))


def _of_place(place: str) -> tzinfo | None:
    known = _PLACES.get(place) or _cities().get(place)
    return iana_zone(known) if known else None


@cache
def _cities() -> dict[str, str]:
    areas = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
    names = sorted(name for name in available_timezones() if name.startswith(areas))
    return {name.rpartition("/")[2].replace("_", " ").lower(): name for name in names}


def _has_offset(zone: tzinfo, wanted: tzinfo) -> bool:
    offset = wanted.utcoffset(None)
    return offset in {zone.utcoffset(_JANUARY), zone.utcoffset(_JULY)}
