"""Which program speaks, for whom, and whose figures it may see."""

import re
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any, Literal

from handlers.access import may_see, owns
from handlers.amounts import read_amount
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.money import ASKED_MAX, COUNTED, NANOS, Amount, AmountError, in_units, scale_of
from handlers.programs.shapes import Money, Whose
from storage.people import Account
from storage.reservations import TOKENS_UNIT

Problem = Literal["refused", "not-found", "budget-exceeded", "already-settled", "lapsed"]


class CallRefusedError(RefusedError):
    """No to a program.

    Args:
        problem: which kind of no, for programs to tell one from another.
        why: see RefusedError.
        values: fill the placeholders.
    """

    def __init__(self, problem: Problem, why: str, **values: Any) -> None:
        super().__init__(why, **values)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Caller:
    """A program that was let in. The person who speaks for it is the context's.

    Args:
        account_id: for whom it speaks: a person's own account, or an agent's.
        name: what it is called, such as "token #3".
        client: what it calls itself; a claim, not a proof.
    """

    account_id: str
    name: str
    client: str = ""


def account_of(ctx: Context, caller: Caller, said: str) -> Account:
    """The account that a call is about.

    A program sees its own account, and a person's an agent that the person owns. Whether there is another one is not
    told.

    Raises:
        CallRefusedError: it is not there, or not theirs.
    """
    wanted = said or caller.account_id
    account = ctx.account(wanted)
    own = wanted == caller.account_id
    owned = caller.account_id == ctx.account_id and wanted.startswith("agent/") and owns(ctx, wanted)
    if account is None or not account.active or not (own or owned) or not may_see(ctx, wanted):
        raise CallRefusedError("not-found", "There is no account “{account}” that this token may see.", account=wanted)
    return account


def whose(ctx: Context, account: Account) -> Whose:
    """An account as programs are told of it."""
    return Whose(id=account.id, name=ctx.called(account), kind=account.kind)


def money(ctx: Context, units: int, unit: str) -> Money:
    """An amount as programs are told of it."""
    return Money(text=ctx.amount(units, unit), amount=f"{in_units(units, unit).normalize():f}", unit=unit)


_NUMBER = re.compile(r"\s*(\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,2})?)\s*([A-Z]{3}|tokens|credits)?\s*")
"""Also as Python and JavaScript write the cost of a short call: 1.2e-05."""


def amount_said(words: str, own: str) -> Amount:
    """An amount that a program wrote: a plain number with a point, or as a person writes it.

    Raises:
        RefusedError: it is none.
    """
    plain = _NUMBER.fullmatch(words)
    if plain:
        return Amount(Decimal(plain[1]), plain[2] or "")
    try:
        amount = read_amount(words, own=own) if words.strip() else None
    except AmountError as wrong:
        raise RefusedError(wrong.why, fault="amount", **wrong.values) from None
    if amount is None:
        raise RefusedError("“{words}” is not an amount. Write such as: 50 USD", fault="amount", words=words[:40])
    return amount


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much a program means to use, in parts of the organization's currency or in tokens."""

    units: int
    unit: str


def cost_said(ctx: Context, words: str, unit: str, fault: str = "amount") -> int:
    """An amount in parts of a unit, rounded up: jobs of programs cost fractions of a cent.

    Args:
        ctx: of whoever speaks.
        words: an amount; a plain number is of the unit.
        unit: the organization's currency, or "tokens". Another currency counts at the rate of today.
        fault: what of the call it is.

    Raises:
        RefusedError: it is none, in another unit without a rate, below zero or too large to be meant.
    """
    amount = amount_said(words, unit)
    rate = Decimal(1) if amount.unit in ("", unit) else _rate(ctx, amount.unit, unit)
    if rate is None:
        raise RefusedError("Say it in {unit}, not in {other}.", fault=fault, unit=unit, other=amount.unit)
    parts = (amount.number * rate * scale_of(unit)).to_integral_value(ROUND_CEILING)
    if not 0 <= parts <= ASKED_MAX:
        raise RefusedError("An amount must be between zero and {most}.", fault=fault, most=ctx.amount(ASKED_MAX, unit))
    return int(parts)


def _rate(ctx: Context, currency: str, unit: str) -> Decimal | None:
    """What one of another currency is worth, None if app.yaml has no rate. Gateways reckon in dollars everywhere."""
    if unit != ctx.policy.organization.currency or currency in COUNTED:
        return None
    one = ctx.policy.convert(NANOS, currency, ctx.today)
    return None if one is None else Decimal(one[1]) / NANOS


def wanted_said(ctx: Context, words: str) -> Wanted:
    """An amount of money, or of tokens if it says so.

    Raises:
        RefusedError: it is none above zero.
    """
    own = ctx.policy.organization.currency
    unit = TOKENS_UNIT if amount_said(words, own).unit == TOKENS_UNIT else own
    units = cost_said(ctx, words, unit)
    if units == 0:
        raise RefusedError("An amount must be above zero.", fault="amount")
    return Wanted(units, unit)
