"""The providers: how well each is read, and what it can and cannot do."""

from handlers.access import sees_all
from handlers.arguments import One
from handlers.card import Block, Button, Card, Facts, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.policy import Vendor
from storage import limits, pulls, spend
from storage.pulls import Pull
from storage.spend import Unallocated

ABLE = {
    "charges": "reads usage and cost",
    "people": "reads its people",
    "limits": "reads limits",
    "set_limit": "sets limits",
    "pause": "pauses",
    "increase_requests": "takes its requests for more to the manager",
    "seats": "reads seats",
    "outcomes": "reads outcomes",
}


def providers(ctx: Context, provider: One = "") -> Card:
    """How well each provider is read, and what it can and cannot do: `providers litellm`. For finance and admins."""
    if not sees_all(ctx):
        raise RefusedError("How the providers do is for finance and admins.")
    vendors = [each for each in ctx.policy.vendors if provider in ("", each.name)]
    if not vendors:
        known = ", ".join(each.name for each in ctx.policy.vendors) or "none"
        raise RefusedError(f"There is no provider “{provider}” in app.yaml; there is {known}.")
    reads = {each.provider: each for each in pulls.pulled(ctx.conn)}
    unlinked = spend.unallocated(ctx.conn)
    troubled = [each for each in vendors if each.name not in reads or reads[each.name].error]
    rows = tuple(_row(ctx, each, reads.get(each.name), unlinked) for each in vendors)
    blocks: list[Block] = [
        Table("Reading", ("Provider", "Last read", "Through", "Rows", "Unlinked", "Trouble"), rows, "lllrrl"),
        *(_abilities(ctx, each) for each in vendors),
        *(Text(f"{each.service}: {sentence}") for each in vendors for sentence in each.cannot),
        Button("Who is not linked?", "link"),
    ]
    if any("limits" in each.can for each in vendors):
        blocks.append(Button("Their limits", "limits"))
    silent = f"{len(troubled)} of {len(vendors)} providers do not answer"
    title = silent if troubled else "All providers answer"
    return Card(title, tuple(blocks), "warn" if troubled else "good")


def _row(ctx: Context, vendor: Vendor, pull: Pull | None, unlinked: list[Unallocated]) -> tuple[str, ...]:
    mine = sum(each.provider == vendor.name for each in unlinked)
    if pull is None:
        return vendor.service, "never", "", "", str(mine), "not read yet"
    read = ctx.moment(pull.done_at) if pull.done_at else "never"
    through = ctx.day(pull.through) if pull.through else ""
    return vendor.service, read, through, str(pull.rows_seen), str(mine), pull.error or "none"


def _abilities(ctx: Context, vendor: Vendor) -> Facts:
    can = ", ".join(words for name, words in ABLE.items() if name in vendor.can)
    facts = [(vendor.service, can or "nothing")]
    held = limits.of_provider(ctx.conn, vendor.name) if "limits" in vendor.can else []
    if held:
        capped = sum(each.seen_nanos is not None for each in held)
        facts.append(("Limits there", f"{capped} set, {len(held) - capped} without a cap"))
    return Facts(tuple(facts))
