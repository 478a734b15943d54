"""May this be spent? What decides, and what would help.

`judge` decides purely from how an account stands. Only hard budgets say no; a soft one is said. A budget for some
models says no only to who names such a model, for all others can still be used.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from handlers.budgets import BudgetStatus, statuses
from handlers.context import Context
from handlers.language import N_
from handlers.money import COUNTED, scale_of
from handlers.policy import Policy
from handlers.programs.caller import Caller, Wanted, account_of, money, wanted_said, whose
from handlers.programs.shapes import (
    BudgetAnswer,
    Check,
    Decision,
    Help,
    LineAnswer,
    OneBudget,
    SeeBudget,
    SeeLine,
    Verdict,
    Why,
)
from handlers.provenance import is_unread, not_whole
from handlers.questions import label_of
from handlers.requests import enough_for, is_at_checkpoint
from storage import limits, reservations
from storage.limits import Paused
from storage.people import Account
from storage.reservations import TOKENS_UNIT

NEAR_PERCENT = 80
"""From so much used on little is left, where a budget does not say from when on its people are warned."""

ALL_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Standing:
    """All that decides whether an account may spend.

    Args:
        account: whose.
        found: how its budgets stand, the deciding one first.
        paused: by whom and when it was paused, None if it is not.
        at_checkpoint: a job of it waits for the owner's word.
        asked: whether the owner was asked already.
    """

    account: Account
    found: tuple[BudgetStatus, ...]
    paused: Paused | None = None
    at_checkpoint: bool = False
    asked: bool = True


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was decided, and which budget decides."""

    decision: Decision
    why: Why
    status: BudgetStatus | None


def standing(ctx: Context, account: Account) -> Standing:
    """How an account stands, in five statements and one for each split pool."""
    found = tuple(statuses(ctx, account))
    paused = next(iter(limits.pauses_of(ctx.conn, account.id)), None)
    waits = []
    if account.kind == "agent":
        held = reservations.held(ctx.conn, account.id, ctx.now)
        waits = [one for one, arrived in held if is_at_checkpoint(one, arrived)]
    asked = all(one.asked_at for one in waits)
    return Standing(account, found, paused, at_checkpoint=bool(waits), asked=asked)


def free_for(status: BudgetStatus, account: Account, reservation: int | None = None) -> int:
    """What of a budget an account may still use.

    A reservation that it is for does not stand against it; nor do an agent's own, for an agent is its jobs.
    """
    agents = account.kind == "agent"
    own = (each.amount for each in status.holds if each.id == reservation or (agents and each.account_id == account.id))
    return status.unreserved + sum(own)


def judge(
    policy: Policy, stands: Standing, wanted: Wanted | None = None, model: str = "", reservation: int | None = None
) -> Judgement:
    """Whether an account may spend.

    Args:
        policy: what models belong to which tier, and what a credit costs.
        stands: how the account stands.
        wanted: how much; None for something.
        model: on which model, "" if that is not known.
        reservation: for which of its reservations, None for none.
    """
    if stands.paused:
        return Judgement("no", "paused", None)
    if stands.at_checkpoint:
        return Judgement("no", "checkpoint", None)
    binding = [each for each in stands.found if binds(policy, each, model)]
    free = [(each, free_for(each, stands.account, reservation)) for each in binding]
    hard = [(each, left) for each, left in free if each.budget.limit == "hard"]
    for each, left in hard:
        if left <= 0:
            return Judgement("no", "used_up", each)
    for each, left in hard:
        needed = in_its_unit(policy, each, wanted)
        if needed is not None and needed > left:
            return Judgement("no", "too_much", each)
    near = next((each for each, left in free if _is_near(each, left)), None)
    if near:
        return Judgement("until", "near", near)
    return Judgement("yes", "", binding[0] if binding else None)


def binds(policy: Policy, status: BudgetStatus, model: str) -> bool:
    """Whether a budget counts spending on a model; of one that is not known, only a budget for all of them."""
    return policy.covers(status.budget, model) if model else status.budget.models == "all"


def in_its_unit(policy: Policy, status: BudgetStatus, wanted: Wanted | None) -> int | None:
    """An amount as a budget counts it, None if it can't: what tokens will cost depends on the model."""
    if wanted is None or (wanted.unit == TOKENS_UNIT) != (status.budget.unit == TOKENS_UNIT):
        return None
    return round(Fraction(wanted.units, policy.credit_nanos)) if status.budget.unit == "credits" else wanted.units


def _is_near(status: BudgetStatus, free: int) -> bool:
    """Whether so much of it is used that its people are warned."""
    percent = min((each for each in status.budget.alert_at if each < ALL_PERCENT), default=NEAR_PERCENT)
    return (status.limit - free) * ALL_PERCENT >= percent * status.limit


# In words ------------------------------------------------------------------------------------------------------------


def check(ctx: Context, caller: Caller, call: Check) -> Verdict:
    """Say whether something may be spent, what decides, and what would help."""
    account = account_of(ctx, caller, call.account)
    wanted = wanted_said(ctx, call.amount) if call.amount else None
    stands = standing(ctx, account)
    own = {one.id for one, _ in reservations.held(ctx.conn, account.id, ctx.now)} if call.reservation else set()
    reservation = call.reservation if call.reservation in own else None
    found = judge(ctx.policy, stands, wanted, call.model, reservation)
    status = found.status
    unit = status.budget.unit if status else ""
    return Verdict(
        decision=found.decision,
        why=found.why,
        decides=one_budget(ctx, status) if status else None,
        until=money(ctx, free_for(status, account, reservation), unit) if status and found.why == "near" else None,
        would_help=tuple(would_help(ctx, stands, found, reservation)),
        not_known=not_known(ctx, stands.found),
        as_of=as_of(ctx),
        message=in_words(ctx, stands, found, reservation),
    )


def budget_status(ctx: Context, caller: Caller, call: SeeBudget) -> BudgetAnswer:
    """Say what is left of every budget."""
    account = account_of(ctx, caller, call.account)
    stands = standing(ctx, account)
    found = judge(ctx.policy, stands)
    return BudgetAnswer(
        account=whose(ctx, account),
        may_spend=found.decision != "no",
        decision=found.decision,
        why=found.why,
        budgets=tuple(one_budget(ctx, each) for each in stands.found),
        not_known=not_known(ctx, stands.found),
        as_of=as_of(ctx),
        message=in_words(ctx, stands, found),
    )


def line(ctx: Context, caller: Caller, call: SeeLine) -> LineAnswer:
    """Say what is left in a line, such as "$155.00 of $400.00 left · 12 Dec"."""
    account = account_of(ctx, caller, call.account)
    stands = standing(ctx, account)
    found = judge(ctx.policy, stands)
    tone = {"yes": "good", "until": "warn", "no": "bad"}[found.decision]
    return LineAnswer(line=_line(ctx, stands, found), tone=tone)


def _line(ctx: Context, stands: Standing, found: Judgement) -> str:
    if found.why == "paused":
        return ctx.t("paused")
    if found.why == "checkpoint":
        return ctx.t("held: waits for {name}", name=_owner(ctx, stands.account))
    status = found.status or next(iter(stands.found), None)
    if status is None:
        return ""
    unit = status.budget.unit
    usable, limit = free_for(status, stands.account), ctx.amount(status.limit, unit)
    left, own = max(0, status.unreserved), usable - status.unreserved
    day = ctx.short_day(status.period.end)
    if is_unread(ctx):
        return ctx.t("{limit} limit · nothing read yet", limit=limit)
    if usable <= 0:
        return ctx.t("used up · resets {day}", day=day)
    doubt = "?" if not_known(ctx, stands.found) else ""
    if own:
        amounts = {"left": ctx.amount(left, unit), "own": ctx.amount(own, unit)}
        text = N_("{left} of {limit} left + {own} for its jobs{doubt} · {day}")
        return ctx.t(text, **amounts, limit=limit, doubt=doubt, day=day)
    return ctx.t(
        "{left} of {limit} left{doubt} · {day}", left=ctx.amount(left, unit), limit=limit, doubt=doubt, day=day
    )


def in_words(ctx: Context, stands: Standing, found: Judgement, reservation: int | None = None) -> str:
    """One sentence: what decides, with the numbers; and what to do if it is no."""
    said = _what(ctx, stands, found, reservation)
    helps = next((each.text for each in would_help(ctx, stands, found, reservation)), "")
    return ctx.t("{text} {next}", text=said, next=helps) if helps and found.decision == "no" else said


def _what(ctx: Context, stands: Standing, found: Judgement, reservation: int | None) -> str:
    name, status = ctx.called(stands.account), found.status
    if found.why == "paused":
        return ctx.t("{name} is paused.", name=name)
    if found.why == "checkpoint":
        return ctx.t("Half of what {name} may spend on this job is spent.", name=name)
    if status is None:
        return ctx.t("No budget limits {name}.", name=name)
    unit = status.budget.unit
    own = free_for(status, stands.account, reservation) - status.unreserved
    values = {
        "budget": label_of(ctx, status),
        "free": ctx.amount(max(0, status.unreserved), unit),
        "own": ctx.amount(own, unit),
        "left": ctx.amount(free_for(status, stands.account, reservation), unit),
        "limit": ctx.amount(status.limit, unit),
        "spent": ctx.amount(status.spent, unit),
        "day": ctx.day(status.period.end),
    }
    if found.why == "used_up" and status.left > 0:
        return ctx.t("{budget}: all that is left of {limit} is reserved for other jobs.", **values)
    if found.why == "used_up":
        return ctx.t("{budget}: {spent} of {limit} is used, until {day}.", **values)
    if found.why == "too_much":
        return ctx.t("{budget}: that is more than the {left} that is left of {limit}.", **values)
    if own:
        text = N_("{budget}: {free} of {limit} is left, and {own} is reserved for its own jobs, until {day}.")
        return ctx.t(text, **values)
    return ctx.t("{budget}: {left} of {limit} is left, until {day}.", **values)


def would_help(ctx: Context, stands: Standing, found: Judgement, reservation: int | None = None) -> Iterator[Help]:
    """What would help, the best first."""
    account, status = stands.account, found.status
    if found.why == "paused" and stands.paused:
        by = ctx.somebody(stands.paused.paused_by)
        text = ctx.t("Ask {name} to resume it.", name=by.name) if by else ctx.t("Ask finance to resume it.")
        yield Help(kind="resume", text=text)
    elif found.why == "checkpoint":
        yield Help(kind="continue", text=ctx.t("{name} was asked whether it goes on.", name=_owner(ctx, account)))
    elif status and found.why in ("used_up", "too_much", "near"):
        unit = status.budget.unit
        free = free_for(status, account, reservation)
        if status.account_id == account.id:
            agent = f" for {account.id.replace('/', ' ')}" if account.kind == "agent" else ""
            example = f"request {_round_more(status, free)}{agent} …"
            yield Help(kind="ask", text=ctx.t("To ask for more, say to Bursar in chat: {example}", example=example))
        else:
            text = ctx.t("The {name} pool is shared. Ask whoever owns it, or finance.", name=status.name)
            yield Help(kind="ask", text=text)
        if found.why == "too_much":
            yield Help(kind="smaller", text=ctx.t("At most {left} fits.", left=ctx.amount(free, unit)))
        yield Help(kind="wait", text=ctx.t("It resets on {day}.", day=ctx.day(status.period.end)))


def _round_more(status: BudgetStatus, free: int) -> str:
    """About how much more to ask for, as one would type it."""
    if status.budget.unit in COUNTED:
        return str(max(1_000_000, -free))
    scale = scale_of(status.budget.unit)
    return str(-(-max(enough_for(status), status.budget.allotment // 10) // scale))


def one_budget(ctx: Context, status: BudgetStatus) -> OneBudget:
    """How a budget stands, for programs."""
    unit = status.budget.unit
    return OneBudget(
        name=status.budget.name,
        label=label_of(ctx, status),
        limit=money(ctx, status.limit, unit),
        spent=money(ctx, status.spent, unit),
        left=money(ctx, status.left, unit),
        reserved=money(ctx, status.held, unit),
        free=money(ctx, status.unreserved, unit),
        resets_on=status.period.end,
        stops=status.budget.limit == "hard",
    )


def not_known(ctx: Context, found: Sequence[BudgetStatus]) -> tuple[str, ...]:
    """What the figures do not hold."""
    said = []
    if is_unread(ctx):
        said.append(ctx.t("No usage has been read yet."))
    tokens = max((each.unpriced for each in found), default=0)
    if tokens:
        amount = ctx.amount(tokens, "tokens")
        said.append(ctx.t("{tokens} have no known price and are not counted.", tokens=amount))
    first = min((each.period.first for each in found), default=None)
    said += not_whole(ctx, first) if first else []
    said += [ctx.t("{provider}: newer reads failed", provider=each.provider) for each in ctx.readings() if each.error]
    return tuple(said)


def as_of(ctx: Context) -> datetime | None:
    """When the oldest of the figures was read, None if nothing was."""
    return min((each.done_at for each in ctx.readings() if each.done_at), default=None)


def _owner(ctx: Context, account: Account) -> str:
    owner = ctx.somebody(account.owner_id)
    return owner.name if owner else account.owner_id
