"""The plan of limits: what each provider should allow each account, worked out from the ledger.

A limit there is what was spent there plus what is left: absolute, so that setting it twice changes nothing and a grant
ends by itself.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Literal, get_args
from urllib.parse import quote, unquote

from handlers.budgets import BudgetStatus, Figures, OfAll, OfOne, statuses
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.periods import Period, period_of
from handlers.policy import Vendor
from handlers.questions import EACH
from storage import outbox, people, spend
from storage.limits import Held, Subject, SubjectKind, Told, Window
from storage.outbox import NewItem
from storage.people import Account
from storage.tables import BEGINNING
from storage.units import from_nanos

RECENT = timedelta(days=28)

NOTHING: spend.Counted = (0, 0)

TOKENS = "tokens"
"""Stands for the currency of a limit that a provider counts in tokens."""

KEY_LETTERS_MAX = 100
"""So that there is room in a key for the provider, for the time and for who is told. Of an id in Chinese each letter
takes nine."""


Action = Literal["same", "write", "ask"]


@dataclass(frozen=True, slots=True)
class WantedLimit:
    """What a provider ought to allow.

    Args:
        nanos: in 10⁻⁹ of the provider's currency, or in tokens where its limits are, each window of the provider.
        status: the budget from which it follows.
    """

    nanos: int
    status: BudgetStatus


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One limit of a plan: what is there, what is wanted (None if no budget binds it), and what is to be done."""

    held: Held
    wanted: WantedLimit | None
    action: Action


def compared(held: Held, nanos: int, window: Window) -> Action:
    """What is to be done about a limit, from three figures: what is to be, what we last said, what is there now.

    The same amount for another time, such as for life, is another limit. Whom somebody there allows nothing was stopped
    for a reason that we don't know.
    """
    if held.seen_nanos == nanos and held.window == window:
        return "same"
    told = {held.known_nanos, held.said_nanos} - {None}
    if not told:
        return "ask" if is_shut(held) and nanos else "write"
    return "write" if held.known_nanos is None or held.seen_nanos in told else "ask"


def is_shut(held: Held) -> bool:
    """Whether somebody there is allowed nothing, and we did not say so."""
    return held.seen_nanos == 0 and 0 not in (held.known_nanos, held.said_nanos)


def on_top(held: Held, wanted_nanos: int) -> int | None:
    """What is to be where finance kept what was set there: that, and what we want more or less since.

    None is no limit.
    """
    if not held.is_kept:
        return wanted_nanos
    if held.kept_seen_nanos is None:
        return None
    return max(0, held.kept_seen_nanos + wanted_nanos - (held.kept_nanos or 0))


def planned(held: Held, wanted: WantedLimit, window: Window) -> PlanLine:
    """What is to be done about a limit of which it is known what the ledger wants."""
    due = on_top(held, wanted.nanos)
    if (held.seen_nanos == wanted.nanos and held.window == window) or (held.is_kept and held.seen_nanos == due):
        return PlanLine(held, wanted, "same")
    if due is None or compared(held, due, window) == "ask":
        return PlanLine(held, wanted, "ask")
    return PlanLine(held, replace(wanted, nanos=due), "write")


class LimitPlanner:
    """Works out what is wanted of the providers, for one account or for all; each figure is read once."""

    def __init__(self, ctx: Context, account: Account | None = None) -> None:
        self._ctx = ctx
        self._only = account.id if account else ""
        self._figures: Figures = OfOne(ctx, account) if account else OfAll(ctx)
        self._spent: dict[tuple[str, date, date], dict[str, spend.Counted]] = {}
        self._counted: dict[tuple[str, str, date, date], dict[tuple[str, ...], spend.Counted]] = {}
        self._accounts = {each.id: each for each in ([account] if account else people.every_account(ctx.conn))}

    def lines(self, rows: list[Held]) -> Iterator[PlanLine]:
        """The plan for some limits, all of an account's among them.

        Who is paused is left alone, and so are the keys of somebody who is limited as a user: that limit holds for all.
        """
        users = {(each.provider, each.account_id) for each in rows if each.subject.kind == "user"}
        for held in rows:
            vendor = self._ctx.policy.vendor(held.provider)
            is_users_key = held.subject.kind == "key" and (held.provider, held.account_id) in users
            wanted = self.wanted(vendor, held) if vendor and not is_users_key else None
            if vendor is None or wanted is None or held.stopped:
                yield PlanLine(held, wanted, "same")
            else:
                yield planned(held, wanted, vendor.window)

    def wanted(self, vendor: Vendor, held: Held, moved: tuple[BudgetStatus, int] | None = None) -> WantedLimit | None:
        """What a provider ought to allow somebody, None if no hard budget binds them that it can keep.

        Args:
            vendor: the provider.
            held: whose limit.
            moved: a budget that was given more since it was read, and how much, in its unit.
        """
        account = self._accounts.get(held.account_id)
        if account is None or held.subject.kind not in vendor.limited:
            return None
        found = [each for each in statuses(self._ctx, account, self._figures) if each.is_enforced_in(held.currency)]
        if moved:
            found = [replace(each, moved=each.moved + moved[1]) if each == moved[0] else each for each in found]
        if not found:
            return None
        if held.currency == TOKENS:
            allowed = (self._in_tokens(vendor, held, account, each) for each in found)
            return min(filter(None, allowed), key=lambda each: each.nanos, default=None)
        tightest = min(found, key=lambda each: each.left)
        period = _window(self._ctx, vendor, held, tightest)
        if "charges" in vendor.can:
            amount = self._spent_as(held, account, period) + self._share(vendor, account, tightest.left)
        else:
            amount = self._spent_anywhere(account, period) + tightest.left
        amount = max(0, amount)
        theirs = self._ctx.policy.in_currency(amount, held.currency, self._ctx.today)
        if theirs is None:
            return None
        return WantedLimit(theirs // vendor.step_nanos * vendor.step_nanos, tightest)

    def _in_tokens(self, vendor: Vendor, held: Held, account: Account, status: BudgetStatus) -> WantedLimit | None:
        """What a budget allows in tokens; None where it is in money and nobody knows yet what a token costs.

        Money is taken to buy as many tokens as it bought lately. That is an estimate, which each reading corrects: dear
        tokens after cheap ones may cost more than is left until the next one. It moves a little with every reading, so
        it is written in two digits.
        """
        there = self._spent_as(held, account, _window(self._ctx, vendor, held, status), TOKENS)
        left = max(0, self._share(vendor, account, status.left))
        if status.budget.unit == TOKENS:
            return WantedLimit(there + left, status)
        cost, tokens = self._recently(vendor.name).get(account.id, NOTHING)
        if cost <= 0 or not tokens:
            return None
        return WantedLimit(in_two_digits(there + left * tokens // cost), status)

    def _share(self, vendor: Vendor, account: Account, left: int) -> int:
        """How much of what is left may be spent at a provider."""
        if self._ctx.policy.limits.split == "all":
            return left
        writable = [each.name for each in self._ctx.policy.vendors if "set_limit" in each.can]
        recent = {name: self._recently(name).get(account.id, NOTHING)[0] for name in writable}
        total = sum(recent.values())
        return left * recent[vendor.name] // total if total > 0 else left

    def _recently(self, provider: str) -> dict[str, spend.Counted]:
        return self._there(provider, Period("month", self._ctx.today - RECENT, self._ctx.today + timedelta(days=1)))

    def _spent_as(self, held: Held, account: Account, period: Period, unit: str = "") -> int:
        """What the provider counts against a limit: for a key only what that key spent, whatever else its owner did.

        Where it names no keys or teams in its charges, all that the account spent there has to do.
        """
        subject = held.subject
        if subject.kind in ("key", "team", "member"):
            window = (held.provider, subject.kind, period.first, period.end)
            if window not in self._counted:
                self._counted[window] = spend.spent_as(self._ctx.conn, *window)
            if self._counted[window]:
                named = (subject.team, subject.user) if subject.kind == "member" else (subject.external_id,)
                return _in(unit, self._counted[window].get(named, NOTHING))
        return _in(unit, self._there(held.provider, period).get(account.id, NOTHING))

    def _spent_anywhere(self, account: Account, period: Period) -> int:
        """What an account and all below it spent: what a provider that reports no usage counts at most.

        Which of it was spent there, other sources know under names of their own. With less than that a limit would stop
        somebody who has something left.
        """
        spent = spend.spent_by(self._ctx.conn, account.id, period.first, period.end, "provider")
        return sum(each.cost_nanos for each in spent)

    def _there(self, provider: str, period: Period) -> dict[str, spend.Counted]:
        window = (provider, period.first, period.end)
        if window not in self._spent:
            self._spent[window] = spend.spent_at(self._ctx.conn, *window, self._only)
        return self._spent[window]


def _in(unit: str, counted: spend.Counted) -> int:
    cost, tokens = counted
    return tokens if unit == TOKENS else cost


def in_two_digits(tokens: int) -> int:
    """A number of tokens rounded down to its first two digits, such as 41 million."""
    step = int(10 ** max(0, len(str(tokens)) - 2))
    return tokens // step * step


def _window(ctx: Context, vendor: Vendor, held: Held, status: BudgetStatus) -> Period:
    """The days that count against a limit at the provider.

    Where it says when it resets, they are those since it last did: its month begins up to half a day earlier or later
    than ours. Where it does not, a month there and a month here are taken for the same.
    """
    if held.resets_at and held.window == vendor.window and held.window != "total":
        return _since_reset(held.window, held.resets_at, ctx.now)
    if vendor.window == status.budget.every:
        return status.period
    today = ctx.now.astimezone(UTC).date()
    if vendor.window == "total":
        return Period("year", BEGINNING, today + timedelta(days=2))
    return period_of(today, vendor.window)


def _since_reset(window: Literal["day", "week", "month"], resets_at: datetime, now: datetime) -> Period:
    """The days since a provider's counter last began: at the reset that it names if that is over, else a window before.

    What is charged there is charged to whole days of UTC, so the moment counts as the midnight that is nearest.
    """
    turn = (resets_at.astimezone(UTC) + timedelta(hours=12)).date()
    if resets_at > now:
        turn = period_of(turn - timedelta(days=1), window).first
    return Period(window, turn, period_of(turn, window).end)


def is_own(ctx: Context, account_id: str) -> bool:
    """Whether who speaks spends of an account, or owns it."""
    account = ctx.account(account_id)
    return account is not None and (account in ctx.line(ctx.account_id) or account.owner_id == ctx.person.id)


def limit_key(provider: str, subject: Subject) -> str:
    """The key of the outbox item of a limit."""
    return f"limit/{provider}/{subject_key(subject)}"


def subject_key(subject: Subject) -> str:
    """A provider's subject as a part of a key of the outbox, by its digest if it is too long for one."""
    word = subject_word(subject)
    return word if len(word) <= KEY_LETTERS_MAX else f"{subject.kind}:sha256-{sha256(word.encode()).hexdigest()}"


def subject_word(subject: Subject) -> str:
    """A provider's subject as one word of a sentence."""
    return f"{subject.kind}:{quote(subject.external_id, safe='')}"


def subject_of(word: str) -> Subject:
    """The subject that such a word means.

    Raises:
        RefusedError: it is none.
    """
    kind, _, external_id = word.partition(":")
    if kind not in get_args(SubjectKind):
        raise RefusedError("Say whose limit you mean, for example: user:usr_123")
    return Subject(kind, unquote(external_id))  # type: ignore[arg-type]


def want(ctx: Context, *lines: PlanLine) -> None:
    """Have limits set at the providers as the ledger says, again if they were set before."""
    outbox.ensure_all(ctx.conn, [_item(ctx, each.held, certain(each)) for each in lines], ctx.now, again=True)


def _item(ctx: Context, held: Held, wanted: WantedLimit) -> NewItem:
    payload = {
        "kind": held.subject.kind,
        "id": held.subject.external_id,
        "nanos": wanted.nanos,
        "limit": wanted.status.limit,
        "currency": held.currency,
    }
    return NewItem(limit_key(held.provider, held.subject), "limit", held.provider, json.dumps(payload), ctx.now)


def found_equal(lines: list[PlanLine]) -> Iterator[Told]:
    """Limits that are as the ledger says, though we never heard that what we said had arrived."""
    for held, wanted in ((line.held, line.wanted) for line in lines if line.action == "same"):
        if wanted and held.seen_nanos == wanted.nanos and (held.is_kept or wanted.nanos != held.known_nanos):
            yield Told(held.provider, held.subject, wanted.nanos, wanted.status.limit, held.seen_at)


def certain(line: PlanLine) -> WantedLimit:
    """What is wanted of a limit.

    Raises:
        RefusedError: no budget says it.
    """
    if line.wanted is None:
        raise RefusedError("No budget says what this limit should be.")
    return line.wanted


def name_of(ctx: Context, held: Held) -> str:
    """Whose limit it is, as people call them."""
    account = ctx.account(held.account_id) if held.account_id else None
    if account and held.subject.kind == "member":
        return ctx.t("{name} in {team}", name=account.name, team=held.name or held.subject.team)
    return account.name if account else held.name or held.subject.external_id or ctx.policy.organization.name


def worded(ctx: Context, nanos: int | None, currency: str) -> str:
    """A limit at a provider in words."""
    return ctx.t("no limit") if nanos is None else ctx.amount(from_nanos(nanos, currency), currency)


def each_window(ctx: Context, nanos: int | None, window: Window, currency: str) -> str:
    """A limit at a provider with its window, such as "$5.00 a week"."""
    amount = worded(ctx, nanos, currency)
    return amount if nanos is None else ctx.t(EACH[window], amount=amount)


Change = Literal["raise", "cut", "limit", "window", "shut", "ask", "same"]
_DAYS: Mapping[Window, int] = {"day": 1, "week": 7, "month": 30}


def change_of(line: PlanLine, vendor: Vendor) -> Change:
    """What a line of a plan means for whom it is about; limits of different windows are compared by the day."""
    held = line.held
    if line.action == "ask":
        return "shut" if is_shut(held) else "ask"
    if line.action == "same" or line.wanted is None:
        return "same"
    if held.seen_nanos is None:
        return "limit"
    if held.window != vendor.window and not {held.window, vendor.window} <= _DAYS.keys():
        return "window"
    a_day = {window: 210 // days for window, days in _DAYS.items()} | {"total": 1}
    now, then = held.seen_nanos * a_day[held.window], line.wanted.nanos * a_day[vendor.window]
    return "window" if now == then else "raise" if now < then else "cut"


def digits(nanos: int | None) -> str:
    """A limit at a provider as one word of a sentence."""
    return "none" if nanos is None else str(nanos)


def unknown_vendor(ctx: Context, name: str) -> RefusedError:
    """The refusal of a provider that app.yaml does not name; it names those that it does."""
    known = ", ".join(each.name for each in ctx.policy.vendors)
    if not known:
        return RefusedError("There is no provider in app.yaml.")
    return RefusedError("There is no provider “{name}” in app.yaml. Choose one of: {known}", name=name, known=known)


def vendor_of(ctx: Context, name: str) -> Vendor:
    """The provider of that name.

    Raises:
        RefusedError: app.yaml names none such.
    """
    vendor = ctx.policy.vendor(name)
    if vendor is None:
        raise unknown_vendor(ctx, name)
    return vendor
