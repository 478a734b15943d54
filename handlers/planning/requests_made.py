"""Who would have had to decide, if those who are stopped ask for more: by the rules and functions that decide today."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median_low

from handlers.access import GROUP_MIN
from handlers.planning.history import History
from handlers.planning.replay import Stop
from handlers.policy import STAGES, Ask, Policy, Stage, stages_for
from handlers.requests import LEAD, Case, deciders
from storage.directory import Person
from storage.people import Account, Circle
from storage.requests import Request

CHAIN_MAX = 20
QUARTER = 4
"""Without a past, somebody asks for a quarter of the limit."""


@dataclass(frozen=True, slots=True)
class Load:
    """What requests would have been made.

    Args:
        count: how many at most: people go on asking for the usual amount until they have all that they wanted.
        least: how many at least: everybody who is stopped asks once.
        at_once: how many of them the rules approve without anybody.
        unruled: how many no rule is for.
        by: how many each approver would have had to decide: a person by name, or a role.
    """

    count: int
    least: int
    at_once: int
    unruled: int
    by: Mapping[str, int]


def requests_made(policy: Policy, history: History, stops: Iterable[Stop], now: datetime) -> Load:
    """The requests that stops would lead to: one for each, and one more for each further amount that is usual.

    Args:
        policy: the rules of approval.
        history: who stood where, and what was asked for in the past.
        stops: who would have been stopped.
        now: the moment of the replay.
    """
    made = least = at_once = unruled = 0
    by: dict[str, int] = defaultdict(int)
    times: dict[object, int] = defaultdict(int)
    usual = _Usual(history)
    with_roles = [each for each in history.persons.values() if each.roles]
    for stop in stops:
        amount = usual.of(stop)
        line = tuple(
            history.accounts[each] for each in history.line(stop.account_id, stop.day) if each in history.accounts
        )
        least += 1
        for _ in range(max(1, -(-stop.missed // max(1, amount)))):
            made += 1
            key = stop.account_id, stop.purse
            stages = _stages(policy, stop, amount, line, times[key])
            times[key] += 1
            if stages is None:
                unruled += 1
            elif stages[0].by == "nobody":
                at_once += 1
            else:
                by[_who(history, stop, amount, line, stages, now, with_roles)] += 1
    return Load(made, least, at_once, unruled, dict(sorted(by.items(), key=lambda each: (-each[1], each[0]))))


class _Usual:
    """What people ask for."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._of_team: dict[str, list[int]] = defaultdict(list)
        for each in history.asked:
            for above in history.line(each.account_id, history.end):
                self._of_team[f"{above} {each.unit}"].append(each.amount)

    def of(self, stop: Stop) -> int:
        """The median of what was asked in somebody's team, or else above it; without a past a part of the limit."""
        for above in self._history.line(stop.account_id, stop.day):
            found = self._of_team.get(f"{above} {stop.budget.unit}", [])
            if len(found) >= GROUP_MIN:
                return median_low(found)
        return max(1, stop.budget.allotment // QUARTER)


def _stages(policy: Policy, stop: Stop, amount: int, line: Sequence[Account], times: int) -> tuple[Stage, ...] | None:
    budget = stop.budget
    teams = frozenset(each.id.removeprefix("team/") for each in line)
    left = 0 if budget.is_pool else None
    ask = Ask(amount, budget.allotment, budget.unit, budget.models, teams, times, left, amount * times)
    stages = stages_for(policy.approvals, ask)
    if budget.is_pool and (stages is None or stages[0].by != "nobody"):
        return (LEAD, *(stages or ()))
    return stages


def _who(
    history: History,
    stop: Stop,
    amount: int,
    line: Sequence[Account],
    stages: Sequence[Stage],
    now: datetime,
    with_roles: Collection[Person],
) -> str:
    """Who decides the first stage: a person by name; several by the role or the right they have in common."""
    owner = line[0].owner_id if line else ""
    asker = stop.account_id.removeprefix("person/") if stop.account_id.startswith("person/") else owner
    request = _request(stop, asker, amount, stages, now)
    case = Case(request, tuple(line), (), _circle(history, asker, line, stages, with_roles), pool_id=_pool(stop))
    found = deciders(case)
    if len(found) == 1:
        return found[0].person.name
    return found[0].right if found else "role admin"


def _pool(stop: Stop) -> str:
    return stop.purse.holder if stop.budget.is_pool else ""


def _circle(
    history: History, asker: str, line: Sequence[Account], stages: Sequence[Stage], with_roles: Collection[Person]
) -> Circle:
    """The people whom a decision may concern: the managers above, owners, and those whom the rules name."""
    known: dict[str, Person] = {}

    def add(person_id: str) -> None:
        for _ in range(CHAIN_MAX):
            person = history.persons.get(person_id)
            if person is None or person.id in known:
                return
            known[person.id] = person
            person_id = person.manager

    for each in (asker, *(account.owner_id for account in line)):
        add(each)
    for name in _named(stages):
        add(name)
    known.update({each.id: each for each in with_roles})
    return Circle(dict(sorted(known.items(), key=lambda each: each[1].name)), {}, {}, frozenset())


def _named(stages: Iterable[Stage]) -> Iterator[str]:
    for stage in stages:
        for by in (stage.by, stage.fallback):
            if by.startswith("people "):
                yield from (name.strip() for name in by.removeprefix("people ").split(","))


def _request(stop: Stop, asker: str, amount: int, stages: Sequence[Stage], now: datetime) -> Request:
    return Request(
        id=0,
        handle="",
        version=0,
        state="pending",
        asker_id=asker,
        account_id=stop.account_id,
        budget=stop.budget.name,
        period_start=stop.purse.first,
        until=stop.until,
        amount=amount,
        unit=stop.budget.unit,
        reason="",
        stages=STAGES.dump_json(tuple(stages)).decode(),
        stage=0,
        raised=0,
        reminded_on=None,
        asked_at=now,
        resolved_at=None,
        resolved_by="",
        resolved_amount=0,
        resolved_note="",
        ended_at=None,
        origin="",
        applied="",
        kind="",
        given=0,
        share_base=None,
    )
