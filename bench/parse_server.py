"""The limit that ingest is measured against: a bare `grpc.aio` server that parses and answers.

In: a port as argument. Out: OTLP acks without any work. Next: `bench.ingest` compares with it.
"""

import asyncio
import sys
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


async def _export(body: bytes, _context: Any) -> bytes:
    ExportTraceServiceRequest.FromString(body)
    return ExportTraceServiceResponse().SerializeToString()


async def serve(port: int) -> None:
    """Serve until killed."""
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", 64 << 20)])
    handler = grpc.unary_unary_rpc_method_handler(_export)
    service = "opentelemetry.proto.collector.trace.v1.TraceService"
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(service, {"Export": handler}),)
    )
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
