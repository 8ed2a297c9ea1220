"""The settings of a Microsoft 365 source: tenant, credential and limits."""

import os
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ModelWrapValidatorHandler, PrivateAttr, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from calsync.http.address_guard import AddressGuard
from calsync.http.credentials import Origin
from calsync.http.options import EnvironmentName, ExistingFile, HttpOptions
from calsync.sources.base import SourceOptions
from calsync.sources.m365.certificate import Certificate, UnusableCertificateError, load_certificate


class Cloud(NamedTuple):
    """The addresses of Graph and of the sign-in in a national cloud."""

    graph: str
    login: str


CLOUDS = {
    "global": Cloud("https://graph.microsoft.com/", "https://login.microsoftonline.com/"),
    "usgov": Cloud("https://graph.microsoft.us/", "https://login.microsoftonline.us/"),
    "china": Cloud("https://microsoftgraph.chinacloudapi.cn/", "https://login.partner.microsoftonline.cn/"),
}

_MSAL_CREDENTIALS = ("certificate_file", "secret_env", "assertion_file")
_CREDENTIALS = (*_MSAL_CREDENTIALS, "token_env", "token_file")


def _validate_tenant(text: str) -> str:
    tenant = text.strip()
    if tenant.casefold() in ("common", "organizations", "consumers"):
        raise ValueError("name one tenant: its id, or a domain such as example.onmicrosoft.com")
    if tenant and not tenant.replace("-", "").replace(".", "").isalnum():
        raise ValueError("is no tenant id and no domain")
    return tenant


def _validate_graph_root(text: str) -> str:
    if not text.strip():
        return ""
    root = text.strip().rstrip("/").removesuffix("/v1.0") + "/"
    parts = urlsplit(root)
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError("must be the start of an address, without user, query and fragment")
    if not Origin.of(root).is_secure:
        raise ValueError("must be https, because tokens are sent to it (http only for this machine)")
    return root


class M365Options(HttpOptions, SourceOptions):
    """The settings of an `m365` source: exactly one credential, its tenant, and limits.

    Attributes:
        tenant: its id or one of its domains.
        client_id: the application's id.
        certificate_file: the application's key and certificate (PEM or PFX).
        passphrase_env: the environment variable with the passphrase of `certificate_file`.
        secret_env: the environment variable with the client secret.
        assertion_file: an assertion that a platform signs (workload identity), exchanged for a token.
        token_env, token_file: a token for Graph that another program makes; read again for every request.
        cloud: the national cloud.
        graph_root: instead of the cloud's address of Graph; a server on this machine also issues the tokens.
        agendas: whether to read the text of invitations, for the agenda in it; the text is not stored.
        mailboxes_at_once: of this source, however many calendars are read at once.
        page_size: events in one response.
        attempts: how often a request is sent at most.
    """

    tenant: Annotated[str, AfterValidator(_validate_tenant)] = ""
    client_id: str = ""
    certificate_file: ExistingFile | None = None
    passphrase_env: EnvironmentName = ""
    secret_env: EnvironmentName = ""
    assertion_file: ExistingFile | None = None
    token_env: EnvironmentName = ""
    token_file: ExistingFile | None = None
    cloud: Literal["global", "usgov", "china"] = "global"
    graph_root: Annotated[str, AfterValidator(_validate_graph_root)] = ""
    agendas: bool = True
    mailboxes_at_once: int = Field(default=4, ge=1, le=64)
    page_size: int = Field(default=1000, ge=1, le=1000)
    attempts: int = Field(default=4, ge=1, le=10)
    _certificate: Certificate | None = PrivateAttr(default=None)

    @model_validator(mode="wrap")
    @classmethod
    def _collect_faults(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Report the conflicts between settings together with the faults of each."""
        faults = list(_find_conflicts(values)) if isinstance(values, Mapping) else []
        options: Self | None = None
        try:
            options = handler(values)
        except ValidationError as error:
            faults += [_repeat_fault(fault) for fault in error.errors(include_url=False)]
        if options is not None and options.certificate_file:
            try:
                passphrase = os.environ.get(options.passphrase_env, "")
                options._certificate = load_certificate(options.certificate_file, passphrase)
            except UnusableCertificateError as error:
                faults.append(_validation_error(str(error), "certificate_file"))
        if faults or options is None:
            raise ValidationError.from_exception_data(cls.__name__, faults)
        return options

    @property
    def certificate(self) -> Certificate | None:
        """The certificate of `certificate_file`; None where another credential is set."""
        return self._certificate

    @property
    def secret(self) -> str:
        """The client secret, from the environment; "" where another credential is set."""
        return os.environ.get(self.secret_env, "") if self.secret_env else ""

    @property
    def acquires_tokens(self) -> bool:
        """Whether calsync requests the tokens; otherwise another program makes them."""
        return not (self.token_env or self.token_file)

    @property
    def graph_url(self) -> str:
        """The address of Graph; ends with a slash."""
        return self.graph_root or CLOUDS[self.cloud].graph

    @property
    def address_guard(self) -> AddressGuard:
        """Allows the hosts of Graph and the sign-in, which the settings name, even if they are private."""
        hosts = (urlsplit(address).hostname or "" for address in (self.graph_url, CLOUDS[self.cloud].login))
        return AddressGuard.of(private=hosts)

    @property
    def is_emulated(self) -> bool:
        """Whether Graph is an emulator on this machine, which is then also the sign-in."""
        return Origin("http", urlsplit(self.graph_url).hostname or "", 80).is_secure

    @property
    def token_scope(self) -> str:
        """The scope of a token request: everything that this application was granted in Graph."""
        resource = CLOUDS[self.cloud].graph if self.is_emulated else self.graph_url
        return f"{resource}.default"

    @property
    def authority(self) -> str:
        """The address that issues tokens for this tenant only."""
        return f"{CLOUDS[self.cloud].login}{self.tenant}"


def _find_conflicts(values: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    given = [name for name in _CREDENTIALS if values.get(name)]
    if len(given) != 1:
        count = f"there are {' and '.join(given)}" if given else "there is none"
        yield _validation_error(f"exactly one credential is needed, of {', '.join(_CREDENTIALS)}; {count}")
    if not given or any(name in _MSAL_CREDENTIALS for name in given):
        for name in ("tenant", "client_id"):
            if not values.get(name):
                yield InitErrorDetails(type="missing", loc=(name,), input=None)
    if values.get("passphrase_env") and not values.get("certificate_file"):
        yield _validation_error("is for a certificate_file, and there is none", "passphrase_env")


def _validation_error(what: str, *location: str) -> InitErrorDetails:
    return InitErrorDetails(
        type=PydanticCustomError("m365", "{what}", {"what": what}), loc=location, input=None
    )


def _repeat_fault(fault: Any) -> InitErrorDetails:
    """A fault that pydantic found, in the form in which it can be raised again."""
    error_type = fault["type"]
    if error_type in ("value_error", "assertion_error"):
        error_type = PydanticCustomError("m365", "{what}", {"what": str(fault["ctx"]["error"])})
    return InitErrorDetails(type=error_type, loc=fault["loc"], input=fault["input"], ctx=fault.get("ctx", {}))
