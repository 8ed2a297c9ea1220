"""The keys of `calsync.toml`, with their defaults; `docs/operators/settings.md` describes each of them."""

import re
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from calsync.model.people import Language, Nation


class SettingsTable(BaseModel):
    """A table of settings; unknown keys are faults, and values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _validate_zone(key: str) -> str:
    if key not in available_timezones():
        raise ValueError("no such time zone; use a name such as Europe/London")
    return key


# Labels of RFC 1035, but with letters of any script, because domains may be internationalised.
_LABEL = r"[^\W_](?:[^\W_]|-){0,61}(?<!-)"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")


def is_domain(text: str) -> bool:
    """Whether a text is a domain of at least two labels."""
    return _DOMAIN.fullmatch(text) is not None


def _validate_domain(text: str) -> str:
    domain = text.strip().lower().removeprefix("@")
    if not is_domain(domain):
        raise ValueError("must be a mail domain, such as brynfelin.gov.wales")
    return domain


class OrganisationSettings(SettingsTable):
    """The organisation of the managers."""

    name: str = Field(min_length=1)
    domains: tuple[Annotated[str, AfterValidator(_validate_domain)], ...] = Field(min_length=1)
    nation: Nation = Nation.WALES
    timezone: Annotated[str, AfterValidator(_validate_zone)] = "Europe/London"
    language: Language = Language.EN

    @property
    def zone(self) -> ZoneInfo:
        """The zone of days, working hours and floating times (RFC 5545, 3.3.5)."""
        return ZoneInfo(self.timezone)


class WindowSettings(SettingsTable):
    """The period that is read each night: whole weeks (Monday to Sunday) around the current one."""

    weeks_back: int = Field(default=13, ge=1, le=260)
    weeks_ahead: int = Field(default=4, ge=0, le=104)


class StoreSettings(SettingsTable):
    """The database of calsync."""

    url: str = "sqlite:///calsync.db"


class ManagersSettings(SettingsTable):
    """The list of managers.

    shared: the calendars that several managers share intentionally, by address as in the list. The value is
    the id of the manager to whom its meetings count, or `everyone` if all of them attend the meetings.
    """

    file: Path = Path("managers.csv")
    shared: dict[str, str] = Field(default_factory=dict)


class DoubtSettings(SettingsTable):
    """Losses in one night that are doubted: stored meetings are kept until a person accepts the loss.

    managers_gone: a loss of this part of the last night's managers, or more, is doubted. meetings_lost: a
    loss of this part of a calendar's meetings in the window, or more, is doubted, if the calendar had more
    than `meetings_from` meetings.
    """

    managers_gone: float = Field(default=0.5, gt=0, le=1)
    meetings_lost: float = Field(default=0.75, gt=0, le=1)
    meetings_from: int = Field(default=20, ge=0)


class DemoSettings(SettingsTable):
    """The date that a demo uses instead of the current one; only `calsync demo` writes this table."""

    today: date | None = None


class RulesSettings(SettingsTable):
    """The rules that classify meetings: shipped packs by name, and the organisation's folder, which wins."""

    packs: tuple[str, ...] = ("wales",)
    folder: Path | None = None


class HoursSettings(SettingsTable):
    """The working day; time outside it counts and is also shown separately.

    missing_end_minutes: the length of a meeting that has no end; by RFC 5545 (3.6.1) it takes no time.
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
    """Which titles are stored, and the size of the smallest group whose figures are shown."""

    titles: Literal["partnership", "all", "none"] = "partnership"
    least_group: int = Field(default=5, ge=5)


class CostsSettings(SettingsTable):
    """Hourly costs by grade (columns grade, contract, productive); without a file, hours only."""

    file: Path | None = None


class MailSettings(SettingsTable):
    """How summaries are sent. Passwords are read only from environment variables."""

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
    """The local time at which the night runs, in the organisation's zone."""

    nightly: time = time(4, 15)

    @model_validator(mode="after")
    def _check_clock_changes(self) -> Self:
        if time(1) <= self.nightly < time(3):
            raise ValueError(
                "between 01:00 and 03:00 the clocks change: a night would be skipped or run twice"
            )
        return self


class EngineSettings(SettingsTable):
    """Where calendars are read, how many at a time, and the time limit of one calendar in seconds.

    kind: threads or processes of this machine, or the workers of the Dask scheduler at `address`.
    """

    kind: Literal["threads", "processes", "dask"] = "threads"
    workers: int = Field(default=4, ge=1, le=64)
    address: str = ""
    calendar_seconds: float = Field(default=300.0, gt=0)

    @model_validator(mode="after")
    def _check_dask_address(self) -> Self:
        if self.kind == "dask" and "://" not in self.address:
            raise ValueError('kind = "dask" needs the scheduler\'s address, such as tcp://dask.example:8786')
        return self


class Settings(SettingsTable):
    """The contents of `calsync.toml`."""

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
        """The path of the settings file."""
        return self._file

    def today(self, now: datetime) -> date:
        """The date of a moment in the organisation's zone; in a demo its fixed date."""
        return self.demo.today or now.astimezone(self.organisation.zone).date()

    def resolve(self, path: Path) -> Path:
        """The path that a setting gives; relative paths start at the folder of the settings file."""
        return self._file.parent / path.expanduser()


def store_url(settings: Settings) -> str:
    """The URL of the store; a relative SQLite path starts at the folder of the settings file."""
    url = settings.store.url
    sqlite = "sqlite:///"
    if not url.startswith(sqlite):
        return url
    return sqlite + str(settings.resolve(Path(url.removeprefix(sqlite))))
