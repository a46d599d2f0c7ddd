"""`kelet-sidecar health`: the probe of containers, pods and scripts.

In: an endpoint and a component. Out: exit status 0 when it serves, 1 when it does not, 2 when nobody
answers. Next: nothing.
"""

from datetime import timedelta
from typing import Annotated, Any

import grpc
import typer
from grpc_health.v1 import health_pb2, health_pb2_grpc

from exporter.cli.connect import channel_to
from exporter.cli.exits import EXIT_FAILED, EXIT_UNREACHABLE

TIMEOUT = timedelta(seconds=4)
# The sidecar is beside us; a proxy of the environment would not find it.
OPTIONS = (("grpc.enable_http_proxy", 0),)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(health)


def health(
    component: Annotated[
        str,
        typer.Argument(help="otlp, store, temporal or worker; none: what taking data needs."),
    ] = "",
    endpoint: Annotated[
        str, typer.Option(envvar="KELET_ENDPOINT", help="HOST:PORT of the receiver.")
    ] = "localhost:4317",
) -> None:
    """Ask whether the sidecar takes data, or whether one component serves."""
    with channel_to(endpoint, OPTIONS) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service=component)
        try:
            status = stub.Check(request, timeout=TIMEOUT.total_seconds()).status
        except grpc.RpcError as error:
            known = isinstance(error, grpc.Call) and error.code() == grpc.StatusCode.NOT_FOUND
            typer.echo("no such component" if known else f"no answer at {endpoint}", err=True)
            raise typer.Exit(EXIT_FAILED if known else EXIT_UNREACHABLE) from None
    typer.echo(health_pb2.HealthCheckResponse.ServingStatus.Name(status))
    if status != health_pb2.HealthCheckResponse.SERVING:
        raise typer.Exit(EXIT_FAILED)
