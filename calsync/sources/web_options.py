"""The settings of every source that is reached over HTTP: who we are, whom we trust, how long we wait."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from calsync.sources.addresses import AddressGuard, PrivateHost
from calsync.sources.base import SourceOptions

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _set_in_environment(name: str) -> str:
    # The value is not repeated where it is no name: somebody may have put the secret itself there.
    if not _NAME.fullmatch(name):
        raise ValueError("is no name of an environment variable; put the secret there, and its name here")
    if not os.environ.get(name):
        shown = f" {name}" if name.isupper() else ""
        raise ValueError(f"the environment variable{shown} is not set for the account that runs calsync")
    return name


def _existing(path: Path, info: ValidationInfo) -> Path:
    rooted = ((info.context or {}).get("base") or Path()) / path.expanduser()
    if not rooted.is_file():
        raise ValueError(f"there is no file {rooted}")
    return rooted


EnvironmentName = Annotated[str, AfterValidator(_set_in_environment)]
"""The name of an environment variable that is set and holds a secret."""

ExistingFile = Annotated[Path, AfterValidator(_existing)]
"""A file that exists; a relative path starts at the folder of the settings file."""


class WebOptions(SourceOptions):
    """Credentials, trust and limits.

    total_seconds: for one calendar, with every retry and redirect. max_megabytes: for one calendar,
    after decompression. allow_clear_text: send credentials over plain http, too. private_hosts: hosts,
    addresses and networks that may be on this machine or in a private network.
    """

    username: str = ""
    password_env: EnvironmentName = ""
    token_env: EnvironmentName = ""
    auth: Literal["basic", "digest"] = "basic"
    ca_file: ExistingFile | None = None
    allow_clear_text: bool = False
    private_hosts: tuple[PrivateHost, ...] = ()
    connect_seconds: float = Field(default=10.0, gt=0)
    read_seconds: float = Field(default=60.0, gt=0)
    total_seconds: float = Field(default=240.0, gt=0)
    attempts: int = Field(default=3, ge=1, le=10)
    max_megabytes: float = Field(default=64.0, gt=0)

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.token_env and (self.username or self.password_env):
            raise ValueError("give either username and password_env, or token_env")
        if bool(self.username) != bool(self.password_env):
            raise ValueError("username and password_env belong together")
        return self

    @property
    def secret(self) -> str:
        """The password or token, from the environment; "" where none is named."""
        name = self.password_env or self.token_env
        return os.environ.get(name, "") if name else ""

    @property
    def address_guard(self) -> AddressGuard:
        """Which servers this source may ask."""
        return AddressGuard.of(private=self.private_hosts)
