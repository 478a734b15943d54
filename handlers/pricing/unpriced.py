"""Models without a price: what was used of them is in no sum of money, so it is said wherever such a sum stands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from handlers.card import Block, Button, Card, Table, Text
from handlers.context import Context
from handlers.events import CheckPrices
from handlers.model_names import is_own_hardware
from handlers.notify import tell_finance
from storage import prices, spend
from storage.spend import Unpriced
from storage.tables import ORGANIZATION

DAYS = 35
"""Tokens of so many days are looked at: who stopped using a model needs no price for it."""

MANY, TIMES = 100_000_000, 10
"""Finance is told again when it is so many tokens at least, and so many times what they were told."""

USERS_MAX = 5
ROWS_MAX = 10
BUTTONS_MAX = 3


@dataclass(frozen=True, slots=True)
class UnpricedModel:
    """A model of which tokens have no price.

    Args:
        model: its name as reported.
        providers: where.
        tokens: how many have no price.
        first: the first day.
    """

    model: str
    providers: tuple[str, ...]
    tokens: int
    first: date


def unpriced_models(ctx: Context) -> list[UnpricedModel]:
    """The models that were used without a price in the last 35 days, most tokens first."""
    rows: dict[str, list[Unpriced]] = {}
    for each in spend.unpriced(ctx.conn, ORGANIZATION, ctx.today - timedelta(days=DAYS)):
        rows.setdefault(each.model, []).append(each)
    found = [
        UnpricedModel(
            model,
            tuple(sorted({each.provider for each in some})),
            sum(each.tokens for each in some),
            min(each.first for each in some),
        )
        for model, some in rows.items()
    ]
    return sorted(found, key=lambda each: (-each.tokens, each.model))


def in_short(ctx: Context, found: Sequence[UnpricedModel]) -> str:
    """Such as "950M tokens of 2 models"."""
    tokens = ctx.amount(sum(each.tokens for each in found), "tokens")
    if len(found) == 1:
        return ctx.t("{tokens} of {model}", tokens=tokens, model=named(ctx, found[0].model))
    return ctx.nt("{tokens} of {n} model", "{tokens} of {n} models", len(found), tokens=tokens)


def check_prices(ctx: Context, _event: CheckPrices) -> None:
    """Tell finance of models that are used and have no price: once of each, and again when it is far more.

    The guard counts money, so it is blind to them: a loop on such a model is heard of here.
    """
    told = prices.told(ctx.conn)
    found = unpriced_models(ctx)
    new = [each for each in found if each.model not in told]
    grown = [each for each in found if each.model in told and each.tokens >= max(MANY, TIMES * told[each.model])]
    prices.note_told(ctx.conn, {each.model: each.tokens for each in (*new, *grown)}, ctx.now)
    at = f"{ctx.now:%Y-%m-%dT%H:%M:%S.%f}"
    if new:
        tell_finance(ctx, f"unpriced/{at}", lambda reader: _news(reader, new))
    if grown:
        since = min(each.first for each in grown)
        users = spend.unpriced_users(ctx.conn, [each.model for each in grown], since, USERS_MAX)
        ctx.look_up([account for account, _ in users])
        tell_finance(ctx, f"unpriced-grown/{at}", lambda reader: _grown(reader, grown, users))


def _grown(ctx: Context, grown: Sequence[UnpricedModel], users: Sequence[tuple[str, int]]) -> Card:
    title = ctx.t("{tokens} without a price", tokens=in_short(ctx, grown))
    why = ctx.t("No budget in money limits them, and no alert about money counts them.")
    rows = tuple(sorted((_called(ctx, account), ctx.amount(tokens, "tokens")) for account, tokens in users))
    by = Table(ctx.t("Used by"), (ctx.t("Account"), ctx.t("Used")), rows, "lr")
    return Card(title, (Text(why), table(ctx, grown), by, *buttons(ctx, grown)), "bad")


def _called(ctx: Context, account_id: str) -> str:
    account = ctx.account(account_id)
    return ctx.called(account) if account else account_id


def _news(ctx: Context, new: Sequence[UnpricedModel]) -> Card:
    if len(new) == 1:
        title = ctx.t("No price is known for {model}", model=named(ctx, new[0].model))
    else:
        title = ctx.nt("No price is known for {n} model", "No price is known for {n} models", len(new))
    why = ctx.t(
        "The cost of these tokens is not known. It is missing from every amount, and budgets in money do not limit it. "
        "When you set a price, past usage is priced too."
    )
    return Card(title, (Text(why), table(ctx, new), *buttons(ctx, new)), "warn")


def table(ctx: Context, found: Sequence[UnpricedModel]) -> Table:
    """Models without a price, with what was used of them."""
    rows = [
        (named(ctx, each.model), ", ".join(each.providers), ctx.amount(each.tokens, "tokens"), ctx.day(each.first))
        for each in found[:ROWS_MAX]
    ]
    if rest := found[ROWS_MAX:]:
        tokens = ctx.amount(sum(each.tokens for each in rest), "tokens")
        rows.append((ctx.nt("{n} more", "{n} more", len(rest)), "", tokens, ""))
    heads = (ctx.t("Model"), ctx.t("Provider"), ctx.t("Used"), ctx.t("Since"))
    return Table(ctx.t("Without a price"), heads, tuple(rows), "llrl")


def buttons(ctx: Context, found: Sequence[UnpricedModel]) -> Iterator[Block]:
    """A form to price each of the few largest; what runs on machines of one's own is free at a press."""
    named_ = [each for each in found if each.model][:BUTTONS_MAX]
    for each in named_:
        if is_own_hardware(each.model):
            yield Button(ctx.t("{model} is free", model=each.model), f"price {written(each.model)} free")
        label = ctx.t("Set a price") if len(named_) == 1 else ctx.t("Set a price for {model}", model=each.model)
        yield Button(label, f"price {written(each.model)}", style="primary" if len(named_) == 1 else "plain")
    if len(found) > len(named_) and named_:
        yield Button(ctx.t("Show all"), "price")


def named(ctx: Context, model: str) -> str:
    """A model's name as people see it."""
    return model or ctx.t("a model without a name")


def written(model: str) -> str:
    """A model's name as a sentence has it."""
    return f'"{model}"' if " " in model or not model else model
