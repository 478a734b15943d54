"""A rush of commands that come at their own times (an open loop), beside a large reading and a provider that hangs.

Bursar runs as an operator starts it, with the sample company. Beside it a provider tells a day of many cells, and
another one takes every connection and never answers. Commands come like people do, whether the one before was answered
or not: nine of ten ask for their balance, one asks for more. A wait is counted from the moment at which the command was
due, so that a server which falls behind is not spared. Meanwhile a manager approves, and it is timed when the asker is
told.
"""

import contextlib
import csv
import math
import random
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Self

from sqlalchemy import func, select

from bench.databases import KINDS, temporary
from bench.load import Workspace
from bench.machine import LOAD_CORE, on_core
from bench.servers import Server, bursar, fill, slack_id
from bench.table import Table, aimed
from bot.app import utc_now
from bot.providers.sample.provider import Sample
from storage.db import Database
from storage.tables import charges, requests
from tests.support.fakes.slack import FakeSlack

ROWS = 200_000
STEADY, STEADY_S = 50.0, 20.0
RUSH, RUSH_S = 200.0, 10.0
DECISIONS, DECISIONS_PER_S = 10, 0.5
MANAGER = "max"
THREADS = 64
READING_MAX_S = 300.0
TOLD_MAX_S = 60.0
ACK_S = 3.0
"""What Slack waits for."""
SHARE_AIM, TOLD_AIM_S = 0.999, 2.0


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds until each answer, sorted; commands that were not answered with 200 took for ever."""

    seconds: Sequence[float]

    def share(self, part: float) -> float:
        """The time in which a share of the answers came, such as 0.99."""
        return self.seconds[min(int(len(self.seconds) * part), len(self.seconds) - 1)]

    @property
    def in_time(self) -> float:
        """The share of answers within what Slack waits."""
        return sum(each <= ACK_S for each in self.seconds) / len(self.seconds)


def bench() -> Iterator[Table]:
    """Both databases, each table as soon as it is there."""
    for kind in KINDS:
        with contextlib.ExitStack() as stack:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bursar-bench-")))
            slack = stack.enter_context(FakeSlack())
            url = stack.enter_context(temporary(kind))
            fill(url, slack)
            more = {
                "providers": [
                    {"kind": "files", "name": "large", "file": str(_written(home)), "read": "* * * * *"},
                    {
                        "kind": "litellm",
                        "name": "hangs",
                        "url": stack.enter_context(_hanging()),
                        "key": "HANGING_KEY",
                        "read": "* * * * *",
                    },
                ]
            }
            server = stack.enter_context(bursar(slack, home, url, more, {"HANGING_KEY": "secret"}))
            with on_core(LOAD_CORE):
                yield _table(kind, server, slack, Database(url))


def _table(kind: str, server: Server, slack: FakeSlack, database: Database) -> Table:
    reports = [each.id for each in Sample(now=utc_now).directory().people if each.manager == MANAGER][:DECISIONS]
    with _Senders(server.port) as senders:
        for person in reports:
            senders.send(_signed(person, "request 120 compare two rerankers")).result()
        _until(lambda: _rows(database) > 0)
        told: list[float] = []
        asked = _asked(database)
        deciding = threading.Thread(target=lambda: told.extend(_decided(senders, slack, asked)))
        deciding.start()
        steady = _sent(senders, STEADY, STEADY_S)
        rush = _sent(senders, RUSH, RUSH_S)
        deciding.join()
    read = _rows(database)
    database.close()
    told.sort()
    rows = [
        (
            f"{rate:.0f} commands/s for {seconds:.0f} s",
            f"{len(waits.seconds)}",
            f"{waits.share(0.5) * 1_000:.0f}",
            f"{waits.share(0.99) * 1_000:.0f}",
            f"{waits.in_time:.4f}",
            aimed(waits.in_time, at_least=SHARE_AIM, digits=3),
        )
        for rate, seconds, waits in ((STEADY, STEADY_S, steady), (RUSH, RUSH_S, rush))
    ]
    last = told[-1] if told else math.nan
    rows.append(
        (
            "from a manager's approval to the asker's message",
            f"{len(told)}",
            f"{told[len(told) // 2] * 1_000:.0f}" if told else "",
            f"{last * 1_000:.0f}",
            "",
            aimed(last, at_most=TOLD_AIM_S, digits=0),
        )
    )
    heads = ("", "number", "p50 ms", "p99 ms", f"within {ACK_S:.0f} s", "aim")
    note = f"Of the {ROWS:,} rows that were read beside it, {read:,} were recorded when it was over."
    return Table(f"A rush beside a reading and a provider that hangs, {kind}", heads, rows, (note,))


class _Senders:
    """Threads that each keep a connection to the server."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._pool = ThreadPoolExecutor(THREADS)
        self._own = threading.local()
        self._lines: list[socket.socket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
        for line in self._lines:
            line.close()

    def send(self, request: bytes, due_s: float = 0.0) -> Future[float]:
        """Send a command at a moment (of `time.perf_counter`); seconds until it was answered, without end if not."""
        return self._pool.submit(self._say, request, due_s or time.perf_counter())

    def _say(self, request: bytes, due_s: float) -> float:
        time.sleep(max(0.0, due_s - time.perf_counter()))
        kept = getattr(self._own, "line", None) is not None
        good = self._answered(request) or (kept and self._answered(request))  # the server may have closed an idle one
        return time.perf_counter() - due_s if good else float("inf")

    def _answered(self, request: bytes) -> bool:
        try:
            line = self._line()
            line.sendall(request)
            return _read(line)
        except OSError:
            self._own.line = None
            return False

    def _line(self) -> socket.socket:
        """The connection of this thread."""
        line: socket.socket | None = getattr(self._own, "line", None)
        if line is None:
            line = self._own.line = socket.create_connection(("127.0.0.1", self._port), timeout=60)
            self._lines.append(line)
        return line


def _read(line: socket.socket) -> bool:
    """Read an answer whole; whether it was 200."""
    heard = b""
    while b"\r\n\r\n" not in heard:
        part = line.recv(65_536)
        if not part:
            raise ConnectionError
        heard += part
    head, _, body = heard.partition(b"\r\n\r\n")
    lengths = [each.partition(b":")[2] for each in head.lower().split(b"\r\n") if each.startswith(b"content-length:")]
    missing = int(lengths[0]) - len(body) if lengths else 0
    while missing > 0:
        part = line.recv(65_536)
        if not part:
            raise ConnectionError
        missing -= len(part)
    return heard.startswith(b"HTTP/1.1 200 ")


def _sent(senders: _Senders, per_second: float, seconds: float) -> Waits:
    """Commands of a Poisson process, by everybody in turn at random."""
    chance = random.Random(int(per_second))
    people = [each.id for each in Sample(now=utc_now).directory().people if each.active]
    due_s, plan = 0.0, []
    while (due_s := due_s + chance.expovariate(per_second)) < seconds:
        words = "request 20 a quick test" if chance.random() < 0.1 else "balance"
        plan.append((due_s, _signed(chance.choice(people), words)))
    began_s = time.perf_counter()
    waiting = []
    for due_s, request in plan:
        time.sleep(max(0.0, began_s + due_s - time.perf_counter()))
        waiting.append(senders.send(request, began_s + due_s))
    return Waits(sorted(each.result() for each in waiting))


def _asked(database: Database) -> Sequence[tuple[int, str]]:
    """The open requests with those who ask; numbers have gaps where one was made anew."""
    open_ = select(requests.c.id, requests.c.asker_id).where(requests.c.state == "pending").order_by(requests.c.id)
    return database.ask(lambda conn: [(row.id, row.asker_id) for row in conn.execute(open_)])


def _decided(senders: _Senders, slack: FakeSlack, asked: Sequence[tuple[int, str]]) -> Iterator[float]:
    """Approve one request after the other; seconds until each asker was told."""
    for number, person in asked:
        user = slack_id(person)
        is_told = partial(_has_more, slack, user, len(slack.seen(slack.direct(user), user)))
        began_s = time.perf_counter()
        senders.send(_signed(MANAGER, f"approve {number}"))
        slack.wait(is_told, TOLD_MAX_S)
        took_s = time.perf_counter() - began_s
        yield took_s
        time.sleep(max(0.0, 1 / DECISIONS_PER_S - took_s))


def _has_more(slack: FakeSlack, user: str, before: int) -> bool:
    return len(slack.seen(slack.direct(user), user)) > before


def _signed(person: str, words: str) -> bytes:
    return Workspace(FakeSlack.team, FakeSlack.secret, [slack_id(person)]).commands(words, 1)[0]


def _rows(database: Database) -> int:
    """How many cells of the large day count."""
    counted = select(func.count()).select_from(charges).where(charges.c.provider == "large")
    return int(database.ask(lambda conn: conn.execute(counted).scalar_one()))


def _until(true: Callable[[], bool]) -> None:
    until_s = time.monotonic() + READING_MAX_S
    while not true():
        assert time.monotonic() < until_s, "the reading did not begin"
        time.sleep(0.05)


def _written(home: Path) -> Path:
    """A day of yesterday, of so many rows, as a plain table."""
    path, day = home / "usage.csv", (utc_now() - timedelta(days=1)).date()
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["date", "who", "key", "model", "tokens_input", "tokens_output", "cost"])
        writer.writerows((day, f"u{n % 5_000}", f"k{n // 5_000}", "gpt-5.2", 1_000, 100, "0.01") for n in range(ROWS))
    return path


@contextlib.contextmanager
def _hanging() -> Iterator[str]:
    """A server that takes every connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
