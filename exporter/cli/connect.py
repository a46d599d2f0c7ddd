"""How the commands reach a sidecar: plain or with TLS, with or without a key.

In: an endpoint; `KELET_API_KEY`, `KELET_CA_FILE`, `KELET_CLIENT_CERT_FILE`, `KELET_CLIENT_KEY_FILE`. Out:
channels and the options of an HTTP client. Next: `client` asks the status service, `import_run` sends.

The key and the files are told by environment: a key on a command line is seen by everybody.
"""

import os
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import typer

KEY, CA = "KELET_API_KEY", "KELET_CA_FILE"
CLIENT_CERT, CLIENT_KEY = "KELET_CLIENT_CERT_FILE", "KELET_CLIENT_KEY_FILE"
SECURE = "https://"

Options = Sequence[tuple[str, Any]]


class CallDetails(NamedTuple):
    """What an interceptor may change of a call; grpc looks the fields up by name."""

    method: str
    timeout: float | None
    metadata: Any
    credentials: Any
    wait_for_ready: bool | None = None
    compression: Any = None


def channel_to(endpoint: str, options: Options) -> grpc.Channel:
    """A channel to `HOST:PORT`, with TLS to `https://HOST:PORT`."""
    target, secure = target_of(endpoint)
    if secure:
        channel = grpc.secure_channel(target, _credentials(), options)
    else:
        channel = grpc.insecure_channel(target, options)
    key = os.environ.get(KEY)
    return grpc.intercept_channel(channel, _WithKey(key)) if key else channel


def aio_channel_to(endpoint: str, options: Options) -> grpc.aio.Channel:
    """The same for asyncio."""
    target, secure = target_of(endpoint)
    key = os.environ.get(KEY)
    with_key: list[Any] = [_AioUnary(key), _AioStream(key)] if key else []
    if secure:
        return grpc.aio.secure_channel(target, _credentials(), options, interceptors=with_key)
    return grpc.aio.insecure_channel(target, options, interceptors=with_key)


def http_options(url: str) -> dict[str, Any]:
    """For `httpx.AsyncClient`."""
    key = os.environ.get(KEY)
    options: dict[str, Any] = {"headers": {"authorization": key} if key else {}}
    if url.startswith(SECURE):
        context = ssl.create_default_context(cafile=os.environ.get(CA))
        if cert := os.environ.get(CLIENT_CERT):
            context.load_cert_chain(cert, os.environ.get(CLIENT_KEY))
        options["verify"] = context
    return options


def target_of(endpoint: str) -> tuple[str, bool]:
    """`HOST:PORT`, and whether with TLS."""
    bare = endpoint.removeprefix("http://").removeprefix(SECURE).rstrip("/")
    return bare, endpoint.startswith(SECURE)


def _credentials() -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(_bytes(CA), _bytes(CLIENT_KEY), _bytes(CLIENT_CERT))


def _bytes(variable: str) -> bytes | None:
    path = os.environ.get(variable)
    if not path:
        return None
    try:
        return Path(path).read_bytes()
    except OSError as error:
        typer.echo(f"{variable}: {path} cannot be read ({error.strerror})", err=True)
        raise typer.Exit(2) from None


def _keyed(details: Any, key: str) -> CallDetails:
    metadata = (*(details.metadata or ()), ("authorization", key))
    return CallDetails(
        details.method,
        details.timeout,
        metadata,
        details.credentials,
        details.wait_for_ready,
        getattr(details, "compression", None),
    )


class _WithKey(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    def __init__(self, key: str) -> None:
        self._key = key

    def intercept_unary_unary(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return continuation(_keyed(client_call_details, self._key), request)

    def intercept_unary_stream(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return continuation(_keyed(client_call_details, self._key), request)


class _AioUnary(grpc.aio.UnaryUnaryClientInterceptor):
    def __init__(self, key: str) -> None:
        self._key = key

    async def intercept_unary_unary(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return await continuation(_aio_keyed(client_call_details, self._key), request)


class _AioStream(grpc.aio.UnaryStreamClientInterceptor):
    def __init__(self, key: str) -> None:
        self._key = key

    async def intercept_unary_stream(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return await continuation(_aio_keyed(client_call_details, self._key), request)


def _aio_keyed(details: grpc.aio.ClientCallDetails, key: str) -> grpc.aio.ClientCallDetails:
    metadata = grpc.aio.Metadata(*(details.metadata or ()), ("authorization", key))
    return grpc.aio.ClientCallDetails(
        details.method, details.timeout, metadata, details.credentials, details.wait_for_ready
    )
