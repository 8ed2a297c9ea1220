"""The keys of `calsync.toml`, with their defaults; `docs/operators/settings.md` says what each does."""

import re
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from calsync.model.people import Language, Nation


class SettingsTable(BaseModel):
    """A table of settings: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _validate_zone(key: str) -> str:
    if key not in available_timezones():
        raise ValueError("no such time zone; use a name such as Europe/London")
    return key


# Labels of RFC 1035 with letters of any script, for a domain may be international.
_LABEL = r"[^\W_](?:[^\W_]|-){0,61}(?<!-)"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")


def is_domain(text: str) -> bool:
    """Whether a text is a mail domain of two labels or more."""
    return _DOMAIN.fullmatch(text) is not None


def _validate_domain(text: str) -> str:
    domain = text.strip().lower().removeprefix("@")
    if not is_domain(domain):
        raise ValueError("a mail domain such as brynfelin.gov.wales is wanted")
    return domain


class OrganisationSettings(SettingsTable):
    """Whose managers these are."""

    name: str = Field(min_length=1)
    domains: tuple[Annotated[str, AfterValidator(_validate_domain)], ...] = Field(min_length=1)
    nation: Nation = Nation.WALES
    timezone: Annotated[str, AfterValidator(_validate_zone)] = "Europe/London"
    language: Language = Language.EN

    @property
    def zone(self) -> ZoneInfo:
        """The zone of days, working hours and floating times."""
        return ZoneInfo(self.timezone)


class WindowSettings(SettingsTable):
    """What is read each night, in whole weeks (Monday to Sunday) around the current one."""

    weeks_back: int = Field(default=13, ge=1, le=260)
    weeks_ahead: int = Field(default=4, ge=0, le=104)


class StoreSettings(SettingsTable):
    """Where calsync keeps what it holds."""

    url: str = "sqlite:///calsync.db"


class ManagersSettings(SettingsTable):
    """Who is read.

    shared: calendars that several managers rightly have on their lines, by address as on the line: the
    id of the one manager whose time they are, or `everyone` where all of them attend its meetings.
    """

    file: Path = Path("managers.csv")
    shared: dict[str, str] = Field(default_factory=dict)


class DoubtSettings(SettingsTable):
    """What one night may lose before it is doubted: what is held is kept until somebody accepts the loss.

    managers_gone: this part of the managers of the last night, or more, is missing from the list.
    meetings_lost: this part of a calendar's meetings in the window, or more, is missing, of a calendar
    that held more than `meetings_from`.
    """

    managers_gone: float = Field(default=0.5, gt=0, le=1)
    meetings_lost: float = Field(default=0.75, gt=0, le=1)
    meetings_from: int = Field(default=20, ge=0)


class DemoSettings(SettingsTable):
    """Written by `calsync demo` alone: the day on which its council lives."""

    today: date | None = None


class RulesSettings(SettingsTable):
    """How meetings are judged: shipped packs by name, then our own folder, which wins."""

    packs: tuple[str, ...] = ("wales",)
    folder: Path | None = None


class HoursSettings(SettingsTable):
    """The working day: hours outside it are counted and also shown apart.

    missing_end_minutes: how long a meeting takes that gives no end; by RFC 5545 (3.6.1) it takes no time.
    """

    day_start: time = time(9)
    day_end: time = time(17)
    missing_end_minutes: int = Field(default=0, ge=0, le=24 * 60)

    @model_validator(mode="after")
    def _check_day(self) -> Self:
        if self.day_end <= self.day_start:
            raise ValueError("day_end must be later than day_start")
        return self


class PrivacySettings(SettingsTable):
    """What is remembered of a meeting, and how small a group may be shown."""

    titles: Literal["partnership", "all", "none"] = "partnership"
    least_group: int = Field(default=5, ge=5)


class CostsSettings(SettingsTable):
    """Hourly costs by grade (columns grade, contract, productive); without a file, hours only."""

    file: Path | None = None


class MailSettings(SettingsTable):
    """How summaries go out. Passwords by environment only."""

    transport: Literal["folder", "smtp", "m365"] = "folder"
    folder: Path = Path("outbox")
    sender: str = "calsync@localhost"
    host: str = "localhost"
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password_env: str = ""
    ca_file: Path | None = None
    source: str = ""
    unsubscribe: str = ""
    missed_summaries: int = Field(default=8, ge=0, le=104)
    timeout: float = Field(default=30.0, gt=0)


class ScheduleSettings(SettingsTable):
    """When the night runs, in the organisation's zone."""

    nightly: time = time(4, 15)

    @model_validator(mode="after")
    def _check_clock_changes(self) -> Self:
        if time(1) <= self.nightly < time(3):
            raise ValueError(
                "between 01:00 and 03:00 the clocks change: a night would be skipped or run twice"
            )
        return self


class EngineSettings(SettingsTable):
    """Where calendars are read, how many at once, and how long one may take (seconds).

    kind: threads or processes of this machine, or the workers behind a Dask scheduler's address.
    """

    kind: Literal["threads", "processes", "dask"] = "threads"
    workers: int = Field(default=4, ge=1, le=64)
    address: str = ""
    calendar_seconds: float = Field(default=300.0, gt=0)

    @model_validator(mode="after")
    def _check_dask_address(self) -> Self:
        if self.kind == "dask" and "://" not in self.address:
            raise ValueError("kind dask wants the scheduler's address, such as tcp://dask.example:8786")
        return self

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.kind == "dask" and not self.address:
            raise ValueError('kind = "dask" needs the scheduler\'s address, such as tcp://host:8786')
        return self


class Settings(SettingsTable):
    """Everything in `calsync.toml`."""

    organisation: OrganisationSettings
    window: WindowSettings = WindowSettings()
    store: StoreSettings = StoreSettings()
    sources: dict[str, dict[str, Any]] = Field(min_length=1)
    managers: ManagersSettings = ManagersSettings()
    doubt: DoubtSettings = DoubtSettings()
    rules: RulesSettings = RulesSettings()
    hours: HoursSettings = HoursSettings()
    privacy: PrivacySettings = PrivacySettings()
    costs: CostsSettings = CostsSettings()
    mail: MailSettings = MailSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    engine: EngineSettings = EngineSettings()
    demo: DemoSettings = DemoSettings()
    _file: Path = PrivateAttr(default=Path("calsync.toml"))

    @property
    def file(self) -> Path:
        """The settings file itself."""
        return self._file

    def today(self, now: datetime) -> date:
        """The organisation's local date; in the folder of a demo the day of its council."""
        return self.demo.today or now.astimezone(self.organisation.zone).date()

    def resolve(self, path: Path) -> Path:
        """A path from the settings: relative ones start at the settings file."""
        return self._file.parent / path.expanduser()


def store_url(settings: Settings) -> str:
    """The store's address; a relative SQLite file lies next to the settings."""
    url = settings.store.url
    plain = "sqlite:///"
    if not url.startswith(plain):
        return url
    return plain + str(settings.resolve(Path(url.removeprefix(plain))))
