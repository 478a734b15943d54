"""What everybody sees of a request: cards, and which message of whom shows which. Nothing is read or written here.

Messages are made to match the state of the request: whoever was asked sees buttons only while the decision is theirs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from handlers.card import Block, Button, Card, Facts, Text
from handlers.context import Context
from handlers.place import Place
from handlers.questions import gauge, pace
from handlers.requests.approvers import Decider, deciders
from handlers.requests.case import Background, Case
from handlers.waste import advice_in_words
from storage.directory import Person
from storage.outbox import ItemState
from storage.requests import Request

Sent = Mapping[str, ItemState]
"""The whole keys of all messages about a request that there ever were, in their order, and how far each has come."""

VERBS = {
    "approved": "Approved",
    "denied": "Denied",
    "withdrawn": "Withdrawn",
    "expired": "Lapsed",
    "revoked": "Revoked",
}


@dataclass(frozen=True, slots=True)
class Message:
    """A card as somebody should see it. `below` is the whole key of the message in whose thread it stands, or ""."""

    key: str
    place: Place
    card: Card
    below: str = ""


def prefixes(request: Request) -> list[str]:
    """How the keys of all messages about a request begin."""
    return [f"request/{request.id}@", f"request/{request.id}/", f"question/{request.id}/"]


def messages(ctx: Context, case: Case, sent: Sent, known: Background | None, anew: str = "") -> Iterator[Message]:
    """Every message about a request as it stands now.

    Args:
        ctx: for the words only.
        case: as it is now.
        sent: which messages there are.
        known: what whoever decides should know; None when nobody decides any more.
        anew: for a reminder: a key under which those who decide get a message of its own.
    """
    request = case.request
    may = {each.person.id: each for each in deciders(case)} if request.state == "pending" else {}
    done = {each.person_id for each in case.asked_now if each.said}
    for person in filter(None, map(case.person, dict.fromkeys(each.person_id for each in case.asked))):
        theirs = replace(ctx, person=person)
        decides = known is not None and person.id in may and person.id not in done
        card = to_decide_card(theirs, case, known, may[person.id]) if known and decides else settled_card(theirs, case)
        for place in case.places_of(person.id):
            yield Message(f"request/{request.id}", place, card)
            yield from _copies(request, place, card, sent)
            if anew and decides:
                reminder = replace(card, title=f"Reminder: {card.title}")
                yield Message(f"request/{request.id}/{anew}", place, reminder)
    asker = case.person(request.asker_id)
    if asker and request.state != "pending":  # whoever was asked back has messages with a button, too
        card = settled_card(replace(ctx, person=asker), case)
        for place in case.places_of(asker.id):
            yield from _copies(request, place, card, sent)


def _copies(request: Request, place: Place, card: Card, sent: Sent) -> Iterator[Message]:
    """Further messages with buttons: reminders, and questions once they can no longer be answered."""
    kinds = (
        (f"request/{request.id}/", f"question/{request.id}/") if request.resolved_at else (f"request/{request.id}/",)
    )
    for key in sent:
        if key.startswith(kinds) and key.endswith(f"@{place}"):
            yield Message(key.removesuffix(f"@{place}"), place, card)


def said(ctx: Context, case: Case, sent: Sent, to: Person, card: Card) -> Iterator[Message]:
    """What was said about a request, below its message or else below what was said first."""
    number, key = case.request.id, _question_key(case.request.id, ctx.now)
    for place in case.places_of(to.id):
        heads = [
            each
            for each, state in sent.items()
            if each.startswith((f"request/{number}@", f"question/{number}/")) and each.endswith(f"@{place}")
            if state != "parked" and each != f"{key}@{place}"
        ]
        head = min(heads, key=lambda each: (not each.startswith("request/"), each), default="")
        yield Message(key, replace(place, aloud=True), card, head)


def _question_key(number: int, at: datetime) -> str:
    """The key of what was said about a request; they sort by their moment."""
    return f"question/{number}/{at:%Y%m%dT%H%M%S%f}"


def unreached(case: Case) -> list[str]:
    """The names of those asked at the present stage who have no place to be written to."""
    return [case.name_of(each.person_id) for each in case.asked_now if not case.places_of(each.person_id)]


def to_decide_card(ctx: Context, case: Case, known: Background, why: Decider) -> Card:
    """What somebody needs to decide: who, how much, why; what was used; what was asked before; the buttons."""
    request, status = case.request, known.status
    amount = ctx.amount(request.amount, request.unit)
    granted = f"{known.times} times, {ctx.amount(known.granted, request.unit)} in all"
    facts = [("Until", ctx.day(request.until))]
    facts += [("Granted before", granted)] if known.times else []
    facts += pace(ctx, status) if status else []
    facts += [
        (f"{pool.name} pool after", ctx.amount(pool.left - request.amount, pool.budget.unit))
        for pool in known.pools
        if pool.budget.unit == request.unit
    ]
    instead = advice_in_words(ctx, known.advice)
    facts += [("Before you say yes", instead)] if instead else []
    whose = f" for {case.account.name}" if case.account and case.account.kind == "agent" else ""
    blocks: list[Block] = [Text(f"“{request.reason}”")]
    blocks += [gauge(ctx, status)] if status else []
    blocks += [
        Facts(tuple(facts)),
        Button("Approve", f"approve {request.seen}", style="primary"),
        Button("Approve other amount", f"other {request.seen}"),
        Button("Deny", f"deny {request.seen}", style="danger"),
        Button("Ask a question", f"question {request.handle}"),
        Text(_small_print(ctx, case, why), quiet=True),
    ]
    return Card(f"{case.name_of(request.asker_id)} asks for {amount} more{whose}", tuple(blocks))


def settled_card(ctx: Context, case: Case) -> Card:
    """A request without buttons: decided, or waiting for others."""
    request, name = case.request, case.name_of(case.request.asker_id)
    amount = ctx.amount(request.resolved_amount or request.amount, request.unit)
    facts = [
        ("Request", f"#{request.id}"),
        ("Asked", ctx.amount(request.amount, request.unit)),
        ("For", request.reason),
    ]
    if request.state == "pending":
        return Card(f"{amount} for {name}: others decide now", (Facts(tuple(facts)),))
    facts += [("Said", request.resolved_note)] if request.resolved_note else []
    by = f"By {case.name_of(request.resolved_by)}, {ctx.moment(request.resolved_at)}." if request.resolved_at else ""
    return Card(
        f"{VERBS[request.state]}: {amount} for {name}", (Facts(tuple(facts)), Text(by, quiet=bool(request.resolved_at)))
    )


def _small_print(ctx: Context, case: Case, why: Decider) -> str:
    stand_in = f" You decide for {case.name_of(why.for_id)}." if why.for_id else ""
    number, yours = case.request.id, why.authority.partition(",")[0]
    return (
        f"Request #{number}, asked {ctx.moment(case.request.asked_at)}; yours as {yours}.{stand_in} "
        f"In words: approve {number}, approve {number} 30, deny {number} …"
    )
