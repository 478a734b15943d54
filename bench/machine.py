"""The machine: which core does what, and what a process has used. Where there is no /proc, a figure is NaN."""

import math
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SERVER_CORE, LOAD_CORE = 0, 1
"""The server is measured on one core; what makes the load, and looks on, has the other."""

_KIB, _MB = 1024, 1_000_000


def described() -> str:
    """The machine in a line."""
    model = next((value for key, value in _fields(Path("/proc/cpuinfo"))[::-1] if key == "model name"), "")
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"{os.cpu_count()} cores{f' ({model})' if model else ''}, {platform.system()}, "
        f"Python {platform.python_version()}, load before we began: {load}"
    )


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Keep this thread, and what it starts, on one core; where that cannot be said, it runs anywhere."""
    if not hasattr(os, "sched_setaffinity") or core not in os.sched_getaffinity(0):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_s(pid: int) -> float:
    """Seconds of a core that a process has used so far, in all its threads."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return math.nan
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> tuple[float, float]:
    """Resident memory of a process in MB (10⁶ bytes): now, and the most it ever was."""
    fields = dict(_fields(Path(f"/proc/{pid}/status")))
    now, most = (
        float(fields[name].split()[0]) * _KIB / _MB if name in fields else math.nan for name in ("VmRSS", "VmHWM")
    )
    return now, most


class Core:
    """How busy a core has been since this was made."""

    def __init__(self, core: int) -> None:
        self._core = core
        self._began_s = time.monotonic()
        self._busy_before_s = self._busy_s()

    def busy(self) -> float:
        """The share of the time in which somebody used it, a neighbour of the virtual machine included."""
        return (self._busy_s() - self._busy_before_s) / (time.monotonic() - self._began_s)

    def _busy_s(self) -> float:
        """All but idle and waiting for a disk; see proc(5)."""
        try:
            lines = [line.split() for line in Path("/proc/stat").read_text().splitlines()]
        except OSError:
            return math.nan
        jiffies = next((line[1:9] for line in lines if line[0] == f"cpu{self._core}"), None)
        if jiffies is None:
            return math.nan
        user, nice, system, _idle, _disk, hard, soft, stolen = map(int, jiffies)
        return (user + nice + system + hard + soft + stolen) / os.sysconf("SC_CLK_TCK")


def _fields(path: Path) -> list[tuple[str, str]]:
    """The lines "name: value" of a file, none if there is no such file."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return []
    return [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
