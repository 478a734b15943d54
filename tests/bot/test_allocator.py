"""One heap for all threads, unless an operator says otherwise. Each is tried in a process of its own."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from bot.allocator import SAID_BY
from tests.support.paths import ROOT

pytestmark = pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_stats"),
    reason="the C library is not glibc, which has a heap for each thread",
)

PROGRAM = """
import ctypes, os, threading
from bot.allocator import share_one_heap
print(share_one_heap(os.environ))
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
together = threading.Barrier(4)
def take():
    together.wait()
    library.malloc(1_000)
    together.wait()
threads = [threading.Thread(target=take) for _ in range(4)]
for each in threads: each.start()
for each in threads: each.join()
library.malloc_stats()
"""


def _run(environ: Mapping[str, str]) -> tuple[str, int]:
    """What it said, and how many heaps there were after four threads had taken some memory."""
    plain = {name: value for name, value in os.environ.items() if name not in SAID_BY}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env={**plain, **environ}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip(), done.stderr.count("Arena ")


def test_all_threads_share_one_heap() -> None:
    """By itself the C library gives each its own."""
    assert _run({}) == ("True", 1)


@pytest.mark.parametrize("name", SAID_BY)
def test_an_operators_word_stands(name: str) -> None:
    """Who sets how many there are wants that many."""
    value = {"MALLOC_ARENA_MAX": "8", "GLIBC_TUNABLES": "glibc.malloc.arena_max=8"}[name]

    said, heaps = _run({name: value})

    assert said == "False"
    assert heaps > 1
