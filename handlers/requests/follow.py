"""What waits follows the world: whoever decides now is asked, and what can no longer be granted expires."""

from collections.abc import Callable

from handlers.card import Block, Button, Card, Facts, Text
from handlers.context import Context
from handlers.events import CheckRequests, FollowRequest
from handlers.notify import tell_finance
from handlers.periods import THIS, Period
from handlers.requests.approvers import Decider, deciders, still_needed, to_be_asked
from handlers.requests.case import Case, cases_of, load
from handlers.requests.claimed import say_again
from handlers.requests.expiry import in_words, next_period, why_expired
from handlers.requests.quoted import to_say_again
from handlers.requests.wording import goes_to, sum_of
from handlers.requests.write import ask_more, record, set_timers, tell_asker
from storage import outbox, requests
from storage.requests import Request, Resolution

CHANGED = "people, budgets or the day changed"


def check_requests(ctx: Context, event: CheckRequests) -> None:
    """Find requests that wait and no longer stand as they did; each is followed by itself."""
    for case in cases_of(ctx, requests.all_pending(ctx.conn)):
        why, after = expired(ctx, case), handed_over(_found_again(ctx, case))
        if why or after != case or case.request.asker_id in event.renamed:
            waiting = sorted(each.person_id for each in after.asked_now if not each.is_closed)
            noticed = " ".join([ctx.now.isoformat(), why, *waiting])
            ctx.emit(str(case.request.id), FollowRequest(case.request.id, noticed))
        elif period := next_period(ctx, case):
            ctx.emit(f"{case.request.id}/{period.first}", FollowRequest(case.request.id, f"since {period.first}"))


def follow_request(ctx: Context, event: FollowRequest) -> None:
    """Let a request expire that can no longer be granted, or ask whoever decides it now."""
    case = load(ctx, str(event.request_id))
    if case and case.request.state == "pending":
        follow(ctx, case)


def follow(ctx: Context, case: Case) -> None:
    """The same for a case that was read."""
    why = expired(ctx, case)
    if why:
        expire(ctx, case, why)
        return
    here = _found_again(ctx, case)
    after = handed_over(here)
    if after == here != case:
        record(ctx, case, after, "reached", CHANGED)
    elif after != case:
        found = deciders(after)
        set_timers(ctx, after, found, len(after.asked_now))
        names = ", ".join(each.person.name for each in found)
        record(ctx, case, after, "handed over", CHANGED, names)
        tell_where_it_went(ctx, after, found)
    else:
        period = next_period(ctx, case)
        if period:
            tell_asker(ctx, case.request, *_moves_on(case.request, period), key=f"moves-on/{period.first}")
        ask_more(ctx, case, case)  # the same to be decided by the same, under the names of now


def expired(ctx: Context, case: Case) -> str:
    """The word for why a request cannot be granted any more, "" if it can."""
    here = case.asked_now
    said_by_all = case.stage.need == "all" and any(each.agreed for each in here) and not still_needed(case)
    waits = any(each.said == "unreached" for each in here)  # finance may still say the last word for them
    why = why_expired(ctx, case)
    if why == "period" and next_period(ctx, case):
        why = ""  # it can be approved for the period that has begun
    return why or ("nobody" if said_by_all and not waits else "")


def _found_again(ctx: Context, case: Case) -> Case:
    """The case when those whose message has arrived are waited for again."""
    here = reached(ctx, case)
    return case.marked("", here) if here else case


def handed_over(case: Case) -> Case:
    """The case when those who decide now are asked and the others closed; itself if they are the same."""
    found = deciders(case)
    may = {each.person.id for each in found}
    gone = {each.person_id for each in case.asked_now if each.said in ("", "unreached") and each.person_id not in may}
    chosen = to_be_asked(found)
    known = {each.person_id for each in case.asked_now if not each.is_closed}
    return case.marked("closed", gone).with_asked(chosen) if gone or set(chosen) - known else case


def reached(ctx: Context, case: Case) -> set[str]:
    """Those who could not be reached and whose message has arrived since."""
    missing = [each.person_id for each in case.asked_now if each.said == "unreached"]
    if not missing:
        return set()
    head = f"request/{case.request.id}@"
    sent = outbox.under(ctx.conn, [head])
    return {each for each in missing if any(sent.get(f"{head}{place}") == "done" for place in _real(case, each))}


def _real(case: Case, person_id: str) -> list[str]:
    return [str(place) for place in case.places_of(person_id)] if case.is_linked(person_id) else []


def expire(ctx: Context, case: Case, why: str) -> None:
    """End a request that cannot be granted any more, and tell whom it concerns why."""
    ended = case.resolved(Resolution("expired", "clock", note=why), ctx.now)
    record(ctx, case, ended, "lapsed", why)
    request = ended.request

    def title(theirs: Context) -> str:
        amount = sum_of(theirs, request, request.amount)
        if why == "silent":
            return theirs.t("Nobody decided your request for {amount} in time", amount=amount)
        return theirs.t("Your request for {amount} has expired", amount=amount)

    def blocks(theirs: Context) -> tuple[Block, ...]:
        text, values = in_words(theirs, case, why)
        reason = () if why == "silent" else (Text(theirs.t(text, **values)),)
        return *reason, *ask_again(theirs, case)

    tell_asker(ctx, request, title, blocks)
    if why == "nobody":
        tell_finance(ctx, f"nobody/{request.id}", lambda reader: _nobody_card(reader, case))


def _moves_on(
    request: Request, period: Period
) -> tuple[Callable[[Context], str], Callable[[Context], tuple[Block, ...]]]:
    """That a request was not decided in its period, and can be for the next one."""

    def title(theirs: Context) -> str:
        amount = sum_of(theirs, request, request.amount)
        return theirs.t("Nobody decided your request for {amount} in its period", amount=amount)

    def blocks(theirs: Context) -> tuple[Block, ...]:
        values = {"day": theirs.day(request.until), "period": theirs.t(THIS[period.every])}
        text = theirs.t("It was for spending until {day}. It can be approved for {period} now.", **values)
        return (Text(text),)

    return title, blocks


def ask_again(theirs: Context, case: Case) -> tuple[Button, ...]:
    """The form of the same request for the present period."""
    request, account = case.request, case.account
    agent = f" for {account.id.replace('/', ' ')}" if account and account.kind == "agent" else ""
    if case.claim:
        return (Button(theirs.t("Ask again"), say_again(case.claim, request.budget, request.reason)),)
    says = "raise" if request.is_exception else "request"
    return (Button(theirs.t("Ask again"), f"{says}{agent} of {request.budget} {to_say_again(request)}"),)


def _nobody_card(ctx: Context, case: Case) -> Card:
    request = case.request
    text, values = in_words(ctx, case, "nobody")
    look = Button(ctx.t("Look at #{number}", number=request.id), f"history {request.handle}")
    advice = Text(ctx.t("Check the approval policy in app.yaml."))
    return Card(ctx.t(text, **values), (advice, look), "warn")


def tell_where_it_went(ctx: Context, case: Case, found: list[Decider]) -> None:
    """Tell whoever asked who decides now."""
    request = case.request

    def title(theirs: Context) -> str:
        amount = sum_of(theirs, request, request.amount)
        return theirs.t("Your request for {amount} goes to somebody else now", amount=amount)

    def blocks(theirs: Context) -> tuple[Block, ...]:
        return (Facts(((theirs.t("Goes to"), goes_to(theirs, case, found)),)),)

    tell_asker(ctx, request, title, blocks, key=f"goes-to/{ctx.now:%Y-%m-%dT%H:%M:%S}")
