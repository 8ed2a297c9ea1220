"""The time zone of a name, as files and Microsoft 365 write it.

`exact_zone` reads the names that mean one zone and no other: IANA's own, Windows' keys ("GMT Standard Time")
and plain offsets ("UTC-04:00"). `guessed_zone` reads what programs make of them: globally unique names
that end in one ("/example.org/Europe/Berlin"), Outlook's counting of copies ("GMT Standard Time 1"), and
Windows' display names, which list cities ("(UTC+01:00) Amsterdam, Berlin, Bern, …"): the cities are IANA's
where IANA has them, and below where it has not. A guess may be wrong, so whoever uses one reports it.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from tzlocal.windows_tz import win_tz

# Unicode CLDR's windowsZones by way of tzlocal. O365 and icalendar bring the same table without the zones
# that Windows got in 2025 (Alberta, British Columbia, Manitoba).
_WINDOWS_STANDARD = {name.lower(): zone for name, zone in win_tz.items()}
# Some programs write the name that Windows shows in summer.
_WINDOWS_DAYLIGHT = {name.replace(" standard", " daylight"): zone for name, zone in _WINDOWS_STANDARD.items()}
# ISO 8601's letter, and Windows' display name of UTC, which Exchange writes, too.
_OTHER_NAMES_OF_UTC = {"z": "UTC", "coordinated universal time": "UTC"}
_WINDOWS_ZONES = {**_WINDOWS_DAYLIGHT, **_WINDOWS_STANDARD, **_OTHER_NAMES_OF_UTC}
# Exchange's address of a zone of Windows: "tzone://Microsoft/Utc".
_EXCHANGE_PREFIX = "tzone://microsoft/"

_OFFSET = re.compile(r"\(?(?:UTC|GMT)?\s*([+-])\s*(\d{1,2})(?::?(\d{2}))?\)?", re.I)
_DISPLAY = re.compile(r"\((?:UTC|GMT)\s*([+-]\d{1,2}[:.]?\d{2})?\)\s*(.+)", re.I)
# Outlook writes " 1", " 2" after the name of a zone whose rules differ from those it met first.
_COPY = re.compile(r" \d{1,2}$")
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
    known = _iana_names().get(name.strip().lower())
    return ZoneInfo(known) if known else None


def exact_zone(name: str) -> tzinfo | None:
    """Return the zone of a name that means one zone only, or None."""
    if len(name) > _LONGEST_NAME:
        return None
    plain = " ".join(name.split())
    return iana_zone(plain) or _windows(plain) or _offset(plain)


def guessed_zone(name: str) -> tzinfo | None:
    """Return the zone that a name most likely means, or None; `exact_zone` has been tried before."""
    if len(name) > _LONGEST_NAME:
        return None
    plain = " ".join(name.strip().strip("/\"'").split())
    for form in dict.fromkeys((plain, _COPY.sub("", plain), plain.strip("()"))):
        found = exact_zone(form) or _globally_unique(form) or _displayed(form)
        if found is not None:
            return found
    return None


@cache
def _iana_names() -> dict[str, str]:
    # Looked up, never opened by name: "../../etc/passwd" is no zone.
    return {name.lower(): name for name in available_timezones()}


def _windows(name: str) -> tzinfo | None:
    known = _WINDOWS_ZONES.get(name.lower().removeprefix(_EXCHANGE_PREFIX))
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
    wanted = _offset(offset.replace(".", ":")) if offset else None
    zones = [zone for place in _places(places) if (zone := _of_place(place))]
    if wanted is None:
        return zones[0] if zones else None
    return next((zone for zone in zones if _has_offset(zone, wanted)), wanted if offset else None)


def _places(text: str) -> Iterator[str]:
    plain = text.replace("\\", "").lower()
    yield plain.strip()
    # Three dots stand for the cities that there was no room for.
    yield from (place.strip(" …") for place in re.split(r"\s*[,;:]\s*", plain) if place.strip(" …."))


def _of_place(place: str) -> tzinfo | None:
    known = _PLACES.get(place) or _cities().get(place)
    return iana_zone(known or place)


@cache
def _cities() -> dict[str, str]:
    areas = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
    names = sorted(name for name in available_timezones() if name.startswith(areas))
    return {name.rpartition("/")[2].replace("_", " ").lower(): name for name in names}


def _has_offset(zone: tzinfo, wanted: tzinfo) -> bool:
    offset = wanted.utcoffset(None)
    return offset in {zone.utcoffset(_JANUARY), zone.utcoffset(_JULY)}
