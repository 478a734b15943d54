"""What some work will cost, by the prices of the company or of the list, and whether it fits into what is left."""

from handlers.context import Context
from handlers.errors import RefusedError
from handlers.money import COUNTED
from handlers.pricing import book_of
from handlers.programs.caller import Caller, account_of, money
from handlers.programs.check import binds, free_for, standing
from handlers.programs.shapes import Estimate, EstimateAnswer
from storage.charges import Charge


def estimate_cost(ctx: Context, caller: Caller, call: Estimate) -> EstimateAnswer:
    """Say what some work will cost. A price that nobody knows is said, and is not nothing."""
    account = account_of(ctx, caller, call.account)
    if not (call.tokens_input or call.tokens_output or call.tokens_cached):
        raise RefusedError("Say how many tokens it will take.", fault="tokens_input")
    work = Charge(
        provider=call.provider,
        bucket_start=ctx.now.replace(minute=0, second=0, microsecond=0),
        bucket_hours=1,
        model=call.model,
        tokens_input=call.tokens_input * call.runs,
        tokens_cache_read=call.tokens_cached * call.runs,
        tokens_output=call.tokens_output * call.runs,
    )
    priced = book_of(ctx).priced(work)
    unit = ctx.policy.organization.currency
    house = None if priced.cost_nanos is None else ctx.policy.convert(priced.cost_nanos, priced.currency, ctx.today)
    if house is None:
        return EstimateAnswer(
            model=call.model,
            cost=None,
            price_source="unknown",
            fits=None,
            percent_of_free=None,
            message=ctx.t("I don't know a price of this model. That does not mean it is free."),
        )
    cost = house[0]
    shown = money(ctx, cost, unit)
    stands = standing(ctx, account)
    free = min(
        (
            free_for(each, account)
            for each in stands.found
            if each.budget.unit not in COUNTED and each.budget.limit == "hard" and binds(ctx.policy, each, call.model)
        ),
        default=None,
    )
    values = {"cost": shown.text, "left": "" if free is None else ctx.amount(max(0, free), unit)}
    if free is None:
        message = ctx.t("It will cost about {cost}. No budget in money limits it.", **values)
    elif cost <= free:
        message = ctx.t("It will cost about {cost}; {left} is free.", **values)
    else:
        message = ctx.t("It will cost about {cost}, more than the {left} that is free.", **values)
    return EstimateAnswer(
        model=call.model,
        cost=shown,
        price_source="own_price" if priced.cost_source == "own_price" else "list_price",
        fits=None if free is None else cost <= free,
        percent_of_free=cost * 100 // free if free and free > 0 else None,
        message=message,
    )
