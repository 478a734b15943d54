"""Who may decide a request: worked out at the moment it matters from the people of now, never from a message."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from handlers.requests.case import LAST_RESORT, Case
from storage.directory import Person

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


def deciders(case: Case) -> list[Decider]:
    """Who may decide now: those of the stage, whoever stands in for them, and who was added for want of an answer."""
    stage = case.stage
    found = list(_of(case, stage.by)) or list(_of(case, stage.fallback)) or list(_of(case, LAST_RESORT))
    for _ in range(case.request.raised):
        found += _above(case, found)
    return found + list(_stand_ins(case, found))


def decider(case: Case, person: Person) -> Decider | None:
    """As what somebody may decide now, None if they may not."""
    if not person.active:
        return None
    return next((each for each in deciders(case) if each.person.id == person.id), None)


def to_be_asked(found: Iterable[Decider]) -> dict[str, str]:
    """Whom to write to, each with in whose stead: the delegate in place of who is away."""
    found = list(found)
    away = {each.for_id for each in found if each.for_id}
    return {each.person.id: each.for_id for each in found if each.person.id not in away}


def still_needed(case: Case) -> list[str]:
    """The names of those who must agree yet, if all of a stage must."""
    if case.stage.need == "any":
        return []
    yes = [each for each in case.asked_now if each.said]
    said = {each.person_id for each in yes} | {each.for_id for each in yes}
    return [each.person.name for each in deciders(case) if not each.for_id and each.person.id not in said]


def concerned(case: Case) -> set[str]:
    """Who can never decide a request.

    Who asks, who would spend of it, who owns the agent that would, and who spends of a pool that it makes larger.
    """
    account = case.account
    owner = account.owner_id if account and account.kind == "agent" else ""
    own = account.person_id if account else ""
    return {case.request.asker_id, own, owner, *case.circle.inside} - {""}


def _of(case: Case, by: str) -> Iterator[Decider]:
    excluded = concerned(case)
    if by == "manager":
        manager = _next_manager(case, case.person(case.request.asker_id), excluded)
        if manager:
            yield Decider(manager, "manager")
    elif by == "owner":
        owner = _owner_above(case, excluded)
        if owner:
            yield Decider(owner, "owner")
    else:
        kind, _, rest = by.partition(" ")
        names = {name.strip() for name in rest.split(",")}
        for person in case.circle.people.values():
            named = rest in person.roles if kind == "role" else person.id in names
            if named and person.active and person.id not in excluded:
                yield Decider(person, by)


def _next_manager(case: Case, person: Person | None, excluded: set[str]) -> Person | None:
    """The first manager up the line who is there and not concerned; a circle ends the search."""
    seen: set[str] = set()
    while person and person.manager and person.manager not in seen and len(seen) < CHAIN_MAX:
        seen.add(person.manager)
        person = case.person(person.manager)
        if person and person.active and person.id not in excluded:
            return person
    return None


def _owner_above(case: Case, excluded: set[str]) -> Person | None:
    """The owner of the nearest team above the account who is not concerned."""
    owners = (case.person(each.owner_id) for each in case.line[1:])
    return next((each for each in owners if each and each.active and each.id not in excluded), None)


def _above(case: Case, found: list[Decider]) -> list[Decider]:
    """The managers of those who did not answer."""
    excluded = concerned(case) | {each.person.id for each in found}
    managers = (_next_manager(case, each.person, excluded) for each in found)
    new = {manager.id: manager for manager in managers if manager}
    return [Decider(manager, "manager above") for manager in new.values()]


def _stand_ins(case: Case, found: list[Decider]) -> Iterator[Decider]:
    """Depth one: a delegate's own delegation does not count, so there is no circle to fall into."""
    excluded = concerned(case)
    known = {each.person.id for each in found}
    for each in found:
        to_id, until = case.circle.stand_ins.get(each.person.id, ("", None))
        delegate = case.person(to_id)
        if delegate and delegate.active and delegate.id not in excluded | known:
            known.add(delegate.id)
            yield Decider(delegate, f"{each.authority}, for {each.person.id} until {until}", each.person.id)
