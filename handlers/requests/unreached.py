"""Whoever is asked and cannot be reached: the asker and finance hear at once, and the next in line is asked."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from handlers.card import Block, Button, Card, Facts, Text
from handlers.context import Context
from handlers.events import AskNextInLine, MessageGivenUp
from handlers.notify import tell_finance
from handlers.policy import after_working
from handlers.requests.approvers import Decider, deciders, to_be_asked
from handlers.requests.case import Case, load
from handlers.requests.follow import expire, reached, tell_where_it_went
from handlers.requests.messages import asked_facts
from handlers.requests.wording import all_of, goes_to, sum_of
from handlers.requests.write import record, tell_asker
from storage import outbox

ASKED = re.compile(r"request/(\d+)@(.+)")
NOT_REACHED = "no message reaches them"


def message_given_up(ctx: Context, event: MessageGivenUp) -> None:
    """Tell whom it concerns that somebody who was asked cannot be reached, once."""
    match = ASKED.fullmatch(event.key)
    case = load(ctx, match[1]) if match else None
    if match is None or case is None or case.request.state != "pending":
        return
    who = [each.person_id for each in case.asked_now if each.said == "" and _is_cut_off(ctx, case, each.person_id)]
    if not who:
        return
    after = case.marked("unreached", who)
    record(ctx, case, after, "unreached", NOT_REACHED, ", ".join(map(case.name_of, who)))
    if _others_can(after):
        return
    due = _due(ctx, after)
    request = after.request
    ctx.emit(f"{request.id}/{request.stage}", AskNextInLine(request.id, request.stage, len(after.asked_now)), due)
    names = [after.name_of(each) for each in who]
    next_ = _next(after)

    def title(theirs: Context) -> str:
        return theirs.t("I can't reach {names}, who decides your request", names=all_of(theirs, names))

    def blocks(theirs: Context) -> tuple[Block, ...]:
        help_ = theirs.t("Ask them to say to me: {example}", example="requests")
        if not next_:
            return Text(help_), Text(theirs.t("Finance is notified and may decide instead."))
        whom, when = goes_to(theirs, after, next_), theirs.moment(due)
        return Text(help_), Facts(((theirs.t("Otherwise, {moment}", moment=when), whom),))

    tell_asker(ctx, request, title, blocks, key=f"unreached/{request.stage}/{len(after.asked_now)}")
    tell_finance(
        ctx, f"unreached/{request.id}/{request.stage}/{len(after.asked_now)}", lambda each: _card(each, after, names)
    )


def ask_next_in_line(ctx: Context, event: AskNextInLine) -> None:
    """Ask the next in line, unless somebody was reached meanwhile; where there is none, the request may not wait on."""
    case = load(ctx, str(event.request_id))
    if case is None or (case.request.state, case.request.stage) != ("pending", event.stage):
        return
    here = reached(ctx, case)
    case_ = case.marked("", here) if here else case
    if _others_can(case_) or not any(each.said == "unreached" for each in case_.asked_now):
        if here:
            record(ctx, case, case_, "handed over", "reached again")
        return
    raised = case_.changed(raised=case_.request.raised + 1)
    after = raised.with_asked(to_be_asked(deciders(raised)))
    if after.asked == case_.asked:
        if not case.stage.refuse_after_hours:
            expire(ctx, case, "unreached")
        return
    record(ctx, case, after, "raised", NOT_REACHED)
    tell_where_it_went(ctx, after, deciders(after))


def _is_cut_off(ctx: Context, case: Case, person_id: str) -> bool:
    """Whether no place of somebody takes the message."""
    if not case.is_linked(person_id):
        return True
    head = f"request/{case.request.id}@"
    sent = outbox.under(ctx.conn, [head])
    return all(sent.get(f"{head}{place}") == "parked" for place in case.places_of(person_id))


def _others_can(case: Case) -> bool:
    """Whether the stage can be decided without those who cannot be reached."""
    if case.stage.need == "all":
        return False
    return any(each.said == "" and case.is_linked(each.person_id) for each in case.asked_now)


def _next(case: Case) -> list[Decider]:
    """Who would be asked next."""
    known = {each.person.id for each in deciders(case)}
    return [each for each in deciders(case.changed(raised=case.request.raised + 1)) if each.person.id not in known]


def _due(ctx: Context, case: Case) -> datetime:
    asker = case.person(case.request.asker_id)
    zone = ZoneInfo((asker.zone if asker else "") or ctx.policy.organization.zone)
    return after_working(ctx.now, case.stage.unreachable_after_hours, ctx.policy.working, zone)


def _card(ctx: Context, case: Case, names: list[str]) -> Card:
    """For finance, who may decide instead."""
    request = case.request
    title = ctx.t("I can't reach {names} about request #{number}", names=all_of(ctx, names), number=request.id)
    facts = Facts(
        (
            (ctx.t("Asked by"), case.name_of(request.asker_id)),
            (ctx.t("Amount"), sum_of(ctx, request, request.amount)),
            *asked_facts(ctx, case),
        )
    )
    help_ = Text(ctx.t("Link their chat account, or ask them to write to me. You may decide instead."))
    look = Button(ctx.t("Look at #{number}", number=request.id), f"history {request.handle}", style="primary")
    return Card(title, (facts, help_, look), "warn")
