"""Who we are for Microsoft: one credential, one tenant, and no word of it to anybody else."""

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
from support.builders import at
from support.graph_stub import TENANT, GraphStub, Reply, event, fault, mailbox

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
OTHER_TENANT = "99999999-2222-3333-4444-555555555555"
Opened = Callable[..., M365Source]


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


def test_without_anything_every_missing_thing_is_named() -> None:
    told = faults()
    assert "exactly one credential is wanted" in told
    assert "here is none" in told
    assert "tenant: is missing" in told
    assert "client_id: is missing" in told


def test_every_fault_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_SECRET", "hunter2")
    told = faults(
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
        assert part in told
    assert "hunter2" not in told


def test_a_secret_in_place_of_its_variables_name_is_not_repeated() -> None:
    assert "s3cret~VALUE" not in faults(tenant=TENANT, client_id="app", secret_env="s3cret~VALUE")


@pytest.mark.parametrize(
    "root", ["ftp://x/", "https://u:p@graph.example/", "graph.example", "https://g.example/?a=1"]
)
def test_a_graph_root_is_the_beginning_of_a_safe_address(root: str) -> None:
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
def test_a_certificate_opens_the_door(
    desk: GraphStub,
    opened: Opened,
    ana: Calendar,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    passphrase: str,
) -> None:
    desk.mailboxes[ana.address] = [event()]
    monkeypatch.setenv("PASSPHRASE", passphrase or "unused")
    locked = {"passphrase_env": "PASSPHRASE"} if passphrase else {}
    file = certificate(tmp_path, kind=kind, passphrase=passphrase)
    assert len(opened(certificate_file=str(file), **locked).fetch(ana, DAY).occurrences) == 1
    (asked,) = (asked for asked in desk.requests if asked.method == "POST")
    assert "client_assertion=" in asked.body
    assert asked.path == f"/{TENANT}/oauth2/v2.0/token"


@pytest.mark.parametrize(
    ("how", "told"),
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
def test_a_certificate_that_proves_nothing_is_told_before_the_night(
    tmp_path: Path, how: dict[str, Any], told: str
) -> None:
    file = certificate(tmp_path, **how)
    assert told in faults(tenant=TENANT, client_id="app", certificate_file=str(file))


def test_a_wrong_passphrase_and_a_damaged_file_are_told(
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


def test_one_token_serves_every_mailbox_of_the_night(desk: GraphStub, opened: Opened) -> None:
    addresses = [f"user{n}@brynfelin.example" for n in range(8)]
    desk.mailboxes |= {address: [event()] for address in addresses}
    source = opened(secret_env="APP_SECRET", mailboxes_at_once=8)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda address: source.fetch(mailbox(address), DAY), addresses))
    assert desk.made == 1
    assert len(desk.graph_requests) == 8


def test_a_token_revoked_in_mid_run_is_renewed_once(desk: GraphStub, opened: Opened) -> None:
    desk.mailboxes |= {f"{name}@b.example": [event()] for name in ("ana", "ben")}
    source = opened(secret_env="APP_SECRET")
    source.fetch(mailbox("ana@b.example"), DAY)
    desk.valid.clear()
    assert len(source.fetch(mailbox("ben@b.example"), DAY).occurrences) == 1
    assert [asked.token for asked in desk.graph_requests] == ["made-token-1", "made-token-1", "made-token-2"]


def test_a_token_at_its_end_is_renewed_before_it_is_used(desk: GraphStub, opened: Opened) -> None:
    desk.life = 1  # msal renews five minutes before the end
    desk.mailboxes |= {f"{name}@b.example": [event()] for name in ("ana", "ben")}
    source = opened(secret_env="APP_SECRET")
    for name in ("ana", "ben"):
        source.fetch(mailbox(f"{name}@b.example"), DAY)
    assert [asked.token for asked in desk.graph_requests] == ["made-token-1", "made-token-2"]


def test_a_token_that_graph_never_takes_is_an_error_of_access(
    desk: GraphStub, opened: Opened, ana: Calendar
) -> None:
    desk.script_replies(ana.address, *[fault(401, "InvalidAuthenticationToken", "expired")] * 9)
    with pytest.raises(SourceAuthError, match=r"does not accept the token.*expired"):
        opened(secret_env="APP_SECRET").fetch(ana, DAY)
    assert len(desk.graph_requests) == 2


def test_a_token_file_is_read_anew_when_it_changes(
    desk: GraphStub, opened: Opened, ana: Calendar, tmp_path: Path
) -> None:
    desk.mailboxes[ana.address] = [event()]
    desk.valid = {"first", "second"}
    file = tmp_path / "token"
    file.write_text("first\n")
    source = opened(token_file=str(file))
    source.fetch(ana, DAY)
    file.write_text("second")
    source.fetch(ana, DAY)
    assert [asked.token for asked in desk.graph_requests] == ["first", "second"]
    assert desk.made == 0


def test_a_token_replaced_just_before_the_answer_is_tried_at_once(
    desk: GraphStub, opened: Opened, ana: Calendar, tmp_path: Path
) -> None:
    desk.mailboxes[ana.address] = [event()]
    desk.valid = {"fresh"}
    file = tmp_path / "token"
    file.write_text("stale")
    source = opened(token_file=str(file))
    whole, desk.reply = desk.reply, lambda asked: (file.write_text("fresh"), whole(asked))[1]  # type: ignore[method-assign]
    assert len(source.fetch(ana, DAY).occurrences) == 1


def test_what_a_platform_signs_for_us_is_changed_for_a_token(
    desk: GraphStub, opened: Opened, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    desk.mailboxes |= {f"{name}@b.example": [event()] for name in ("ana", "ben")}
    file = tmp_path / "assertion"
    file.write_text("signed-by-the-platform-1\n")
    source = opened(assertion_file=str(file))
    source.fetch(mailbox("ana@b.example"), DAY)
    file.write_text("signed-by-the-platform-2")
    desk.valid.clear()
    source.fetch(mailbox("ben@b.example"), DAY)
    sent = [parse_qs(asked.body)["client_assertion"] for asked in desk.requests if asked.method == "POST"]
    assert sent == [["signed-by-the-platform-1"], ["signed-by-the-platform-2"]]
    assert "signed-by-the-platform" not in caplog.text


@pytest.mark.parametrize(
    ("token", "told"),
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
def test_a_given_token_that_is_none_of_ours_is_told_and_not_shown(
    desk: GraphStub, opened: Opened, ana: Calendar, tmp_path: Path, token: str, told: str
) -> None:
    file = tmp_path / "token"
    file.write_text(token)
    with pytest.raises(SourceAuthError, match=told) as caught:
        opened(token_file=str(file)).fetch(ana, DAY)
    assert not token or token not in str(caught.value)
    assert caught.value.hint


def test_a_token_for_another_tenant_or_service_is_never_sent(
    desk: GraphStub, opened: Opened, ana: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAPH_TOKEN", jwt(tid=OTHER_TENANT))
    with pytest.raises(SourceAuthError, match="another tenant"):
        opened().fetch(ana, DAY)
    assert desk.requests == []


def test_a_token_for_another_service_is_never_sent(monkeypatch: pytest.MonkeyPatch, ana: Calendar) -> None:
    monkeypatch.setenv("GRAPH_TOKEN", jwt(aud="https://management.azure.example/"))
    source = open_source("m365", {"type": "m365", "token_env": "GRAPH_TOKEN"}, base=Path("/"))
    with pytest.raises(SourceAuthError, match="another service"):
        source.fetch(ana, DAY)


def test_two_tenants_never_share_a_token(desk: GraphStub, opened: Opened, ana: Calendar) -> None:
    desk.mailboxes[ana.address] = [event()]
    for tenant in (TENANT, OTHER_TENANT):
        opened(secret_env="APP_SECRET", tenant=tenant).fetch(ana, DAY)
    assert [asked.token for asked in desk.graph_requests] == ["made-token-1", "made-token-2"]
    assert [asked.path.split("/")[1] for asked in desk.requests if asked.method == "POST"] == [
        TENANT,
        OTHER_TENANT,
    ]


def test_a_password_in_netrc_is_never_sent_in_place_of_the_token(
    desk: GraphStub, opened: Opened, ana: Calendar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login eve password letmein")
    monkeypatch.setenv("NETRC", str(netrc))
    desk.mailboxes[ana.address] = [event()]
    opened().fetch(ana, DAY)
    assert desk.graph_requests[0].token == "given-token"


# The sign-in refuses


def refused(number: int, words: str, kind: str = "invalid_client") -> Reply:
    said = {
        "error": kind,
        "error_description": f"AADSTS{number}: {words}. Trace ID: 1 Correlation ID: 2",
        "error_codes": [number],
    }
    return Reply(401, json.dumps(said).encode())


@pytest.mark.parametrize(
    ("number", "says", "way_out"),
    [
        (7000215, "client secret is wrong", "not its id"),
        (7000222, "secret has expired", "make a new one"),
        (700016, "no such application", "client_id"),
        (90002, "no such tenant", "check tenant"),
        (700027, "does not know our certificate", "upload the public part"),
        (700024, "clock of this machine", "NTP"),
        (53003, "conditional access", "policies"),
        (900432, "another cloud", "usgov"),
        (1234567, "AADSTS1234567: Never seen before", "login.microsoftonline.com/error"),
    ],
)
def test_what_the_sign_in_says_is_told_in_plain_words(
    desk: GraphStub, opened: Opened, ana: Calendar, number: int, says: str, way_out: str
) -> None:
    desk.sign_in = [refused(number, "Never seen before")]
    with pytest.raises(SourceAuthError, match=says) as caught:
        opened(secret_env="APP_SECRET").fetch(ana, DAY)
    assert way_out in caught.value.hint
    assert "Trace ID" not in str(caught.value)
    assert str(number) in caught.value.what


def test_a_refusal_is_not_asked_for_again_that_night(desk: GraphStub, opened: Opened) -> None:
    desk.sign_in = [refused(7000215, "Invalid client secret provided")]
    source = opened(secret_env="APP_SECRET")
    for name in ("ana", "ben", "cai"):
        with pytest.raises(SourceAuthError, match="secret is wrong") as caught:
            source.fetch(mailbox(f"{name}@b.example"), DAY)
        assert name in caught.value.calendar
    assert len([asked for asked in desk.requests if asked.method == "POST"]) == 1


def test_a_certificate_that_the_tenant_does_not_know_is_told_with_its_end(
    desk: GraphStub, opened: Opened, ana: Calendar, tmp_path: Path
) -> None:
    desk.sign_in = [
        refused(700027, "The certificate with identifier used to sign the client assertion is not registered")
    ]
    with pytest.raises(SourceAuthError) as caught:
        opened(certificate_file=str(certificate(tmp_path))).fetch(ana, DAY)
    assert "2027-03-01" in caught.value.hint


@pytest.mark.parametrize(
    "odd",
    [
        Reply(200, b"<html>Sign in to the proxy</html>"),
        Reply(200, b"{}"),
        Reply(200, b"null"),
        Reply(502, b"<html>"),
        Reply(reset=True),
        Reply(200, b'{"access_token": "leaked-token-9", "expires'),
    ],
)
def test_a_sign_in_that_is_not_itself_costs_the_calendar_only(
    desk: GraphStub, opened: Opened, ana: Calendar, odd: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    desk.sign_in = [odd]
    with pytest.raises(SourceError) as caught:
        opened(secret_env="APP_SECRET").fetch(ana, DAY)
    assert caught.value.calendar == str(ana)
    assert caught.value.hint
    assert "leaked-token-9" not in caplog.text + str(caught.value)


def test_our_secret_follows_no_redirect(desk: GraphStub, opened: Opened, ana: Calendar) -> None:
    desk.sign_in = [Reply(307, headers={"Location": f"{desk.root}proxy/login"})]
    with pytest.raises(SourceError):
        opened(secret_env="APP_SECRET").fetch(ana, DAY)
    assert not [asked for asked in desk.requests if asked.path == "/proxy/login"]


def test_a_sign_in_that_comes_back_is_used(desk: GraphStub, opened: Opened, ana: Calendar) -> None:
    desk.mailboxes[ana.address] = [event()]
    desk.sign_in = [
        Reply(reset=True),
        Reply(200, json.dumps({"access_token": "late", "expires_in": 3599}).encode()),
    ]
    desk.valid.add("late")
    assert len(opened(secret_env="APP_SECRET").fetch(ana, DAY).occurrences) == 1


def test_nobody_there_is_told(opened: Opened, ana: Calendar) -> None:
    with pytest.raises(SourceUnavailableError, match="cannot be reached"):
        opened(graph_root="http://127.0.0.1:9/").fetch(ana, DAY)


# Logs


@pytest.mark.parametrize("level", [logging.DEBUG, logging.ERROR])
@pytest.mark.parametrize("way", ["secret", "certificate", "token"])
def test_no_token_and_no_secret_is_in_any_log_at_any_level(
    desk: GraphStub,
    opened: Opened,
    ana: Calendar,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    level: int,
    way: str,
) -> None:
    caplog.set_level(level)
    desk.mailboxes[ana.address] = [event()]
    table = {
        "secret": {"secret_env": "APP_SECRET"},
        "certificate": {"certificate_file": str(certificate(tmp_path))},
        "token": {},
    }[way]
    source = opened(**table)
    source.fetch(ana, DAY)
    desk.script_replies(
        ana.address, fault(401, "InvalidAuthenticationToken"), fault(403, "ErrorAccessDenied")
    )
    with pytest.raises(SourceAuthError):
        source.fetch(ana, DAY)
    sent = {asked.token for asked in desk.graph_requests} | {"s3cret-of-the-app"}
    sent |= {
        part.partition("=")[2]
        for asked in desk.requests
        for part in asked.body.split("&")
        if "assertion=" in part
    }
    assert len(sent) >= 2
    told = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    assert [secret for secret in sent if secret and secret in told] == []


def test_what_the_libraries_log_themselves_is_cleaned(
    opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    opened()
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


def test_a_check_says_when_the_certificate_ends(
    desk: GraphStub, opened: Opened, ana: Calendar, tmp_path: Path
) -> None:
    desk.mailboxes[ana.address] = []
    (told,) = opened(certificate_file=str(certificate(tmp_path))).check(ana)
    assert "2027-03-01" in told.what
    assert told.severity is (Severity.NOTE if "ends on" in told.what else Severity.FAULT)


@pytest.mark.parametrize(
    ("days", "says", "severity"),
    [
        (100, "ends on 2027-03-01", Severity.NOTE),
        (30, "ends in 30 days", Severity.FAULT),
        (-1, "ended on", Severity.FAULT),
    ],
)
def test_the_end_is_held_against_the_servers_clock(
    desk: GraphStub, opened: Opened, ana: Calendar, tmp_path: Path, days: int, says: str, severity: Severity
) -> None:
    now = f"{ENDS - timedelta(days=days):%a, %d %b %Y %H:%M:%S GMT}"
    desk.script_replies(ana.address, Reply(200, b'{"value": []}', {"Date": now}))
    (told,) = opened(certificate_file=str(certificate(tmp_path))).check(ana)
    assert says in told.what
    assert told.severity is severity


def test_a_check_that_fails_says_what_the_night_would_say(
    desk: GraphStub, opened: Opened, ana: Calendar
) -> None:
    desk.script_replies(ana.address, fault(403, "ErrorAccessDenied", "Access is denied."))
    (told,) = opened().check(ana)
    assert "may not read this mailbox" in told.what
    assert "Test-ServicePrincipalAuthorization" in told.hint


def test_a_check_of_a_good_mailbox_says_nothing(desk: GraphStub, opened: Opened, ana: Calendar) -> None:
    desk.mailboxes[ana.address] = [event()]
    assert opened().check(ana) == ()


def test_a_right_to_everybodys_calendar_is_told(desk: GraphStub, opened: Opened, ana: Calendar) -> None:
    desk.make_token = lambda n: jwt(tid=TENANT, roles=["Calendars.Read", "Mail.Send"], n=n)
    desk.mailboxes[ana.address] = [event()]
    (told,) = opened(secret_env="APP_SECRET").check(ana)
    assert "every calendar of the tenant (Calendars.Read)" in told.what
