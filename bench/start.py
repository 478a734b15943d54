"""From the start of the process to the first "ready"; the memory that it holds, then and after a thousand commands."""

import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.load import drive
from bench.machine import LOAD_CORE, memory_mb, on_core
from bench.servers import Server, bare, bursar, fill, workspace
from bench.slash import ANSWERED
from bench.table import Table, aimed
from tests.support.fakes.slack import FakeSlack

STARTS = 5
COMMANDS = 1_000
CONNECTIONS = 16
SETTLE_S = 3.0
"""The clock ticks for the first time a second after the start."""

START_AIM_S = 2.0
MEMORY_AIM_MB = 150.0

FLOOR, OURS, NEW = "bare Bolt", "Bursar", "Bursar, first start: it makes its tables"

Start = Callable[[int], AbstractContextManager[Server]]


@dataclass(frozen=True, slots=True)
class Held:
    """Resident memory in MB: at rest after the start, after a thousand commands, and the most it ever was."""

    at_rest: float
    after: float
    most: float


def bench() -> list[Table]:
    """Start each in turn, several times; then let them hear a thousand commands."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bursar-bench-")))
        slack = stack.enter_context(FakeSlack())
        filled = f"sqlite:///{home}/filled.db"
        fill(filled, slack)
        starts: dict[str, Start] = {
            FLOOR: lambda _: bare(slack, home),
            OURS: lambda _: bursar(slack, home, filled),
            NEW: lambda turn: bursar(slack, home, f"sqlite:///{home}/new-{turn}.db"),
        }
        with on_core(LOAD_CORE):
            took = _took(starts)
            held = {name: _held(starts[name](0), says) for name, says in ((FLOOR, b""), (OURS, ANSWERED))}
    return [_of_starts(took), _of_memory(held)]


def _took(starts: Mapping[str, Start]) -> dict[str, list[Server]]:
    """The starts of each, the quickest first."""
    took: dict[str, list[Server]] = {name: [] for name in starts}
    for turn in range(1 + STARTS):
        for name, start in starts.items():
            with start(turn) as server:
                took[name].append(server)
    without_first = {name: each[1:] for name, each in took.items()}  # at the very first, Python compiles
    return {name: sorted(each, key=lambda server: server.took_s) for name, each in without_first.items()}


def _held(start: AbstractContextManager[Server], must_hold: bytes) -> Held:
    with start as server:
        time.sleep(SETTLE_S)
        at_rest, _ = memory_mb(server.pid)
        drive(server.port, workspace().commands("balance", COMMANDS), CONNECTIONS, must_hold=must_hold)
        return Held(at_rest, *memory_mb(server.pid))


def _of_starts(took: Mapping[str, list[Server]]) -> Table:
    middle = {name: median(server.took_s for server in each) for name, each in took.items()}
    return Table(
        "start: from the start of the process to the first “ready”",
        ("server", "seconds", f"all {STARTS} starts", "CPU s", "ratio", "aim"),
        [
            (
                name,
                f"{middle[name]:.2f}",
                f"{each[0].took_s:.2f}–{each[-1].took_s:.2f}",
                f"{min(server.took_cpu_s for server in each):.2f}",
                f"{middle[name] / middle[FLOOR]:.1f}",
                aimed(middle[name], at_most=START_AIM_S, digits=1) if name == OURS else "",
            )
            for name, each in took.items()
        ],
        ("Seconds and ratio are medians; CPU is the least. Bursar's database is read before, but at its first start.",),
    )


def _of_memory(held: Mapping[str, Held]) -> Table:
    floor = held[FLOOR].after
    return Table(
        "start: resident memory in MB",
        ("server", "at rest", f"after {COMMANDS:,} commands", "most ever", "ratio", "aim"),
        [
            (
                name,
                f"{each.at_rest:.0f}",
                f"{each.after:.0f}",
                f"{each.most:.0f}",
                f"{each.after / floor:.1f}",
                aimed(each.after, at_most=MEMORY_AIM_MB, digits=0) if name == OURS else "",
            )
            for name, each in held.items()
        ],
    )
