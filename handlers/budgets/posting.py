"""Entries that reach the providers: what moves in the ledger is followed by the limits there."""

from collections.abc import Sequence

from handlers.budgets.status import BudgetStatus
from handlers.context import Context
from handlers.errors import Refused
from handlers.events import SyncAccount, SyncProvider
from storage import ledger
from storage.ledger import Entry, EntryKind


def post(ctx: Context, entry: Entry) -> bool:
    """Append an entry, and let the account's limits at the providers follow.

    Returns:
        Whether it is new.
    """
    new = ledger.post(ctx.conn, entry)
    if new and _writable(ctx):
        stamp = f"{ctx.now:%Y-%m-%dT%H:%M:%S.%f}"
        ctx.emit(f"{entry.account_id}/{stamp}", SyncAccount(entry.account_id))
    return new


def move(ctx: Context, status: BudgetStatus, kind: EntryKind, amount: int, note: str) -> None:
    """Move a budget's limit in its present period, as whoever speaks said just now.

    Raises:
        Refused: they said two of the same in one moment; half of a pair must never be posted without the other.
    """
    entry = Entry(
        key=f"{kind}/{ctx.now:%Y-%m-%dT%H:%M:%S.%f}/{ctx.person.id}/{status.account_id}",
        account_id=status.account_id,
        budget=status.budget.name,
        period_start=status.period.first,
        kind=kind,
        amount=amount,
        unit=status.budget.unit,
        said_by=ctx.person.id,
        note=note,
        posted_at=ctx.now,
    )
    if not post(ctx, entry):
        raise Refused("You said two of these in the same moment. Nothing was changed by this one; please say it again.")


def post_many(ctx: Context, entries: Sequence[Entry]) -> None:
    """The same for many: every provider is compared as a whole."""
    ledger.post_many(ctx.conn, entries)
    stamp = f"{ctx.now:%Y-%m-%dT%H:%M:%S.%f}"
    for name in _writable(ctx) if entries else ():
        ctx.emit(f"{name}/{stamp}", SyncProvider(name))


def _writable(ctx: Context) -> list[str]:
    return [each.name for each in ctx.house.vendors if "set_limit" in each.can]
