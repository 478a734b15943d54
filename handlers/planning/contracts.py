"""Contracts: how far each is drawn, until when notice can be given, and what each model really costs."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, time

from handlers.access import sees_all
from handlers.arguments import One
from handlers.card import Block, Button, Card, Facts, Heading, Table
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.money import percent
from handlers.planning.contract_cards import facts
from handlers.planning.drawdown import WEEK, WEEKS, Standing, running, standing_of
from handlers.policy import Contract
from handlers.pricing import list_cost
from handlers.provenance import as_of
from storage import spend
from storage.tables import ORGANIZATION

MODELS_MAX = 20
MILLION = 10**6


def contracts(ctx: Context, name: One = "") -> Card:
    """Contracts with vendors: how far each is drawn, when it is used up or what lapses, and when notice is due.

    With its name, “contracts cursor”, also what each model really costs you, beside its list price.
    """
    seen = [each for each in running(ctx) if may_see_contract(ctx, each) and name.lower() in ("", each.name)]
    if not seen:
        if name:
            raise unknown_contract(name)
        if sees_all(ctx):
            raise RefusedError("There are no contracts. Add them to app.yaml under “contracts:”.")
        raise RefusedError("Only finance, admins and whoever owns a contract see it.")
    blocks: list[Block] = []
    for each in sorted(seen, key=lambda one: (one.ends <= ctx.today, one.notice_until, one.name)):
        standing = standing_of(ctx, each)
        blocks += [Heading(each.name), Facts(tuple(facts(ctx, standing)))]
        blocks += _effective(ctx, standing) if len(seen) == 1 else []
        if len(seen) > 1:
            blocks.append(Button(ctx.t("What does each model cost?"), f"contracts {each.name}"))
        blocks.append(Button(ctx.t("What if it costs more?"), f"renewal {each.name} +20 %"))
    title = ctx.nt("{n} contract", "{n} contracts", len(seen))
    return Card(title, (*blocks, as_of(ctx)))


def _effective(ctx: Context, standing: Standing) -> Iterator[Block]:
    """What a million tokens of each model cost by the list and really: also what lapses unused is paid for."""
    provider, end = standing.contract.provider, standing.known_until
    first = end - WEEK * WEEKS
    start = datetime.combine(first, time(), UTC)
    paid = Counter[str]()
    for _, each in spend.daily_at(ctx.conn, provider, first, end, ORGANIZATION):
        paid[each.name] += each.cost_nanos
    left = standing.left_at_the_end(standing.pace) if standing.commitment else 0
    used = max(1, standing.commitment - left)
    currency, rows = ctx.policy.organization.currency, []
    for model, tokens in spend.kinds_at(ctx.conn, provider, first, end).items():
        cost, count = list_cost(model, tokens, start), sum(tokens)
        listed = ctx.policy.convert(cost, "USD", first) if cost else None
        if not listed or not listed[0] or not paid[model]:
            continue
        really = paid[model] * standing.commitment // used if left else paid[model]
        shown = [ctx.amount(each * MILLION // count, currency) for each in (listed[0], really)]
        rows.append((model, *shown, ctx.percent(percent(really, listed[0]))))
    heads = (ctx.t("Model"), ctx.t("List price"), ctx.t("You pay"), ctx.t("Of the list"))
    if rows:
        caption = ctx.t("A million tokens as you use them, last four weeks; you pay for what lapses, too")
        yield Table(caption, heads, tuple(rows[:MODELS_MAX]), "lrrr")


def may_see_contract(ctx: Context, contract: Contract) -> bool:
    """Whether whoever asks sees a contract: finance, admins and its owner do."""
    return sees_all(ctx) or (bool(contract.owner) and contract.owner == ctx.person.id)


def unknown_contract(name: str) -> RefusedError:
    """The answer to whoever names a contract that does not exist, or that they do not see: the same."""
    return RefusedError("There is no contract “{name}” that you may see. To see them, say: contracts", name=name)
