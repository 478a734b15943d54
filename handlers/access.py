"""Who may see what: the one place that decides it.

A person sees their own figures; an owner sees their account and all below it; finance and admins see all. A channel
sees group totals only.
"""

from collections.abc import Collection

from handlers.context import CLOCK, Context
from storage import people

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
    return len(_persons(ctx, account_id)) >= GROUP_MIN


def is_group_without(ctx: Context, account_id: str, shown: Collection[str]) -> bool:
    """Whether what is left of an account's totals without those of some accounts below it tells of nobody."""
    rest = _persons(ctx, account_id).difference(*(_persons(ctx, each) for each in shown))
    return not rest or len(rest) >= GROUP_MIN


def _persons(ctx: Context, account_id: str) -> set[str]:
    return {one.id for one in people.descendants(ctx.conn, account_id) if one.kind == "person" and one.active}


def role_of(ctx: Context) -> str:
    """The role by which somebody who sees all acts, as the audit says it."""
    return "role finance" if "finance" in ctx.person.roles else "role admin"


def sees_all(ctx: Context) -> bool:
    """Whether the person who speaks sees everybody's figures."""
    return "finance" in ctx.person.roles or "admin" in ctx.person.roles
