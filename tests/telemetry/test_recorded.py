"""What the real programs sent comes to what the stand-in had told them they used, to the token and the nano."""

from typing import Any, Literal

import pytest

from handlers.policy import TelemetryRules
from storage import spend
from storage.charges import TOKENS
from tests.support.company import Company
from tests.support.exporters import RECORDED_AT, Collecting, protobuf, recorded

CLAUDE = (1200, 20000, 3000, 0, 321)
CLAUDE_SPLIT = (1200, 20000, 1000, 2000, 321)
CODEX = (4200, 20000, 0, 0, 321)
GEMINI = (4200, 20000, 0, 0, 421)
CLAUDE_NANOS = 30_165_000


def charged(company: Company) -> list[tuple[Any, ...]]:
    """Provider, account, model, tokens by kind, reasoning, requests and cost of all that telemetry brought."""
    columns = ", ".join((*TOKENS, "tokens_reasoning", "requests", "cost_nanos", "cost_source"))
    query = f"select provider, account_id, model, {columns} from charges where provider != 'llm' order by model"
    with company.database._questions.connect() as conn:
        rows = conn.exec_driver_sql(query).all()
    return [(row[0], row[1], row[2], tuple(row[3:8]), *row[8:]) for row in rows]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("proto", [False, True], ids=["json", "protobuf"])
def test_claude_codes_metrics(company: Company, door: Collecting, *, proto: bool, packed: bool) -> None:
    """Its own cost, which knows of caches that live for an hour, and its tokens."""
    ana = door.exporter()
    for name in ("claude-code-2.1.332-1-metrics.json", "claude-code-2.1.332-3-metrics.json"):
        body = recorded(name)
        answer = ana.send(protobuf(body) if proto else body, packed=packed)
        assert answer.status_code == 200
        assert answer.content == (b"" if proto else b"{}")
    assert charged(company) == [
        ("claude-code", "person/ana", "claude-sonnet-4-5", CLAUDE, 0, 0, CLAUDE_NANOS, "telemetry")
    ]


def test_claude_codes_events(company: Company, door: Collecting) -> None:
    """They tell the lifetimes of caches apart, and each is a request. Prompts beside them are not looked at."""
    company.app.policy = company.app.policy.model_copy(
        update={"telemetry": TelemetryRules(signals={"claude-code": "events"})}
    )
    assert door.exporter().send(recorded("claude-code-2.1.332-2-logs.json"), "logs").status_code == 200
    assert charged(company) == [
        ("claude-code", "person/ana", "claude-sonnet-4-5", CLAUDE_SPLIT, 0, 1, CLAUDE_NANOS, "telemetry")
    ]


@pytest.mark.parametrize(
    ("logs", "metrics_", "program", "model", "tokens"),
    [
        ("codex-0.171.0-1-logs.json", "codex-0.171.0-2-metrics.json", "codex", "gpt-5.2-codex", CODEX),
        ("gemini-cli-0.61.0-1-logs.json", "gemini-cli-0.61.0-2-metrics.json", "gemini-cli", "gemini-2.5-pro", GEMINI),
    ],
)
@pytest.mark.parametrize("signal", ["metrics", "events"])
def test_codex_and_gemini_cli_count_by_one_signal(
    company: Company,
    door: Collecting,
    logs: str,
    metrics_: str,
    program: str,
    model: str,
    tokens: Any,
    signal: Literal["metrics", "events"],
) -> None:
    """Though both are sent, and the metrics of one say the same twice. What they cost stands in the price list."""
    company.app.policy = company.app.policy.model_copy(update={"telemetry": TelemetryRules(signals={program: signal})})
    exporter = door.exporter()
    for body, name in ((recorded(logs), "logs"), (recorded(metrics_), "metrics"), (recorded(logs), "logs")):
        assert exporter.send(body, name).json() == {}
    [(provider, account, told, counted, reasoning, requests, cost, source)] = charged(company)
    assert (provider, account, told, counted) == (program, "person/ana", model, tokens)
    assert (reasoning, requests) == (100, 1 if signal == "events" else 0)
    assert cost > 0
    assert source == "list_price"


def _points(metric: str, form: str, temporality: int, *points: tuple[dict[str, str], int]) -> dict[str, Any]:
    at = int(RECORDED_AT.timestamp()) * 10**9
    made = [
        {
            "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()],
            "startTimeUnixNano": str(at - 10**10),
            "timeUnixNano": str(at),
            **({"asInt": str(number)} if form == "sum" else {"count": "1", "sum": number}),
        }
        for attributes, number in points
    ]
    metrics = [{"name": metric, form: {"dataPoints": made, "aggregationTemporality": temporality}}]
    return {"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]}


@pytest.mark.parametrize("proto", [False, True], ids=["json", "protobuf"])
def test_qwen_codes_metrics(company: Company, door: Collecting, *, proto: bool) -> None:
    """Its input includes what was read from a cache, and its output the reasoning."""
    kinds = {"input": 24_200, "cache": 20_000, "output": 321, "thought": 100}
    points = [({"model": "qwen3-coder-plus", "type": kind}, number) for kind, number in kinds.items()]
    body = _points("qwen-code.token.usage", "sum", 2, *points)
    assert door.exporter().send(protobuf(body) if proto else body).status_code == 200
    [(provider, account, model, tokens, reasoning, *_)] = charged(company)
    assert (provider, account, model) == ("qwen-code", "person/ana", "qwen3-coder-plus")
    assert (tokens, reasoning) == ((4200, 20000, 0, 0, 321), 100)


@pytest.mark.parametrize("form", ["histogram", "exponentialHistogram"])
@pytest.mark.parametrize("proto", [False, True], ids=["json", "protobuf"])
def test_programs_of_the_conventions_may_send_either_histogram(
    company: Company, door: Collecting, form: str, *, proto: bool
) -> None:
    """Only the sum counts."""
    points = [
        ({"gen_ai.request.model": "gpt-5.2", "gen_ai.token.type": kind}, number)
        for kind, number in (("input", 5_000), ("output", 700))
    ]
    body = _points("gen_ai.client.token.usage", form, 1, *points)
    assert door.exporter().send(protobuf(body) if proto else body).status_code == 200
    [(provider, _, model, tokens, *_)] = charged(company)
    assert (provider, model, tokens) == ("gen-ai", "gpt-5.2", (5000, 0, 0, 0, 700))


@pytest.mark.parametrize("path", ["/v1/metrics", "/otlp/v1/metrics/v1/metrics", "/otlp/v1/profiles", "/otlp"])
def test_who_exports_to_another_address_hears_the_right_one(door: Collecting, path: str) -> None:
    """The address lacks /otlp, or has too much behind it."""
    answer = door.client.post(path, json={})
    assert answer.status_code == 404
    assert "with /otlp behind it" in answer.json()["detail"]


def test_a_slash_behind_the_address_changes_nothing(company: Company, door: Collecting) -> None:
    """Some collectors put one there."""
    ana = door.exporter()
    assert ana.send(recorded("claude-code-2.1.332-1-metrics.json"), "metrics/").status_code == 200
    assert len(charged(company)) == 1


def test_what_was_told_counts_at_once(company: Company, door: Collecting) -> None:
    """In Ana's balance, and in that of her team."""
    before = company.say("ana", "balance")
    door.exporter().send(recorded("claude-code-2.1.332-1-metrics.json"))
    assert company.say("ana", "balance") != before
    today = company.clock().date()
    for account in ("person/ana", "team/search", "org"):
        with company.database._questions.connect() as conn:
            spent = spend.spent_by(conn, account, today, today.replace(day=30), "provider")
        assert [(each.name, each.cost_nanos) for each in spent] == [("claude-code", CLAUDE_NANOS)]


def test_nothing_that_people_wrote_is_kept(company: Company, door: Collecting) -> None:
    """The prompt in the arguments of a process, the text of an answer, a name that somebody set: nowhere."""
    body = recorded("gemini-cli-0.61.0-2-metrics.json")
    assert "say hello" in str(body)
    door.exporter().send(body)
    logs = recorded("claude-code-2.1.332-2-logs.json")
    for record in logs["resourceLogs"][0]["scopeLogs"][0]["logRecords"]:
        record["attributes"].append({"key": "prompt", "value": {"stringValue": "say hello"}})
    door.exporter().send(logs, "logs")
    with company.database._questions.connect() as conn:
        dumped = "".join(
            str(conn.exec_driver_sql(f"select * from {table}").all())
            for table in ("telemetry", "telemetry_seen", "telemetry_counters", "charges", "audit", "outbox", "links")
        )
    assert "say hello" not in dumped
    assert "CC-1010" not in dumped
