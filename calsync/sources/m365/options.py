"""The settings of a Microsoft 365 source: which tenant, who we are there, how long we wait."""

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
    """Where a national cloud answers: Graph and the sign-in."""

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
        raise ValueError("is more than the beginning of an address")
    if not Origin.of(root).is_secure:
        raise ValueError("must be https, for our token goes there (http only to this very machine)")
    return root


class M365Options(HttpOptions, SourceOptions):
    """Exactly one credential, its tenant, and limits.

    assertion_file: what a platform signs for us (workload identity), changed there for a token.
    token_env, token_file: a token for Graph made elsewhere; read again for every request.
    graph_root: instead of the cloud's own; a server on this machine also makes the tokens.
    agendas: also read the invitations' text, judge the agenda in it, and forget it.
    mailboxes_at_once: for this source, however many calendars are read at once.
    total_seconds: for one mailbox, with every page and retry.
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
        """Report the faults between settings together with those in each."""
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
        """The certificate, opened; None where another credential is given."""
        return self._certificate

    @property
    def secret(self) -> str:
        """The client secret, from the environment; "" where another credential is given."""
        return os.environ.get(self.secret_env, "") if self.secret_env else ""

    @property
    def acquires_tokens(self) -> bool:
        """Whether we get tokens ourselves, rather than being given them."""
        return not (self.token_env or self.token_file)

    @property
    def graph_url(self) -> str:
        """Where Graph answers; ends with a slash."""
        return self.graph_root or CLOUDS[self.cloud].graph

    @property
    def address_guard(self) -> AddressGuard:
        """Only Graph's own host and the sign-in's may be private: `cloud` and `graph_root` name them."""
        named = (urlsplit(address).hostname or "" for address in (self.graph_url, CLOUDS[self.cloud].login))
        return AddressGuard.of(private=named)

    @property
    def is_emulated(self) -> bool:
        """Whether Graph is an emulator on this machine, which then is the sign-in, too."""
        return Origin("http", urlsplit(self.graph_url).hostname or "", 80).is_secure

    @property
    def token_scope(self) -> str:
        """The scope of a token request: everything that this application was granted in Graph."""
        own = self.graph_url if not self.is_emulated else CLOUDS[self.cloud].graph
        return f"{own}.default"

    @property
    def authority(self) -> str:
        """Who makes tokens for this tenant, and for no other."""
        return f"{CLOUDS[self.cloud].login}{self.tenant}"


def _find_conflicts(values: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    given = [name for name in _CREDENTIALS if values.get(name)]
    if len(given) != 1:
        found = f"here are {' and '.join(given)}" if given else "here is none"
        yield _validation_error(f"exactly one credential is wanted, {', '.join(_CREDENTIALS)}; {found}")
    if not given or any(name in _MSAL_CREDENTIALS for name in given):
        for name in ("tenant", "client_id"):
            if not values.get(name):
                yield InitErrorDetails(type="missing", loc=(name,), input=None)
    if values.get("passphrase_env") and not values.get("certificate_file"):
        yield _validation_error("opens a certificate_file, and there is none", "passphrase_env")


def _validation_error(what: str, *place: str) -> InitErrorDetails:
    return InitErrorDetails(type=PydanticCustomError("m365", "{what}", {"what": what}), loc=place, input=None)


def _repeat_fault(fault: Any) -> InitErrorDetails:
    """A fault that pydantic found, to be reported next to ours."""
    kind = fault["type"]
    if kind in ("value_error", "assertion_error"):
        kind = PydanticCustomError("m365", "{what}", {"what": str(fault["ctx"]["error"])})
    return InitErrorDetails(type=kind, loc=fault["loc"], input=fault["input"], ctx=fault.get("ctx", {}))
