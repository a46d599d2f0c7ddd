"""The whole sidecar in one command, for one machine.

In: `Config`. Out: Temporal, receiver and worker as children, a banner when they serve. Next:
`exporter.cli.supervisor` keeps them running.
"""

import asyncio
import errno
import http.client
import json
import signal
import socket
import ssl
import sys
from collections.abc import Callable
from datetime import timedelta

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from exporter.cli.data_dir import DataDir
from exporter.cli.supervisor import ChildSpec, Supervisor
from pipeline.config import Config
from pipeline.errors import Conflict
from pipeline.llm.credentials import require_key
from pipeline.llm.settings import ModelSettings
from pipeline.temporal import embedded

READY_PATIENCE = timedelta(seconds=60)
POLL = timedelta(milliseconds=100)
NOT_ASKED = "not asked: clients must show a certificate"


async def run_dev(config: Config, stop: asyncio.Event) -> None:
    """Start all, say so, wait for the stop, stop all."""
    with DataDir(config.data_dir) as data_dir:
        check_ports(config)
        check_model(config)
        check_codec(config)
        supervisor = Supervisor(specs(config), data_dir.record)
        running = asyncio.create_task(supervisor.run())
        stopping = asyncio.create_task(stop.wait())
        announcing = asyncio.create_task(_announce(config, supervisor))
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        announcing.cancel()
        stopping.cancel()
        # A second Ctrl-C does not wait for anybody.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, supervisor.kill)
        if not running.done():
            Console(stderr=True).print("stopping ...", style="dim")
            await supervisor.stop()
        await running


def specs(config: Config) -> list[ChildSpec]:
    """The children."""
    ours = [sys.executable, "-m", "exporter.cli.app"]
    address = {"KELET_TEMPORAL_ADDRESS": config.temporal_target}
    children = [
        ChildSpec("receive", [*ours, "receive"], address),
        ChildSpec("work", [*ours, "work"], address),
    ]
    if config.temporal_address is None:
        log = config.data_dir / "temporal.log"
        children.append(
            ChildSpec("temporal", embedded.command(config), log=log, needed_by_others=True)
        )
    return children


def check_ports(config: Config) -> None:
    """Say which port is taken, and by which option to change it, before anything starts."""
    wanted = [
        (config.host, config.grpc_port, "--grpc-port"),
        (config.host, config.http_port, "--http-port"),
    ]
    if config.temporal_address is None:
        wanted += [
            (embedded.ADDRESS, config.temporal_port, "--temporal-port"),
            (embedded.ADDRESS, config.ui_port, "KELET_TEMPORAL_UI_PORT (or --temporal-port)"),
        ]
    for host, port, option in wanted:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            socket.create_server((host, port), family=family).close()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                told = "is taken by another process: end that one, or choose another with"
            else:
                told = f"cannot be listened on ({error.strerror}): see KELET_HOST and"
            raise Conflict(f"port {port} on {host} {told} {option}") from None


def check_model(config: Config) -> None:
    """Say which key is missing, instead of starting a worker that ends again and again."""
    settings = ModelSettings.of(config)
    if settings is not None:
        require_key(settings)


def check_codec(config: Config) -> None:
    """Say what is wrong with a codec, instead of starting children that end again and again."""
    if config.temporal_codec is not None or config.temporal_codec_key is not None:
        from pipeline.temporal.converter import codec_of

        codec_of(config)


async def _announce(config: Config, supervisor: Supervisor) -> None:
    deadline = asyncio.get_running_loop().time() + READY_PATIENCE.total_seconds()
    status = "down"
    while status not in ("ok", NOT_ASKED) and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(POLL.total_seconds())
        status = await asyncio.to_thread(_health, config)
    supervisor.ready = True
    Console().print(banner(config, status))


def _health(config: Config) -> str:
    """`ok`, `degraded` or `down`, as `/healthz` tells it."""
    connection = _connection(config)
    try:
        connection.request("GET", "/healthz")
        return str(json.loads(connection.getresponse().read())["status"])
    except ssl.SSLError:
        return NOT_ASKED
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return "down"
    finally:
        connection.close()


def _connection(config: Config) -> http.client.HTTPConnection:
    host, port = local_host(config), config.http_port
    if config.tls_cert is None:
        return http.client.HTTPConnection(host, port, timeout=2)
    # It is our own child on this machine; its certificate is made out for another name.
    unverified = ssl.create_default_context()
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=2, context=unverified)


def local_host(config: Config) -> str:
    """How we reach the address that we listen on."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.host, config.host)


def banner(config: Config, status: str) -> Panel:
    """Where everything is, and what to do next."""
    host = local_host(config)
    scheme = "http" if config.tls_cert is None else "https"
    secure = "" if config.tls_cert is None else "https://"
    rows = Table.grid(padding=(0, 2))
    add: Callable[[str, str], None] = rows.add_row
    add("OTLP/gRPC, status", f"{host}:{config.grpc_port}")
    add("HTTP API", f"{scheme}://{host}:{config.http_port}")
    if config.temporal_address is None:
        add("Temporal", f"{config.temporal_target}, UI http://127.0.0.1:{config.ui_port}")
    else:
        add("Temporal", f"{config.temporal_address}, namespace {config.temporal_namespace}")
    add("data", str(config.data_dir.absolute()))
    add("health", status)
    add("", "")
    usual = config.grpc_port == 4317 and not secure
    endpoint = "" if usual else f" --endpoint {secure}{host}:{config.grpc_port}"
    add("send", f"export OTEL_EXPORTER_OTLP_ENDPOINT={scheme}://{host}:{config.grpc_port}")
    add("look", f"kelet-sidecar coverage{endpoint}")
    add("", f"kelet-sidecar findings list{endpoint}")
    add("stop", "Ctrl-C; started again it goes on where it was")
    colour = "green" if status == "ok" else "yellow"
    return Panel(rows, title="kelet-sidecar", border_style=colour, expand=False)
