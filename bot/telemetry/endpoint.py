"""POST /otlp/v1/metrics, /v1/logs and /v1/traces: OTLP over HTTP, on the server that is there.

Of traces only what a call of a model used is read, if that is wanted. What cannot be counted of a body is said in
`partial_success`; nothing of a body is written to a log.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from google.protobuf import json_format
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.app import App
from bot.bearer import Doorkeeper, ProblemError, Window
from bot.telemetry.intake import COUNTED, Intake
from bot.telemetry.messages import BODY_MAX_BYTES, Encoding, TooLargeError, UnreadableError, inflated
from bot.telemetry.reading import NOT_COUNTED, Reading, Taken
from storage.db import BusyError
from storage.tokens import Bearer

PREFIX = "/otlp"
TYPES: dict[str, Encoding] = {"application/x-protobuf": "protobuf", "application/json": "json"}
POINTS_A_MINUTE, POINTS_A_MINUTE_OF_ALL = 6_000, 1_000_000
"""What one token may measure in a minute; a busy client with many sub-agents measures a few hundred."""
BUSY_WAIT_S = 5

Read = Callable[[Reading, bytes, Encoding], Taken]


@dataclass(frozen=True, slots=True)
class Signal:
    """One of the paths.

    Args:
        read: what is made of a body.
        answer: the message that answers, with its partial success.
    """

    read: Read
    answer: Callable[[Taken], Message]


def _metrics_answer(taken: Taken) -> Message:
    answer = ExportMetricsServiceResponse()
    if taken.rejected:
        answer.partial_success.rejected_data_points = sum(taken.rejected.values())
        answer.partial_success.error_message = _why(taken)
    return answer


def _logs_answer(taken: Taken) -> Message:
    answer = ExportLogsServiceResponse()
    if taken.rejected:
        answer.partial_success.rejected_log_records = sum(taken.rejected.values())
        answer.partial_success.error_message = _why(taken)
    return answer


def _traces_answer(taken: Taken) -> Message:
    """Nothing rejected and a message is a warning (OTLP specification, partial success)."""
    answer = ExportTraceServiceResponse()
    if taken.rejected:
        answer.partial_success.rejected_spans = sum(taken.rejected.values())
        answer.partial_success.error_message = _why(taken)
    elif taken.passed_over:
        answer.partial_success.error_message = f"{taken.passed_over} {NOT_COUNTED}"
    return answer


def _why(taken: Taken) -> str:
    return "; ".join(f"{number} {why}" for why, number in sorted(taken.rejected.items()))


SIGNALS = {
    "metrics": Signal(Reading.metrics, _metrics_answer),
    "logs": Signal(Reading.logs, _logs_answer),
    "traces": Signal(Reading.traces, _traces_answer),
}


class Collector:
    """Answers programs that export telemetry.

    Args:
        app: where it counts.
        intake: which counts it.
    """

    def __init__(self, app: App, intake: Intake) -> None:
        self._app = app
        self._intake = intake
        self._door = Doorkeeper(app.database, app.policy, app.now)
        self._points = Window()

    async def export(self, request: Request) -> Response:
        """Answer one export."""
        signal = SIGNALS[request.url.path.rstrip("/").rpartition("/")[2]]
        try:
            encoding = _encoding(request)
            bearer = await asyncio.to_thread(self._let_in, request)
            body = await _body(request)
            packed = request.headers.get("content-encoding", "").strip().lower()
            taken = await asyncio.to_thread(self._read, signal.read, bearer, body, packed, encoding)
            self._pace(bearer, taken)
            if taken.measured:
                await asyncio.wrap_future(self._intake.take(taken.measured))
        except ProblemError as problem:
            return problem.respond()
        except BusyError:
            busy = "Telemetry cannot be counted just now. Send it again."
            return ProblemError(503, "busy", "Busy", busy, BUSY_WAIT_S).respond()
        for why, number in taken.rejected.items():
            COUNTED.labels(why).inc(number)
        return _answer(signal.answer(taken), encoding)

    def _let_in(self, request: Request) -> Bearer:
        peer = request.client.host if request.client else ""
        authorization = request.headers.get("authorization")
        return self._door.let_in(authorization, "telemetry", peer, request.headers.get("user-agent", ""))

    def _read(self, read: Read, bearer: Bearer, body: bytes, packed: str, encoding: Encoding) -> Taken:
        """What a body says.

        Raises:
            ProblemError: it cannot be read; to send it again is of no use.
        """
        reading = Reading(bearer, self._app.policy.telemetry, self._app.now())
        try:
            return read(reading, inflated(body, packed), encoding)
        except TooLargeError as wrong:
            raise _too_large(str(wrong)) from None
        except UnreadableError as wrong:
            raise ProblemError(400, "unreadable", "Unreadable", str(wrong)) from None

    def _pace(self, bearer: Bearer, taken: Taken) -> None:
        """Refuse what is more than any program measures.

        Raises:
            ProblemError: so it is.
        """
        most = POINTS_A_MINUTE_OF_ALL if bearer.token.scope == "telemetry_all" else POINTS_A_MINUTE
        name, now = bearer.token.account_id, self._app.now()
        wait_s = self._points.wait_s(name, most - taken.seen + 1, now) if taken.seen else 0
        if taken.seen > most or wait_s:
            said = f"That is more than {most} measurements a minute."
            raise ProblemError(429, "too-many-points", "Too many points", said, wait_s or 60)
        self._points.count(name, now, taken.seen)


def _encoding(request: Request) -> Encoding:
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said not in TYPES:
        raise ProblemError(
            415, "content-type", "Unknown content type", "Send application/x-protobuf or application/json."
        )
    return TYPES[said]


async def _body(request: Request) -> bytes:
    """A body as it came.

    Raises:
        ProblemError: it is too large; no more than that is read.
    """
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > BODY_MAX_BYTES:
            raise _too_large(f"That is more than {BODY_MAX_BYTES // 2**20} MiB.")
        parts.append(part)
    return b"".join(parts)


def _too_large(why: str) -> ProblemError:
    return ProblemError(413, "too-large", "Too large", f"{why} Send smaller batches.")


def _answer(message: Message, encoding: Encoding) -> Response:
    if encoding == "protobuf":
        return Response(message.SerializeToString(), media_type="application/x-protobuf")
    return Response(json_format.MessageToJson(message, indent=None), media_type="application/json")


async def _elsewhere(request: Request) -> Response:
    """Tell a program that exports to an address where nothing is, what its settings lack."""
    path = request.url.path[:80]
    said = (
        f"Nothing is at {path}. Set OTEL_EXPORTER_OTLP_ENDPOINT to the address of this server with {PREFIX} behind it."
    )
    return ProblemError(404, "not-found", "Not found", said).respond()


@contextmanager
def connected(app: App) -> Iterator[list[BaseRoute]]:
    """The routes of telemetry; on leaving, what came in is counted."""
    intake = Intake(app.database, app.policy, app.now)
    collector = Collector(app, intake)
    try:
        slashes = ("", "/")
        yield [
            *(
                Route(f"{PREFIX}/v1/{name}{slash}", collector.export, methods=["POST"], name=name)
                for name in SIGNALS
                for slash in slashes
            ),
            *(Route(PREFIX + rest, _elsewhere, methods=["POST"]) for rest in ("", "/{rest:path}")),
            *(Route(f"/v1/{name}{slash}", _elsewhere, methods=["POST"]) for name in SIGNALS for slash in slashes),
        ]
    finally:
        intake.close()
