"""Figures about the bot itself, for Prometheus. Names of commands and kinds only: no people, no texts."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Histogram

HEARD = Histogram("bursar_heard_seconds", "Time to answer a sentence.", ["what"])
DELIVERED = Histogram("bursar_delivered_seconds", "Time to deliver an item of the outbox, failures included.", ["what"])


@contextmanager
def timed(histogram: Histogram, what: str) -> Iterator[None]:
    """Measure a block."""
    start = time.perf_counter()
    try:
        yield
    finally:
        histogram.labels(what).observe(time.perf_counter() - start)
