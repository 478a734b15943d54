"""What somebody may try who has a token, or none: each comes to nothing, or to no more than the token is for."""

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.telemetry.endpoint import POINTS_A_MINUTE
from bot.telemetry.messages import (
    BODY_MAX_BYTES,
    INFLATED_MAX_BYTES,
    MEMBERS_MAX,
    Encoding,
    UnreadableError,
    inflated,
    log_records,
    metric_points,
)
from bot.telemetry.programs import BY_METRIC
from handlers.telemetry.taking_in import CELLS_MAX
from storage import spend
from tests.support.clock import Clock
from tests.support.company import Company
from tests.support.databases import migrated
from tests.support.exporters import RECORDED_AT, Collecting, Exporter, metrics, point, protobuf, recorded


@pytest.fixture
def company(tmp_path: Path, clock: Clock) -> Iterator[Company]:
    """The company on a file: what is refused never comes to a database."""
    clock.moment = RECORDED_AT
    made = migrated(tmp_path / "acme.db")
    yield Company(made, clock)
    made.close()


METRICS = "claude-code-2.1.332-1-metrics.json"
NANOS = 30_165_000


def spent(company: Company, account: str) -> int:
    """What an account spent by telemetry, in nanos."""
    today = company.clock().date()
    rows = company.database.ask(
        lambda conn: spend.spent_by(conn, account, today, today + timedelta(days=1), "provider")
    )
    return sum(each.cost_nanos for each in rows)


def named(body: dict[str, Any], email: str) -> dict[str, Any]:
    """The same body with an address on each point and on its resource."""
    attribute = {"key": "user.email", "value": {"stringValue": email}}
    for resource in body["resourceMetrics"]:
        resource["resource"]["attributes"].append(attribute)
        for scope in resource["scopeMetrics"]:
            for metric in scope["metrics"]:
                for each in metric["sum"]["dataPoints"]:
                    each["attributes"].append(attribute)
    return body


def test_a_token_of_one_person_charges_that_person_whatever_is_claimed(company: Company, door: Collecting) -> None:
    """A spoofed address changes nothing."""
    door.exporter().send(named(recorded(METRICS), "bob@acme.example"))
    assert (spent(company, "person/ana"), spent(company, "person/bob")) == (NANOS, 0)


def test_the_organizations_token_names_people_and_opens_nothing_else(company: Company, door: Collecting) -> None:
    """Whoever steals it can charge somebody; it shows no figure, and asks for nothing."""
    everybody = door.exporter("token new for organization telemetry", "fay")
    everybody.send(named(recorded(METRICS), "bob@acme.example"))
    assert spent(company, "person/bob") == NANOS
    everybody.send(named(recorded("claude-code-2.1.332-1-metrics.json"), "nobody@elsewhere.example"))
    assert spent(company, "unallocated") == NANOS


def test_a_body_that_is_sent_again_counts_once(company: Company, door: Collecting) -> None:
    """After a lost answer, by a stranger who saw it, a day later, with another token of the same person."""
    ana, body = door.exporter(), recorded(METRICS)
    for _ in range(3):
        assert ana.send(body).json() == {}
    assert door.exporter("token new").send(body).json() == {}
    company.clock.moment = RECORDED_AT + timedelta(hours=23)
    assert ana.send(body).json() == {}
    assert spent(company, "org") == 0  # it counts for the day on which it was measured
    company.clock.moment = RECORDED_AT
    assert spent(company, "person/ana") == NANOS
    company.clock.moment = RECORDED_AT + timedelta(days=3)
    company.app.tick()
    answer = ana.send(body).json()
    assert answer["partialSuccess"]["errorMessage"].endswith("older than 24 hours")
    company.clock.moment = RECORDED_AT
    assert spent(company, "person/ana") == NANOS


def test_a_stolen_token_ends_with_a_word(company: Company, door: Collecting) -> None:
    """And without one nobody is heard, whatever they send."""
    ana = door.exporter()
    company.hear("ana", "token revoke 1")
    assert ana.send(recorded(METRICS)).json()["type"] == "urn:bursar:problem:token-ended"
    assert Exporter(door.client, "").send(recorded(METRICS)).status_code == 401
    assert Exporter(door.client, "x").send(b"\xff" * 100).status_code == 401
    assert door.exporter("token new reports").send(recorded(METRICS)).status_code == 403
    assert spent(company, "org") == 0


def test_a_million_series_fill_no_table(company: Company, door: Collecting) -> None:
    """Names are folded together beyond some number; the money stays, and what is too much a minute has to wait."""
    ana = door.exporter()
    at = RECORDED_AT
    many = [
        point(at - timedelta(minutes=1), at, 0.001, model=f"m-{number}", skill__name=f"skill-{number}")
        for number in range(3 * CELLS_MAX)
    ]
    assert ana.send(metrics("claude_code.cost.usage", *many)).json() == {}
    with company.database._questions.connect() as conn:
        assert conn.exec_driver_sql("select count(*) from telemetry").scalar() == 2 * CELLS_MAX + 1
    assert spent(company, "person/ana") == len(many) * 10**6
    flood = [point(at, at, 1e-6, model=f"n-{number}") for number in range(POINTS_A_MINUTE - 100)]
    answer = ana.send(metrics("claude_code.cost.usage", *flood))
    assert (answer.status_code, answer.json()["type"]) == (429, "urn:bursar:problem:too-many-points")
    assert int(answer.headers["retry-after"]) <= 60
    company.clock.forward(timedelta(minutes=1))
    assert ana.send(metrics("claude_code.cost.usage", *flood[:10])).status_code == 200


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (-1.0, "not a number"),
        (float("nan"), "not a number"),
        (float("inf"), "not a number"),
        (1e300, "not a number"),
        (10**6 + 1, "not a number"),
        ("many", "not a number"),
        (None, "not a number"),
        ([1], "not a number"),
        (True, "not a number"),
    ],
)
def test_what_is_no_amount_is_rejected_and_the_rest_counts(
    company: Company, door: Collecting, value: Any, why: str
) -> None:
    """The answer says how many, and why."""
    at = RECORDED_AT
    odd = {**point(at - timedelta(minutes=1), at, 0, model="m"), "asDouble": value}
    good = point(at - timedelta(minutes=1), at, 1, model="m")
    answer = door.exporter().send(metrics("claude_code.cost.usage", odd, good)).json()
    assert answer["partialSuccess"]["rejectedDataPoints"] == "1"
    assert why in answer["partialSuccess"]["errorMessage"]
    assert spent(company, "person/ana") == 10**9


@pytest.mark.parametrize(("hours", "rejected"), [(-2, True), (-0.5, False), (23, False), (25, True), (480_000, True)])
def test_a_wrong_clock(door: Collecting, hours: float, *, rejected: bool) -> None:
    """A little ahead is now; far ahead or a day old is rejected."""
    at = RECORDED_AT - timedelta(hours=hours)
    answer = door.exporter().send(metrics("claude_code.cost.usage", point(at, at, 1, model="m"))).json()
    assert ("partialSuccess" in answer) == rejected


def test_a_bomb_is_not_unpacked(door: Collecting) -> None:
    """Neither packed nor plain is more read than is taken."""
    bomb = gzip.compress(b"\0" * (INFLATED_MAX_BYTES + 1))
    ana = door.exporter()
    assert ana.send(bomb, encoding="gzip").status_code == 413
    assert ana.send(b"\0" * (BODY_MAX_BYTES + 1)).status_code == 413
    assert ana.send(b"\x1f\x8b broken", encoding="gzip").status_code == 400
    assert ana.send(b"x", encoding="br").status_code == 400
    assert ana.send(b"x", kind="text/plain").status_code == 415
    assert ana.send(gzip.compress(protobuf(recorded(METRICS)))[:-9], encoding="gzip").status_code == 400
    assert ana.send(gzip.compress(b"") * (MEMBERS_MAX + 1), encoding="gzip").status_code == 400


JUNK = (
    "",
    "[]",
    "null",
    "{",
    '{"resourceMetrics": 1}',
    '{"resourceMetrics": [1]}',
    '{"resourceMetrics": [{"resource": 1}]}',
    '{"resourceMetrics": [{"scopeMetrics": {"a": 1}}]}',
    "[" * 100_000,
    "\x00",
)


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_junk_is_refused_in_one_sentence(door: Collecting, junk: str) -> None:
    """It is sent again by nobody: 400 is for good."""
    answer = door.exporter().send(junk.encode(), kind="application/json")
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:bursar:problem:unreadable"


def test_a_body_may_be_packed_in_parts(company: Company, door: Collecting) -> None:
    """Gzip of several members is one file; what stands in the second counts, too."""
    body = protobuf(recorded(METRICS))
    parts = gzip.compress(body[:100]) + gzip.compress(body[100:])
    assert door.exporter().send(parts, encoding="gzip").status_code == 200
    assert spent(company, "person/ana") == NANOS
    bob = door.exporter(who="max")
    assert bob.send(zlib.compress(body), encoding="deflate").status_code == 200
    assert bob.send(zlib.compress(body)[:-3], encoding="deflate").status_code == 400
    assert bob.send(body, encoding="zstd").status_code == 400
    assert spent(company, "person/max") == NANOS


def test_what_is_not_known_is_passed_over(company: Company, door: Collecting) -> None:
    """Other metrics, other events, traces: answered, and dropped."""
    ana = door.exporter()
    assert ana.send(metrics("http.server.duration", point(RECORDED_AT, RECORDED_AT, 1))).json() == {}
    assert ana.send({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {}}]}]}]}, "logs").json() == {}
    assert ana.send({"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "GET /"}]}]}]}, "traces").json() == {}
    assert ana.send({"anything": 1}, "traces").json() == {}
    assert spent(company, "org") == 0


NAMES = (
    *("resourceMetrics", "scopeMetrics", "metrics", "name", "sum", "dataPoints", "attributes", "key", "value"),
    *("resourceLogs", "scopeLogs", "logRecords", "stringValue", "asInt", "timeUnixNano", "resource", "scope"),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_no_body_breaks_the_reader(body: bytes) -> None:
    """It is read, or refused."""
    encodings: tuple[Encoding, ...] = ("json", "protobuf")
    for encoding in encodings:
        with suppress(UnreadableError):
            list(metric_points(body, encoding, BY_METRIC))
        with suppress(UnreadableError):
            list(log_records(body, encoding))
    for packed in ("gzip", "", "zip"):
        with suppress(UnreadableError):
            inflated(body, packed)


def test_when_too_much_waits_it_is_asked_to_come_again(door: Collecting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is lost: exporters send it again."""
    monkeypatch.setattr("bot.telemetry.intake.QUEUE_MAX", 3)
    answer = door.exporter().send(recorded(METRICS))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    monkeypatch.undo()
    assert door.exporter().send(recorded(METRICS)).status_code == 200
    assert door.client.get("/otlp/v1/metrics").status_code == 405
