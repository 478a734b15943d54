"""The case of a request: all that decides about it and is shown of it, read in a few statements.

Load, decide, write: `load` reads a case, functions of it say who decides (approvers.py) and what everybody sees
(messages.py), and `record` (write.py) writes what has become of it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from handlers.budgets import BudgetStatus, current
from handlers.context import CHAT_PLATFORMS, Context, private_places
from handlers.periods import period_of
from handlers.place import UNLINKED, Place
from handlers.policy import STAGES, Budget, ExceptionRule, Policy, Stage
from handlers.questions import AtProviders, at_providers, looked_at
from handlers.requests.claimed import YearOfClaims, category_named, year_of
from handlers.waste import Advice, advice
from storage import claims, people, requests
from storage.claims import Claim
from storage.directory import Person
from storage.people import Account, Circle
from storage.requests import Asked, Counts, Request, Resolution
from storage.tables import FOREVER

LAST_RESORT = "role admin"
"""Who decides if neither those of a stage nor those of its fallback can be found."""
STANDBY = "role finance"
"""Who may decide as long as somebody who was asked cannot be reached."""


@lru_cache(maxsize=256)
def _stages(written: str) -> tuple[Stage, ...]:
    """The stages of a request: it is asked for them a dozen times while it is decided, and most have the same."""
    return STAGES.validate_json(written)


@dataclass(frozen=True, slots=True)
class Case:
    """A request and whom it concerns.

    Args:
        request: as it stands.
        line: the account that would spend, and every account above it, the nearest first.
        asked: everybody who was asked to decide.
        circle: all people who may decide it now, all managers above them and above whoever asks, and stand-ins.
        four_eyes: whoever decided one stage of it decides no other.
        pool_id: the account whose pool it is of which a share is asked, "" for none.
        claim: what was bought, if money is claimed back.
        workspaces: of Slack, if there are several.
    """

    request: Request
    line: tuple[Account, ...]
    asked: tuple[Asked, ...]
    circle: Circle
    four_eyes: bool = False
    pool_id: str = ""
    claim: Claim | None = None
    workspaces: tuple[str, ...] = ()

    @property
    def account(self) -> Account | None:
        """Who would spend."""
        return self.line[0] if self.line else None

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Who has to decide, as the rules stood when it was asked."""
        return _stages(self.request.stages)

    @property
    def stage(self) -> Stage:
        """The stage at which it is."""
        return self.stages[self.request.stage]

    @property
    def asked_now(self) -> tuple[Asked, ...]:
        """Who was asked at this stage."""
        return tuple(each for each in self.asked if each.stage == self.request.stage)

    def person(self, person_id: str) -> Person | None:
        """Somebody whom it concerns, or None."""
        return self.circle.people.get(person_id)

    def name_of(self, person_id: str) -> str:
        """Who did something, as people call them."""
        person = self.person(person_id)
        return person.name if person else person_id

    def places_of(self, person_id: str) -> tuple[Place, ...]:
        """Where somebody talks to us in private."""
        return private_places(person_id, self.circle.identities.get(person_id, ()), self.workspaces)

    def is_linked(self, person_id: str) -> bool:
        """Whether an account of theirs is known."""
        return all(place.platform != UNLINKED for place in self.places_of(person_id))

    # What may become of it ------------------------------------------------------------------------------------------

    def changed(self, **values: object) -> "Case":
        """The case when the request was changed."""
        return replace(self, request=replace(self.request, version=self.request.version + 1, **values))  # type: ignore[arg-type]

    def resolved(self, end: Resolution, now: datetime) -> "Case":
        """The case when the request was decided, withdrawn or refused.

        What was given out of the pool stays, whatever becomes of the rest.
        """
        if self.request.given and end.state != "approved":
            end = Resolution("approved", end.by, note="" if end.state == "expired" else end.note)
        return self.changed(
            state=end.state,
            resolved_at=now,
            resolved_by=end.by,
            resolved_amount=end.amount,
            resolved_note=end.note,
        )

    def agreed(self, person_id: str, for_id: str) -> "Case":
        """The case when somebody has said yes at this stage."""
        others = [each for each in self.asked if (each.stage, each.person_id) != (self.request.stage, person_id)]
        return self._asking([*others, Asked(self.request.stage, person_id, for_id, "approved")])

    def with_asked(self, deciders: Mapping[str, str]) -> "Case":
        """The case when people are asked at this stage, each with in whose stead; those who were asked before stay."""
        known = {each.person_id for each in self.asked_now if not each.is_closed}
        new = [Asked(self.request.stage, each, for_id, "") for each, for_id in deciders.items() if each not in known]
        again = {each.person_id for each in new}
        others = [each for each in self.asked if each.stage != self.request.stage or each.person_id not in again]
        return self._asking([*others, *new])

    def marked(self, said: str, person_ids: Collection[str]) -> "Case":
        """The case when something else is known of people who were asked at this stage."""
        here = self.request.stage
        return self._asking(
            [
                replace(each, said=said) if each.stage == here and each.person_id in person_ids else each
                for each in self.asked
            ]
        )

    def _asking(self, asked: list[Asked]) -> "Case":
        return replace(self, asked=tuple(sorted(asked, key=lambda each: (each.stage, each.person_id))))


@dataclass(frozen=True, slots=True)
class Background:
    """What whoever decides should know of the budget that more is asked of.

    Args:
        status: how it stands; None if app.yaml has it no more.
        found: how all budgets stand that bind the account.
        times: how often more of it was granted in the period.
        granted: how much in all.
        advice: what looks like waste, and what would be cheaper.
        there: what holds for the account at the providers.
        claims: the claims of the year, if it is one.
    """

    status: BudgetStatus | None
    found: tuple[BudgetStatus, ...]
    times: int
    granted: int
    advice: Advice
    there: AtProviders
    claims: YearOfClaims | None = None


def load(ctx: Context, word: str) -> Case | None:
    """The case of the request under a number or a handle, in three statements; None if there is none."""
    found = requests.find_with_asked(ctx.conn, word)
    return case_of(ctx, *found) if found else None


def case_of(ctx: Context, request: Request, asked: tuple[Asked, ...]) -> Case:
    """The case of a request that was read."""
    return cases_of(ctx, [(request, asked)])[0]


def cases_of(ctx: Context, rows: Sequence[tuple[Request, tuple[Asked, ...]]]) -> list[Case]:
    """The cases of several requests, in two statements and one more for each pool that some of them would enlarge.

    Claims among them take one more.
    """
    ctx.look_up({request.account_id for request, _ in rows})
    alike: dict[frozenset[str], list[tuple[Request, tuple[Asked, ...]]]] = {}
    for request, asked in rows:
        alike.setdefault(frozenset(_enlarged(ctx.policy, request)), []).append((request, asked))
    numbers = [request.id for request, _ in rows if request.is_claim]
    claimed = claims.of(ctx.conn, numbers) if numbers else {}
    found = (case for below, same in alike.items() for case in _of_one_circle(ctx, same, below))
    return [replace(case, claim=claimed.get(case.request.id)) for case in found]


def _of_one_circle(
    ctx: Context, rows: Sequence[tuple[Request, tuple[Asked, ...]]], below: Collection[str]
) -> Iterator[Case]:
    """The cases of requests that would enlarge the same pools: all whom they concern are read together."""
    ids: set[str] = set()
    roles: set[str] = set()
    for request, asked in rows:
        ids |= {request.asker_id, request.resolved_by, *_named(request, ctx.line(request.account_id))}
        ids |= {each.person_id for each in asked}
        roles |= {by.removeprefix("role ") for by in _bys(request) if by.startswith("role ")}
    circle = people.circle(
        ctx.conn, ids=ids, roles=sorted(roles), today=ctx.today, platforms=CHAT_PLATFORMS, below=below
    )
    ctx.know(circle)
    for request, asked in rows:
        four_eyes = ctx.policy.requests.needs_four_eyes(_in_all(ctx, request) + request.before, request.unit)
        pool_id = next((each.account_id for each in ctx.policy.rules_named(request.budget) if each.is_pool), "")
        yield Case(
            request,
            ctx.line(request.account_id),
            asked,
            circle,
            four_eyes,
            pool_id,
            workspaces=ctx.policy.workspaces,
        )


def _in_all(ctx: Context, request: Request) -> int:
    """All that a request would add, for what has to be decided by several."""
    rule = next(iter(ctx.policy.rules_named(request.budget)), None)
    if not request.is_exception or rule is None:
        return request.amount
    return in_all(ctx, rule, request.amount, request.until)


def base_of(ctx: Context, rule: Budget) -> Budget:
    """The rule of app.yaml: itself, or the one that an exception stands in for."""
    if not isinstance(rule, ExceptionRule):
        return rule
    return next((each for each in ctx.policy.rules_named(rule.name) if each.who == rule.beneath), rule)


A_YEAR = {"day": 365, "week": 52, "month": 12, "quarter": 4, "year": 1}


def in_all(ctx: Context, rule: Budget, more: int, last: date) -> int:
    """What so much more in each period adds up to until a last day, or in a year if there is none."""
    if last == FOREVER:
        return more * A_YEAR[rule.every]
    period, periods = current(ctx, rule), 1
    if rule.every == "day":
        return more * max(1, (last - period.first).days + 1)
    while period.end <= last:
        period, periods = period_of(period.end, rule.every, ctx.policy.budget_calendar), periods + 1
    return more * periods


def background(ctx: Context, case: Case) -> Background:
    """What whoever decides should know, in six statements."""
    request = case.request
    if case.claim:
        return of_claims(claims_beside(ctx, case, case.claim))
    found = looked_at(ctx, case.account) if case.account else []
    rule = next(iter(ctx.policy.rules_named(request.budget)), None)
    who = request.account_id, request.asker_id
    counts = counts_of(ctx, *who, rule or request.budget, request.unit, request.period_start)
    return make_background(ctx, request, found, counts)


def of_claims(year: YearOfClaims) -> Background:
    """What whoever decides a claim should know: no budget is any fuller by it."""
    return Background(None, (), 0, 0, Advice(0, 0, None), AtProviders(), year)


def claims_beside(ctx: Context, case: Case, claim: Claim) -> YearOfClaims:
    """The claims of the year that a claim is in, and of which yearly budget it is."""
    account = case.account
    category = category_named(ctx, account, case.person(case.request.asker_id), case.request.budget)
    return year_of(ctx, category, account, claim) if account else YearOfClaims(None)


def counts_of(ctx: Context, account_id: str, asker_id: str, budget: Budget | str, unit: str, first: date) -> Counts:
    """What was granted of a budget since the first day of a period, to the account and to the person.

    Args:
        ctx: of whoever asks.
        account_id: who would spend.
        asker_id: who asks.
        budget: the rule, or its name if there is none any more.
        unit: what it is counted in.
        first: the first day of the period.
    """
    name, zone = (budget, "") if isinstance(budget, str) else (budget.name, budget.zone)
    since = datetime.combine(first, time(), ZoneInfo(zone) if zone else ctx.policy.zone).astimezone(UTC)
    return requests.counts(ctx.conn, account_id, name, first, unit, asker_id, since)


def make_background(ctx: Context, request: Request, found: Sequence[BudgetStatus], counts: Counts) -> Background:
    """The same from what is known already, in three statements."""
    account = ctx.account(request.account_id)
    there = at_providers(ctx, account, found) if account else AtProviders()
    told = advice(ctx, request.account_id)
    return Background(asked_of(found, request), tuple(found), counts.times, counts.amount, told, there)


def asked_of(found: Sequence[BudgetStatus], request: Request) -> BudgetStatus | None:
    """How the budget stands of which more was asked: its own, or the pool of somebody who has no share."""
    named = [each for each in found if each.budget.name == request.budget]
    own = (each for each in named if each.account_id == request.account_id)
    return next(own, None) or next((each for each in named if each.budget.is_pool), None)


def _bys(request: Request) -> set[str]:
    """Who decides at this stage and at the next: an approval may lead there."""
    near = _stages(request.stages)[request.stage : request.stage + 2]
    return {LAST_RESORT, STANDBY, *(by for stage in near for by in (stage.by, stage.fallback))}


def _named(request: Request, line: Iterable[Account]) -> set[str]:
    """People whom the rules name, and who own the account or one above it."""
    named = (by.removeprefix("people ").split(",") for by in _bys(request) if by.startswith("people "))
    return {name.strip() for names in named for name in names} | {each.owner_id for each in line}


def _enlarged(policy: Policy, request: Request) -> Collection[str]:
    """Teams whose pool grows by this request: more for a share makes the pool larger."""
    return {each.account_id for each in policy.budgets if each.name == request.budget and each.who.startswith("team ")}
