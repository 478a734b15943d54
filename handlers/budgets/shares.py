"""A share of a pool that is asked for: given out of what is free, so that the pool does not grow, and given back.

Whoever has no share spends with all others of what is not shared out. With their first share they are limited to it: it
holds what they have used, and what they are given. When all of it is given back they spend with the others again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from handlers.budgets.posting import entry_of, post
from handlers.budgets.status import BudgetStatus, spent_below, used
from handlers.context import Context
from handlers.policy import Budget
from storage.ledger import Entry
from storage.people import Account


@dataclass(frozen=True, slots=True)
class Share:
    """What somebody has of a pool.

    Args:
        account: who.
        pool: how the pool stands for them: their share, what is not shared out, or all of it if nothing is.
        has_one: whether they have a share.
        used: what they have used of the pool.
        free: what of the pool is given to nobody and spent by nobody.
    """

    account: Account
    pool: BudgetStatus
    has_one: bool
    used: int
    free: int

    @property
    def base(self) -> int:
        """What their first share holds beside what they are given."""
        return 0 if self.has_one else self.used

    @property
    def status(self) -> BudgetStatus:
        """How their share stands, or would if they had one of what they have used."""
        if self.has_one:
            return self.pool
        used_up = replace(self.pool, account_id=self.account.id, allotment=0, moved=self.used, spent=self.used)
        return replace(used_up, is_share=True, since=None, unpriced=0)


def share_of(ctx: Context, found: Sequence[BudgetStatus], budget: Budget, account: Account) -> Share | None:
    """What somebody has of a pool, in one statement more if nothing of it is shared out; None if it is not theirs.

    Args:
        ctx: of whoever asks.
        found: how all budgets of the account stand.
        budget: the pool's rule.
        account: who.
    """
    pool = next((each for each in found if each.budget.name == budget.name and each.free is not None), None)
    if pool is None or pool.free is None:
        return None
    has_one = pool.is_share and pool.account_id == account.id
    spent = pool.spent if has_one else pool.used
    if spent is None:
        below = spent_below(ctx, budget, pool.period, budget.account_id)
        spent = used(ctx.policy, budget, below.get(account.id, []))
    return Share(account, pool, has_one, spent, pool.free)


def with_share(found: Sequence[BudgetStatus], share: Share, given: int) -> list[BudgetStatus]:
    """How all budgets of an account stand when it is given so much out of what is free."""
    status = replace(share.status, moved=share.status.moved + given, free=share.free - given)
    if not share.has_one and not share.pool.is_share:  # nothing was shared out: the pool as a whole binds, too
        return [status, *found]
    return [status if each is share.pool else each for each in found]


def give(ctx: Context, share: Share, cause: str, amount: int) -> None:
    """Post what is given of a pool: what the share gains, the rest of the pool loses.

    Args:
        ctx: of whoever gives.
        share: what they have of it.
        cause: names why, such as "share/42", so that it is given once.
        amount: how much; with nothing, somebody's first share holds what they have used.
    """
    _move(ctx, share.pool, share.account.id, cause, amount + share.base)


def return_share(ctx: Context, status: BudgetStatus, cause: str, amount: int) -> None:
    """Post that so much of a share goes back to what is free in the pool.

    Args:
        ctx: of whoever returns it.
        status: how the share stands.
        cause: names why.
        amount: how much.
    """
    _move(ctx, status, status.account_id, cause, -amount)


def _move(ctx: Context, pool: BudgetStatus, account_id: str, cause: str, amount: int) -> None:
    if amount:
        post(ctx, *_entries(ctx, pool, account_id, cause, amount))


def _entries(ctx: Context, pool: BudgetStatus, account_id: str, cause: str, amount: int) -> Iterator[Entry]:
    for holder, moved in ((account_id, amount), (pool.budget.account_id, -amount)):
        yield entry_of(ctx, pool.budget, pool.period, f"{cause}/{holder}", holder, moved)
