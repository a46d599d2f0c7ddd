"""TLS of both ports, and mutual TLS where a client authority is set.

In: the PEM files of the settings. Out: `Tls`, or None without a certificate. Next: `exporter.server`
hands it to gRPC and uvicorn. The files are read at start: a new certificate needs a restart.
"""

import ssl
from pathlib import Path
from typing import Any, NamedTuple

import grpc

from exporter.settings import EdgeSettings
from pipeline.errors import Permanent


class BadCertificate(Permanent):
    """A file of TLS is missing or not what it should be; the message names it."""

    code = "bad_certificate"


class Tls(NamedTuple):
    """Files that were read and belong together."""

    cert: Path
    key: Path
    client_ca: Path | None

    def grpc_credentials(self) -> grpc.ServerCredentials:
        """For `add_secure_port`."""
        ca = None if self.client_ca is None else self.client_ca.read_bytes()
        pair = (self.key.read_bytes(), self.cert.read_bytes())
        return grpc.ssl_server_credentials([pair], ca, require_client_auth=ca is not None)

    def uvicorn_options(self) -> dict[str, Any]:
        """For `uvicorn.Config`."""
        options: dict[str, Any] = {"ssl_certfile": self.cert, "ssl_keyfile": self.key}
        if self.client_ca is not None:
            options |= {"ssl_ca_certs": str(self.client_ca), "ssl_cert_reqs": ssl.CERT_REQUIRED}
        return options


def read_tls(settings: EdgeSettings) -> Tls | None:
    """None without a certificate; raises `BadCertificate` for files that do not do."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    tls = Tls(settings.tls_cert, settings.tls_key, settings.tls_client_ca)
    for name, path in (
        ("tls_cert", tls.cert),
        ("tls_key", tls.key),
        ("tls_client_ca", tls.client_ca),
    ):
        try:
            if path is not None:
                path.read_bytes()
        except OSError as error:
            raise BadCertificate(f"{name}: {path} cannot be read ({error.strerror})") from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(tls.cert, tls.key, password="")
    except (ssl.SSLError, ValueError):
        told = (
            f"{tls.cert} and {tls.key} are no certificate and its key, both in PEM without password"
        )
        raise BadCertificate(f"tls_cert, tls_key: {told}") from None
    try:
        if tls.client_ca is not None:
            context.load_verify_locations(tls.client_ca)
    except ssl.SSLError:
        raise BadCertificate(
            f"tls_client_ca: {tls.client_ca} holds no certificate in PEM"
        ) from None
    return tls
