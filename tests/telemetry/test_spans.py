"""Spans of calls of models, as libraries write them: each call counts once, and only if spans are to count."""

from base64 import b64encode
from collections.abc import Mapping
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pydantic import ValidationError

from handlers.policy import TelemetryRules
from tests.support.company import Company
from tests.support.exporters import RECORDED_AT, Collecting, metrics, nanoseconds, point
from tests.telemetry.test_recorded import charged

TRACE = "5b8efff798038103d269b633813fc60c"
MODEL = "gpt-5.2"


def span(number: int, said: Mapping[str, object], parent: int = 0) -> dict[str, Any]:
    """A span with attributes, perhaps within another one."""
    kinds = {int: "intValue", float: "doubleValue"}
    values = [{"key": name, "value": {kinds.get(type(each), "stringValue"): each}} for name, each in said.items()]
    return {
        "traceId": TRACE,
        "spanId": f"{number:016x}",
        **({"parentSpanId": f"{parent:016x}"} if parent else {}),
        "name": "chat",
        "startTimeUnixNano": str(nanoseconds(RECORDED_AT - timedelta(seconds=9))),
        "endTimeUnixNano": str(nanoseconds(RECORDED_AT)),
        "attributes": values,
    }


def traces(*spans: Mapping[str, Any], service: str = "crawler") -> dict[str, Any]:
    """A body of spans."""
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": list(spans)}]}]}


def packed(body: Mapping[str, Any]) -> bytes:
    """The same as most SDKs send it. In protobuf's own JSON ids are written in base 64, in OTLP's in base 16."""
    copy = deepcopy(dict(body))
    for one in copy["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for name in ("traceId", "spanId", "parentSpanId"):
            one[name] = b64encode(bytes.fromhex(one.get(name, ""))).decode()
    return json_format.ParseDict(copy, ExportTraceServiceRequest()).SerializeToString()


@pytest.fixture
def counting(company: Company) -> Company:
    """The company, whose programs are counted by their spans."""
    rules = TelemetryRules(signals={"gen-ai": "traces"})
    company.app.policy = company.app.policy.model_copy(update={"telemetry": rules})
    return company


LIBRARIES: dict[str, tuple[dict[str, object], tuple[int, ...], int]] = {
    "the conventions": (
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.response.model": MODEL,
            "gen_ai.usage.input_tokens": 5_000,
            "gen_ai.usage.cache_read.input_tokens": 4_000,
            "gen_ai.usage.cache_creation.input_tokens": 500,
            "gen_ai.usage.output_tokens": 300,
        },
        (500, 4_000, 500, 0, 300),
        0,
    ),
    "the conventions before 1.27": (
        {
            "gen_ai.system": "openai",
            "gen_ai.request.model": MODEL,
            "gen_ai.usage.prompt_tokens": 5_000,
            "gen_ai.usage.completion_tokens": 300,
        },
        (5_000, 0, 0, 0, 300),
        0,
    ),
    "OpenLLMetry": (
        {
            "gen_ai.system": "OpenAI",
            "llm.request.type": "chat",
            "gen_ai.request.model": MODEL,
            "gen_ai.prompt.0.content": "a secret",
            "gen_ai.usage.input_tokens": 5_000,
            "gen_ai.usage.cache_read_input_tokens": 1_000,
            "gen_ai.usage.output_tokens": 300,
            "gen_ai.usage.reasoning_tokens": 100,
            "llm.usage.total_tokens": 5_300,
        },
        (4_000, 1_000, 0, 0, 300),
        100,
    ),
    "OpenInference": (
        {
            "openinference.span.kind": "LLM",
            "llm.model_name": MODEL,
            "input.value": "a secret",
            "llm.token_count.prompt": 5_000,
            "llm.token_count.prompt_details.cache_read": 1_000,
            "llm.token_count.completion": 300,
            "llm.token_count.completion_details.reasoning": 100,
            "llm.token_count.total": 5_300,
        },
        (4_000, 1_000, 0, 0, 300),
        100,
    ),
    "Vercel's AI SDK": (
        {
            "ai.operationId": "ai.generateText.doGenerate",
            "ai.prompt.messages": "a secret",
            "ai.usage.inputTokens": 5_000.0,
            "ai.usage.cachedInputTokens": 1_000.0,
            "gen_ai.request.model": MODEL,
            "gen_ai.usage.input_tokens": 5_000.0,
            "gen_ai.usage.output_tokens": 300.0,
        },
        (4_000, 1_000, 0, 0, 300),
        0,
    ),
    "LangSmith": (
        {
            "langsmith.span.kind": "llm",
            "gen_ai.request.model": MODEL,
            "gen_ai.usage.input_tokens": "5000",
            "gen_ai.usage.output_tokens": "300",
            "gen_ai.usage.total_tokens": "5300",
        },
        (5_000, 0, 0, 0, 300),
        0,
    ),
    "who counts what was cached beside the input": (
        {
            "gen_ai.request.model": MODEL,
            "gen_ai.usage.input_tokens": 12,
            "gen_ai.usage.cache_read_input_tokens": 4_000,
            "gen_ai.usage.cache_creation_input_tokens": 500,
            "gen_ai.usage.output_tokens": 300,
        },
        (12, 4_000, 500, 0, 300),
        0,
    ),
}


@pytest.mark.parametrize("proto", [False, True], ids=["json", "protobuf"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_call_counts_once_however_a_library_writes_it(
    counting: Company, door: Collecting, library: str, *, proto: bool
) -> None:
    """Sent twice, and by nobody's name: the token is Ana's. Prompts beside it are kept nowhere."""
    said, tokens, reasoning = LIBRARIES[library]
    body = traces(span(1, said))
    exporter = door.exporter()
    for _ in range(2):
        answer = exporter.send(packed(body) if proto else body, "traces")
        assert (answer.status_code, answer.content) == (200, b"" if proto else b"{}")
    assert [row[:6] for row in charged(counting)] == [("gen-ai", "person/ana", MODEL, tokens, reasoning, 1)]
    with counting.database._questions.connect() as conn:
        kept = str([conn.exec_driver_sql(f"select * from {name}").all() for name in ("telemetry", "charges")])
    assert "a secret" not in kept


def test_what_only_adds_up_the_calls_within_it_counts_nothing(counting: Company, door: Collecting) -> None:
    """A chain, an agent, an outer call of the same library, and a second library around it."""
    used = {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 10, "gen_ai.request.model": MODEL}
    outer = {"ai.usage.promptTokens": 200, "ai.usage.completionTokens": 20, "ai.model.id": MODEL}
    body = traces(
        span(1, {**used, "gen_ai.operation.name": "invoke_agent"}),
        span(2, {**used, "openinference.span.kind": "CHAIN"}, parent=1),
        span(3, {**used, "traceloop.span.kind": "workflow"}, parent=2),
        span(4, outer, parent=3),
        span(5, used, parent=4),
        span(6, {}, parent=5),
        span(7, used, parent=6),
        span(8, used, parent=4),
    )
    assert door.exporter().send(body, "traces").json() == {}
    [row] = charged(counting)
    assert (row[3], row[5]) == ((200, 0, 0, 0, 20), 2)


def test_spans_that_lead_in_a_circle_end(counting: Company, door: Collecting) -> None:
    """No SDK makes them; whoever writes bodies by hand may."""
    used = {"gen_ai.usage.input_tokens": 100, "gen_ai.request.model": MODEL}
    assert door.exporter().send(traces(span(1, used, parent=2), span(2, used, parent=1)), "traces").status_code == 200
    assert charged(counting) == []


def test_a_program_that_tells_by_metrics_of_its_own_is_not_counted_again(counting: Company, door: Collecting) -> None:
    """Gemini CLI writes spans by the conventions, too."""
    used = {"gen_ai.usage.input_tokens": 100, "gen_ai.request.model": "gemini-2.5-pro"}
    door.exporter().send(traces(span(1, used), service="gemini-cli"), "traces")
    assert charged(counting) == []


def test_who_sends_spans_where_metrics_count_is_told_so(company: Company, door: Collecting) -> None:
    """Nothing is rejected, so nothing is sent again; who has chosen metrics is told nothing."""
    body = traces(span(1, {"gen_ai.usage.input_tokens": 100, "gen_ai.request.model": MODEL}))
    ana = door.exporter()
    said = ana.send(body, "traces").json()["partialSuccess"]
    assert "rejectedSpans" not in said
    assert said["errorMessage"].endswith("Set telemetry.signals to {gen-ai: traces}")
    assert ana.send(traces(span(1, {"http.route": "/"})), "traces").json() == {}
    rules = TelemetryRules(signals={"gen-ai": "metrics"})
    company.app.policy = company.app.policy.model_copy(update={"telemetry": rules})
    assert ana.send(body, "traces").json() == {}
    assert charged(company) == []


def test_no_metrics_count_beside_spans(counting: Company, door: Collecting) -> None:
    """A program that sends both counts once."""
    told = point(RECORDED_AT - timedelta(minutes=1), RECORDED_AT, 100, gen_ai__token__type="input", model=MODEL)
    assert door.exporter().send(metrics("gen_ai.client.token.usage", told, scope="")).json() == {}
    assert charged(counting) == []


@pytest.mark.parametrize("said", ["many", -5, "NaN", 10**30])
def test_a_number_that_is_none_is_named_and_the_rest_counts(counting: Company, door: Collecting, said: object) -> None:
    """As in metrics."""
    used = {"gen_ai.usage.input_tokens": str(said), "gen_ai.usage.output_tokens": 10, "gen_ai.request.model": MODEL}
    assert door.exporter().send(traces(span(1, used)), "traces").json() == {
        "partialSuccess": {"rejectedSpans": "1", "errorMessage": "1 not a number that can be counted"}
    }
    assert [row[3] for row in charged(counting)] == [(0, 0, 0, 0, 10)]


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"resourceSpans": 5}', b'{"resourceSpans": [{"scopeSpans": [5]}]}'])
def test_what_is_no_body_of_spans_is_refused(door: Collecting, body: bytes) -> None:
    """A client does not send it again."""
    said = {"content-type": "application/json", "authorization": f"Bearer {door.exporter().token}"}
    assert door.client.post("/otlp/v1/traces", content=body, headers=said).status_code == 400
    assert door.exporter().send(b"\xff\xff", "traces").status_code == 400


@pytest.mark.parametrize("signals", [{"gen-ai": "events"}, {"claude-code": "traces"}])
def test_a_signal_that_a_program_does_not_tell_by_is_refused(signals: dict[str, str]) -> None:
    """It would count nothing, in silence."""
    with pytest.raises(ValidationError, match="that can be counted: write"):
        TelemetryRules.model_validate({"signals": signals})


def test_the_same_model_at_two_vendors_and_in_two_libraries_is_several_counters(
    company: Company, door: Collecting
) -> None:
    """One process asks OpenAI and Azure for the same model in the same minute; two libraries measure it."""
    start = RECORDED_AT - timedelta(minutes=1)
    said = {"gen_ai__token__type": "input", "gen_ai__request__model": MODEL}
    points = [point(start, RECORDED_AT, 100, **said, gen_ai__system=vendor) for vendor in ("openai", "azure.openai")]
    ana = door.exporter()
    for scope in ("openai-v2", "langchain"):
        assert ana.send(metrics("gen_ai.client.token.usage", *points, scope=scope)).json() == {}
    assert [row[3][0] for row in charged(company)] == [400]


def test_an_event_may_have_its_name_beside_its_attributes(company: Company, door: Collecting) -> None:
    """As SDKs write it since the name of an event has a field of its own."""
    rules = TelemetryRules(signals={"codex": "events"})
    company.app.policy = company.app.policy.model_copy(update={"telemetry": rules})
    said = {"input_token_count": 100, "output_token_count": 10, "model": MODEL}
    values = [{"key": name, "value": {"stringValue": str(each)}} for name, each in said.items()]
    at = str(nanoseconds(RECORDED_AT))
    record = {"timeUnixNano": at, "eventName": "codex.sse_event", "attributes": values}
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
    assert door.exporter().send(body, "logs").json() == {}
    assert [row[3] for row in charged(company)] == [(100, 0, 0, 0, 10)]
