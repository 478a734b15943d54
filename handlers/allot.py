"""The start of a period: every account gets what its rules say, once."""

from handlers.card import Card
from handlers.context import Context
from handlers.periods import period_of
from handlers.trouble import Refused
from storage import ledger, people
from storage.ledger import Entry


def allot(ctx: Context) -> Card:
    """Post the allotments of the current periods; said by the clock."""
    if "admin" not in ctx.person.roles:
        raise Refused("Allotments are posted by the clock, or by an admin.")
    accounts = people.every_account(ctx.conn)
    fiscal = ctx.house.organization.fiscal_year_starts
    new = []
    for budget in ctx.house.budgets:
        period = period_of(ctx.today, budget.every, fiscal)
        have = ledger.allotted(ctx.conn, budget.name, period.first)
        due = [each.id for each in accounts if each.id == budget.account_id or each.kind == budget.kind]
        new += [
            Entry(
                key=f"allotment/{budget.name}/{account_id}/{period.first}",
                account_id=account_id,
                budget=budget.name,
                period_start=period.first,
                kind="allotment",
                amount=budget.allotment,
                unit=budget.unit,
                said_by=ctx.person.id,
                note="",
                posted_at=ctx.now,
            )
            for account_id in due
            if account_id not in have
        ]
    ledger.post_many(ctx.conn, new)
    return Card(f"{len(new)} allotments posted")
