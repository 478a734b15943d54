"""What has become of a request, written in one go: its state, its grant, its trace in the audit, and every message."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from handlers.budgets import BudgetStatus, give, post, return_share, share_of, statuses
from handlers.card import CARD, Block, Button, Card, Facts
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.events import (
    Escalate,
    FollowRequest,
    IncreaseDecided,
    RefreshHomes,
    RemindApprover,
    RequestExpired,
)
from handlers.place import Place
from handlers.policy import after_working
from handlers.requests.approvers import Decider, deciders, to_be_asked
from handlers.requests.case import Background, Case, background
from handlers.requests.jobs import end_job, reserve_for_job
from handlers.requests.lasting import begin
from handlers.requests.messages import Message, Sent, answered, messages, prefixes
from handlers.requests.quoted import reason_of
from storage import outbox, requests
from storage.ledger import Entry, EntryKind
from storage.requests import Request


def deed(ctx: Context, request: Request, what: str, authority: str, details: str = "") -> None:
    """Write down what was done to a request."""
    ctx.deed(what, f"request/{request.id}", authority, details)


def record(
    ctx: Context,
    before: Case,
    after: Case,
    what: str,
    authority: str,
    details: str = "",
    *,
    anew: str = "",
    known: Background | None = None,
) -> None:
    """Write what has become of a request, and make every message about it look so.

    Args:
        ctx: of whoever changed it.
        before: the case as it was read.
        after: the case as it is now.
        what: the verb for the audit.
        authority: why they might.
        details: figures and reasons for the audit.
        anew: for a reminder: a key under which those who decide get a message of its own.
        known: what whoever decides should know, if it was read already.

    Raises:
        RefusedError: it was changed or decided since it was read; here or at the latest when the order ends, and
            nothing was written.
    """
    request = after.request
    if request != before.request:
        changed = RefusedError(
            "Request #{number} was changed or decided a moment ago. Nothing was saved; look at it again.",
            number=request.id,
        )
        requests.save_or_raise(ctx.conn, before.request, request, changed)
    deed(ctx, request, what, authority, details)
    ask_more(ctx, before, after, anew, known)


def ask_more(ctx: Context, before: Case, after: Case, anew: str = "", known: Background | None = None) -> None:
    """Write who is asked now and what they said, and make every message look so."""
    request = after.request
    requests.note_asked(ctx.conn, request.id, set(after.asked) - set(before.asked))
    sent: Sent = outbox.under(ctx.conn, prefixes(request))
    known = known or (background(ctx, after) if request.state == "pending" else None)
    show(ctx, after, sent, known, anew)


def show(ctx: Context, case: Case, sent: Sent, known: Background | None, anew: str = "") -> None:
    """Make every message about a request look as it stands, and let the provider where it was asked hear of the end."""
    for each in messages(ctx, case, sent, known, anew):
        ctx.show(each.key, each.place, each.card, below=each.below)
    said = f"question/{case.request.id}/"
    if case.request.resolved_at and any(key.startswith(said) for key in sent):
        for each in answered(ctx, case, _shown(ctx, said)):
            ctx.show(each.key, each.place, each.card, below=each.below)
    answer_origin(ctx, case.request)
    concerned = {case.request.asker_id, *(each.person_id for each in case.asked)}
    ctx.emit(str(case.request.id), RefreshHomes(tuple(sorted(concerned)), ctx.now.isoformat()))
    if known:
        ctx.ask_live(
            f"request/{case.request.id}", known.there.stale, FollowRequest(case.request.id, ctx.now.isoformat())
        )


def _shown(ctx: Context, prefix: str) -> Iterator[Message]:
    """The messages that there are under keys of some beginning."""
    for key, payload in outbox.payloads(ctx.conn, prefix).items():
        said = json.loads(payload)
        place = Place(**said["place"])
        yield Message(key.removesuffix(f"@{place}"), place, CARD.validate_python(said["card"]), said["below"])


def at_its_stage(ctx: Context, case: Case) -> tuple[Case, list[Decider]]:
    """The case when whoever decides at its stage is asked; its timers are set.

    Returns:
        The case, and those who are asked.

    Raises:
        RefusedError: nobody can be found.
    """
    found = deciders(case)
    chosen = to_be_asked(found)
    if not chosen:
        raise RefusedError("Nobody can decide this request. Ask an admin to check the approval policy.")
    set_timers(ctx, case, found)
    return case.with_asked(chosen), [each for each in found if each.person.id in chosen]


def set_timers(ctx: Context, case: Case, found: list[Decider], round_: int = 0) -> None:
    """Reminders, raising and lapsing count the working hours of the first one asked, from now on.

    Args:
        ctx: of whoever asks.
        case: as it is now.
        found: who decides.
        round_: differs from that of whoever was asked before, so that their timers are replaced.
    """
    request, stage = case.request, case.stage
    zone = ZoneInfo(found[0].person.zone or ctx.policy.organization.zone)
    timers = {
        RemindApprover: stage.remind_after_hours,
        Escalate: stage.raise_after_hours,
        RequestExpired: stage.refuse_after_hours,
    }
    for timer, hours in timers.items():
        if hours:
            due = after_working(ctx.now, hours, ctx.policy.working, zone)
            ctx.emit(f"{request.id}/{request.stage}", timer(request.id, request.stage, round_), due)


def answer_origin(ctx: Context, request: Request) -> None:
    """Let the provider where it was asked hear of a decision."""
    if request.origin and request.resolved_at and request.state in ("approved", "denied", "expired"):
        ctx.emit(str(request.id), IncreaseDecided(request.id))


def tell_asker(
    ctx: Context,
    request: Request,
    title: Callable[[Context], str],
    blocks: Callable[[Context], tuple[Block, ...]] = lambda _theirs: (),
    key: str = "answer",
) -> None:
    """Tell whoever asked, and the owner if it was for an agent, in their own language.

    Args:
        ctx: of whoever did something.
        request: which.
        title: makes the news in the asker's words.
        blocks: makes what stands below it.
        key: names the message, with the request.
    """
    asker = ctx.somebody(request.asker_id)
    if asker and asker.active:
        theirs = replace(ctx, person=asker)
        good = request.state == "approved"
        account = ctx.account(request.account_id)
        whose = ((theirs.t("For"), account.name),) if account and account.id != theirs.account_id else ()
        facts = Facts(
            ((theirs.t("Request"), f"#{request.id}"), *whose, (theirs.t("Reason"), reason_of(theirs, request)))
        )
        left = Button(theirs.t("What is left?"), "balance")
        if request.is_claim:
            left = Button(theirs.t("Your claims"), "claims")
        card = Card(title(theirs), (facts, *blocks(theirs), left), "good" if good else "warn")
        theirs.tell(asker.id, f"{key}/{request.id}", card)


# In the ledger -------------------------------------------------------------------------------------------------------


def grant(ctx: Context, request: Request) -> Sequence[BudgetStatus]:
    """Post what was granted, or let another limit count, in the same transaction as the decision.

    Returns:
        How all budgets of the account stand with it, if that had to be read.
    """
    if request.is_exception:
        return begin(ctx, request)
    reserve_for_job(ctx, request)
    if request.share_base is not None and not request.given:
        _first_share(ctx, request)
    post(ctx, _entry(ctx, request, "grant", request.resolved_amount, request.resolved_by, request.reason))
    return ()


def _first_share(ctx: Context, request: Request) -> None:
    """Let somebody without a share have one of what they have used, which what is granted is added to."""
    account = ctx.account(request.account_id)
    rule = next(iter(ctx.policy.rules_named(request.budget)), None)
    share = share_of(ctx, statuses(ctx, account), rule, account) if account and rule else None
    if share is not None and not share.has_one:
        give(ctx, share, f"share/{request.id}", 0)


def take_back(ctx: Context, ended: Request) -> int:
    """Post the end of a grant: what of it is not spent is taken away. Returns how much that is."""
    end_job(ctx, ended)
    account = ctx.account(ended.account_id)
    rule = next(iter(ctx.policy.rules_named(ended.budget)), None)
    zone = ZoneInfo(rule.zone) if rule and rule.zone else ctx.policy.zone
    then = replace(ctx, now=datetime.combine(ended.period_start, time(12), zone).astimezone(UTC))
    here = [
        each
        for each in (statuses(then, account) if account else [])
        if (each.budget.name, each.account_id, each.period.first)
        == (ended.budget, ended.account_id, ended.period_start)
    ]
    if not here:
        return 0
    unspent = min(ended.resolved_amount + ended.given, max(0, here[0].left))
    granted = min(ended.resolved_amount, unspent)
    if granted:
        post(ctx, _entry(ctx, ended, "expiry", -granted, ctx.person.id, ""))
    back = unspent - granted
    if ended.share_base is not None and unspent == here[0].left:
        back = here[0].limit - granted  # nothing of a first share is left: they spend with all others again
    if back > 0:
        return_share(ctx, here[0], f"returned/{ended.id}", back)
    return unspent


def _entry(ctx: Context, request: Request, kind: EntryKind, amount: int, said_by: str, note: str) -> Entry:
    return Entry(
        key=f"{kind}/{request.id}",
        account_id=request.account_id,
        budget=request.budget,
        period_start=request.period_start,
        kind=kind,
        amount=amount,
        unit=request.unit,
        said_by=said_by,
        note=note,
        posted_at=ctx.now,
    )
