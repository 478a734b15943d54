"""Limits that finance is asked about: changed at the provider by somebody else, or so many that it must confirm.

What somebody changed at a provider is never overwritten without a decision.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from handlers.access import sees_all
from handlers.arguments import AsFile, One, Page
from handlers.budgets import move
from handlers.card import Block, Button, Card, Facts, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.limits.plan import (
    TOKENS,
    Change,
    LimitPlanner,
    PlanLine,
    certain,
    change_of,
    digits,
    each_window,
    is_own,
    is_shut,
    name_of,
    subject_key,
    subject_of,
    subject_word,
    vendor_of,
    want,
    worded,
)
from handlers.money import in_units
from handlers.notify import tell_finance
from handlers.pages import Cell, as_file, part_of
from handlers.policy import Vendor
from storage import limits
from storage.limits import Held

ROWS_MAX = 50
FEW_SHOWN = 5
DECIDED_HERE_MAX = 3
"""About so many conflicts the list itself has buttons."""

CHANGES: Mapping[Change, str] = {
    "raise": N_("will be raised"),
    "cut": N_("will be lowered"),
    "limit": N_("will be limited"),
    "window": N_("will count each month"),
    "shut": N_("allowed nothing there; finance decides"),
    "ask": N_("changed there; finance decides"),
    "same": "",
}
COUNTED: Mapping[Change, str] = {
    "raise": N_("Raised"),
    "cut": N_("Lowered"),
    "limit": N_("Limited for the first time"),
    "window": N_("Other"),
}
SETTLED = {
    "kept theirs": N_("{name} kept {whose}'s limit as changed at {service}"),
    "restored ours": N_("{name} restored {whose}'s limit at {service}"),
    "adopted theirs": N_("{name} adopted {whose}'s limit at {service} in the budget"),
}


def limits_(ctx: Context, page: Page = 1, as_csv: AsFile = False, provider: One = "") -> Card:
    """The limits at the providers, what they should be by budget, and what will change: “limits litellm”.

    “limits litellm page 2” shows more of a long list, and “limits as csv” sends you all limits as a file. For finance
    and admins.
    """
    if not sees_all(ctx):
        raise RefusedError("Only finance and admins can see this.")
    vendors = [vendor_of(ctx, provider)] if provider else [each for each in ctx.policy.vendors if "limits" in each.can]
    if not vendors:
        raise RefusedError(
            "Bursar can't read limits at any provider in app.yaml. To see what it can do, say: providers"
        )
    desk, blocks, changes = LimitPlanner(ctx), list[Block](), 0
    plans = [(vendor, list(desk.lines(limits.of_provider(ctx.conn, vendor.name)))) for vendor in vendors]
    for vendor, lines in plans:
        open_ = [line for line in lines if line.action != "same"]
        changes += len(open_)
        part = part_of(open_, page)
        blocks += _plan(ctx, vendor, part.rows, len(lines), part.captioned(ctx, vendor.service))
        blocks += [*_decisions(ctx, vendor, open_), *part.buttons(ctx, f"limits {vendor.name}")]
    blocks += [Text(_overshoot(ctx), quiet=True)] if len(vendors) > 1 else []
    title = (
        ctx.nt("{n} limit differs from the budget", "{n} limits differ from the budgets", changes)
        if changes
        else ctx.t("All limits match the budgets")
    )
    if as_csv:
        return as_file(ctx, title, f"limits-{ctx.today}", *_cells(ctx, plans))
    return Card(title, tuple(blocks), "warn" if changes else "good")


def _decisions(ctx: Context, vendor: Vendor, lines: Sequence[PlanLine]) -> Iterator[Button]:
    """What finance may do about what differs at a provider."""
    if "finance" not in ctx.person.roles or "set_limit" not in vendor.can:
        return
    writes = [line for line in lines if line.action == "write"]
    asks = [line for line in lines if line.action == "ask" and not is_own(ctx, line.held.account_id)]
    together = [line for line in asks if not is_shut(line.held)]
    if writes:
        confirm = ctx.nt("Change {n} limit?", "Change {n} limits?", len(writes))
        yield Button(ctx.t("Change them"), f"proceed {vendor.name}", style="primary", confirm=confirm)
    if len(together) > 1:
        confirm = ctx.nt("Restore {n} limit?", "Restore {n} limits?", len(together))
        yield Button(ctx.t("Restore all"), f"restore {vendor.name}", confirm=confirm)
    for line in asks[:DECIDED_HERE_MAX]:
        about, name = _about(vendor, line), name_of(ctx, line.held)
        yield Button(ctx.t("Restore ours for {name}", name=name), f"restore-ours {about}")
        yield Button(ctx.t("Keep theirs for {name}", name=name), f"keep-theirs {about}")


def _cells(
    ctx: Context, plans: Sequence[tuple[Vendor, Sequence[PlanLine]]]
) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
    """Every limit as a row of a file, in dollars as the providers count; empty where there is no limit."""
    return ("provider", "kind", "id", "who", "limit_usd", "window", "by_budget_usd", "by_budget_window", "action"), [
        (
            vendor.name,
            line.held.subject.kind,
            line.held.subject.external_id,
            name_of(ctx, line.held),
            "" if line.held.seen_nanos is None else in_units(line.held.seen_nanos, line.held.currency),
            line.held.window,
            in_units(line.wanted.nanos, line.held.currency) if line.wanted else "",
            vendor.window,
            change_of(line, vendor),
        )
        for vendor, lines in plans
        for line in lines
    ]


def proceed(ctx: Context, provider: One) -> Card:
    """Change all limits of a provider that differ, however many: “proceed litellm”. For finance, when it was asked."""
    if "finance" not in ctx.person.roles:
        raise RefusedError("Only finance can do this.")
    vendor = vendor_of(ctx, provider)
    if "set_limit" not in vendor.can:
        raise RefusedError(
            "Bursar can't set limits at {service}: the provider does not support it, or app.yaml says limits: read.",
            service=vendor.service,
        )
    lines = list(LimitPlanner(ctx).lines(limits.of_provider(ctx.conn, vendor.name)))
    writes = [line for line in lines if line.action == "write"]
    want(ctx, *writes)
    ctx.deed("let limits change", f"provider/{vendor.name}", "role finance", f"{len(writes)} limits")
    values = {"name": ctx.person.name, "service": vendor.service}

    def settled(reader: Context) -> Card:
        return Card(
            reader.nt(
                "{name} confirmed the change of {n} limit at {service}",
                "{name} confirmed the change of {n} limits at {service}",
                len(writes),
                **values,
            )
        )

    tell_finance(ctx, f"stopped/{vendor.name}", settled)
    title = ctx.nt(
        "{n} limit is being changed at {service}",
        "{n} limits are being changed at {service}",
        len(writes),
        **values,
    )
    return Card(title, (Button(ctx.t("Status"), "status"),))


def restore(ctx: Context, provider: One) -> Card:
    """Set all limits back that were changed at a provider, but for one's own; said by a button when there are many.

    Whom somebody there allows nothing is opened one by one only.
    """
    if "finance" not in ctx.person.roles:
        raise RefusedError("Only finance can do this.")
    vendor = vendor_of(ctx, provider)
    asks = [line for line in LimitPlanner(ctx).lines(limits.of_provider(ctx.conn, vendor.name)) if line.action == "ask"]
    ctx.look_up([ctx.account_id, *(line.held.account_id for line in asks)])
    asks = [line for line in asks if not is_own(ctx, line.held.account_id) and not is_shut(line.held)]
    limits.keep(ctx.conn, [(line.held, -1) for line in asks], ctx.now)
    want(ctx, *asks)
    ctx.deed("restored ours", f"provider/{vendor.name}", "role finance", f"{len(asks)} limits")

    def card(reader: Context) -> Card:
        return Card(
            reader.nt(
                "{name} restored {n} limit at {service}",
                "{name} restored {n} limits at {service}",
                len(asks),
                name=ctx.person.name,
                service=vendor.service,
            )
        )

    tell_finance(ctx, f"changed/{vendor.name}/{ctx.today}", card)
    return card(ctx)


def keep_theirs(ctx: Context, provider: One, who: One, seen: One) -> Card:
    """Keep a limit that was set at the provider; said by a button."""
    vendor, line, _ = _conflict(ctx, provider, who, seen)
    limits.keep(ctx.conn, [(line.held, certain(line).nanos)], ctx.now)
    return _settled(ctx, vendor, line, "kept theirs")


def restore_ours(ctx: Context, provider: One, who: One, seen: One) -> Card:
    """Set a limit back to what the ledger says; said by a button."""
    vendor, line, _ = _conflict(ctx, provider, who, seen)
    # Seen and acknowledged, so that ours may be written over it.
    limits.keep(ctx.conn, [(line.held, -1)], ctx.now)
    want(ctx, line)
    return _settled(ctx, vendor, line, "restored ours")


def adopt(ctx: Context, provider: One, who: One, seen: One) -> Card:
    """Make a limit that was set at the provider the ledger's own, for this period; said by a button."""
    vendor, line, desk = _conflict(ctx, provider, who, seen)
    wanted = certain(line)
    status = wanted.status
    in_money = line.held.currency != TOKENS
    is_alike = in_money or status.budget.unit == TOKENS
    if line.held.seen_nanos is None or status.account_id != line.held.account_id or status.is_share or not is_alike:
        raise RefusedError(
            "This limit can't be adopted in the budget of {name}. Keep their limit, or restore ours.",
            name=status.name,
        )
    difference = line.held.seen_nanos - wanted.nanos
    if in_money:
        difference = ctx.policy.from_currency(difference, line.held.currency, ctx.today) or 0
    move(ctx, "correction", [(status, difference)], f"adopted from {vendor.service}")
    again = desk.wanted(vendor, line.held, (status, difference))
    limits.keep(ctx.conn, [(line.held, again.nanos if again else wanted.nanos)], ctx.now)
    return _settled(ctx, vendor, line, "adopted theirs")


def _conflict(ctx: Context, provider: str, who: str, seen: str) -> tuple[Vendor, PlanLine, LimitPlanner]:
    """The conflict that a button is about, if it still stands and is the presser's to settle."""
    if "finance" not in ctx.person.roles:
        raise RefusedError("Only finance can do this.")
    vendor, subject = vendor_of(ctx, provider), subject_of(who)
    held = limits.find(ctx.conn, vendor.name, subject)
    ctx.look_up([ctx.account_id, *([held.account_id] if held else [])])
    account = ctx.account(held.account_id) if held else None
    rows = limits.of_account(ctx.conn, account.id) if account else []
    desk = LimitPlanner(ctx, account)
    line = next((each for each in desk.lines(rows) if each.held == held), None)
    if line is None or line.action != "ask" or digits(line.held.seen_nanos) != seen:
        raise RefusedError("This is already settled, or the limit was changed again. To see it, say: limits")
    if account and is_own(ctx, account.id):
        raise RefusedError("This is your own limit. Ask a colleague in finance to decide.")
    return vendor, line, desk


def _settled(ctx: Context, vendor: Vendor, line: PlanLine, what: str) -> Card:
    who = subject_word(line.held.subject)
    seen = worded(ctx, line.held.seen_nanos, line.held.currency)
    wanted = worded(ctx, certain(line).nanos, line.held.currency)
    ctx.deed(what, f"limit/{vendor.name}/{who}"[:80], "role finance", f"theirs {seen}, ours {wanted}")

    def card(reader: Context) -> Card:
        whose = name_of(reader, line.held)
        title = reader.t(SETTLED[what], name=ctx.person.name, whose=whose, service=vendor.service)
        return Card(title, (_both(reader, vendor, line),))

    tell_finance(ctx, _conflict_key(vendor, line.held), card)
    mine = card(ctx)
    if what != "adopted theirs":
        return mine
    hint = ctx.t("This is for the current period. To change it for every period, change the budget in app.yaml.")
    return replace(mine, blocks=(*mine.blocks, Text(hint)))


def ask_finance(ctx: Context, vendor: Vendor, line: PlanLine) -> None:
    """Ask finance what to do about a limit that somebody changed at the provider."""
    tell_finance(ctx, _conflict_key(vendor, line.held), lambda reader: _conflict_card(reader, vendor, line))


def _conflict_card(ctx: Context, vendor: Vendor, line: PlanLine) -> Card:
    about = _about(vendor, line)
    return Card(
        ctx.t(
            "Somebody changed {name}'s limit at {service} to {amount}",
            name=name_of(ctx, line.held),
            service=vendor.service,
            amount=worded(ctx, line.held.seen_nanos, line.held.currency),
        )
        if not is_shut(line.held)
        else ctx.t("{name} is allowed nothing at {service}", name=name_of(ctx, line.held), service=vendor.service),
        (
            _both(ctx, vendor, line),
            Button(ctx.t("Restore our limit"), f"restore-ours {about}", style="primary"),
            Button(ctx.t("Keep their limit"), f"keep-theirs {about}"),
            Button(ctx.t("Adopt it in the budget"), f"adopt {about}"),
        ),
        "warn",
    )


def _about(vendor: Vendor, line: PlanLine) -> str:
    """What a button says to settle a conflict."""
    return f"{vendor.name} {subject_word(line.held.subject)} {digits(line.held.seen_nanos)}"


def _conflict_key(vendor: Vendor, held: Held) -> str:
    return f"conflict/{vendor.name}/{subject_key(held.subject)}/{digits(held.seen_nanos)}"


def _both(ctx: Context, vendor: Vendor, line: PlanLine) -> Facts:
    held = line.held
    theirs = (
        ctx.t("At {service}", service=vendor.service),
        each_window(ctx, held.seen_nanos, held.window, held.currency),
    )
    return Facts((theirs, (ctx.t("By budget"), each_window(ctx, certain(line).nanos, vendor.window, held.currency))))


def changed_card(ctx: Context, vendor: Vendor, asks: list[PlanLine], lines: list[PlanLine]) -> Card:
    """What finance sees when more limits were changed there than it can be asked about one by one."""
    values = {"n": len(asks), "total": len(lines), "service": vendor.service}
    title = ctx.t("{n} of {total} limits were changed at {service}", **values)
    why = ctx.t("Somebody changed them there, so Bursar has not overwritten them.")
    confirm = ctx.t("Restore {n} limits?", **values)
    back = Button(ctx.t("Restore all"), f"restore {vendor.name}", style="primary", confirm=confirm)
    return _many(ctx, vendor, title, why, asks, back)


def shut_card(ctx: Context, vendor: Vendor, shut: list[PlanLine]) -> Card:
    """What finance sees of those who are allowed nothing there, when they are many; each is decided by itself."""
    title = ctx.nt(
        "{n} limit at {service} is zero", "{n} limits at {service} are zero", len(shut), service=vendor.service
    )
    why = ctx.t("Somebody stopped them there, so Bursar does not open them together with others. Decide one by one.")
    caption = _first_of(ctx, vendor, shut)
    show = Button(ctx.t("Show the plan"), f"limits {vendor.name}")
    return Card(title, (Text(why), *_plan(ctx, vendor, shut[:FEW_SHOWN], len(shut), caption), show), "warn")


def stopped_card(ctx: Context, vendor: Vendor, writes: list[PlanLine], lines: list[PlanLine]) -> Card:
    """What finance sees when so many limits would change that it must confirm."""
    values = {"n": len(writes), "total": len(lines), "service": vendor.service}
    title = ctx.t("{n} of {total} limits at {service} would change", **values)
    why = ctx.t("Those are many at once, so nothing has changed yet. Check the plan, then confirm.")
    confirm = ctx.t("Change {n} limits?", **values)
    go = Button(ctx.t("Change them"), f"proceed {vendor.name}", style="primary", confirm=confirm)
    kinds = Counter(change_of(line, vendor) for line in writes)
    counts = Facts(tuple((ctx.t(word), str(kinds[kind])) for kind, word in COUNTED.items() if kinds[kind]))
    return _many(ctx, vendor, title, why, writes, go, counts)


def _many(
    ctx: Context, vendor: Vendor, title: str, why: str, lines: list[PlanLine], settle: Button, *more: Block
) -> Card:
    """What finance is asked about once, and not for each limit."""
    show = Button(ctx.t("Show the plan"), f"limits {vendor.name}")
    plan = _plan(ctx, vendor, lines[:FEW_SHOWN], len(lines), _first_of(ctx, vendor, lines))
    return Card(title, (Text(why), *more, *plan, settle, show), "warn")


def _first_of(ctx: Context, vendor: Vendor, lines: list[PlanLine]) -> str:
    if len(lines) <= FEW_SHOWN:
        return vendor.service
    return ctx.t("{service}: the first {shown} of {total}", service=vendor.service, shown=FEW_SHOWN, total=len(lines))


def _plan(ctx: Context, vendor: Vendor, lines: Sequence[PlanLine], total: int, caption: str) -> list[Block]:
    if not lines:
        text = ctx.nt(
            "{service}: {n} limit, as it should be.",
            "{service}: {n} limits, all as they should be.",
            total,
            service=vendor.service,
        )
        return [Text(text)]
    rows = tuple(
        (
            name_of(ctx, line.held),
            each_window(ctx, line.held.seen_nanos, line.held.window, line.held.currency),
            each_window(ctx, certain(line).nanos, vendor.window, line.held.currency),
            ctx.t(CHANGES[change_of(line, vendor)]),
        )
        for line in lines
    )
    columns = (ctx.t("Who"), ctx.t("Now"), ctx.t("By budget"), ctx.t("What happens"))
    return [Table(caption, columns, rows, "lrrl")]


def _overshoot(ctx: Context) -> str:
    if ctx.policy.limits.split == "recent":
        return ctx.t("A budget over several providers: each provider allows its part of what is left, by recent use.")
    return ctx.t(
        "A budget over several providers: each provider allows all that is left, so it could be spent once at each of "
        "them before usage is read again."
    )
