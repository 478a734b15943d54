"""What only programs tell of themselves: which sub-agent burns most, and which MCP server's results cost most."""

from collections.abc import Iterator

from handlers.language import N_
from handlers.money import percent
from handlers.waste.usage import Peers, ToldUse, Usage, monthly, plain, share
from storage.findings import Found, Said

SUBAGENT_PERCENT_MIN, SERVER_PERCENT_MIN = 40, 25


def costly_subagent(one: Usage, _peers: Peers) -> Iterator[Found]:
    """One sub-agent takes the larger part of what an account's programs told. Whether it pays is not seen."""
    for most, whole in _most(one, "subagent", SUBAGENT_PERCENT_MIN):
        yield Found(
            one.account_id,
            most.name,
            Said(
                N_("The sub-agent {name} takes {percent} % of the spending that programs told"),
                {"name": most.name, "percent": percent(most.cost_nanos, whole)},
            ),
            (
                (Said(N_("Models")), plain(", ".join(most.models))),
                (Said(N_("Of all that was told")), share(most.cost_nanos, whole)),
            ),
            Said(N_("Give it a smaller model, or a narrower task.")),
            monthly(most.cost_nanos),
            None,
            "medium",
        )


def costly_mcp_server(one: Usage, _peers: Peers) -> Iterator[Found]:
    """The results of one MCP server cost a quarter of what an account's programs told."""
    for most, whole in _most(one, "mcp_server", SERVER_PERCENT_MIN):
        yield Found(
            one.account_id,
            most.name,
            Said(
                N_("Results of the MCP server {name} take {percent} % of the spending that programs told"),
                {"name": most.name, "percent": percent(most.cost_nanos, whole)},
            ),
            (
                (Said(N_("Models")), plain(", ".join(most.models))),
                (Said(N_("Of all that was told")), share(most.cost_nanos, whole)),
            ),
            Said(N_("Let its tools return less: what they return is read again with every request that follows.")),
            monthly(most.cost_nanos),
            None,
            "medium",
        )


def _most(one: Usage, dimension: str, percent_min: int) -> Iterator[tuple[ToldUse, int]]:
    """What costs most of a dimension, and what all of it costs, if that is so large a part."""
    told = [each for each in one.told if each.dimension == dimension]
    whole = sum(each.cost_nanos for each in told)
    named = [each for each in told if each.name]
    most = max(named, key=lambda each: (each.cost_nanos, each.name), default=None)
    if most and most.cost_nanos > 0 and most.cost_nanos * 100 >= whole * percent_min:
        yield most, whole
