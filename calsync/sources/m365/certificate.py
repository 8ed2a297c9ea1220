"""Loads the certificate with which the application signs in, from PEM or PFX, and checks it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    pkcs12,
)


class UnusableCertificateError(ValueError):
    """A certificate file cannot be used; the text gives the reason, and never the key."""


@dataclass(frozen=True, repr=False)
class Certificate:
    """A private key and its certificate, both as PEM; `valid_from` and `expires` are aware, in UTC."""

    private_key: str
    public_certificate: str
    thumbprint: str
    valid_from: datetime
    expires: datetime

    @property
    def credential(self) -> dict[str, str]:
        """The credential for msal, which signs with PS256 and identifies the certificate by SHA-256."""
        return {"private_key": self.private_key, "public_certificate": self.public_certificate}


def load_certificate(file: Path, passphrase: str = "") -> Certificate:
    """Load the certificate in a .pem (with its key) or .pfx/.p12 file.

    Raises:
        UnusableCertificateError: the file cannot be read, or does not hold a key with its certificate.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UnusableCertificateError(f"cannot be read: {error.strerror}") from error
    secret = passphrase.encode() or None
    is_pem = b"-----BEGIN " in content
    key, certificates = _parse_pem(content, secret) if is_pem else _parse_pfx(content, secret)
    if not isinstance(key, RSAPrivateKey):
        raise UnusableCertificateError(
            "its key is not RSA, the only kind that Microsoft Entra ID accepts here"
        )
    for certificate in certificates:
        if _public_key_bytes(certificate) == _public_key_bytes(key):
            return _build_certificate(key, certificate)
    raise UnusableCertificateError("holds no certificate that belongs to its private key")


def _parse_pem(content: bytes, secret: bytes | None) -> tuple[object, list[x509.Certificate]]:
    if b"PRIVATE KEY-----" not in content:
        raise UnusableCertificateError("holds no private key: put key and certificate into one file")
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise UnusableCertificateError("holds no certificate: put key and certificate into one file")
    is_encrypted = b"ENCRYPTED" in content
    if is_encrypted and not secret:
        raise UnusableCertificateError("its key is encrypted: give passphrase_env")
    try:
        key = load_pem_private_key(content, secret if is_encrypted else None)
        return key, x509.load_pem_x509_certificates(content)
    except (ValueError, TypeError) as error:
        reason = "the passphrase is wrong" if is_encrypted else "it is damaged"
        raise UnusableCertificateError(f"cannot be opened: {reason}") from error


def _parse_pfx(content: bytes, secret: bytes | None) -> tuple[object, list[x509.Certificate]]:
    try:
        key, certificate, _ = pkcs12.load_key_and_certificates(content, secret)
    except ValueError as error:
        raise UnusableCertificateError("is no PEM, and as PFX the passphrase does not open it") from error
    if key is None or certificate is None:
        raise UnusableCertificateError("holds no private key with its certificate: export both into it")
    return key, [certificate]


def _public_key_bytes(holder: x509.Certificate | RSAPrivateKey) -> bytes:
    return holder.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _build_certificate(key: RSAPrivateKey, certificate: x509.Certificate) -> Certificate:
    from cryptography.hazmat.primitives.hashes import SHA1

    return Certificate(
        private_key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        public_certificate=certificate.public_bytes(Encoding.PEM).decode(),
        thumbprint=certificate.fingerprint(SHA1()).hex().upper(),  # noqa: S303  the form that Entra shows
        valid_from=certificate.not_valid_before_utc,
        expires=certificate.not_valid_after_utc,
    )
