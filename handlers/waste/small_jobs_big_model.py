"""Small jobs on the biggest model."""

from collections.abc import Iterator

from handlers.money import NANOS
from handlers.policy import STANDARD
from handlers.waste.usage import Peers, Usage, count, monthly, tokens_of
from storage.findings import Found

OUTPUT_MAX, INPUT_MAX = 300, 3_000
REQUESTS_MIN = 1_000
PROVEN_NANOS = 100 * NANOS
MOVED_PERCENT = 30


def small_jobs_big_model(one: Usage, peers: Peers) -> Iterator[Found]:
    """Thousands of short questions with short answers: a small model that is proven here does most of that."""
    top = one.top
    small = top.per_request("output") < OUTPUT_MAX and top.per_request("input") < INPUT_MAX
    instead = peers.cheapest(peers.below(["small", STANDARD], PROVEN_NANOS))
    if top.requests < REQUESTS_MIN or not small or not instead:
        return
    kept = monthly(top.cost_nanos - peers.price(instead, top.weight))
    if kept <= 0:
        return
    yield Found(
        one.account_id,
        instead,
        f"{count(top.requests)} small jobs run on the biggest model",
        (
            ("A request", f"{count(top.per_request('input'))} tokens in, {count(top.per_request('output'))} out"),
            ("Models", ", ".join(one.top_models)),
        ),
        f"Try {instead}, which is in use here, on a sample of the answers, and move what it does well.",
        monthly(top.cost_nanos),
        (kept * MOVED_PERCENT // 100, kept),
        "medium",
        tokens_of(one.top_models),
    )
