"""The real process sends traces to a collector: what took how long, and nothing of people."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from bot import otel
from bot.config import Settings
from bot.traced_requests import TracedRequests
from bot.tracing import span
from handlers.errors import RefusedError
from tests.support.fakes.slack import PATIENCE_S, FakeSlack
from tests.support.process import bot_process, get, until

ANA = {"id": "ana", "name": "Ana Silva", "email": "ana@acme.example", "roles": ["finance"]}


class Collector(BaseHTTPRequestHandler):
    """Keeps the spans that come, each with the bytes of its body."""

    spans: list[Span]
    bodies: list[bytes]

    def do_POST(self) -> None:
        """POST /v1/traces."""
        body = self.rfile.read(int(self.headers["content-length"]))
        assert self.headers["content-encoding"] in {None, "identity"}
        said = ExportTraceServiceRequest.FromString(body)
        self.bodies.append(body)
        for resource in said.resource_spans:
            names = {each.key: each.value.string_value for each in resource.resource.attributes}
            assert names["service.name"] == "bursar"
            self.spans.extend(each for scope in resource.scope_spans for each in scope.spans)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_said: object) -> None:
        """Nothing."""


@contextmanager
def collector() -> Iterator[tuple[str, type[Collector]]]:
    """A receiver of OTLP on loopback."""
    kept = type("Kept", (Collector,), {"spans": [], "bodies": []})
    with HTTPServer(("127.0.0.1", 0), kept) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", kept
        server.shutdown()


def attributes(one: Span) -> dict[str, object]:
    return {each.key: each.value.string_value or each.value.int_value for each in one.attributes}


def test_each_kind_of_work_is_a_span_and_tells_of_nobody(tmp_path: Path) -> None:
    """A sentence over HTTP, what it leaves in the outbox, a reading; a path of ours, and one of a stranger."""
    wanted = {"request", "sentence spend", "reading pull", "delivery say", "delivery show", "event check_prices"}
    with FakeSlack() as slack, collector() as (url, kept):
        slack.add_user("UANA", "ana@acme.example")
        settings = {
            "organization": {"name": "Acme", "zone": "Europe/Berlin"},
            "people": [ANA],
            "slack": {"mode": "http", "url": slack.base_url},
            "providers": [{"kind": "sample", "name": "sample", "history_days": 2}],
            "schedule": [{"at": "* * * * *", "say": "spend of organization", "in": "slack:UANA"}],
            "server": {"traces": url},
        }
        with bot_process(tmp_path, settings, {"OTEL_BSP_SCHEDULE_DELAY": "100"}) as running:
            slack.bot_url = f"{running.url}/slack/events"
            slack.command("UANA", "spend of very-private-words")
            get(f"{running.url}/very-private-path")
            until(lambda: wanted <= {each.name for each in kept.spans})
            running.process.terminate()
            assert running.process.wait(PATIENCE_S) == 0

    by_name = {each.name: each for each in kept.spans}
    assert len(str(attributes(by_name["sentence spend"])["bursar.request_id"])) == 4
    assert attributes(by_name["reading pull"])["bursar.target"] == "sample"
    assert {attributes(each).get("http.route") for each in kept.spans if each.name == "request"} == {"/slack", None}
    everything = b"".join(kept.bodies).lower()
    for secret in (b"private", b"silva", b"ana@", b"uana"):
        assert secret not in everything


def test_an_error_is_kept_by_its_kind_and_a_refusal_is_none() -> None:
    """What an exception says may be what somebody wrote."""
    with collector() as (url, kept):
        with otel.sent_to(url):
            with pytest.raises(ZeroDivisionError), span("order approve", {}):
                raise ZeroDivisionError("very private")
            with pytest.raises(RefusedError), span("order deny", {}):
                raise RefusedError("You may not.")
        with span("order after", {}) as none:
            none.note("nobody", "listens")

    assert [each.name for each in kept.spans] == ["order approve", "order deny"]
    broke, refused = kept.spans
    assert (broke.status.code, attributes(broke)["error.type"]) == (Status.STATUS_CODE_ERROR, "ZeroDivisionError")
    assert refused.status.code == Status.STATUS_CODE_UNSET
    assert b"private" not in b"".join(kept.bodies)


CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("said", "joins"),
    [({"traceparent": CALLER, "tracestate": "acme=1"}, True), ({"traceparent": "nothing"}, False), ({}, False)],
)
def test_a_request_joins_the_trace_of_its_caller(said: dict[str, str], *, joins: bool) -> None:
    """A gateway that asks before it spends sees how long that took. What names no trace is passed over."""

    async def answer(_request: Request) -> Response:
        with span("sentence balance", {}):
            return Response("ok")

    client = TestClient(TracedRequests(Starlette(routes=[Route("/api/v1/check", answer)])))
    with collector() as (url, kept), otel.sent_to(url):
        client.get("/api/v1/check", headers=said)
    inner, outer = kept.spans
    assert inner.parent_span_id == outer.span_id
    _, trace, parent, _ = CALLER.split("-")
    assert (outer.trace_id.hex() == trace) == joins
    assert outer.parent_span_id.hex() == (parent if joins else "")
    assert outer.trace_state == (said["tracestate"] if joins else "")


def test_an_address_with_a_password_is_refused() -> None:
    """It would stand in app.yaml."""
    with pytest.raises(ValidationError, match="without name, password or query"):
        Settings.model_validate({"server": {"traces": "http://user:secret@collector:4318"}})
