"""The credentials of an m365 source: one credential, one tenant, sent to Microsoft only and never shown."""

import base64
import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from graph.emulator import TENANT, Emulator
from graph.entra import Application, Grant, sign_in_error
from graph.mailboxes import event
from graph.occurrences import mailbox_calendar
from graph.replies import Reply, Request, error_reply
from support.builders import at

from calsync.errors import ConfigError, SourceAuthError, SourceError, SourceUnavailableError
from calsync.model.problem import Severity
from calsync.model.span import Span
from calsync.sources.base import Calendar
from calsync.sources.m365.options import CLOUDS, M365Options
from calsync.sources.m365.redaction import REDACTION
from calsync.sources.m365.source import M365Source
from calsync.sources.registry import open_source

DAY = Span(at("00:00"), at("24:00"))
ENDS = datetime(2027, 3, 1, tzinfo=UTC)
ANA, BEN = "ana@brynfelin.gov.wales.example", "ben@brynfelin.gov.wales.example"
OTHER_TENANT = "99999999-2222-3333-4444-555555555555"
Open = Callable[..., M365Source]


def certificate(
    folder: Path,
    name: str = "app.pem",
    *,
    kind: str = "pem",
    passphrase: str = "",
    key: Any = None,
    own: Any = None,
) -> Path:
    """Write a key and its self-signed certificate; own: another key, that the certificate is of."""
    key = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "calsync")])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key((own or key).public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(ENDS)
        .sign(own or key, hashes.SHA256())
    )
    lock = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    file = folder / name
    if kind == "pfx":
        file.write_bytes(pkcs12.serialize_key_and_certificates(b"calsync", key, made, None, lock))
        return file
    parts = {
        "key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock),
        "certificate": made.public_bytes(Encoding.PEM),
    }
    file.write_bytes(b"".join(parts.values()) if kind == "pem" else parts[kind])
    return file


def trusted_certificate(graph: Emulator, folder: Path, **how: Any) -> Path:
    """A certificate whose public part is uploaded to the application."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = certificate(folder, "public.pem", kind="certificate", key=key)
    graph.application.certificate = public.read_text(encoding="ascii")
    return certificate(folder, key=key, **how)


def set_both_calendars(graph: Emulator) -> None:
    graph.set_events(ANA, event())
    graph.set_events(BEN, event())


def jwt(**claims: Any) -> str:
    coded = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims)
    ]
    return ".".join([*coded, "signature"])


def faults(**table: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        open_source("m365", {"type": "m365", **table}, base=Path("/"))
    return str(caught.value)


# Settings


def test_an_empty_table_is_an_error_that_names_every_missing_key() -> None:
    text = faults()
    assert "exactly one credential is needed" in text
    assert "there is none" in text
    assert "tenant: is missing" in text
    assert "client_id: is missing" in text


def test_all_faults_are_reported_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_SECRET", "hunter2")
    text = faults(
        secret_env="APP_SECRET",
        token_env="NOT_SET",
        cloud="mars",
        tenant="common",
        passphrase_env="APP_SECRET",
        tennant="x",
        graph_root="http://graph.example/",
        attempts=0,
    )
    for part in (
        "here are secret_env and token_env",
        "client_id: is missing",
        "NOT_SET is not set",
        "'global', 'usgov' or 'china'",
        "name one tenant",
        "there is no",
        "did you mean 'tenant'",
        "must be https",
        "must be 1 or more",
    ):
        assert part in text
    assert "hunter2" not in text


def test_a_secret_in_place_of_its_variables_name_is_not_repeated() -> None:
    assert "s3cret~VALUE" not in faults(tenant=TENANT, client_id="app", secret_env="s3cret~VALUE")


@pytest.mark.parametrize(
    "root", ["ftp://x/", "https://u:p@graph.example/", "graph.example", "https://g.example/?a=1"]
)
def test_a_graph_root_must_be_the_start_of_a_secure_address(root: str) -> None:
    assert "graph_root" in faults(graph_root=root)


def test_a_national_cloud_has_its_own_graph_sign_in_and_scope(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_SECRET", "hunter2")
    for name, cloud in CLOUDS.items():
        options = M365Options(tenant=TENANT, client_id="app", secret_env="APP_SECRET", cloud=name)
        assert (options.graph_url, options.token_scope) == (cloud.graph, f"{cloud.graph}.default")
        assert options.authority == f"{cloud.login}{TENANT}"
        assert not options.is_emulated


def test_a_graph_root_with_or_without_version_and_slash_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPH_TOKEN", "x")
    roots = ("https://dod-graph.microsoft.us", "https://dod-graph.microsoft.us/v1.0/")
    assert {M365Options(token_env="GRAPH_TOKEN", graph_root=root).graph_url for root in roots} == {
        f"{roots[0]}/"
    }


# Certificates


@pytest.mark.parametrize("kind", ["pem", "pfx"])
@pytest.mark.parametrize("passphrase", ["", "correct horse"])
def test_a_certificate_is_accepted(
    graph: Emulator,
    open_m365: Open,
    ana: Calendar,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    passphrase: str,
) -> None:
    graph.set_events(ana.address, event())
    monkeypatch.setenv("PASSPHRASE", passphrase or "unused")
    locked = {"passphrase_env": "PASSPHRASE"} if passphrase else {}
    file = trusted_certificate(graph, tmp_path, kind=kind, passphrase=passphrase)
    assert len(open_m365(certificate_file=str(file), **locked).fetch(ana, DAY).occurrences) == 1
    (request,) = (request for request in graph.requests if request.method == "POST")
    assert b"client_assertion=" in request.body
    assert request.path == f"/{TENANT}/oauth2/v2.0/token"


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"kind": "key"}, "holds no certificate"),
        ({"kind": "certificate"}, "holds no private key"),
        ({"passphrase": "x"}, "give passphrase_env"),
        ({"kind": "pfx", "passphrase": "x"}, "the passphrase does not open it"),
        ({"key": ec.generate_private_key(ec.SECP256R1())}, "not RSA"),
        (
            {"own": rsa.generate_private_key(public_exponent=65537, key_size=2048)},
            "belongs to its private key",
        ),
    ],
)
def test_an_unusable_certificate_is_a_settings_error(
    tmp_path: Path, how: dict[str, Any], message: str
) -> None:
    file = certificate(tmp_path, **how)
    assert message in faults(tenant=TENANT, client_id="app", certificate_file=str(file))


def test_a_wrong_passphrase_and_a_damaged_file_are_settings_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSPHRASE", "wrong")
    file = certificate(tmp_path, passphrase="right")
    base = {"tenant": TENANT, "client_id": "app", "certificate_file": str(file)}
    assert "the passphrase is wrong" in faults(**base, passphrase_env="PASSPHRASE")
    file.write_text("-----BEGIN PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\n")
    assert "it is damaged" in faults(**base)
    file.write_bytes(b"\x00\x01")
    assert "certificate_file" in faults(**base)


# Tokens


def test_one_token_is_used_for_all_mailboxes(graph: Emulator, open_m365: Open) -> None:
    addresses = [f"user{n}@brynfelin.example" for n in range(8)]
    for address in addresses:
        graph.set_events(address, event())
    source = open_m365(mailboxes_at_once=8)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda address: source.fetch(mailbox_calendar(address), DAY), addresses))
    assert graph.entra.made == 1
    assert len(graph.requests_to()) == 8


def test_a_revoked_token_is_renewed_once(graph: Emulator, open_m365: Open) -> None:
    set_both_calendars(graph)
    source = open_m365()
    source.fetch(mailbox_calendar(ANA), DAY)
    graph.entra.revoke()
    assert len(source.fetch(mailbox_calendar(BEN), DAY).occurrences) == 1
    first, rejected, renewed = (request.token for request in graph.requests_to())
    assert first == rejected != renewed


def test_a_token_close_to_its_end_is_renewed_before_it_is_used(graph: Emulator, open_m365: Open) -> None:
    graph.entra.life = 1  # msal renews five minutes before the end
    set_both_calendars(graph)
    source = open_m365()
    for address in (ANA, BEN):
        source.fetch(mailbox_calendar(address), DAY)
    first, second = (request.token for request in graph.requests_to())
    assert first != second


def test_a_token_that_graph_always_rejects_is_an_auth_error(
    graph: Emulator, open_m365: Open, ana: Calendar
) -> None:
    graph.respond(ana.address, *[error_reply(401, "InvalidAuthenticationToken", "expired")] * 9)
    with pytest.raises(SourceAuthError, match=r"does not accept the token.*expired"):
        open_m365().fetch(ana, DAY)
    assert len(graph.requests_to()) == 2


def test_a_token_file_is_read_again_when_it_changes(
    graph: Emulator, open_m365: Open, ana: Calendar, tmp_path: Path
) -> None:
    graph.set_events(ana.address, event())
    graph.accept("first")
    graph.accept("second")
    file = tmp_path / "token"
    file.write_text("first\n")
    source = open_m365(token_file=str(file))
    source.fetch(ana, DAY)
    file.write_text("second")
    source.fetch(ana, DAY)
    assert [request.token for request in graph.requests_to()] == ["first", "second"]
    assert graph.entra.made == 0


def test_a_token_file_replaced_during_a_request_is_used_at_once(
    graph: Emulator, open_m365: Open, ana: Calendar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph.set_events(ana.address, event())
    graph.accept("fresh")
    file = tmp_path / "token"
    file.write_text("stale")
    source = open_m365(token_file=str(file))
    check_token = graph.entra.grant

    def replace_and_check(request: Request) -> Grant:
        file.write_text("fresh")
        return check_token(request)

    monkeypatch.setattr(graph.entra, "grant", replace_and_check)
    assert len(source.fetch(ana, DAY).occurrences) == 1


def test_a_platforms_assertion_is_exchanged_for_a_token(
    graph: Emulator, open_m365: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    set_both_calendars(graph)
    graph.application.assertions = frozenset({"signed-by-the-platform-1", "signed-by-the-platform-2"})
    file = tmp_path / "assertion"
    file.write_text("signed-by-the-platform-1\n")
    source = open_m365(assertion_file=str(file))
    source.fetch(mailbox_calendar(ANA), DAY)
    file.write_text("signed-by-the-platform-2")
    graph.entra.revoke()
    source.fetch(mailbox_calendar(BEN), DAY)
    sent = [
        parse_qs(request.body.decode())["client_assertion"]
        for request in graph.requests
        if request.method == "POST"
    ]
    assert sent == [["signed-by-the-platform-1"], ["signed-by-the-platform-2"]]
    assert "signed-by-the-platform" not in caplog.text


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("stale", "rejects the token"),
        ("", "holds no token"),
        ("two words", "holds no token"),
        ("line\nbreak", "holds no token"),
        ("tôken", "holds no token"),
        (jwt(tid=OTHER_TENANT), "for another tenant"),
        (jwt(aud="api://AzureADTokenExchange"), "assertion_file"),
    ],
)
def test_an_invalid_token_is_reported_without_its_text(
    graph: Emulator, open_m365: Open, ana: Calendar, tmp_path: Path, token: str, message: str
) -> None:
    file = tmp_path / "token"
    file.write_text(token)
    with pytest.raises(SourceAuthError, match=message) as caught:
        open_m365(token_file=str(file)).fetch(ana, DAY)
    assert not token or token not in str(caught.value)
    assert caught.value.hint


def test_a_token_for_another_tenant_or_service_is_never_sent(
    graph: Emulator, open_m365: Open, ana: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAPH_TOKEN", jwt(tid=OTHER_TENANT))
    with pytest.raises(SourceAuthError, match="another tenant"):
        open_m365(token_env="GRAPH_TOKEN").fetch(ana, DAY)
    assert graph.requests == []


def test_a_token_for_another_service_is_never_sent(monkeypatch: pytest.MonkeyPatch, ana: Calendar) -> None:
    monkeypatch.setenv("GRAPH_TOKEN", jwt(aud="https://management.azure.example/"))
    source = open_source("m365", {"type": "m365", "token_env": "GRAPH_TOKEN"}, base=Path("/"))
    with pytest.raises(SourceAuthError, match="another service"):
        source.fetch(ana, DAY)


def test_two_tenants_never_share_a_token(graph: Emulator, open_m365: Open, ana: Calendar) -> None:
    graph.set_events(ana.address, event())
    graph.add_tenant(OTHER_TENANT, Application(graph.client_id, graph.secret))
    graph.set_events("eve@elsewhere.example", event(), tenant=OTHER_TENANT)
    open_m365().fetch(ana, DAY)
    open_m365(tenant=OTHER_TENANT).fetch(mailbox_calendar("eve@elsewhere.example"), DAY)
    ours, theirs = (request.token for request in graph.requests_to())
    assert ours != theirs
    assert [request.path.split("/")[1] for request in graph.requests if request.method == "POST"] == [
        TENANT,
        OTHER_TENANT,
    ]


def test_a_password_in_netrc_is_never_sent_in_place_of_the_token(
    graph: Emulator, open_m365: Open, ana: Calendar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login eve password letmein")
    monkeypatch.setenv("NETRC", str(netrc))
    graph.set_events(ana.address, event())
    graph.accept("given-token")
    monkeypatch.setenv("GRAPH_TOKEN", "given-token")
    open_m365(token_env="GRAPH_TOKEN").fetch(ana, DAY)
    assert graph.requests_to()[0].token == "given-token"


# The sign-in refuses


@pytest.mark.parametrize(
    ("number", "message", "hint"),
    [
        (7000215, "client secret is wrong", "not its id"),
        (7000222, "secret has expired", "make a new one"),
        (700016, "no such application", "client_id"),
        (90002, "no such tenant", "check tenant"),
        (700027, "certificate is not registered", "upload the public part"),
        (700024, "clock of this machine", "NTP"),
        (53003, "conditional access", "policies"),
        (900432, "another cloud", "usgov"),
        (1234567, "AADSTS1234567: Never seen before", "login.microsoftonline.com/error"),
    ],
)
def test_sign_in_errors_are_translated(
    graph: Emulator, open_m365: Open, ana: Calendar, number: int, message: str, hint: str
) -> None:
    graph.entra.replies = [sign_in_error(401, "invalid_client", number, "Never seen before")]
    with pytest.raises(SourceAuthError, match=message) as caught:
        open_m365().fetch(ana, DAY)
    assert hint in caught.value.hint
    assert "Trace ID" not in str(caught.value)
    assert str(number) in caught.value.what


def test_after_a_refusal_no_further_token_is_requested(graph: Emulator, open_m365: Open) -> None:
    graph.entra.replies = [sign_in_error(401, "invalid_client", 7000215, "Invalid client secret provided")]
    source = open_m365()
    for address in (ANA, BEN):
        with pytest.raises(SourceAuthError, match="secret is wrong") as caught:
            source.fetch(mailbox_calendar(address), DAY)
        assert address in caught.value.calendar
    assert len([request for request in graph.requests if request.method == "POST"]) == 1


def test_the_error_of_an_unregistered_certificate_has_its_end(
    graph: Emulator, open_m365: Open, ana: Calendar, tmp_path: Path
) -> None:
    graph.entra.replies = [
        sign_in_error(
            401,
            "invalid_client",
            700027,
            "The certificate with identifier used to sign the client assertion is not registered",
        )
    ]
    with pytest.raises(SourceAuthError) as caught:
        open_m365(certificate_file=str(certificate(tmp_path))).fetch(ana, DAY)
    assert "2027-03-01" in caught.value.hint


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"<html>Sign in to the proxy</html>"),
        Reply(200, b"{}"),
        Reply(200, b"null"),
        Reply(502, b"<html>"),
        Reply(conduct="reset"),
        Reply(200, b'{"access_token": "leaked-token-9", "expires'),
    ],
)
def test_a_wrong_response_of_the_sign_in_is_an_error_of_the_calendar(
    graph: Emulator, open_m365: Open, ana: Calendar, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    graph.entra.replies = [reply] * 9
    with pytest.raises(SourceError) as caught:
        open_m365().fetch(ana, DAY)
    assert caught.value.calendar == str(ana)
    assert caught.value.hint
    assert "leaked-token-9" not in caplog.text + str(caught.value)


def test_the_secret_is_not_sent_to_a_redirect(graph: Emulator, open_m365: Open, ana: Calendar) -> None:
    graph.entra.replies = [Reply(307, headers={"Location": f"{graph.root}proxy/login"})] * 9
    with pytest.raises(SourceError):
        open_m365().fetch(ana, DAY)
    assert not [request for request in graph.requests if request.path == "/proxy/login"]


def test_a_sign_in_that_recovers_is_used(graph: Emulator, open_m365: Open, ana: Calendar) -> None:
    graph.set_events(ana.address, event())
    graph.entra.replies = [
        Reply(conduct="reset"),
        Reply(200, json.dumps({"access_token": "late", "expires_in": 3599}).encode()),
    ]
    graph.accept("late")
    assert len(open_m365().fetch(ana, DAY).occurrences) == 1


def test_an_unreachable_sign_in_is_reported(open_m365: Open, ana: Calendar) -> None:
    with pytest.raises(SourceUnavailableError, match="cannot be reached"):
        open_m365(graph_root="http://127.0.0.1:9/").fetch(ana, DAY)


# Logs


@pytest.mark.parametrize("level", [logging.DEBUG, logging.ERROR])
@pytest.mark.parametrize("way", ["secret", "certificate", "token"])
def test_no_token_and_no_secret_is_in_any_log_at_any_level(
    graph: Emulator,
    open_m365: Open,
    ana: Calendar,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    level: int,
    way: str,
) -> None:
    caplog.set_level(level)
    monkeypatch.setenv("GRAPH_TOKEN", graph.token())
    graph.set_events(ana.address, event())
    table = {
        "secret": {"secret_env": "APP_SECRET"},
        "certificate": {"certificate_file": str(trusted_certificate(graph, tmp_path))},
        "token": {"token_env": "GRAPH_TOKEN"},
    }[way]
    source = open_m365(**table)
    source.fetch(ana, DAY)
    graph.respond(
        ana.address, error_reply(401, "InvalidAuthenticationToken"), error_reply(403, "ErrorAccessDenied")
    )
    with pytest.raises(SourceAuthError):
        source.fetch(ana, DAY)
    sent = {request.token for request in graph.requests_to()} | {graph.secret}
    sent |= {
        part.partition("=")[2]
        for request in graph.requests
        for part in request.body.decode().split("&")
        if "assertion=" in part
    }
    assert len(sent) >= 2
    text = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    assert [secret for secret in sent if secret and secret in text] == []


def test_log_records_of_the_libraries_are_redacted(open_m365: Open, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    open_m365()
    token = jwt(tid=TENANT)
    for name in ("O365.connection", "msal.application", "msal.oauth2cli.oauth2", "urllib3.connectionpool"):
        logging.getLogger(name).debug("Session default headers: %s", {"Authorization": "Bearer abc.def"})
        logging.getLogger(name).error('answer: {"access_token": "opaque-1", "expires_in": 1} %s', token)
        REDACTION.hide("opaque-2")
        logging.getLogger(name).warning("cannot use %s", "opaque-2")
    assert "opaque-2" not in caplog.text
    assert "abc.def" not in caplog.text
    assert "opaque-1" not in caplog.text
    assert token not in caplog.text


# Check


def test_a_check_reports_when_the_certificate_ends(
    graph: Emulator, open_m365: Open, ana: Calendar, tmp_path: Path
) -> None:
    graph.set_events(ana.address)
    graph.application.scope = frozenset({ANA})
    (problem,) = open_m365(certificate_file=str(trusted_certificate(graph, tmp_path))).check(ana)
    assert "2027-03-01" in problem.what
    assert problem.severity is (Severity.NOTE if "ends on" in problem.what else Severity.FAULT)


@pytest.mark.parametrize(
    ("days", "message", "severity"),
    [
        (100, "ends on 2027-03-01", Severity.NOTE),
        (30, "ends in 30 days", Severity.FAULT),
        (-1, "ended on", Severity.FAULT),
    ],
)
def test_the_end_is_compared_with_the_servers_clock(
    graph: Emulator,
    open_m365: Open,
    ana: Calendar,
    tmp_path: Path,
    days: int,
    message: str,
    severity: Severity,
) -> None:
    now = f"{ENDS - timedelta(days=days):%a, %d %b %Y %H:%M:%S GMT}"
    graph.respond(ana.address, Reply(200, b'{"value": []}', {"Date": now}))
    graph.application.scope = frozenset({ANA})
    (problem,) = open_m365(certificate_file=str(trusted_certificate(graph, tmp_path))).check(ana)
    assert message in problem.what
    assert problem.severity is severity


def test_a_failed_check_has_the_error_of_a_fetch(graph: Emulator, open_m365: Open, ana: Calendar) -> None:
    graph.respond(ana.address, error_reply(403, "ErrorAccessDenied", "Access is denied."))
    (problem,) = open_m365().check(ana)
    assert "may not read the mailbox" in problem.what
    assert "Test-ServicePrincipalAuthorization" in problem.hint


def test_a_check_of_a_correct_mailbox_reports_nothing(
    graph: Emulator, open_m365: Open, ana: Calendar
) -> None:
    graph.set_events(ana.address, event())
    graph.application.scope = frozenset({ANA})
    assert open_m365().check(ana) == ()


def test_a_right_to_every_calendar_is_noted(graph: Emulator, open_m365: Open, ana: Calendar) -> None:
    graph.set_events(ana.address, event())
    (problem,) = open_m365().check(ana)
    assert "every calendar of the tenant (Calendars.Read)" in problem.what
