"""More, on request: asked by a person, decided by the manager, granted once."""

from handlers.balance import gauge
from handlers.card import Block, Button, Card, Facts, Input, Text
from handlers.context import Context
from handlers.money import Amount
from handlers.standing import Standing, standings
from handlers.trouble import Refused
from handlers.words import MaybeHowMuch, One, Rest
from storage import ledger, people, requests
from storage.directory import Person
from storage.ledger import Entry
from storage.requests import Request, Resolution

OPEN_MAX = 5
REASON_MAX = 500


def request(ctx: Context, amount: MaybeHowMuch = None, reason: Rest = "") -> Card:
    """Ask your manager for more: say how much and what for.

    `request 50 finish the migration` sends it at once; `request` alone opens a form.
    """
    standing = _own_standing(ctx)
    if amount is None:
        return _form(ctx, standing, reason)
    units = _units(amount, standing)
    if not reason:
        raise Refused("Say what it is for, such as: request 50 finish the migration", fault="reason")
    if len(reason) > REASON_MAX:
        raise Refused(f"Keep the reason under {REASON_MAX} characters.", fault="reason")
    if sum(each.asker_id == ctx.person.id for each in requests.open_of(ctx.conn, ctx.person.id)) >= OPEN_MAX:
        raise Refused(f"You have {OPEN_MAX} open requests. Wait for a decision first.")
    approver = _approver(ctx)
    asked = requests.ask_for(
        ctx.conn,
        asker_id=ctx.person.id,
        account_id=standing.account_id,
        budget=standing.budget.name,
        period_start=standing.period.first,
        amount=units,
        unit=standing.budget.unit,
        reason=reason,
        approver_id=approver.id,
        now=ctx.now,
    )
    ctx.tell(approver.id, f"request/{asked.id}", _to_decide(ctx, asked, standing))
    return Card(
        f"Asked {approver.name} for {ctx.amount(units, asked.unit)} more",
        (Facts((("Request", f"#{asked.id}"), ("For", reason))), Text("You hear from me when it is decided.")),
    )


def approve(ctx: Context, number: One, amount: MaybeHowMuch = None) -> Card:
    """Approve a request, in full or with another amount: `approve 42`, `approve 42 30`."""
    asked = _to_be_decided(ctx, number)
    units = asked.amount if amount is None else _positive(amount, asked.unit)
    resolved = _resolve(ctx, asked, Resolution("approved", ctx.person.id, units))
    ledger.post(
        ctx.conn,
        Entry(
            key=f"grant/{asked.id}",
            account_id=asked.account_id,
            budget=asked.budget,
            period_start=asked.period_start,
            kind="grant",
            amount=units,
            unit=asked.unit,
            said_by=ctx.person.id,
            note=asked.reason,
            posted_at=ctx.now,
        ),
    )
    return _tell_the_end(ctx, resolved)


def deny(ctx: Context, number: One, reason: Rest = "") -> Card:
    """Deny a request, with a reason for the asker: `deny 42 too early`."""
    asked = _to_be_decided(ctx, number)
    resolved = _resolve(ctx, asked, Resolution("denied", ctx.person.id, note=reason[:REASON_MAX]))
    return _tell_the_end(ctx, resolved)


def _own_standing(ctx: Context) -> Standing:
    """The deciding budget of the asker's own; pools are asked for by their owners elsewhere."""
    account = people.account(ctx.conn, ctx.account_id)
    own = [each for each in standings(ctx, account) if each.account_id == ctx.account_id] if account else []
    if not own:
        raise Refused("No budget of your own binds you, so there is nothing to ask more of.")
    return own[0]


def _units(amount: Amount, standing: Standing) -> int:
    return _positive(amount, standing.budget.unit)


def _positive(amount: Amount, unit: str) -> int:
    try:
        units = amount.units(unit)
    except ValueError as wrong:
        raise Refused(str(wrong), fault="amount") from wrong
    if units <= 0:
        raise Refused("An amount must be above zero.", fault="amount")
    return units


def _approver(ctx: Context) -> Person:
    manager = people.person(ctx.conn, ctx.person.manager) if ctx.person.manager else None
    if manager is None or not manager.active or manager.id == ctx.person.id:
        raise Refused("I don't know who your manager is. Ask an admin to add your manager to the people of Bursar.")
    return manager


def _form(ctx: Context, standing: Standing, reason: str) -> Card:
    approver = _approver(ctx)
    return Card(
        "Ask for more",
        (
            gauge(ctx, standing),
            Input("amount", f"How much more ({standing.budget.unit})?", hint="For this period, such as 50"),
            Input("reason", "What is it for?", form="long", value=reason),
            Text(f"Goes to {approver.name}, your manager.", quiet=True),
            Button("Send", "request", style="primary"),
        ),
    )


def _to_decide(ctx: Context, asked: Request, standing: Standing) -> Card:
    amount = ctx.amount(asked.amount, asked.unit)
    return Card(
        f"{ctx.person.name} asks for {amount} more",
        (
            Text(f"“{asked.reason}”"),
            gauge(ctx, standing),
            Button("Approve", f"approve {asked.handle}", style="primary"),
            Button("Deny", f"deny {asked.handle}", style="danger"),
            Text(
                f"Request #{asked.id}. In words: approve {asked.id}, approve {asked.id} 30, deny {asked.id} …",
                quiet=True,
            ),
        ),
    )


def _to_be_decided(ctx: Context, word: str) -> Request:
    """The request, if the one who speaks may decide it now; unknown and not theirs get the same answer."""
    asked = requests.find(ctx.conn, word)
    if asked is None or not _may_decide(ctx, asked):
        raise Refused("There is no request of that number for you to decide.")
    if asked.state != "pending":
        raise Refused(_already(ctx, asked))
    return asked


def _may_decide(ctx: Context, asked: Request) -> bool:
    """Authority is looked up now, from who acts: the manager of today, and never the asker."""
    asker = people.person(ctx.conn, asked.asker_id)
    return asker is not None and ctx.person.active and asker.manager == ctx.person.id != asker.id


def _already(ctx: Context, asked: Request) -> str:
    decider = people.person(ctx.conn, asked.resolved_by)
    return f"Request #{asked.id} was already {asked.state}{f' by {decider.name}' if decider else ''}."


def _resolve(ctx: Context, asked: Request, end: Resolution) -> Request:
    resolved = requests.resolve(ctx.conn, asked, end, ctx.now)
    if resolved is None:
        raise Refused(f"Request #{asked.id} was changed or decided a moment ago. Look again.")
    return resolved


def _tell_the_end(ctx: Context, ended: Request) -> Card:
    """Every message about the request ends in the same state, and the asker hears of it."""
    asker = people.person(ctx.conn, ended.asker_id)
    approved = ended.state == "approved"
    amount = ctx.amount(ended.resolved_amount if approved else ended.amount, ended.unit)
    name = asker.name if asker else ended.asker_id
    blocks: tuple[Block, ...] = (
        Facts((("Request", f"#{ended.id}"), ("Asked", ctx.amount(ended.amount, ended.unit)), ("For", ended.reason))),
    )
    if ended.resolved_note:
        blocks = (*blocks, Text(f"“{ended.resolved_note}”"))
    verb = "approved" if approved else "denied"
    seen = Card(
        f"{verb.capitalize()}: {amount} for {name}", (*blocks, Text(f"Decided by {ctx.person.name}.", quiet=True))
    )
    ctx.tell(ended.approver_id, f"request/{ended.id}", seen)
    told = Card(
        f"{ctx.person.name} {verb} {amount}",
        (*blocks, Button("What is left?", "balance")),
        "good" if approved else "warn",
    )
    ctx.tell(ended.asker_id, f"answer/{ended.id}", told)
    return seen
