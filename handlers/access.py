"""Who may see what: the one place that decides it.

A person sees their own figures; an owner sees their account and all below it; finance and admins see all. A channel
sees group totals only.
"""

from collections.abc import Iterable, Iterator

from handlers.context import CLOCK, Context
from storage import people
from storage.people import Account

GROUP_MIN = 5


def may_see(ctx: Context, account_id: str) -> bool:
    """Whether the person who speaks may see an account's figures."""
    if account_id == ctx.account_id or sees_all(ctx):
        return True
    return owns(ctx, account_id)


def owns(ctx: Context, account_id: str) -> bool:
    """Whether the person who speaks owns an account or one above it. Who is nobody owns nothing."""
    return people.owns(ctx.person.id, ctx.line(account_id))


def is_for_all(ctx: Context, account_id: str) -> bool:
    """Whether an account's totals may be shown to the channel: the clock says so, and enough people are behind them."""
    return ctx.place.public and ctx.person.id == CLOCK.id and is_group(ctx, account_id)


def is_group(ctx: Context, account_id: str) -> bool:
    """Whether so many people are behind an account that its totals tell of nobody."""
    people_below = [one for one in people.descendants(ctx.conn, account_id) if one.kind == "person" and one.active]
    return len(people_below) >= GROUP_MIN


def groups_below(ctx: Context, account_id: str) -> frozenset[str]:
    """The teams below an account whose totals may stand beside its own in a channel."""
    return told_apart([one for one in people.descendants(ctx.conn, account_id) if one.active], account_id)


def told_apart(accounts: Iterable[Account], whole_id: str) -> frozenset[str]:
    """The accounts that have five people and more, and leave none or five and more of the account above untold.

    Of teams side by side the smallest are left out until that is so; what is below one that is left out is, too.

    Args:
        accounts: a whole, and all below it.
        whole_id: whose total is told, too.
    """
    below: dict[str, list[Account]] = {}
    for each in accounts:
        below.setdefault(each.parent_id, []).append(each)

    def people_in(account_id: str) -> int:
        here = below.get(account_id, [])
        return sum(1 if each.kind == "person" else people_in(each.id) for each in here)

    def told(account_id: str, size: int) -> Iterator[str]:
        yield account_id
        sizes = {each.id: people_in(each.id) for each in below.get(account_id, []) if each.kind == "team"}
        kept = {each: number for each, number in sizes.items() if number >= GROUP_MIN}
        rest = size - sum(kept.values())
        for each in sorted(kept, key=lambda one: (kept[one], one)):
            if not 0 < rest < GROUP_MIN:
                break
            rest += kept.pop(each)
        for each, number in kept.items():
            yield from told(each, number)

    whole = people_in(whole_id)
    return frozenset(told(whole_id, whole)) if whole >= GROUP_MIN else frozenset()


def role_of(ctx: Context) -> str:
    """The role by which somebody who sees all acts, as the audit says it."""
    return "role finance" if "finance" in ctx.person.roles else "role admin"


def sees_all(ctx: Context) -> bool:
    """Whether the person who speaks sees everybody's figures."""
    return "finance" in ctx.person.roles or "admin" in ctx.person.roles
