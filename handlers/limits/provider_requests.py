"""A provider's own queue of requests for more: each becomes a request here, and the decision is written back there."""

import json
from dataclasses import replace
from datetime import timedelta

from handlers.arguments import One, Rest
from handlers.budgets import statuses
from handlers.card import Card
from handlers.context import CLOCK, Context
from handlers.errors import Refused
from handlers.limits.plan import LimitPlanner, subject_of, subject_word
from handlers.place import Place
from handlers.policy import Vendor
from handlers.requests import Wish, answer_origin, load, open_request, record
from storage import limits, outbox, people, requests
from storage.requests import Request, Resolution

DONE = Card("Done")
REASON_MAX = 500


def sought(ctx: Context, provider: One, number: One, who: One, more: One, reason: Rest = "") -> Card:
    """Take up a request for more that was made at a provider; said by the clock.

    `more` is in 10⁻⁹ US dollars, "open" if it was left open: then as much again as the budget gives is asked, and who
    decides may approve less.
    """
    vendor = _vendor(ctx, provider)
    origin = f"{vendor.name}/{number}"
    account_id = people.linked(ctx.conn, vendor.name, "user", subject_of(who).external_id)
    person = people.person(ctx.conn, account_id.removeprefix("person/")) if account_id else None
    account = people.account(ctx.conn, account_id) if account_id else None
    if requests.of_origin(ctx.conn, origin) or person is None or account is None or not person.active:
        return DONE
    theirs = replace(ctx, person=person, place=Place(vendor.name, ""))
    found = statuses(theirs, account)
    status = next((one for one in found if one.account_id == account.id), None)
    if status is None:
        return DONE
    units = status.budget.allotment if more == "open" else ctx.house.from_dollars(int(more), ctx.today) or 0
    if units <= 0:
        return DONE
    last = status.period.end - timedelta(days=1)
    words = reason[:REASON_MAX] or f"asked at {vendor.service}"
    opened = open_request(theirs, found, Wish(status, units, last, words, origin))
    if opened.case.request.state == "approved":
        answer_origin(theirs, opened.case.request)
    return DONE


def unsought(ctx: Context, provider: One, number: One) -> Card:
    """Withdraw a request that no longer waits at the provider, for it was decided there; said by the clock."""
    vendor = _vendor(ctx, provider)
    one = requests.of_origin(ctx.conn, f"{vendor.name}/{number}")
    case = load(ctx, str(one.id)) if one and one.state == "pending" else None
    if case:
        end = Resolution("withdrawn", case.request.asker_id, note=f"It was decided at {vendor.service}.")
        record(ctx, case, case.resolved(end, ctx.now), "withdrawn", vendor.name, f"decided at {vendor.service}")
    return DONE


def answered(ctx: Context, number: One) -> Card:
    """Write a decision back to the provider where it was asked; said by the clock."""
    found = requests.find(ctx.conn, number)
    name, _, external_id = found.origin.partition("/") if found else ("", "", "")
    vendor = _vendor(ctx, name)
    if found is None or found.state == "pending":
        return DONE
    payload: dict[str, object] = {"id": external_id, "total_nanos": None, "who": "", "limit": 0}
    if found.state == "approved":
        payload |= _granted(ctx, vendor, found)
    outbox.ensure(ctx.conn, f"increase/{found.origin}", "answer", vendor.name, json.dumps(payload), ctx.now, ctx.now)
    return DONE


def _granted(ctx: Context, vendor: Vendor, found: Request) -> dict[str, object]:
    """The new total there: what the ledger says now, else what was there with what was granted."""
    account = people.account(ctx.conn, found.account_id)
    for held in limits.of_account(ctx.conn, found.account_id):
        wanted = LimitPlanner(ctx, account).wanted(vendor, held) if held.provider == vendor.name else None
        if wanted:
            who = subject_word(held.subject)
            return {"total_nanos": wanted.nanos, "who": who, "limit": wanted.status.limit}
    return {"total_nanos": ctx.house.in_dollars(found.resolved_amount, ctx.today)}


def _vendor(ctx: Context, name: str) -> Vendor:
    vendor = ctx.house.vendor(name)
    if ctx.person.id != CLOCK.id or vendor is None or "increase_requests" not in vendor.can:
        raise Refused("Only the clock says that, of a provider with such requests.")
    return vendor
