"""Who may decide a request: worked out at the moment it matters from the people of now, never from a message."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from handlers.context import Context
from handlers.policy import Budget, Stage
from handlers.requests.case import LAST_RESORT, STANDBY, Case
from storage.directory import Person
from storage.people import Account

CHAIN_MAX = 20
LEAD = Stage(by="lead")
"""Whoever asks for a share of a pool asks its lead first, whatever app.yaml says."""
EVERYBODY = "*"

Reason = Literal["", "gone", "spender", "agent", "pool", "decided", "silent", "unreached", "no manager", "nobody else"]
"""Why the choice fell on somebody who is not the first whom the policy means."""


@dataclass(frozen=True, slots=True)
class Decider:
    """Somebody who may decide.

    Args:
        person: who.
        authority: why, such as "manager" or "role finance", for the audit.
        for_id: in whose stead, "" in their own right.
        right: the right by which they or whom they stand in for decide: "manager", "owner", "lead", "role finance",
            "people".
        of: whose manager they are, by id, or the name of the account that they own.
        reason: why it is not the first whom the policy means: what of `of`, the manager passed over, stands against it.
        instead: who did not answer, so that the word of this one counts for theirs; EVERYBODY for all of them.
    """

    person: Person
    authority: str
    for_id: str = ""
    right: str = "people"
    of: str = ""
    reason: Reason = ""
    instead: str = ""


def deciders(case: Case) -> list[Decider]:
    """Who may decide now: those of the stage, whoever stands in for them, and who was added for want of an answer.

    Nobody, as long as a program's request was not sent on: whoever would decide it sees nothing of it.
    """
    if case.request.state == "proposed":
        return []
    stage = case.stage
    found = list(_of(case, stage.by))
    if not found:
        why: Reason = "no manager" if stage.by == "manager" else "nobody else"
        instead = list(_of(case, stage.fallback)) or list(_of(case, LAST_RESORT))
        found = [each if each.reason else replace(each, reason=why) for each in instead]
    for _ in range(case.request.raised):
        found += _next_in_line(case, found)
    return found + list(_stand_ins(case, found))


def decider(case: Case, person: Person) -> Decider | None:
    """As what somebody may decide now, None if they may not."""
    if not person.active:
        return None
    mine = next((each for each in deciders(case) if each.person.id == person.id), None)
    if mine is None and any(each.said == "unreached" for each in case.asked_now):
        mine = next((each for each in _of(case, STANDBY) if each.person.id == person.id), None)
        return replace(mine, reason="unreached") if mine else None
    return mine


def to_be_asked(found: Iterable[Decider]) -> dict[str, str]:
    """Whom to write to, each with in whose stead: the delegate in place of who is away."""
    found = list(found)
    away = {each.for_id for each in found if each.for_id}
    return {each.person.id: each.for_id for each in found if each.person.id not in away}


def still_needed(case: Case) -> list[str]:
    """The names of those who must agree yet, if all of a stage must."""
    if case.stage.need == "any":
        return []
    found = deciders(case)
    yes = [each for each in case.asked_now if each.agreed]
    said = {each.person_id for each in yes} | {each.for_id for each in yes} | _decided_by_standby(case, found)
    instead = {each.instead for each in found if each.person.id in said}
    if EVERYBODY in instead:
        return []
    own = (each for each in found if not each.for_id and not each.instead)
    return [each.person.name for each in own if each.person.id not in said | instead]


def _decided_by_standby(case: Case, found: list[Decider]) -> set[str]:
    """Who cannot be reached and for whom somebody said yes who may decide instead and has no say of their own."""
    own = {each.person.id for each in found}
    standby = {each.person.id for each in _of(case, STANDBY)} - own
    if not any(each.agreed and each.person_id in standby for each in case.asked_now):
        return set()
    return {each.person_id for each in case.asked_now if each.said == "unreached"}


def concerned(case: Case) -> set[str]:
    """Who can never decide a request.

    Who asks, who would spend of it, who owns the agent that would, and who spends of a pool that it makes larger.
    """
    account = case.account
    owner = account.owner_id if account and account.kind == "agent" else ""
    own = account.person_id if account else ""
    # What a lead gives out of what is free makes the pool no larger, so that they may spend from it themself.
    inside = () if case.stage.by == "lead" else case.circle.inside
    return {case.request.asker_id, own, owner, *inside} - {""}


def decided_before(case: Case) -> set[str]:
    """Who decided an earlier stage, themself or through somebody: with four eyes they decide no other."""
    if not case.four_eyes:
        return set()
    before = [each for each in case.asked if each.agreed and each.stage < case.request.stage]
    return {each.person_id for each in before} | {each.for_id for each in before} - {""}


def _excluded(case: Case) -> set[str]:
    return concerned(case) | decided_before(case)


def _of(case: Case, by: str) -> Iterator[Decider]:
    excluded = _excluded(case)
    if by == "manager":
        asker = case.person(case.request.asker_id)
        yield from [_as_manager(case, asker, *each) for each in _next_manager(case, asker, excluded)]
    elif by == "owner":
        yield from _owner_above(case, excluded)
    elif by == "lead":
        yield from _lead(case, excluded)
    else:
        kind, _, rest = by.partition(" ")
        names = {name.strip() for name in rest.split(",")}
        for person in case.circle.people.values():
            named = rest in person.roles if kind == "role" else person.id in names
            if named and person.active and person.id not in excluded:
                yield Decider(person, by, right=by if kind == "role" else "people")


def _as_manager(case: Case, asker: Person | None, manager: Person, under: Person) -> Decider:
    """A manager who decides, for the asker or for a manager below who was passed over."""
    reason = "" if under is asker else _against(case, under)
    return Decider(manager, "manager", right="manager", of=under.id, reason=reason)


def _against(case: Case, person: Person) -> Reason:
    """Why a manager does not decide."""
    if not person.active:
        return "gone"
    if case.account and case.account.kind == "agent" and case.account.owner_id == person.id:
        return "agent"
    if person.id in decided_before(case):
        return "decided"
    return "pool" if person.id in case.circle.inside else "spender"


def _next_manager(case: Case, person: Person | None, excluded: set[str]) -> list[tuple[Person, Person]]:
    """The first manager up the line who is there and not concerned, and whose manager; a circle ends the search."""
    seen: set[str] = set()
    while person and person.manager and person.manager not in seen and len(seen) < CHAIN_MAX:
        seen.add(person.manager)
        under, person = person, case.person(person.manager)
        if person and person.active and person.id not in excluded:
            return [(person, under)]
    return []


def _owner_above(case: Case, excluded: set[str]) -> Iterator[Decider]:
    """The owner of the nearest team above the account who is not concerned."""
    for each in case.line[1:]:
        owner = case.person(each.owner_id)
        if owner and owner.active and owner.id not in excluded:
            yield Decider(owner, "owner", right="owner", of=each.name)
            return


def _lead(case: Case, excluded: set[str]) -> Iterator[Decider]:
    """The owner of the pool of which a share is asked."""
    for each in case.line:
        lead = case.person(each.owner_id) if each.id == case.pool_id else None
        if lead and lead.active and lead.id not in excluded:
            yield Decider(lead, "lead", right="lead", of=each.name)


def lead_of(ctx: Context, budget: Budget, line: Iterable[Account]) -> Person | None:
    """Who gives shares of a pool: its owner, if there is one."""
    owner = next((each.owner_id for each in line if each.id == budget.account_id), "")
    lead = ctx.somebody(owner) if owner else None
    return lead if lead and lead.active else None


def _next_in_line(case: Case, found: list[Decider]) -> list[Decider]:
    """The managers of those who did not answer; above the last of them whom the policy names for such a case."""
    known = {each.person.id for each in found}
    unreached = {each.person_id for each in case.asked_now if each.said == "unreached"}
    new: dict[str, Decider] = {}
    for each in found:
        for manager, under in _next_manager(case, each.person, _excluded(case) | known):
            silent: Reason = "unreached" if each.person.id in unreached else "silent"
            reason = silent if under is each.person else _against(case, under)
            instead = each.instead or each.person.id
            above = Decider(manager, "manager above", right="manager", of=under.id, reason=reason, instead=instead)
            new.setdefault(manager.id, above)
    if new:
        return list(new.values())
    why: Reason = "unreached" if known <= unreached else "silent"
    for by in (case.stage.fallback, LAST_RESORT):
        others = [each for each in _of(case, by) if each.person.id not in known]
        if others:
            return [replace(each, reason=why, instead=EVERYBODY) for each in others]
    return []


def _stand_ins(case: Case, found: list[Decider]) -> Iterator[Decider]:
    """Depth one: a delegate's own delegation does not count, so there is no circle to fall into."""
    excluded = _excluded(case)
    known = {each.person.id for each in found}
    for each in found:
        to_id, until = case.circle.stand_ins.get(each.person.id, ("", None))
        delegate = case.person(to_id)
        if delegate and delegate.active and delegate.id not in excluded | known:
            known.add(delegate.id)
            authority = f"{each.authority}, for {each.person.id} until {until}"
            yield replace(each, person=delegate, authority=authority, for_id=each.person.id)
