"""Programs that send telemetry, as tests need them: bodies that were recorded, and those that are made up."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.telemetry.endpoint import connected
from handlers.card import Text
from tests.support.company import Company

RECORDED = Path(__file__).parents[1] / "telemetry" / "recorded"
RECORDED_AT = datetime(2026, 11, 29, 2, 40, tzinfo=UTC)
"""A few minutes after the recorded bodies were sent."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def recorded(name: str) -> dict[str, Any]:
    """A body that a real program sent."""
    content: dict[str, Any] = json.loads((RECORDED / name).read_text())
    return content


def nanoseconds(moment: datetime) -> int:
    """A moment as it stands on the wire."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def attributes(values: Mapping[str, object]) -> list[dict[str, Any]]:
    """Attributes as they stand on the wire."""
    return [{"key": name, "value": {"stringValue": str(value)}} for name, value in values.items()]


def point(start: datetime, end: datetime, value: float, **said: object) -> dict[str, Any]:
    """A point of a sum."""
    return {
        "attributes": attributes({name.replace("__", "."): each for name, each in said.items()}),
        "startTimeUnixNano": str(nanoseconds(start)),
        "timeUnixNano": str(nanoseconds(end)),
        "asDouble": value,
    }


def metrics(
    name: str, *points: Mapping[str, Any], temporality: int = 1, scope: str = "com.anthropic.claude_code"
) -> dict[str, Any]:
    """A body with one metric."""
    data = {"aggregationTemporality": temporality, "isMonotonic": True, "dataPoints": list(points)}
    scoped = {"scope": {"name": scope}, "metrics": [{"name": name, "sum": data}]}
    return {"resourceMetrics": [{"resource": {"attributes": []}, "scopeMetrics": [scoped]}]}


def protobuf(body: Mapping[str, Any]) -> bytes:
    """A body of metrics as most SDKs send it."""
    message = json_format.ParseDict(dict(body), ExportMetricsServiceRequest(), ignore_unknown_fields=True)
    return message.SerializeToString()


@dataclass
class Exporter:
    """A program with a token.

    Args:
        client: speaks to the bot.
        token: it shows.
    """

    client: TestClient
    token: str
    answers: list[int] = field(default_factory=list)

    def send(
        self, body: object, signal: str = "metrics", *, packed: bool = False, kind: str = "", encoding: str = ""
    ) -> Any:
        """Send a body, as JSON unless it is bytes; the answer.

        Args:
            body: what is sent.
            signal: to which path.
            packed: whether it is packed on its way.
            kind: its content type, if another one is to be said.
            encoding: how it is packed, if something is to be said of a body that is as it is.
        """
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = kind or ("application/x-protobuf" if isinstance(body, bytes) else "application/json")
        said = {"content-type": kind, "authorization": f"Bearer {self.token}"}
        if packed:
            content, encoding = gzip.compress(content), "gzip"
        if encoding:
            said["content-encoding"] = encoding
        answer = self.client.post(f"/otlp/v1/{signal}", content=content, headers=said)
        self.answers.append(answer.status_code)
        return answer


def token_of(company: Company, words: str = "token new telemetry", who: str = "ana") -> str:
    """A new token of somebody."""
    card = company.hear(who, words)
    return next(block.secret for block in card.blocks if isinstance(block, Text) and block.secret)


@dataclass
class Collecting:
    """The bot's door for telemetry, while it is open."""

    company: Company
    client: TestClient

    def exporter(self, words: str = "token new telemetry", who: str = "ana") -> Exporter:
        """A program with a token of somebody."""
        return Exporter(self.client, token_of(self.company, words, who))


class collecting:  # noqa: N801 - used as a context manager
    """Opens the door."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._routes = connected(company.app)

    def __enter__(self) -> Collecting:
        self._client = TestClient(Starlette(routes=self._routes.__enter__()))
        self._client.__enter__()
        return Collecting(self._company, self._client)

    def __exit__(self, *trouble: object) -> None:
        self._client.__exit__(None, None, None)
        self._routes.__exit__(None, None, None)
