"""The m365 source reads the emulator, with every kind of credential."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from graph.emulator import Emulator
from graph.mailboxes import event
from support.builders import LONDON

from calsync.model.span import Span
from calsync.sources.base import Calendar
from calsync.sources.registry import open_source

ANA = "ana@brynfelin.gov.wales.example"
WINDOW = Span(datetime(2026, 11, 1, tzinfo=LONDON), datetime(2026, 12, 1, tzinfo=LONDON))


@pytest.fixture
def graph() -> Iterator[Emulator]:
    with Emulator() as graph:
        graph.set_events(
            ANA, *(event(f"2026-11-{day:02}T09:00", f"2026-11-{day:02}T10:00") for day in range(2, 9))
        )
        yield graph


def titles(graph: Emulator, **table: Any) -> list[str]:
    """What the source reads of Ana's calendar."""
    own = {"tenant": graph.tenant, "client_id": graph.client_id, "graph_root": graph.root}
    source = open_source("m365", {"type": "m365", **own, **table}, base=Path.cwd())
    try:
        calendar = Calendar("m1", "m365", ANA, frozenset({ANA}), LONDON)
        return [occurrence.title for occurrence in source.fetch(calendar, WINDOW).occurrences]
    finally:
        source.close()


def test_the_source_reads_the_emulator_with_a_secret(
    graph: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_SECRET", graph.secret)
    assert titles(graph, secret_env="APP_SECRET", page_size=3) == ["Public Services Board"] * 7
    assert len(graph.requests_to(ANA)) == 3


def test_the_source_reads_the_emulator_with_a_token_made_elsewhere(
    graph: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAPH_TOKEN", graph.token())
    assert len(titles(graph, token_env="GRAPH_TOKEN")) == 7


def test_the_source_reads_the_emulator_with_a_certificate(graph: Emulator, tmp_path: Path) -> None:
    file = tmp_path / "app.pem"
    graph.application.certificate, private = certificate()
    file.write_text(private + graph.application.certificate, encoding="ascii")
    assert len(titles(graph, certificate_file=str(file))) == 7


def certificate() -> tuple[str, str]:
    """A certificate and its private key, both PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "calsync")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=90))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(pem).decode(), private.decode()
