"""Bodies of OTLP/HTTP, protobuf or JSON, as plain points and records. Only attributes of an allow-list come out.

The shapes are those of opentelemetry-proto 1.45 and the OTLP specification 1.9. JSON differs from protobuf's own:
64-bit numbers come as numbers or strings, and a value may be empty (seen from Gemini CLI).
"""

import json
import math
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from typing import Any, Literal, TypeVar

from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bot.telemetry.programs import ALLOWED, NEVER

Encoding = Literal["protobuf", "json"]
Value = str | int | float | bool | None
M = TypeVar("M", bound=Message)

HISTOGRAMS = {"histogram": "histogram", "exponentialHistogram": "exponential_histogram"}
"""What they are called in JSON and in protobuf; of either only the sum is looked at."""
BODY_MAX_BYTES = 4 * 2**20
"""What is taken off the wire."""
INFLATED_MAX_BYTES = 16 * 2**20
"""What it may come to when it is unpacked."""
MEMBERS_MAX = 64
PACKED = {"gzip": 31, "deflate": 15}
"""How bodies are packed, and how zlib is told so (RFC 9110: deflate is what RFC 1950 says)."""
TEXT_MAX = 255
CUMULATIVE = 2
"""AGGREGATION_TEMPORALITY_CUMULATIVE of opentelemetry/proto/metrics/v1/metrics.proto."""


class UnreadableError(Exception):
    """A body that is no message of OTLP; the message is one plain sentence."""


class TooLargeError(UnreadableError):
    """A body that is larger than any that is taken."""


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One point of a sum or histogram.

    Args:
        name: of the metric.
        scope: of the library that tells it.
        resource: allowed attributes of the resource.
        attributes: the point's own.
        identity: tells the series from all others, by all its attributes.
        start_ns: when it began to count.
        end_ns: when it was measured.
        value: the sum; of a histogram that of all that was recorded.
        cumulative: it is the whole since its start.
    """

    name: str
    scope: str
    resource: Mapping[str, Value]
    attributes: Mapping[str, Value]
    identity: int
    start_ns: int
    end_ns: int
    value: Decimal | None
    cumulative: bool


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One event, or a span when it ended. `identity` tells it from all others.

    Args:
        scope: of the library that tells it.
        resource: allowed attributes of the resource.
        attributes: its own.
        identity: of an event by all that it says, of a span by its ids.
        at_ns: when it happened.
        name: of an event, where it stands outside of its attributes, as of OpenTelemetry 1.41.
    """

    scope: str
    resource: Mapping[str, Value]
    attributes: Mapping[str, Value]
    identity: int
    at_ns: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A span, and the ids by which others are within it."""

    record: LogRecord
    id: str
    parent: str


def inflated(body: bytes, encoding: str) -> bytes:
    """A body as it was before it was packed.

    Args:
        body: as it came.
        encoding: the header Content-Encoding.

    Raises:
        TooLargeError: it comes to more than is taken; no more than that is ever unpacked.
        UnreadableError: it is packed otherwise, or broken.
    """
    if encoding in ("", "identity"):
        return body
    if encoding not in PACKED:
        raise UnreadableError(f"I don't understand the encoding {encoding[:20]}: send gzip, deflate, or nothing.")
    whole, rest = b"", body
    for _ in range(MEMBERS_MAX):  # RFC 1952: a file is one member or several
        unpacking = zlib.decompressobj(PACKED[encoding])
        try:
            whole += unpacking.decompress(rest, INFLATED_MAX_BYTES + 1 - len(whole))
        except zlib.error:
            raise UnreadableError(f"This is not {encoding}.") from None
        if len(whole) > INFLATED_MAX_BYTES:
            raise TooLargeError(f"Unpacked it is more than {INFLATED_MAX_BYTES // 2**20} MiB.")
        if not unpacking.eof:
            raise UnreadableError(f"This {encoding} is cut off.")
        rest = unpacking.unused_data
        if not rest:
            return whole
    raise UnreadableError(f"This {encoding} has more than {MEMBERS_MAX} members.")


def metric_points(body: bytes, encoding: Encoding, wanted: Iterable[str]) -> Iterator[MetricPoint]:
    """The points of the metrics that are wanted; others are not looked at.

    Raises:
        UnreadableError: it is no such message. Nothing is counted then.
    """
    names = frozenset(wanted)
    if encoding == "json":
        yield from _json_points(_json(body), names)
        return
    message = _parsed(ExportMetricsServiceRequest(), body)
    yield from _proto_points(message, names)


def log_records(body: bytes, encoding: Encoding) -> Iterator[LogRecord]:
    """The records of a body of logs.

    Raises:
        UnreadableError: it is no such message. Nothing is counted then.
    """
    if encoding == "json":
        yield from _json_records(_json(body))
        return
    message = _parsed(ExportLogsServiceRequest(), body)
    for resource_logs in message.resource_logs:
        resource, own = _picked_proto(resource_logs.resource.attributes)
        for scope_logs in resource_logs.scope_logs:
            for record in scope_logs.log_records:
                attributes, all_ = _picked_proto(record.attributes)
                at = record.time_unix_nano or record.observed_time_unix_nano
                yield LogRecord(
                    scope_logs.scope.name,
                    resource,
                    attributes,
                    _hash(own, all_, record.observed_time_unix_nano, at),
                    at,
                    record.event_name[:TEXT_MAX],
                )


def spans(body: bytes, encoding: Encoding) -> Iterator[Span]:
    """The spans of a body of traces.

    Raises:
        UnreadableError: it is no such message. Nothing is counted then.
    """
    if encoding == "json":
        yield from _json_spans(_json(body))
        return
    message = _parsed(ExportTraceServiceRequest(), body)
    for resource_spans in message.resource_spans:
        resource = _allowed_proto(resource_spans.resource.attributes)
        for scope_spans in resource_spans.scope_spans:
            for one in scope_spans.spans:
                trace, own, parent = (each.hex() for each in (one.trace_id, one.span_id, one.parent_span_id))
                attributes = _allowed_proto(one.attributes)
                identity = _hash(trace, own)
                record = LogRecord(scope_spans.scope.name, resource, attributes, identity, one.end_time_unix_nano)
                yield Span(record, trace + own, trace + parent)


# Protobuf ------------------------------------------------------------------------------------------------------------


def _parsed(message: M, body: bytes) -> M:
    try:
        message.ParseFromString(body)
    except DecodeError:
        raise UnreadableError(f"This is not an {message.DESCRIPTOR.name} of OTLP.") from None
    return message


def _proto_points(message: ExportMetricsServiceRequest, wanted: frozenset[str]) -> Iterator[MetricPoint]:
    for resource_metrics in message.resource_metrics:
        resource, own = _picked_proto(resource_metrics.resource.attributes)
        for scope_metrics in resource_metrics.scope_metrics:
            scope = scope_metrics.scope.name
            for metric in scope_metrics.metrics:
                if metric.name not in wanted:
                    continue
                kind = metric.WhichOneof("data")
                if kind not in ("sum", *HISTOGRAMS.values()):
                    continue
                data = getattr(metric, kind)
                cumulative = data.aggregation_temporality == CUMULATIVE
                for point in data.data_points:
                    attributes, all_ = _picked_proto(point.attributes)
                    if kind != "sum":
                        said = point.sum if point.HasField("sum") else None
                    else:
                        which = point.WhichOneof("value")
                        said = getattr(point, which) if which else None
                    yield MetricPoint(
                        metric.name,
                        scope,
                        resource,
                        attributes,
                        _hash(own, all_, metric.name, scope),
                        point.start_time_unix_nano,
                        point.time_unix_nano,
                        number(said),
                        cumulative,
                    )


def _picked_proto(pairs: Any) -> tuple[dict[str, Value], bytes]:
    """The allowed attributes, and a digest of all of them."""
    picked: dict[str, Value] = {}
    parts = []
    for pair in pairs:
        key, value = pair.key, pair.value
        if key.startswith(NEVER):
            continue
        parts.append(pair.SerializeToString())
        if key in ALLOWED:
            which = value.WhichOneof("value")
            said = getattr(value, which) if which else None
            picked[key] = _short(said)
    return picked, _digest(parts)


def _allowed_proto(pairs: Any) -> dict[str, Value]:
    """The allowed attributes, where ids tell one from another: texts beside them are not touched."""
    found: dict[str, Value] = {}
    for pair in pairs:
        if pair.key in ALLOWED:
            which = pair.value.WhichOneof("value")
            found[pair.key] = _short(getattr(pair.value, which) if which else None)
    return found


# JSON ----------------------------------------------------------------------------------------------------------------


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableError("This is not JSON.") from None
    if not isinstance(content, dict):
        raise UnreadableError("This is not a message of OTLP: it must be an object.")
    return content


def _json_points(content: Mapping[str, Any], wanted: frozenset[str]) -> Iterator[MetricPoint]:
    for resource_metrics in _objects(content, "resourceMetrics"):
        resource, own = _picked_json(_object(resource_metrics, "resource"))
        for scope_metrics in _objects(resource_metrics, "scopeMetrics"):
            scope = str(_object(scope_metrics, "scope").get("name") or "")[:TEXT_MAX]
            for metric in _objects(scope_metrics, "metrics"):
                name = metric.get("name")
                if not isinstance(name, str) or name not in wanted:
                    continue
                kind = next((each for each in ("sum", *HISTOGRAMS) if isinstance(metric.get(each), dict)), "sum")
                data = _object(metric, kind)
                cumulative = str(data.get("aggregationTemporality")) in ("2", "AGGREGATION_TEMPORALITY_CUMULATIVE")
                for point in _objects(data, "dataPoints"):
                    attributes, all_ = _picked_json(point)
                    said = point.get("sum") if kind != "sum" else point.get("asInt", point.get("asDouble"))
                    yield MetricPoint(
                        name,
                        scope,
                        resource,
                        attributes,
                        _hash(own, all_, name, scope),
                        _nanoseconds(point.get("startTimeUnixNano")),
                        _nanoseconds(point.get("timeUnixNano")),
                        number(said),
                        cumulative,
                    )


def _json_records(content: Mapping[str, Any]) -> Iterator[LogRecord]:
    for resource_logs in _objects(content, "resourceLogs"):
        resource, own = _picked_json(_object(resource_logs, "resource"))
        for scope_logs in _objects(resource_logs, "scopeLogs"):
            scope = str(_object(scope_logs, "scope").get("name") or "")[:TEXT_MAX]
            for record in _objects(scope_logs, "logRecords"):
                attributes, all_ = _picked_json(record)
                observed = _nanoseconds(record.get("observedTimeUnixNano"))
                at = _nanoseconds(record.get("timeUnixNano")) or observed
                name = str(record.get("eventName") or "")[:TEXT_MAX]
                yield LogRecord(scope, resource, attributes, _hash(own, all_, observed, at), at, name)


def _json_spans(content: Mapping[str, Any]) -> Iterator[Span]:
    for resource_spans in _objects(content, "resourceSpans"):
        resource = _allowed_json(_object(resource_spans, "resource"))
        for scope_spans in _objects(resource_spans, "scopeSpans"):
            scope = str(_object(scope_spans, "scope").get("name") or "")[:TEXT_MAX]
            for one in _objects(scope_spans, "spans"):
                names = ("traceId", "spanId", "parentSpanId")
                trace, own, parent = (str(one.get(name) or "")[:TEXT_MAX].lower() for name in names)
                at = _nanoseconds(one.get("endTimeUnixNano"))
                record = LogRecord(scope, resource, _allowed_json(one), _hash(trace, own), at)
                yield Span(record, trace + own, trace + parent)


def _objects(content: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of a list.

    Raises:
        UnreadableError: there is something else.
    """
    listed = content.get(name)
    if listed is None:
        return []
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise UnreadableError(f"This is not a message of OTLP: {name} must be a list of objects.")
    return listed


def _object(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    said = content.get(name)
    if said is None:
        return {}
    if not isinstance(said, dict):
        raise UnreadableError(f"This is not a message of OTLP: {name} must be an object.")
    return said


def _picked_json(content: Mapping[str, Any]) -> tuple[dict[str, Value], bytes]:
    picked: dict[str, Value] = {}
    parts = []
    for pair in _objects(content, "attributes"):
        key = pair.get("key")
        if not isinstance(key, str) or key.startswith(NEVER):
            continue
        parts.append(json.dumps(pair, sort_keys=True).encode())
        if key in ALLOWED:
            value = _object(pair, "value")
            picked[key] = _short(next(iter(value.values()), None))
    return picked, _digest(parts)


def _allowed_json(content: Mapping[str, Any]) -> dict[str, Value]:
    return {
        key: _short(next(iter(_object(pair, "value").values()), None))
        for pair in _objects(content, "attributes")
        if isinstance(key := pair.get("key"), str) and key in ALLOWED
    }


def _nanoseconds(said: object) -> int:
    """A moment; 0 for what is none."""
    try:
        return int(said) if isinstance(said, int | str) and not isinstance(said, bool) else 0
    except ValueError:
        return 0


# Values --------------------------------------------------------------------------------------------------------------


def number(said: object) -> Decimal | None:
    """A number as it was written, None for what is none: also for one that is not finite."""
    if isinstance(said, bool) or not isinstance(said, int | float | str):
        return None
    if isinstance(said, float) and not math.isfinite(said):
        return None
    try:
        found = Decimal(repr(said) if isinstance(said, float) else str(said)[:40].strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _short(said: object) -> Value:
    if isinstance(said, str):
        return said[:TEXT_MAX]
    return said if isinstance(said, int | float | bool) else None


def _digest(parts: list[bytes]) -> bytes:
    """Of attributes, in whatever order they came."""
    return blake2b(b"\x00".join(sorted(parts)), digest_size=8).digest()


def _hash(*parts: bytes | str | int) -> int:
    """Several parts as one number of 63 bits."""
    said = blake2b(digest_size=8)
    for part in parts:
        said.update(part if isinstance(part, bytes) else str(part).encode("utf-8", "replace"))
        said.update(b"\x1f")
    return int.from_bytes(said.digest()) >> 1
