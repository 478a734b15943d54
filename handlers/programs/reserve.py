"""Reservations of programs: set something aside, say what the job cost, or let go of it."""

from dataclasses import replace
from datetime import timedelta

from handlers.budgets import ARRIVES_WITHIN, BudgetStatus, outstanding
from handlers.context import Context
from handlers.programs.caller import Caller, CallRefusedError, Wanted, account_of, cost_said, money, wanted_said
from handlers.programs.check import Judgement, Standing, binds, in_its_unit, in_words, judge, standing
from handlers.programs.shapes import (
    DoneAnswer,
    Extend,
    Release,
    ReportDone,
    ReservationAnswer,
    Reserve,
    SeeReservation,
    Settle,
)
from handlers.requests import clean
from storage import reservations
from storage.reservations import TOKENS_UNIT, Held, Reservation

LIVE_MAX = 200
"""Reservations that one account can hold at once."""


def reserve(ctx: Context, caller: Caller, call: Reserve) -> ReservationAnswer:
    """Set something aside for a job, if every hard budget has it free."""
    account = account_of(ctx, caller, call.account)
    wanted = wanted_said(ctx, call.amount)
    stands = standing(ctx, account)
    _refuse_what_binds_nothing(stands, wanted)
    found = judge(ctx.policy, stands, wanted, call.model)
    short = [each for each in stands.found if _is_short(ctx, each, wanted, call.model)]
    if found.decision != "no" and short:  # its own reservations count against a further one
        found = Judgement("no", "too_much" if short[0].unreserved > 0 else "used_up", short[0])
    if found.decision == "no":
        raise CallRefusedError("budget-exceeded", "{text}", text=in_words(ctx, stands, found))
    if len(reservations.held(ctx.conn, account.id, ctx.now)) >= LIVE_MAX:
        raise CallRefusedError("refused", "{n} reservations are open. Settle or release some first.", n=LIVE_MAX)
    made = reservations.reserve(
        ctx.conn,
        Reservation(
            id=0,
            account_id=account.id,
            by_id=ctx.person.id,
            through=caller.name,
            external_id=clean(call.external_id)[:120],
            what=clean(call.what)[:120],
            model=call.model,
            amount=wanted.units,
            unit=wanted.unit,
            day=ctx.today,
            spent_before=reservations.spent_since(ctx.conn, account.id, ctx.today, wanted.unit),
            reserved_at=ctx.now,
            counts_until=ctx.now + timedelta(seconds=call.ttl_seconds),
            state="held",
            ended_at=None,
            cost=None,
            request_id=None,
            asked_at=None,
            continued_by="",
        ),
    )
    ctx.deed("reserved", f"reservation/{made.id}", "token", f"{caller.name}: {ctx.amount(wanted.units, wanted.unit)}")
    return _answer(ctx, made, 0)


def see_reservation(ctx: Context, caller: Caller, call: SeeReservation) -> ReservationAnswer:
    """Say how a reservation stands."""
    one = _own(ctx, caller, call.reservation)
    return _answer(ctx, one, reservations.arrived_of(ctx.conn, one.id))


def settle(ctx: Context, caller: Caller, call: Settle) -> ReservationAnswer:
    """Note what a job cost. Money that is spent is never refused: not when it is late, nor when it is more."""
    one = _own(ctx, caller, call.reservation)
    cost = cost_said(ctx, call.cost, one.unit, "cost")
    if one.state == "settled" and one.cost != cost:
        said = ctx.amount(one.cost or 0, one.unit)
        raise CallRefusedError(
            "already-settled", "Reservation {number} is settled with {cost}.", number=one.id, cost=said
        )
    if one.state != "settled":
        one = _settled(ctx, caller, one, cost)
    return _answer(ctx, one, reservations.arrived_of(ctx.conn, one.id))


def _settled(ctx: Context, caller: Caller, one: Reservation, cost: int) -> Reservation:
    """Write what a job cost. Its row stays as long as a job that ran beside it: their charges are told apart by it."""
    beside = [each.counts_until for each, _ in reservations.held(ctx.conn, one.account_id, ctx.now)]
    until = max([ctx.now + ARRIVES_WITHIN, *beside])
    after = replace(one, state="settled", cost=cost, ended_at=ctx.now, counts_until=until)
    _save(ctx, one, after)
    late = " late" if _is_over(ctx, one) else ""
    ctx.deed("settled", f"reservation/{one.id}", "token", f"{caller.name}: {ctx.amount(cost, one.unit)}{late}")
    return after


def release(ctx: Context, caller: Caller, call: Release) -> ReservationAnswer:
    """Let go of a reservation whose job did not run."""
    one = _own(ctx, caller, call.reservation)
    if one.state == "settled":
        raise CallRefusedError("already-settled", "Reservation {number} is already settled.", number=one.id)
    if one.state == "held":
        after = replace(one, state="released", ended_at=ctx.now)
        _save(ctx, one, after)
        ctx.deed("released", f"reservation/{one.id}", "token", caller.name)
        one = after
    return _answer(ctx, one, 0)


def extend(ctx: Context, caller: Caller, call: Extend) -> ReservationAnswer:
    """Let a reservation last longer; one that has lapsed is made anew, if there is still enough."""
    one = _own(ctx, caller, call.reservation)
    if one.request_id is not None:
        raise CallRefusedError("refused", "What a request allowed lasts until its day. Ask for more instead.")
    if _is_over(ctx, one):
        raise CallRefusedError("lapsed", "Reservation {number} is over. Make a new one.", number=one.id)
    after = replace(one, counts_until=ctx.now + timedelta(seconds=call.ttl_seconds))
    _save(ctx, one, after)
    ctx.deed("extended", f"reservation/{one.id}", "token", caller.name)
    return _answer(ctx, after, reservations.arrived_of(ctx.conn, one.id))


def report_done(ctx: Context, caller: Caller, call: ReportDone) -> DoneAnswer:
    """Note that a job is over: what it had reserved is settled if it knows its cost, else let go."""
    account = account_of(ctx, caller, call.account)
    held = [one for one, _ in reservations.held(ctx.conn, account.id, ctx.now)]
    if call.reservation is not None:
        held = [_own(ctx, caller, call.reservation)]
    elif len(held) > 1:
        raise CallRefusedError("refused", "{n} jobs are open. Say which reservation is done.", n=len(held))
    details = f"{caller.name}: {call.outcome} {clean(call.what)}".strip()
    ctx.deed("reported done", account.id, "token", details)
    if not held or held[0].state != "held":
        return DoneAnswer(ok=True, message=ctx.t("Noted. Nothing was reserved for it."))
    one = held[0]
    amount = ctx.amount(one.amount, one.unit)
    if call.cost:
        cost = cost_said(ctx, call.cost, one.unit, "cost")
        _settled(ctx, caller, one, cost)
        message = ctx.t("Noted: {cost} of {amount} reserved.", cost=ctx.amount(cost, one.unit), amount=amount)
        return DoneAnswer(ok=True, message=message)
    _save(ctx, one, replace(one, state="released", ended_at=ctx.now))
    return DoneAnswer(ok=True, message=ctx.t("Noted. What was left of {amount} is free again.", amount=amount))


# Kernel --------------------------------------------------------------------------------------------------------------


def _own(ctx: Context, caller: Caller, number: int) -> Reservation:
    """A reservation of an account that the program may see; unknown and another's get the same answer."""
    unknown = CallRefusedError("not-found", "There is no reservation {number} that this token may see.", number=number)
    one = reservations.find(ctx.conn, number)
    if one is None:
        raise unknown
    try:
        account_of(ctx, caller, one.account_id)
    except CallRefusedError:
        raise unknown from None
    return one


def _refuse_what_binds_nothing(stands: Standing, wanted: Wanted) -> None:
    """A reservation that no budget of the account can count would promise nothing.

    Raises:
        CallRefusedError: it is in tokens and all budgets are in money, or the other way round.
    """
    units = {each.budget.unit for each in stands.found}
    if wanted.unit == TOKENS_UNIT and TOKENS_UNIT not in units:
        raise CallRefusedError("refused", "No budget here is in tokens. Reserve an amount of money, such as 5 USD.")
    if wanted.unit != TOKENS_UNIT and units == {TOKENS_UNIT}:
        raise CallRefusedError("refused", "The budget is in tokens. Reserve tokens, such as 2M tokens.")


def _is_short(ctx: Context, status: BudgetStatus, wanted: Wanted, model: str) -> bool:
    """Whether a budget that stops has not so much free; here the account's other reservations count as well."""
    needed = in_its_unit(ctx.policy, status, wanted)
    stops = status.budget.limit == "hard" and binds(ctx.policy, status, model)
    return stops and needed is not None and needed > status.unreserved


def _message(ctx: Context, one: Reservation, *, lapsed: bool) -> str:
    amount = ctx.amount(one.amount, one.unit)
    if one.state == "settled":
        return ctx.t("{cost} of {amount} spent.", cost=ctx.amount(one.cost or 0, one.unit), amount=amount)
    if one.state == "released":
        return ctx.t("{amount} is free again.", amount=amount)
    if lapsed:
        return ctx.t("The reservation of {amount} has lapsed. Say what the job cost all the same.", amount=amount)
    return ctx.t("{amount} reserved until {moment}.", amount=amount, moment=ctx.moment(one.counts_until))


def _is_over(ctx: Context, one: Reservation) -> bool:
    return one.state != "held" or one.counts_until <= ctx.now


def _save(ctx: Context, before: Reservation, after: Reservation) -> None:
    if not reservations.save(ctx.conn, before, after):
        raise CallRefusedError("refused", "The reservation was changed a moment ago. Look at it again.")


def _answer(ctx: Context, one: Reservation, arrived: int) -> ReservationAnswer:
    lapsed = one.state == "held" and one.counts_until <= ctx.now
    said = one.cost if one.cost is not None else one.amount
    row = Held(one.account_id, one.id, one.account_id, one.model, one.unit, said, arrived, one.ended_at)
    counts = one.state != "released" and not lapsed
    rest = outstanding([row])[0].amount if counts else 0
    return ReservationAnswer(
        reservation=one.id,
        account=one.account_id,
        state="lapsed" if lapsed else one.state,
        amount=money(ctx, one.amount, one.unit),
        cost=money(ctx, one.cost, one.unit) if one.cost is not None else None,
        outstanding=money(ctx, rest, one.unit),
        expires_at=one.counts_until if one.state == "held" and not lapsed else None,
        external_id=one.external_id,
        message=_message(ctx, one, lapsed=lapsed),
    )
