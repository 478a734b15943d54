"""Money for which nobody answers."""

from collections.abc import Iterator

from handlers.waste.usage import Peers, Usage, count, monthly
from storage.findings import Found


def unattributed(one: Usage, _peers: Peers) -> Iterator[Found]:
    """Whoever has left still spends, or a key, a user or a team of a provider was never linked to anybody."""
    if one.left and one.whole.cost_nanos:
        yield Found(
            one.account_id,
            "",
            "Still spends, though its owner has left",
            (("Requests in four weeks", count(one.whole.requests)),),
            "Give the key to somebody who answers for it, or end it.",
            monthly(one.whole.cost_nanos),
            None,
            "high",
        )
    for stray in one.strays:
        name = f"{stray.kind} {stray.identity}".strip() or "no name"
        yield Found(
            one.account_id,
            f"{stray.kind}/{stray.identity}",
            f"Nobody answers for {name}",
            (("Provider", stray.provider), ("Last used", f"{stray.last}")),
            "Say whose it is with link, or end it at the provider.",
            monthly(stray.cost_nanos),
            None,
            "high",
        )
