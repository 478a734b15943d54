"""What programs ask before they spend: a check, a hook and the status line, beside a bare Starlette answer.

Everybody of the sample company has a token and asks in turn, as on a Monday at nine. A hook is answered with what was
found out at most three seconds ago, a check and a status line are read from the database each time.
"""

import itertools
import math
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bench.databases import postgresql
from bench.load import Answers, drive
from bench.machine import LOAD_CORE, cpu_s, on_core
from bench.servers import Server, answering, bursar, fill
from bench.table import Table, aimed
from bot.app import utc_now
from bot.providers.sample.provider import Sample
from storage import tokens
from storage.db import Connection, Database
from tests.support.fakes.slack import FakeSlack

ROUNDS = 6
ROUND_S = 0.5
PER_SECOND_MAX = 12_000
CONNECTIONS = (1, 16)
HOOK_AIM_MS, LINE_AIM_MS = 300, 50
"""In which a hook and a status line have to be answered, nearly always (99 of 100)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One of the things that programs ask.

    Args:
        name: what it is called.
        head: the first line of the request.
        body: what is sent, "" for nothing.
        must_hold: stands in every answer of Bursar's.
        aim_ms: in which 99 of 100 answers should be there, None if nothing was aimed at.
    """

    name: str
    head: str
    body: str
    must_hold: bytes
    aim_ms: int | None = None

    def requests(self, secrets: Sequence[str], count: int) -> Iterator[bytes]:
        """Whole HTTP requests, each with the next token."""
        head = (
            f"{self.head} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: curl/8.14.1\r\nContent-Type: application/json\r\n"
        )
        rest = f"Content-Length: {len(self.body)}\r\n\r\n{self.body}"
        for secret in itertools.islice(itertools.cycle(secrets), count):
            yield f"{head}Authorization: Bearer {secret}\r\n{rest}".encode()


ASKED = (
    Asked("check", "POST /api/v1/check", '{"amount": "5 USD", "model": "claude-sonnet-4-5"}', b'"decision"'),
    Asked(
        "hook",
        "POST /api/v1/hooks/claude-code/UserPromptSubmit",
        '{"session_id": "4f0c6f0e-bench", "prompt": "never read"}',
        b"{",
        HOOK_AIM_MS,
    ),
    Asked("status line", "GET /api/v1/statusline", "", " · ".encode(), LINE_AIM_MS),
)


@dataclass(frozen=True, slots=True)
class Round:
    """Half a second of one server: what came back, and what its process took of a core for an answer."""

    answers: Answers
    cpu_us: float


Rounds = dict[tuple[str, str, int], list[Round]]


def bench() -> Iterator[Table]:
    """The floor and Bursar on each kind of database, in turn, round after round."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bursar-bench-")))
        slack = stack.enter_context(FakeSlack())
        floor = stack.enter_context(answering(home))
        servers: dict[str, tuple[Server, list[str]]] = {floor.name: (floor, ["nobody"])}
        for name, url in _databases(home, stack.enter_context(postgresql(home))):
            fill(url, slack)
            servers[f"Bursar, {name}"] = (stack.enter_context(bursar(slack, home, url)), _tokens(url))
        rounds: Rounds = {}
        with on_core(LOAD_CORE):
            for (server, secrets), one in itertools.product(servers.values(), ASKED):
                drive(server.port, one.requests(secrets, len(secrets)), 4)  # the first use of a token is written down
            for _, one, connections in itertools.product(range(ROUNDS), ASKED, CONNECTIONS):
                for name, (server, secrets) in servers.items():
                    must_hold = b"" if server is floor else one.must_hold
                    done = _round(server, one.requests(secrets, int(PER_SECOND_MAX * ROUND_S)), connections, must_hold)
                    rounds.setdefault((one.name, name, connections), []).append(done)
    for connections in CONNECTIONS:
        yield _table(rounds, list(servers), connections)


def _databases(home: Path, create: Callable[[str], str] | None) -> Iterator[tuple[str, str]]:
    yield "SQLite", f"sqlite:///{home}/bursar.db"
    if create is not None:
        yield "PostgreSQL", create("bench")


def _tokens(url: str) -> list[str]:
    """A token of everybody."""
    database, now = Database(url), utc_now()
    whose = {tokens.new_secret("own"): each.id for each in Sample(now=utc_now).directory().people if each.active}

    def make(conn: Connection) -> None:
        for secret, who in whose.items():
            tokens.make(conn, secret, "own", f"person/{who}", who, now, now + timedelta(days=1))

    database.transact(make)
    database.close()
    return list(whose)


def _round(server: Server, requests: Iterator[bytes], connections: int, must_hold: bytes) -> Round:
    waiting = list(requests)
    before_s = cpu_s(server.pid)
    answers = drive(server.port, waiting, connections, ROUND_S, must_hold)
    spent_s = cpu_s(server.pid) - before_s
    return Round(answers, (spent_s or math.nan) / len(answers.waits_s) * 1e6)


def _table(rounds: Mapping[tuple[str, str, int], Sequence[Round]], servers: Sequence[str], connections: int) -> Table:
    rows = []
    for one in ASKED:
        floor = rounds[one.name, servers[0], connections]
        rows += [_row(one, name, rounds[one.name, name, connections], floor) for name in servers]
    return Table(
        f"api: what programs ask, {connections} connection{'s' if connections > 1 else ''}",
        ("asked, server", "requests/s", "ratio", "CPU µs", "CPU ratio", "p50 ms", "p99 ms", "aim p99 ms"),
        rows,
        (f"Best of {ROUNDS} rounds of {ROUND_S:g} s each, in turn. Ratios: 1 is as good as the bare answer.",),
    )


def _row(one: Asked, name: str, rounds: Sequence[Round], floor_rounds: Sequence[Round]) -> tuple[str, ...]:
    best, floor = (max(each, key=lambda each: each.answers.per_second) for each in (rounds, floor_rounds))
    cpu_us, cpu_us_floor = (min(each.cpu_us for each in some) for some in (rounds, floor_rounds))
    p99 = best.answers.wait_ms(0.99)
    aims = one.aim_ms is not None and best is not floor
    return (
        f"{one.name}, {name}",
        f"{best.answers.per_second:,.0f}",
        f"{best.answers.per_second / floor.answers.per_second:.2f}",
        f"{cpu_us:,.0f}",
        f"{cpu_us_floor / cpu_us:.2f}",
        f"{best.answers.wait_ms(0.5):.2f}",
        f"{p99:.2f}",
        aimed(p99, at_most=one.aim_ms, digits=0) if aims else "",
    )
