"""Small jobs on the biggest model."""

from collections.abc import Iterator

from handlers.language import N_
from handlers.money import NANOS
from handlers.policy import STANDARD
from handlers.waste.usage import Peers, Usage, monthly, plain, tokens_of, unknown
from storage.findings import Found, Said

OUTPUT_MAX, INPUT_MAX = 300, 3_000
REQUESTS_MIN = 1_000
OTHERS_TIMES = 2  # a third of all requests goes to smaller models then
PROVEN_NANOS = 100 * NANOS


def small_jobs_big_model(one: Usage, peers: Peers) -> Iterator[Found]:
    """Thousands of short questions with short answers: a small model that is proven here does most of that.

    Not where a smaller model is asked often already, which hands on what it is not sure of, nor where models are
    compared.
    """
    top = one.top
    if one.is_comparison or (one.whole.requests - top.requests) * OTHERS_TIMES >= top.requests:
        return
    small = top.per_request("output") < OUTPUT_MAX and top.per_request("input") < INPUT_MAX
    instead = peers.cheapest(peers.below(["small", STANDARD], PROVEN_NANOS))
    if top.requests < REQUESTS_MIN or not small or not instead:
        return
    kept = monthly(top.cost_nanos - peers.price(instead, top.weight))
    if kept <= 0:
        return
    sizes = {"input": top.per_request("input"), "output": top.per_request("output")}
    yield Found(
        one.account_id,
        instead,
        Said(N_("{count} small jobs run on a flagship model"), {"count": top.requests}),
        (
            (Said(N_("Average request")), Said(N_("{input} tokens in, {output} tokens out"), sizes)),
            (Said(N_("Models")), plain(", ".join(one.top_models))),
            unknown(N_("whether a smaller model answers as well")),
        ),
        Said(
            N_("Try {model}, which is already in use here, on a sample, and move what it does well."),
            {"model": instead},
        ),
        monthly(top.cost_nanos),
        (0, kept),
        "low",
        tokens_of(one.top_models),
    )
