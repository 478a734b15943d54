"""Limits at the providers: derived from the ledger, compared with what is there, then written or asked about.

A limit there is what was spent there plus what is left: absolute, so that saying it twice changes nothing and a grant
ends by itself. What somebody changed at a provider is never overwritten: finance decides.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta
from typing import Literal, get_args
from urllib.parse import quote, unquote

from handlers.access import refuse_all_but_clock, sees_all
from handlers.arguments import One
from handlers.budgets.posting import move
from handlers.budgets.status import Figures, OfAll, OfOne, Standing, standings
from handlers.card import Block, Button, Card, Facts, Table, Text
from handlers.context import Context
from handlers.errors import Refused
from handlers.money import COUNTED
from handlers.periods import Period, period_of
from handlers.policy.policy import Vendor
from handlers.requests.messages import deed, tell_asker
from storage import audit, limits, outbox, people, requests, spend
from storage.limits import Held, Subject, SubjectKind, Told, Window
from storage.people import Account
from storage.requests import Request
from storage.tables import BEGINNING

RECENT = timedelta(days=28)
TOLD_FOR = timedelta(days=7)
FEW = 3
MANY = 10
ROWS_MAX = 50
FEW_SHOWN = 5
DONE = Card("Done")

Action = Literal["same", "write", "ask"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a provider ought to allow.

    Args:
        nanos: in 10⁻⁹ US dollars each window of the provider.
        standing: the budget from which it follows.
    """

    nanos: int
    standing: Standing


@dataclass(frozen=True, slots=True)
class Line:
    """One limit of a plan: what is there, what is wanted (None if no budget binds it), and what is to be done."""

    held: Held
    wanted: Wanted | None
    action: Action


def action(held: Held, wanted_nanos: int, window: Window) -> Action:
    """What is to be done about a limit, from three figures: what is wanted, what we last said, what is there now.

    The same amount for another time, such as for life, is another limit.
    """
    if held.seen_nanos == wanted_nanos and held.window == window:
        return "same"
    told = {held.known_nanos, held.said_nanos} - {None}
    ours = held.known_nanos is None or held.seen_nanos in told
    if not ours:
        return "ask"
    return "same" if held.kept_nanos == wanted_nanos else "write"


class Desk:
    """Works out what is wanted of the providers, for one account or for all; each figure is read once."""

    def __init__(self, ctx: Context, account: Account | None = None) -> None:
        self._ctx = ctx
        self._only = account.id if account else ""
        self._figures: Figures = OfOne(ctx, account) if account else OfAll(ctx)
        self._spent: dict[tuple[str, date, date], dict[str, int]] = {}
        self._counted: dict[tuple[str, str, date, date], dict[tuple[str, ...], int]] = {}
        self._accounts = {each.id: each for each in ([account] if account else people.every_account(ctx.conn))}

    def lines(self, rows: list[Held]) -> Iterator[Line]:
        """The plan for some limits, all of an account's among them.

        Who is paused is left alone, and so are the keys of somebody who is limited as a user: that limit holds for all.
        """
        paused = {(each.provider, each.subject) for each in limits.paused(self._ctx.conn)}
        users = {(each.provider, each.account_id) for each in rows if each.subject.kind == "user"}
        for held in rows:
            vendor = self._ctx.house.vendor(held.provider)
            is_users_key = held.subject.kind == "key" and (held.provider, held.account_id) in users
            wanted = self.wanted(vendor, held) if vendor and not is_users_key else None
            if vendor is None or wanted is None or (held.provider, held.subject) in paused:
                yield Line(held, wanted, "same")
            else:
                yield Line(held, wanted, action(held, wanted.nanos, vendor.window))

    def wanted(self, vendor: Vendor, held: Held) -> Wanted | None:
        """What a provider ought to allow somebody, None if no hard budget in money binds them."""
        account = self._accounts.get(held.account_id)
        if account is None or held.subject.kind not in vendor.limited:
            return None
        found = [each for each in standings(self._ctx, account, self._figures) if _is_enforced(each)]
        if not found:
            return None
        tightest = min(found, key=lambda each: each.left)
        there = self._spent_as(held, account, _window(self._ctx, vendor, tightest))
        amount = max(0, there + self._share(vendor, account, tightest.left))
        dollars = self._ctx.house.in_dollars(amount, self._ctx.today)
        if dollars is None:
            return None
        return Wanted(dollars // vendor.step_nanos * vendor.step_nanos, tightest)

    def _share(self, vendor: Vendor, account: Account, left: int) -> int:
        """How much of what is left may be spent at a provider."""
        if self._ctx.house.limits.split == "all":
            return left
        since = Period("month", self._ctx.today - RECENT, self._ctx.today + timedelta(days=1))
        writable = [each.name for each in self._ctx.house.vendors if "set_limit" in each.can]
        recent = {name: self._there(name, since).get(account.id, 0) for name in writable}
        total = sum(recent.values())
        return left * recent[vendor.name] // total if total > 0 else left

    def _spent_as(self, held: Held, account: Account, period: Period) -> int:
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
                return self._counted[window].get(named, 0)
        return self._there(held.provider, period).get(account.id, 0)

    def _there(self, provider: str, period: Period) -> dict[str, int]:
        window = (provider, period.first, period.end)
        if window not in self._spent:
            self._spent[window] = spend.spent_at(self._ctx.conn, *window, self._only)
        return self._spent[window]


def _is_enforced(standing: Standing) -> bool:
    """Providers know no tiers of models and no tokens: those limits are kept by telling people."""
    budget = standing.budget
    return budget.limit == "hard" and budget.models == "all" and budget.unit not in COUNTED


def _window(ctx: Context, vendor: Vendor, standing: Standing) -> Period:
    """The days that count against a limit at the provider. A month there and a month here are taken for the same."""
    if vendor.window == standing.budget.every:
        return standing.period
    today = ctx.now.astimezone(UTC).date()
    if vendor.window == "total":
        return Period("year", BEGINNING, today + timedelta(days=2))
    return period_of(today, vendor.window)


# Said by the clock ---------------------------------------------------------------------------------------------------


def reconcile(ctx: Context, provider: One) -> Card:
    """Compare every limit of a provider with the ledger, and wish for what differs; said by the clock."""
    refuse_all_but_clock(ctx)
    vendor = _vendor(ctx, provider)
    lines = list(Desk(ctx).lines(limits.of_provider(ctx.conn, vendor.name)))
    _report_uncapped(ctx, vendor, lines)
    if "set_limit" not in vendor.can:
        return DONE
    limits.note_known(ctx.conn, _found_equal(lines))
    asks = [line for line in lines if line.action == "ask"]
    if len(asks) > MANY:
        key = f"changed/{vendor.name}/{ctx.today}"
        tell_finance(ctx, key, lambda reader: _changed_card(reader, vendor, asks, lines))
    for line in asks if len(asks) <= MANY else ():
        _ask_finance(ctx, vendor, line)
    writes = [line for line in lines if line.action == "write"]
    if _are_too_many(ctx, writes, [line for line in lines if line.wanted]):
        tell_finance(ctx, f"stopped/{vendor.name}", lambda reader: _stopped_card(reader, vendor, writes, lines))
        return DONE
    for line in writes:
        _wish(ctx, line)
    return DONE


def follow(ctx: Context, account_id: One) -> Card:
    """Bring an account's limits at all providers up to the ledger; said by the clock when the ledger has moved."""
    refuse_all_but_clock(ctx)
    account = people.account(ctx.conn, account_id)
    held = limits.of_account(ctx.conn, account_id) if account else []
    for line in Desk(ctx, account).lines(held):
        vendor = ctx.house.vendor(line.held.provider)
        if line.action == "write" and vendor and "set_limit" in vendor.can:
            _wish(ctx, line)
    return DONE


def landed(ctx: Context, provider: One, who: One, nanos: One, limit: One) -> Card:
    """Note that a provider has a limit, and tell whoever waits for it; said by the clock."""
    refuse_all_but_clock(ctx)
    vendor, subject = _vendor(ctx, provider), subject_of(who)
    limits.note_known(ctx.conn, [Told(vendor.name, subject, int(nanos), int(limit), ctx.now)])
    for one in _waiting(ctx, vendor, subject):
        seconds = max(0, round((ctx.now - one.resolved_at).total_seconds())) if one.resolved_at else 0
        deed(ctx, one, "applied", vendor.name, f"{ctx.amount(int(nanos), 'USD')} at {vendor.service}")
        shown = ctx.amount(one.resolved_amount, one.unit)
        tell_asker(ctx, one, f"{shown} more: applied at {vendor.service} {_later(seconds)}", key=_applied(vendor))
    return DONE


def stuck(ctx: Context, provider: One, who: One) -> Card:
    """Tell that a provider did not take a limit, and why; said by the clock."""
    refuse_all_but_clock(ctx)
    vendor, subject = _vendor(ctx, provider), subject_of(who)
    wish = outbox.find(ctx.conn, wish_key(vendor.name, subject))
    if wish is None or not wish.error:
        return DONE
    next_ = "It is tried again." if wish.state == "open" else "It was given up: mend it, then say “retry”."
    why = (Text(wish.error), Text(f"{next_} Finance is told."))
    for one in _waiting(ctx, vendor, subject):
        tell_asker(ctx, one, f"Approved, but {vendor.service} has not taken it yet", why, key=_applied(vendor))
    held = limits.find(ctx.conn, vendor.name, subject)
    name = _name(ctx, held) if held else subject.external_id
    card = Card(f"{vendor.service} did not take {name}'s limit", (*why[:1], Text(next_), Button("Status", "status")))
    tell_finance(ctx, f"stuck/{vendor.name}/{who}", lambda _reader: replace(card, tone="warn"))
    return DONE


def _waiting(ctx: Context, vendor: Vendor, subject: Subject) -> list[Request]:
    """Grants of whose account it is that were decided lately and are not yet known to be applied at the provider."""
    held = limits.find(ctx.conn, vendor.name, subject)
    found = requests.decided_since(ctx.conn, held.account_id, ctx.now - TOLD_FOR) if held and held.account_id else []
    return [one for one in found if not _is_applied(ctx, one, vendor)]


def _is_applied(ctx: Context, one: Request, vendor: Vendor) -> bool:
    deeds = [row.deed for row in audit.rows(ctx.conn, f"request/{one.id}")]
    return any((each.what, each.authority) == ("applied", vendor.name) for each in deeds)


def _applied(vendor: Vendor) -> str:
    return f"applied/{vendor.name}"


def _later(seconds: int) -> str:
    if seconds == 0:
        return "at once"
    return f"{seconds} s later" if seconds < 120 else f"{round(seconds / 60)} min later"  # noqa: PLR2004 - two minutes


# Plans ---------------------------------------------------------------------------------------------------------------


def limits_(ctx: Context, provider: One = "") -> Card:
    """What the providers allow, what the ledger says, and what would be changed: `limits litellm`. For finance."""
    if not sees_all(ctx):
        raise Refused("The limits at the providers are for finance and admins.")
    vendors = [_vendor(ctx, provider)] if provider else [each for each in ctx.house.vendors if "limits" in each.can]
    if not vendors:
        raise Refused("No provider in app.yaml tells its limits. Say “providers” to see what they can do.")
    desk, blocks, changes = Desk(ctx), list[Block](), 0
    for vendor in vendors:
        lines = list(desk.lines(limits.of_provider(ctx.conn, vendor.name)))
        open_ = [line for line in lines if line.action != "same"]
        changes += len(open_)
        blocks += _plan(ctx, vendor, open_, len(lines))
    blocks += [Text(_overshoot(ctx), quiet=True)] if len(vendors) > 1 else []
    title = f"{changes} limits differ from the ledger" if changes else "All limits are as the ledger says"
    return Card(title, tuple(blocks), "warn" if changes else "good")


def proceed(ctx: Context, provider: One) -> Card:
    """Change all limits of a provider that differ, however many: `proceed litellm`. For finance, when it was asked."""
    if "finance" not in ctx.person.roles:
        raise Refused("Only finance lets that many limits be changed.")
    vendor = _vendor(ctx, provider)
    if "set_limit" not in vendor.can:
        raise Refused(f"{vendor.service} lets nobody set limits from outside, or app.yaml says limits: read.")
    lines = list(Desk(ctx).lines(limits.of_provider(ctx.conn, vendor.name)))
    writes = [line for line in lines if line.action == "write"]
    for line in writes:
        _wish(ctx, line)
    ctx.deed("let limits change", f"provider/{vendor.name}", "role finance", f"{len(writes)} limits")
    settled = Card(f"{ctx.person.name} let {len(writes)} limits be changed at {vendor.service}")
    tell_finance(ctx, f"stopped/{vendor.name}", lambda _reader: settled)
    return Card(f"{len(writes)} limits are being changed at {vendor.service}", (Button("Status", "status"),))


def restore(ctx: Context, provider: One) -> Card:
    """Set all limits back that were changed at a provider, but for one's own; said by a button when there are many."""
    if "finance" not in ctx.person.roles:
        raise Refused("Only finance settles what was changed at a provider.")
    vendor = _vendor(ctx, provider)
    lines = Desk(ctx).lines(limits.of_provider(ctx.conn, vendor.name))
    asks = [line for line in lines if line.action == "ask" and not _is_own(ctx, line.held.account_id)]
    for line in asks:
        limits.keep(ctx.conn, line.held, -1, ctx.now)
        _wish(ctx, line)
    ctx.deed("restored ours", f"provider/{vendor.name}", "role finance", f"{len(asks)} limits")
    card = Card(f"{ctx.person.name} restored {len(asks)} limits at {vendor.service}")
    tell_finance(ctx, f"changed/{vendor.name}/{ctx.today}", lambda _reader: card)
    return card


def theirs(ctx: Context, provider: One, who: One, seen: One) -> Card:
    """Keep a limit that was set at the provider; said by a button."""
    vendor, line = _conflict(ctx, provider, who, seen)
    limits.keep(ctx.conn, line.held, _certain(line).nanos, ctx.now)
    return _settled(ctx, vendor, line, "kept theirs")


def ours(ctx: Context, provider: One, who: One, seen: One) -> Card:
    """Set a limit back to what the ledger says; said by a button."""
    vendor, line = _conflict(ctx, provider, who, seen)
    limits.keep(ctx.conn, line.held, -1, ctx.now)  # seen and acknowledged, so that ours may be written over it
    _wish(ctx, line)
    return _settled(ctx, vendor, line, "restored ours")


def adopt(ctx: Context, provider: One, who: One, seen: One) -> Card:
    """Make a limit that was set at the provider the ledger's own, for this period; said by a button."""
    vendor, line = _conflict(ctx, provider, who, seen)
    wanted = _certain(line)
    standing = wanted.standing
    if line.held.seen_nanos is None or standing.account_id != line.held.account_id or standing.is_share:
        raise Refused(f"That cannot become a rule of {standing.name}'s budget. Keep theirs, or restore ours.")
    difference = ctx.house.from_dollars(line.held.seen_nanos - wanted.nanos, ctx.today) or 0
    move(ctx, standing, "correction", difference, f"adopted from {vendor.service}")
    again = Desk(ctx, people.account(ctx.conn, standing.account_id)).wanted(vendor, line.held)
    limits.keep(ctx.conn, line.held, again.nanos if again else wanted.nanos, ctx.now)
    return _settled(ctx, vendor, line, "adopted theirs")


def _conflict(ctx: Context, provider: str, who: str, seen: str) -> tuple[Vendor, Line]:
    """The conflict that a button is about, if it still stands and is the presser's to settle."""
    if "finance" not in ctx.person.roles:
        raise Refused("Only finance settles what was changed at a provider.")
    vendor, subject = _vendor(ctx, provider), subject_of(who)
    held = limits.find(ctx.conn, vendor.name, subject)
    account = people.account(ctx.conn, held.account_id) if held else None
    rows = limits.of_account(ctx.conn, account.id) if account else []
    line = next((each for each in Desk(ctx, account).lines(rows) if each.held == held), None)
    if line is None or line.action != "ask" or _digits(line.held.seen_nanos) != seen:
        raise Refused("That is settled already, or was changed again. Say “limits” to see how it stands.")
    if account and _is_own(ctx, account.id):
        raise Refused("That is a limit of your own. Ask a colleague of finance.")
    return vendor, line


def _is_own(ctx: Context, account_id: str) -> bool:
    """Whether who speaks spends of an account, or owns it."""
    account = people.account(ctx.conn, account_id)
    return account is not None and (
        account.id in people.ancestors(ctx.conn, ctx.account_id) or account.owner_id == ctx.person.id
    )


def _settled(ctx: Context, vendor: Vendor, line: Line, what: str) -> Card:
    who = subject_word(line.held.subject)
    seen = _dollars(ctx, line.held.seen_nanos)
    wanted = _dollars(ctx, _certain(line).nanos)
    ctx.deed(what, f"limit/{vendor.name}/{who}"[:80], "role finance", f"theirs {seen}, ours {wanted}")
    card = Card(f"{ctx.person.name} {what}: {_name(ctx, line.held)} at {vendor.service}", (_both(ctx, line),))
    tell_finance(ctx, _conflict_key(vendor, line.held), lambda _reader: card)
    hint = "For every period: change the budget in app.yaml." if what == "adopted theirs" else ""
    return replace(card, blocks=(*card.blocks, Text(hint))) if hint else card


def _ask_finance(ctx: Context, vendor: Vendor, line: Line) -> None:
    tell_finance(ctx, _conflict_key(vendor, line.held), lambda reader: _conflict_card(reader, vendor, line))


def _conflict_card(ctx: Context, vendor: Vendor, line: Line) -> Card:
    about = f"{vendor.name} {subject_word(line.held.subject)} {_digits(line.held.seen_nanos)}"
    return Card(
        f"Somebody set {_name(ctx, line.held)}'s limit at {vendor.service} to {_dollars(ctx, line.held.seen_nanos)}",
        (
            _both(ctx, line),
            Button("Restore ours", f"ours {about}", style="primary"),
            Button("Keep theirs", f"theirs {about}"),
            Button("Adopt as a rule", f"adopt {about}"),
        ),
        "warn",
    )


def _conflict_key(vendor: Vendor, held: Held) -> str:
    return f"conflict/{vendor.name}/{subject_word(held.subject)}/{_digits(held.seen_nanos)}"


def _both(ctx: Context, line: Line) -> Facts:
    return Facts((("Theirs", _dollars(ctx, line.held.seen_nanos)), ("Ours", _dollars(ctx, _certain(line).nanos))))


def _changed_card(ctx: Context, vendor: Vendor, asks: list[Line], lines: list[Line]) -> Card:
    title = f"{len(asks)} of {len(lines)} limits were changed at {vendor.service}"
    why = "Somebody changed them there, so nothing was written over them."
    back = Button("Restore all", f"restore {vendor.name}", style="primary", confirm=f"Restore {len(asks)} limits?")
    return _many(ctx, vendor, title, why, asks, back)


def _stopped_card(ctx: Context, vendor: Vendor, writes: list[Line], lines: list[Line]) -> Card:
    title = f"{len(writes)} of {len(lines)} limits at {vendor.service} would change"
    why = "That is a large part, so nothing was changed. Look at the plan, then let it go ahead."
    go = Button("Go ahead", f"proceed {vendor.name}", style="primary", confirm=f"Change {len(writes)} limits?")
    return _many(ctx, vendor, title, why, writes, go)


def _many(ctx: Context, vendor: Vendor, title: str, why: str, lines: list[Line], settle: Button) -> Card:
    """What finance is asked about once, and not for each limit."""
    show = Button("Show the plan", f"limits {vendor.name}")
    return Card(title, (Text(why), *_plan(ctx, vendor, lines[:FEW_SHOWN], len(lines)), settle, show), "warn")


def _plan(ctx: Context, vendor: Vendor, lines: list[Line], total: int) -> list[Block]:
    if not lines:
        return [Text(f"{vendor.service}: {total} limits, all as they should be.")]
    verbs = {"write": "will be set", "ask": "changed there: finance decides", "same": ""}
    rows = tuple(
        (
            _name(ctx, line.held),
            _dollars(ctx, line.held.seen_nanos),
            _dollars(ctx, _certain(line).nanos),
            verbs[line.action],
        )
        for line in lines[:ROWS_MAX]
    )
    more = f", the first {ROWS_MAX} of {len(lines)}" if len(lines) > ROWS_MAX else ""
    return [Table(f"{vendor.service}{more}", ("Who", "There now", "By the ledger", "What"), rows, "lrrl")]


def _overshoot(ctx: Context) -> str:
    if ctx.house.limits.split == "recent":
        return "One budget over several providers: each may spend its part of what is left, by recent use."
    return (
        "One budget over several providers: each may spend all that is left, so what is left could be spent once at "
        "each of them before the next reading."
    )


def _report_uncapped(ctx: Context, vendor: Vendor, lines: list[Line]) -> None:
    """A new key or user that nothing limits, here or there, is the forgotten cap of the next shocking bill."""
    since = ctx.now - timedelta(days=1)
    capped = {line.held.account_id for line in lines if line.wanted}
    # Who cannot be limited there has an owner here, whose budget is watched.
    capped |= {line.held.account_id for line in lines if line.held.subject.kind not in vendor.limited} - {""}
    new = [
        line.held
        for line in lines
        if line.held.account_id not in capped and line.held.seen_nanos is None and not line.held.paused
        if line.held.subject.kind in ("key", "user") and line.held.first_seen_at >= since
    ]
    if new:
        rows = tuple((_name(ctx, each), each.subject.kind) for each in new[:ROWS_MAX])
        tell_finance(
            ctx,
            f"uncapped/{vendor.name}/{ctx.today}",
            lambda _reader: Card(
                f"{len(new)} new at {vendor.service} without any cap",
                (
                    Table("No limit there, no budget here", ("Name", "What"), rows, "ll"),
                    Button("Whose are they?", "link"),
                ),
                "warn",
            ),
        )


# Kernel --------------------------------------------------------------------------------------------------------------


def wish_key(provider: str, subject: Subject) -> str:
    """The key of the wish for a limit."""
    return f"limit/{provider}/{subject_word(subject)}"


def subject_word(subject: Subject) -> str:
    """A provider's subject as one word of a sentence."""
    return f"{subject.kind}:{quote(subject.external_id, safe='')}"


def subject_of(word: str) -> Subject:
    """The subject that such a word means.

    Raises:
        Refused: it is none.
    """
    kind, _, external_id = word.partition(":")
    if kind not in get_args(SubjectKind):
        raise Refused("Say whom, such as: user:usr_123")
    return Subject(kind, unquote(external_id))  # type: ignore[arg-type]


def tell_finance(ctx: Context, key: str, make: Callable[[Context], Card]) -> None:
    """Show everybody of finance a card, in their own words of numbers and dates."""
    for person in people.people_with_role(ctx.conn, "finance"):
        reader = replace(ctx, person=person)
        reader.tell(person.id, key, make(reader))


def _are_too_many(ctx: Context, writes: list[Line], managed: list[Line]) -> bool:
    """Whether more than the set share would change for another reason than that the time has moved on."""
    changed = [line for line in writes if line.held.known_limit != _certain(line).standing.limit]
    return len(changed) > FEW and len(changed) * 100 > ctx.house.limits.ask_above_percent * len(managed)


def _wish(ctx: Context, line: Line) -> None:
    wanted, held = _certain(line), line.held
    payload = {
        "kind": held.subject.kind,
        "id": held.subject.external_id,
        "nanos": wanted.nanos,
        "limit": wanted.standing.limit,
    }
    key = wish_key(held.provider, held.subject)
    outbox.ensure(ctx.conn, key, "limit", held.provider, json.dumps(payload), ctx.now, ctx.now, again=True)


def _found_equal(lines: list[Line]) -> Iterator[Told]:
    """Limits that are as they should be, though we never heard that what we said had arrived."""
    for held, wanted in ((line.held, line.wanted) for line in lines if line.action == "same"):
        if wanted and held.seen_nanos == wanted.nanos != held.known_nanos:
            yield Told(held.provider, held.subject, wanted.nanos, wanted.standing.limit, held.seen_at)


def _certain(line: Line) -> Wanted:
    if line.wanted is None:
        raise Refused("No budget says what that limit should be.")
    return line.wanted


def _name(ctx: Context, held: Held) -> str:
    account = people.account(ctx.conn, held.account_id) if held.account_id else None
    if account and held.subject.kind == "member":
        return f"{account.name} in {held.name or held.subject.team}"
    return account.name if account else held.name or held.subject.external_id or "The organization"


def _dollars(ctx: Context, nanos: int | None) -> str:
    return "no limit" if nanos is None else ctx.amount(nanos, "USD")


def _digits(nanos: int | None) -> str:
    return "none" if nanos is None else str(nanos)


def _vendor(ctx: Context, name: str) -> Vendor:
    vendor = ctx.house.vendor(name)
    if vendor is None:
        known = ", ".join(each.name for each in ctx.house.vendors) or "none"
        raise Refused(f"There is no provider “{name}” in app.yaml; there is {known}.")
    return vendor
