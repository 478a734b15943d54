"""What holds for an account at the providers themselves: pauses, what they count, and limits that are not ours to set.

A provider refuses by its own figures, not by ours. Where it can be asked at any time, it is asked for these anew.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from handlers.budgets import BudgetStatus
from handlers.context import Context
from handlers.language import N_
from handlers.periods import THIS
from handlers.policy import Vendor
from storage.limits import HOOKS, Held, SubjectKind, Window
from storage.people import Account
from storage.units import from_nanos

FRESH = timedelta(minutes=1)
SHOWN_MAX = 12
"""Letters of a key's id that are shown where it has no name."""

_WINDOWS: Mapping[Window, str] = {
    "day": THIS["day"],
    "week": THIS["week"],
    "month": THIS["month"],
    "total": N_("in all"),
}
_CAPPED: Mapping[SubjectKind, str] = {
    "key": N_("Key {name} at {service}, {period}"),
    "member": N_("Limit in {name} at {service}, {period}"),
}
_OF_ALL = N_("Limit at {service}, {period}")
EACH: Mapping[Window, str] = {
    "day": N_("{amount} a day"),
    "week": N_("{amount} a week"),
    "month": N_("{amount} a month"),
    "total": N_("{amount} in all"),
}


@dataclass(frozen=True, slots=True)
class OwnCap:
    """A limit at a provider that Bursar leaves as it is, and that binds besides the budgets.

    Args:
        held: of whom.
        window: how often it starts from nothing there.
        nanos: how much, in 10⁻⁹ of the currency of `held`.
        spent_nanos: what is counted against it there, None if the provider does not say.
    """

    held: Held
    window: Window
    nanos: int
    spent_nanos: int | None

    @property
    def name(self) -> str:
        """What people call it there."""
        return self.held.name or self.held.subject.external_id[:SHOWN_MAX]


@dataclass(frozen=True, slots=True)
class AtProviders:
    """What holds for an account at the providers.

    Args:
        paused: names of the providers where somebody paused it here.
        facts: what live providers count against which limit, and as of when.
        refused: a sentence for each limit that is used up there, also above the account, so that requests are refused.
        caps: limits there that bind besides the budgets.
        stale: limits that should be asked for anew, as in Card.
    """

    paused: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    refused: tuple[str, ...] = ()
    caps: tuple[OwnCap, ...] = ()
    stale: tuple[tuple[str, str, str], ...] = ()


def at_providers(ctx: Context, account: Account, found: Sequence[BudgetStatus]) -> AtProviders:
    """What holds for an account at the providers, in one statement at most.

    Args:
        ctx: of whoever reads.
        account: whose.
        found: how the budgets stand that bind it.
    """
    return make_at_providers(ctx, account, ctx.limits_of(account.id), found)


def make_at_providers(
    ctx: Context, account: Account, rows: Sequence[Held], found: Sequence[BudgetStatus]
) -> AtProviders:
    """The same from limits that were read."""
    known = [each for each in rows if ctx.policy.vendor(each.provider)]
    held = [each for each in known if each.account_id == account.id]
    caps = tuple(cap for each in held for cap in caps_of(each, is_ours=is_ours(ctx, each, held, found)))
    live = {each.name for each in ctx.policy.vendors if each.live}
    counted = [
        each
        for each in held
        if each.provider in live and each.subject.kind != "key"
        if each.spent_nanos is not None and each.seen_nanos is not None
    ]
    return AtProviders(
        paused=tuple(dict.fromkeys(each.provider for each in rows if each.stopped and _is_there(ctx, each))),
        facts=tuple(_counted(ctx, each) for each in counted),
        refused=(*_refused(ctx, counted, caps), *_refusing(ctx, account, known)),
        caps=caps,
        stale=tuple(
            (each.provider, each.subject.kind, each.subject.external_id)
            for each in held
            if each.provider in live and each.seen_at < ctx.now - FRESH
        ),
    )


def _is_there(ctx: Context, held: Held) -> bool:
    return held.provider == HOOKS or ctx.policy.vendor(held.provider) is not None


def is_ours(ctx: Context, held: Held, of_account: Iterable[Held], found: Collection[BudgetStatus]) -> bool:
    """Whether Bursar sets this limit: the keys of somebody who is limited as a user follow that limit."""
    vendor = ctx.policy.vendor(held.provider)
    if vendor is None or "set_limit" not in vendor.can or held.subject.kind not in vendor.limited:
        return False
    is_users_key = held.subject.kind == "key" and any(
        each.subject.kind == "user" and each.provider == held.provider for each in of_account
    )
    return not is_users_key and any(each.is_enforced_in(held.currency) for each in found)


def caps_of(held: Held, *, is_ours: bool) -> Iterator[OwnCap]:
    """What caps somebody at a provider besides what Bursar sets there.

    Args:
        held: of whom.
        is_ours: whether the limit of its own is ours to set.
    """
    if held.seen_nanos is not None and not is_ours and not held.stopped:
        yield OwnCap(held, held.window, held.seen_nanos, held.spent_nanos)
    for window, nanos in held.further:
        yield OwnCap(held, window, nanos, None)


def cap_row(ctx: Context, cap: OwnCap) -> tuple[str, str, str]:
    """A limit at a provider as a row of a table: what it is, what is left, and how much it is."""
    left = ctx.t("not known") if cap.spent_nanos is None else money(ctx, cap.nanos - cap.spent_nanos, cap.held)
    return _label(ctx, cap), left, money(ctx, cap.nanos, cap.held)


def cap_words(ctx: Context, cap: OwnCap) -> str:
    """A limit at a provider in a few words, such as "Key ci at LiteLLM, this week: $5.00"."""
    return ctx.t("{limit}: {amount}", limit=_label(ctx, cap), amount=money(ctx, cap.nanos, cap.held))


def cap_each(ctx: Context, cap: OwnCap) -> str:
    """How much a limit at a provider is and how often, such as "$5.00 a week"."""
    return ctx.t(EACH[cap.window], amount=money(ctx, cap.nanos, cap.held))


def stays_limited(ctx: Context, cap: OwnCap) -> str:
    """That a limit at a provider stays as it is, as a sentence."""
    values = {"key": cap.name, "service": _service(ctx, cap), "amount": cap_each(ctx, cap)}
    return ctx.t("{key} at {service} stays limited to {amount}.", **values)


def money(ctx: Context, nanos: int, held: Held) -> str:
    """An amount of a limit at a provider in words."""
    return ctx.amount(from_nanos(nanos, held.currency), held.currency)


def _label(ctx: Context, cap: OwnCap) -> str:
    text = _CAPPED.get(cap.held.subject.kind, _OF_ALL)
    return ctx.t(text, name=cap.name, service=_service(ctx, cap), period=ctx.t(_WINDOWS[cap.window]))


def _vendor(ctx: Context, held: Held) -> Vendor:
    return ctx.policy.vendor(held.provider) or Vendor(name=held.provider, service=held.provider)


def _service(ctx: Context, cap: OwnCap) -> str:
    return _vendor(ctx, cap.held).service


def _refused(ctx: Context, counted: Sequence[Held], caps: Sequence[OwnCap]) -> Iterator[str]:
    for held in counted:
        if not held.stopped and (held.spent_nanos or 0) >= (held.seen_nanos or 0):
            service = _vendor(ctx, held).service
            yield ctx.t("{service} refuses requests now: its limit is used up.", service=service)
    for cap in caps:
        if cap.held.subject.kind == "key" and cap.spent_nanos is not None and cap.spent_nanos >= cap.nanos:
            text = N_("{service} refuses requests with key {name} now: its own limit is used up.")
            yield ctx.t(text, service=_service(ctx, cap), name=cap.name)


def _refusing(ctx: Context, account: Account, known: Sequence[Held]) -> Iterator[str]:
    """What a provider itself says to refuse, of the account or of one above it."""
    for held in known:
        service = _vendor(ctx, held).service
        if not held.refusing or held.stopped:
            continue
        if held.account_id == account.id:
            yield ctx.t("{service} refuses requests now: its limit is used up.", service=service)
        else:
            names = {each.id: each.name for each in ctx.line(account.id)}
            whose = names.get(held.account_id) or held.name
            text = N_("{service} refuses requests of {name} now: the limit there is used up.")
            yield ctx.t(text, service=service, name=whose)


def _counted(ctx: Context, held: Held) -> tuple[str, str]:
    spent, limit = (money(ctx, nanos or 0, held) for nanos in (held.spent_nanos, held.seen_nanos))
    name = ctx.t("{service} itself counts", service=_vendor(ctx, held).service)
    return name, ctx.t("{spent} of {limit}, as of {time}", spent=spent, limit=limit, time=ctx.moment(held.seen_at))
