"""A provider's own queue of requests for more: each becomes a request here, and the decision is written back there."""

import json
from dataclasses import replace
from datetime import timedelta

from handlers.budgets import statuses
from handlers.context import Context
from handlers.events import IncreaseDecided, IncreaseRequested, IncreaseWithdrawn
from handlers.limits.plan import LimitPlanner, vendor_of
from handlers.money import smallest
from handlers.place import Place
from handlers.policy import Vendor
from handlers.requests import answer_origin, load, open_request, record
from storage import limits, outbox, people, requests
from storage.requests import Request, Resolution

REASON_MAX = 500


def increase_requested(ctx: Context, event: IncreaseRequested) -> None:
    """Take up a request for more that was made at a provider.

    If it was left open how much, as much again as the budget gives is asked, and who decides may approve less.

    Raises:
        RefusedError: no rule fits, or nobody can decide; then it is left to the provider's own queue.
    """
    vendor = vendor_of(ctx, event.provider)
    origin = f"{vendor.name}/{event.increase_id}"
    account_id = people.linked(ctx.conn, vendor.name, "user", event.subject.external_id)
    person = people.person(ctx.conn, account_id.removeprefix("person/")) if account_id else None
    account = ctx.account(account_id) if account_id else None
    if requests.of_origin(ctx.conn, origin) or person is None or account is None or not person.active:
        return
    theirs = replace(ctx, person=person, place=Place(vendor.name, ""))
    found = statuses(theirs, account)
    more = event.more_nanos
    own = (one for one in found if one.account_id == account.id)
    # What is asked in money is no number of tokens.
    status = next((one for one in own if more is None or one.budget.unit == ctx.policy.organization.currency), None)
    if status is None:
        return
    units = status.budget.allotment if more is None else ctx.policy.from_currency(more, event.currency, ctx.today) or 0
    if units <= 0:
        return
    least = smallest(status.budget.unit)
    units = -(-units // least) * least  # what cannot be written cannot be decided
    last = status.period.end - timedelta(days=1)
    words = " ".join(event.reason.split())[:REASON_MAX] or theirs.t("asked at {service}", service=vendor.service)
    opened = open_request(theirs, found, status, units, last, words, origin)
    if opened.case.request.state == "approved":
        answer_origin(theirs, opened.case.request)


def increase_withdrawn(ctx: Context, event: IncreaseWithdrawn) -> None:
    """Withdraw a request that no longer waits at the provider, for it was decided there."""
    vendor = vendor_of(ctx, event.provider)
    one = requests.of_origin(ctx.conn, f"{vendor.name}/{event.increase_id}")
    case = load(ctx, str(one.id)) if one and one.state == "pending" else None
    if case:
        end = Resolution("withdrawn", case.request.asker_id, note=f"It was decided at {vendor.service}.")
        record(ctx, case, case.resolved(end, ctx.now), "withdrawn", vendor.name, f"decided at {vendor.service}")


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
    key = f"increase/{vendor.name}/{found.id}"
    outbox.ensure(ctx.conn, key, "answer", vendor.name, json.dumps(payload), ctx.now, ctx.now)


def _granted(ctx: Context, vendor: Vendor, found: Request) -> dict[str, object]:
    """The new total there: what the ledger says now, else what was there with what was granted."""
    account = ctx.account(found.account_id)
    currency = "USD"
    for held in limits.of_account(ctx.conn, found.account_id):
        currency = held.currency if held.provider == vendor.name else currency
        wanted = LimitPlanner(ctx, account).wanted(vendor, held) if held.provider == vendor.name else None
        if wanted:
            who = {"kind": held.subject.kind, "external_id": held.subject.external_id}
            return {"total_nanos": wanted.nanos, "who": who, "limit": wanted.status.limit}
    return {"total_nanos": ctx.policy.in_currency(found.resolved_amount, currency, ctx.today)}
