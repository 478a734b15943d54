"""python -m bench [NAME …]: run every benchmark, or those that are named, and print their tables.

Nothing here passes or fails: the tables are for reading, and docs/reference/benchmarks.md says how.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module

from bench.machine import described
from bench.table import Table

# By name, the module and its function. Only what runs is loaded: each process that measures begins with this module,
# and its memory is that of what is measured.
BENCHMARKS: Mapping[str, tuple[str, str]] = {
    "slash": ("slash", "bench"),
    "start": ("start", "bench"),
    "ledger": ("ledger", "bench"),
    "decisions": ("decisions", "bench"),
    "digest": ("digest", "bench"),
    "people": ("people", "bench"),
    "alerts": ("alerts", "bench"),
    "pull": ("pull", "bench"),
    "orders-beside-a-pull": ("orders", "bench"),
    "reconcile": ("reconcile", "bench"),
    "forecast": ("forecast", "bench"),
    "telemetry": ("telemetry", "bench"),
    "api": ("api", "bench"),
    "load": ("rush", "bench"),
    "pages": ("pages", "bench"),
    "lab": ("lab", "bench"),
}

# Only when they are named: they take long.
LARGE: Mapping[str, tuple[str, str]] = {
    "partitions": ("partitions", "bench"),
    "scale": ("scale", "bench"),
    "replica": ("replica", "bench"),
    "ledger-large": ("ledger", "bench_large"),
    "digest-large": ("digest", "bench_large"),
    "alerts-large": ("alerts", "bench_large"),
    "people-large": ("people", "bench_large"),
    "pages-large": ("pages", "bench_large"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Speed and memory, beside a floor.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"default {', '.join(BENCHMARKS)}; also {', '.join(LARGE)}"
    )
    names = parser.parse_args(argv).names or list(BENCHMARKS)
    unknown = [name for name in names if name not in {**BENCHMARKS, **LARGE}]
    if unknown:
        parser.error(f"there is no benchmark “{unknown[0]}”; there is {', '.join([*BENCHMARKS, *LARGE])}")
    print(described())
    for name in names:
        began = time.monotonic()
        for table in tables(name):
            print(f"\n{table}", flush=True)
        print(f"\n({name} took {time.monotonic() - began:.0f} s)", flush=True)
    return 0


def tables(name: str) -> Iterable[Table]:
    """The tables of a benchmark, each when it is measured."""
    module, function = {**BENCHMARKS, **LARGE}[name]
    run: Callable[[], Iterable[Table]] = getattr(import_module(f"bench.{module}"), function)
    return run()


if __name__ == "__main__":
    sys.exit(main())
