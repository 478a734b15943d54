"""What people say to the guard: it is meant so, or it is not."""

from dataclasses import replace
from datetime import timedelta

from handlers.access import may_see
from handlers.alerts.spikes import cards
from handlers.alerts.spikes.watch import told
from handlers.arguments import One, Rest, Until
from handlers.card import Block, Button, Card, Table, Text, Tone
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.limits import is_pausable
from handlers.provenance import as_of
from storage import people, spikes
from storage.people import Account
from storage.spikes import Expectation, Spike

DAYS = 7
SHOWN_SINCE = timedelta(days=28)


def guard(ctx: Context) -> Card:
    """What burns out of the ordinary now or did so in the last four weeks, and what was marked as expected.

    You see your own, those of teams and agents that you own; finance sees all.
    """
    accounts = {each.id: each for each in people.accounts_ever(ctx.conn)}
    here = [each for each in spikes.known(ctx.conn, ctx.now - SHOWN_SINCE) if may_see(ctx, each.account_id)]
    marks = [each for each in spikes.expected(ctx.conn, ctx.today).values() if may_see(ctx, each.account_id)]
    unit = ctx.policy.organization.currency
    blocks: list[Block] = []
    if here:
        rows = tuple(
            (
                f"{each.id}",
                accounts[each.account_id].name,
                ctx.moment(each.since),
                ctx.amount(each.excess_nanos, unit),
                "burns" if each.burns else each.verdict or "over",
            )
            for each in reversed(here)
        )
        blocks.append(Table("The last four weeks", ("No.", "Who", "Since", "Above usual", "State"), rows, "rllrl"))
    if marks:
        lines = tuple((accounts[each.account_id].name, ctx.day(each.until), each.reason or "–") for each in marks)
        blocks.append(Table("Expected", ("Who", "Until", "Why"), lines, "lll"))
    burning = [each for each in here if each.burns]
    blocks += [Button(f"#{each.id} is expected", f"expected {each.id}") for each in burning[:2]]
    title = f"{len(burning)} burning out of the ordinary" if burning else "Nothing burns out of the ordinary"
    return Card(title, (*(blocks or [Text("Nothing did in the last four weeks.")]), as_of(ctx)), _tone(burning))


def expected(ctx: Context, number: One, until: Until = None, reason: Rest = "") -> Card:
    """Say that a danger is meant so: `expected 3 until friday the reindex`; without a day for a week.

    Until then the guard is silent about the account, and what it burns counts as usual from now on.
    """
    one, account = _mine(ctx, number)
    day = until or ctx.today + timedelta(days=DAYS)
    if day < ctx.today:
        raise RefusedError(f"{ctx.day(day)} is over. Name a day to come, such as: expected {one.id} until friday")
    spikes.expect(ctx.conn, Expectation(account.id, day, ctx.person.id, reason, ctx.now))
    _settle(ctx, account, one, verdict="expected", burns=False, ended_at=one.ended_at or ctx.now)
    _deed(ctx, one, "expected", f"until {day}. {reason}".strip())
    return Card(f"{account.name} is expected to burn until {ctx.day(day)}", (Text("I am silent about it until then."),))


def unexpected(ctx: Context, number: One) -> Card:
    """Say that a danger is not meant so: `unexpected 3`. What it burnt never counts as usual."""
    one, account = _mine(ctx, number)
    spikes.unexpect(ctx.conn, account.id)
    if one.burns:
        spikes.note(ctx.conn, one.id, verdict="unexpected")
    else:
        _settle(ctx, account, one, verdict="unexpected")
    _deed(ctx, one, "unexpected", "")
    pause = Button("Pause", cards.pause_sentence(account), style="danger", confirm=f"Pause {account.name}?")
    offered = one.burns and is_pausable(ctx, account) and not cards.is_paused(ctx, account)
    blocks = (pause,) if offered else ()
    return Card(f"{account.name}: not expected, and not taken for usual", blocks)


def _settle(ctx: Context, account: Account, one: Spike, **values: object) -> None:
    """Note what was said, and show it on every message about it."""
    said = spikes.note(ctx.conn, one.id, **values)
    for person in told(ctx, account, said):
        theirs = replace(ctx, person=person)
        card = cards.over_card(theirs, account, said)
        for key in (*(f"danger/{one.id}/{n}" for n in range(one.told_times)), f"danger/{one.id}/over"):
            theirs.tell(person.id, key, card, again=True)


def _mine(ctx: Context, number: str) -> tuple[Spike, Account]:
    """A danger that the speaker may judge: its owner or finance; unknown ones and others' get the same answer."""
    one = spikes.find(ctx.conn, number)
    account = ctx.account(one.account_id) if one else None
    if one is None or account is None or not any(each.id == ctx.person.id for each in told(ctx, account, one)):
        raise RefusedError("You have no danger of that number. Say: guard")
    return one, account


def _deed(ctx: Context, one: Spike, what: str, details: str) -> None:
    ctx.deed(what, f"danger/{one.id}", "owner", details)


def _tone(burning: list[Spike]) -> Tone:
    return "bad" if burning else "good"
