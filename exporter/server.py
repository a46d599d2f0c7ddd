"""The composition root of the edge: gRPC and HTTP servers on a given store and Temporal client.

In: `Store`, `Client`, `Config`, `EdgeSettings`. Out: `EdgeServer`. Next: `kelet-sidecar receive` and
`dev` run one.
"""

import asyncio
import errno
import ipaddress
import logging
import os
import socket
from datetime import timedelta
from typing import Protocol

import grpc
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from temporalio.client import Client

from exporter.admission import Admission
from exporter.doors import IngestStore, NudgeSource, Pingable
from exporter.gate import Gate
from exporter.gauges import SessionStates, StateSource, gauges
from exporter.health import OTLP, HealthBoard, HealthService, HealthWatch
from exporter.health import SERVICE as HEALTH_SERVICE
from exporter.http import HttpServer, build_app
from exporter.http_parts import HttpParts
from exporter.keys import KeyRing, KeyStore
from exporter.notify import Notifier
from exporter.otlp_doors import OtlpDoors
from exporter.otlp_grpc import OtlpGrpc
from exporter.otlp_kinds import KINDS
from exporter.receiver import TraceReceiver
from exporter.redact import Redactor
from exporter.retention import RetainingStore, RetentionTask
from exporter.rpc.v1 import status_pb2, status_pb2_grpc
from exporter.scan import COMPILED
from exporter.settings import EdgeSettings
from exporter.status import InspectionStore, StatusService
from exporter.telemetry import Telemetry
from exporter.temporal_link import TemporalLink
from exporter.tls import read_tls
from pipeline.config import Config
from pipeline.errors import Permanent

log = logging.getLogger(__name__)

LAME_DUCK = timedelta(milliseconds=300)
MAX_STREAMS = 32
"""Calls at once on one connection: more wait at the client, else grpc holds their messages for us."""

STATUS_SERVICE = status_pb2.DESCRIPTOR.services_by_name["StatusService"].full_name


class EdgeStore(
    IngestStore,
    NudgeSource,
    Pingable,
    InspectionStore,
    StateSource,
    KeyStore,
    RetainingStore,
    Protocol,
):
    """All that the edge needs of a store."""


class CannotListen(Permanent):
    """A port is taken or an address is not ours; the message says what to do."""

    code = "cannot_listen"


class Exposed(Permanent):
    """An address that others reach, without keys."""

    code = "exposed"


class EdgeServer:
    """Start it, wait, stop it. The store stays the caller's to close, after the stop."""

    def __init__(
        self, store: EdgeStore, client: Client, config: Config, settings: EdgeSettings
    ) -> None:
        self._settings = settings
        own = frozenset({settings.grpc_port, settings.http_port})
        self._telemetry = Telemetry(settings.metrics_otlp_endpoint, own_ports=own)
        self.metrics = self._telemetry.metrics
        redactor = Redactor(settings.redact)
        self.board = HealthBoard()
        link = TemporalLink(client, config)
        admission = Admission(settings)
        self._watch = HealthWatch(self.board, store, link, settings)
        self._notifier = Notifier(store, link, settings, self.metrics)
        self._receiver = TraceReceiver(store, self._notifier, settings, self.metrics, redactor)
        self._ring = KeyRing(store)
        gate = Gate(self._ring, settings)
        doors = OtlpDoors(self._receiver, self.metrics, settings)
        self._otlp = OtlpGrpc(doors, admission, gate, self.metrics)
        self._parts = HttpParts(
            *(store, admission, self._notifier, self.board, settings, self.metrics, gate, doors),
            redactor,
            self._telemetry,
        )
        self._watch_states = SessionStates(store)
        self._retention = RetentionTask(store, settings, self.metrics)
        gauges(self.metrics, self._receiver, admission, self._notifier, self.board)
        self.metrics.gauge(
            "sessions", "Sessions by state, as of the last minute.", self._watch_states.read
        )
        self._status = StatusService(store, gate)
        self._grpc: grpc.aio.Server | None = None
        self._http: HttpServer | None = None
        self.grpc_port = settings.grpc_port
        self.http_port = settings.http_port

    async def start(self) -> None:
        """Returns when both ports serve; raises `CannotListen` with nothing left behind."""
        settings = self._settings
        tls = read_tls(settings)
        await self._check_exposure()
        http_socket = bind(settings.host, settings.http_port, "--http-port")
        try:
            self._grpc = self._build_grpc()
            credentials = None if tls is None else tls.grpc_credentials()
            self.grpc_port = listen(
                self._grpc, settings.host, settings.grpc_port, credentials=credentials
            )
        except BaseException:
            http_socket.close()
            raise
        self.http_port = http_socket.getsockname()[1]
        self._http = HttpServer(build_app(self._parts), http_socket, settings.drain, tls)
        await self._watch.check_store()
        await self._grpc.start()
        await self._http.start()
        self.board.set(OTLP, True)
        if not COMPILED:
            log.info("there was no C compiler at the install: spans are read more slowly")
        self._watch.start()
        self._notifier.start()
        self._watch_states.start()
        self._retention.start()

    async def stop(self) -> None:
        """Say so first, take nothing new, finish and answer what is in flight, send the nudges, end."""
        await self._watch.stop()
        await self._watch_states.stop()
        await self._retention.stop()
        self.board.close()
        # Whoever asks for our health sends elsewhere before the first call is turned away.
        await asyncio.sleep(min(LAME_DUCK, self._settings.drain / 10).total_seconds())
        stops = [server.stop() for server in (self._http,) if server is not None]
        if self._grpc is not None:
            stops.append(self._grpc.stop(self._settings.drain.total_seconds()))
        await asyncio.gather(*stops)
        await self._receiver.drain()
        await self._notifier.stop()
        await self._ring.note_use(at_once=True)
        await asyncio.to_thread(self._telemetry.close)

    async def wait(self) -> None:
        """Until somebody stops the server."""
        if self._grpc is not None:
            await self._grpc.wait_for_termination()

    async def _check_exposure(self) -> None:
        """Without keys anybody who reaches the ports may send and read."""
        settings = self._settings
        if await self._ring.any_keys():
            return
        if is_loopback(settings.host):
            log.info(
                "no keys: listening on %s only, where anybody may send and read", settings.host
            )
        elif settings.insecure:
            log.warning("no keys: anybody who reaches %s may send and read", settings.host)
        else:
            raise Exposed(
                f"there are no keys, so {settings.host} would let anybody send and read: make one"
                " with `kelet-sidecar keys create`, or listen on 127.0.0.1 (KELET_HOST), or allow"
                " it with KELET_INSECURE=true"
            )

    def _build_grpc(self) -> grpc.aio.Server:
        options = (
            ("grpc.max_receive_message_length", self._settings.grpc_message_bytes),
            ("grpc.max_concurrent_streams", MAX_STREAMS),
            ("grpc.so_reuseport", 0),  # else two sidecars share a port without a word
        )
        server = grpc.aio.server(options=options)
        server.add_generic_rpc_handlers(self._otlp.handlers())
        status_pb2_grpc.add_StatusServiceServicer_to_server(self._status, server)
        health_pb2_grpc.add_HealthServicer_to_server(HealthService(self.board), server)
        own = (STATUS_SERVICE, HEALTH_SERVICE, reflection.SERVICE_NAME)
        names = (*(kind.service for kind in KINDS), *own)
        reflection.enable_server_reflection(names, server)
        return server


def bind(host: str, port: int, option: str) -> socket.socket:
    """A listening TCP socket; `option` is what the message tells the user to change."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            told = "is in use by another process: end that one, or choose another port with"
        else:
            told = f"cannot be listened on ({os.strerror(error.errno or 0)}): see KELET_HOST and"
        raise CannotListen(f"port {port} on {host} {told} {option}") from None


def listen(
    server: grpc.aio.Server,
    host: str,
    port: int,
    credentials: grpc.ServerCredentials | None = None,
) -> int:
    """Bind the gRPC server; grpc itself does not say why a port cannot be had."""
    if port:
        bind(host, port, "--grpc-port").close()
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        if credentials is not None:
            return server.add_secure_port(address, credentials)
        return server.add_insecure_port(address)
    except RuntimeError:
        raise CannotListen(
            f"port {port} on {host} cannot be listened on: choose another with --grpc-port"
        ) from None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
