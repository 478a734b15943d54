"""What looks like waste, told to whoever can change it; and what they said about it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from handlers.access import GROUP_MIN, is_for_all
from handlers.arguments import One, Rest, Until, Whom
from handlers.card import Block, Button, Card, Facts, Input, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.provenance import as_of
from handlers.waste import totals
from handlers.waste.cards import (
    SHOWN_MAX,
    UNSEEN,
    _headline,
    _title,
    _tone,
    finding_card,
    list_card,
    realised_facts,
    saving_of,
)
from handlers.waste.detectors import DETECTORS
from handlers.waste.nightly import CHECKED_AFTER, _owners
from handlers.waste.usage import WINDOW_DAYS
from storage import findings, people, usage_patterns
from storage.findings import Finding
from storage.people import Account

SILENT_DAYS = 90
REMIND_DAYS = 14
_DAY = timedelta(days=1)


# Questions -----------------------------------------------------------------------------------------------------------


def waste(ctx: Context, whom: Whom = None) -> Card:
    """What looks like waste: what it costs, what could be kept, how sure that is, and what to do.

    Alone it is about you and the agents you own. Of a team you see totals: what is found about a person is told to
    that person only.
    """
    if whom is not None and whom.id != ctx.account_id and whom.kind in ("team", "organization", "unallocated"):
        return _of_group(ctx, whom)
    if whom is not None and whom.kind == "person" and whom.id != ctx.account_id:
        raise RefusedError(f"What is found about {whom.name} is told to {whom.name} only. Say the team for its totals.")
    mine = [whom] if whom else _own(ctx, ctx.person.id)
    open_ = [each for account in mine for each in _open(ctx, account.id)]
    names = {account.id: account.name for account in mine if account.id != ctx.account_id}
    return list_card(
        ctx, open_, names, totals.summary_of(open_, [each for one in mine for each in totals.every(ctx, one.id)])
    )


def finding(ctx: Context, number: One) -> Card:
    """One finding in full, with what you can do about it: `finding 12`."""
    return finding_card(ctx, _mine(ctx, number))


# What its owner says -------------------------------------------------------------------------------------------------


def done(ctx: Context, number: One) -> Card:
    """Say that you have acted on a finding: `done 12`. After 14 and 28 days I measure what it saved."""
    one = _mine(ctx, number)
    before = usage_patterns.cost_and_requests(ctx.conn, one.found.account_id, ctx.today - WINDOW_DAYS * _DAY, ctx.today)
    findings.note(
        ctx.conn,
        one.id,
        state="done",
        done_on=ctx.today,
        said_by=ctx.person.id,
        before_nanos=before[0],
        before_requests=before[1],
        checked_days=0,
        realised_nanos=None,
    )
    _deed(ctx, one, "done")
    when = " and ".join(ctx.day(ctx.today + days * _DAY) for days in CHECKED_AFTER)
    return Card(f"#{one.id} is done", (Text(f"I measure on {when} what a month costs less, and tell you."),), "good")


def dismiss(ctx: Context, number: One, reason: Rest = "") -> Card:
    """Say why a finding is no waste: `dismiss 12 the review needs it`. It is not spoken of for 90 days."""
    one = _mine(ctx, number)
    if not reason:
        why = Input("reason", "Why is it no waste?", form="long", hint="It is kept with the finding")
        return Card(f"#{one.id}: {one.found.what}", (why, Button("Send", f"dismiss {one.id}", style="primary")))
    until = ctx.today + SILENT_DAYS * _DAY
    findings.note(ctx.conn, one.id, state="dismissed", silent_until=until, said_by=ctx.person.id, reason=reason)
    _deed(ctx, one, "dismissed", reason)
    return Card(f"#{one.id} is no waste", (Text(f"“{reason}”. I do not speak of it before {ctx.day(until)}."),))


def postpone(ctx: Context, number: One, until: Until = None) -> Card:
    """Be reminded of a finding later: `postpone 12 until friday`; without a day in two weeks."""
    one = _mine(ctx, number)
    day = until or ctx.today + REMIND_DAYS * _DAY
    if day <= ctx.today:
        raise RefusedError(f"{ctx.day(day)} is not to come. Name a later day, such as: postpone {one.id} until friday")
    findings.note(ctx.conn, one.id, state="open", silent_until=day, told_on=None, said_by=ctx.person.id)
    _deed(ctx, one, "postponed", str(day))
    return Card(f"I remind you of #{one.id} on {ctx.day(day)}")


def keep(ctx: Context, number: One) -> Card:
    """Keep a seat that was not used: `keep 12`. You are not asked again for 90 days."""
    one = _seat(ctx, number)
    until = ctx.today + SILENT_DAYS * _DAY
    findings.note(ctx.conn, one.id, state="dismissed", silent_until=until, said_by=ctx.person.id, reason="kept")
    _deed(ctx, one, "kept")
    return Card("You keep your seat", (Text(f"I do not ask before {ctx.day(until)}."),), "good")


def release(ctx: Context, number: One) -> Card:
    """Give back a seat that you do not need: `release 12`. Finance is told, and takes it back at the provider."""
    one = _seat(ctx, number)
    findings.note(ctx.conn, one.id, state="done", done_on=ctx.today, said_by=ctx.person.id)
    _deed(ctx, one, "released")
    month = ctx.amount(one.found.cost_nanos, ctx.policy.organization.currency)
    for each in people.people_with_role(ctx.conn, "finance"):
        facts = Facts((("Seat", one.found.about), ("Why", one.found.what)))
        card = Card(f"{ctx.person.name} releases a seat of {month} a month", (facts, Text("Take it back there.")))
        replace(ctx, person=each).tell(each.id, f"released/{one.id}", card)
    return Card("Your seat is released", (Text("Finance takes it back at the provider."),), "good")


# What the clock says -------------------------------------------------------------------------------------------------


# Cards ---------------------------------------------------------------------------------------------------------------


def _of_group(ctx: Context, account: Account) -> Card:
    """Totals of a team; what is found about persons counts only where five people or more are behind it."""
    first, end = ctx.today - 7 * _DAY, ctx.today + _DAY
    below = people.descendants(ctx.conn, account.id)
    persons = sum(each.kind == "person" and each.active for each in below)
    every = totals.found(ctx, account.id, first, end)
    kinds = {each.id: each.kind for each in below}
    counted = [each for each in every if persons >= GROUP_MIN or kinds.get(each.found.account_id) != "person"]
    sums = totals.summary_of(counted, totals.every(ctx, account.id) if persons >= GROUP_MIN else [])
    personal = not is_for_all(ctx, account.id)
    if not counted:
        return Card(f"{account.name}: no waste found", (Text(UNSEEN, quiet=True), as_of(ctx)), personal=personal)
    rows = [(title, str(count), saving_of(ctx, saving)) for title, count, saving in sums.kinds[:SHOWN_MAX]]
    rest = sums.kinds[SHOWN_MAX:]
    rows += [(f"{len(rest)} more kinds", str(sum(count for _, count, _ in rest)), "")] if rest else []
    blocks: list[Block] = [Table("By kind", ("What", "Findings", "Could be kept a month"), tuple(rows), "lrr")]
    if personal:
        blocks += _programs(ctx, account, [each for each in counted if kinds.get(each.found.account_id) != "person"])
    blocks += [Facts(realised_facts(ctx, sums))] if sums.realised_nanos else []
    few = "" if persons >= GROUP_MIN else " What is found about people is left out: they are fewer than five."
    whose = Text(f"What is found about a person is told to that person only.{few} {UNSEEN}", quiet=True)
    return Card(f"{account.name}: {_title(ctx, sums)}", (*blocks, whose, as_of(ctx)), _tone(sums), personal=personal)


def _programs(ctx: Context, account: Account, here: Sequence[Finding]) -> Iterator[Block]:
    """Findings that are about no person: agents, and what is nobody's."""
    names = {each.id: each.name for each in people.descendants(ctx.conn, account.id)}
    unit = ctx.policy.organization.currency
    facts = tuple(
        (
            _headline(each, names),
            f"{saving_of(ctx, each.found.saving)} of {ctx.amount(each.found.cost_nanos, unit)}, #{each.id}",
        )
        for each in sorted(here, key=totals.order)[:SHOWN_MAX]
    )
    if facts:
        yield Text("Of programs and keys:")
        yield Facts(facts)


# Whose ---------------------------------------------------------------------------------------------------------------


def _own(ctx: Context, person_id: str) -> list[Account]:
    """One's own account, and the agents one owns."""
    return [
        each
        for each in people.every_account(ctx.conn)
        if each.owner_id == person_id and each.kind in ("person", "agent")
    ]


def _open(ctx: Context, account_id: str) -> tuple[Finding, ...]:
    return totals.found(ctx, account_id, ctx.today - 7 * _DAY, ctx.today + _DAY)


def _mine(ctx: Context, number: str) -> Finding:
    """A finding that the speaker may act on; an unknown one and another's get the same answer."""
    one = findings.find(ctx.conn, number)
    if one is None or ctx.person.id not in _owners(ctx)(one):
        raise RefusedError("You have no finding of that number. Say: waste")
    return one


def _seat(ctx: Context, number: str) -> Finding:
    one = _mine(ctx, number)
    if DETECTORS[one.found.detector].saves != "seat":
        raise RefusedError(f"#{one.id} is about no seat. Say: done {one.id}")
    return one


def _deed(ctx: Context, one: Finding, what: str, details: str = "") -> None:
    ctx.deed(what, f"finding/{one.id}", "owner", details)
