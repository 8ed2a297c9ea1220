"""Finds the time zone that a name in a file or from Microsoft 365 means.

`find_exact_zone` reads names that mean only one zone: IANA names, Windows keys ("GMT Standard Time") and
offsets ("UTC-04:00"). `guess_zone` also reads names that programs derive from these: globally unique names
that end in an IANA name ("/example.org/Europe/Berlin"), numbered copies by Outlook ("GMT Standard Time 1"),
and Windows display names, which list places ("(UTC+01:00) Amsterdam, Berlin, Bern, …"). Many of these places
are IANA names; `_ZONES_BY_PLACE` lists the others. A guess may be wrong, so the caller reports it.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from tzlocal.windows_tz import win_tz

# The table windowsZones of Unicode CLDR, as tzlocal contains it. The tables in O365 and icalendar lack the
# zones that Windows added in 2025 (Alberta, British Columbia, Manitoba).
_WINDOWS_STANDARD = {name.lower(): zone for name, zone in win_tz.items()}
# Some programs write the name that Windows shows in summer.
_WINDOWS_DAYLIGHT = {name.replace(" standard", " daylight"): zone for name, zone in _WINDOWS_STANDARD.items()}
# The letter of ISO 8601 for UTC, and the display name of UTC in Windows, which Exchange also writes.
_OTHER_NAMES_OF_UTC = {"z": "UTC", "coordinated universal time": "UTC"}
_WINDOWS_ZONES = {**_WINDOWS_DAYLIGHT, **_WINDOWS_STANDARD, **_OTHER_NAMES_OF_UTC}
# Exchange may write this before a Windows key: "tzone://Microsoft/Utc".
_EXCHANGE_PREFIX = "tzone://microsoft/"

_OFFSET = re.compile(r"\(?(?:UTC|GMT)?\s*([+-])\s*(\d{1,2})(?::?(\d{2}))?\)?", re.I)
_DISPLAY_NAME = re.compile(r"\((?:UTC|GMT)\s*([+-]\d{1,2}[:.]?\d{2})?\)\s*(.+)", re.I)
# Outlook writes " 1", " 2" after the name of a zone if it has already read other rules under that name.
_COPY_NUMBER = re.compile(r" \d{1,2}$")
# The longest display name in Windows has about 60 characters; a vendor may write an address before a name.
_MAX_NAME_LENGTH = 500
# In winter and in summer; a display name has the offset of only one of them.
_JANUARY, _JULY = datetime(2024, 1, 15), datetime(2024, 7, 15)  # noqa: DTZ001 - naive local times

# Places in old and new display names of Windows, and UK names, that IANA has no zone for.
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


def find_iana_zone(name: str) -> ZoneInfo | None:
    """Return the zone of an IANA name in upper or lower case, or None."""
    iana_name = _iana_names_by_lower_case().get(name.strip().lower())
    return ZoneInfo(iana_name) if iana_name else None


def find_exact_zone(name: str) -> tzinfo | None:
    """Return the zone of a name that means one zone only, or None."""
    if len(name) > _MAX_NAME_LENGTH:
        return None
    normalised = " ".join(name.split())
    return find_iana_zone(normalised) or _find_windows_zone(normalised) or _parse_offset(normalised)


def guess_zone(name: str) -> tzinfo | None:
    """Return the zone that a name most likely means, or None. Call `find_exact_zone` first."""
    if len(name) > _MAX_NAME_LENGTH:
        return None
    normalised = " ".join(name.strip().strip("/\"'").split())
    for form in dict.fromkeys((normalised, _COPY_NUMBER.sub("", normalised), normalised.strip("()"))):
        zone = find_exact_zone(form) or _find_zone_at_end(form) or _find_display_zone(form)
        if zone is not None:
            return zone
    return None


@cache
def _iana_names_by_lower_case() -> dict[str, str]:
    # Names are looked up here before `ZoneInfo` opens a file: "../../etc/passwd" is not a zone.
    return {name.lower(): name for name in available_timezones()}


def _find_windows_zone(name: str) -> tzinfo | None:
    iana_name = _WINDOWS_ZONES.get(name.lower().removeprefix(_EXCHANGE_PREFIX))
    return find_iana_zone(iana_name) if iana_name else None


def _parse_offset(name: str) -> tzinfo | None:
    match = _OFFSET.fullmatch(name)
    if match is None or int(match[2]) > 14 or int(match[3] or 0) > 59:
        return None
    size = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return timezone(-size if match[1] == "-" else size)


def _find_zone_at_end(name: str) -> tzinfo | None:
    """Return the zone at the end of "/vendor/version/Area/City": the longest end that is an IANA name."""
    parts = name.split("/")
    ends = ("/".join(parts[start:]) for start in range(1, len(parts)))
    return next((zone for end in ends if "/" in end and (zone := find_iana_zone(end))), None)


def _find_display_zone(name: str) -> tzinfo | None:
    """Return the zone of the first place in a display name that has its offset, or else the offset alone."""
    match = _DISPLAY_NAME.fullmatch(name)
    offset, places = (match[1] or "+00:00", match[2]) if match else ("", name)
    written_offset = _parse_offset(offset.replace(".", ":")) if offset else None
    zones = [zone for place in _split_places(places) if (zone := _find_zone_of_place(place))]
    if written_offset is None:
        return zones[0] if zones else None
    return next((zone for zone in zones if _has_offset(zone, written_offset)), written_offset)


def _split_places(text: str) -> Iterator[str]:
    normalised = text.replace("\\", "").lower()
    yield normalised.strip()
    # A list that was cut off ends in three dots or in the character for them.
    yield from (place.strip(" …") for place in re.split(r"\s*[,;:]\s*", normalised) if place.strip(" …."))


def _find_zone_of_place(place: str) -> tzinfo | None:
    iana_name = _ZONES_BY_PLACE.get(place) or _zone_names_by_city().get(place)
    return find_iana_zone(iana_name or place)


@cache
def _zone_names_by_city() -> dict[str, str]:
    areas = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
    names = sorted(name for name in available_timezones() if name.startswith(areas))
    return {name.rpartition("/")[2].replace("_", " ").lower(): name for name in names}


def _has_offset(zone: tzinfo, fixed_offset: tzinfo) -> bool:
    offset = fixed_offset.utcoffset(None)
    return offset in {zone.utcoffset(_JANUARY), zone.utcoffset(_JULY)}
