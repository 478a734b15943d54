"""What a claim is besides a request: of which yearly budget, what else was claimed, what the company pays anyway."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.card import Button
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.money import in_units
from handlers.periods import period_of
from handlers.policy import Budget, rules_for
from storage import claims, receipts, seats
from storage.claims import Claim, Claimed
from storage.directory import Person
from storage.people import Account
from storage.receipts import Receipt

_WORD = re.compile(r"\w+")
GENERAL = frozenset(
    (
        "ai",
        "api",
        "app",
        "business",
        "chat",
        "code",
        "cloud",
        "console",
        "demo",
        "enterprise",
        "for",
        "max",
        "month",
        "monthly",
        "plan",
        "plus",
        "premium",
        "pro",
        "studio",
        "subscription",
        "team",
        "the",
        "usage",
        "yearly",
    )
)
"""Words in names of products that many of them have."""


@dataclass(frozen=True, slots=True)
class YearOfClaims:
    """An account's claims of a year, and what it may claim in it.

    Args:
        category: the yearly budget, None if app.yaml has it no more for them.
        all: the claims that wait or are approved, of whatever category.
        provided: what the company pays of that tool already, as people call it; "" for nothing.
        has_seat: whether they have a seat of it.
        receipts: of the claim.
    """

    category: Budget | None
    all: tuple[Claimed, ...] = ()
    provided: str = ""
    has_seat: bool = False
    receipts: tuple[Receipt, ...] = ()

    def approved(self, name: str) -> int:
        """What was approved of a category."""
        return sum(each.request.resolved_amount for each in self._of(name, "approved"))

    def waiting(self, name: str, but: int = 0) -> int:
        """What waits for a decision of a category, but for one request."""
        return sum(each.request.amount for each in self._of(name, "pending") if each.request.id != but)

    @property
    def left(self) -> int:
        """What is left of the category in that year; what waits is not taken off."""
        return max(0, self.category.allotment - self.approved(self.category.name)) if self.category else 0

    def alike(self, claim: Claim) -> list[Claimed]:
        """Other claims for the same tool and month, the same amount first."""
        same = [
            each
            for each in self.all
            if each.claim.request_id != claim.request_id
            and (tool(each.claim.vendor), each.claim.month) == (tool(claim.vendor), claim.month)
        ]
        return sorted(same, key=lambda each: (not is_twin(each.claim, claim), each.claim.request_id))

    def _of(self, name: str, state: str) -> Iterable[Claimed]:
        return (each for each in self.all if (each.request.budget, each.request.state) == (name, state))


def tool(vendor: str) -> str:
    """A tool's name as it is compared."""
    return " ".join(_WORD.findall(vendor.casefold()))


def is_twin(one: Claim, other: Claim) -> bool:
    """Whether two claims for the same tool and month are for the same amount."""
    return (one.amount, one.currency) == (other.amount, other.currency)


def categories_of(ctx: Context, account: Account, person: Person | None) -> list[Budget]:
    """The yearly budgets of claims that somebody has, in the order of app.yaml."""
    rules = tuple(each.rule for each in ctx.policy.claims.categories)
    return rules_for(rules, account, person, [each.id for each in ctx.line(account.id)])


def category_named(ctx: Context, account: Account | None, person: Person | None, name: str) -> Budget | None:
    """The one of a name, None if they have none of it."""
    found = categories_of(ctx, account, person) if account else []
    return next((each for each in found if each.name == name), None)


def year_of(ctx: Context, category: Budget | None, account: Account, claim: Claim) -> YearOfClaims:
    """The claims of the year in which something was bought, in at most three statements."""
    first = period_of(claim.day, "year", ctx.policy.budget_calendar).first
    provided, names = provided_as(ctx, claim.vendor)
    held = seats.of_account(ctx.conn, account.id) if names else []
    return YearOfClaims(
        category,
        tuple(claims.of_year(ctx.conn, account.id, first)),
        provided,
        any(each.provider in names for each in held),
        tuple(receipts.of_request(ctx.conn, claim.request_id)) if claim.request_id else (),
    )


def provided_as(ctx: Context, vendor: str) -> tuple[str, frozenset[str]]:
    """What the company pays of a tool, as people call it, and the names of those providers."""
    words = set(tool(vendor).split()) - GENERAL
    found = [
        each
        for each in ctx.policy.vendors
        if words & set(_WORD.findall(f"{each.name} {each.kind} {each.service}".casefold().replace("_", " ")))
    ]
    service = next((each.service for each in found), "")
    if not found:
        contract = (each.name for each in ctx.policy.contracts if words & set(_WORD.findall(each.name)))
        service = next(contract, "")
    return service, frozenset(each.name for each in found)


def refuse_beyond(ctx: Context, year: YearOfClaims, amount: int, number: int = 0) -> None:
    """Refuse more than is left of a category in its year.

    Args:
        ctx: of whoever asks or approves.
        year: the year.
        amount: how much, in the house currency.
        number: of the claim that is to be approved, 0 when it is made.
    """
    category = year.category
    if category is None or amount <= year.left:
        return
    unit = category.unit
    values: dict[str, Any] = {
        "left": ctx.amount(year.left, unit),
        "limit": ctx.amount(category.allotment, unit),
        "budget": category.name,
    }
    if not year.left:
        raise RefusedError("Nothing is left of the {limit} a year for “{budget}”.", "amount", **values)
    if not number:
        raise RefusedError(
            "{left} is left of the {limit} a year for “{budget}”. Claim at most that.", fault="amount", **values
        )
    example = f"approve {number} {in_units(year.left, unit):f}"
    raise RefusedError(
        "{left} is left of the {limit} a year for “{budget}”. Approve at most that, such as: {example}",
        "amount",
        example=example,
        **values,
    )


def paid(ctx: Context, claim: Claim) -> str:
    """What was paid, in the currency of the receipt."""
    return ctx.amount(claim.amount, claim.currency)


def claim_facts(ctx: Context, claim: Claim) -> list[tuple[str, str]]:
    """What was bought, for which month, and for how much."""
    facts = [(ctx.t("Tool"), claim.vendor), (ctx.t("Bought for"), ctx.month(claim.month))]
    if claim.currency != ctx.policy.organization.currency:
        values = {"amount": paid(ctx, claim), "day": ctx.day(claim.day)}
        facts.append((ctx.t("Paid"), ctx.t("{amount}, at the rate of {day}", **values)))
    if claim.paid_at:
        facts.append((ctx.t("Paid back"), ctx.moment(claim.paid_at)))
    return facts


def year_facts(ctx: Context, year: YearOfClaims, claim: Claim) -> list[tuple[str, str]]:
    """What is left in the year, what looks like the same claim, and what the company pays anyway."""
    facts = [(ctx.t("Receipt"), receipts_in_words(ctx, year.receipts))]
    if year.category:
        unit, name = year.category.unit, year.category.name
        values = {"left": ctx.amount(year.left, unit), "limit": ctx.amount(year.category.allotment, unit)}
        facts.append((ctx.t("Left in the year"), ctx.t("{left} of {limit}", **values)))
        if waits := year.waiting(name, claim.request_id):
            facts.append((ctx.t("Other claims that wait"), ctx.amount(waits, unit)))
    if others := year.alike(claim):
        facts.append((ctx.t("Possible duplicate"), ctx.listed([_short(ctx, each) for each in others[:3]])))
    if year.provided:
        facts.append((ctx.t("Already provided"), provided_words(ctx, year)))
    return facts


def receipts_in_words(ctx: Context, kept: Sequence[Receipt]) -> str:
    """The receipts of a claim by their kinds and sizes, or that it has none."""
    return ctx.listed([receipt_in_words(ctx, each) for each in kept]) if kept else ctx.t("none")


def receipt_in_words(ctx: Context, one: Receipt) -> str:
    """A receipt by its kind and size."""
    return ctx.t("{kind}, {kb} kB", kind=one.kind.upper(), kb=max(1, round(one.size_bytes / 1000)))


def receipts_buttons(ctx: Context, number: int, kept: Sequence[Receipt]) -> tuple[Button, ...]:
    """The way to the receipts of a claim; none where there are none."""
    label = ctx.nt("See the receipt of #{number}", "See the receipts of #{number}", len(kept), number=number)
    return (Button(label, f"receipts {number}"),) if kept else ()


def provided_words(ctx: Context, year: YearOfClaims) -> str:
    """That the company provides a tool already."""
    if year.has_seat:
        return ctx.t("The company pays a seat at {service} for this person.", service=year.provided)
    return ctx.t("The company already provides {service}.", service=year.provided)


def _short(ctx: Context, one: Claimed) -> str:
    return ctx.t("#{number} ({amount})", number=one.request.id, amount=paid(ctx, one.claim))


def say_again(claim: Claim, category: str, reason: str, mark: str = "") -> str:
    """The sentence that makes the same claim again; with a mark before the reason, if there is one."""
    amount = f"{in_units(claim.amount, claim.currency):f} {claim.currency}"
    return f"claim {amount} {claim.vendor} {claim.day} in {category}{mark and f' {mark}'}: {reason}"
