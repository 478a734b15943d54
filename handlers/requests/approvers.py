"""Who may decide a request, looked up at the moment it matters: from the people of now, never from a message."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from handlers.context import Context
from handlers.policy import STAGES, Stage
from storage import people, requests
from storage.directory import Person
from storage.requests import Request

CHAIN_MAX = 20


@dataclass(frozen=True, slots=True)
class Decider:
    """Somebody who may decide.

    Args:
        person: who.
        authority: why, such as "manager" or "role finance".
        for_id: in whose stead, "" in their own right.
    """

    person: Person
    authority: str
    for_id: str = ""


def stage_of(request: Request) -> Stage:
    """The stage at which a request is."""
    return STAGES.validate_json(request.stages)[request.stage]


def deciders(ctx: Context, request: Request) -> list[Decider]:
    """Who may decide now: those of the stage, whoever stands in for them, and who was added for want of an answer."""
    stage = stage_of(request)
    found = list(_of(ctx, request, stage.by)) or list(_of(ctx, request, stage.fallback))
    found = found or list(_of(ctx, request, "role admin"))
    for _ in range(request.raised):
        found += _above(ctx, request, found)
    return _with_delegates(ctx, request, found)


def to_be_asked(found: Iterable[Decider]) -> dict[str, str]:
    """Whom to write to, each with in whose stead: the delegate in place of who is away."""
    found = list(found)
    away = {each.for_id for each in found if each.for_id}
    return {each.person.id: each.for_id for each in found if each.person.id not in away}


def concerned(ctx: Context, request: Request) -> set[str]:
    """Who can never decide a request: who asks, who would spend of it, and who owns the agent that would."""
    account = people.account(ctx.conn, request.account_id)
    owner = account.owner_id if account and account.kind == "agent" else ""
    own = account.person_id if account else ""
    return {request.asker_id, own, owner, *_bound(ctx, request)} - {""}


def _bound(ctx: Context, request: Request) -> set[str]:
    """More for a share makes the team's pool larger, so whoever spends of that pool does not decide about it."""
    pools = [each.account_id for each in ctx.house.budgets if each.name == request.budget and each.who[:5] == "team "]
    return {one.person_id for each in pools for one in people.descendants(ctx.conn, each)}


def _of(ctx: Context, request: Request, by: str) -> Iterator[Decider]:
    excluded = concerned(ctx, request)
    if by == "manager":
        manager = _next_manager(ctx, ctx.somebody(request.asker_id), excluded)
        if manager:
            yield Decider(manager, "manager")
    elif by == "owner":
        owner = _owner_above(ctx, request, excluded)
        if owner:
            yield Decider(owner, "owner")
    else:
        kind, _, rest = by.partition(" ")
        names = {name.strip() for name in rest.split(",")}
        for person in people.active_people(ctx.conn):
            if person.id not in excluded and (rest in person.roles if kind == "role" else person.id in names):
                yield Decider(person, by)


def _next_manager(ctx: Context, person: Person | None, excluded: set[str]) -> Person | None:
    """The first manager up the line who is there and not concerned; a circle ends the search."""
    seen: set[str] = set()
    while person and person.manager and person.manager not in seen and len(seen) < CHAIN_MAX:
        seen.add(person.manager)
        person = ctx.somebody(person.manager)
        if person and person.active and person.id not in excluded:
            return person
    return None


def _owner_above(ctx: Context, request: Request, excluded: set[str]) -> Person | None:
    """The owner of the nearest team above the account who is not concerned."""
    account = people.account(ctx.conn, request.account_id)
    for _ in range(CHAIN_MAX):
        account = people.account(ctx.conn, account.parent_id) if account and account.parent_id else None
        owner = ctx.somebody(account.owner_id) if account and account.owner_id else None
        if owner and owner.active and owner.id not in excluded:
            return owner
    return None


def _above(ctx: Context, request: Request, found: list[Decider]) -> list[Decider]:
    """The managers of those who did not answer."""
    excluded = concerned(ctx, request) | {each.person.id for each in found}
    managers = (_next_manager(ctx, each.person, excluded) for each in found)
    new = {manager.id: manager for manager in managers if manager}
    return [Decider(manager, "manager above") for manager in new.values()]


def _with_delegates(ctx: Context, request: Request, found: list[Decider]) -> list[Decider]:
    """Depth one: a delegate's own delegation does not count, so there is no circle to fall into."""
    standing_in = requests.delegated(ctx.conn, ctx.today)
    excluded = concerned(ctx, request)
    known = {each.person.id for each in found}
    extra = []
    for each in found:
        to_id, until = standing_in.get(each.person.id, ("", None))
        delegate = ctx.somebody(to_id) if to_id else None
        if delegate and delegate.active and delegate.id not in excluded | known:
            known.add(delegate.id)
            authority = f"{each.authority}, for {each.person.id} until {until}"
            extra.append(Decider(delegate, authority, each.person.id))
    return found + extra
