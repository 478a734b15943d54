"""`who`: somebody's manager and team, what they own, and who decides what they ask for."""

from collections.abc import Iterator

from handlers.arguments import Whom
from handlers.card import Button, Card, Facts, Text
from handlers.context import Context
from handlers.policy import Ask, exceeded, rules_for, stages_for
from handlers.questions import asked_about
from handlers.requests.wording import named, role_name, stages_in_words
from storage import people
from storage.directory import Person
from storage.people import Account

OWNED_MAX = 5
ANY_UNITS = 1
"""A request so small that it is granted at once wherever any is."""


def who(ctx: Context, whom: Whom = None) -> Card:
    """Who your manager is, which team you are in, what you own, and who decides your requests.

    “who ana” tells it of somebody whose figures you may see; of a team or an agent it tells the owner.
    """
    account = asked_about(ctx, whom, "who ana")
    person = ctx.somebody(account.person_id) if account.person_id else None
    if person is None:
        return _of_owned(ctx, account)
    manager = ctx.somebody(person.manager) if person.manager else None
    facts = [*_facts(ctx, account, person), *_decided(ctx, account, person)]
    buttons = (Button(ctx.t("What is left?"), "balance"), Button(ctx.t("Ask for more"), "request"))
    blocks = (Facts(tuple(facts)),) if facts else (Text(ctx.t("Nothing else is known from the people source.")),)
    return Card(_title(ctx, person, manager), (*blocks, *(buttons if person.id == ctx.person.id else ())))


def _title(ctx: Context, person: Person, manager: Person | None) -> str:
    mine = person.id == ctx.person.id
    if manager is None or not manager.active:
        return ctx.t("No manager is known for you") if mine else ctx.t("{name}: no manager is known", name=person.name)
    if mine:
        return ctx.t("{name} is your manager", name=manager.name)
    return ctx.t("{manager} is the manager of {name}", manager=manager.name, name=person.name)


def _facts(ctx: Context, account: Account, person: Person) -> Iterator[tuple[str, str]]:
    team = next((each for each in ctx.line(account.id)[1:] if each.kind == "team"), None)
    if team:
        yield ctx.t("Team"), team.name
    owned = [each.name for each in people.owned(ctx.conn, person.id) if each.id != account.id]
    if owned:
        more = ctx.nt("{n} more", "{n} more", len(owned) - OWNED_MAX) if len(owned) > OWNED_MAX else ""
        yield ctx.t("Owns"), ctx.listed([*owned[:OWNED_MAX], *([more] if more else [])])
    if person.roles:
        yield ctx.t("Roles"), ctx.listed([role_name(ctx, each) for each in person.roles])


def _decided(ctx: Context, account: Account, person: Person) -> Iterator[tuple[str, str]]:
    """Who decides a request for more of the first budget of one's own, by the approval policy; for oneself only."""
    line = ctx.line(account.id)
    above = [each.id for each in line]
    rules = rules_for(ctx.budgets_of(account.id), account, person, above)
    budget = next((each for each in rules if not each.is_pool), rules[0] if rules else None)
    if budget is None or person.id != ctx.person.id:
        return
    teams = frozenset(each.removeprefix("team/") for each in above)
    large = Ask(max(ANY_UNITS, budget.allotment), budget.allotment, budget.unit, budget.models, teams, 0, None)
    stages = stages_for(ctx.policy.approvals, large)
    at_once = exceeded(ctx.policy.approvals, large)
    small = Ask(ANY_UNITS, budget.allotment, budget.unit, budget.models, teams, 0, None)
    first = stages_for(ctx.policy.approvals, small)
    if first and first[0].by == "nobody" and at_once:
        yield ctx.t("Granted at once"), ctx.t("up to {amount}", amount=ctx.amount(at_once, budget.unit))
    if stages and stages[0].by != "nobody":
        ids = [each for stage in stages for each in named(stage.by)]
        names = {each.id: each.name for each in people.persons(ctx.conn, ids).values()}
        yield ctx.t("Requests are decided by"), stages_in_words(ctx, stages, names)


def _of_owned(ctx: Context, account: Account) -> Card:
    """Of a team, an agent or the organization: who owns it, and what it belongs to."""
    owner = ctx.somebody(account.owner_id) if account.owner_id else None
    name = ctx.called(account)
    title = (
        ctx.t("{owner} owns {name}", owner=owner.name, name=name)
        if owner and owner.active
        else ctx.t("{name} has no owner", name=name)
    )
    above = ctx.line(account.id)[1:]
    facts = ((ctx.t("Part of"), ctx.called(above[0])),) if above else ()
    return Card(title, (Facts(facts),) if facts else ())
