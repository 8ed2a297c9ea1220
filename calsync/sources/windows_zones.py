"""Windows' names of time zones and the IANA zone of each: the one table for files and for Microsoft 365.

Unicode CLDR's windowsZones by way of tzlocal. O365 and icalendar bring the same table without the zones
that Windows got in 2025 (Alberta, British Columbia, Manitoba).
"""

from tzlocal.windows_tz import win_tz

_STANDARD = {name.casefold(): zone for name, zone in win_tz.items()}
# Some programs write the name that Windows shows in summer.
_DAYLIGHT = {name.replace(" standard", " daylight"): zone for name, zone in _STANDARD.items()}
_IANA_ZONES = {**_DAYLIGHT, **_STANDARD}


def find_iana_zone(windows_name: str) -> str | None:
    """Return the IANA name of a Windows zone such as `GMT Standard Time`, None for any other name."""
    return _IANA_ZONES.get(windows_name.strip().casefold())
