"""The start of a period: every account gets what its rules say, once, and keeps what may be kept."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from handlers.access import role_of, sees_all
from handlers.arguments import One
from handlers.budgets.posting import entry_of, post_many
from handlers.budgets.status import STILL_MOVES, allotment_of, current, spent_below, used
from handlers.card import Card
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.events import GiveAllotments
from handlers.periods import Period, period_of
from handlers.policy import Budget, rules_for, with_exceptions
from storage import ledger, people, requests, terms
from storage.directory import Person
from storage.ledger import Entry, EntryKind, Posted
from storage.people import Account
from storage.spend import Spent
from storage.tables import ORGANIZATION
from storage.terms import Term, Whose


@dataclass(frozen=True, slots=True)
class Member:
    """An account with its person, if it is one's own, and the rules of its own budgets by their names."""

    account: Account
    person: Person | None
    rules: Mapping[str, Budget]


EVERYBODY = ("every person", "every agent")
"""Rules that are for all of a kind: what they give is said once for all, and not posted for each."""
FEW = 2_000
"""So many accounts are looked up by their ids; of more, everybody is read."""


def give_allotments(ctx: Context, _event: GiveAllotments) -> None:
    """Post what the current periods give, and carry on what is left of the last ones.

    What a rule gives to everybody of a kind is posted as terms, in one row. An account has an entry of its own where it
    has something else: by a more specific rule, as a joiner, or because it came when the terms had been posted. Where
    something is carried on from period to period, everybody has an entry, for what is left is each one's own.
    """
    families = _families(ctx)
    posted = terms.of_all(ctx.conn, [(each[0].name, current(ctx, each[0]).first) for each in families])
    said = [_begin(ctx, family, posted[family[0].name, current(ctx, family[0]).first]) for family in families]
    new = [entry for each in said for entry in each.entries]
    carried = [entry for family in families for entry in _rollovers(ctx, family)]
    post_many(ctx, new + carried, also=any(each.terms for each in said))


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a period of a budget begins with.

    Args:
        terms: those that were posted just now.
        entries: those that are to be posted.
    """

    terms: tuple[Term, ...]
    entries: tuple[Entry, ...]


def _begin(ctx: Context, family: Sequence[Budget], posted: Mapping[str, terms.Posted]) -> Beginning:
    """Post the terms of a budget's period that are missing, and work out who needs an entry beside them."""
    period = current(ctx, family[0])
    is_carried = any(each.rollover_max != 0 for each in family)
    new = [
        _term(ctx, each, period, "")
        for each in family
        if each.who in EVERYBODY and each.kind not in posted and not is_carried
    ]
    fresh = tuple(each for each in new if terms.post(ctx.conn, each))
    termed = {*posted, *(each.kind for each in fresh)}
    late = Whose(arrived=frozenset((kind, each.first_id) for kind, each in posted.items()))
    arrived = terms.without_allotment(ctx.conn, family[0].name, period.first, late) if posted else set()
    open_ = _matched(ctx, family, period, lambda kind: kind not in posted, termed)
    special = terms.without_allotment(ctx.conn, family[0].name, period.first, open_)
    entries = []
    for member in _members(ctx, arrived | special):
        rule = member.rules.get(family[0].name)
        if rule is None:
            continue
        by_terms = member.account.kind in termed and member.account.id not in arrived
        if not (by_terms and _is_plain(rule, period, member)):
            entries.append(_entry(ctx, rule, period, member.account.id, "allotment", _wanted(rule, period, member)))
    return Beginning(fresh, tuple(entries))


def _matched(
    ctx: Context, family: Sequence[Budget], period: Period, is_open: Callable[[str], bool], termed: Collection[str]
) -> Whose:
    """For whom the rules of a budget are, those left out that give to everybody by terms.

    Args:
        ctx: of whoever asks.
        family: the rules of one name.
        period: a joiner of it has a part of what the terms say.
        is_open: of which kinds of account it is asked.
        termed: kinds that have terms.
    """
    found = Whose()
    excepted = [each for each in with_exceptions(family, ctx.exceptions(), ctx.today) if each not in family]
    for rule in (*family, *excepted):
        if not is_open(rule.kind or rule.account_id.partition("/")[0]):
            continue
        if rule.account_id:
            found = replace(found, accounts=found.accounts | {rule.account_id})
        elif rule.role:
            found = replace(found, roles=found.roles | {rule.role})
        elif rule.group:
            found = replace(found, groups=found.groups | {rule.group})
        elif rule.team_id:
            found = replace(found, teams=found.teams | {(rule.kind, rule.team_id)})
        elif rule.kind not in termed:
            found = replace(found, kinds=found.kinds | {rule.kind})
        elif rule.prorate:
            found = replace(found, joined_after=period.first)
    return found


def _is_plain(rule: Budget, period: Period, member: Member) -> bool:
    """Whether a member has what everybody has."""
    joined = member.person.joined if member.person else None
    return rule.who in EVERYBODY and not (rule.prorate and joined is not None and joined > period.first)


def enforce(ctx: Context, budget: One) -> Card:
    """Apply a changed budget of app.yaml in the current period already: “enforce monthly”. For finance and admins."""
    if not sees_all(ctx):
        raise RefusedError("Only finance and admins can apply a changed budget.")
    family = ctx.policy.rules_named(budget)
    if not family:
        known = ", ".join(each.name for each in ctx.policy.budgets)
        raise RefusedError(
            "There is no budget “{budget}” in app.yaml. Budgets there: {known}.", budget=budget, known=known
        )
    period = current(ctx, family[0])
    posted = terms.of(ctx.conn, budget, period.first)
    changes = [*_enforced(ctx, family, period), *_parted(ctx, family, period, posted)]
    renewed = [each for each in family if each.who in EVERYBODY and _is_news(each, posted.get(each.kind))]
    post_many(ctx, changes, also=bool(renewed))
    for each in renewed:
        terms.post(ctx.conn, _term(ctx, each, period, f"enforced/{_stamp(ctx)}"))
    # Whoever parted from the terms is counted by their own entry.
    count = len({each.account_id for each in changes if each.note})
    count += sum(terms.count_entitled(ctx.conn, budget, period.first, posted[each.kind]) for each in renewed)
    ctx.deed("enforced", f"budget/{budget}", role_of(ctx), f"{count} limits since {period.first}")
    if not count:
        return Card(ctx.t("All limits already have the current amount of “{budget}”", budget=budget))
    return Card(
        ctx.nt(
            "{n} limit changed to the current amount of “{budget}”",
            "{n} limits changed to the current amount of “{budget}”",
            count,
            budget=budget,
        )
    )


def _enforced(ctx: Context, family: Sequence[Budget], period: Period) -> Iterator[Entry]:
    """The difference of everybody whose allotment is among the entries, and is not what the rule says."""
    name = family[0].name
    posted = {each: sums for each, sums in ledger.shares(ctx.conn, name, period.first).items() if sums.has_allotment}
    for member in _members(ctx, posted):
        rule = member.rules.get(name)
        if rule and (difference := _wanted(rule, period, member) - posted[member.account.id].allotment):
            yield _changed(ctx, rule, period, member, difference)


def _parted(
    ctx: Context, family: Sequence[Budget], period: Period, posted: Mapping[str, terms.Posted]
) -> Iterator[Entry]:
    """An allotment of their own for all who have the terms' and would have something else by their rule of today."""
    name = family[0].name
    whose = _matched(ctx, family, period, lambda kind: kind in posted, posted)
    special = terms.without_allotment(ctx.conn, name, period.first, whose) if posted else set()
    moves = terms.moves(ctx.conn, special)
    for member in _members(ctx, special):
        rule, said = member.rules.get(name), posted.get(member.account.kind)
        if rule and said and not _is_plain(rule, period, member) and moves.was_there(member.account.id, said):
            yield _entry(ctx, rule, period, member.account.id, "allotment", said.amount)
            if difference := _wanted(rule, period, member) - said.amount:
                yield _changed(ctx, rule, period, member, difference)


def _is_news(rule: Budget, said: terms.Posted | None) -> bool:
    """Whether a rule gives something else than the terms say."""
    return said is not None and said.amount != rule.allotment


def _changed(ctx: Context, rule: Budget, period: Period, member: Member, difference: int) -> Entry:
    return _entry(ctx, rule, period, member.account.id, "allotment", difference, f"enforced/{_stamp(ctx)}")


def _wanted(rule: Budget, period: Period, member: Member) -> int:
    return allotment_of(rule, period, member.person.joined if member.person else None)


def _stamp(ctx: Context) -> str:
    return f"{ctx.now:%Y-%m-%dT%H:%M:%S.%f}"


def _members(ctx: Context, ids: Collection[str] | None = None) -> list[Member]:
    """Active accounts with their rules, by id: some, or all."""
    if ids is not None and len(ids) <= FEW:
        lines = people.lines(ctx.conn, ids) if ids else {}
        accounts = {each.id: each for line in lines.values() for each in line if each.active}
        wanted = [accounts[each] for each in sorted(ids) if each in accounts]
        found = people.persons(ctx.conn, [each.person_id for each in wanted if each.person_id]) if wanted else {}
        by_id = {each.id: each for each in found.values() if each.active}
    else:
        by_id = {person.id: person for person in people.active_people(ctx.conn)}
        accounts = {each.id: each for each in people.every_account(ctx.conn)}
        wanted = [each for each in accounts.values() if ids is None or each.id in ids]
    return [_member(ctx, each, by_id.get(each.person_id), accounts) for each in wanted]


def _member(ctx: Context, account: Account, person: Person | None, accounts: Mapping[str, Account]) -> Member:
    line = [account.id]
    while (above := accounts[line[-1]].parent_id) in accounts:
        line.append(above)
    rules = rules_for(ctx.budgets_of(account.id), account, person, line)
    own = {each.name: each for each in rules if not each.is_pool or each.account_id == account.id}
    return Member(account, person, own)


def _families(ctx: Context) -> list[tuple[Budget, ...]]:
    """The rules of each name, which have their periods in common."""
    return [ctx.policy.rules_named(name) for name in dict.fromkeys(each.name for each in ctx.policy.budgets)]


def _rollovers(ctx: Context, family: Sequence[Budget]) -> Iterator[Entry]:
    """What is left of the last period, taken out there and put in here: together nothing."""
    budget = family[0]
    period = current(ctx, budget)
    if all(each.rollover_max == 0 for each in family) or ctx.today < period.first + STILL_MOVES:
        return
    last = period_of(period.first - timedelta(days=1), budget.every, ctx.policy.budget_calendar)
    if any(each.has_rollover for each in ledger.shares(ctx.conn, budget.name, period.first).values()):
        return
    over = requests.grants_until(ctx.conn, ctx.today - timedelta(days=1))
    if any((each.budget, each.period_start) == (budget.name, last.first) for each in over):
        return  # what was granted is not carried on: it is taken back first
    before = ledger.whole_shares(ctx.conn, budget.name, last.first)
    spent = spent_below(ctx, budget, last, budget.account_id or ORGANIZATION)
    rules = {each.account.id: each.rules.get(budget.name, budget) for each in _members(ctx)} if before else {}
    for account_id, left in sorted(_left(ctx, budget, before, spent).items()):
        cap = rules.get(account_id, budget).rollover_max
        amount = left if cap is None else min(left, cap)
        if amount > 0:
            yield _entry(ctx, budget, last, account_id, "rollover", -amount, f"into/{period.first}")
            yield _entry(ctx, budget, period, account_id, "rollover", amount)


def _left(ctx: Context, budget: Budget, before: dict[str, Posted], spent: dict[str, list[Spent]]) -> dict[str, int]:
    """What each account, or a pool as a whole, has left of a period that ended."""

    def used_by(account_id: str) -> int:
        return used(ctx.policy, budget, spent.get(account_id, []))

    if budget.is_pool:
        limit = sum(each.allotment + each.moved for each in before.values())
        return {budget.account_id: limit - used_by(budget.account_id)}
    return {each: posted.allotment + posted.moved - used_by(each) for each, posted in before.items()}


def _term(ctx: Context, rule: Budget, period: Period, cause: str) -> Term:
    return Term(rule.name, period.first, rule.kind, cause, rule.allotment, rule.unit, ctx.person.id, ctx.now)


def _entry(
    ctx: Context, budget: Budget, period: Period, account_id: str, kind: EntryKind, amount: int, cause: str = ""
) -> Entry:
    key = "/".join(filter(None, (kind, budget.name, account_id, str(period.first), cause)))
    return entry_of(ctx, budget, period, key, account_id, amount, kind=kind, note=cause)
