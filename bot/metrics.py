"""Figures about the bot itself, for Prometheus. Names of commands and kinds only: no people, no texts."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Gauge, Histogram

from bot.tracing import Span, span

HEARD = Histogram("bursar_heard_seconds", "Time to answer a sentence.", ["what"])
DELIVERED = Histogram("bursar_delivered_seconds", "Time to deliver an item of the outbox, failures included.", ["what"])


@contextmanager
def timed(histogram: Histogram, what: str, kind: str, **more: str) -> Iterator[Span]:
    """Measure a block, and let it be a span where traces are kept.

    Args:
        histogram: in which its time is counted.
        what: its label there.
        kind: of work: a sentence, an order, a reading, …
        more: said in traces only, such as a provider.
    """
    start = time.perf_counter()
    try:
        with span(f"{kind} {what}", {f"bursar.{name}": value for name, value in more.items()}) as one:
            yield one
    finally:
        histogram.labels(what).observe(time.perf_counter() - start)


QUESTIONS = Counter(
    "bursar_questions",
    "Questions that a read replica may answer, by who answered.",
    ["server", "why"],
)


def answered(why: str) -> None:
    """Count a question that a read replica may answer.

    Args:
        why: the primary had to; "" if the replica did.
    """
    QUESTIONS.labels("primary" if why else "replica", why).inc()


OUTBOX = Gauge("bursar_outbox_rows", "Items that are due, by state: open or parked.", ["target", "kind", "state"])
OLDEST = Gauge("bursar_outbox_oldest_seconds", "How long the oldest open item is due.", ["target", "kind"])
PAUSED = Gauge("bursar_platform_paused_seconds", "How long a chat platform has taken nothing.", ["platform", "why"])
STOPPED = Gauge("bursar_provider_paused_seconds", "How long a provider has taken nothing.", ["provider", "why"])
CONNECTED = Gauge("bursar_platform_connected", "Whether Slack's socket stands (1).", ["platform"])
READ = Gauge("bursar_reading_success_timestamp_seconds", "When a provider was last read whole.", ["provider"])
ASIDE = Gauge("bursar_set_aside_rows", "Rows that could not be understood.", ["provider"])
UNPRICED = Gauge("bursar_unpriced_tokens", "Tokens of the last 30 days without a price.", ["provider"])
UNREACHED = Gauge("bursar_unreachable_people", "People for whom messages wait and of whom no account is known.")
UNWRITABLE = Gauge("bursar_database_unwritable", "Whether the database takes no writes (1).")
UNUSED = Gauge("bursar_replica_unused", "Whether the read replica can't be used (1).")
