"""What tools cost besides the tokens: searches of the web, runs of code, files that are kept."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from handlers.language import N_
from handlers.money import percent
from handlers.waste.usage import Peers, Usage, add, monthly, plain
from storage.findings import Found, Said

# How reports call what is sold without tokens. A seat's product costs without tokens, too, and is none of these.
TOOLS = ("*search*", "*tool*", "*interpreter*", "*session*", "*container*", "*storage*", "*retrieval*")
SHARE_PERCENT_MIN = 10


def tool_fees(one: Usage, _peers: Peers) -> Iterator[Found]:
    """A tenth of the money pays for calls of tools. Whether they were needed is not seen, so nothing is claimed."""
    fees = [each for each in one.habits if not add([each]).weight and _is_tool(each.model)]
    cost = sum(each.cost_nanos for each in fees)
    if not cost or cost * 100 < one.whole.cost_nanos * SHARE_PERCENT_MIN:
        return
    calls = sum(each.requests for each in fees)
    yield Found(
        one.account_id,
        "",
        Said(
            N_("{percent} % of the spending is on tools, not tokens"), {"percent": percent(cost, one.whole.cost_nanos)}
        ),
        (
            (Said(N_("Tools")), plain(", ".join(sorted({each.model for each in fees})))),
            *(((Said(N_("Calls in four weeks")), plain(calls)),) if calls else ()),
        ),
        Said(N_("Let it search only when the answer needs it, and keep the results.")),
        monthly(cost),
        None,
        "high",
    )


def _is_tool(model: str) -> bool:
    return any(fnmatchcase(model.lower(), pattern) for pattern in TOOLS)
