"""Limits that finance is asked about: changed at the provider by somebody else, or so many that it must confirm.

What somebody changed at a provider is never overwritten without a decision.
"""

from dataclasses import replace

from handlers.access import sees_all
from handlers.arguments import One
from handlers.budgets import move
from handlers.card import Block, Button, Card, Facts, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.limits.plan import (
    LimitPlanner,
    PlanLine,
    certain,
    digits,
    dollars,
    is_own,
    name_of,
    subject_of,
    subject_word,
    vendor_of,
    want,
)
from handlers.notify import tell_finance
from handlers.policy import Vendor
from storage import limits
from storage.limits import Held

ROWS_MAX = 50
FEW_SHOWN = 5


def limits_(ctx: Context, provider: One = "") -> Card:
    """What the providers allow, what the ledger says, and what would be changed: `limits litellm`. For finance."""
    if not sees_all(ctx):
        raise RefusedError("The limits at the providers are for finance and admins.")
    vendors = [vendor_of(ctx, provider)] if provider else [each for each in ctx.policy.vendors if "limits" in each.can]
    if not vendors:
        raise RefusedError("No provider in app.yaml tells its limits. Say “providers” to see what they can do.")
    desk, blocks, changes = LimitPlanner(ctx), list[Block](), 0
    for vendor in vendors:
        lines = list(desk.lines(limits.of_provider(ctx.conn, vendor.name)))
        open_ = [line for line in lines if line.action != "same"]
        changes += len(open_)
        blocks += _plan(ctx, vendor, open_, len(lines))
    blocks += [Text(_overshoot(ctx), quiet=True)] if len(vendors) > 1 else []
    title = f"{changes} limits differ from the ledger" if changes else "All limits are as the ledger says"
    return Card(title, tuple(blocks), "warn" if changes else "good")


def proceed(ctx: Context, provider: One) -> Card:
    """Change all limits of a provider that differ, however many: `proceed litellm`. For finance, when it was asked."""
    if "finance" not in ctx.person.roles:
        raise RefusedError("Only finance lets that many limits be changed.")
    vendor = vendor_of(ctx, provider)
    if "set_limit" not in vendor.can:
        raise RefusedError(f"{vendor.service} lets nobody set limits from outside, or app.yaml says limits: read.")
    lines = list(LimitPlanner(ctx).lines(limits.of_provider(ctx.conn, vendor.name)))
    writes = [line for line in lines if line.action == "write"]
    want(ctx, *writes)
    ctx.deed("let limits change", f"provider/{vendor.name}", "role finance", f"{len(writes)} limits")
    settled = Card(f"{ctx.person.name} let {len(writes)} limits be changed at {vendor.service}")
    tell_finance(ctx, f"stopped/{vendor.name}", lambda _reader: settled)
    return Card(f"{len(writes)} limits are being changed at {vendor.service}", (Button("Status", "status"),))


def restore(ctx: Context, provider: One) -> Card:
    """Set all limits back that were changed at a provider, but for one's own; said by a button when there are many."""
    if "finance" not in ctx.person.roles:
        raise RefusedError("Only finance settles what was changed at a provider.")
    vendor = vendor_of(ctx, provider)
    asks = [line for line in LimitPlanner(ctx).lines(limits.of_provider(ctx.conn, vendor.name)) if line.action == "ask"]
    ctx.look_up([ctx.account_id, *(line.held.account_id for line in asks)])
    asks = [line for line in asks if not is_own(ctx, line.held.account_id)]
    limits.keep(ctx.conn, [(line.held, -1) for line in asks], ctx.now)
    want(ctx, *asks)
    ctx.deed("restored ours", f"provider/{vendor.name}", "role finance", f"{len(asks)} limits")
    card = Card(f"{ctx.person.name} restored {len(asks)} limits at {vendor.service}")
    tell_finance(ctx, f"changed/{vendor.name}/{ctx.today}", lambda _reader: card)
    return card


def keep_theirs(ctx: Context, provider: One, who: One, seen: One) -> Card:
    """Keep a limit that was set at the provider; said by a button."""
    vendor, line = _conflict(ctx, provider, who, seen)
    limits.keep(ctx.conn, [(line.held, certain(line).nanos)], ctx.now)
    return _settled(ctx, vendor, line, "kept theirs")


def restore_ours(ctx: Context, provider: One, who: One, seen: One) -> Card:
    """Set a limit back to what the ledger says; said by a button."""
    vendor, line = _conflict(ctx, provider, who, seen)
    # Seen and acknowledged, so that ours may be written over it.
    limits.keep(ctx.conn, [(line.held, -1)], ctx.now)
    want(ctx, line)
    return _settled(ctx, vendor, line, "restored ours")


def adopt(ctx: Context, provider: One, who: One, seen: One) -> Card:
    """Make a limit that was set at the provider the ledger's own, for this period; said by a button."""
    vendor, line = _conflict(ctx, provider, who, seen)
    wanted = certain(line)
    status = wanted.status
    if line.held.seen_nanos is None or status.account_id != line.held.account_id or status.is_share:
        raise RefusedError(f"That cannot become a rule of {status.name}'s budget. Keep theirs, or restore ours.")
    difference = ctx.policy.from_dollars(line.held.seen_nanos - wanted.nanos, ctx.today) or 0
    move(ctx, "correction", [(status, difference)], f"adopted from {vendor.service}")
    again = LimitPlanner(ctx, ctx.account(status.account_id)).wanted(vendor, line.held)
    limits.keep(ctx.conn, [(line.held, again.nanos if again else wanted.nanos)], ctx.now)
    return _settled(ctx, vendor, line, "adopted theirs")


def _conflict(ctx: Context, provider: str, who: str, seen: str) -> tuple[Vendor, PlanLine]:
    """The conflict that a button is about, if it still stands and is the presser's to settle."""
    if "finance" not in ctx.person.roles:
        raise RefusedError("Only finance settles what was changed at a provider.")
    vendor, subject = vendor_of(ctx, provider), subject_of(who)
    held = limits.find(ctx.conn, vendor.name, subject)
    ctx.look_up([ctx.account_id, *([held.account_id] if held else [])])
    account = ctx.account(held.account_id) if held else None
    rows = limits.of_account(ctx.conn, account.id) if account else []
    line = next((each for each in LimitPlanner(ctx, account).lines(rows) if each.held == held), None)
    if line is None or line.action != "ask" or digits(line.held.seen_nanos) != seen:
        raise RefusedError("That is settled already, or was changed again. Say “limits” to see how it stands.")
    if account and is_own(ctx, account.id):
        raise RefusedError("That is a limit of your own. Ask a colleague of finance.")
    return vendor, line


def _settled(ctx: Context, vendor: Vendor, line: PlanLine, what: str) -> Card:
    who = subject_word(line.held.subject)
    seen = dollars(ctx, line.held.seen_nanos)
    wanted = dollars(ctx, certain(line).nanos)
    ctx.deed(what, f"limit/{vendor.name}/{who}"[:80], "role finance", f"theirs {seen}, ours {wanted}")
    card = Card(f"{ctx.person.name} {what}: {name_of(ctx, line.held)} at {vendor.service}", (_both(ctx, line),))
    tell_finance(ctx, _conflict_key(vendor, line.held), lambda _reader: card)
    hint = "For every period: change the budget in app.yaml." if what == "adopted theirs" else ""
    return replace(card, blocks=(*card.blocks, Text(hint))) if hint else card


def ask_finance(ctx: Context, vendor: Vendor, line: PlanLine) -> None:
    """Ask finance what to do about a limit that somebody changed at the provider."""
    tell_finance(ctx, _conflict_key(vendor, line.held), lambda reader: _conflict_card(reader, vendor, line))


def _conflict_card(ctx: Context, vendor: Vendor, line: PlanLine) -> Card:
    about = f"{vendor.name} {subject_word(line.held.subject)} {digits(line.held.seen_nanos)}"
    return Card(
        f"Somebody set {name_of(ctx, line.held)}'s limit at {vendor.service} to {dollars(ctx, line.held.seen_nanos)}",
        (
            _both(ctx, line),
            Button("Restore ours", f"restore-ours {about}", style="primary"),
            Button("Keep theirs", f"keep-theirs {about}"),
            Button("Adopt as a rule", f"adopt {about}"),
        ),
        "warn",
    )


def _conflict_key(vendor: Vendor, held: Held) -> str:
    return f"conflict/{vendor.name}/{subject_word(held.subject)}/{digits(held.seen_nanos)}"


def _both(ctx: Context, line: PlanLine) -> Facts:
    return Facts((("Theirs", dollars(ctx, line.held.seen_nanos)), ("Ours", dollars(ctx, certain(line).nanos))))


def changed_card(ctx: Context, vendor: Vendor, asks: list[PlanLine], lines: list[PlanLine]) -> Card:
    """What finance sees when more limits were changed there than it can be asked about one by one."""
    title = f"{len(asks)} of {len(lines)} limits were changed at {vendor.service}"
    why = "Somebody changed them there, so nothing was written over them."
    back = Button("Restore all", f"restore {vendor.name}", style="primary", confirm=f"Restore {len(asks)} limits?")
    return _many(ctx, vendor, title, why, asks, back)


def stopped_card(ctx: Context, vendor: Vendor, writes: list[PlanLine], lines: list[PlanLine]) -> Card:
    """What finance sees when so many limits would change that it must confirm."""
    title = f"{len(writes)} of {len(lines)} limits at {vendor.service} would change"
    why = "That is a large part, so nothing was changed. Look at the plan, then let it go ahead."
    go = Button("Go ahead", f"proceed {vendor.name}", style="primary", confirm=f"Change {len(writes)} limits?")
    return _many(ctx, vendor, title, why, writes, go)


def _many(ctx: Context, vendor: Vendor, title: str, why: str, lines: list[PlanLine], settle: Button) -> Card:
    """What finance is asked about once, and not for each limit."""
    show = Button("Show the plan", f"limits {vendor.name}")
    return Card(title, (Text(why), *_plan(ctx, vendor, lines[:FEW_SHOWN], len(lines)), settle, show), "warn")


def _plan(ctx: Context, vendor: Vendor, lines: list[PlanLine], total: int) -> list[Block]:
    if not lines:
        return [Text(f"{vendor.service}: {total} limits, all as they should be.")]
    verbs = {"write": "will be set", "ask": "changed there: finance decides", "same": ""}
    rows = tuple(
        (
            name_of(ctx, line.held),
            dollars(ctx, line.held.seen_nanos),
            dollars(ctx, certain(line).nanos),
            verbs[line.action],
        )
        for line in lines[:ROWS_MAX]
    )
    more = f", the first {ROWS_MAX} of {len(lines)}" if len(lines) > ROWS_MAX else ""
    return [Table(f"{vendor.service}{more}", ("Who", "There now", "By the ledger", "What"), rows, "lrrl")]


def _overshoot(ctx: Context) -> str:
    if ctx.policy.limits.split == "recent":
        return "One budget over several providers: each may spend its part of what is left, by recent use."
    return (
        "One budget over several providers: each may spend all that is left, so what is left could be spent once at "
        "each of them before the next reading."
    )
