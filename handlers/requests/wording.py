"""The words of requests: states and verbs as people read them, and who decides and why, in a sentence each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from babel.lists import format_list

from handlers.context import CLOCK, Context
from handlers.language import N_
from handlers.policy import Stage
from handlers.requests.approvers import Decider
from handlers.requests.case import Case
from handlers.requests.expiry import in_words
from storage.requests import Request
from storage.tables import FOREVER

STATES = {
    "proposed": N_("not sent yet"),
    "pending": N_("waiting"),
    "approved": N_("approved"),
    "denied": N_("denied"),
    "withdrawn": N_("withdrawn"),
    "expired": N_("expired"),
    "revoked": N_("returned"),
}
"""How a request stands, from the word that is stored."""

SETTLED = {
    "proposed": N_("{amount} for {name}: not sent yet"),
    "pending": N_("{amount} for {name}: others decide now"),
    "approved": N_("Approved: {amount} for {name}"),
    "denied": N_("Denied: {amount} for {name}"),
    "withdrawn": N_("Withdrawn: {amount} for {name}"),
    "expired": N_("Expired: {amount} for {name}"),
    "revoked": N_("Returned: {amount} for {name}"),
}

OVER = {
    "proposed": N_("Request #{number} is not sent yet."),
    "pending": N_("Others decide request #{number} now."),
    "approved": N_("Request #{number} is already approved."),
    "denied": N_("Request #{number} is already denied."),
    "withdrawn": N_("Request #{number} is already withdrawn."),
    "revoked": N_("The extra budget of request #{number} is already returned."),
}

OVER_BY = {
    "approved": N_("{name} already approved request #{number}."),
    "denied": N_("{name} already denied request #{number}."),
    "withdrawn": N_("{name} already withdrew request #{number}."),
    "revoked": N_("The extra budget of request #{number} is already returned. {name} had approved it."),
}

HISTORY = {
    "proposed": N_("Request #{number}: {amount}, not sent yet"),
    "pending": N_("Request #{number}: {amount}, waiting"),
    "approved": N_("Request #{number}: {amount}, approved"),
    "denied": N_("Request #{number}: {amount}, denied"),
    "withdrawn": N_("Request #{number}: {amount}, withdrawn"),
    "expired": N_("Request #{number}: {amount}, expired"),
    "revoked": N_("Request #{number}: {amount}, returned"),
}

ROLES = {"finance": N_("finance"), "admin": N_("admin")}

# Who decides, for whoever asked: by right, and by what stands against a manager who was passed over.
GOES_TO = {
    ("manager", ""): N_("{name} (your manager)"),
    ("manager", "gone"): N_("{name} ({other}'s manager, because {other} has left)"),
    ("manager", "spender"): N_("{name} ({other}'s manager, because {other} would spend it)"),
    ("manager", "agent"): N_("{name} ({other}'s manager, because {other} owns this agent)"),
    ("manager", "pool"): N_("{name} ({other}'s manager, because {other} spends from this pool)"),
    ("manager", "silent"): N_("{name} ({other}'s manager, because {other} has not answered)"),
    ("manager", "unreached"): N_("{name} ({other}'s manager, because {other} can't be reached)"),
    ("manager", "decided"): N_("{name} ({other}'s manager, because {other} decided another stage)"),
    ("owner", ""): N_("{name} (owner of {other})"),
    ("lead", ""): N_("{name} (lead of the {other} pool)"),
    ("role", ""): N_("{name} ({role})"),
    ("role", "no manager"): N_("{name} ({role}, because no manager can decide this)"),
    ("role", "nobody else"): N_("{name} ({role}, because nobody else can decide this)"),
    ("role", "silent"): N_("{name} ({role}, because nobody has answered)"),
    ("role", "unreached"): N_("{name} ({role}, because who was asked can't be reached)"),
    ("people", ""): "{name}",
    ("stand-in", ""): N_("{name} (while {other} is away)"),
}

# The same for whoever decides.
YOU_DECIDE = {
    ("manager", ""): N_("You decide as {other}'s manager."),
    ("manager", "gone"): N_("You decide as {other}'s manager, because {other} has left."),
    ("manager", "spender"): N_("You decide as {other}'s manager, because {other} would spend it."),
    ("manager", "agent"): N_("You decide as {other}'s manager, because {other} owns this agent."),
    ("manager", "pool"): N_("You decide as {other}'s manager, because {other} spends from this pool."),
    ("manager", "silent"): N_("You decide as {other}'s manager, because {other} has not answered."),
    ("manager", "unreached"): N_("You decide as {other}'s manager, because {other} can't be reached."),
    ("manager", "decided"): N_("You decide as {other}'s manager, because {other} decided another stage."),
    ("owner", ""): N_("You decide as owner of {other}."),
    ("lead", ""): N_(
        "You decide as lead of the {other} pool. What you approve is given out of what is free; what the pool lacks "
        "goes to whoever decides over it."
    ),
    ("role", ""): N_("You decide as {role}."),
    ("role", "no manager"): N_("You decide as {role}, because no manager can decide this."),
    ("role", "nobody else"): N_("You decide as {role}, because nobody else can decide this."),
    ("role", "silent"): N_("You decide as {role}, because nobody has answered."),
    ("role", "unreached"): N_("You decide as {role}, because who was asked can't be reached."),
    ("people", ""): N_("You decide because the approval policy names you."),
    ("stand-in", ""): N_("You decide for {other}, who is away until {day}."),
}


PER = {
    "day": N_("{amount} a day"),
    "week": N_("{amount} a week"),
    "month": N_("{amount} a month"),
    "quarter": N_("{amount} a quarter"),
    "year": N_("{amount} a year"),
}
"""A limit, by how long a period is."""


ASKS = {
    (False, False): N_("{name} asks for {amount} more"),
    (False, True): N_("{name} asks for {amount} more for {agent}"),
    (True, False): N_("{name} asks for a limit of {amount}"),
    (True, True): N_("{name} asks for a limit of {amount} for {agent}"),
}
"""Who asks: whether for an exception, and whether for an agent."""


def sum_of(ctx: Context, request: Request, units: int) -> str:
    """An amount of a request: so much, or so much a month if another limit is asked for."""
    amount = ctx.amount(units, request.unit)
    rule = next(iter(ctx.policy.rules_named(request.budget)), None)
    return ctx.t(PER[rule.every], amount=amount) if request.is_exception and rule else amount


def asked_for(ctx: Context, request: Request) -> str:
    """All that a request asks for, with what was given of it already."""
    return sum_of(ctx, request, request.amount + request.given)


def decided(ctx: Context, request: Request) -> str:
    """What was granted and given of a pool, or what is asked for as long as nothing is."""
    granted = request.granted if request.resolved_at else 0
    return sum_of(ctx, request, granted) if granted else asked_for(ctx, request)


def asks(ctx: Context, case: Case) -> str:
    """Who asks for how much, for whoever decides."""
    request, account = case.request, case.account
    agent = account.name if account and account.kind == "agent" else ""
    values = {"name": case.name_of(request.asker_id), "amount": sum_of(ctx, request, request.amount), "agent": agent}
    if case.claim:
        return ctx.t("{name} claims {amount} for {tool}", tool=case.claim.vendor, **values)
    return ctx.t(ASKS[request.is_exception, bool(agent)], **values)


def last_day_of(ctx: Context, request: Request) -> str:
    """Until when it is asked for."""
    return ctx.t("no end (permanent)") if request.until == FOREVER else ctx.last_day(request.until)


def any_of(ctx: Context, names: Iterable[str]) -> str:
    """Names of which one is enough, such as "Kim Tanaka or Fay Osei"."""
    return format_list(list(names), style="or", locale=ctx.locale)


def all_of(ctx: Context, names: Iterable[str]) -> str:
    """Names of which each is needed, such as "Kim Tanaka and Fay Osei"."""
    return format_list(list(names), locale=ctx.locale)


def role_name(ctx: Context, role: str) -> str:
    """A role as people call it; one that a company made up has no other name."""
    return ctx.t(ROLES[role]) if role in ROLES else role


def name_of(ctx: Context, case: Case, person_id: str) -> str:
    """Who did something, as people call them."""
    if person_id == "rules":
        return ctx.t("the approval policy")
    if person_id == CLOCK.id:
        return "Bursar"
    person = case.person(person_id) or ctx.somebody(person_id)
    return person.name if person else person_id


def goes_to(ctx: Context, case: Case, found: Sequence[Decider]) -> str:
    """Who decides, each with why, for whoever asks."""
    said, join = [], all_of if case.stage.need == "all" else any_of
    for key, group in groupby(found, key=lambda each: (each.right, each.reason, each.of, each.for_id)):
        first, *_ = same = list(group)
        text = GOES_TO.get(_key(first)) or GOES_TO[key[0].partition(" ")[0], ""]
        said.append(ctx.t(text, name=join(ctx, [each.person.name for each in same]), **_values(ctx, case, first)))
    return join(ctx, said)


def you_decide(ctx: Context, case: Case, mine: Decider) -> str:
    """Why whoever reads decides, in a sentence."""
    text = YOU_DECIDE.get(_key(mine)) or YOU_DECIDE[mine.right.partition(" ")[0], ""]
    return ctx.t(text, **_values(ctx, case, mine))


def _key(each: Decider) -> tuple[str, str]:
    return ("stand-in", "") if each.for_id else (each.right.partition(" ")[0], each.reason)


def _values(ctx: Context, case: Case, each: Decider) -> dict[str, str]:
    """What fills the placeholders: all of them, for each text takes those that it has."""
    away = case.circle.stand_ins.get(each.for_id)
    of = each.of if each.right in ("owner", "lead") else case.name_of(each.of)
    return {
        "other": case.name_of(each.for_id) if each.for_id else of,
        "role": role_name(ctx, each.right.removeprefix("role ")),
        "day": ctx.day(away[1]) if away else "",
    }


def stages_in_words(ctx: Context, stages: Sequence[Stage], names: Mapping[str, str]) -> str:
    """Who decides, one after another, for whoever asks: "your manager, then finance".

    Args:
        ctx: of whoever asks.
        stages: in their order.
        names: of people, by id, as far as they are known.
    """
    said = ""
    for stage in stages:
        whom = _whom(ctx, stage.by, names)
        said = ctx.t("{first}, then {next}", first=said, next=whom) if said else whom
    return said


def _whom(ctx: Context, by: str, names: Mapping[str, str]) -> str:
    if by == "manager":
        return ctx.t("your manager")
    if by == "owner":
        return ctx.t("the team's owner")
    if by == "lead":
        return ctx.t("the pool's lead")
    kind, _, rest = by.partition(" ")
    return role_name(ctx, rest) if kind == "role" else any_of(ctx, [names.get(each, each) for each in named(by)])


def named(by: str) -> Iterator[str]:
    """The ids of people whom a stage names."""
    if by.startswith("people "):
        yield from (each.strip() for each in by.removeprefix("people ").split(","))


def note_of(ctx: Context, case: Case) -> str:
    """Why it was decided so: what whoever decided wrote, or what the bot noted, in the reader's language."""
    request = case.request
    if request.state == "expired":
        text, values = in_words(ctx, case, request.resolved_note)
        return ctx.t(text, **values)
    vendor = ctx.policy.vendor(request.origin.partition("/")[0])
    if request.state == "withdrawn" and request.resolved_note and vendor:
        return ctx.t("It was decided at {service}.", service=vendor.service)
    return request.resolved_note
