"""An older and more expensive model, though its successor is in use here."""

from collections.abc import Iterator

from handlers.language import N_
from handlers.waste.model_lines import version_of
from handlers.waste.usage import Peers, Usage, monthly, on_another, plain, tokens_of
from storage.findings import Found, Said

CHEAPER_PERCENT_MIN = 10
SURE_PERCENT = 70  # another model may need more tokens for the same
MOVING_PERCENT = 30


def older_model(one: Usage, peers: Peers) -> Iterator[Found]:
    """The same tokens at the price that the organization really pays for the successor."""
    for model, part in one.models.items():
        instead = peers.cheapest(_successors(model, peers))
        price = peers.price(instead, part.weight)
        if (
            not instead
            or price * 100 > part.cost_nanos * (100 - CHEAPER_PERCENT_MIN)
            or _is_moving(one, model, instead)
        ):
            continue
        kept, names = monthly(part.cost_nanos - price), {"model": model, "successor": instead}
        yield Found(
            one.account_id,
            model,
            Said(N_("{model} costs more than its successor {successor}"), names),
            ((Said(N_("Model")), plain(model)), on_another(instead, price, part.cost_nanos)),
            Said(N_("Replace {model} with {successor}, and compare some answers."), names),
            monthly(part.cost_nanos),
            (kept * SURE_PERCENT // 100, kept),
            "medium",
            tokens_of([model]),
        )


def _successors(model: str, peers: Peers) -> list[str]:
    """Models in use of the same line and size, and with a later version."""
    mine = version_of(model)
    others = {other: version_of(other) for other in peers.models} if mine else {}
    return [
        other
        for other, theirs in others.items()
        if mine and theirs and theirs.line == mine.line and theirs.number > mine.number
    ]


def _is_moving(one: Usage, model: str, instead: str) -> bool:
    """Whether the successor is in use beside it already: who compares them, or moves step by step, needs no advice."""
    new = one.models[instead].requests if instead in one.models else 0
    return new > 0 and new * 100 >= one.models[model].requests * MOVING_PERCENT
