"""Requests that are several times as large as those of others on the same model."""

from collections.abc import Iterator

from handlers.language import N_
from handlers.waste.usage import (
    INPUT_KINDS,
    OUTPUT,
    Part,
    Peers,
    Size,
    Usage,
    add,
    monthly,
    some_tokens,
    tokens_of,
    unknown,
)
from storage.findings import Found, Said

TIMES_MIN = 3
SHARE_PERCENT_MIN = 50  # of the money and of the requests must go to models on which it is so
DOUBT = unknown(N_("whether the work needs it"))


def context_bloat(one: Usage, peers: Peers) -> Iterator[Found]:
    """The input is three times the median of those whose answers are about as long."""
    models = _larger(one, peers, "input")
    if not models:
        return
    excess = sum(_excess(one.models[model], usual) for model, usual in models.items())
    sizes = _sizes(one, models, "input")
    yield Found(
        one.account_id,
        "",
        Said(N_("Sends much more context than others")),
        ((Said(N_("Input per request")), sizes[0]), (Said(N_("Median of others")), sizes[1]), DOUBT),
        Said(N_("Start a new session for each task, and add files only when they are needed.")),
        monthly(one.whole.cost_nanos),
        (0, monthly(excess) * 9 // 10),
        "low",
        tokens_of(models, INPUT_KINDS),
    )


def verbose_output(one: Usage, peers: Peers) -> Iterator[Found]:
    """The output is three times the median of those whose input is about as large."""
    models = _larger(one, peers, "output")
    if not models:
        return
    parts = {model: one.models[model] for model in models}
    excess = sum(part.worth((part.output - models[model] * part.requests) * OUTPUT) for model, part in parts.items())
    sizes = _sizes(one, models, "output")
    yield Found(
        one.account_id,
        "",
        Said(N_("Gets much longer answers than others")),
        ((Said(N_("Output per request")), sizes[0]), (Said(N_("Median of others")), sizes[1]), DOUBT),
        Said(N_("Ask for the change instead of the whole file, and set a limit for thinking.")),
        monthly(one.whole.cost_nanos),
        (0, monthly(excess)),
        "low",
        tokens_of(models, ["tokens_output"]),
    )


def _larger(one: Usage, peers: Peers, size: Size) -> dict[str, int]:
    """The models on which one's requests are so much larger, with the usual size; none if they are a side-line.

    Programs differ by design, so only people are compared.
    """
    if not one.person:
        return {}
    usual = {model: peers.usual(model, size, part, person=True) for model, part in one.models.items()}
    found = {
        model: known
        for model, known in usual.items()
        if known and one.models[model].per_request(size) >= TIMES_MIN * known
    }
    part = add(one.models[model] for model in found)
    most = part.cost_nanos * 100 >= one.whole.cost_nanos * SHARE_PERCENT_MIN
    return found if most and part.requests * 100 >= one.whole.requests * SHARE_PERCENT_MIN else {}


def _excess(part: Part, usual: int) -> int:
    """What the input above the usual costs, at the blend of plain and cached that it has."""
    inputs = Part(part.cost_nanos, (*part.tokens[:4], 0), part.requests, part.failed)
    cost = part.worth(inputs.weight)
    return cost * (part.input - usual * part.requests) // part.input


def _sizes(one: Usage, models: dict[str, int], size: Size) -> tuple[Said, Said]:
    main = max(models, key=lambda model: one.models[model].cost_nanos)
    tokens = one.models[main].per_request(size)
    return Said(N_("{count} tokens on {model}"), {"count": tokens, "model": main}), some_tokens(models[main])
