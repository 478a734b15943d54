"""What people say about spikes: it is expected, or it is not."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from handlers.access import may_see
from handlers.alerts.spikes import cards
from handlers.alerts.spikes.watch import told
from handlers.arguments import One, Rest, Until
from handlers.card import Block, Button, Card, Facts, Table, Text, Tone
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.limits import is_pausable
from handlers.provenance import as_of
from storage import people, spikes
from storage.people import Account
from storage.spikes import Expectation, Spike

DAYS = 7
STATES = {
    "now": N_("now"),
    "": N_("over"),
    "expected": N_("over, expected"),
    "unexpected": N_("over, not expected"),
}
SHOWN_MAX = 10
SHOWN_SINCE = timedelta(days=28)


def guard(ctx: Context) -> Card:
    """Unusual spending: what goes on now, what was detected in the last four weeks, and what is marked as expected.

    You see your own, and those of the teams and agents that you own. Finance sees all.
    """
    accounts = {each.id: each for each in people.accounts_ever(ctx.conn)}
    here = [each for each in spikes.known(ctx.conn, ctx.now - SHOWN_SINCE) if may_see(ctx, each.account_id)]
    marks = [each for each in spikes.expected(ctx.conn, ctx.today).values() if may_see(ctx, each.account_id)]
    unit = ctx.policy.organization.currency
    burning = [each for each in here if each.burns]
    blocks: list[Block] = []
    if here:
        rows = tuple(
            (
                ctx.t("#{number} {title}", number=each.id, title=ctx.called(accounts[each.account_id])),
                ctx.moment(each.since),
                ctx.amount(each.excess_nanos, unit),
                ctx.t(STATES["now" if each.burns else each.verdict]),
            )
            for each in reversed(here)
        )
        heads = (ctx.t("Spike"), ctx.t("Since"), ctx.t("Above usual"), ctx.t("State"))
        blocks.append(Table(ctx.t("In the last four weeks"), heads, rows, "llrl"))
    if marks:
        lines = tuple(
            (ctx.called(accounts[each.account_id]), ctx.day(each.until), each.reason or "–") for each in marks
        )
        heads_ = (ctx.t("Account"), ctx.t("Until"), ctx.t("Reason"))
        blocks.append(Table(ctx.t("Marked as expected"), heads_, lines, "lll"))
    blocks += [Button(ctx.t("#{number} is expected", number=each.id), f"expected {each.id}") for each in burning[:2]]
    return Card(_title(ctx, here, burning), (*blocks, as_of(ctx)), _tone(burning))


def unusual(ctx: Context) -> tuple[int, tuple[Block, ...]]:
    """The spikes that go on now and whoever reads may see, the most expensive first.

    Returns:
        How many there are, and what shows them; nothing if there are none.
    """
    accounts = {each.id: each for each in people.accounts_ever(ctx.conn)}
    here = [each for each in spikes.known(ctx.conn, ctx.now) if each.burns and may_see(ctx, each.account_id)]
    if not here:
        return 0, ()
    here.sort(key=lambda each: -each.excess_nanos)
    unit = ctx.policy.organization.currency
    facts = tuple(
        (
            ctx.t("#{number} {title}", number=each.id, title=ctx.called(accounts[each.account_id])),
            ctx.t(
                "{amount} above usual since {moment}",
                amount=ctx.amount(each.excess_nanos, unit),
                moment=ctx.moment(each.since),
            ),
        )
        for each in here[:SHOWN_MAX]
    )
    return len(here), (Facts(facts), Button(ctx.t("Look at them"), "guard"))


def _title(ctx: Context, here: Sequence[Spike], burning: Sequence[Spike]) -> str:
    if burning:
        return ctx.nt("{n} spike now", "{n} spikes now", len(burning))
    if here:
        return ctx.t("No unusual spending now")
    since = ctx.day((ctx.now - SHOWN_SINCE).date())
    return ctx.t("No unusual spending now, and none detected since {day}", day=since)


def expected(ctx: Context, number: One, until: Until = None, reason: Rest = "") -> Card:
    """Mark a spike as expected: `expected 3 until friday the reindex`. Without a day, for a week.

    Until then you get no alerts about the account, and what it spends counts as usual from now on.
    """
    one, account = _mine(ctx, number)
    day = until or ctx.today + timedelta(days=DAYS)
    if day < ctx.today:
        raise RefusedError(
            "{day} is in the past. Choose a later day, such as: expected {number} until friday",
            day=ctx.day(day),
            number=one.id,
        )
    spikes.expect(ctx.conn, Expectation(account.id, ctx.today, day, None, ctx.person.id, reason, ctx.now))
    _settle(ctx, account, one, verdict="expected", burns=False, ended_at=one.ended_at or ctx.now)
    _deed(ctx, one, "expected", f"until {day}. {reason}".strip())
    title = ctx.t(
        "The spending of {name} is marked as expected until {day}", name=ctx.called(account), day=ctx.day(day)
    )
    return Card(title, (Text(ctx.t("I won't send alerts about it until then.")),))


def unexpected(ctx: Context, number: One) -> Card:
    """Mark a spike as not expected: `unexpected 3`. What it spent never counts as usual."""
    one, account = _mine(ctx, number)
    spikes.unexpect(ctx.conn, account.id)
    if one.burns:
        spikes.note(ctx.conn, one.id, verdict="unexpected")
    else:
        _settle(ctx, account, one, verdict="unexpected")
    _deed(ctx, one, "unexpected", "")
    offered = one.burns and is_pausable(ctx, account) and not cards.is_paused(ctx, account)
    blocks = (cards.pause_button(ctx, account),) if offered else ()
    title = ctx.t("{name}: marked as not expected, so it does not count as usual", name=ctx.called(account))
    return Card(title, blocks)


def _settle(ctx: Context, account: Account, one: Spike, **values: object) -> None:
    """Note what was said, and show it on every message about it."""
    said = spikes.note(ctx.conn, one.id, **values)
    for person in told(ctx, account, said):
        theirs = replace(ctx, person=person)
        card = cards.over_card(theirs, account, said)
        for key in (*(f"danger/{one.id}/{n}" for n in range(one.told_times)), f"danger/{one.id}/over"):
            theirs.tell(person.id, key, card, again=True)


def _mine(ctx: Context, number: str) -> tuple[Spike, Account]:
    """A spike that the speaker may judge: its owner or finance; unknown ones and others' get the same answer."""
    one = spikes.find(ctx.conn, number)
    account = ctx.account(one.account_id) if one else None
    if one is None or account is None or not any(each.id == ctx.person.id for each in told(ctx, account, one)):
        raise RefusedError("You have no spike with that number. To see your spikes, say: guard")
    return one, account


def _deed(ctx: Context, one: Spike, what: str, details: str) -> None:
    ctx.deed(what, f"danger/{one.id}", "owner", details)


def _tone(burning: Sequence[Spike]) -> Tone:
    return "bad" if burning else "good"
