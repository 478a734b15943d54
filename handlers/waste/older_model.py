"""An older and more expensive model, though its successor is in use here."""

import re
from collections.abc import Iterator

from handlers.language import N_
from handlers.waste.usage import Peers, Usage, monthly, on_another, plain, tokens_of
from storage.findings import Found, Said

CHEAPER_PERCENT_MIN = 10
SURE_PERCENT = 90
_DATE = re.compile(r"[-@]?\d{4}-?\d{2}-?\d{2}")
_NUMBER = re.compile(r"\d+")


def older_model(one: Usage, peers: Peers) -> Iterator[Found]:
    """The same tokens at the price that the organization really pays for the successor."""
    for model, part in one.models.items():
        instead = peers.cheapest(_successors(model, peers))
        price = peers.price(instead, part.weight)
        if not instead or price * 100 > part.cost_nanos * (100 - CHEAPER_PERCENT_MIN):
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
            "high",
            tokens_of([model]),
        )


def _successors(model: str, peers: Peers) -> list[str]:
    """Models in use of the same name and a later number."""
    family, version = _version(model)
    named = [(other, *_version(other)) for other in peers.models]
    return [other for other, theirs, number in named if theirs == family and number > version > ()]


def _version(model: str) -> tuple[str, tuple[int, ...]]:
    """A model's name without its numbers, and these: claude-opus-4-1 is of claude-opus, the numbers are 4 and 1."""
    name = _DATE.sub("", model.rpartition("/")[2].lower())
    return re.sub(r"[\d.\-_]+", "-", name).strip("-"), tuple(map(int, _NUMBER.findall(name)))
