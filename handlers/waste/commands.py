"""What looks like waste, told to whoever can change it; and what they said about it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from handlers.access import GROUP_MIN, is_for_all, sees_all
from handlers.arguments import One, Rest, Until, Whom
from handlers.card import Block, Button, Card, Facts, Input, Table, Text, Tone
from handlers.context import CLOCK, Context
from handlers.errors import Refused
from handlers.place import Place
from handlers.policy import after_working
from handlers.provenance import as_of
from handlers.waste import detect as wastes
from handlers.waste.detect import DETECTORS, Summary
from handlers.waste.load import gather
from handlers.waste.usage import MONTH_DAYS, WINDOW_DAYS
from storage import findings, people, usage_patterns
from storage.findings import Finding
from storage.people import Account

SILENT_DAYS = 90
REMIND_DAYS = 14
CHECKED_AFTER = (14, 28)
SHOWN_MAX = 8
BY_THE_DAY = frozenset({"failed_calls", "off_hours_loop", "unattributed"})
SEATS = frozenset({"idle_seat", "doubled_seat"})  # may be given back
BY_THE_SEAT = SEATS | {"larger_seat"}
UNSEEN = (
    "Usage figures hold no prompts: doubled or bad prompts, wrong answers and work that nobody needed cannot be seen "
    "here. Savings are estimates at own prices of the last four weeks; of overlapping ones only the largest counts."
)
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
        raise Refused(f"What is found about {whom.name} is told to {whom.name} only. Say the team for its totals.")
    mine = [whom] if whom else _own(ctx, ctx.person.id)
    open_ = [each for account in mine for each in _open(ctx, account.id)]
    names = {account.id: account.name for account in mine if account.id != ctx.account_id}
    return _list_card(
        ctx, open_, names, wastes.summary_of(open_, [each for one in mine for each in wastes.every(ctx, one.id)])
    )


def finding(ctx: Context, number: One) -> Card:
    """One finding in full, with what you can do about it: `finding 12`."""
    return _card(ctx, _mine(ctx, number))


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
        raise Refused(f"{ctx.day(day)} is not to come. Name a later day, such as: postpone {one.id} until friday")
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
    month = ctx.amount(one.found.cost_nanos, ctx.house.organization.currency)
    for each in people.people_with_role(ctx.conn, "finance"):
        facts = Facts((("Seat", one.found.about), ("Why", one.found.what)))
        card = Card(f"{ctx.person.name} releases a seat of {month} a month", (facts, Text("Take it back there.")))
        replace(ctx, person=each).tell(each.id, f"released/{one.id}", card)
    return Card("Your seat is released", (Text("Finance takes it back at the provider."),), "good")


# What the clock says -------------------------------------------------------------------------------------------------


def sift(ctx: Context) -> Card:
    """Look for waste everywhere, measure what was saved, and have owners told in their working hours."""
    if not sees_all(ctx):
        raise Refused("Waste is looked for by the clock, each night.")
    found = wastes.detect(gather(ctx), ctx.house.waste_floor_nanos)
    findings.keep(ctx.conn, found, ctx.today)
    for each in findings.done(ctx.conn):
        _measure(ctx, each)
    owners = _owners(ctx)
    unheard = replace(ctx, place=Place("clock", ""))
    for person_id in sorted({person for each in findings.untold(ctx.conn) for person in owners(each)}):
        person = people.person(ctx.conn, person_id)
        if person and person.active:
            zone = ZoneInfo(person.zone or ctx.house.organization.zone)
            due = after_working(ctx.now, 0, ctx.house.working, zone)
            unheard.later(f"tell/{person_id}/{due:%G-%V}", f"tell {person_id}", due)
    return Card(f"{len(found)} findings")


def tell(ctx: Context, whom: One) -> Card:
    """Tell somebody in private what was found and not yet told; said by the clock, once a week at most."""
    if ctx.person.id != CLOCK.id:
        raise Refused("That is said by the clock. Say: waste")
    person = people.person(ctx.conn, whom)
    owners = _owners(ctx)
    fresh = [each for each in findings.untold(ctx.conn) if whom in owners(each)]
    if person is None or not person.active or not fresh:
        return Card("Nothing to tell")
    theirs = replace(ctx, person=person)
    names = {each.id: each.name for each in people.accounts_ever(ctx.conn) if each.id != theirs.account_id}
    card = (
        _card(theirs, fresh[0]) if len(fresh) == 1 else _list_card(theirs, fresh, names, wastes.summary_of(fresh, []))
    )
    theirs.tell(whom, f"waste/{whom}/{ctx.today}", card)
    for each in fresh:
        findings.note(ctx.conn, each.id, told_on=ctx.today)
    return Card(f"{len(fresh)} findings told")


def _measure(ctx: Context, one: Finding) -> None:
    """What a month costs less since its owner acted: by the request, or by the day where requests themselves go away.

    At most what was estimated counts, for other things change, too.
    """
    due = next((days for days in CHECKED_AFTER if days > one.checked_days), None)
    if due is None or one.done_on is None or ctx.today < one.done_on + due * _DAY:
        return
    cost, requests = usage_patterns.cost_and_requests(
        ctx.conn, one.found.account_id, one.done_on, one.done_on + due * _DAY
    )
    if one.found.detector in BY_THE_SEAT:
        saved = one.found.cost_nanos if one.seen < ctx.today else 0
    elif one.found.detector in BY_THE_DAY:
        saved = (one.before_nanos * due // WINDOW_DAYS - cost) * MONTH_DAYS // due
    else:
        usual = one.before_nanos * requests // one.before_requests if one.before_requests else 0
        saved = (usual - cost) * MONTH_DAYS // due
    most = one.found.saving[1] if one.found.saving else one.found.cost_nanos
    realised = max(0, min(saved, most))
    findings.note(ctx.conn, one.id, checked_days=due, realised_nanos=realised)
    person = people.person(ctx.conn, one.said_by)
    if person and person.active:
        theirs = replace(ctx, person=person)
        theirs.tell(person.id, f"realised/{one.id}/{due}", _realised_card(theirs, one, realised, due))


def _realised_card(ctx: Context, one: Finding, realised: int, days: int) -> Card:
    title, unit = DETECTORS[one.found.detector][0], ctx.house.organization.currency
    estimate = _saving(ctx, one.found.saving)
    facts = [("Finding", f"#{one.id}, {title.lower()}"), ("Measured over", f"{days} days")]
    facts += [("Estimated", f"{estimate} a month")] if one.found.saving else []
    if not realised:
        text = Text("The account costs no less than before. Say waste to see what is still found.")
        return Card(f"#{one.id}: no saving can be measured", (Facts(tuple(facts)), text), "warn")
    shown = ctx.amount(realised, unit)
    return Card(f"{shown} a month saved", (Facts(tuple(facts)), Text("Thank you.")), "good")


# Cards ---------------------------------------------------------------------------------------------------------------


def _list_card(ctx: Context, here: Sequence[Finding], names: dict[str, str], sums: Summary) -> Card:
    """Several findings, the largest first, with a look at each of the first ones."""
    if not here:
        realised = _realised(ctx, sums)
        return Card("No waste found", (*([Facts(realised)] if realised else []), Text(UNSEEN, quiet=True), as_of(ctx)))
    here = sorted(here, key=wastes.order)
    rows = tuple(
        (
            f"#{each.id}",
            _headline(each, names),
            ctx.amount(each.found.cost_nanos, ctx.house.organization.currency),
            _saving(ctx, each.found.saving),
            each.found.confidence,
        )
        for each in here[:SHOWN_MAX]
    )
    table = Table("What was found", ("No.", "What", "Costs a month", "Could be kept", "Sure"), rows, "llrrl")
    buttons = [Button(f"Look at #{each.id}", f"finding {each.id}") for each in here[:4]]
    blocks: list[Block] = [table]
    blocks += [Text(f"And {len(here) - SHOWN_MAX} smaller ones.")] if len(here) > SHOWN_MAX else []
    blocks += [Facts(_realised(ctx, sums))] if sums.realised_nanos else []
    return Card(_title(ctx, sums), (*blocks, *buttons, Text(UNSEEN, quiet=True), as_of(ctx)), _tone(sums))


def _headline(one: Finding, names: dict[str, str]) -> str:
    whose = names.get(one.found.account_id, "")
    return f"{whose}: {one.found.what}" if whose else one.found.what


def _card(ctx: Context, one: Finding) -> Card:
    """One finding: what could be kept, why we think so, what to do, and the buttons."""
    found, unit = one.found, ctx.house.organization.currency
    account = people.account(ctx.conn, found.account_id)
    whose = f"{account.name}: " if account and account.id != ctx.account_id else ""
    facts = [("Costs", f"{ctx.amount(found.cost_nanos, unit)} a month")] if found.cost_nanos else []
    facts += [*((name, _shown(ctx, value)) for name, value in found.evidence), ("How sure", found.confidence)]
    title = f"{_saving(ctx, found.saving)} a month could be kept" if found.saving else found.what
    blocks: list[Block] = [Text(f"{found.what}.")] if found.saving else []
    blocks += [Facts(tuple(facts)), Text(found.advice)]
    if one.state == "open":
        blocks += _buttons(one)
    else:
        blocks.append(Text(_said(ctx, one)))
    seen = f"Finding #{one.id}, seen on {ctx.day(one.since)}"
    seen += f" and until {ctx.day(one.seen)}." if one.seen > one.since else "."
    seen += "" if found.detector in BY_THE_SEAT else f" {UNSEEN}"
    return Card(f"{whose}{title}", (*blocks, Text(seen, quiet=True)), "warn" if one.state == "open" else "plain")


def _shown(ctx: Context, value: str) -> str:
    """Evidence as it was kept; a day as the reader writes days."""
    try:
        return ctx.day(date.fromisoformat(value))
    except ValueError:
        return value


def _buttons(one: Finding) -> list[Block]:
    if one.found.detector in SEATS:
        confirm = "Give this seat back? You may have to wait for another one."
        return [
            Button("Keep", f"keep {one.id}", style="primary"),
            Button("Release", f"release {one.id}", confirm=confirm),
            Button("Remind me", f"postpone {one.id}"),
        ]
    return [
        Button("Done", f"done {one.id}", style="primary"),
        Button("Not waste", f"dismiss {one.id}"),
        Button("Remind me", f"postpone {one.id}"),
    ]


def _said(ctx: Context, one: Finding) -> str:
    match one.state:
        case "done":
            day = f" on {ctx.day(one.done_on)}" if one.done_on else ""
            return f"Done{day}."
        case "dismissed":
            return f"No waste: “{one.reason}”."
        case _:
            return "It is not seen any more."


def _of_group(ctx: Context, account: Account) -> Card:
    """Totals of a team; what is found about persons counts only where five people or more are behind it."""
    first, end = ctx.today - 7 * _DAY, ctx.today + _DAY
    below = people.descendants(ctx.conn, account.id)
    persons = sum(each.kind == "person" and each.active for each in below)
    every = wastes.found(ctx, account.id, first, end)
    kinds = {each.id: each.kind for each in below}
    counted = [each for each in every if persons >= GROUP_MIN or kinds.get(each.found.account_id) != "person"]
    sums = wastes.summary_of(counted, wastes.every(ctx, account.id) if persons >= GROUP_MIN else [])
    personal = not is_for_all(ctx, account.id)
    if not counted:
        return Card(f"{account.name}: no waste found", (Text(UNSEEN, quiet=True), as_of(ctx)), personal=personal)
    rows = [(title, str(count), _saving(ctx, saving)) for title, count, saving in sums.kinds[:SHOWN_MAX]]
    rest = sums.kinds[SHOWN_MAX:]
    rows += [(f"{len(rest)} more kinds", str(sum(count for _, count, _ in rest)), "")] if rest else []
    blocks: list[Block] = [Table("By kind", ("What", "Findings", "Could be kept a month"), tuple(rows), "lrr")]
    if personal:
        blocks += _programs(ctx, account, [each for each in counted if kinds.get(each.found.account_id) != "person"])
    blocks += [Facts(_realised(ctx, sums))] if sums.realised_nanos else []
    few = "" if persons >= GROUP_MIN else " What is found about people is left out: they are fewer than five."
    whose = Text(f"What is found about a person is told to that person only.{few} {UNSEEN}", quiet=True)
    return Card(f"{account.name}: {_title(ctx, sums)}", (*blocks, whose, as_of(ctx)), _tone(sums), personal=personal)


def _programs(ctx: Context, account: Account, here: Sequence[Finding]) -> Iterator[Block]:
    """Findings that are about no person: agents, and what is nobody's."""
    names = {each.id: each.name for each in people.descendants(ctx.conn, account.id)}
    unit = ctx.house.organization.currency
    facts = tuple(
        (
            _headline(each, names),
            f"{_saving(ctx, each.found.saving)} of {ctx.amount(each.found.cost_nanos, unit)}, #{each.id}",
        )
        for each in sorted(here, key=wastes.order)[:SHOWN_MAX]
    )
    if facts:
        yield Text("Of programs and keys:")
        yield Facts(facts)


def _title(ctx: Context, sums: Summary) -> str:
    unit = ctx.house.organization.currency
    if sums.high_nanos:
        return f"{_saving(ctx, (sums.low_nanos, sums.high_nanos))} a month could be kept"
    return f"{ctx.amount(sums.unexplained_nanos, unit)} a month belongs to nobody"


def _tone(sums: Summary) -> Tone:
    return "warn" if sums.high_nanos or sums.unexplained_nanos else "plain"


def _saving(ctx: Context, saving: tuple[int, int] | None) -> str:
    if saving is None:
        return "–"
    unit = ctx.house.organization.currency
    low, high = (ctx.amount(each, unit) for each in saving)
    return high if low == high else f"{low} to {high}"


def _realised(ctx: Context, sums: Summary) -> tuple[tuple[str, str], ...]:
    if not sums.realised_nanos:
        return ()
    return (("Saved already", f"{ctx.amount(sums.realised_nanos, ctx.house.organization.currency)} a month"),)


# Whose ---------------------------------------------------------------------------------------------------------------


def _own(ctx: Context, person_id: str) -> list[Account]:
    """One's own account, and the agents one owns."""
    return [
        each
        for each in people.every_account(ctx.conn)
        if each.owner_id == person_id and each.kind in ("person", "agent")
    ]


def _open(ctx: Context, account_id: str) -> tuple[Finding, ...]:
    return wastes.found(ctx, account_id, ctx.today - 7 * _DAY, ctx.today + _DAY)


def _mine(ctx: Context, number: str) -> Finding:
    """A finding that the speaker may act on; an unknown one and another's get the same answer."""
    one = findings.find(ctx.conn, number)
    if one is None or ctx.person.id not in _owners(ctx)(one):
        raise Refused("You have no finding of that number. Say: waste")
    return one


def _seat(ctx: Context, number: str) -> Finding:
    one = _mine(ctx, number)
    if one.found.detector not in SEATS:
        raise Refused(f"#{one.id} is about no seat. Say: done {one.id}")
    return one


def _owners(ctx: Context) -> Callable[[Finding], tuple[str, ...]]:
    """Whom a finding concerns: the owner of its account, or finance where there is none."""
    accounts = {each.id: each.owner_id for each in people.accounts_ever(ctx.conn)}
    here = {each.id for each in people.active_people(ctx.conn)}
    finance = tuple(each.id for each in people.people_with_role(ctx.conn, "finance"))

    def owners(one: Finding) -> tuple[str, ...]:
        owner = accounts[one.found.account_id]
        return (owner,) if owner in here else finance

    return owners


def _deed(ctx: Context, one: Finding, what: str, details: str = "") -> None:
    ctx.deed(what, f"finding/{one.id}", "owner", details)
