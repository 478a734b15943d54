"""What looks like waste, told to whoever can change it; and what they said about it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from handlers.access import GROUP_MIN, is_for_all, role_of, sees_all
from handlers.arguments import One, Page, Rest, Until, Whom
from handlers.card import Block, Button, Card, Facts, Input, Table, Text
from handlers.context import CLOCK, Context
from handlers.errors import RefusedError
from handlers.provenance import as_of
from handlers.waste import totals
from handlers.waste.cards import (
    KEPT,
    SHOWN_MAX,
    finding_card,
    findings_table,
    in_words,
    list_card,
    of_account,
    realised_blocks,
    saving_of,
    title_of_sums,
    tone_of_sums,
    unseen,
)
from handlers.waste.detectors import DETECTORS
from handlers.waste.nightly import CHECKED_AFTER, _owners
from handlers.waste.usage import WINDOW_DAYS
from storage import findings, people, usage_patterns
from storage.findings import Finding
from storage.people import Account

SILENT_DAYS = 90
REMIND_DAYS = 14
LOOKS_MAX = 3
WORDS_MAX = 500
_DAY = timedelta(days=1)


# Questions -----------------------------------------------------------------------------------------------------------


def waste(ctx: Context, page: Page = 1, whom: Whom = None) -> Card:
    """What looks like waste: what it costs, the potential savings, and what to do.

    Without a name you see your own findings and those of your agents. For a team you see totals: findings about a
    person are shown to that person only.
    """
    if whom is not None and whom.id != ctx.account_id and whom.kind in ("team", "organization", "unallocated"):
        return _of_group(ctx, whom)
    if whom is not None and whom.kind == "person" and whom.id != ctx.account_id:
        raise RefusedError("Only {name} can see findings about {name}. Ask for the team to see totals.", name=whom.name)
    mine = [whom] if whom else _own(ctx, ctx.person.id)
    open_ = [each for account in mine for each in _open(ctx, account.id)]
    names = {account.id: ctx.called(account) for account in mine if account.id != ctx.account_id}
    sums = totals.summary_of(open_, [each for one in mine for each in totals.every(ctx, one.id)])
    return list_card(ctx, open_, names, sums, f"waste of {whom.id.replace('/', ' ')}" if whom else "waste", page)


def finding(ctx: Context, number: One) -> Card:
    """Show one finding, with what you can do about it: “finding 12”.

    Finance and admins can open and decide findings about agents and keys.
    """
    one = _mine(ctx, number)
    card = finding_card(ctx, one)
    if ctx.person.id in _owners(ctx)(one):
        return card
    return replace(card, blocks=(*card.blocks, Button(ctx.t("Ask about it"), f"comment {one.id}")))


# What its owner says -------------------------------------------------------------------------------------------------


def done(ctx: Context, number: One) -> Card:
    """Say that you have acted on a finding: “done 12”. I measure what it saved after 14 and 28 days."""
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
    first, last = (ctx.day(ctx.today + days * _DAY) for days in CHECKED_AFTER)
    when = ctx.t("I'll measure the saving on {first} and {last}, and let you know.", first=first, last=last)
    return Card(ctx.t("#{number} is done", number=one.id), (Text(when),), "good")


def dismiss(ctx: Context, number: One, reason: Rest = "") -> Card:
    """Say why a finding is not waste: “dismiss 12 the review needs it”. You don't see it again for 90 days."""
    one = _mine(ctx, number)
    if not reason:
        hint = ctx.t("Your reason is stored with the finding")
        why = Input("reason", ctx.t("Why is it not waste?"), form="long", hint=hint)
        title = ctx.t("#{number}: {title}", number=one.id, title=in_words(ctx, one.found.what))
        return Card(title, (why, Button(ctx.t("Send"), f"dismiss {one.id}", style="primary")))
    until = ctx.today + SILENT_DAYS * _DAY
    findings.note(ctx.conn, one.id, state="dismissed", silent_until=until, said_by=ctx.person.id, reason=reason)
    _deed(ctx, one, "dismissed", reason)
    silent = ctx.t("I won't mention it again before {day}.", day=ctx.day(until))
    return Card(ctx.t("#{number} is not waste", number=one.id), (Text(f"“{reason}”"), Text(silent)))


def postpone(ctx: Context, number: One, until: Until = None) -> Card:
    """Get a reminder of a finding later: “postpone 12 until friday”. Without a day, in two weeks."""
    one = _mine(ctx, number)
    day = until or ctx.today + REMIND_DAYS * _DAY
    if day <= ctx.today:
        raise RefusedError(
            "{day} is not in the future. Choose a later day, such as: postpone {number} until friday",
            day=ctx.day(day),
            number=one.id,
        )
    findings.note(ctx.conn, one.id, state="open", silent_until=day, told_on=None, said_by=ctx.person.id)
    _deed(ctx, one, "postponed", str(day))
    return Card(ctx.t("I'll remind you of #{number} on {day}", number=one.id, day=ctx.day(day)))


def keep(ctx: Context, number: One) -> Card:
    """Keep an unused seat: “keep 12”. I don't ask again for 90 days."""
    one = _seat(ctx, number)
    until = ctx.today + SILENT_DAYS * _DAY
    findings.note(ctx.conn, one.id, state="dismissed", silent_until=until, said_by=ctx.person.id, reason=KEPT)
    _deed(ctx, one, "kept")
    text = Text(ctx.t("I won't ask again before {day}.", day=ctx.day(until)))
    return Card(ctx.t("You keep your seat"), (text,), "good")


def release(ctx: Context, number: One) -> Card:
    """Release a seat that you don't need: “release 12”. Finance is notified and removes it at the provider."""
    one = _seat(ctx, number)
    findings.note(ctx.conn, one.id, state="done", done_on=ctx.today, said_by=ctx.person.id)
    _deed(ctx, one, "released")
    for each in people.people_with_role(ctx.conn, "finance"):
        theirs = replace(ctx, person=each)
        theirs.tell(each.id, f"released/{one.id}", _released_card(theirs, ctx.person.name, one))
    return Card(ctx.t("Your seat is released"), (Text(ctx.t("Finance removes it at the provider.")),), "good")


def _released_card(ctx: Context, name: str, one: Finding) -> Card:
    amount = ctx.amount(one.found.cost_nanos, ctx.policy.organization.currency)
    facts = Facts(((ctx.t("Seat"), one.found.about), (ctx.t("Why"), in_words(ctx, one.found.what))))
    title = ctx.t("{name} releases a seat that costs {amount} a month", name=name, amount=amount)
    return Card(title, (facts, Text(ctx.t("Remove the seat at the provider."))))


def comment(ctx: Context, number: One, words: Rest = "") -> Card:
    """Ask the owner about a finding, or answer finance: “comment 12 is the nightly job still needed?”."""
    one = _mine(ctx, number)
    said = words[:WORDS_MAX]
    if not said:
        send = Button(ctx.t("Send"), f"comment {one.id}", style="primary")
        field = Input("words", ctx.t("What do you want to say?"), form="long")
        return Card(ctx.t("#{number}: {title}", number=one.id, title=in_words(ctx, one.found.what)), (field, send))
    owners, finance = _owners(ctx)(one), [each.id for each in people.people_with_role(ctx.conn, "finance")]
    others = [each for each in (finance if ctx.person.id in owners else owners) if each != ctx.person.id]
    _deed(ctx, one, "commented", said)
    for person in people.persons(ctx.conn, others).values():
        theirs = replace(ctx, person=person)
        theirs.tell(person.id, f"comment/{one.id}/{ctx.now:%Y%m%dT%H%M%S%f}", _comment_card(theirs, ctx, one, said))
    return Card(ctx.t("Sent"))


def _comment_card(theirs: Context, ctx: Context, one: Finding, words: str) -> Card:
    title = theirs.t("{name} about finding #{number}", name=ctx.person.name, number=one.id)
    about = Facts(((theirs.t("Finding"), in_words(theirs, one.found.what)),))
    answer = Button(theirs.t("Answer"), f"comment {one.id}", style="primary")
    return Card(title, (Text(f"“{words}”"), about, answer, Button(theirs.t("Look at it"), f"finding {one.id}")))


# Cards ---------------------------------------------------------------------------------------------------------------


def _of_group(ctx: Context, account: Account) -> Card:
    """Totals of a team; what is found about persons counts only where five people or more are behind it."""
    first, end = ctx.today - 7 * _DAY, ctx.today + _DAY
    below = people.descendants(ctx.conn, account.id)
    persons = sum(each.kind == "person" and each.active for each in below)
    every = totals.found(ctx, account.id, first, end)
    kinds = {each.id: each.kind for each in below}
    counted = [each for each in every if persons >= GROUP_MIN or kinds.get(each.found.account_id) != "person"]
    saved = totals.every(ctx, account.id) if persons >= GROUP_MIN else []
    if ctx.place.public and ctx.person.id == CLOCK.id:
        told, saved = _told_to_many(counted), _told_to_many(saved)
        if counted and not told:
            few = ctx.t("Fewer than five people are behind each kind of finding, so it is shown to them only.")
            title = of_account(ctx, account, ctx.t("No waste that many have in common"))
            return Card(title, (Text(few), unseen(ctx), as_of(ctx)), personal=not is_for_all(ctx, account.id))
        counted = told
    sums = totals.summary_of(counted, saved)
    personal = not is_for_all(ctx, account.id)
    if not counted:
        title = of_account(ctx, account, ctx.t("No waste found"))
        return Card(title, (unseen(ctx), as_of(ctx)), personal=personal)
    rows = [(ctx.t(title), str(count), saving_of(ctx, saving)) for title, count, saving in sums.kinds[:SHOWN_MAX]]
    rest = sums.kinds[SHOWN_MAX:]
    others = ctx.nt("{n} other kind", "{n} other kinds", len(rest))
    rows += [(others, str(sum(count for _, count, _ in rest)), "")] if rest else []
    heads = (ctx.t("Kind"), ctx.t("Findings"), ctx.t("Potential savings a month"))
    blocks: list[Block] = [Table(ctx.t("By kind"), heads, tuple(rows), "lrr")]
    if personal:
        blocks += _programs(ctx, below, [each for each in counted if kinds.get(each.found.account_id) != "person"])
    blocks += realised_blocks(ctx, sums)
    if persons < GROUP_MIN:
        few = ctx.t("Findings about people are left out here, because there are fewer than five people.")
        blocks.append(Text(few, quiet=True))
    blocks.append(Text(ctx.t("Findings about a person are shown to that person only."), quiet=True))
    title = of_account(ctx, account, title_of_sums(ctx, sums))
    return Card(title, (*blocks, unseen(ctx), as_of(ctx)), tone_of_sums(sums), personal=personal)


def _told_to_many(here: Sequence[Finding]) -> list[Finding]:
    """The findings of the kinds behind which are no persons or at least five: one of a kind is somebody's figure."""
    who: dict[str, set[str]] = {}
    for each in here:
        if each.found.account_id.startswith("person/"):
            who.setdefault(each.found.detector, set()).add(each.found.account_id)
    few = {kind for kind, persons in who.items() if len(persons) < GROUP_MIN}
    return [each for each in here if each.found.detector not in few]


def _programs(ctx: Context, below: Sequence[Account], here: Sequence[Finding]) -> Iterator[Block]:
    """Findings that are about no person: agents, and what is unallocated."""
    if here:
        names = {each.id: ctx.called(each) for each in below}
        ordered = sorted(here, key=totals.order)
        yield findings_table(ctx, ctx.t("Agents and keys"), ordered, names)
        for one in ordered[:LOOKS_MAX] if sees_all(ctx) else ():
            yield Button(ctx.t("Look at #{number}", number=one.id), f"finding {one.id}")


# Whose ---------------------------------------------------------------------------------------------------------------


def _own(ctx: Context, person_id: str) -> list[Account]:
    """One's own account, and the agents one owns."""
    return [each for each in people.owned(ctx.conn, person_id) if each.kind in ("person", "agent")]


def _open(ctx: Context, account_id: str) -> tuple[Finding, ...]:
    return totals.found(ctx, account_id, ctx.today - 7 * _DAY, ctx.today + _DAY)


def _mine(ctx: Context, number: str) -> Finding:
    """A finding that the speaker may act on; an unknown one and another's get the same answer.

    Finance and admins are shown those that are about no person, and may act on them.
    """
    one = findings.find(ctx.conn, number)
    mine = one is not None and ctx.person.id in _owners(ctx)(one)
    if one is None or not (mine or (sees_all(ctx) and not one.found.account_id.startswith("person/"))):
        raise RefusedError("You have no finding with that number. To see your findings, say: waste")
    return one


def _seat(ctx: Context, number: str) -> Finding:
    one = _mine(ctx, number)
    if DETECTORS[one.found.detector].saves != "seat":
        raise RefusedError("#{number} is not about a seat. Say: done {number}", number=one.id)
    return one


def _deed(ctx: Context, one: Finding, what: str, details: str = "") -> None:
    authority = "owner" if ctx.person.id in _owners(ctx)(one) else role_of(ctx)
    ctx.deed(what, f"finding/{one.id}", authority, details)
