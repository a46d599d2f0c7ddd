"""OTLP over HTTP: `/v1/traces`, `/v1/logs`, `/v1/metrics`, and the same below `/api` for the Kelet SDK.

In: protobuf or JSON, plain, gzip or deflate. Out: `otlp_routes`, `not_here`; the answer in the request's own
format, a `google.rpc.Status` where it is refused. Next: `exporter.otlp_doors`.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

import grpc
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from exporter.admission import answer_of, message_of
from exporter.http_answers import log_unexpected, retry_headers
from exporter.http_body import BodyLimit, read_body
from exporter.http_parts import HttpParts
from exporter.otlp_kinds import KINDS, OtlpKind
from pipeline.errors import Unsupported

PROTOBUF, JSON = "application/x-protobuf", "application/json"
FORMATS = {PROTOBUF: PROTOBUF, "application/protobuf": PROTOBUF, JSON: JSON}


def otlp_routes(parts: HttpParts) -> list[Route]:
    """Two paths a signal."""
    return [
        Route(f"{prefix}/{kind.name}", _endpoint(parts, kind), methods=["POST"])
        for kind in KINDS
        for prefix in ("/v1", "/api")
    ]


def _endpoint(parts: HttpParts, kind: OtlpKind) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        format_ = format_of(request)
        try:
            return in_format(await _export(parts, kind, request, format_), format_ or JSON)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:
            parts.metrics.refuse(error)
            return refusal(error, format_ or JSON)

    return endpoint


async def _export(
    parts: HttpParts, kind: OtlpKind, request: Request, format_: str | None
) -> Message:
    """Who -> how much -> what."""
    caller = await parts.gate.caller(request.headers.items())
    if format_ is None:
        raise Unsupported(f"this Content-Type is not understood; understood: {PROTOBUF}, {JSON}")
    settings = parts.settings
    wire = BodyLimit("max_request_bytes", settings.max_request_bytes)
    unpacked = BodyLimit("max_decompressed_bytes", settings.max_decompressed_bytes)
    hold = parts.admission.admit()
    try:
        body = await read_body(request, wire, unpacked, hold)
    except BaseException:
        hold.release()
        raise
    return await parts.doors.take(kind, body, is_json=format_ == JSON, caller=caller, hold=hold)


def format_of(request: Request) -> str | None:
    """The format of the body, and so of the answer; None if it is not understood."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return FORMATS.get(media_type)


def in_format(message: Message, format_: str, status: int = 200) -> Response:
    """A protobuf message as an answer."""
    body = MessageToJson(message, indent=None) if format_ == JSON else message.SerializeToString()
    return Response(body, status, media_type=format_)


def refusal(error: Exception, format_: str) -> Response:
    """A `Status` with the gRPC code that the same error has there."""
    log_unexpected(error)
    answer = answer_of(error)
    number: int = answer.grpc_code.value[0]
    response = in_format(
        Status(code=number, message=message_of(error)), format_, answer.http_status
    )
    response.headers.update(retry_headers(error))
    return response


async def not_here(request: Request, error: Exception) -> Response:
    """A path that does not exist, or not for this method: often an exporter without `/v1/traces`."""
    assert isinstance(error, HTTPException)
    paths = ", ".join(f"/v1/{kind.name}" for kind in KINDS)
    here = error.status_code == HTTPStatus.METHOD_NOT_ALLOWED
    code = grpc.StatusCode.UNIMPLEMENTED if here else grpc.StatusCode.NOT_FOUND
    number: int = code.value[0]
    message = f"{HTTPStatus(error.status_code).phrase}; OTLP is taken by POST at {paths}"
    format_ = format_of(request) or JSON
    response = in_format(Status(code=number, message=message), format_, error.status_code)
    response.headers.update(error.headers or {})
    return response
