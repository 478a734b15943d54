"""Past one machine: what a command and a charge cost on both sides of PostgreSQL, and where a queue would grow first.

What takes processor time is measured here, on a company of 100,000 people; what follows is a simulation. Commands come
at random (Poisson) to replicas of one core each, and from there to the cores of one PostgreSQL, where a reading writes
slice after slice beside them. Service times are drawn (exponential) around what was measured.
"""

import heapq
import random
from collections.abc import Iterator, Sequence
from functools import partial

from sqlalchemy import Connection, text

from bench import ledger
from bench.cost import Cost, cost
from bench.table import Table
from bot.app import App
from handlers.place import Place
from handlers.sentence import Sentence
from storage import ingest
from storage.db import Database

SIZE = 1_000_000
ASKED, REQUESTED = 400, 100
REPLICAS = (1, 2, 4, 8, 16)
CORES = 4
RATES = (50, 200, 500, 1_000, 2_000, 4_000)
REQUESTS_SHARE = 0.05
LASTS_S = 60.0
LONG_MS = 1_000.0
SEED = 17


def bench() -> Iterator[Table]:
    """What things cost, and the simulation of many of them."""
    with ledger.empty("PostgreSQL") as database:
        app = ledger.company(database, SIZE)
        costs = _costs(database, app)
        yield _of_costs(costs, _bytes(database))
    yield _simulated(costs)


def _costs(database: Database, app: App) -> dict[str, Cost]:
    def say(number: int, words: str) -> None:
        person = f"p{1 + number % (ledger.ASKERS - 1)}"
        app.hear(Sentence(words, person, Place("terminal", person)))

    def ask(count: int, words: str) -> None:
        for number in range(count):
            say(number, words)

    ask(ASKED // 4, "balance")  # until all is prepared
    record = partial(ledger.record, database)
    return {
        "a balance": cost(database, ASKED, partial(ask, ASKED, "balance")),
        "a request": cost(database, REQUESTED, partial(ask, REQUESTED, "request 5 for tests")),
        "a new charge": cost(database, ledger.RESTATED, partial(record, 0)),
        "a charge restated": cost(database, ledger.RESTATED, partial(record, 1)),
        "a charge told again": cost(database, ledger.RESTATED, partial(record, 1)),
    }


def _bytes(database: Database) -> dict[str, tuple[float, float]]:
    """Bytes a charge takes of each table, and of its keys."""

    def ask(conn: Connection) -> dict[str, tuple[float, float]]:
        of_tree = (
            "select coalesce(sum(pg_table_size(relid)), 0), coalesce(sum(pg_indexes_size(relid)), 0)"
            " from pg_partition_tree('charges')"
        )
        of_spend = "select pg_table_size('spend'), pg_indexes_size('spend')"
        count = conn.execute(text("select count(*) from charges")).scalar_one()
        found = {"charges": of_tree, "spend": of_spend}
        sizes = {name: conn.execute(text(said)).one() for name, said in found.items()}
        return {name: (float(table) / count, float(keys) / count) for name, (table, keys) in sizes.items()}

    return database.ask(ask)


def _of_costs(costs: dict[str, Cost], sizes: dict[str, tuple[float, float]]) -> Table:
    rows = [(what, f"{each.ours * 1e6:,.0f}", f"{each.database * 1e6:,.0f}") for what, each in costs.items()]
    notes = tuple(
        f"{name}: {table:.0f} bytes a charge, and {keys:.0f} of keys." for name, (table, keys) in sizes.items()
    )
    return Table("Processor time, µs", ("", "ours", "PostgreSQL's"), rows, notes)


def _simulated(costs: dict[str, Cost]) -> Table:
    rows = []
    for rate in RATES:
        for replicas in REPLICAS:
            waits, ours, theirs = _run(costs, rate, replicas)
            p99 = waits[len(waits) * 99 // 100] * 1_000
            if p99 > LONG_MS and replicas != REPLICAS[-1]:
                continue  # more replicas may help
            which = "" if p99 <= LONG_MS else ("PostgreSQL" if theirs > ours else "replicas")
            rows.append((f"{rate:,}", f"{replicas}", f"{p99:,.0f}", f"{ours:.0%}", f"{theirs:.0%}", which))
            break
    heads = ("commands/s", "replicas", "p99 ms", "replicas busy", "PostgreSQL busy", "what is too small")
    title = (
        f"Simulated: the fewest replicas for 99 of 100 within a second, {CORES} cores of PostgreSQL, a reading beside"
    )
    return Table(title, heads, rows)


def _run(costs: dict[str, Cost], rate: int, replicas: int) -> tuple[list[float], float, float]:
    """How long each command took, in order of length, and how busy replicas and PostgreSQL were."""
    chance = random.Random(SEED)
    at, arrivals = 0.0, []
    while (at := at + chance.expovariate(rate)) < LASTS_S:
        arrivals.append(at)
    kinds = [costs["a request" if chance.random() < REQUESTS_SHARE else "a balance"] for _ in arrivals]
    through, ours = _served(arrivals, [chance.expovariate(1 / each.ours) for each in kinds], replicas)
    asked = [
        (moment, chance.expovariate(1 / kind.database), number)
        for number, (moment, kind) in enumerate(zip(through, kinds, strict=True))
    ]
    cells = ingest.SLICE_CELLS_MAX  # nobody waits for a slice on PostgreSQL
    new = costs["a new charge"]
    every = cells * (new.ours + new.database)  # a reading makes the next slice when one is written
    asked += [(number * every, cells * new.database, -1) for number in range(int(LASTS_S / every))]
    asked.sort()
    done, theirs = _served([each[0] for each in asked], [each[1] for each in asked], CORES)
    waits = sorted(end - arrivals[number] for end, (_, _, number) in zip(done, asked, strict=True) if number >= 0)
    return waits, ours, theirs


def _served(arrivals: Sequence[float], takes: Sequence[float], servers: int) -> tuple[list[float], float]:
    """When each is done that comes to so many servers, first come, first served; and how busy these were."""
    free = [0.0] * servers
    done = []
    for arrival, takes_s in zip(arrivals, takes, strict=True):
        end = max(arrival, heapq.heappop(free)) + takes_s
        heapq.heappush(free, end)
        done.append(end)
    return done, sum(takes) / (servers * max(done, default=1.0))
