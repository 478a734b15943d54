"""Deciding a request: by the right person, of now, once. submit.py is the other half."""

from datetime import timedelta

from handlers.arguments import MaybeHowMuch, MaybeTo, One, Rest, Until, units_above_zero
from handlers.card import Block, Button, Card, Facts, Input, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.requests.approvers import Decider, decider, deciders, still_needed, to_be_asked
from handlers.requests.case import Case, case_of, load
from handlers.requests.messages import prefixes, said, settled_card
from handlers.requests.write import ask_more, at_its_stage, deed, grant, record, take_back, tell_asker
from storage import audit, outbox, requests
from storage.directory import Person
from storage.requests import Resolution

NOTE_MAX = 500
DELEGATED_DAYS_MAX = 60
DECIDED_NEXT = "Whoever decides reads it now, and you hear from me when it is decided."


def approve(ctx: Context, number: One, amount: MaybeHowMuch = None) -> Card:
    """Approve a request, in full or with another amount: `approve 42`, `approve 42 30`."""
    case, mine = _mine_to_decide(ctx, number)
    asked = case.request
    if asked.until < ctx.today:
        raise RefusedError(f"It was asked until {ctx.day(asked.until)}, which is over. It can only be asked anew.")
    units = asked.amount if amount is None else units_above_zero(amount, asked.unit)
    if units > asked.amount:
        most = ctx.amount(asked.amount, asked.unit)
        raise RefusedError(f"{most} were asked; more than that cannot be approved.", fault="amount")
    agreed = case.agreed(ctx.person.id, mine.for_id)
    missing, shown = still_needed(agreed), ctx.amount(units, asked.unit)
    if missing:
        record(ctx, case, agreed.changed(amount=units), "agreed", mine.authority)
        return Card(f"You agreed; {', '.join(missing)} must agree, too")
    if asked.stage + 1 < len(case.stages):
        moved, _ = at_its_stage(ctx, agreed.changed(stage=asked.stage + 1, amount=units, raised=0))
        record(ctx, case, moved, "agreed", mine.authority, shown)
        return Card(f"You agreed to {shown}; {moved.stage.by.removeprefix('role ')} decides next")
    approved = agreed.resolved(Resolution("approved", ctx.person.id, units), ctx.now)
    record(ctx, case, approved, "approved", mine.authority, shown)
    grant(ctx, approved.request)
    tell_asker(ctx, approved.request, f"{ctx.person.name} approved {shown}")
    return settled_card(ctx, approved)


def deny(ctx: Context, number: One, reason: Rest = "") -> Card:
    """Deny a request, with a reason for the asker: `deny 42 too early`."""
    case, mine = _mine_to_decide(ctx, number)
    asked, note = case.request, reason[:NOTE_MAX]
    if not reason:
        return Card(
            f"Deny request #{asked.id}",
            (
                Input("reason", "Why? The asker reads it.", form="long"),
                Button("Deny", f"deny {asked.seen}", style="danger"),
            ),
        )
    denied = case.resolved(Resolution("denied", ctx.person.id, note=note), ctx.now)
    record(ctx, case, denied, "denied", mine.authority, note)
    tell_asker(
        ctx, denied.request, f"{ctx.person.name} denied {ctx.amount(asked.amount, asked.unit)}", (_quoted(note),)
    )
    return settled_card(ctx, denied)


def other(ctx: Context, number: One) -> Card:
    """Approve another amount than was asked; said by a button."""
    case, _ = _mine_to_decide(ctx, number)
    asked = case.request
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
    case = load(ctx, number)
    mine = case is not None and case.request.asker_id == ctx.person.id
    if case is None or not (mine or decider(case, ctx.person)):
        raise RefusedError("There is no request of that number that concerns you.")
    asked, words_kept = case.request, words[:NOTE_MAX]
    if asked.state != "pending":
        raise RefusedError(_already(case))
    send = Button("Send", f"question {asked.handle}", style="primary")
    if not words:
        return Card(f"About request #{asked.id}", (Input("words", "What do you want to say?", form="long"), send))
    deed(ctx, asked, "said", "asker" if mine else "decider", words_kept)
    answer = Button("Answer", f"question {asked.handle}", style="primary")
    card = Card(f"{ctx.person.name} about request #{asked.id}", (_quoted(words_kept), answer))
    others = to_be_asked(deciders(case)) if mine else [asked.asker_id]
    sent = outbox.under(ctx.conn, prefixes(asked))
    for person in filter(None, map(case.person, others)):
        for each in said(ctx, case, sent, person, card):
            ctx.show(each.key, each.place, each.card, below=each.below)
    return Card("Sent", (Text(DECIDED_NEXT if mine else "The answer comes back to you."),))


def revoke(ctx: Context, number: One, reason: Rest = "") -> Card:
    """Take back what is left of a grant, with the reason: `revoke 42 the project ended`.

    For who approved it, and for finance.
    """
    case = load(ctx, number)
    mine = case is not None and ctx.person.id == case.request.resolved_by
    may = mine or (case is not None and "finance" in ctx.person.roles and case.request.asker_id != ctx.person.id)
    if case is None or not may:
        raise RefusedError("There is no grant of that number that you may take back.")
    if not reason:
        raise RefusedError("Say why, such as: revoke 42 the project ended", fault="reason")
    ended = _ended(ctx, case, f"Request #{case.request.id} is {case.request.state} and not a running grant.")
    note = reason[:NOTE_MAX]
    record(ctx, case, ended, "revoked", "decider" if mine else "role finance", note)
    taken = ctx.amount(take_back(ctx, ended.request), case.request.unit)
    tell_asker(ctx, ended.request, f"{ctx.person.name} took back {taken}", (_quoted(note),), key="revoked")
    return Card(f"{taken} taken back", (Facts((("Request", f"#{case.request.id}"), ("Why", reason))),))


def delegate(ctx: Context, to: MaybeTo = None, until: Until = None) -> Card:
    """While you are away, let a colleague decide for you: `delegate @kim until friday`; alone it ends that."""
    if to is None:
        requests.delegate(ctx.conn, ctx.person.id, "", ctx.today)
        ctx.deed("delegated", ctx.account_id, "own", "nobody")
        return Card("You decide yourself again")
    if not to.person_id or to.person_id == ctx.person.id:
        raise RefusedError("Name a colleague, such as: delegate @kim until friday", fault="to")
    if until is None or not ctx.today <= until <= ctx.today + timedelta(days=DELEGATED_DAYS_MAX):
        raise RefusedError(
            f"Say until when, at most {DELEGATED_DAYS_MAX} days: delegate @kim until friday", fault="until"
        )
    requests.delegate(ctx.conn, ctx.person.id, to.person_id, until)
    ctx.deed("delegated", ctx.account_id, "own", f"{to.person_id} until {until}")
    for waiting in requests.waiting_for(ctx.conn, ctx.person.id):
        case = case_of(ctx, *waiting)
        ask_more(ctx, case, case.with_asked(to_be_asked(deciders(case))))
    ctx.tell(
        to.person_id,
        f"delegate/{ctx.person.id}/{until}",
        Card(f"You decide for {ctx.person.name} until {ctx.day(until)}"),
    )
    return Card(f"{to.name} decides for you until {ctx.day(until)}", (Text("Say “delegate” when you are back."),))


def history(ctx: Context, number: One) -> Card:
    """The story of a request, for those it concerns: `history 42`."""
    case = load(ctx, number)
    mine = case is not None and ctx.person.id in {case.request.asker_id, *(each.person_id for each in case.asked)}
    if case is None or not (mine or {"finance", "admin"} & set(ctx.person.roles)):
        raise RefusedError("There is no request of that number that concerns you.")
    found = case.request
    deeds = [row.deed for row in audit.rows(ctx.conn, f"request/{found.id}")]
    names = {each: ctx.somebody(each) for each in {deed.who for deed in deeds}}
    rows = tuple(
        (ctx.moment(each.at), _called(case, each.who, names[each.who]), each.what, each.details[:120]) for each in deeds
    )
    blocks: list[Block] = [Table("What happened", ("When", "Who", "What", "Words"), rows, "llll")]
    if found.state == "pending" and decider(case, ctx.person):
        blocks += [
            Button("Approve", f"approve {found.seen}", style="primary"),
            Button("Deny", f"deny {found.seen}", style="danger"),
        ]
    return Card(f"Request #{found.id}: {ctx.amount(found.amount, found.unit)}, {found.state}", tuple(blocks))


def _called(case: Case, who: str, person: Person | None) -> str:
    return person.name if person else case.name_of(who)


def return_grant(ctx: Context, number: One) -> Card:
    """Give back what is left of a grant you asked for; said by a button."""
    case = load(ctx, number)
    if case is None or case.request.asker_id != ctx.person.id:
        raise RefusedError("You have no grant of that number.")
    ended = _ended(ctx, case, f"Request #{case.request.id} is not a running grant.")
    record(ctx, case, ended, "given back", "asker")
    return Card(f"{ctx.amount(take_back(ctx, ended.request), case.request.unit)} given back")


# Kernel --------------------------------------------------------------------------------------------------------------


def _mine_to_decide(ctx: Context, word: str) -> tuple[Case, Decider]:
    """The case, if the one who speaks may decide it now; unknown and not theirs get the same answer."""
    word, _, version = word.partition(".")
    case = load(ctx, word)
    mine = decider(case, ctx.person) if case else None
    if case is None or (mine is None and not any(each.person_id == ctx.person.id for each in case.asked)):
        raise RefusedError("There is no request of that number for you to decide.")
    if case.request.state != "pending" or mine is None:
        raise RefusedError(_already(case))
    if version not in ("", str(case.request.version)):
        raise RefusedError(f"Request #{case.request.id} was changed since you saw it. Nothing was decided; look again.")
    return case, mine


def _already(case: Case) -> str:
    if case.request.state == "pending":
        return f"Request #{case.request.id} is with others to decide now."
    by = case.person(case.request.resolved_by)
    return f"Request #{case.request.id} was already {case.request.state}{f' by {by.name}' if by else ''}."


def _ended(ctx: Context, case: Case, refusal: str) -> Case:
    """The case of a running grant when it is over.

    Raises:
        RefusedError: it is none.
    """
    if case.request.state != "approved" or case.request.ended_at is not None:
        raise RefusedError(refusal)
    return case.changed(state="revoked", ended_at=ctx.now)


def _quoted(words: str) -> Text:
    return Text(f"“{words}”")
