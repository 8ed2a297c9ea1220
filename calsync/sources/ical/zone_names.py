"""The zones of the names that calendars give to time zones.

`exact_zone` finds names that mean one zone only: IANA's names, Windows' keys (`windows_zones`) and plain
offsets ("UTC-04:00"). `guessed_zone` finds what programs make of them: globally unique names that end in one
("/example.org/Europe/Berlin"), Outlook's numbers of copies ("GMT Standard Time 1"), and Windows' display
names, which list cities ("(UTC+01:00) Amsterdam, Berlin, Bern, …"): cities of IANA's names, or of the table
below. A guess may be wrong, so `zones` reports each.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from calsync.sources.windows_zones import find_iana_zone

_OFFSET = re.compile(r"\(?(?:UTC|GMT)?\s*([+-])\s*(\d{1,2})(?::?(\d{2}))?\)?", re.I)
_DISPLAY_NAME = re.compile(r"\((?:UTC|GMT)\s*([+-]\d{1,2}[:.]?\d{2})?\)\s*(.+)", re.I)
# Outlook writes " 1", " 2" after the name of a zone whose rules differ from those of the first of that name.
_COPY_NUMBER = re.compile(r" \d{1,2}$")
# Windows' longest display name has some 60 characters; a vendor may put an address before a name.
_MAX_NAME_LENGTH = 500
_JANUARY, _JULY = datetime(2024, 1, 15), datetime(2024, 7, 15)  # noqa: DTZ001 - wall-clock time

# Places in Windows' display names, old and new, for which IANA has no zone of that name.
_ZONES_BY_PLACE = {
    "abu dhabi": "Asia/Dubai",
    "alaska": "America/Anchorage",
    "aleutian islands": "America/Adak",
    "arizona": "America/Phoenix",
    "astana": "Asia/Almaty",
    "atlantic time (canada)": "America/Halifax",
    "baja california": "America/Tijuana",
    "beijing": "Asia/Shanghai",
    "british summer time": "Europe/London",
    "bst": "Europe/London",
    "caerdydd": "Europe/London",
    "caeredin": "Europe/London",
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
    "dulyn": "Europe/Dublin",
    "easter island": "Pacific/Easter",
    "eastern time (us & canada)": "America/New_York",
    "edimburgo": "Europe/London",
    "edinburg": "Europe/London",
    "edinburgh": "Europe/London",
    "ekaterinburg": "Asia/Yekaterinburg",
    "fiji": "Pacific/Fiji",
    "england": "Europe/London",
    "georgetown": "America/Guyana",
    "gmt (standaardtijd)": "Europe/London",
    "gmt-normalzeit": "Europe/London",
    "gmt/bst": "Europe/London",
    "great britain": "Europe/London",
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
    "lisbonne": "Europe/Lisbon",
    "lissabon": "Europe/Lisbon",
    "llundain": "Europe/London",
    "londen": "Europe/London",
    "londra": "Europe/London",
    "londres": "Europe/London",
    "marshall is.": "Pacific/Majuro",
    "mid-atlantic": "Etc/GMT+2",
    "midway island": "Pacific/Midway",
    "mitteleuropäische sommerzeit": "Europe/Berlin",
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
    "united kingdom": "Europe/London",
    "urumqi": "Asia/Urumqi",
    "wellington": "Pacific/Auckland",
    "wales": "Europe/London",
    "west central africa": "Africa/Lagos",
    "west-europa (standaardtijd)": "Europe/Berlin",
    "yangon (rangoon)": "Asia/Rangoon",
    "yukon": "America/Whitehorse",
}


def iana_zone(name: str) -> ZoneInfo | None:
    """Return the zone of an IANA name, however it is capitalised; None if IANA has none of that name."""
    iana_name = _iana_names().get(name.strip().lower())
    return ZoneInfo(iana_name) if iana_name else None


def exact_zone(name: str) -> tzinfo | None:
    """Return the zone of a name that means one zone only, or None."""
    if len(name) > _MAX_NAME_LENGTH:
        return None
    plain = " ".join(name.split())
    return iana_zone(plain) or _windows_zone(plain) or _offset_zone(plain)


def guessed_zone(name: str) -> tzinfo | None:
    """Return the zone that a name most likely means, or None. Call `exact_zone` first."""
    if len(name) > _MAX_NAME_LENGTH:
        return None
    plain = " ".join(name.strip().strip("/\"'").split())
    for form in dict.fromkeys((plain, _COPY_NUMBER.sub("", plain), plain.strip("()"))):
        zone = exact_zone(form) or _zone_at_end_of_path(form) or _zone_of_display_name(form)
        if zone is not None:
            return zone
    return None


@cache
def _iana_names() -> dict[str, str]:
    # A list of all names, since ZoneInfo opens a file by name: "../../etc/passwd" must not be one.
    return {name.lower(): name for name in available_timezones()}


def _windows_zone(name: str) -> tzinfo | None:
    iana_name = find_iana_zone(name.lower().removeprefix("tzone://microsoft/"))
    return iana_zone(iana_name) if iana_name else None


def _offset_zone(name: str) -> tzinfo | None:
    match = _OFFSET.fullmatch(name)
    if match is None or int(match[2]) > 14 or int(match[3] or 0) > 59:
        return None
    size = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return timezone(-size if match[1] == "-" else size)


def _zone_at_end_of_path(name: str) -> tzinfo | None:
    """The zone at the end of "/vendor/version/Area/City", by the longest end that is a name."""
    parts = name.split("/")
    ends = ("/".join(parts[start:]) for start in range(1, len(parts)))
    return next((zone for end in ends if "/" in end and (zone := iana_zone(end))), None)


def _zone_of_display_name(name: str) -> tzinfo | None:
    match = _DISPLAY_NAME.fullmatch(name)
    offset, places = (match[1] or "+00:00", match[2]) if match else ("", name)
    offset_zone = _offset_zone(offset.replace(".", ":")) if offset else None
    zones = [
        zone
        for place in _split_places(places)
        if (zone := iana_zone(_ZONES_BY_PLACE.get(place) or _cities().get(place) or place))
    ]
    if offset_zone is None:
        return zones[0] if zones else None
    wanted = offset_zone.utcoffset(None)
    for zone in zones:
        if wanted in (zone.utcoffset(_JANUARY), zone.utcoffset(_JULY)):
            return zone
    return offset_zone


def _split_places(text: str) -> Iterator[str]:
    plain = text.replace("\\", "").lower()
    yield plain.strip()
    # A display name that is cut off ends in three dots.
    yield from (place.strip(" …") for place in re.split(r"\s*[,;:]\s*", plain) if place.strip(" …."))


@cache
def _cities() -> dict[str, str]:
    areas = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
    names = sorted(name for name in available_timezones() if name.startswith(areas))
    return {name.rpartition("/")[2].replace("_", " ").lower(): name for name in names}
