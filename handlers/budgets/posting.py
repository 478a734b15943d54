"""Entries that reach the providers: what moves in the ledger is followed by the limits there."""

from collections.abc import Sequence

from handlers.budgets.status import BudgetStatus
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.events import SyncAccount, SyncProvider
from handlers.money import LIMIT_MAX
from handlers.periods import Period
from handlers.policy import Budget
from storage import ledger
from storage.ledger import Entry, EntryKind


def post(ctx: Context, *entries: Entry) -> bool:
    """Append entries, and let their accounts' limits at the providers follow.

    Returns:
        Whether all are new.
    """
    new = ledger.post(ctx.conn, entries)
    stamp = f"{ctx.now:%Y-%m-%dT%H:%M:%S.%f}"
    for each in entries if _writable(ctx) else ():
        if each.key in new:
            ctx.emit(f"{each.account_id}/{stamp}", SyncAccount(each.account_id))
    return len(new) == len(entries)


def move(ctx: Context, kind: EntryKind, amounts: Sequence[tuple[BudgetStatus, int]], note: str) -> None:
    """Move the limits of budgets in their present periods, as whoever speaks said just now.

    Raises:
        RefusedError: it would be more than can be held; or they said two of the same in one moment: half of a pair must
            never be posted without the other.
    """
    for status, amount in amounts:
        refuse_too_much(ctx, status, amount)
    if not post(ctx, *(_entry(ctx, kind, status, amount, note) for status, amount in amounts)):
        raise RefusedError("Two of these were sent at the same moment. This one changed nothing; please send it again.")


def refuse_too_much(ctx: Context, status: BudgetStatus, amount: int) -> None:
    """Refuse what a budget could not hold.

    Raises:
        RefusedError: as said.
    """
    if status.limit + amount > LIMIT_MAX:
        most = ctx.amount(LIMIT_MAX - status.limit, status.budget.unit)
        raise RefusedError("That is too much. The most is {most}.", fault="amount", most=most)


def _entry(ctx: Context, kind: EntryKind, status: BudgetStatus, amount: int, note: str) -> Entry:
    key = f"{kind}/{ctx.now:%Y-%m-%dT%H:%M:%S.%f}/{ctx.person.id}/{status.account_id}"
    return entry_of(ctx, status.budget, status.period, key, status.account_id, amount, kind=kind, note=note)


def post_many(ctx: Context, entries: Sequence[Entry], *, also: bool = False) -> None:
    """The same for many: every provider is compared as a whole.

    Args:
        ctx: of the order.
        entries: to append.
        also: limits moved by something beside them.
    """
    ledger.post_many(ctx.conn, entries)
    stamp = f"{ctx.now:%Y-%m-%dT%H:%M:%S.%f}"
    for name in _writable(ctx) if entries or also else ():
        ctx.emit(f"{name}/{stamp}", SyncProvider(name))


def _writable(ctx: Context) -> list[str]:
    return [each.name for each in ctx.policy.vendors if "set_limit" in each.can]


def entry_of(
    ctx: Context,
    budget: Budget,
    period: Period,
    key: str,
    account_id: str,
    amount: int,
    *,
    kind: EntryKind = "transfer",
    note: str = "",
) -> Entry:
    """An entry as whoever speaks makes it now.

    Args:
        ctx: of the order.
        budget: whose limit moves.
        period: of it.
        key: names its cause.
        account_id: gets it, or gives it if the amount is below nought.
        amount: in the budget's unit.
        kind: what for; else it is one side of what moves within a pool.
        note: in the words of whoever speaks.
    """
    return Entry(
        key=key,
        account_id=account_id,
        budget=budget.name,
        period_start=period.first,
        kind=kind,
        amount=amount,
        unit=budget.unit,
        said_by=ctx.person.id,
        note=note,
        posted_at=ctx.now,
    )
