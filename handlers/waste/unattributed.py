"""Money for which nobody answers."""

from collections.abc import Iterator

from handlers.language import N_
from handlers.waste.usage import Peers, Usage, monthly, plain
from storage.findings import Found, Said


def unattributed(one: Usage, _peers: Peers) -> Iterator[Found]:
    """Whoever has left still spends, or a key, a user or a team of a provider was never linked to anybody."""
    if one.left and one.whole.cost_nanos:
        yield Found(
            one.account_id,
            "",
            Said(N_("Still spends, although its owner has left")),
            ((Said(N_("Requests in four weeks")), plain(one.whole.requests)),),
            Said(N_("Give the key to a new owner, or revoke it.")),
            monthly(one.whole.cost_nanos),
            None,
            "high",
        )
    for stray in one.strays:
        name = f"{stray.kind} {stray.name or stray.identity}".strip()
        yield Found(
            one.account_id,
            f"{stray.kind}/{stray.identity}",
            Said(N_("{name} has no owner"), {"name": name}) if name else Said(N_("Usage without a name has no owner")),
            ((Said(N_("Provider")), plain(stray.provider)), (Said(N_("Last used")), plain(f"{stray.last}"))),
            Said(N_("Link it to its owner with “link”, or revoke it at the provider.")),
            monthly(stray.cost_nanos),
            None,
            "high",
        )
