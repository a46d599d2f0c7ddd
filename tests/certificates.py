"""Certificates for the tests of TLS: an authority, a server, a client, and a stranger.

In: a folder. Out: `Certificates`, PEM files in it. Next: servers and clients load them.
"""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Pair(NamedTuple):
    """A certificate and its key."""

    cert: Path
    key: Path


class Certificates(NamedTuple):
    """`stranger` comes from no authority but itself."""

    authority: Path
    server: Pair
    client: Pair
    stranger: Pair


def make(folder: Path) -> Certificates:
    """Fresh ones, good for an hour."""
    root_key = ec.generate_private_key(ec.SECP256R1())
    root = _certificate("authority", root_key, "authority", root_key, is_authority=True)
    authority = folder / "authority.pem"
    authority.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    server = _pair(folder, "server", "authority", root_key)
    client = _pair(folder, "client", "authority", root_key)
    return Certificates(authority, server, client, _pair(folder, "stranger", "stranger", None))


def _pair(
    folder: Path, name: str, issuer: str, issuer_key: ec.EllipticCurvePrivateKey | None
) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    made = _certificate(name, key, issuer, issuer_key or key, is_authority=False)
    pair = Pair(folder / f"{name}.pem", folder / f"{name}.key")
    pair.cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pair.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pair


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool,
) -> x509.Certificate:
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
        .sign(issuer_key, hashes.SHA256())
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
