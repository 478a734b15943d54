"""Findings: what detectors saw, what their owners said about it, and what came of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Literal

from sqlalchemy import Connection, Date, Row, and_, bindparam, or_, select, update

from storage.tables import FOREVER, findings, lineage
from storage.upsert import insert_into

Confidence = Literal["high", "medium", "low"]
FindingState = Literal["open", "done", "dismissed", "gone"]


@dataclass(frozen=True, slots=True)
class Said:
    """A text that is kept as data: whoever reads it later reads it in their own language.

    Args:
        text: in English, as in the catalogs. What was kept before there were languages is its own text.
        values: fill its named placeholders: numbers as such, days as ISO writes them, names.
    """

    text: str
    values: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What a detector saw.

    Args:
        account_id: whose money it is.
        about: the model, the key or the pool concerned, "" for all of the account.
        what: what is the matter, in a sentence of its owner's view.
        evidence: pairs of a name and a value.
        advice: what to do.
        cost_nanos: what a month of it costs.
        saving: the least and the most of a month's cost that could be saved, None where money is only unexplained.
        confidence: how sure.
        parts: what of the account's use would become cheaper; the savings of two findings that share one overlap.
        detector: its name in DETECTORS, which fills it in.
    """

    account_id: str
    about: str
    what: Said
    evidence: tuple[tuple[Said, Said], ...]
    advice: Said
    cost_nanos: int
    saving: tuple[int, int] | None
    confidence: Confidence
    parts: frozenset[str] = frozenset()
    detector: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding with its history.

    Args:
        id: the number people say.
        found: as it was seen last.
        state: "open"; "done" or "dismissed" by its owner; "gone" if it is no longer seen.
        since: the day it was first seen.
        seen: the day it was last seen.
        told_on: the day its owner was told, None if not yet.
        silent_until: it is not spoken of before that day.
        said_by: who said so, "" for nobody.
        reason: why it is no waste, in their words.
        done_on: the day its owner said that it is done.
        before_nanos: what the account spent in the four weeks before that day.
        before_requests: and how many requests that were.
        checked_days: after how many days the saving was measured last, 0 if not yet.
        realised_nanos: what a month costs less since then, None if it was not measured.
    """

    id: int
    found: Found
    state: FindingState
    since: date
    seen: date
    told_on: date | None
    silent_until: date | None
    said_by: str
    reason: str
    done_on: date | None
    before_nanos: int
    before_requests: int
    checked_days: int
    realised_nanos: int | None


_SEEN = ("account_id", "detector", "about", "what", "evidence", "advice", "cost_nanos", "low_nanos", "high_nanos")
_SEEN_TOO = (*_SEEN, "confidence", "parts")
_KEY = ("account_id", "detector", "about")
_BY_NUMBER = select(findings).where(findings.c.id == bindparam("id"))
_BELOW = (
    select(findings)
    .join(lineage, and_(lineage.c.account_id == findings.c.account_id, lineage.c.until == FOREVER))
    .where(lineage.c.ancestor_id == bindparam("account"))
    .order_by(findings.c.id)
)
_SEEN_BETWEEN = _BELOW.where(
    findings.c.seen >= bindparam("first", type_=Date), findings.c.since < bindparam("end", type_=Date)
)
_DONE = select(findings).where(findings.c.state == "done").order_by(findings.c.id)


def keep(conn: Connection, found: Sequence[Found], today: date) -> None:
    """Remember what was seen today; what is not seen any more is gone, unless its owner has said something.

    What was put off or dismissed is open again when its time is over and it is still seen.
    """
    rows = [_row(each, today) for each in sorted(found, key=lambda each: (each.account_id, each.detector, each.about))]
    if rows:
        statement = insert_into(conn, findings)
        values = {name: statement.excluded[name] for name in (*_SEEN_TOO[3:], "seen")}
        conn.execute(statement.on_conflict_do_update(index_elements=list(_KEY), set_=values), rows)
    own = update(findings)
    silent = and_(findings.c.state == "dismissed", findings.c.silent_until <= today, findings.c.seen == today)
    again = or_(silent, and_(findings.c.state == "gone", findings.c.seen == today))
    conn.execute(own.where(again).values(state="open", since=today, told_on=None, silent_until=None))
    conn.execute(own.where(findings.c.state == "open", findings.c.seen < today).values(state="gone"))


def find(conn: Connection, number: str) -> Finding | None:
    """The finding of a number, or None."""
    if not number.isdecimal() or len(number) > len(str(2**31)) - 1:
        return None
    row = conn.execute(_BY_NUMBER, {"id": int(number)}).first()
    return _finding(row) if row else None


def below(conn: Connection, account_id: str) -> list[Finding]:
    """All findings of an account and all below it today, whatever became of them."""
    return [_finding(row) for row in conn.execute(_BELOW, {"account": account_id})]


def seen_between(conn: Connection, account_id: str, first: date, end: date) -> list[Finding]:
    """The findings of an account and all below it that were seen on a day from first until before end."""
    rows = conn.execute(_SEEN_BETWEEN, {"account": account_id, "first": first, "end": end})
    return [_finding(row) for row in rows]


def untold(conn: Connection) -> list[Finding]:
    """Open findings that their owners have not heard of, or asked to be reminded of by today's sight."""
    fresh = and_(findings.c.state == "open", findings.c.told_on.is_(None))
    ripe = or_(findings.c.silent_until.is_(None), findings.c.silent_until <= findings.c.seen)
    return [_finding(row) for row in conn.execute(select(findings).where(fresh, ripe).order_by(findings.c.id))]


def done(conn: Connection) -> list[Finding]:
    """The findings whose owners said that they are done."""
    return [_finding(row) for row in conn.execute(_DONE)]


def note(conn: Connection, number: int, **values: object) -> None:
    """Change what is known of a finding's history; the names are those of `Finding`."""
    conn.execute(update(findings).where(findings.c.id == number).values(**values))


def _row(found: Found, today: date) -> dict[str, object]:
    said = asdict(found)
    low, high = said.pop("saving") or (None, None)
    return {
        **said,
        **{name: json.dumps(said[name], ensure_ascii=False) for name in ("what", "evidence", "advice")},
        "parts": json.dumps(sorted(found.parts)),
        "low_nanos": low,
        "high_nanos": high,
        "state": "open",
        "since": today,
        "seen": today,
        "said_by": "",
        "reason": "",
        "before_nanos": 0,
        "before_requests": 0,
        "checked_days": 0,
    }


def _finding(row: Row[Any]) -> Finding:
    found = Found(
        row.account_id,
        row.about,
        _said(row.what),
        tuple((_said(name), _said(value)) for name, value in json.loads(row.evidence)),
        _said(row.advice),
        row.cost_nanos,
        None if row.low_nanos is None else (row.low_nanos, row.high_nanos),
        row.confidence,
        frozenset(json.loads(row.parts)),
        row.detector,
    )
    history = {name: getattr(row, name) for name in Finding.__dataclass_fields__ if name not in ("id", "found")}
    return Finding(row.id, found, **history)


def _said(kept: str | dict[str, Any]) -> Said:
    """A text as it was kept: as data, or as the plain words of a release that knew one language."""
    if isinstance(kept, str) and kept.startswith('{"text"'):
        kept = json.loads(kept)
    return Said(kept) if isinstance(kept, str) else Said(kept["text"], kept["values"])
