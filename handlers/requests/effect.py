"""What a grant would bring about: what is left after it, what else binds, and who can lift that."""

from collections.abc import Sequence
from dataclasses import replace

from handlers.budgets import BudgetStatus
from handlers.card import Block, Button, Card, Table, Text
from handlers.context import Context
from handlers.money import COUNTED, scale_of
from handlers.notify import tell_finance
from handlers.policy import Budget, rules_for
from handlers.questions import OwnCap, at_providers, cap_each, cap_words, stays_limited
from handlers.requests.case import Case, asked_of
from handlers.requests.jobs import is_for_a_job
from handlers.requests.quoted import to_say_again
from handlers.requests.wording import PER, any_of, sum_of
from storage import people
from storage.limits import Held
from storage.people import Account
from storage.requests import Request


def after_it(ctx: Context, status: BudgetStatus, more: int, asked: Request | None = None) -> tuple[str, str]:
    """What will be left after so much more, as a fact; if that is too little, what would do. 0 is for after a grant.

    It is what a balance will say: what is reserved for an agent's jobs is not left, though these may still use it. What
    is granted for one is reserved for it.
    """
    after, unit = replace(status, moved=status.moved + more), status.budget.unit
    held = after.held + (more if asked is not None and is_for_a_job(asked) else 0)
    if after.account_id.startswith("agent/") and after.usable > 0 < held:
        shown = {"amount": ctx.amount(max(0, after.left - held), unit), "held": ctx.amount(held, unit)}
        return ctx.t("After it"), ctx.t("{amount} left, and {held} reserved for its jobs", **shown)
    left = after.usable
    over, enough = ctx.amount(abs(left), unit), ctx.amount(enough_for(status), unit)
    if left > 0:
        said = ctx.t("{amount} left", amount=over)
    elif not more:
        said = ctx.t("{over} over the limit", over=over) if left else ctx.t("nothing left")
    elif left == 0:
        said = ctx.t("nothing left; {enough} would do", enough=enough)
    else:
        said = ctx.t("{over} over the limit; {enough} would do", over=over, enough=enough)
    return ctx.t("After it"), said


def more_of(request: Request, status: BudgetStatus | None) -> int:
    """How much more there would be in the present period."""
    if not request.is_exception:
        return request.amount
    return request.amount - status.allotment if status else 0


def rule_beneath(ctx: Context, case: Case) -> Budget | None:
    """The rule of app.yaml for whoever would have an exception, whatever exception they have now."""
    account = case.account
    if account is None:
        return None
    person = ctx.somebody(account.person_id) if account.person_id else None
    rules = rules_for(ctx.policy.budgets, account, person, [each.id for each in case.line])
    return next((each for each in rules if each.name == case.request.budget), None)


def instead_of(ctx: Context, case: Case) -> list[tuple[str, str]]:
    """What an exception would stand in for: the limit that app.yaml gives, as a fact."""
    base = rule_beneath(ctx, case) if case.request.is_exception else None
    return [(ctx.t("Instead of"), ctx.t(PER[base.every], amount=ctx.amount(base.allotment, base.unit)))] if base else []


def enough_for(status: BudgetStatus) -> int:
    """The least round amount with which something would be left."""
    lacking = max(0, -status.usable)
    scale = scale_of(status.budget.unit)
    return (lacking // scale + 1) * scale


def pool_facts(ctx: Context, case: Case, found: Sequence[BudgetStatus]) -> list[tuple[str, str]]:
    """What is free in the pool of which a share is asked, what it lacks, and what was given of it already."""
    request = case.request
    pool = next((each for each in found if each.budget.name == request.budget and each.free is not None), None)
    if pool is None or pool.free is None or request.is_exception:
        return []
    free = max(0, pool.free)
    facts = [(ctx.t("Free in the {pool} pool", pool=pool_name(case)), ctx.amount(free, request.unit))]
    if request.given:
        facts.append((ctx.t("Given out of the pool"), ctx.amount(request.given, request.unit)))
    elif request.amount > free:
        facts.append((ctx.t("What the pool lacks"), ctx.amount(request.amount - free, request.unit)))
    if request.share_base is not None and not request.given:
        share = ctx.amount(request.share_base + request.amount, request.unit)
        text = ctx.t("{amount}, to which they are limited; now they use what is not shared out", amount=share)
        facts.append((ctx.t("Their share then"), text))
    return facts


def pool_name(case: Case) -> str:
    """What the pool is called of which a share is asked."""
    return next((each.name for each in case.line if each.id == case.pool_id), "")


def also_binding(found: Sequence[BudgetStatus], request: Request) -> list[BudgetStatus]:
    """The other limits that are used up and stop the account, whatever it is granted of this one."""
    asked = asked_of(found, request)
    models = {"all", asked.budget.models if asked else "all"}

    def grows(pool: BudgetStatus) -> int:
        """A share that is granted beyond what is free makes its pool larger."""
        return request.amount if request.state == "pending" and pool.budget.name == request.budget else 0

    return [
        each
        for each in found
        if each is not asked and each.left + grows(each) <= 0
        if each.budget.limit == "hard" and each.budget.models in models
    ]


def in_effect(ctx: Context, case: Case, found: Sequence[BudgetStatus]) -> tuple[Block, ...]:
    """Why a grant does not help yet, who can change that, and the button that would; nothing if it helps.

    Args:
        ctx: of whoever reads.
        case: of the grant.
        found: how all budgets of the account stand with it.
    """
    request, blocks = case.request, list[Block]()
    own = asked_of(found, request)
    if own and own.usable <= 0:
        enough = ctx.amount(enough_for(own), own.budget.unit)
        text = ctx.t("Approved, but not in effect: the budget is still used up. {enough} more would do.", enough=enough)
        blocks.append(Text(text))
        if ctx.person.id == request.asker_id:
            blocks.append(
                Button(ctx.t("Ask for more"), f"request{_agent(case)} of {request.budget} {to_say_again(request)}")
            )
    for each in also_binding(found, request):
        blocks += _bound_by(ctx, case, each)
    return tuple(blocks)


def binding_facts(ctx: Context, case: Case, found: Sequence[BudgetStatus]) -> list[tuple[str, str]]:
    """What else is used up, before anything is decided."""
    return [
        (ctx.t("Will not help yet"), _says(ctx, each, _lifts(ctx, case, each)))
        for each in also_binding(found, case.request)
    ]


# Limits at the providers that a grant does not move ------------------------------------------------------------------


def caps_facts(ctx: Context, caps: Sequence[OwnCap]) -> list[tuple[str, str]]:
    """What stays limited at the providers whatever is decided, before it is."""
    return [(ctx.t("Stays limited"), cap_words(ctx, each)) for each in caps]


def lower_caps(ctx: Context, case: Case, found: Sequence[BudgetStatus]) -> list[OwnCap]:
    """Limits at the providers that are not ours to set and are lower than what a grant allows, in one statement."""
    own, account = asked_of(found, case.request), case.account
    if own is None or account is None or own.budget.unit in COUNTED:
        return []

    def allowed(held: Held) -> int | None:
        return ctx.policy.in_currency(max(0, own.limit), held.currency, ctx.today)

    caps = at_providers(ctx, account, found).caps
    return [each for each in caps if each.nanos < (allowed(each.held) or each.nanos + 1)]


def stays_capped(ctx: Context, capped: Sequence[OwnCap]) -> tuple[Block, ...]:
    """That such limits stay as they are, and who is asked to raise them."""
    if not capped:
        return ()
    asked = ctx.t("Bursar does not change such limits. Finance is asked to raise them there.")
    return Text(" ".join(stays_limited(ctx, each) for each in capped)), Text(asked)


def ask_to_raise(ctx: Context, request: Request, account: Account, capped: Sequence[OwnCap]) -> None:
    """Ask finance, and the owner if it is an agent's, to raise limits that a grant does not move."""
    services = {each.held.provider: ctx.policy.vendor(each.held.provider) for each in capped}
    for name, vendor in services.items():
        here, service = [each for each in capped if each.held.provider == name], vendor.service if vendor else name

        def card(reader: Context, here: Sequence[OwnCap] = tuple(here), service: str = service) -> Card:
            title = reader.t(
                "{name} got more, but keys at {service} have limits of their own", name=account.name, service=service
            )
            rows = tuple((each.name, cap_each(reader, each)) for each in here)
            what = reader.t(
                "Bursar does not change such limits. Raise them at {service} if they should not stop the work.",
                service=service,
            )
            return Card(
                title, (Table(reader.t("Keys"), (reader.t("Key"), reader.t("Limit")), rows, "lr"), Text(what)), "warn"
            )

        key = f"capped/{name}/{request.id}"
        tell_finance(ctx, key, card)
        owner = ctx.somebody(account.owner_id) if account.kind == "agent" and account.owner_id else None
        if owner and owner.active and "finance" not in owner.roles:
            ctx_of_owner = replace(ctx, person=owner)
            ctx_of_owner.tell(owner.id, key, card(ctx_of_owner))


def _bound_by(ctx: Context, case: Case, status: BudgetStatus) -> list[Block]:
    who = _lifts(ctx, case, status)
    what = _binds(ctx, status)
    if who:
        text = ctx.t("Approved, but not in effect: {what}. {name} can raise it.", what=what, name=who)
    else:
        text = ctx.t("Approved, but not in effect: {what}. Finance can raise it.", what=what)
    blocks: list[Block] = [Text(text)]
    if status.budget.is_pool and _is_owner(ctx, status):
        blocks.append(Button(ctx.t("The pool"), f"pool of {status.budget.account_id.replace('/', ' ')}"))
    elif not status.budget.is_pool and ctx.person.id == case.request.asker_id:
        blocks.append(Button(ctx.t("Ask for more"), f"request{_agent(case)} of {status.budget.name}"))
    return blocks


def _says(ctx: Context, status: BudgetStatus, who: str) -> str:
    what = _binds(ctx, status)
    if who:
        return ctx.t("{what}; {name} can raise it", what=what, name=who)
    return ctx.t("{what}; finance can raise it", what=what)


def _binds(ctx: Context, status: BudgetStatus) -> str:
    if status.budget.is_pool and status.is_share and status.account_id != status.budget.account_id:
        return ctx.t("the share of the pool binds")
    if status.budget.is_pool:
        return ctx.t("the {name} pool binds", name=status.name)
    return ctx.t("the budget “{budget}” binds", budget=status.budget.name)


def _lifts(ctx: Context, case: Case, status: BudgetStatus) -> str:
    """Who can raise a pool: its owner shares it out; "" where that is finance's."""
    if not status.budget.is_pool or not status.is_share:
        return ""
    owners = [each.owner_id for each in case.line if each.id == status.budget.account_id and each.owner_id]
    return any_of(ctx, [case.name_of(each) for each in owners]) if owners else ""


def _is_owner(ctx: Context, status: BudgetStatus) -> bool:
    sees_all = bool({"finance", "admin"} & set(ctx.person.roles))
    return sees_all or people.owns(ctx.person.id, ctx.line(status.budget.account_id))


def _agent(case: Case) -> str:
    account = case.account
    return f" for {account.id.replace('/', ' ')}" if account and account.kind == "agent" else ""


def tell_who_can_lift(ctx: Context, case: Case, found: Sequence[BudgetStatus]) -> None:
    """Tell whoever can raise a pool that a grant waits for it."""
    request = case.request
    for each in also_binding(found, request):
        if not each.budget.is_pool:
            continue

        def card(reader: Context, pool: BudgetStatus = each) -> Card:
            amount = sum_of(reader, request, request.resolved_amount)
            name, what = case.name_of(request.asker_id), _binds(reader, pool)
            title = reader.t("{amount} for {name}: approved, but not in effect", amount=amount, name=name)
            whose = pool.budget.account_id.replace("/", " ")
            example = f"correct 100 of {whose} …"
            blocks: list[Block] = [Text(reader.t("Not in effect: {what}.", what=what))]
            if pool.is_share:
                blocks.append(Button(reader.t("The pool"), f"pool of {whose}"))
            else:
                blocks.append(Text(reader.t("To raise the pool, say for example: {example}", example=example)))
            return Card(title, tuple(blocks), "warn")

        key = f"not-in-effect/{request.id}/{each.budget.name}"
        owners = [one.owner_id for one in case.line if one.id == each.budget.account_id and one.owner_id]
        if each.is_share and owners:
            owner = ctx.somebody(owners[0])
            if owner and owner.active and owner.id != ctx.person.id:
                theirs = replace(ctx, person=owner)
                theirs.tell(owner.id, key, card(theirs))
        else:
            tell_finance(ctx, key, card)
