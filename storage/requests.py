"""Requests for more: pending, then resolved at most once."""

import re
import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from functools import cache
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from storage.prepared import Prepared, Written, run, run_ahead
from storage.sums import halves, whole
from storage.tables import FOREVER, Instant, asked, delegations, lineage, requests
from storage.upsert import upsert

RequestState = Literal["proposed", "pending", "approved", "denied", "withdrawn", "expired", "revoked"]
RequestKind = Literal["", "exception", "claim"]
ID_DIGITS_MAX = 9


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody asks for more.

    Args:
        id: the number people say.
        handle: an opaque word for buttons; knowing it gives no right.
        version: counts changes of what is asked; a decision is valid for the version that was seen.
        state: pending until it is resolved once; before that proposed, when a program asked and the person it works for
            has not sent it on.
        asker_id: who asks.
        account_id: who would spend.
        budget: of which rule.
        period_start: first day of the period it is for.
        until: the last day on which what is granted may be spent.
        amount: nanos or tokens.
        unit: currency code or "tokens".
        reason: what for, in the asker's words.
        stages: who has to decide, as JSON, as the rules stood when it was asked.
        stage: which of them is deciding now.
        raised: how often it went one manager up for want of an answer.
        reminded_on: the day of the asker's last reminder.
        asked_at: when.
        resolved_at: when it was decided, None while pending.
        resolved_by: by whom, "" while pending.
        resolved_amount: what was granted.
        resolved_note: the decider's reason.
        ended_at: when a grant was ended, by its day or by being revoked.
        origin: "provider/id" of the provider's own request that it mirrors, "" if it was asked here.
        applied: names of the providers that are known to have what was granted, with blanks between.
        kind: "" for extra budget in a period, "exception" for another limit; then the amounts are limits of a period.
            "claim" for money that was paid already (storage/claims.py); its budget is the claim's category.
        given: what of a share was given out of what is free in the pool; the amount is what is asked beyond that.
        share_base: what somebody without a share had used when they were given one, None for who had one.
        through: the program that asked in the asker's stead, as its token is called; "" if a person asked.
        before: what was granted to whoever asks or to the account in its unit since its period began, where it is read.
    """

    id: int
    handle: str
    version: int
    state: RequestState
    asker_id: str
    account_id: str
    budget: str
    period_start: date
    until: date
    amount: int
    unit: str
    reason: str
    stages: str
    stage: int
    raised: int
    reminded_on: date | None
    asked_at: datetime
    resolved_at: datetime | None
    resolved_by: str
    resolved_amount: int
    resolved_note: str
    ended_at: datetime | None
    origin: str
    applied: str
    kind: RequestKind
    given: int
    share_base: int | None
    through: str = ""
    before: int = field(default=0, compare=False)

    @property
    def is_exception(self) -> bool:
        """Whether another limit is asked for, beyond the present period."""
        return self.kind == "exception"

    @property
    def is_claim(self) -> bool:
        """Whether money is claimed back that was paid already."""
        return self.kind == "claim"

    @property
    def granted(self) -> int:
        """All that whoever asked was given: beyond the pool, and out of what is free in it."""
        return self.resolved_amount + self.given

    @property
    def seen(self) -> str:
        """What a button says that decides: the handle, and the version that was seen when it was pressed."""
        return f"{self.handle}.{self.version}"


@dataclass(frozen=True, slots=True)
class Resolution:
    """How a request ends."""

    state: RequestState
    by: str
    amount: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody who was asked to decide.

    Args:
        stage: at which stage.
        person_id: who.
        for_id: in whose stead, "" for themself.
        said: "" while they are waited for, "approved", "closed" when others decide in their place now, or "unreached"
            when the question could not be brought to them.
    """

    stage: int
    person_id: str
    for_id: str
    said: str

    @property
    def agreed(self) -> bool:
        """Whether they said yes."""
        return self.said == "approved"

    @property
    def is_closed(self) -> bool:
        """Whether others decide in their place now."""
        return self.said == "closed"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for; see Request."""

    asker_id: str
    account_id: str
    budget: str
    period_start: date
    until: date
    amount: int
    unit: str
    reason: str
    stages: str
    origin: str = ""
    kind: RequestKind = ""
    through: str = ""
    share_base: int | None = None


_BY_NUMBER = select(requests).where(requests.c.id == bindparam("id"))
_BY_HANDLE = select(requests).where(requests.c.handle == bindparam("handle"))
_ASKED = (
    select(asked.c.stage, asked.c.person_id, asked.c.for_id, asked.c.said)
    .where(asked.c.request_id == bindparam("id"))
    .order_by(asked.c.stage, asked.c.person_id)
)
_SUM = requests.c.resolved_amount + requests.c.given
_EARLIER = requests.alias("earlier")
_BEFORE = and_(
    _EARLIER.c.id != requests.c.id,
    _EARLIER.c.unit == requests.c.unit,
    (_EARLIER.c.kind == "claim") == (requests.c.kind == "claim"),
    _EARLIER.c.state.in_(("approved", "revoked")),
    _EARLIER.c.period_start >= requests.c.period_start,
    or_(
        _EARLIER.c.asker_id == requests.c.asker_id,
        and_(_EARLIER.c.account_id == requests.c.account_id, _EARLIER.c.budget == requests.c.budget),
    ),
)
_BEFORE_HIGH, _BEFORE_LOW = (
    select(half).where(_BEFORE).correlate(requests).scalar_subquery()
    for half in halves(_EARLIER.c.resolved_amount + _EARLIER.c.given)
)
_WITH_ASKED = (
    select(
        requests,
        asked.c.stage,
        asked.c.person_id,
        asked.c.for_id,
        asked.c.said,
        _BEFORE_HIGH.label("before_high"),
        _BEFORE_LOW.label("before_low"),
    )
    .outerjoin(asked, asked.c.request_id == requests.c.id)
    .order_by(requests.c.id, asked.c.stage, asked.c.person_id)
)
_BY_NUMBER_WITH_ASKED = Prepared(_WITH_ASKED.where(requests.c.id == bindparam("word")))
_BY_HANDLE_WITH_ASKED = Prepared(_WITH_ASKED.where(requests.c.handle == bindparam("word")))
FIELDS = tuple(name for name in Request.__dataclass_fields__ if name != "before")
_MINE = (
    select(requests)
    .where(requests.c.asker_id == bindparam("person"), requests.c.asked_at >= bindparam("since"))
    .order_by(requests.c.id.desc())
)


def ask_for(conn: Connection, wanted: Wanted, now: datetime, state: RequestState = "pending") -> Request:
    """Open a request; a program's is only proposed."""
    row = {name: getattr(wanted, name) for name in Wanted.__dataclass_fields__} | {
        "handle": secrets.token_hex(16),
        "version": 1,
        "state": state,
        "stage": 0,
        "raised": 0,
        "asked_at": now,
        "resolved_by": "",
        "resolved_amount": 0,
        "resolved_note": "",
        "applied": "",
        "given": 0,
    }
    return Request(*conn.execute(insert(requests).returning(requests), row).one())


def find(conn: Connection, word: str) -> Request | None:
    """The request under a number or a handle, or None."""
    if _is_number(word):
        row = conn.execute(_BY_NUMBER, {"id": int(word)}).first()
    else:
        row = conn.execute(_BY_HANDLE, {"handle": word}).first()
    return Request(*row) if row else None


def find_with_asked(conn: Connection, word: str) -> tuple[Request, tuple[Asked, ...]] | None:
    """The request under a number or a handle with everybody who was asked, stage by stage; or None."""
    if _is_number(word):
        rows = _BY_NUMBER_WITH_ASKED.rows(conn, {"word": int(word)})
    else:
        rows = _BY_HANDLE_WITH_ASKED.rows(conn, {"word": word})
    return next(iter(_with_asked(rows)), None)


_HOLD = """
select pg_advisory_xact_lock(number), apart from (
  select distinct hashtextextended(whose, 0) as number,
    kind = '' and origin = '' and given = 0 and share_base is null and position('"lead"' in stages) = 0
      and starts_with(account_id, 'person/') as apart
  from requests cross join lateral (values ('person/' || asker_id), (account_id)) as held (whose)
  where {} = $1
  order by number
) as held"""
_HOLD_NUMBER, _HOLD_HANDLE = _HOLD.format("id"), _HOLD.format("handle")
_HANDLE = re.compile("[0-9a-f]{32}")


def hold(conn: Connection, word: str, ask_ahead: Callable[[Connection], None]) -> bool:
    """Let nobody else decide about whoever asks by a request, or about whom it is for, until the order is done.

    What is counted of them when it is decided (how much they were granted before) is so still true when it is written.
    The request is asked for in the same trip, by what `find_with_asked` has afterwards.

    Args:
        conn: an order's on PostgreSQL, before anything was read.
        word: a number or a handle.
        ask_ahead: what else is to be known then.

    Returns:
        Whether nothing else is counted: no pool, no claim, no exception, no reservation of an agent.
    """
    if _is_number(word):
        text, with_asked = _HOLD_NUMBER, _BY_NUMBER_WITH_ASKED
    elif _HANDLE.fullmatch(word):
        text, with_asked = _HOLD_HANDLE, _BY_HANDLE_WITH_ASKED
    else:
        return False
    said = int(word) if _is_number(word) else word
    run_ahead(conn, text, [said])  # before all that it holds is read
    ask_ahead(conn)
    with_asked.ahead(conn, {"word": said})
    found = run(conn, text, [said])
    return bool(found and found[0][1])


def waiting_for(conn: Connection, person_id: str) -> list[tuple[Request, tuple[Asked, ...]]]:
    """The same for all that `open_for` finds."""
    return _with_asked(conn.execute(_WITH_ASKED.where(_open_for(person_id))))


def all_pending(conn: Connection) -> list[tuple[Request, tuple[Asked, ...]]]:
    """The same for all that wait for a decision, oldest first."""
    return _with_asked(conn.execute(_WITH_ASKED.where(requests.c.state == "pending")))


def _with_asked(rows: Iterable[Any]) -> list[tuple[Request, tuple[Asked, ...]]]:
    width = len(FIELDS)
    found: dict[int, tuple[Request, list[Asked]]] = {}
    for row in rows:
        if row[0] not in found:
            found[row[0]] = replace(Request(*row[:width]), before=whole(*row[-2:])), []
        _, who = found[row[0]]
        if row[width] is not None:
            who.append(Asked(*row[width:-2]))
    return [(request, tuple(who)) for request, who in found.values()]


def _is_number(word: str) -> bool:
    return word.isdecimal() and len(word) <= ID_DIGITS_MAX


def of_origin(conn: Connection, origin: str) -> Request | None:
    """The request that mirrors a provider's own one, or None."""
    row = conn.execute(select(requests).where(requests.c.origin == origin)).first()
    return Request(*row) if row else None


def open_from(conn: Connection, provider: str) -> list[Request]:
    """Pending requests that mirror those of a provider, oldest first."""
    rows = conn.execute(
        select(requests)
        .where(requests.c.state == "pending", requests.c.origin.startswith(f"{provider}/", autoescape=True))
        .order_by(requests.c.id),
    )
    return [Request(*row) for row in rows]


def note_applied(conn: Connection, one: Request, provider: str) -> None:
    """Note that a provider has what was granted. Nobody decides about that, so the version stays."""
    names = " ".join([*one.applied.split(), provider])
    conn.execute(update(requests).where(requests.c.id == one.id).values(applied=names))


def decided_since(conn: Connection, account_id: str, since: datetime) -> list[Request]:
    """Grants of an account that are running and were decided since a moment, oldest first; no claims."""
    rows = conn.execute(
        select(requests)
        .where(requests.c.account_id == account_id, requests.c.state == "approved", requests.c.ended_at.is_(None))
        .where(requests.c.resolved_at >= since, _NO_CLAIM)
        .order_by(requests.c.id),
    )
    return [Request(*row) for row in rows]


def note_ended(conn: Connection, numbers: Collection[int], at: datetime) -> None:
    """Note that what was granted by some requests has ended, unless it had before."""
    running = and_(requests.c.id.in_(numbers), requests.c.ended_at.is_(None))
    conn.execute(update(requests).where(running).values(ended_at=at))


def save(conn: Connection, old: Request, new: Request) -> bool:
    """Write what has become of a request, in the version that was looked at; so it is resolved once at most.

    Returns:
        False if it was resolved or changed meanwhile, and nothing was written.
    """
    saving, values = _saved(old, new)
    return bool(saving.count(conn, values))


def save_or_raise(conn: Connection, old: Request, new: Request, changed: Exception) -> None:
    """The same, with what else the order has to say.

    Args:
        conn: an order's.
        old: as it was looked at.
        new: as it is to be.
        changed: raised if it was resolved or changed meanwhile, at the latest when the order ends.
    """

    def expects(rows: int) -> None:
        if not rows:
            raise changed

    saving, values = _saved(old, new)
    saving.later(conn, values, expects)


def _saved(old: Request, new: Request) -> tuple[Written, dict[str, Any]]:
    values = {name: getattr(new, name) for name in FIELDS if getattr(new, name) != getattr(old, name)}
    here = {"old_id": old.id, "old_version": old.version, "old_state": old.state}
    return _saving(tuple(values)), {**here, **{f"new_{name}": values[name] for name in values}}


@cache
def _saving(names: tuple[str, ...]) -> Written:
    """Built once for each set of columns that change together."""
    here = and_(
        requests.c.id == bindparam("old_id"),
        requests.c.version == bindparam("old_version"),
        requests.c.state == bindparam("old_state"),
    )
    saving = update(requests).where(here).values({name: bindparam(f"new_{name}") for name in names})
    return Written(lambda _dialect: saving)


def mine(conn: Connection, person_id: str, since: datetime) -> list[Request]:
    """What a person asked since a moment, the newest first, at most fifty."""
    return [Request(*row) for row in conn.execute(_MINE, {"person": person_id, "since": since})]


def through_programs(conn: Connection, account_id: str, since: datetime) -> list[Request]:
    """What programs asked for an account since a moment, the newest first."""
    rows = conn.execute(
        select(requests)
        .where(requests.c.account_id == account_id, requests.c.through != "", requests.c.asked_at >= since)
        .order_by(requests.c.id.desc())
    )
    return [Request(*row) for row in rows]


def open_for(conn: Connection, person_id: str) -> list[Request]:
    """Pending requests that a person was asked to decide at their present stage, oldest first."""
    return [Request(*row) for row in conn.execute(select(requests).where(_open_for(person_id)).order_by(requests.c.id))]


def _open_for(person_id: str) -> ColumnElement[bool]:
    mine = asked.alias()
    here = select(mine.c.request_id).where(
        mine.c.person_id == person_id,
        mine.c.stage == requests.c.stage,
        mine.c.request_id == requests.c.id,
        mine.c.said.in_(("", "unreached")),
    )
    return and_(requests.c.state == "pending", here.exists())


_OF_ACCOUNT = and_(
    requests.c.account_id == bindparam("account"),
    requests.c.budget == bindparam("budget"),
    requests.c.period_start == bindparam("first", type_=Date),
)
_EXTRA = requests.c.kind == ""
_GRANTED = and_(_OF_ACCOUNT, _EXTRA, requests.c.state.in_(("approved", "revoked")))
_TIMES = select(func.count()).where(_GRANTED).scalar_subquery()
_HIGH, _LOW = (select(half).where(_GRANTED).scalar_subquery() for half in halves(_SUM))
_NO_CLAIM = requests.c.kind != "claim"
_OPEN = select(func.count()).where(requests.c.asker_id == bindparam("asker"), requests.c.state == "pending", _NO_CLAIM)
_SINCE = and_(
    requests.c.asker_id == bindparam("asker"),
    requests.c.state.in_(("approved", "revoked")),
    requests.c.resolved_at >= bindparam("since", type_=Instant),
    _NO_CLAIM,
)
_RULES = requests.c.resolved_by == "rules"
_SAME_UNIT = requests.c.unit == bindparam("unit")
_AT_ONCE = select(func.count()).where(_SINCE, _RULES)
_COUNTS = select(
    _TIMES,
    _HIGH,
    _LOW,
    _OPEN.scalar_subquery(),
    _AT_ONCE.scalar_subquery(),
    *(select(half).where(_SINCE, _SAME_UNIT).scalar_subquery() for half in halves(_SUM)),
    *(select(half).where(_SINCE, _SAME_UNIT, _RULES).scalar_subquery() for half in halves(_SUM)),
)


@dataclass(frozen=True, slots=True)
class Counts:
    """How often an account was granted more of a budget in a period, how much in all, given back or not.

    `granted` is all that was granted in the unit since a moment to the person, of whatever budget and for whomever,
    `at_once_amount` what of it the rules alone granted.
    `open` is how many requests of a person's wait for a decision, and `at_once` how many the rules alone granted to
    them, of whatever budget and for whomever.
    """

    times: int
    amount: int
    open: int
    at_once: int
    granted: int = 0
    at_once_amount: int = 0


def counts(
    conn: Connection, account_id: str, budget: str, period_start: date, unit: str, asker_id: str, since: datetime
) -> Counts:
    """What was granted to an account of a budget in a period, and to the asker since a moment; what they wait for."""
    values = {"account": account_id, "budget": budget, "first": period_start, "unit": unit, "asker": asker_id}
    times, high, low, open_, at_once, *sums = conn.execute(_COUNTS, {**values, "since": since}).one()
    return Counts(times, whole(high, low), open_, at_once, whole(*sums[:2]), whole(*sums[2:]))


def running(conn: Connection, account_id: str, budget: str, period_start: date) -> int:
    """How much was granted to an account of a budget in a period and has not ended."""
    here = and_(
        requests.c.account_id == account_id, requests.c.budget == budget, requests.c.period_start == period_start
    )
    granted = select(*halves(_SUM)).where(here, _EXTRA, requests.c.state == "approved")
    high, low = conn.execute(granted.where(requests.c.ended_at.is_(None))).one()
    return whole(high, low)


def running_of_all(conn: Connection, budget: str, period_start: date) -> dict[str, int]:
    """The same for every account that has such grants, by account."""
    here = and_(requests.c.budget == budget, requests.c.period_start == period_start, requests.c.ended_at.is_(None))
    rows = conn.execute(
        select(requests.c.account_id, *halves(_SUM))
        .where(here, _EXTRA, requests.c.state == "approved")
        .group_by(requests.c.account_id)
    )
    return {account_id: whole(high, low) for account_id, high, low in rows}


def grants_until(conn: Connection, day: date) -> list[Request]:
    """Grants that are still running and end on a day or before it, oldest first."""
    rows = conn.execute(
        select(requests)
        .where(_EXTRA, requests.c.state == "approved", requests.c.ended_at.is_(None), requests.c.until <= day)
        .order_by(requests.c.id),
    )
    return [Request(*row) for row in rows]


def open_below(conn: Connection, account_id: str) -> list[tuple[str, int, int]]:
    """What is asked by an account and all below it and not decided yet: unit, how many, how much."""
    below = and_(lineage.c.account_id == requests.c.account_id, lineage.c.until == FOREVER)
    rows = conn.execute(
        select(requests.c.unit, func.count(), *halves(requests.c.amount))
        .join(lineage, below)
        .where(lineage.c.ancestor_id == account_id, requests.c.state == "pending", _NO_CLAIM)
        .group_by(requests.c.unit)
        .order_by(requests.c.unit),
    )
    return [(unit, count, whole(high, low)) for unit, count, high, low in rows]


# Who decides ---------------------------------------------------------------------------------------------------------


def note_asked(conn: Connection, request_id: int, rows: Collection[Asked]) -> None:
    """Note who was asked, or what they said."""
    ordered = sorted(rows, key=lambda each: (each.stage, each.person_id))
    upsert(conn, asked, [{"request_id": request_id, **asdict(each)} for each in ordered])


def delegate(conn: Connection, person_id: str, to_id: str, until: date) -> None:
    """Let another decide in somebody's stead until the end of a day; "" ends it."""
    if to_id:
        upsert(conn, delegations, [{"person_id": person_id, "to_id": to_id, "until": until}])
    else:
        conn.execute(delete(delegations).where(delegations.c.person_id == person_id))
