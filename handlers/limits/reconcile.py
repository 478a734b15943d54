"""Limits at the providers are compared with the ledger, then written or asked about; what came of it is told."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from hashlib import sha256

from handlers.card import Button, Card, Table, Text
from handlers.context import Context
from handlers.events import LimitApplied, LimitFailed, SyncAccount, SyncProvider
from handlers.language import ENGLISH, N_, said_of
from handlers.limits.conflicts import ROWS_MAX, ask_finance, changed_card, shut_card, stopped_card
from handlers.limits.plan import (
    LimitPlanner,
    PlanLine,
    certain,
    found_equal,
    is_shut,
    limit_key,
    name_of,
    vendor_of,
    want,
)
from handlers.notify import tell_finance
from handlers.policy import Vendor
from handlers.questions import OwnCap, caps_of
from handlers.requests import ask_to_raise, decided, deed, stays_capped, tell_asker
from storage import limits, outbox, requests
from storage.limits import Held, Told
from storage.requests import Request

TOLD_FOR = timedelta(days=7)
_WHOM = re.compile(r"“[^”]*”|\S*[\d@]\S*")
FEW = 3
MANY = 10
KINDS = {"key": N_("key"), "user": N_("user")}


def sync_provider(ctx: Context, event: SyncProvider) -> None:
    """Compare every limit of a provider with the ledger, and have written what differs."""
    vendor = vendor_of(ctx, event.provider)
    lines = list(LimitPlanner(ctx).lines(limits.of_provider(ctx.conn, vendor.name)))
    _report_uncapped(ctx, vendor, lines)
    if "set_limit" not in vendor.can:
        return
    limits.note_known(ctx.conn, found_equal(lines), found=True)
    _ask(ctx, vendor, lines)
    _wake_at_reset(ctx, vendor, lines)
    writes = [line for line in lines if line.action == "write"]
    if _are_too_many(ctx, writes, [line for line in lines if line.wanted]):
        tell_finance(ctx, f"stopped/{vendor.name}", lambda reader: stopped_card(reader, vendor, writes, lines))
        return
    want(ctx, *writes)


def _ask(ctx: Context, vendor: Vendor, lines: list[PlanLine]) -> None:
    """Ask finance about each limit that is not as we left it, or once if there are many."""
    asks = [line for line in lines if line.action == "ask"]
    shut = [line for line in asks if is_shut(line.held)]
    changed = [line for line in asks if not is_shut(line.held)]
    if len(changed) > MANY:
        key = f"changed/{vendor.name}/{ctx.today}"
        tell_finance(ctx, key, lambda reader: changed_card(reader, vendor, changed, lines))
    if len(shut) > MANY:
        tell_finance(ctx, f"shut/{vendor.name}", lambda reader: shut_card(reader, vendor, shut))
    for few in (changed, shut):
        for line in few if len(few) <= MANY else ():
            ask_finance(ctx, vendor, line)


def _wake_at_reset(ctx: Context, vendor: Vendor, lines: list[PlanLine]) -> None:
    """Compare again as soon as a counter there starts from nothing: what may be spent there is another sum then."""
    resets = {line.held.resets_at for line in lines if line.wanted and line.held.resets_at}
    soonest = min((each for each in resets if each > ctx.now), default=None)
    if soonest:
        ctx.emit(f"{vendor.name}/reset/{soonest:%Y-%m-%dT%H:%M:%S}", SyncProvider(vendor.name), soonest)


def sync_account(ctx: Context, event: SyncAccount) -> None:
    """Bring an account's limits at all providers up to the ledger.

    Where somebody changed one there, finance is asked, and whoever waits for it hears why it is not applied.
    """
    account = ctx.account(event.account_id)
    held = limits.of_account(ctx.conn, event.account_id) if account else []
    for line in LimitPlanner(ctx, account).lines(held):
        vendor = ctx.policy.vendor(line.held.provider)
        if vendor is None or "set_limit" not in vendor.can:
            continue
        if line.action == "write":
            want(ctx, line)
        elif line.action == "ask":
            ask_finance(ctx, vendor, line)
            _tell_why_not(ctx, vendor, line)


def _tell_why_not(ctx: Context, vendor: Vendor, line: PlanLine) -> None:
    """Tell whoever waits that what was granted has to wait for finance."""

    def title(theirs: Context) -> str:
        return theirs.t("Approved, but not yet applied at {service}", service=vendor.service)

    def why(theirs: Context) -> tuple[Text]:
        return (Text(theirs.t("Somebody changed the limit there. Finance decides what it should be.")),)

    for one in _waiting(ctx, vendor, line.held):
        tell_asker(ctx, one, title, why, key=_applied(vendor))


def limit_applied(ctx: Context, event: LimitApplied) -> None:
    """Note that a provider has a limit, and tell whoever waits for it as soon as all of the account's stand there."""
    vendor, subject, nanos = vendor_of(ctx, event.provider), event.subject, event.limit_nanos
    limits.note_known(ctx.conn, [Told(vendor.name, subject, nanos, event.ledger_limit, ctx.now)])
    held = limits.find(ctx.conn, vendor.name, subject)
    waiting = _waiting(ctx, vendor, held)
    account = ctx.account(waiting[0].account_id) if waiting else None
    if account is None:
        return
    rows = limits.of_account(ctx.conn, account.id)
    lines = [line for line in LimitPlanner(ctx, account).lines(rows) if line.held.provider == vendor.name]
    if not all(_stands(line) for line in lines):
        return
    capped, amount = list(_capped(lines, nanos)), ctx.amount(nanos, held.currency if held else "USD")
    for one in waiting:
        seconds = max(0, round((ctx.now - one.resolved_at).total_seconds())) if one.resolved_at else 0
        requests.note_applied(ctx.conn, one, vendor.name)
        deed(ctx, one, "applied", vendor.name, f"{vendor.service}: {amount}")
        title = _is_applied_title(one, vendor, seconds)
        tell_asker(ctx, one, title, lambda theirs: stays_capped(theirs, capped), key=_applied(vendor))
        if capped:
            ask_to_raise(ctx, one, account, capped)


def _stands(line: PlanLine) -> bool:
    """Whether a limit is as it was decided, so that what was granted can be spent."""
    return line.action == "same" and not (line.wanted and (line.held.stopped or line.held.paused))


def _capped(lines: Sequence[PlanLine], nanos: int) -> Iterator[OwnCap]:
    """Keys whose own limits are lower than what the account may spend, so that they stop it first."""
    for line in lines:
        caps = caps_of(line.held, is_ours=line.wanted is not None)
        yield from (cap for cap in caps if cap.nanos < nanos)


def limit_failed(ctx: Context, event: LimitFailed) -> None:
    """Tell that a provider did not take a limit, and why."""
    vendor, subject = vendor_of(ctx, event.provider), event.subject
    item = outbox.find(ctx.conn, limit_key(vendor.name, subject))
    if item is None or not item.error:
        return
    error, is_open = item.error, item.state == "open"

    def title(theirs: Context) -> str:
        return theirs.t("Approved, but not yet applied at {service}", service=vendor.service)

    def why(theirs: Context) -> tuple[Text, Text]:
        if is_open:
            return Text(theirs.said(error)), Text(theirs.t("I keep trying. Finance is notified."))
        return Text(theirs.said(error)), Text(theirs.t("I stopped trying. Finance is notified."))

    for one in _waiting(ctx, vendor, limits.find(ctx.conn, vendor.name, subject)):
        tell_asker(ctx, one, title, why, key=_applied(vendor))
    cause = cause_of(error)
    refused = outbox.refused(ctx.conn, "limit", vendor.name)
    alike = {key for key, why in refused.items() if cause_of(why) == cause}
    held = [each for each in limits.of_provider(ctx.conn, vendor.name) if limit_key(vendor.name, each.subject) in alike]

    def card(reader: Context) -> Card:
        names = [name_of(reader, each) for each in held] or [subject.external_id]
        next_ = (
            reader.t("I keep trying.")
            if is_open
            else reader.t("I stopped trying. Correct the cause, then say: {example}", example="retry")
        )
        status = Button(reader.t("Status"), "status")
        if len(names) == 1:
            title = reader.t("{service} did not accept {name}'s limit", service=vendor.service, name=names[0])
            return Card(title, (Text(reader.said(error)), Text(next_), status), "warn")
        title = reader.t("{service} did not accept {n} limits", service=vendor.service, n=len(names))
        whose = Text(reader.t("Of: {names}", names=_few_of(names)))
        return Card(title, (Text(reader.said(error)), whose, Text(next_), status), "warn")

    tell_finance(ctx, f"stuck/{vendor.name}/{ctx.today}/{cause}", card)


def cause_of(error: str) -> str:
    """What went wrong without whom it is about: the same cause for several is told once.

    It is a hash of the sentence without what stands in it in quotes, and without figures.
    """
    return sha256(_WHOM.sub("", said_of(ENGLISH, error)).encode()).hexdigest()[:12]


def _few_of(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MANY])
    return shown if len(names) <= MANY else f"{shown}, …"


def _waiting(ctx: Context, vendor: Vendor, held: Held | None) -> list[Request]:
    """Grants of whose account it is that were decided lately and are not yet known to be applied at the provider."""
    found = requests.decided_since(ctx.conn, held.account_id, ctx.now - TOLD_FOR) if held and held.account_id else []
    return [one for one in found if vendor.name not in one.applied.split()]


def _applied(vendor: Vendor) -> str:
    return f"applied/{vendor.name}"


def _is_applied_title(one: Request, vendor: Vendor, seconds: int) -> Callable[[Context], str]:
    """That a limit is applied, and how long it took."""

    def title(theirs: Context) -> str:
        values = {"amount": decided(theirs, one), "service": vendor.service}
        if one.is_exception:
            return theirs.t("{amount}: applied at {service}", **values)
        if seconds == 0:
            return theirs.t("{amount} more: applied at {service} at once", **values)
        if seconds < 120:  # noqa: PLR2004 - two minutes
            return theirs.nt(
                "{amount} more: applied at {service} after {n} second",
                "{amount} more: applied at {service} after {n} seconds",
                seconds,
                **values,
            )
        return theirs.nt(
            "{amount} more: applied at {service} after {n} minute",
            "{amount} more: applied at {service} after {n} minutes",
            round(seconds / 60),
            **values,
        )

    return title


def _report_uncapped(ctx: Context, vendor: Vendor, lines: list[PlanLine]) -> None:
    """A new key or user that nothing limits, here or there, is the forgotten cap of the next shocking bill."""
    since = ctx.now - timedelta(days=1)
    capped = {line.held.account_id for line in lines if line.wanted}
    # Who cannot be limited there has an owner here, whose budget is watched.
    capped |= {line.held.account_id for line in lines if line.held.subject.kind not in vendor.limited} - {""}
    new = [
        line.held
        for line in lines
        if line.held.account_id not in capped
        and line.held.seen_nanos is None
        and not line.held.paused
        and not line.held.further
        if line.held.subject.kind in ("key", "user") and line.held.first_seen_at >= since
    ]
    if new:
        tell_finance(ctx, f"uncapped/{vendor.name}/{ctx.today}", lambda reader: _uncapped_card(reader, vendor, new))


def _uncapped_card(ctx: Context, vendor: Vendor, new: list[Held]) -> Card:
    title = ctx.nt(
        "{n} new key or user at {service} has no limit",
        "{n} new keys or users at {service} have no limit",
        len(new),
        service=vendor.service,
    )
    rows = tuple((name_of(ctx, each), ctx.t(KINDS[each.subject.kind])) for each in new[:ROWS_MAX])
    table = Table(ctx.t("No limit there, no budget here"), (ctx.t("Name"), ctx.t("Kind")), rows, "ll")
    return Card(title, (table, Button(ctx.t("Link them"), "link")), "warn")


def _are_too_many(ctx: Context, writes: list[PlanLine], managed: list[PlanLine]) -> bool:
    """Whether more than the set share would change for another reason than that the time has moved on."""
    changed = [line for line in writes if line.held.known_limit != certain(line).status.limit]
    return len(changed) > FEW and len(changed) * 100 > ctx.policy.limits.ask_above_percent * len(managed)
