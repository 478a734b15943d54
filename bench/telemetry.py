"""Telemetry of ten thousand clients: points a second on one core beside a bare sink, and the memory it takes.

Each client is a session of its own and sends what Claude Code sends in a minute: four kinds of tokens and a cost, as
protobuf. The organization's token names people by address. The floor reads the same bodies and counts nothing.
"""

import itertools
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_DELTA

from bench.databases import postgresql
from bench.load import Answers, drive
from bench.machine import LOAD_CORE, SERVER_CORE, Core, cpu_s, memory_mb, on_core
from bench.servers import Server, bursar, fill, rules, sink
from bench.table import Table, aimed
from bot.app import utc_now
from bot.build import build
from bot.config import Settings
from bot.providers.sample.provider import Sample
from handlers.card import Text
from handlers.place import Place
from handlers.sentence import Sentence
from tests.support.fakes.slack import FakeSlack

CLIENTS = 10_000
INTERVAL_S = 60
CONNECTIONS = 64
MINUTES = 3
WARM_UP = 200
KINDS = ("input", "output", "cacheRead", "cacheCreation")
POINTS = len(KINDS) + 1
AIM = CLIENTS * POINTS / INTERVAL_S
FLAT_AIM = 1.1


@dataclass(frozen=True, slots=True)
class Minute:
    """A minute's bodies of all clients, sent as fast as they are taken. Memory is in MB, after it."""

    answers: Answers
    cpu_us: float
    memory: float
    others: float


def bench() -> Iterator[Table]:
    """The sink and Bursar on each kind of database, in turn."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bursar-bench-")))
        slack = stack.enter_context(FakeSlack())
        servers: dict[str, tuple[Server, str]] = {"bare sink": (stack.enter_context(sink(home)), "")}
        create = stack.enter_context(postgresql(home))
        urls = {"Bursar, SQLite": f"sqlite:///{home}/bursar.db"}
        urls |= {"Bursar, PostgreSQL": create("bench")} if create else {}
        for name, url in urls.items():
            fill(url, slack)
            servers[name] = (stack.enter_context(bursar(slack, home, url)), _token(url, slack))
        found: dict[str, list[Minute]] = {name: [] for name in servers}
        with on_core(LOAD_CORE):
            for server, token in servers.values():
                drive(server.port, itertools.islice(_bodies(token, 0), WARM_UP), CONNECTIONS, seconds=600)
            for minute in range(1, MINUTES + 1):
                for name, (server, token) in servers.items():
                    found[name].append(_minute(server, list(_bodies(token, minute))))
    yield _table(found)


def _token(url: str, slack: FakeSlack) -> str:
    """A token of the organization, made as an operator makes it."""
    app = build(Settings.model_validate(rules(slack, 0)), {}, url=url)
    card = app.hear(Sentence("token new for organization telemetry", "clock", Place("terminal", "clock")))
    app.close()
    return next(block.secret for block in card.blocks if isinstance(block, Text) and block.secret)


def _bodies(token: str, minute: int) -> Iterator[bytes]:
    """What each client sends in a minute, as whole HTTP requests; the minutes lie in the last hours."""
    emails = [person.email for person in Sample(now=utc_now).directory().people if person.active]
    end = datetime.now(UTC) - timedelta(minutes=MINUTES + 1 - minute)
    for number in range(CLIENTS):
        yield _request(_body(number, emails[number % len(emails)], end), token)


def _body(number: int, email: str, end: datetime) -> bytes:
    message = ExportMetricsServiceRequest()
    resource = message.resource_metrics.add()
    _say(resource.resource.attributes, {"service.name": "claude-code", "service.version": "2.1.332"})
    scope = resource.scope_metrics.add()
    scope.scope.name = "com.anthropic.claude_code"
    last = int(end.timestamp() * 10**9) + number
    said = {
        "user.email": email,
        "session.id": f"session-{number}",
        "model": "claude-sonnet-4-5",
        "query_source": "main",
    }
    for name, kinds in (("claude_code.token.usage", KINDS), ("claude_code.cost.usage", ("",))):
        metric = scope.metrics.add()
        metric.name = name
        metric.sum.aggregation_temporality = AGGREGATION_TEMPORALITY_DELTA
        metric.sum.is_monotonic = True
        for kind in kinds:
            point = metric.sum.data_points.add()
            _say(point.attributes, {**said, **({"type": kind} if kind else {})})
            point.start_time_unix_nano, point.time_unix_nano = last - INTERVAL_S * 10**9, last
            point.as_double = 1200.0 if kind else 0.03
    return message.SerializeToString()


def _say(pairs: Any, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        pair = pairs.add()
        pair.key, pair.value.string_value = name, value


def _request(body: bytes, token: str) -> bytes:
    head = (
        "POST /otlp/v1/metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: OTel-OTLP-Exporter-JavaScript/0.207.0\r\n"
        f"Content-Type: application/x-protobuf\r\nAuthorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _minute(server: Server, requests: list[bytes]) -> Minute:
    core, before_s = Core(SERVER_CORE), cpu_s(server.pid)
    answers = drive(server.port, requests, CONNECTIONS, seconds=600)
    spent_s = cpu_s(server.pid) - before_s
    points = len(answers.waits_s) * POINTS
    return Minute(answers, spent_s / points * 1e6, memory_mb(server.pid)[0], core.busy() - spent_s / answers.seconds)


def _table(found: dict[str, list[Minute]]) -> Table:
    floor = max(each.answers.per_second for each in next(iter(found.values())))
    rows = []
    for name, minutes in found.items():
        best = max(minutes, key=lambda each: each.answers.per_second)
        points, growth = best.answers.per_second * POINTS, minutes[-1].memory / minutes[0].memory
        is_floor = best.answers.per_second == floor
        rows.append(
            (
                name,
                f"{points:,.0f}",
                f"{best.answers.per_second / floor:.2f}",
                "" if is_floor else aimed(points, at_least=AIM, digits=0),
                f"{best.cpu_us:.0f}",
                f"{best.answers.wait_ms(0.5):.0f}",
                f"{best.answers.wait_ms(0.99):.0f}",
                f"{minutes[0].memory:.0f}",
                f"{minutes[-1].memory:.0f}",
                "" if is_floor else aimed(growth, at_most=FLAT_AIM),
            )
        )
    heads = (
        "server",
        "points/s",
        "ratio",
        "aim",
        "CPU µs",
        "p50 ms",
        "p99 ms",
        "MB after 1",
        f"after {MINUTES}",
        "flat",
    )
    notes = (
        f"{CLIENTS:,} clients, {POINTS} points each, {MINUTES} minutes of theirs, {CONNECTIONS} connections.",
        f"The best minute counts. The aim is {CLIENTS:,} clients at {INTERVAL_S} s intervals on one core.",
    )
    return Table("telemetry: OTLP over HTTP, protobuf", heads, tuple(rows), notes)
