"""Somebody is taken out of the whole database: what they spent stays, under a pseudonym.

Ids stand in columns that are named after what they hold, and inside keys such as "allotment/monthly/person/ana";
addresses and ids of chats may stand in any text. So the columns of ids are listed here, and every other text of every
table is gone through for the rest. A name or a reason is looked for only where people read: somebody may be called as a
team or a budget is, or may have written "allotment", and what programs go by must stay what it is. The tests of `erase`
see that no column is missing in these lists.
"""

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, String, Table, Text, and_, delete, func, or_, select, update

from storage import audit as audits
from storage import erased, installation
from storage.directory import Person
from storage.erased import REPORTED
from storage.people import person_of
from storage.tables import (
    charge_versions,
    charges,
    claims,
    delegations,
    entries,
    exceptions,
    expectations,
    findings,
    heard,
    links,
    metadata,
    outbox_items,
    people,
    preferences,
    receipts,
    requests,
    reservations,
    sessions,
    sign_ins,
    tokens,
)

IDS = frozenset(
    {
        *("id", "manager_id", "owner_id", "account_id", "parent_id", "ancestor_id", "person_id", "to_id", "for_id"),
        *("asker_id", "by_id", "said_by", "paused_by", "resumed_by", "resolved_by", "continued_by", "asked_by"),
        *("approved_by", "ended_by", "made_by", "paid_by"),
    }
)
"""Columns that hold nothing but the id of a person ("ana") or an account ("person/ana")."""
EXTERNAL = frozenset({"external_id", "subject", "resource", "sub_account"})
"""Columns that hold what a provider or platform calls somebody."""
OF_CHARGES = (charges, charge_versions)
SPOKEN = frozenset(
    {
        *("name", "note", "reason", "ended_note", "resolved_note", "what", "evidence", "advice", "why", "place"),
        *("error", "payload", "answer", "plan"),
    }
)
"""Columns that, where they are of any length, hold what people read: there a name or a reason may stand."""
AT_PROVIDERS = ("limit", "pause", "answer")
FOR_PROGRAMS = ("limit", "pause", "pull")
MESSAGES = ("show", "say")
WORDS_MIN = 8
NAME_MIN = 3
_WORD = re.compile(r"[\w-]+")
COMPACT = "compact"
"""The note in `installation` that deleted content still stands in the file."""


@dataclass(frozen=True, slots=True)
class Target:
    """Who is erased, and all that tells who it was.

    Args:
        person: as they are known.
        pseudonym: the id that stands in the place of theirs.
        chats: their ids on chat platforms, whole and in parts.
        externals: what providers call them where that tells who it was, each with what is written instead.
        asked: their requests, as the audit calls them.
        words: reasons that they wrote, where these are long enough to be nobody else's.
    """

    person: Person
    pseudonym: str
    chats: frozenset[str]
    externals: Mapping[str, str] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()

    @property
    def telling(self) -> tuple[str, ...]:
        """What tells who it was, wherever it stands; the longest first."""
        return self._longest_first({*self.addresses, self.person.name, *self.words})

    @property
    def addresses(self) -> tuple[str, ...]:
        """What belongs to nobody and nothing else: addresses, and what platforms and providers call them."""
        return self._longest_first({self.person.email, *self.chats, *self.externals})

    def _longest_first(self, words: set[str]) -> tuple[str, ...]:
        found = words - {"", self.person.id}  # the id is a short word that may mean something else
        return tuple(sorted(found, key=lambda each: (-len(each), each)))

    def without(self, value: str) -> str:
        """A text that people read without them."""
        return self._without(value, self.telling)

    def unaddressed(self, value: str) -> str:
        """A text that programs go by without them: no word of it is taken for a name."""
        return self._without(value, self.addresses)

    def nameless(self, value: str) -> str:
        """What they wrote themselves in a few words, without any word of their name or id."""
        words = {
            each.casefold() for each in (*_WORD.findall(self.person.name), self.person.id) if len(each) >= NAME_MIN
        }
        return _WORD.sub(lambda found: "…" if found[0].casefold() in words else found[0], value)

    def outside_of_messages(self, value: str, *, is_told: bool) -> str:
        """An item of the outbox that is no message without them; several words of theirs may stand in it as JSON."""
        several = [json.dumps(each)[1:-1] for each in self.telling if " " in each] if is_told else []
        return self._without(value, (*self.addresses, *several))

    def _without(self, value: str, words: Iterable[str]) -> str:
        value = _account(self.person.id).sub(f"person/{self.pseudonym}", value)
        value = _mention(self.person.id).sub(self.pseudonym, value)
        for each in words:
            value = _told(each).sub(self.pseudonym, value)
        return value

    def instead(self, column: Column[str], value: str) -> str:
        """What is written in a column in place of a value."""
        if column.name in EXTERNAL and value in self.externals:
            return self.externals[value]
        if column.name in IDS:
            is_theirs = value in (self.person.id, f"person/{self.person.id}")
            return value.removesuffix(self.person.id) + self.pseudonym if is_theirs else value
        return self.without(value) if is_spoken(column) else self.unaddressed(value)


def is_spoken(column: Column[Any]) -> bool:
    """Whether a column holds what people read."""
    return column.name in SPOKEN and isinstance(column.type, Text)


def _account(person_id: str) -> re.Pattern[str]:
    return re.compile(rf"person/{re.escape(person_id)}(?![\w-]|\.\w)")


def _mention(person_id: str) -> re.Pattern[str]:
    """An id where it can be nothing else: as a text of JSON that is no name, behind @ or a platform."""
    one = re.escape(person_id)
    return re.compile(rf'(?<=")(?:{one})(?="(?!\s*:))|(?<=@)(?:{one})(?![\w-]|\.\w)|(?<=[a-z]:)(?:{one})(?![\w-]|\.\w)')


def _told(words: str) -> re.Pattern[str]:
    """A name, an address or an id, also as JSON writes it but no name of a field; one word alone only as written."""
    forms = dict.fromkeys((words, json.dumps(words)[1:-1]))
    several = " " in words or "@" in words
    return re.compile(
        r"(?<!\w)(?:" + "|".join(map(re.escape, forms)) + r')(?!\w)(?!"\s*:)', re.IGNORECASE if several else re.NOFLAG
    )


def target(conn: Connection, person: Person, pseudonym: str, chat_platforms: Iterable[str]) -> Target:
    """All that tells who somebody was."""
    rows = conn.execute(select(links).where(links.c.account_id == f"person/{person.id}")).all()
    chats = {row.external_id for row in rows if row.platform in set(chat_platforms)}
    parts = {each.rpartition("/")[2] for each in chats if "/" in each}
    first = Target(person, pseudonym, frozenset({*chats, *parts} - {person.id}))
    named = {row.external_id for row in rows if row.platform not in set(chat_platforms)}
    named |= {person.email, f"person/{person.id}"} - {""}
    plain = {each: pseudonym if each in (person.id, person.email) else first.without(each) for each in named}
    mine = conn.execute(select(requests.c.id, requests.c.reason).where(requests.c.asker_id == person.id)).all()
    return replace(
        first,
        externals={each: to for each, to in plain.items() if to != each},
        asked=frozenset(f"request/{row.id}" for row in mine),
        words=frozenset(row.reason for row in mine if len(row.reason) >= WORDS_MIN),
    )


def erase(conn: Connection, who: Target, chat_platforms: Iterable[str], now: datetime) -> list[int]:
    """Take somebody out of every table.

    Args:
        conn: an order's.
        who: is erased.
        chat_platforms: whose links are deleted; those at providers stay, under the pseudonym.
        now: until when providers' words about them are written under the pseudonym.

    Returns:
        The rows of the audit that were changed. The caller writes the deed that names them.
    """
    account = f"person/{who.person.id}"
    asked = requests.c.asker_id == who.person.id
    conn.execute(delete(links).where(links.c.account_id == account, links.c.platform.in_(list(chat_platforms))))
    conn.execute(update(links).where(links.c.account_id == account).values(name=""))
    conn.execute(delete(preferences).where(preferences.c.person_id == who.person.id))
    conn.execute(delete(delegations).where(or_(*(each == who.person.id for each in delegations.c[:2]))))
    conn.execute(delete(sessions).where(sessions.c.person_id == who.person.id))
    conn.execute(delete(sign_ins).where(sign_ins.c.person_id == who.person.id))
    conn.execute(delete(tokens).where(tokens.c.account_id == account))
    conn.execute(delete(receipts).where(receipts.c.person_id == who.person.id))
    conn.execute(update(requests).where(asked).values(reason="", resolved_note=""))
    mine = or_(exceptions.c.asked_by == who.person.id, exceptions.c.account_id == account)
    conn.execute(update(exceptions).where(mine).values(reason="", ended_note=""))
    conn.execute(update(expectations).where(expectations.c.said_by == who.person.id).values(reason=""))
    conn.execute(update(findings).where(findings.c.account_id == account).values(what="", evidence="", reason=""))
    conn.execute(update(reservations).where(reservations.c.account_id == account).values(what="", external_id=""))
    _tools(conn, who)
    conn.execute(update(entries).where(entries.c.account_id == account).values(note=""))
    blank: dict[str, object] = {
        "email": "",
        "zone": "",
        "locale": "",
        "roles": "",
        "language": "",
        "number": "",
        "groups": "",
    }
    blank |= {"name": who.pseudonym, "manager_id": "", "joined": None, "active": False}
    conn.execute(update(people).where(people.c.id == who.person.id).values(**blank))
    for table, column in ((outbox_items, "key"), (heard, "delivery")):
        for row in _about(conn, table, who):
            conn.execute(delete(table).where(table.c[column] == getattr(row, column)))
    _charges(conn, who, now)
    for table in metadata.sorted_tables:
        if table.name != audits.NAME and table not in (outbox_items, heard, *OF_CHARGES):
            _rewrite(conn, table, who)
    installation.note(conn, COMPACT, "", now)
    return audits.erase(conn, lambda deed: _left_of(deed, who))


def _left_of(deed: audits.Deed, who: Target) -> audits.Deed:
    """A deed without somebody. Of what they did themselves, or what was done to them, no words are left."""
    own = deed.who == who.person.id
    about = own or deed.subject == f"person/{who.person.id}" or deed.subject in who.asked
    one = re.escape(who.person.id)
    left = audits.Deed(
        deed.at,
        who.pseudonym if own else deed.who,
        deed.what,
        who.unaddressed(deed.subject),
        who.unaddressed(re.sub(rf"(?<=for ){one}(?= until )", who.pseudonym, deed.authority)),
        "" if own else who.unaddressed(deed.place),
        "" if about else who.without(re.sub(rf"^{one}(?= until )", who.pseudonym, deed.details)),
    )
    return deed if left == deed else left


def _tools(conn: Connection, who: Target) -> None:
    """What they called the tools that they claimed stays for the sums, without any part of their name in it."""
    mine = select(requests.c.id).where(requests.c.asker_id == who.person.id)
    for row in conn.execute(select(claims).where(claims.c.request_id.in_(mine))).all():
        vendor = who.nameless(row.vendor)
        if vendor != row.vendor:
            conn.execute(update(claims).where(claims.c.request_id == row.request_id).values(vendor=vendor))


def _charges(conn: Connection, who: Target, now: datetime) -> None:
    """Charges keep what they come to; whose they are and what providers called them changes."""
    account, anonymous = f"person/{who.person.id}", f"person/{who.pseudonym}"
    for table in OF_CHARGES:
        conn.execute(update(table).where(table.c.account_id == account).values(account_id=anonymous))
        for name in REPORTED:
            for external, to in who.externals.items():
                conn.execute(update(table).where(table.c[name] == external).values({name: to}))
    erased.note(conn, who.externals, now)


def unapplied(conn: Connection, who: Target) -> int:
    """How many limits and pauses of somebody still have to be made so at providers."""
    return sum(row.state == "open" and row.kind in AT_PROVIDERS for row in _about(conn, outbox_items, who))


def new_pseudonym() -> str:
    """An id for who is erased: drawn, so that it tells nothing."""
    return f"erased-{secrets.token_hex(4)}"


def find(conn: Connection, word: str) -> Person | None:
    """Somebody by id or e-mail address, also one who has left; None if there is nobody, or several."""
    lower = word.lower()
    rows = conn.execute(select(people).where(or_(people.c.id == word, people.c.email == lower)).limit(2)).all()
    return person_of(rows[0]) if len(rows) == 1 else None


def reports_of(conn: Connection, person_id: str) -> int:
    """How many people who are there have somebody as their manager."""
    here = people.c.active, people.c.manager_id == person_id
    return conn.execute(select(func.count()).select_from(people).where(*here)).scalar_one()


def _texts(table: Table) -> list[Column[str]]:
    return [column for column in table.columns if isinstance(column.type, String)]


def _about(conn: Connection, table: Table, who: Target) -> list[Any]:
    """The rows of a table in which anything tells of somebody."""
    columns = _texts(table)
    if not columns:
        return []
    words = {f"person/{who.person.id}", *who.telling}
    words |= {json.dumps(each)[1:-1] for each in words}
    tests = [func.lower(each).contains(word.lower(), autoescape=True) for each in columns for word in sorted(words)]
    tests += [each.contains(word, autoescape=True) for each in columns for word in sorted(words) if not word.isascii()]
    tests += [each.in_([who.person.id, f"person/{who.person.id}"]) for each in columns]
    quoted = (f'"{who.person.id}"', f":{who.person.id}", f"@{who.person.id}", f"/{who.person.id}")
    tests += [each.contains(word, autoescape=True) for each in columns for word in quoted]
    rows = conn.execute(select(table).where(or_(*tests))).all()
    return [row for row in rows if any(_differs(row, each, who) for each in columns)]


def _differs(row: Any, column: Column[str], who: Target) -> bool:
    value: str = getattr(row, column.name)
    if column.table is outbox_items and row.kind not in MESSAGES:
        return who.outside_of_messages(_in_key(column, value, who), is_told=row.kind not in FOR_PROGRAMS) != value
    return _written(column, value, who) != value


def _written(column: Column[str], value: str, who: Target) -> str:
    return who.instead(column, _in_key(column, value, who))


def _in_key(column: Column[str], value: str, who: Target) -> str:
    """A key without their id; behind "team/" and "agent/" stands another's that is called alike."""
    if column.name not in ("key", "delivery"):
        return value
    return re.sub(rf"(?<!team/)(?<!agent/)(?<=/){re.escape(who.person.id)}(?=[/@]|$)", who.pseudonym, value)


def _rewrite(conn: Connection, table: Table, who: Target) -> None:
    columns = _texts(table)
    for row in _about(conn, table, who):
        values = {each.name: _written(each, getattr(row, each.name), who) for each in columns}
        here = and_(*(column == getattr(row, column.name) for column in table.primary_key))
        conn.execute(update(table).where(here).values(**values))
