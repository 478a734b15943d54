"""Where a request goes: by the rules of approval, and for a share of a pool by way of its lead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from handlers.budgets import BudgetStatus, Share
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.policy import MANAGER, STAGES, ApprovalRule, Ask, Stage, exceeded, stages_for
from handlers.requests.approvers import LEAD, lead_of
from storage.directory import Person
from storage.people import Account
from storage.requests import Counts


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes.

    Args:
        stages: who has to decide.
        exceeded: the amount of an easier rule that the request exceeds, in the budget's unit; None if there is none.
    """

    stages: tuple[Stage, ...]
    exceeded: int | None


def route_of(rules: tuple[ApprovalRule, ...], ask: Ask) -> Route:
    """Where a request would go.

    Args:
        rules: of approval.
        ask: what they look at.

    Raises:
        RefusedError: no rule of app.yaml fits.
    """
    stages = stages_for(rules, ask)
    if stages is None:
        raise RefusedError("The approval policy does not say who decides this request. Ask an admin to add a rule.")
    return Route(stages, exceeded(rules, ask))


def ask_of(
    status: BudgetStatus, amount: int, found: Sequence[BudgetStatus], line: Sequence[Account], counts: Counts
) -> Ask:
    """What the rules look at."""
    budget = status.budget
    pools = [one.remaining for one in found if one.budget.is_pool and one.budget.unit == budget.unit]
    return Ask(
        amount=amount,
        limit=status.limit - counts.amount,
        unit=budget.unit,
        models=budget.models,
        teams=frozenset(each.id.removeprefix("team/") for each in line),
        times=max(counts.times, counts.at_once),
        granted=max(counts.amount, counts.at_once_amount),
        pool_left=min(pools, default=None),
    )


def by_way_of_the_lead(ctx: Context, route: Route, ask: Ask, share: Share, line: Sequence[Account]) -> Route:
    """A share is asked of the pool's lead first, and of those above only what the pool lacks.

    What would be granted at once is, if the pool has so much free; a pool grows by nobody's word alone.
    """
    lead = lead_of(ctx, share.pool.budget, line)
    if lead is None or lead.id == ctx.person.id or (route.stages[0].by == "nobody" and ask.amount <= share.free):
        return route
    if ask.amount <= share.free:
        return Route((LEAD,), None)
    above = _above(ctx, replace(ask, amount=ask.amount - max(0, share.free)))
    return Route((LEAD, *above), None)


def _above(ctx: Context, ask: Ask) -> tuple[Stage, ...]:
    """Who decides over a pool: by the first rule that fits and does not approve at once."""
    rules = tuple(each for each in ctx.policy.approvals if not each.at_once)
    return route_of(rules or MANAGER, ask).stages


def stages_above(ctx: Context, share: Share, lacking: int, found: Sequence[BudgetStatus], counts: Counts) -> str:
    """The stages of a request whose first is the pool's lead, as the rules stand now, for what the pool lacks.

    Raises:
        RefusedError: no rule of app.yaml fits.
    """
    ask = ask_of(share.status, lacking, found, ctx.line(share.account.id), counts)
    return STAGES.dump_json((LEAD, *_above(ctx, ask))).decode()


def names_of(persons: Mapping[str, Person]) -> dict[str, str]:
    """What persons are called, by id."""
    return {each.id: each.name for each in persons.values()}
