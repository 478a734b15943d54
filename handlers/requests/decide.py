"""Deciding a request: by the right person, of now, once. submit.py is the other half."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from handlers.access import refuse_all_but_clock
from handlers.arguments import MaybeHowMuch, MaybeTo, One, Rest, Until
from handlers.budgets import post, statuses
from handlers.card import Block, Button, Card, Facts, Input, Table, Text
from handlers.context import Context
from handlers.errors import Refused
from handlers.money import Amount
from handlers.policy import STAGES
from handlers.requests.approvers import Decider, deciders, stage_of, to_be_asked
from handlers.requests.messages import deed, grant, name_of, refresh, settled_card, start_stage, tell_about, tell_asker
from storage import audit, people, requests
from storage.ledger import Entry
from storage.requests import Request, Resolution

NOTE_MAX = 500
DELEGATED_DAYS_MAX = 60
DECIDED_NEXT = "Whoever decides reads it now, and you hear from me when it is decided."


def approve(ctx: Context, number: One, amount: MaybeHowMuch = None) -> Card:
    """Approve a request, in full or with another amount: `approve 42`, `approve 42 30`."""
    asked, decider = _mine_to_decide(ctx, number)
    if asked.until < ctx.today:
        raise Refused(f"It was asked until {ctx.day(asked.until)}, which is over. It can only be asked anew.")
    units = asked.amount if amount is None else _positive(amount, asked.unit)
    if units > asked.amount:
        most = ctx.amount(asked.amount, asked.unit)
        raise Refused(f"{most} were asked; more than that cannot be approved.", fault="amount")
    requests.note_approval(ctx.conn, asked.id, asked.stage, ctx.person.id, decider.for_id)
    missing = _still_needed(ctx, asked)
    if missing:
        deed(ctx, asked, "agreed", decider.authority)
        changed = _unless_late(asked, requests.change(ctx.conn, asked, amount=units))
        refresh(ctx, changed)
        return Card(f"You agreed; {', '.join(missing)} must agree, too")
    if asked.stage + 1 < len(STAGES.validate_json(asked.stages)):
        return _next_stage(ctx, asked, units, decider)
    return _approved(ctx, asked, units, decider)


def deny(ctx: Context, number: One, reason: Rest = "") -> Card:
    """Deny a request, with a reason for the asker: `deny 42 too early`."""
    asked, decider = _mine_to_decide(ctx, number)
    if not reason:
        return Card(
            f"Deny request #{asked.id}",
            (
                Input("reason", "Why? The asker reads it.", form="long"),
                Button("Deny", f"deny {asked.seen}", style="danger"),
            ),
        )
    end = Resolution("denied", ctx.person.id, note=reason[:NOTE_MAX])
    ended = _unless_late(asked, requests.resolve(ctx.conn, asked, end, ctx.now))
    deed(ctx, ended, "denied", decider.authority, reason[:NOTE_MAX])
    refresh(ctx, ended)
    shown = ctx.amount(ended.amount, ended.unit)
    tell_asker(ctx, ended, f"{ctx.person.name} denied {shown}", (Text(f"“{ended.resolved_note}”"),))
    return settled_card(ctx, ended)


def other(ctx: Context, number: One) -> Card:
    """Approve another amount than was asked; said by a button."""
    asked, _ = _mine_to_decide(ctx, number)
    return Card(
        f"Approve another amount of request #{asked.id}",
        (
            Text(f"Asked were {ctx.amount(asked.amount, asked.unit)}: “{asked.reason}”"),
            Input("amount", f"How much ({asked.unit})?", hint="At most what was asked"),
            Button("Approve", f"approve {asked.seen}", style="primary"),
        ),
    )


def question(ctx: Context, number: One, words: Rest = "") -> Card:
    """Ask back about a request, or answer: `question 42 can it wait until monday?`. It reaches the other side."""
    asked = requests.find(ctx.conn, number)
    mine = asked is not None and asked.asker_id == ctx.person.id
    if asked is None or not (mine or _decider(ctx, asked)):
        raise Refused("There is no request of that number that concerns you.")
    if asked.state != "pending":
        raise Refused(_already(ctx, asked))
    if not words:
        says = Button("Send", f"question {asked.handle}", style="primary")
        return Card(f"About request #{asked.id}", (Input("words", "What do you want to say?", form="long"), says))
    deed(ctx, asked, "said", "asker" if mine else "decider", words[:NOTE_MAX])
    card = Card(
        f"{ctx.person.name} about request #{asked.id}",
        (Text(f"“{words[:NOTE_MAX]}”"), Button("Answer", f"question {asked.handle}", style="primary")),
    )
    others = to_be_asked(deciders(ctx, asked)) if mine else [asked.asker_id]
    for one in others:
        tell_about(ctx, asked, one, card)
    return Card("Sent", (Text(DECIDED_NEXT if mine else "The answer comes back to you."),))


def revoke(ctx: Context, number: One, reason: Rest = "") -> Card:
    """Take back what is left of a grant, with the reason: `revoke 42 the project ended`.

    For who approved it, and for finance.
    """
    found = requests.find(ctx.conn, number)
    mine = found is not None and ctx.person.id == found.resolved_by
    if found is None or not (mine or ("finance" in ctx.person.roles and found.asker_id != ctx.person.id)):
        raise Refused("There is no grant of that number that you may take back.")
    if not reason:
        raise Refused("Say why, such as: revoke 42 the project ended", fault="reason")
    ended = requests.end_grant(ctx.conn, found, "revoked", ctx.now)
    if ended is None:
        raise Refused(f"Request #{found.id} is {found.state} and not a running grant.")
    taken = take_back(ctx, ended)
    deed(ctx, ended, "revoked", "decider" if mine else "role finance", reason[:NOTE_MAX])
    refresh(ctx, ended)
    shown = ctx.amount(taken, ended.unit)
    tell_asker(ctx, ended, f"{ctx.person.name} took back {shown}", (Text(f"“{reason[:NOTE_MAX]}”"),), key="revoked")
    return Card(f"{shown} taken back", (Facts((("Request", f"#{ended.id}"), ("Why", reason))),))


def delegate(ctx: Context, to: MaybeTo = None, until: Until = None) -> Card:
    """While you are away, let a colleague decide for you: `delegate @kim until friday`; alone it ends that."""
    if to is None:
        requests.delegate(ctx.conn, ctx.person.id, "", ctx.today)
        ctx.deed("delegated", ctx.account_id, "own", "nobody")
        return Card("You decide yourself again")
    if not to.person_id or to.person_id == ctx.person.id:
        raise Refused("Name a colleague, such as: delegate @kim until friday", fault="to")
    if until is None or not ctx.today <= until <= ctx.today + timedelta(days=DELEGATED_DAYS_MAX):
        raise Refused(f"Say until when, at most {DELEGATED_DAYS_MAX} days: delegate @kim until friday", fault="until")
    requests.delegate(ctx.conn, ctx.person.id, to.person_id, until)
    ctx.deed("delegated", ctx.account_id, "own", f"{to.person_id} until {until}")
    for waiting in requests.open_for(ctx.conn, ctx.person.id):
        requests.note_asked(ctx.conn, waiting.id, waiting.stage, to_be_asked(deciders(ctx, waiting)))
        refresh(ctx, waiting)
    ctx.tell(
        to.person_id,
        f"delegate/{ctx.person.id}/{until}",
        Card(f"You decide for {ctx.person.name} until {ctx.day(until)}"),
    )
    return Card(f"{to.name} decides for you until {ctx.day(until)}", (Text("Say “delegate” when you are back."),))


def history(ctx: Context, number: One) -> Card:
    """The story of a request, for those it concerns: `history 42`."""
    found = requests.find(ctx.conn, number)
    asked = {each.person_id for each in requests.who_was_asked(ctx.conn, found.id)} if found else set()
    mine = found is not None and ctx.person.id in {found.asker_id, *asked}
    if found is None or not (mine or {"finance", "admin"} & set(ctx.person.roles)):
        raise Refused("There is no request of that number that concerns you.")
    rows = tuple(
        (ctx.moment(row.deed.at), name_of(ctx, row.deed.who), row.deed.what, row.deed.details[:120])
        for row in audit.rows(ctx.conn, f"request/{found.id}")
    )
    blocks: list[Block] = [Table("What happened", ("When", "Who", "What", "Words"), rows, "llll")]
    if found.state == "pending" and _decider(ctx, found):
        blocks += [
            Button("Approve", f"approve {found.seen}", style="primary"),
            Button("Deny", f"deny {found.seen}", style="danger"),
        ]
    return Card(f"Request #{found.id}: {ctx.amount(found.amount, found.unit)}, {found.state}", tuple(blocks))


# Said by the clock ---------------------------------------------------------------------------------------------------


def nudge(ctx: Context, number: One, stage: One) -> Card:
    """Remind those who have not decided; said by the clock."""
    asked = _timed(ctx, number, stage)
    if asked:
        deed(ctx, asked, "nudged", "no answer in time", str(asked.stage))
        refresh(ctx, asked, anew=f"nudge/{asked.stage}")
    return DONE


def raise_(ctx: Context, number: One, stage: One) -> Card:
    """Ask the manager above, too, for want of an answer; said by the clock."""
    asked = _timed(ctx, number, stage)
    changed = requests.change(ctx.conn, asked, raised=asked.raised + 1) if asked else None
    if changed:
        requests.note_asked(ctx.conn, changed.id, changed.stage, to_be_asked(deciders(ctx, changed)))
        deed(ctx, changed, "raised", "no answer in time")
        refresh(ctx, changed)
    return DONE


def lapse(ctx: Context, number: One, stage: One) -> Card:
    """Refuse a request that nobody decided; said by the clock."""
    asked = _timed(ctx, number, stage)
    end = Resolution("expired", "clock", note="Nobody decided in time.")
    ended = requests.resolve(ctx.conn, asked, end, ctx.now) if asked else None
    if ended:
        deed(ctx, ended, "lapsed", "no answer in time")
        refresh(ctx, ended)
        tell_asker(ctx, ended, f"Nobody decided on {ctx.amount(ended.amount, ended.unit)} in time")
    return DONE


def grants(ctx: Context) -> Card:
    """End grants whose day is over, and tell askers a day before; said by the clock."""
    refuse_all_but_clock(ctx)
    end_grants(ctx)
    for one in requests.grants_until(ctx.conn, ctx.today):
        extend = Button("Ask for more", "request")
        tell_asker(ctx, one, f"Your {ctx.amount(one.resolved_amount, one.unit)} end tonight", (extend,), key="ending")
    _ask_at_half(ctx)
    return DONE


def end_grants(ctx: Context) -> None:
    """Take back what is left of grants whose last day is over."""
    for one in requests.grants_until(ctx.conn, ctx.today - timedelta(days=1)):
        ended = requests.end_grant(ctx.conn, one, "approved", ctx.now)
        if ended:
            take_back(ctx, ended)
            deed(ctx, ended, "ended", "its last day is over")


def _ask_at_half(ctx: Context) -> None:
    """An agent's owner is asked whether to go on when half of what was granted for a job is spent."""
    for one in requests.grants_until(ctx.conn, ctx.today + timedelta(days=400)):
        account = people.account(ctx.conn, one.account_id)
        status = next(
            (
                each
                for each in (statuses(ctx, account) if account and account.kind == "agent" else [])
                if (each.budget.name, each.period.first) == (one.budget, one.period_start)
            ),
            None,
        )
        if status and account and status.left * 2 <= one.resolved_amount:
            left = ctx.amount(max(0, status.left), one.unit)
            stop = Button("Stop: take back the rest", f"giveback {one.handle}", style="danger")
            tell_asker(ctx, one, f"{account.name} has {left} left of what you asked: go on?", (stop,), key="half")


def giveback(ctx: Context, number: One) -> Card:
    """Give back what is left of a grant you asked for; said by a button."""
    found = requests.find(ctx.conn, number)
    if found is None or found.asker_id != ctx.person.id:
        raise Refused("You have no grant of that number.")
    ended = requests.end_grant(ctx.conn, found, "revoked", ctx.now)
    if ended is None:
        raise Refused(f"Request #{found.id} is not a running grant.")
    taken = take_back(ctx, ended)
    deed(ctx, ended, "given back", "asker")
    refresh(ctx, ended)
    return Card(f"{ctx.amount(taken, ended.unit)} given back")


# Kernel --------------------------------------------------------------------------------------------------------------

DONE = Card("Done")


def take_back(ctx: Context, ended: Request) -> int:
    """Post the end of a grant: what of it is not spent is taken away. Returns how much that is."""
    account = people.account(ctx.conn, ended.account_id)
    rule = next((each for each in ctx.house.budgets if each.name == ended.budget), None)
    zone = ZoneInfo(rule.zone) if rule and rule.zone else ctx.house.zone
    then = replace(ctx, now=datetime.combine(ended.period_start, time(12), zone).astimezone(UTC))
    here = [
        each
        for each in (statuses(then, account) if account else [])
        if (each.budget.name, each.account_id, each.period.first)
        == (ended.budget, ended.account_id, ended.period_start)
    ]
    unspent = min(ended.resolved_amount, max(0, here[0].left)) if here else 0
    if unspent:
        post(
            ctx,
            Entry(
                key=f"expiry/{ended.id}",
                account_id=ended.account_id,
                budget=ended.budget,
                period_start=ended.period_start,
                kind="expiry",
                amount=-unspent,
                unit=ended.unit,
                said_by=ctx.person.id,
                note="",
                posted_at=ctx.now,
            ),
        )
    return unspent


def _approved(ctx: Context, asked: Request, units: int, decider: Decider) -> Card:
    resolved = _unless_late(
        asked, requests.resolve(ctx.conn, asked, Resolution("approved", ctx.person.id, units), ctx.now)
    )
    grant(ctx, resolved, decider.authority)
    refresh(ctx, resolved)
    tell_asker(ctx, resolved, f"{ctx.person.name} approved {ctx.amount(units, asked.unit)}")
    return settled_card(ctx, resolved)


def _next_stage(ctx: Context, asked: Request, units: int, decider: Decider) -> Card:
    moved = _unless_late(asked, requests.change(ctx.conn, asked, stage=asked.stage + 1, amount=units, raised=0))
    deed(ctx, moved, "agreed", decider.authority, ctx.amount(units, asked.unit))
    start_stage(ctx, moved)
    whom = STAGES.validate_json(moved.stages)[moved.stage].by.removeprefix("role ")
    return Card(f"You agreed to {ctx.amount(units, asked.unit)}; {whom} decides next")


def _still_needed(ctx: Context, asked: Request) -> list[str]:
    """Who must agree yet, if all of a stage must."""
    if stage_of(asked).need == "any":
        return []
    said = {
        one.person_id for one in requests.who_was_asked(ctx.conn, asked.id) if one.said and one.stage == asked.stage
    }
    said |= {one.for_id for one in requests.who_was_asked(ctx.conn, asked.id) if one.said and one.stage == asked.stage}
    return [one.person.name for one in deciders(ctx, asked) if not one.for_id and one.person.id not in said]


def _mine_to_decide(ctx: Context, word: str) -> tuple[Request, Decider]:
    """The request, if the one who speaks may decide it now; unknown and not theirs get the same answer."""
    word, _, version = word.partition(".")
    asked = requests.find(ctx.conn, word)
    decider = _decider(ctx, asked) if asked else None
    if asked is None or (decider is None and not _decided_by_others(ctx, asked)):
        raise Refused("There is no request of that number for you to decide.")
    if asked.state != "pending" or decider is None:
        raise Refused(_already(ctx, asked))
    if version not in ("", str(asked.version)):
        raise Refused(f"Request #{asked.id} was changed since you saw it. Nothing was decided; look again.")
    return asked, decider


def _decided_by_others(ctx: Context, asked: Request) -> bool:
    """Whether the one who speaks was asked, but it is over or others decide now: they hear so."""
    return any(one.person_id == ctx.person.id for one in requests.who_was_asked(ctx.conn, asked.id))


def _decider(ctx: Context, asked: Request) -> Decider | None:
    if not ctx.person.active:
        return None
    return next((each for each in deciders(ctx, asked) if each.person.id == ctx.person.id), None)


def _already(ctx: Context, asked: Request) -> str:
    if asked.state == "pending":
        return f"Request #{asked.id} is with others to decide now."
    decider = ctx.somebody(asked.resolved_by)
    return f"Request #{asked.id} was already {asked.state}{f' by {decider.name}' if decider else ''}."


def _unless_late(asked: Request, now: Request | None) -> Request:
    if now is None:
        raise Refused(f"Request #{asked.id} was changed or decided a moment ago. Look again.")
    return now


def _timed(ctx: Context, number: str, stage: str) -> Request | None:
    """The request of a timer, if it still waits at that stage."""
    refuse_all_but_clock(ctx)
    asked = requests.find(ctx.conn, number)
    return asked if asked and asked.state == "pending" and str(asked.stage) == stage else None


def _positive(amount: Amount, unit: str) -> int:
    try:
        units = amount.units(unit)
    except ValueError as wrong:
        raise Refused(str(wrong), fault="amount") from wrong
    if units <= 0:
        raise Refused("An amount must be above zero.", fault="amount")
    return units
