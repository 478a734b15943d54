"""What tools cost besides the tokens: searches of the web, runs of code, files that are kept."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from handlers.waste.usage import Peers, Usage, add, count, monthly, share
from storage.findings import Found

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
        f"{share(cost, one.whole.cost_nanos)} of the money pays for tools, not for tokens",
        (
            ("Tools", ", ".join(sorted({each.model for each in fees}))),
            *((("Calls in four weeks", count(calls)),) if calls else ()),
        ),
        "Let it search only where the answer needs it, and keep what was found.",
        monthly(cost),
        None,
        "high",
    )


def _is_tool(model: str) -> bool:
    return any(fnmatchcase(model.lower(), pattern) for pattern in TOOLS)
