"""`price`: which models have no price, what is paid for the others by the company's own prices, and to set one."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, timedelta

from handlers.access import sees_all
from handlers.amounts import split_words
from handlers.arguments import FormText
from handlers.card import Block, Button, Card, Facts, Input, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.money import show_price
from handlers.policy import PriceRule
from handlers.pricing.reprice import reprice_since
from handlers.pricing.unpriced import buttons, in_short, table, unpriced_models
from handlers.pricing.words import (
    EXAMPLE,
    At,
    FromDay,
    MaybeModel,
    MaybePrices,
    SaidPrices,
    kinds_of,
    price_said,
    said_prices,
)
from storage import prices
from storage.prices import PostedPrice

MODEL_MAX = 255
ROWS_MAX = 20
NAMES = {
    "input_nanos": N_("Input"),
    "cache_read_nanos": N_("Cache reads"),
    "cache_write_nanos": N_("Cache writes"),
    "cache_write_1h_nanos": N_("Cache writes (1 h)"),
    "output_nanos": N_("Output"),
}


def price(
    ctx: Context,
    model: MaybeModel = "",
    said: MaybePrices = None,
    since: FromDay = None,
    at: At = "",
    input_price: FormText = "",
    output_price: FormText = "",
    cache_price: FormText = "",
) -> Card:
    """Say what a model costs for a million tokens: “price my-model input 3 output 15”. For finance.

    The price counts from a day on, and what was used since then is priced anew: “price my-model input 6 cache-read 1.2
    output 30 CNY from 2026-11-01”. “price my-model free” is for models on your own machines; “price my-model remove”
    takes your price back. “price” alone shows which models have no price, and the prices that you set.
    """
    if model and "finance" not in ctx.person.roles:
        raise RefusedError("Only finance can set prices.")
    if not model and not sees_all(ctx):
        raise RefusedError(
            "Only finance and admins can see this. What models cost here, you see with: {example}",
            offers=("models",),
            example="models",
        )
    if not model:
        return _shown(ctx)
    said = _from_form(ctx, input_price, output_price, cache_price) or said
    if said is None:
        return _form(ctx, model, at)
    return _set(ctx, model, at, said, since)


def _from_form(ctx: Context, plain: str, output: str, cached: str) -> SaidPrices | None:
    """The prices of a form, None if it was not filled in."""
    found: dict[str, int] = {}
    units: set[str] = set()
    for name, field, label, text in (
        ("input", "input_price", N_("Input"), plain),
        ("output", "output_price", N_("Output"), output),
        ("cache_read", "cache_price", N_("Cache reads"), cached),
    ):
        words = split_words(text)
        if not words:
            continue
        try:
            found[name], unit, used = price_said(words, ctx, ctx.t(label))
        except RefusedError as refused:
            raise RefusedError(refused.why, field, **refused.values) from refused
        if used < len(words):
            raise RefusedError("I don't understand “{words}” here.", fault=field, words=text)
        units |= {unit} - {""}
    return said_prices(found, units) if found else None


# Setting one ----------------------------------------------------------------------------------------------------------


def _set(ctx: Context, model: str, at: str, said: SaidPrices, since: date | None) -> Card:
    currency = said.currency or ctx.policy.organization.currency
    _refuse(ctx, model, said, currency, since)
    known = {each.model.lower(): each for each in unpriced_models(ctx)}
    unpriced = known.get(model.lower())
    first = since or (unpriced.first if unpriced else ctx.now.astimezone(UTC).date())
    posted = PostedPrice(
        model=model,
        provider=at,
        since=first,
        what=said.what,
        currency=currency,
        **kinds_of(said),
        said_by=ctx.person.id,
        said_at=ctx.now,
    )
    number = prices.post(ctx.conn, posted)
    days = reprice_since(ctx, first, f"price {number}, of {model} by {ctx.person.id}")
    words = _in_words(ctx, posted)
    ctx.deed("priced", f"model/{model}"[:80], "role finance", f"{model}{f' at {at}' if at else ''}: {words}; {first}")
    return Card(_title(ctx, posted), tuple(_after(ctx, posted, days)), "good")


def _refuse(ctx: Context, model: str, said: SaidPrices, currency: str, since: date | None) -> None:
    if len(model) > MODEL_MAX:
        raise RefusedError("That is too long for the name of a model.", fault="model")
    if said.what == "price" and (said.input is None or said.output is None):
        raise RefusedError(
            "Say both prices, for input and for output: {example}. Write output 0 for a model without output.",
            fault="output_price" if said.output is None else "input_price",
            example=EXAMPLE,
        )
    if said.what == "price" and said.input == 0 and said.output == 0:
        raise RefusedError("If the model costs nothing, say: {example}", example=f"price {model} free")
    day = since or ctx.today
    if ctx.policy.convert(0, currency, day) is None:
        raise RefusedError(
            "app.yaml has no rate from {currency} to {own} for {day}. Add it under rates, or write the price in {own}.",
            currency=currency,
            own=ctx.policy.organization.currency,
            day=ctx.day(day),
        )


def _title(ctx: Context, posted: PostedPrice) -> str:
    values = {"model": posted.model, "day": ctx.day(posted.since)}
    if posted.what == "free":
        return ctx.t("{model} is free from {day} on", **values)
    if posted.what == "removed":
        return ctx.t("Your price for {model} ends on {day}", **values)
    return ctx.t("Price of {model} set from {day} on", **values)


def _after(ctx: Context, posted: PostedPrice, days: int) -> Iterator[Block]:
    facts = [(ctx.t(name), _money(ctx, nanos, posted.currency)) for name, nanos in _kinds(posted)]
    if facts:
        yield Facts(tuple(facts))
        yield Text(ctx.t("All prices are for a million tokens."), quiet=True)
    if posted.since > ctx.now.astimezone(UTC).date():
        yield Text(ctx.t("Until then nothing changes."))
    elif days:
        said = N_("Usage from that day on is priced again now. Costs that a provider reported stay as they are.")
        yield Text(ctx.t(said))
    yield Button(ctx.t("All prices"), "price")
    yield Button(ctx.t("Where did it go?"), "spend of organization by model")


# Showing --------------------------------------------------------------------------------------------------------------


def _shown(ctx: Context) -> Card:
    found = unpriced_models(ctx)
    own = _current(prices.posted(ctx.conn))
    blocks: list[Block] = [table(ctx, found)] if found else []
    if own:
        blocks.append(_posted_table(ctx, own))
    if ctx.policy.prices:
        blocks.append(_rules_table(ctx, ctx.policy.prices))
    if ctx.policy.convert(0, "USD", ctx.today) is None:
        text = ctx.t(
            "List prices are in US dollars, and app.yaml has no rate from USD to {currency}. Add it under rates.",
            currency=ctx.policy.organization.currency,
        )
        blocks.append(Text(text))
    blocks.append(Text(ctx.t("To set a price for a million tokens, say for example: {example}", example=EXAMPLE)))
    if "finance" in ctx.person.roles:
        blocks += buttons(ctx, found)
    blocks.append(Button(ctx.t("What do models cost?"), "models"))
    if found:
        return Card(ctx.t("No price is known for {what}", what=in_short(ctx, found)), tuple(blocks), "warn")
    return Card(ctx.t("Every model that was used has a price"), tuple(blocks), "good")


def _current(posted: Sequence[PostedPrice]) -> list[PostedPrice]:
    """The last word about each model, those taken back left out."""
    last: dict[tuple[str, str], PostedPrice] = {}
    for each in posted:
        last.setdefault((each.model.lower(), each.provider), each)
    return [each for each in last.values() if each.what != "removed"]


def _posted_table(ctx: Context, own: Sequence[PostedPrice]) -> Table:
    rows = []
    for each in own[:ROWS_MAX]:
        person = ctx.somebody(each.said_by)
        model = each.model
        if each.provider:
            model = ctx.t("{model} at {provider}", model=model, provider=each.provider)
        rows.append((model, _in_words(ctx, each), ctx.day(each.since), person.name if person else each.said_by))
    heads = (ctx.t("Model"), ctx.t("For a million tokens"), ctx.t("From"), ctx.t("Set by"))
    return Table(ctx.t("Prices that finance set"), heads, tuple(rows), "llll")


def _rules_table(ctx: Context, rules: Sequence[PriceRule]) -> Table:
    rows = [(each.model or "*", each.provider, _rule(ctx, each), _span(ctx, each)) for each in rules[:ROWS_MAX]]
    heads = (ctx.t("Model"), ctx.t("Provider"), ctx.t("For a million tokens"), ctx.t("Days"))
    return Table(ctx.t("Prices in app.yaml"), heads, tuple(rows), "llll")


def _rule(ctx: Context, rule: PriceRule) -> str:
    if rule.free:
        return ctx.t("free")
    if rule.same_as:
        return ctx.t("as {model}", model=rule.same_as)
    if rule.discount is not None:
        text = N_("{percent} % off the list price") if rule.discount_on == "list" else N_("{percent} % off the cost")
        return ctx.t(text, percent=rule.discount)
    return _pair(ctx, int((rule.input or 0) * 10**9), int((rule.output or 0) * 10**9), rule.currency)


def _span(ctx: Context, rule: PriceRule) -> str:
    if rule.since and rule.until:
        return ctx.t("{first} to {last}", first=rule.since.isoformat(), last=rule.until.isoformat())
    if rule.since:
        return ctx.t("from {day} on", day=rule.since.isoformat())
    return ctx.t("until {day}", day=rule.until.isoformat()) if rule.until else ""


def _in_words(ctx: Context, posted: PostedPrice) -> str:
    if posted.what == "free":
        return ctx.t("free")
    if posted.what == "removed":
        return ctx.t("no price of your own")
    return _pair(ctx, posted.input_nanos or 0, posted.output_nanos or 0, posted.currency)


def _pair(ctx: Context, plain: int, output: int, currency: str) -> str:
    return ctx.t(
        "input {input}, output {output}", input=_money(ctx, plain, currency), output=_money(ctx, output, currency)
    )


def _kinds(posted: PostedPrice) -> Iterator[tuple[str, int]]:
    for column, name in NAMES.items():
        nanos = getattr(posted, column)
        if nanos is not None:
            yield name, nanos


def _money(ctx: Context, nanos: int, currency: str) -> str:
    return show_price(nanos, currency, ctx.locale)


def _form(ctx: Context, model: str, at: str) -> Card:
    """What a model costs, to be filled in."""
    found = next((each for each in unpriced_models(ctx) if each.model.lower() == model.lower()), None)
    first = found.first if found else ctx.today - timedelta(days=ctx.today.day - 1)
    currency = ctx.policy.organization.currency
    says = f"price at {at}" if at else "price"
    used = (Text(in_short(ctx, [found])),) if found else ()
    return Card(
        ctx.t("Set the price of a model"),
        (
            *used,
            Input("model", ctx.t("Model"), value=model),
            Input("input_price", ctx.t("A million input tokens"), hint=ctx.t("For example: {example}", example="3")),
            Input(
                "output_price",
                ctx.t("A million output tokens"),
                hint=ctx.t("In {currency}. For another currency: {example}", currency=currency, example="30 CNY"),
            ),
            Input(
                "cache_price",
                ctx.t("A million cached input tokens"),
                optional=True,
                hint=ctx.t("If empty: the price of input"),
            ),
            Input("since", ctx.t("From which day?"), value=first.isoformat()),
            Button(ctx.t("Set the price"), says, style="primary"),
        ),
    )
