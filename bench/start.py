"""From the start of the process to the first "ready"; what a command costs that answers and ends.

And the memory that a server holds: at rest, after a thousand commands, and while a day's work of a company goes on.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.load import MeasurementError, drive
from bench.machine import LOAD_CORE, memory_mb, on_core
from bench.servers import ROOT, Server, bare, bursar, fill, surroundings, workspace
from bench.slash import ANSWERED
from bench.table import Table, aimed
from tests.support.fakes.slack import FakeSlack

STARTS = 5
COMMANDS = 1_000
CONNECTIONS = 16
SETTLE_S = 3.0
"""The clock ticks for the first time a second after the start."""

DAY_ROUNDS = 10
DAY_COMMANDS = 10_000
DAY_ASKED = (("balance", 8), ("spend by model", 1), ("forecast", 1))
"""What is asked in a round, and how many of ten times."""
DAY_PLACE = "C0DAY"
EACH_MINUTE = "* * * * *"

START_AIM_S = 2.0
SAY_AIM_S = 0.7
GROWTH_AIM = 1.05
MEMORY_AIM_MB = 150.0

SAY = ("-m", "bot", "say", "balance", "--as", "ana")
SAID: Mapping[str, Sequence[str]] = {
    "python -c pass": ("-c", "pass"),
    "import sqlalchemy, httpx": ("-c", "import sqlalchemy, httpx"),
    "bursar --help": ("-m", "bot", "--help"),
    "bursar say balance": SAY,
}
"""Commands, the second of which is the floor of the last: what speaks with databases and providers."""

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
            said = _said(home, filled)
            day = list(_day(slack, home, filled))
    return [_of_starts(took), _of_commands(said), _of_memory(held), _of_a_day(day)]


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


def _said(home: Path, filled: str) -> dict[str, float]:
    """The CPU seconds of each command, the least of some turns after one in which Python compiles."""
    config = home / "say.yaml"
    config.write_text((ROOT / "app.yaml").read_text())
    environ = {**surroundings(), "BURSAR_CONFIG": str(config), "DATABASE_URL": filled, "PYTHONPATH": str(ROOT)}
    took: dict[str, list[float]] = {name: [] for name in SAID}
    for _ in range(1 + STARTS):
        for name, words in SAID.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run([sys.executable, *words], cwd=home, env=environ, capture_output=True, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            if words is SAY and ANSWERED not in done.stdout:
                raise MeasurementError(f"{name} gave no balance:\n{done.stdout.decode()}{done.stderr.decode()}")
            took[name].append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return {name: min(each[1:]) for name, each in took.items()}


@dataclass(frozen=True, slots=True)
class Hour:
    """Where a server stands in its day: how much it was asked, what it posted, and MB that it holds."""

    asked: int
    posted: int
    mb: float


def _day(slack: FakeSlack, home: Path, filled: str) -> Iterator[Hour]:
    """A day's commands in rounds, while each minute the provider is read, and digests with charts are posted."""
    slack.add_channel(DAY_PLACE)
    place = f"slack:{DAY_PLACE}"
    schedule = [{"at": EACH_MINUTE, "say": words, "in": place} for words in ("digest", "digest of team search")]
    with bursar(slack, home, filled, {"schedule": schedule}, read=EACH_MINUTE) as server:
        time.sleep(SETTLE_S)
        for hour in range(DAY_ROUNDS + 1):
            yield Hour(hour * DAY_COMMANDS, len(slack.uploads), memory_mb(server.pid)[0])
            for words, tenths in DAY_ASKED:
                drive(server.port, workspace().commands(words, DAY_COMMANDS * tenths // 10), CONNECTIONS, seconds=600)


def _of_commands(said: Mapping[str, float]) -> Table:
    floor = said["import sqlalchemy, httpx"]
    return Table(
        "start: a command that answers and ends, CPU seconds of its process",
        ("command", "CPU s", "ratio", "aim"),
        [
            (
                name,
                f"{each:.3f}",
                f"{each / floor:.2f}",
                aimed(each, at_most=SAY_AIM_S) if SAID[name] is SAY else "",
            )
            for name, each in said.items()
        ],
        (f"The least of {STARTS} turns. Python has compiled before; the sample company is read.",),
    )


def _of_a_day(day: Sequence[Hour]) -> Table:
    half = day[len(day) // 2].mb
    return Table(
        "start: resident memory in MB while a day's work goes on",
        ("commands", "MB", "of the half", "pictures posted", "aim"),
        [
            (
                f"{hour.asked:,}",
                f"{hour.mb:.0f}",
                f"{hour.mb / half:.2f}",
                f"{hour.posted}",
                aimed(hour.mb / half, at_most=GROWTH_AIM) if hour is day[-1] else "",
            )
            for hour in day
        ],
        ("Each minute the provider is read, and two digests with their charts are posted.",),
    )


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
