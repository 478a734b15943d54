"""What people say about spikes: it is expected, or it is not."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from handlers.access import may_see
from handlers.alerts.spikes import cards
from handlers.alerts.spikes.burn import KINDS
from handlers.alerts.spikes.telling import told
from handlers.arguments import ComingDays, MaybeHowMuch, MaybeTimes, Rest, SpikeOrWhom, Until, units_above_zero
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
ROWS_MAX = 20
SHOWN_MAX = 10
SHOWN_SINCE = timedelta(days=28)


def guard(ctx: Context) -> Card:
    """Unusual spending: what goes on now, what was detected in the last four weeks, and what is marked as expected.

    You see your own, and those of the teams and agents that you own. Finance sees all.
    """
    here = [each for each in spikes.known(ctx.conn, ctx.now - SHOWN_SINCE) if may_see(ctx, each.account_id)]
    marks = [each for each in spikes.expected(ctx.conn, ctx.today).values() if may_see(ctx, each.account_id)]
    burning = [each for each in here if each.burns]
    over = [each for each in here if not each.burns]
    shown, expected_ = [*reversed(burning), *reversed(over)][:ROWS_MAX], marks[:ROWS_MAX]
    accounts = people.accounts_of(
        ctx.conn, {*(each.account_id for each in shown), *(each.account_id for each in expected_)}
    )
    unit = ctx.policy.organization.currency
    blocks: list[Block] = []
    if here:
        rows = tuple(
            (
                ctx.t("#{number} {title}", number=each.id, title=ctx.called(accounts[each.account_id])),
                ctx.moment(each.since),
                ctx.amount(each.excess_nanos, unit),
                ctx.t(STATES["now" if each.burns else each.verdict]),
            )
            for each in shown
        )
        heads = (ctx.t("Spike"), ctx.t("Since"), ctx.t("Above usual"), ctx.t("State"))
        blocks.append(Table(ctx.t("In the last four weeks"), heads, rows, "llrl"))
        blocks += _more(ctx, len(here))
    if marks:
        lines = tuple(
            (
                ctx.called(accounts[each.account_id]),
                ctx.day(each.first),
                ctx.day(each.until),
                "–" if each.ceiling_nanos is None else ctx.amount(each.ceiling_nanos, unit),
                each.reason or "–",
            )
            for each in expected_
        )
        heads_ = (ctx.t("Account"), ctx.t("From"), ctx.t("Until"), ctx.t("Up to"), ctx.t("Reason"))
        blocks.append(Table(ctx.t("Marked as expected"), heads_, lines, "lllrl"))
        blocks += _more(ctx, len(marks))
    blocks += [Button(ctx.t("#{number} is expected", number=each.id), f"expected {each.id}") for each in burning[:2]]
    return Card(_title(ctx, here, burning), (*blocks, as_of(ctx)), _tone(burning))


def unusual(ctx: Context) -> tuple[int, tuple[Block, ...]]:
    """The spikes that go on now and whoever reads may see, the most expensive first.

    Returns:
        How many there are, and what shows them; nothing if there are none.
    """
    here = [each for each in spikes.known(ctx.conn, ctx.now) if each.burns and may_see(ctx, each.account_id)]
    if not here:
        return 0, ()
    here.sort(key=lambda each: -each.excess_nanos)
    accounts = people.accounts_of(ctx.conn, {each.account_id for each in here[:SHOWN_MAX]})
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


def _more(ctx: Context, count: int) -> list[Text]:
    """How many rows a table leaves out."""
    left = count - ROWS_MAX
    return [Text(ctx.nt("and {n} more", "and {n} more", left), quiet=True)] if left > 0 else []


def _title(ctx: Context, here: Sequence[Spike], burning: Sequence[Spike]) -> str:
    if burning:
        return ctx.nt("{n} spike now", "{n} spikes now", len(burning))
    if here:
        return ctx.t("No unusual spending now")
    four_weeks, begun = ctx.now - SHOWN_SINCE, [each.began_at for each in ctx.readings() if each.began_at]
    if not any(each.done_at for each in ctx.readings()):
        return ctx.t("No unusual spending is known: no provider was read yet")
    if begun and min(begun) > four_weeks:
        since = ctx.day(min(begun).astimezone(ctx.policy.zone).date())
        return ctx.t("No unusual spending now, and none detected since {day}, when readings began", day=since)
    return ctx.t("No unusual spending now, and none detected since {day}", day=ctx.day(four_weeks.date()))


def expected(
    ctx: Context,
    number: SpikeOrWhom,
    days: ComingDays = None,
    times: MaybeTimes = None,
    amount: MaybeHowMuch = None,
    until: Until = None,
    reason: Rest = "",
) -> Card:
    """Mark a spike as expected, or say ahead that somebody will spend more: up to how much, and until when.

    “expected 3 until friday the reindex”, “expected 3 500 USD until friday”, “expected 3 5x”, and before it begins
    “expected crawler 500 USD friday to sunday: reindex”. Without a day it holds for a week. Without an amount it holds
    up to three times what the spike will have cost by the next morning, besides usual days. What is spent above that is
    reported. To end it, say “unexpected crawler”.
    """
    one, account = _meant(ctx, number)
    first, last = days or (ctx.today, until or ctx.today + timedelta(days=DAYS))
    if last < ctx.today:
        raise RefusedError(
            "{day} is in the past. Choose a later day, such as: expected {number} until friday",
            day=ctx.day(last),
            number=one.id if one else ctx.called(account),
        )
    unit = ctx.policy.organization.currency
    if amount is not None:
        ceiling = units_above_zero(amount, unit)
    elif one is not None:
        ceiling = cards.ceiling(ctx, one, times or cards.EXPECTED_TIMES, (last - first).days + 1)
    else:
        raise RefusedError(
            "Say up to how much, such as: expected {name} {amount} friday to sunday",
            name=ctx.called(account),
            amount=ctx.amount(cards.EXAMPLE_FLOORS * ctx.policy.guard_floor_nanos, unit),
        )
    spikes.expect(ctx.conn, Expectation(account.id, first, last, ceiling, ctx.person.id, reason, ctx.now))
    if one is not None and first <= ctx.today:
        _settle(ctx, account, one, verdict="expected", burns=False, ended_at=one.ended_at or ctx.now)
    details = f"{first} until {last}, up to {ctx.amount(ceiling, unit)}. {reason}".strip()
    ctx.deed("expected", f"danger/{one.id}" if one else account.id, "owner", details)
    title = ctx.t(
        "The spending of {name} is marked as expected until {day}", name=ctx.called(account), day=ctx.day(last)
    )
    text = ctx.t(
        "I won't send alerts about it until then, unless {name} spends more than {amount} in all from {first} on.",
        name=ctx.called(account),
        amount=ctx.amount(ceiling, unit),
        first=ctx.day(first),
    )
    end = Button(ctx.t("It is over"), f"unexpected {account.id.replace('/', ' ')}")
    return Card(title, (Text(text), end) if one is None else (Text(text),))


def unexpected(ctx: Context, number: SpikeOrWhom) -> Card:
    """Mark a spike as not expected: “unexpected 3”. What it spent never counts as usual.

    With an account, such as “unexpected crawler”, alerts about it are sent again.
    """
    one, account = _meant(ctx, number)
    spikes.unexpect(ctx.conn, account.id)
    if one is None:
        ctx.deed("unexpected", account.id, "owner")
        return Card(ctx.t("{name}: nothing is marked as expected any more", name=ctx.called(account)))
    if one.burns:
        spikes.note(ctx.conn, one.id, verdict="unexpected")
    else:
        _settle(ctx, account, one, verdict="unexpected")
    ctx.deed("unexpected", f"danger/{one.id}", "owner")
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


def _meant(ctx: Context, said: str | Account) -> tuple[Spike | None, Account]:
    """A spike, or an account, that the speaker may judge, as its owner or as finance; others get one answer."""
    if isinstance(said, Account):
        may = said.kind in KINDS and (said.owner_id == ctx.person.id or "finance" in ctx.person.roles)
        if not may:
            raise RefusedError("You can say this about yourself and the agents that you own.")
        return None, said
    one = spikes.find(ctx.conn, said)
    account = ctx.account(one.account_id) if one else None
    if one is None or account is None or not any(each.id == ctx.person.id for each in told(ctx, account, one)):
        raise RefusedError("You have no spike with that number. To see your spikes, say: guard")
    return one, account


def _tone(burning: Sequence[Spike]) -> Tone:
    return "bad" if burning else "good"
