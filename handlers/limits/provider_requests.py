"""A provider's own queue of requests for more: each becomes a request here, and the decision is written back there."""

import json
from dataclasses import replace
from datetime import timedelta

from handlers.budgets import standings
from handlers.context import Context
from handlers.events import IncreaseDecided, IncreaseRequested, IncreaseWithdrawn
from handlers.limits.plan import LimitPlanner, vendor_of
from handlers.place import Place
from handlers.policy import Vendor
from handlers.requests import answer_origin, deed, open_request, refresh
from storage import limits, outbox, people, requests
from storage.requests import Request, Resolution

REASON_MAX = 500


def increase_requested(ctx: Context, event: IncreaseRequested) -> None:
    """Take up a request for more that was made at a provider.

    If it was left open how much, as much again as the budget gives is asked, and who decides may approve less.

    Raises:
        Refused: no rule fits, or nobody can decide; then it is left to the provider's own queue.
    """
    vendor = vendor_of(ctx, event.provider)
    origin = f"{vendor.name}/{event.increase_id}"
    account_id = people.linked(ctx.conn, vendor.name, "user", event.subject.external_id)
    person = people.person(ctx.conn, account_id.removeprefix("person/")) if account_id else None
    account = people.account(ctx.conn, account_id) if account_id else None
    if requests.of_origin(ctx.conn, origin) or person is None or account is None or not person.active:
        return
    theirs = replace(ctx, person=person, place=Place(vendor.name, ""))
    standing = next((one for one in standings(theirs, account) if one.account_id == account.id), None)
    if standing is None:
        return
    more = event.more_nanos
    units = standing.budget.allotment if more is None else ctx.house.from_dollars(more, ctx.today) or 0
    if units <= 0:
        return
    last = standing.period.end - timedelta(days=1)
    words = " ".join(event.reason.split())[:REASON_MAX] or f"asked at {vendor.service}"
    opened = open_request(theirs, standing, account, units, last, words, origin)
    if opened.request.state == "approved":
        answer_origin(theirs, opened.request)


def increase_withdrawn(ctx: Context, event: IncreaseWithdrawn) -> None:
    """Withdraw a request that no longer waits at the provider, for it was decided there."""
    vendor = vendor_of(ctx, event.provider)
    one = requests.of_origin(ctx.conn, f"{vendor.name}/{event.increase_id}")
    end = Resolution("withdrawn", one.asker_id, note=f"It was decided at {vendor.service}.") if one else None
    ended = requests.resolve(ctx.conn, one, end, ctx.now) if one and end and one.state == "pending" else None
    if ended:
        deed(ctx, ended, "withdrawn", vendor.name, f"decided at {vendor.service}")
        refresh(ctx, ended)


def increase_decided(ctx: Context, event: IncreaseDecided) -> None:
    """Have a decision written back to the provider where it was asked."""
    found = requests.find(ctx.conn, str(event.request_id))
    if found is None or found.state == "pending":
        return
    name, _, external_id = found.origin.partition("/")
    vendor = vendor_of(ctx, name)
    payload: dict[str, object] = {"id": external_id, "total_nanos": None, "who": None, "limit": 0}
    if found.state == "approved":
        payload |= _granted(ctx, vendor, found)
    outbox.ensure(ctx.conn, f"increase/{found.origin}", "answer", vendor.name, json.dumps(payload), ctx.now, ctx.now)


def _granted(ctx: Context, vendor: Vendor, found: Request) -> dict[str, object]:
    """The new total there: what the ledger says now, else what was there with what was granted."""
    account = people.account(ctx.conn, found.account_id)
    for held in limits.of_account(ctx.conn, found.account_id):
        wanted = LimitPlanner(ctx, account).wanted(vendor, held) if held.provider == vendor.name else None
        if wanted:
            who = {"kind": held.subject.kind, "external_id": held.subject.external_id}
            return {"total_nanos": wanted.nanos, "who": who, "limit": wanted.standing.limit}
    return {"total_nanos": ctx.house.in_dollars(found.resolved_amount, ctx.today)}
