"""The C library's heap, where what SQLite, psycopg and matplotlib take lies, and what of Python's is large.

glibc gives each thread a heap of its own, up to eight for each core. What one thread gave back no other one takes, so a
bot whose threads take turns holds several times what it needs. Measured with 2 cores and 8 connections: 160 MB after a
thousand questions with heaps for each, 139 with one for all, and the same CPU, for Python's own lock lets one thread
run at a time anyway.
"""

import ctypes
from collections.abc import Mapping

ARENA_MAX = -8
"""M_ARENA_MAX of glibc's malloc.h, see mallopt(3)."""
ARENAS = 1
SAID_BY = ("MALLOC_ARENA_MAX", "GLIBC_TUNABLES")
"""By these an operator says it, and then it stands."""


def share_one_heap(environ: Mapping[str, str]) -> bool:
    """Let all threads share one heap, as long as there is one thread only; whether that was done.

    Elsewhere than with glibc (macOS, musl) nothing is done.

    Args:
        environ: where an operator may have said how many heaps there are.
    """
    if any(name in environ for name in SAID_BY):
        return False
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    return set_option is not None and set_option(ARENA_MAX, ARENAS) == 1
