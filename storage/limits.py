"""What providers say they allow, and what they were told to.

Three figures stand beside each other: what we last told the provider (known), what it says now (seen), and, computed
from the ledger each time, what it ought to be (wanted, handlers/limits/reconcile.py).
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote, unquote

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    cast,
    delete,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
    update,
)

from storage.tables import ORGANIZATION, Instant, limits, links, pauses
from storage.upsert import insert_into

SubjectKind = Literal["user", "key", "team", "member", "organization"]
Window = Literal["day", "week", "month", "total"]

HOOKS = "hooks"
"""Stands for a provider where programs ask first whether they may spend; no provider may be called so."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is limited at a provider.

    Args:
        kind: "user", "key", "team" (a project, workspace or cost centre), "member" (a user within a team) or
            "organization".
        external_id: the provider's own id, "" for the organization; of a member those of the team and of the user.
    """

    kind: SubjectKind
    external_id: str

    @classmethod
    def of_member(cls, team: str, user: str) -> "Subject":
        """A user within a team."""
        return cls("member", f"{quote(team, safe='')}/{user}")

    @property
    def team(self) -> str:
        """A member's team."""
        return unquote(self.external_id.partition("/")[0])

    @property
    def user(self) -> str:
        """A member's user."""
        return self.external_id.partition("/")[2]


Cap = tuple[Window, int]
"""A further limit of somebody at a provider, which is not ours to set: each window, and 10⁻⁹ US dollars."""


@dataclass(frozen=True, slots=True)
class SeenLimit:
    """What a provider says of one: the limit in 10⁻⁹ of its currency each window, or in "tokens"; None for no limit.

    With it: when what was used next starts from nothing there, and what is counted now, None for what is not said; what
    else caps it; and whether the provider says that it refuses requests under it now.
    """

    subject: Subject
    name: str
    window: Window
    nanos: int | None
    paused: bool
    currency: str = "USD"
    resets_at: datetime | None = None
    spent_nanos: int | None = None
    caps: tuple[Cap, ...] = ()
    refusing: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """All that is known of one limit at a provider.

    Args:
        provider: its name in app.yaml.
        subject: whose limit.
        account_id: whose that is here, "" if it is linked to nobody.
        name: what people call it there.
        window: how often what was used starts from nothing there.
        seen_nanos: what the provider says now, None for no limit.
        seen_at: when it said so.
        first_seen_at: when we heard of it first.
        said_nanos: what we last began to tell it; its answer may have been lost.
        known_nanos: what it last confirmed that we told it, None if it never did.
        known_limit: the limit in the ledger from which that followed.
        kept_nanos: what we wanted when finance decided to keep what was set there; below zero when it was restored.
        paused: whether it is blocked there.
        currency: ISO 4217 code of all amounts.
        kept_seen_nanos: what finance kept, None for no limit.
        resets_at: when what was used next starts from nothing there, None if the provider does not say.
        spent_nanos: what is counted against it there, None if the provider does not say.
        caps: further limits there, as JSON; see `further`.
        refusing: whether the provider says that it refuses requests under it now.
        stopped: whether somebody paused it here.
    """

    provider: str
    subject: Subject
    account_id: str
    name: str
    window: Window
    seen_nanos: int | None
    seen_at: datetime
    first_seen_at: datetime
    said_nanos: int | None
    known_nanos: int | None
    known_limit: int | None
    kept_nanos: int | None
    paused: bool
    currency: str = "USD"
    kept_seen_nanos: int | None = None
    resets_at: datetime | None = None
    spent_nanos: int | None = None
    caps: str = ""
    refusing: bool = False
    stopped: bool = False

    @property
    def further(self) -> tuple[Cap, ...]:
        """Further limits there, which are not ours to set."""
        return tuple((window, nanos) for window, nanos in json.loads(self.caps or "[]"))

    @property
    def is_kept(self) -> bool:
        """Whether finance decided to keep what was set there."""
        return self.kept_nanos is not None and self.kept_nanos >= 0


_OWNER = case((limits.c.kind == "organization", literal(ORGANIZATION)), else_=links.c.account_id)
_IS_OF = and_(
    links.c.platform == limits.c.provider,
    links.c.kind == limits.c.kind,
    links.c.external_id == limits.c.external_id,
)
_IS_PAUSED = and_(*(pauses.c[name] == limits.c[name] for name in ("provider", "kind", "external_id")))
_HELD = select(
    limits.c.provider,
    limits.c.kind,
    limits.c.external_id,
    _OWNER,
    *(limits.c[name] for name in list(Held.__dataclass_fields__)[3:-1]),
    pauses.c.provider.is_not(None),
).select_from(limits.outerjoin(links, _IS_OF).outerjoin(pauses, _IS_PAUSED))
# The same for those who are linked, found by whom: a limit is looked up for each of their identities.
_OF_LINKED = select(
    limits.c.provider,
    limits.c.kind,
    limits.c.external_id,
    links.c.account_id,
    *(limits.c[name] for name in list(Held.__dataclass_fields__)[3:-1]),
    pauses.c.provider.is_not(None),
).select_from(links.join(limits, _IS_OF).outerjoin(pauses, _IS_PAUSED))
_OF_PROVIDER = _HELD.where(limits.c.provider == bindparam("provider")).order_by(limits.c.kind, limits.c.external_id)
_COUNTS = select(
    func.count(),
    func.count(limits.c.seen_nanos),
    func.sum(
        case(
            (and_(limits.c.known_nanos.is_not(None), limits.c.seen_nanos.is_distinct_from(limits.c.known_nanos)), 1),
            else_=0,
        )
    ),
).where(limits.c.provider == bindparam("provider"))
_LINKED = links.c.account_id == bindparam("account")
_ITS_OWN = and_(limits.c.kind == "organization", literal(ORGANIZATION) == bindparam("account"))
_OF_ACCOUNT = _HELD.where(or_(_LINKED, _ITS_OWN)).order_by(limits.c.provider, limits.c.kind, limits.c.external_id)


def held_of(row: Any) -> Held:
    """A limit from a row of EVERYWHERE."""
    return Held(row[0], Subject(row[1], row[2]), row[3] or "", *row[4:])


def _one(provider: str, subject: Subject) -> ColumnElement[bool]:
    return and_(
        limits.c.provider == provider, limits.c.kind == subject.kind, limits.c.external_id == subject.external_id
    )


def note_seen(conn: Connection, provider: str, batch: Iterable[SeenLimit], now: datetime) -> None:
    """Note what a provider says of some; what we told it stays."""
    rows = [
        {
            "provider": provider,
            "kind": each.subject.kind,
            "external_id": each.subject.external_id,
            "name": each.name,
            "window": each.window,
            "paused": each.paused,
            "currency": each.currency,
            "seen_nanos": each.nanos,
            "seen_at": now,
            "first_seen_at": now,
            "resets_at": each.resets_at,
            "spent_nanos": each.spent_nanos,
            "caps": json.dumps(each.caps) if each.caps else "",
            "refusing": each.refusing,
        }
        for each in sorted(batch, key=lambda each: (each.subject.kind, each.subject.external_id))
    ]
    if rows:
        statement = insert_into(conn, limits)
        known = ("provider", "kind", "external_id", "first_seen_at")
        statement = statement.on_conflict_do_update(
            index_elements=["provider", "kind", "external_id"],
            set_={name: statement.excluded[name] for name in rows[0] if name not in known},
        )
        conn.execute(statement, rows)


def forget(conn: Connection, provider: str, subject: Subject) -> None:
    """Forget somebody who is not there any more, and that they were paused."""
    conn.execute(delete(limits).where(_one(provider, subject)))
    conn.execute(delete(pauses).where(_that(provider, subject)))


def forget_unseen(conn: Connection, provider: str, since: datetime) -> None:
    """Forget those that a whole list of the provider no longer names."""
    conn.execute(delete(limits).where(limits.c.provider == provider, limits.c.seen_at < since))


def of_provider(conn: Connection, provider: str) -> list[Held]:
    """Everybody whose limit a provider has told us."""
    return [held_of(row) for row in conn.execute(_OF_PROVIDER, {"provider": provider})]


def counts(conn: Connection, provider: str) -> tuple[int, int, int]:
    """How many limits a provider has told us, to how many of them it sets an amount, and how many are not what we said.

    The last are those that were changed there after we had set them.
    """
    row = conn.execute(_COUNTS, {"provider": provider}).one()
    return int(row[0]), int(row[1] or 0), int(row[2] or 0)


def of_account(conn: Connection, account_id: str) -> list[Held]:
    """An account's limits at all providers."""
    return [held_of(row) for row in conn.execute(_OF_ACCOUNT, {"account": account_id})]


_OF_A_PAUSE: dict[str, ColumnElement[Any]] = {
    "name": pauses.c.name,
    "window": literal("total"),
    "seen_at": pauses.c.paused_at,
    "first_seen_at": pauses.c.paused_at,
    "paused": false(),
    "currency": literal("USD"),
    "caps": literal(""),
    "refusing": false(),
    "resets_at": cast(null(), Instant),
}
_AT_HOOKS = select(
    pauses.c.provider,
    pauses.c.kind,
    pauses.c.external_id,
    pauses.c.external_id,
    *(_OF_A_PAUSE.get(name, cast(null(), BigInteger)) for name in list(Held.__dataclass_fields__)[3:-1]),
    true(),
).where(pauses.c.provider == HOOKS, pauses.c.external_id == bindparam("account"))
# Each part is found by an index, and none is in another: where everybody has a limit, all of them together are a scan.
_ABOVE_REFUSES = and_(
    limits.c.refusing,
    links.c.account_id.in_(bindparam("above", expanding=True)),
    links.c.account_id != bindparam("account"),
)
_ORGANIZATION_REFUSES = and_(
    limits.c.kind == "organization", or_(limits.c.refusing, literal(ORGANIZATION) == bindparam("account"))
)
EVERYWHERE = union_all(
    _OF_LINKED.where(_LINKED), _OF_LINKED.where(_ABOVE_REFUSES), _HELD.where(_ORGANIZATION_REFUSES), _AT_HOOKS
)
"""Selects the limits of the account of the parameter `account`, those of accounts `above` it that refuse now, and
whether the account is paused where its programs ask first."""


def everywhere(conn: Connection, account_id: str, above: Collection[str]) -> list[Held]:
    """What binds an account at all providers, and its pause where its programs ask first."""
    rows = conn.execute(EVERYWHERE, {"account": account_id, "above": list(above)})
    return sorted(map(held_of, rows), key=lambda each: (each.provider, each.subject.kind, each.subject.external_id))


def find(conn: Connection, provider: str, subject: Subject) -> Held | None:
    """What is known of one, or None."""
    row = conn.execute(_HELD.where(_one(provider, subject))).first()
    return held_of(row) if row else None


def named(conn: Connection, word: str) -> list[Held]:
    """Those that a provider calls by this id or name."""
    return [held_of(row) for row in conn.execute(_HELD.where(or_(limits.c.external_id == word, limits.c.name == word)))]


def note_said(conn: Connection, held: Held, nanos: int) -> None:
    """Note what we are about to tell a provider. If its answer is lost, what is seen later is known to be ours.

    What was said before and is seen there counts as confirmed.
    """
    values = {"said_nanos": nanos}
    if held.seen_nanos is not None and held.seen_nanos == held.said_nanos:
        values["known_nanos"] = held.seen_nanos
    conn.execute(update(limits).where(_one(held.provider, held.subject)).values(**values))


@dataclass(frozen=True, slots=True)
class Told:
    """A provider has what we told it: how much, and from which limit of the ledger that followed."""

    provider: str
    subject: Subject
    nanos: int
    limit: int
    at: datetime


_KNOWN = (
    update(limits)
    .where(
        limits.c.provider == bindparam("where"),
        limits.c.kind == bindparam("what"),
        limits.c.external_id == bindparam("whose"),
    )
    .values(
        said_nanos=bindparam("nanos"),
        known_nanos=bindparam("nanos"),
        seen_nanos=bindparam("nanos"),
        known_limit=bindparam("limit"),
        known_at=bindparam("at"),
        seen_at=bindparam("at"),
    )
)
_FOUND = _KNOWN.values(kept_nanos=None, kept_seen_nanos=None)


def note_known(conn: Connection, told: Iterable[Told], *, found: bool = False) -> None:
    """Note that providers have what we told them.

    If it was found there as the ledger says it, nothing is kept any more.
    """
    rows = [
        {
            "where": each.provider,
            "what": each.subject.kind,
            "whose": each.subject.external_id,
            "nanos": each.nanos,
            "limit": each.limit,
            "at": each.at,
        }
        for each in told
    ]
    if rows:
        conn.execute(_FOUND if found else _KNOWN, rows)


_KEPT = (
    update(limits)
    .where(
        limits.c.provider == bindparam("where"),
        limits.c.kind == bindparam("what"),
        limits.c.external_id == bindparam("whose"),
    )
    .values(
        known_nanos=limits.c.seen_nanos,
        known_at=bindparam("at"),
        kept_nanos=bindparam("wanted"),
        kept_seen_nanos=limits.c.seen_nanos,
    )
)


def keep(conn: Connection, kept: Iterable[tuple[Held, int]], now: datetime) -> None:
    """Let what was set at the provider stand for now, of each: beside the nanos that we would want.

    What we want more or less from then on comes on top of it.
    """
    rows = [
        {
            "where": held.provider,
            "what": held.subject.kind,
            "whose": held.subject.external_id,
            "at": now,
            "wanted": wanted_nanos,
        }
        for held, wanted_nanos in kept
    ]
    if rows:
        conn.execute(_KEPT, rows)


# Pauses --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Paused:
    """Somebody who is paused, or being paused or resumed.

    Args:
        provider: where.
        subject: whom.
        name: what people call it there.
        paused_by: id of who said so.
        paused_at: when.
        before: what the provider needs to restore it exactly, "" until it was asked.
        resumed_by: who wants to resume it, "" if nobody does.
    """

    provider: str
    subject: Subject
    name: str
    paused_by: str
    paused_at: datetime
    before: str
    resumed_by: str


def _that(provider: str, subject: Subject) -> ColumnElement[bool]:
    return and_(
        pauses.c.provider == provider, pauses.c.kind == subject.kind, pauses.c.external_id == subject.external_id
    )


def _paused(row: Any) -> Paused:
    return Paused(row[0], Subject(row[1], row[2]), *row[3:])


def pause(conn: Connection, held: Held, by: str, now: datetime) -> bool:
    """Note that somebody is to be paused; False if they are already."""
    row = {
        "provider": held.provider,
        "kind": held.subject.kind,
        "external_id": held.subject.external_id,
        "name": held.name,
        "paused_by": by,
        "paused_at": now,
        "before": "",
        "resumed_by": "",
    }
    statement = insert_into(conn, pauses).on_conflict_do_nothing().returning(pauses.c.provider)
    return conn.execute(statement, row).first() is not None


def paused(conn: Connection, provider: str = "") -> list[Paused]:
    """Who is paused, at one provider or at all."""
    rows = conn.execute(select(pauses).where(or_(literal(provider) == "", pauses.c.provider == provider)))
    return sorted(map(_paused, rows), key=lambda each: (each.provider, each.subject.kind, each.subject.external_id))


_PAUSES_OF = (
    select(pauses)
    .outerjoin(
        links,
        and_(
            links.c.platform == pauses.c.provider,
            links.c.kind == pauses.c.kind,
            links.c.external_id == pauses.c.external_id,
        ),
    )
    .where(
        or_(
            links.c.account_id == bindparam("account"),
            and_(pauses.c.provider == HOOKS, pauses.c.external_id == bindparam("account")),
        )
    )
    .order_by(pauses.c.paused_at, pauses.c.provider, pauses.c.external_id)
)


def pauses_of(conn: Connection, account_id: str) -> list[Paused]:
    """Where an account is paused, the earliest first."""
    return [_paused(row) for row in conn.execute(_PAUSES_OF, {"account": account_id})]


def account_held(account_id: str, name: str, now: datetime) -> Held:
    """An account as something that can be paused where its programs ask first."""
    return Held(
        provider=HOOKS,
        subject=Subject("user", account_id),
        account_id=account_id,
        name=name,
        window="total",
        seen_nanos=None,
        seen_at=now,
        first_seen_at=now,
        said_nanos=None,
        known_nanos=None,
        known_limit=None,
        kept_nanos=None,
        paused=False,
    )


def find_paused(conn: Connection, provider: str, subject: Subject) -> Paused | None:
    """Whether and how somebody is paused."""
    row = conn.execute(select(pauses).where(_that(provider, subject))).first()
    return _paused(row) if row else None


def note_before(conn: Connection, provider: str, subject: Subject, before: str) -> None:
    """Keep what is needed to restore somebody, the first word only: the second would say that they are paused."""
    conn.execute(update(pauses).where(_that(provider, subject), pauses.c.before == "").values(before=before))


def note_resumer(conn: Connection, provider: str, subject: Subject, by: str) -> None:
    """Note who wants to resume somebody."""
    conn.execute(update(pauses).where(_that(provider, subject)).values(resumed_by=by))


def end_pause(conn: Connection, provider: str, subject: Subject) -> None:
    """Forget a pause that was lifted."""
    conn.execute(delete(pauses).where(_that(provider, subject)))
