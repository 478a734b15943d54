"""Deciding a request: by the right person, of now, once. submit.py is the other half."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection

from handlers.access import role_of, sees_all
from handlers.arguments import MaybeHowMuch, MaybeTo, One, Rest, Until, units_above_zero
from handlers.budgets import BudgetStatus, give, share_of, statuses, with_share
from handlers.card import Block, Button, Card, Facts, Input, Table, Text
from handlers.context import Context
from handlers.deeds import deed_in_words
from handlers.errors import RefusedError
from handlers.events import CheckRequests
from handlers.language import N_
from handlers.money import COUNTED, Amount, in_units
from handlers.questions import OwnCap, gauge, looked_at
from handlers.requests.approvers import Decider, decider, deciders, still_needed, to_be_asked
from handlers.requests.case import Case, asked_of, case_of, claims_beside, counts_of, load, make_background
from handlers.requests.claimed import refuse_beyond
from handlers.requests.effect import (
    after_it,
    ask_to_raise,
    in_effect,
    lower_caps,
    more_of,
    pool_name,
    rule_beneath,
    stays_capped,
    tell_who_can_lift,
)
from handlers.requests.exceptions import end_exception
from handlers.requests.expiry import in_words, next_period, rule_of, why_expired
from handlers.requests.messages import approve_button, asked_facts, prefixes, said, settled_card
from handlers.requests.opening import NOTE_MAX
from handlers.requests.quoted import reason_of
from handlers.requests.routing import stages_above
from handlers.requests.wording import (
    HISTORY,
    OVER,
    OVER_BY,
    PER,
    all_of,
    any_of,
    asked_for,
    decided,
    last_day_of,
    name_of,
    sum_of,
)
from handlers.requests.write import ask_more, at_its_stage, deed, grant, record, take_back, tell_asker
from storage import audit, outbox, requests
from storage.claims import Claim
from storage.requests import Request, Resolution

DELEGATED_DAYS_MAX = 60


def approve(ctx: Context, number: One, amount: MaybeHowMuch = None) -> Card:
    """Approve a request, in full or with a smaller amount: “approve 42”, “approve 42 30”."""
    case, mine = _mine_to_decide(ctx, number)
    if next_period(ctx, case):
        return _offer(ctx, case)
    _refuse_expired(ctx, case)
    return _approve(ctx, case, case, mine, amount)


def approved_apart(conn: Connection, words: str, ask_ahead: Callable[[Connection], None]) -> bool:
    """Whether what `approve` is to decide touches nobody else's figures; then it holds whose it does touch."""
    return requests.hold(conn, words.partition(" ")[0].partition(".")[0], ask_ahead)


def approve_anew(ctx: Context, number: One) -> Card:
    """Approve a request for the period that has begun, when its own is over; said by a button."""
    case, mine = _mine_to_decide(ctx, number)
    period = next_period(ctx, case)
    if period is None:
        _refuse_expired(ctx, case)
        return _approve(ctx, case, case, mine, None)
    last = period.end - timedelta(days=1)
    moved = replace(case, request=replace(case.request, period_start=period.first, until=last))
    return _approve(ctx, case, moved, mine, None)


def _offer(ctx: Context, case: Case) -> Card:
    """The question whether a request of the period that has just ended is approved for this one."""
    text, values = in_words(ctx, case, "period")
    deny_ = Button(ctx.t("Deny"), f"deny {case.request.seen}", style="danger")
    facts = Facts(((ctx.t("Amount"), asked_for(ctx, case.request)), *asked_facts(ctx, case)))
    return Card(ctx.t(text, **values), (facts, approve_button(ctx, case), deny_), "warn")


def _approve(ctx: Context, before: Case, case: Case, mine: Decider, amount: Amount | None) -> Card:
    """Approve a request.

    Args:
        ctx: of whoever decides.
        before: the case as it was read.
        case: the same for the period for which it is approved.
        mine: as what they decide.
        amount: how much, None for all of it.
    """
    asked = case.request
    units = asked.amount if amount is None else units_above_zero(amount, asked.unit)
    if asked.is_exception:
        _refuse_no_exception(ctx, case, units)
    if units > asked.amount:
        most = sum_of(ctx, asked, asked.amount)
        raise RefusedError("You can approve at most {amount}, which is what was asked for.", "amount", amount=most)
    if case.claim:
        refuse_beyond(ctx, claims_beside(ctx, case, case.claim), units, asked.id)
    if case.stage.by == "lead":
        return _give(ctx, before, case, mine, units)
    agreed = case.agreed(ctx.person.id, mine.for_id)
    missing, shown = still_needed(agreed), sum_of(ctx, asked, units)
    if missing:
        record(ctx, before, agreed.changed(amount=units), "agreed", mine.authority)
        _tell_delegator(ctx, case, mine)
        return Card(ctx.t("You agreed. Still to agree: {names}", names=all_of(ctx, missing)))
    if asked.stage + 1 < len(case.stages):
        moved, found = at_its_stage(ctx, agreed.changed(stage=asked.stage + 1, amount=units, raised=0))
        record(ctx, before, moved, "agreed", mine.authority, shown)
        _tell_delegator(ctx, case, mine)
        next_ = any_of(ctx, [each.person.name for each in found])
        return Card(ctx.t("You agreed to {amount}. Next to decide: {names}", amount=shown, names=next_))
    approved = agreed.resolved(Resolution("approved", ctx.person.id, units), ctx.now)
    record(ctx, before, approved, "approved", mine.authority, shown)
    if case.claim:
        return _approved_claim(ctx, approved, mine)
    known = grant(ctx, approved.request)
    standing = known or (statuses(ctx, case.account) if case.account else [])
    capped = lower_caps(ctx, approved, standing)
    title = _said_by(ctx, N_("{name} approved {amount}"), asked, units)
    tell_asker(ctx, approved.request, title, lambda theirs: _now(theirs, approved, standing, capped))
    tell_who_can_lift(ctx, approved, standing)
    if capped and case.account:
        ask_to_raise(ctx, approved.request, case.account, capped)
    _tell_delegator(ctx, approved, mine)
    card = settled_card(ctx, approved)
    return replace(card, blocks=(*card.blocks, *_after(ctx, approved, standing, capped)))


def _approved_claim(ctx: Context, case: Case, mine: Decider) -> Card:
    """A claim that is approved is paid back by payroll: no budget grows by it."""
    request = case.request
    title = _said_by(ctx, N_("{name} approved your claim for {amount}"), request, request.resolved_amount)
    later = N_("You will see in “claims” when it is paid back.")
    tell_asker(ctx, request, title, lambda theirs: (Text(theirs.t(later)),))
    _tell_delegator(ctx, case, mine)
    return settled_card(ctx, case)


def _give(ctx: Context, before: Case, case: Case, mine: Decider, units: int) -> Card:
    """Give a share out of what is free in the pool; whoever decides over the pool is asked for what it lacks."""
    asked, account = case.request, case.account
    rule, found = rule_of(ctx, case), looked_at(ctx, account) if account else []
    share = share_of(ctx, found, rule, account) if rule and account else None
    if share is None:
        raise RefusedError("There is no such pool any more, so nothing can be given of it.")
    given = min(units, max(0, share.free))
    give(ctx, share, f"share/{asked.id}", given)
    standing = with_share(found, share, given)
    shown = sum_of(ctx, asked, given)
    agreed = case.agreed(ctx.person.id, mine.for_id)
    if given == units:
        end = Resolution("approved", ctx.person.id)
        approved = agreed.changed(given=given, amount=asked.amount - given).resolved(end, ctx.now)
        record(ctx, before, approved, "approved", mine.authority, shown)
        _tell_given(ctx, approved, given, "", standing)
        _tell_delegator(ctx, approved, mine)
        return settled_card(ctx, approved)
    lacking = units - given
    counts = counts_of(ctx, asked.account_id, asked.asker_id, share.pool.budget, asked.unit, asked.period_start)
    above = stages_above(ctx, share, lacking, standing, counts)
    moved = agreed.changed(given=given, amount=lacking, stages=above, stage=1, raised=0)
    moved, next_ = at_its_stage(ctx, moved)
    known = make_background(ctx, moved.request, standing, counts)
    record(ctx, before, moved, "agreed", mine.authority, shown, known=known)
    names = any_of(ctx, [each.person.name for each in next_])
    _tell_given(ctx, moved, given, names, standing)
    _tell_delegator(ctx, moved, mine)
    values = {"amount": shown, "lacking": sum_of(ctx, asked, lacking), "names": names}
    if not given:
        return Card(ctx.t("The pool has nothing free. Next to decide about {lacking}: {names}", **values))
    return Card(ctx.t("You gave {amount}. The pool lacks {lacking}; next to decide: {names}", **values))


def _tell_given(ctx: Context, case: Case, given: int, names: str, found: Sequence[BudgetStatus]) -> None:
    """Tell whoever asked what they have of the pool now, and who decides about what it lacks."""
    request = case.request
    pool = pool_name(case)

    def title(theirs: Context) -> str:
        values = {
            "name": ctx.person.name,
            "amount": sum_of(theirs, request, given),
            "pool": pool,
            "lacking": sum_of(theirs, request, request.amount),
            "names": names,
        }
        if not names:
            return theirs.t("{name} gave you {amount} of the {pool} pool", **values)
        if not given:
            return theirs.t("The {pool} pool has nothing free. {names} decides about {lacking}", **values)
        return theirs.t("{name} gave you {amount} of the {pool} pool. {names} decides about {lacking}", **values)

    def blocks(theirs: Context) -> tuple[Block, ...]:
        if not given:
            return ()
        return _after(theirs, case, found, ()) if names else _now(theirs, case, found, ())

    tell_asker(ctx, request, title, blocks, key="given")


def _after(ctx: Context, case: Case, found: Sequence[BudgetStatus], capped: Sequence[OwnCap]) -> tuple[Block, ...]:
    """What is left after a grant, and what keeps it from helping."""
    status = asked_of(found, case.request)
    facts = (Facts((after_it(ctx, status, 0),)),) if status else ()
    return *facts, *in_effect(ctx, case, found), *stays_capped(ctx, capped)


def _now(theirs: Context, case: Case, found: Sequence[BudgetStatus], capped: Sequence[OwnCap]) -> tuple[Block, ...]:
    """The same for whoever asked, who may give back what is left."""
    if case.request.is_exception:
        until = Facts(((theirs.t("Until"), last_day_of(theirs, case.request)),))
        return until, *_after(theirs, case, found, capped), Button(theirs.t("Exceptions"), "exceptions")
    confirm = theirs.t("Return what is left of it?")
    back = Button(theirs.t("Return what is left"), f"return-grant {case.request.handle}", confirm=confirm)
    return *_after(theirs, case, found, capped), back


DECIDED_FOR_YOU = {
    "pending": N_("{name} agreed to {amount} for {asker} in your place"),
    "approved": N_("{name} approved {amount} for {asker} in your place"),
    "denied": N_("{name} denied {amount} for {asker} in your place"),
}


def _tell_delegator(ctx: Context, case: Case, mine: Decider) -> None:
    """Whoever let another decide hears what was decided for them."""
    request, person = case.request, case.person(mine.for_id)
    if person is None or not person.active:
        return
    theirs = replace(ctx, person=person)
    amount = decided(theirs, request)
    asker = case.name_of(request.asker_id)
    title = theirs.t(DECIDED_FOR_YOU[request.state], name=ctx.person.name, amount=amount, asker=asker)
    look = Button(theirs.t("Look at #{number}", number=request.id), f"history {request.handle}")
    card = Card(title, (Facts(tuple(asked_facts(theirs, case))), look))
    theirs.tell(person.id, f"for-you/{request.id}/{request.stage}", card)


def deny(ctx: Context, number: One, reason: Rest = "") -> Card:
    """Deny a request, with a reason for the asker: “deny 42 too early”."""
    case, mine = _mine_to_decide(ctx, number)
    asked, note = case.request, reason[:NOTE_MAX]
    if not reason:
        return Card(
            ctx.t("Deny request #{number}", number=asked.id),
            (
                Input("reason", ctx.t("Why? {name} will read it.", name=case.name_of(asked.asker_id)), form="long"),
                Button(ctx.t("Deny"), f"deny {asked.seen}", style="danger"),
            ),
        )
    denied = case.resolved(Resolution("denied", ctx.person.id, note=note), ctx.now)
    record(ctx, case, denied, "denied", mine.authority, note)
    title = _said_by(ctx, N_("{name} denied {amount}"), asked, asked.amount)
    tell_asker(ctx, denied.request, title, lambda theirs: (_quoted(note), *_stays(theirs, asked)))
    _tell_delegator(ctx, denied, mine)
    return settled_card(ctx, denied)


def _stays(theirs: Context, asked: Request) -> tuple[Block, ...]:
    """That what was given out of the pool stays when the rest is denied."""
    if not asked.given:
        return ()
    return (Text(theirs.t("The {amount} that you were given stay.", amount=sum_of(theirs, asked, asked.given))),)


def other(ctx: Context, number: One) -> Card:
    """Approve another amount than was asked for; said by a button."""
    case, _ = _mine_to_decide(ctx, number)
    _refuse_expired(ctx, case)
    asked = case.request
    return Card(
        ctx.t("Approve another amount for request #{number}", number=asked.id),
        (
            Facts(
                (
                    (ctx.t("Asked for"), sum_of(ctx, asked, asked.amount)),
                    (ctx.t("Reason"), reason_of(ctx, asked)),
                ),
            ),
            Input(
                "amount",
                ctx.t("How much ({unit})?", unit=asked.unit),
                form="text" if asked.unit in COUNTED else "number",
                hint=ctx.t("At most what was asked for"),
                least="0",
                most=f"{in_units(asked.amount, asked.unit):f}",
            ),
            Button(ctx.t("Approve"), f"approve {asked.seen}", style="primary"),
        ),
    )


def question(ctx: Context, number: One, words: Rest = "") -> Card:
    """Ask something about a request, or answer: “question 42 can it wait until monday?”."""
    case = load(ctx, number)
    mine = case is not None and case.request.asker_id == ctx.person.id
    decides = case is not None and decider(case, ctx.person) is not None
    if case is None or not (mine or decides or sees_all(ctx)):
        raise RefusedError("You can't see a request with that number, or it doesn't exist. To see yours, say: requests")
    asked, words_kept = case.request, words[:NOTE_MAX]
    if asked.state != "pending":
        raise _already(ctx, case)
    if not words:
        send = Button(ctx.t("Send"), f"question {asked.handle}", style="primary")
        field = Input("words", ctx.t("What do you want to say?"), form="long")
        return Card(ctx.t("About request #{number}", number=asked.id), (field, send))
    authority = "asker" if mine else "decider" if decides else role_of(ctx)
    deed(ctx, asked, "said", authority, words_kept)
    others = [] if mine else [asked.asker_id]
    others += [] if decides else [each for each in to_be_asked(deciders(case)) if each != ctx.person.id]
    sent = outbox.under(ctx.conn, prefixes(asked))
    for person in filter(None, map(case.person, others)):
        card = _question_card(replace(ctx, person=person), ctx.person.name, asked, words_kept)
        for each in said(ctx, case, sent, person, card):
            ctx.show(each.key, each.place, each.card, below=each.below)
    next_ = (
        ctx.t("Whoever decides sees it now. I'll let you know when it's decided.")
        if mine
        else ctx.t("I'll send you the answer.")
    )
    return Card(ctx.t("Sent"), (Text(next_),))


def _question_card(theirs: Context, by: str, asked: Request, words: str) -> Card:
    answer = Button(theirs.t("Answer"), f"question {asked.handle}", style="primary")
    title = theirs.t("{name} about request #{number}", name=by, number=asked.id)
    return Card(title, (_quoted(words), answer))


def revoke(ctx: Context, number: One, reason: Rest = "") -> Card:
    """Take back what is left of an approved request, with the reason: “revoke 42 the project ended”.

    For whoever approved it, for finance, and for whoever asked, who needs no reason.
    """
    case = load(ctx, number)
    if case is not None and case.request.is_exception:
        return end_exception(ctx, number, reason)
    if case is not None and case.request.asker_id == ctx.person.id:
        return return_grant(ctx, number)
    mine = case is not None and ctx.person.id == case.request.resolved_by
    may = mine or (case is not None and "finance" in ctx.person.roles)
    if case is None or not may:
        raise RefusedError("There is no approved request with that number to take back.")
    if not reason:
        raise RefusedError("Say why, for example: revoke 42 the project ended", fault="reason")
    if case.claim:
        return _take_back_claim(ctx, case, case.claim, "decider" if mine else "role finance", reason[:NOTE_MAX])
    ended = _ended(ctx, case)
    note = reason[:NOTE_MAX]
    record(ctx, case, ended, "revoked", "decider" if mine else "role finance", note)
    taken, unit = take_back(ctx, ended.request), case.request.unit
    title = _said_by(ctx, N_("{name} took back {amount}"), ended.request, taken)
    tell_asker(ctx, ended.request, title, lambda _theirs: (_quoted(note),), key="revoked")
    facts = Facts(((ctx.t("Request"), f"#{case.request.id}"), (ctx.t("Reason"), reason)))
    return Card(ctx.t("{amount} taken back", amount=ctx.amount(taken, unit)), (facts,))


def delegate(ctx: Context, to: MaybeTo = None, until: Until = None) -> Card:
    """Let a colleague decide for you while you are away: “delegate @kim until friday”.

    “delegate” alone ends it.
    """
    if to is None:
        requests.delegate(ctx.conn, ctx.person.id, "", ctx.today)
        ctx.deed("delegated", ctx.account_id, "own", "nobody")
        ctx.emit(f"delegate/{ctx.person.id}/{ctx.now:%Y-%m-%dT%H:%M:%S.%f}", CheckRequests())
        return Card(ctx.t("You decide yourself again"))
    if not to.person_id or to.person_id == ctx.person.id:
        raise RefusedError("Name a colleague, for example: delegate @kim until friday", fault="to")
    if until is None or not ctx.today <= until <= ctx.today + timedelta(days=DELEGATED_DAYS_MAX):
        raise RefusedError(
            "Say until when, at most {days} days from today, for example: delegate @kim until friday",
            fault="until",
            days=DELEGATED_DAYS_MAX,
        )
    requests.delegate(ctx.conn, ctx.person.id, to.person_id, until)
    ctx.deed("delegated", ctx.account_id, "own", f"{to.person_id} until {until}")
    for waiting in requests.waiting_for(ctx.conn, ctx.person.id):
        case = case_of(ctx, *waiting)
        ask_more(ctx, case, case.with_asked(to_be_asked(deciders(case))))
    stand_in = ctx.somebody(to.person_id)
    theirs = replace(ctx, person=stand_in) if stand_in else ctx
    title = theirs.t("You decide for {name} until {day}", name=ctx.person.name, day=theirs.day(until))
    theirs.tell(to.person_id, f"delegate/{ctx.person.id}/{until}", Card(title))
    return Card(
        ctx.t("{name} decides for you until {day}", name=to.name, day=ctx.day(until)),
        (Text(ctx.t("When you are back, say: {example}", example="delegate")),),
    )


def history(ctx: Context, number: One) -> Card:
    """Everything that happened to a request: “history 42”.

    For whoever asked or was asked, and for finance.
    """
    case = load(ctx, number)
    told = {each for one in case.asked for each in (one.person_id, one.for_id)} if case else set()
    mine = case is not None and ctx.person.id in {case.request.asker_id, *told}
    if case is None or not (mine or sees_all(ctx)):
        raise RefusedError("You can't see a request with that number, or it doesn't exist. To see yours, say: requests")
    found = case.request
    deeds = [row.deed for row in audit.rows(ctx.conn, f"request/{found.id}")]
    rows = tuple(
        (
            ctx.moment(each.at),
            name_of(ctx, case, each.who),
            deed_in_words(ctx, each),
            "" if each.what == "nudged" else each.details[:120],  # it has only the number of the stage
        )
        for each in deeds
    )
    columns = (ctx.t("When"), ctx.t("By"), ctx.t("What"), ctx.t("Details"))
    facts = [(ctx.t("Asked by"), case.name_of(found.asker_id)), *asked_facts(ctx, case)]
    table = Table(ctx.t("What happened"), columns, rows, "llll")
    blocks: list[Block] = [Facts(tuple(facts)), table]
    if found.state == "pending" and decider(case, ctx.person):
        status = asked_of(statuses(ctx, case.account), found) if case.account and not case.claim else None
        after = [after_it(ctx, status, more_of(found, status))] if status else []
        blocks = [*([gauge(ctx, status)] if status else []), Facts((*facts, *after)), table]
        blocks += [
            approve_button(ctx, case),
            *(() if next_period(ctx, case) else (Button(ctx.t("Approve other amount"), f"other {found.seen}"),)),
            Button(ctx.t("Deny"), f"deny {found.seen}", style="danger"),
            Button(ctx.t("Ask a question"), f"question {found.handle}"),
        ]
    title = ctx.t(HISTORY[found.state], number=found.id, amount=asked_for(ctx, found))
    return Card(title, tuple(blocks))


def return_grant(ctx: Context, number: One) -> Card:
    """Return what is left of the extra budget you asked for; said by a button."""
    case = load(ctx, number)
    if case is None or case.request.asker_id != ctx.person.id:
        raise RefusedError("You have no request with that number. To see yours, say: requests")
    if case.request.is_exception:
        return end_exception(ctx, number)
    if case.claim:
        return _take_back_claim(ctx, case, case.claim, "asker", "")
    ended = _ended(ctx, case)
    record(ctx, case, ended, "given back", "asker")
    returned = ctx.amount(take_back(ctx, ended.request), case.request.unit)
    return Card(ctx.t("{amount} returned", amount=returned))


def _take_back_claim(ctx: Context, case: Case, claim: Claim, authority: str, note: str) -> Card:
    """Take back a claim that was approved, as long as it is not paid back."""
    if claim.paid_at:
        raise RefusedError("Claim #{number} is already paid back.", number=case.request.id)
    if case.request.state != "approved":
        raise RefusedError("Request #{number} was not approved, so there is nothing to return.", number=case.request.id)
    ended = case.changed(state="revoked", ended_at=ctx.now)
    record(ctx, case, ended, "revoked", authority, note)
    amount = case.request.resolved_amount
    if authority != "asker":
        title = _said_by(ctx, N_("{name} took back the approval of your claim for {amount}"), ended.request, amount)
        tell_asker(ctx, ended.request, title, lambda _theirs: (_quoted(note),), key="revoked")
    return Card(ctx.t("Claim #{number} will not be paid back", number=case.request.id))


# Kernel --------------------------------------------------------------------------------------------------------------


def _mine_to_decide(ctx: Context, word: str) -> tuple[Case, Decider]:
    """The case, if the one who speaks may decide it now; unknown and not theirs get the same answer."""
    word, _, version = word.partition(".")
    case = load(ctx, word)
    mine = decider(case, ctx.person) if case else None
    asked = {each for one in case.asked for each in (one.person_id, one.for_id)} if case else set()
    if case is None or (mine is None and ctx.person.id not in asked):
        raise RefusedError("There is no request with that number for you to decide.")
    if case.request.state != "pending" or mine is None:
        raise _already(ctx, case)
    if version not in ("", str(case.request.version)):
        raise RefusedError(
            "Request #{number} has changed since you saw it. Nothing was decided; look at it again.",
            number=case.request.id,
        )
    return case, mine


def _refuse_expired(ctx: Context, case: Case) -> None:
    why = why_expired(ctx, case)
    if why:
        text, values = in_words(ctx, case, why)
        raise RefusedError(text, **values)


def _refuse_no_exception(ctx: Context, case: Case, units: int) -> None:
    """Refuse a limit that app.yaml gives anyway."""
    base = rule_beneath(ctx, case)
    if base and units <= base.allotment:
        limit = ctx.t(PER[base.every], amount=ctx.amount(base.allotment, base.unit))
        raise RefusedError(
            "The limit is {limit} already. Approve more than that, or deny the request.", fault="amount", limit=limit
        )


def _already(ctx: Context, case: Case) -> RefusedError:
    request = case.request
    if request.state == "expired":
        text, values = in_words(ctx, case, request.resolved_note)
        return RefusedError(text, **values)
    by = case.person(request.resolved_by)
    text = OVER_BY.get(request.state, OVER[request.state]) if by else OVER[request.state]
    return RefusedError(text, number=request.id, name=by.name if by else "")


def _ended(ctx: Context, case: Case) -> Case:
    """The case of a running grant when it is over.

    Raises:
        RefusedError: it is none.
    """
    if case.request.ended_at is not None:
        raise RefusedError("The extra budget of request #{number} has already ended.", number=case.request.id)
    if case.request.state != "approved":
        raise RefusedError("Request #{number} was not approved, so there is nothing to return.", number=case.request.id)
    return case.changed(state="revoked", ended_at=ctx.now)


def _said_by(ctx: Context, text: str, request: Request, units: int) -> Callable[[Context], str]:
    """What the one who speaks did with an amount, for another reader."""
    return lambda theirs: theirs.t(text, name=ctx.person.name, amount=sum_of(theirs, request, units))


def _quoted(words: str) -> Text:
    return Text(f"“{words}”")
