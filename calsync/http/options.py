"""The settings of every source that is read over HTTP: trust, limits and credentials."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, ValidationInfo, model_validator

from calsync.http.address_guard import AddressGuard, PrivateHost

_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _require_variable(name: str) -> str:
    # The message does not repeat an invalid name: the operator may have written the secret itself there.
    if not _VARIABLE_NAME.fullmatch(name):
        raise ValueError(
            "is no name of an environment variable; put the secret into a variable and its name here"
        )
    if not os.environ.get(name):
        shown_name = f" {name}" if name.isupper() else ""
        raise ValueError(f"the environment variable{shown_name} is not set for the account that runs calsync")
    return name


def _require_file(path: Path, info: ValidationInfo) -> Path:
    absolute = ((info.context or {}).get("base") or Path()) / path.expanduser()
    if not absolute.is_file():
        raise ValueError(f"there is no file {absolute}")
    return absolute


EnvironmentName = Annotated[str, AfterValidator(_require_variable)]
"""The name of an environment variable that is set and holds a secret."""

ExistingFile = Annotated[Path, AfterValidator(_require_file)]
"""A file that exists; a relative path starts at the folder of the settings file."""


class HttpOptions(BaseModel):
    """Trust and limits.

    Attributes:
        ca_file: certificate authorities to trust instead of the usual ones (PEM).
        connect_seconds: to open a connection.
        read_seconds: between two parts of a response.
        total_seconds: for one calendar, with every retry and redirect.
        attempts: how often a request is sent at most.
        max_megabytes: all responses for one calendar, after decompression.
    """

    ca_file: ExistingFile | None = None
    connect_seconds: float = Field(default=10.0, gt=0)
    read_seconds: float = Field(default=60.0, gt=0)
    total_seconds: float = Field(default=240.0, gt=0)
    attempts: int = Field(default=3, ge=1, le=10)
    max_megabytes: float = Field(default=64.0, gt=0)

    @property
    def address_guard(self) -> AddressGuard:
        """Which servers may be contacted."""
        return AddressGuard.of()


class WebOptions(HttpOptions):
    """Trust, limits and the credentials of a server that accepts a password or a token.

    Attributes:
        username: for basic or digest authentication, with `password_env`.
        password_env: the environment variable that holds the password.
        token_env: the environment variable that holds a bearer token, instead of a password.
        auth: the scheme for user name and password.
        allow_clear_text: whether to send credentials over plain http, too.
        private_hosts: hosts, addresses and networks that may be on this machine or in a private network.
    """

    username: str = ""
    password_env: EnvironmentName = ""
    token_env: EnvironmentName = ""
    auth: Literal["basic", "digest"] = "basic"
    allow_clear_text: bool = False
    private_hosts: tuple[PrivateHost, ...] = ()

    @model_validator(mode="after")
    def _check_credentials(self) -> Self:
        if self.token_env and (self.username or self.password_env):
            raise ValueError("give either username and password_env, or token_env")
        if bool(self.username) != bool(self.password_env):
            raise ValueError("username and password_env belong together")
        return self

    @property
    def secret(self) -> str:
        """The password or token, from the environment; "" for none."""
        name = self.password_env or self.token_env
        return os.environ.get(name, "") if name else ""

    @property
    def address_guard(self) -> AddressGuard:
        """Which servers this source may contact."""
        return AddressGuard.of(private=self.private_hosts)
