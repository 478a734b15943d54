"""Erasing somebody: nothing tells any more who it was, and every sum stays."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Text, select, text

from bot.sync.hours import read_hours
from handlers.place import Place
from handlers.programs import Caller
from handlers.programs.shapes import Release, ReservationAnswer, Reserve
from handlers.sentence import Sentence
from handlers.telemetry import take_in
from storage import audit, erasure, ingest, outbox
from storage.charges import Charge
from storage.copies import totals
from storage.db import Database
from storage.directory import Link, Person
from storage.pulls import Pull
from storage.tables import hours, metadata
from storage.telemetry import Cell, Measured
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company, says_first
from tests.support.fakes.provider import FakeProvider

ZOE = Person("zorvana", "Zoë Quillfeather", "zorvana.quillfeather@acme.example", "max", "search", number="HR-770077")
TELLING = ("zorvana", "quillfeather", "HR-770077", "UZORVANA", "secret reason")
LINKS = (
    Link("llm", "user", "zorvana.quillfeather@acme.example", "person/zorvana"),
    Link("llm", "key", "sk-opaque-77", "person/zorvana"),
    Link("web", "user", "demo/zorvana", "person/zorvana"),
    Link("slack", "user", "T1/UZORVANA", "person/zorvana"),
)
WITH_ZOE = replace(ACME, people=(*ACME.people, ZOE), links=(*ACME.links, *LINKS))


@pytest.fixture
def company(database: Database, clock: Clock) -> Company:
    """A company in which Zoë spent, asked, was refused, sent a transfer, and has left."""
    made = Company(database, clock, directory=WITH_ZOE)
    made.llm.spends("zorvana.quillfeather@acme.example", "40.00", clock().date() - timedelta(days=1))
    made.pull()
    made.settle()
    made.say("zorvana", "request 50 secret reason of mine", "d1")
    made.say("max", "approve 1 30", "d2")
    made.say("zorvana", "request 500 secret reason again", "d3")
    made.say("max", "deny 2 Zoë Quillfeather had enough", "d4")
    made.say("zorvana", "settings language zh")
    made.say("fay", "correct 5 of zorvana refund for Zoë Quillfeather")
    made.say("max", "delegate @zorvana until friday")
    made.settle()
    return made


def leaves(company: Company, days: int = 1) -> None:
    """She is in no people source any more."""
    company.directory = ACME
    company.clock.forward(timedelta(days=days))
    company.app.refresh_people()
    company.settle()


def erased(company: Company) -> str:
    """Erase her; the pseudonym."""
    assert company.hear("ada", "erase @zorvana").title == "Erase Zoë Quillfeather?"
    assert company.hear("ada", "erase zorvana confirm").title == "Erased"
    company.app.tick()
    return str(company.database.ask(_pseudonym))


def _pseudonym(conn: Connection) -> str:
    (found,) = conn.execute(text("select id from people where id like 'erased-%'")).scalars()
    return str(found)


def everything(conn: Connection) -> str:
    """Every cell of every table."""
    rows = (row for table in metadata.sorted_tables for row in conn.execute(table.select()))
    return json.dumps([[str(cell) for cell in row] for row in rows], ensure_ascii=False)


def telling(conn: Connection) -> list[str]:
    """Every cell that tells who it was."""
    return [
        f"{table.name}.{name}: {cell}"
        for table in metadata.sorted_tables
        for row in conn.execute(table.select())
        for name, cell in row._mapping.items()
        if any(each.lower() in str(cell).lower() for each in TELLING)
    ]


def by_account(conn: Connection) -> dict[str, int]:
    """What is charged to each account."""
    found = conn.execute(text("select account_id, sum(cost_house_nanos) from charges group by account_id"))
    return {row[0]: int(row[1]) for row in found}


def sums(conn: Connection) -> dict[str, object]:
    """What every table of money comes to."""
    found = totals(conn)
    return {name: found[name] for name in ("entries", "charges", "charge_versions", "spend", "requests")}


def test_nothing_tells_who_it_was_and_every_sum_stays(company: Company) -> None:
    """In every table of both databases, and in the file itself; the audit's chain still holds."""
    leaves(company)
    before = company.database.ask(sums)
    pseudonym = erased(company)
    after = company.database.ask(sums)

    assert before == after
    assert company.database.ask(telling) == []
    assert company.database.ask(audit.first_broken) is None
    company.database.transact(ingest.rebuild)
    assert company.database.ask(sums) == before
    assert re.search(rf"{pseudonym} +\$40\.00", company.say("fay", "spend of team search by person last week"))
    if company.database.is_sqlite:
        company.database.close()
        files = [*Path(str(company.database.url.database)).parent.glob("bursar.db*")]
        content = b"".join(each.read_bytes() for each in files).lower()
        assert [each for each in TELLING if each.lower().encode() in content] == []


def test_a_row_that_somebody_changes_is_still_found(company: Company) -> None:
    """Rows of the audit that were erased are named by a deed; nobody can pass another change off as one."""
    leaves(company)
    erased(company)
    company.say("fay", "correct 7 of ana refund")
    rows = company.database.ask(lambda conn: list(audit.rows(conn)))
    redacted, whole = next(row for row in rows if row.erased), rows[-1]

    change = text("update audit set details = 'nothing' where id = :id")
    company.database.transact(lambda conn: conn.execute(change, {"id": redacted.id}))
    assert company.database.ask(audit.first_broken) == redacted.id
    back = text("update audit set details = :details where id = :id")
    company.database.transact(lambda conn: conn.execute(back, {"id": redacted.id, "details": redacted.deed.details}))
    assert company.database.ask(audit.first_broken) is None

    forged = replace(whole.deed, details="nothing")
    seal = audit.seal(whole.id, whole.hash, forged)
    forge = text("update audit set details = 'nothing', erased = :seal where id = :id")
    company.database.transact(lambda conn: conn.execute(forge, {"id": whole.id, "seal": seal}))
    assert company.database.ask(audit.first_broken) == whole.id


def test_a_day_that_the_provider_tells_again_stays_under_the_pseudonym(company: Company) -> None:
    """Neither does the name come back, nor does anything count twice; what she spends later is nobody's."""
    leaves(company)
    erased(company)
    before = company.database.ask(sums)
    company.pull()
    assert company.database.ask(sums) == before
    assert "quillfeather" not in company.database.ask(everything).lower()


class Hourly(FakeProvider):
    """Tells hours beside its days."""

    can = FakeProvider.can | {"hours"}

    def hours(self, since: datetime, until: datetime) -> Iterator[Charge]:
        """See Provider."""
        yield from (replace(each, bucket_hours=1) for each in self.rows if since <= each.bucket_start < until)


def test_hours_that_are_told_again_stay_under_the_pseudonym(company: Company) -> None:
    """Providers tell the last two days again and again; what is used after she was erased is nobody's."""
    provider = Hourly()
    provider.spends("zorvana.quillfeather@acme.example", "3.00", company.clock().date())
    before = Pull("llm", company.clock(), None, None, 0, 0, "")
    read_hours(company.database, provider, company.app.policy, before, company.clock)
    leaves(company)
    pseudonym = erased(company)
    read_hours(company.database, provider, company.app.policy, before, company.clock)

    told = company.database.ask(lambda conn: conn.execute(select(hours)).all())
    assert [(each.account_id, each.subject) for each in told] == [(f"person/{pseudonym}", pseudonym)]
    assert company.database.ask(telling) == []


def test_what_programs_tell_late_stays_under_the_pseudonym(company: Company) -> None:
    """A measurement of before she was erased may come a day later; it is hers, and does not say so."""
    used_at = company.clock()
    leaves(company, days=0)
    pseudonym = erased(company)
    at_ns = int(used_at.timestamp()) * 10**9 - 1
    hour = used_at.replace(minute=0) - timedelta(hours=1)
    cell = Cell("claude-code", hour, "", "zorvana.quillfeather@acme.example", "claude-opus-4-5")
    late = Measured(cell, {"tokens_input": 1}, 1_000_000, 1, at_ns - 1, at_ns)
    says_first(company.app, lambda ctx: take_in(ctx, [late]))

    assert company.database.ask(telling) == []
    assert company.database.ask(by_account)[f"person/{pseudonym}"] > 40 * 10**9


def test_what_they_called_a_tool_or_a_job_tells_nothing(database: Database, clock: Clock) -> None:
    """The claim stays, for it was paid back; no part of a name stays in the words of whoever wrote them."""
    rules: dict[str, object] = {**RULES, "claims": {"categories": [{"name": "tools", "amount": "500 USD"}]}}
    company = Company(database, clock, rules, directory=WITH_ZOE)
    company.say("zorvana", "claim 20 USD Cursor of Quillfeather September: secret reason of mine", "d1")
    company.say("max", "approve 1", "d2")
    company.say("fay", "paid 1", "d3")
    program = Caller("person/zorvana", "token #1")
    held = Reserve(amount="1 USD", external_id="quillfeather-nightly", what="of Quillfeather")
    made = company.app.call(program, "zorvana", held)
    assert isinstance(made, ReservationAnswer)
    company.app.call(program, "zorvana", Release(reservation=made.reservation))
    company.settle()
    leaves(company)
    erased(company)

    assert company.database.ask(telling) == []
    assert "Cursor of …" in company.say("fay", "claims all")


def test_an_hr_import_that_still_has_her_makes_somebody_new(company: Company) -> None:
    """The old rows keep their pseudonym."""
    leaves(company)
    pseudonym = erased(company)
    company.directory = WITH_ZOE
    company.app.refresh_people()
    company.pull()
    rows = company.database.ask(by_account)
    assert rows[f"person/{pseudonym}"] == 40 * 10**9
    assert "person/zorvana" not in rows
    assert "0" in company.say("zorvana", "balance")


def test_what_is_open_is_told_first(company: Company) -> None:
    """Each with what to do; nothing is changed, also if one confirms at once."""
    company.say("zorvana", "request 60 one more")
    for words in ("erase zorvana", "erase zorvana confirm"):
        said = company.say("ada", words)
        assert "Zoë Quillfeather can't be erased yet" in said
        assert "an active person" in said
        assert "#3" in said
    company.directory = replace(
        ACME, people=tuple(replace(each, manager="zorvana") if each.id == "ana" else each for each in ACME.people)
    )
    company.clock.forward(timedelta(days=1))
    company.app.refresh_people()
    assert "people who report to them" in company.say("ada", "erase zorvana confirm")
    assert "quillfeather" in company.database.ask(everything).lower()


@pytest.mark.parametrize("who", ["ana", "max", "fay"])
def test_only_admins_erase(company: Company, who: str) -> None:
    """Neither managers nor finance; nobody erases themself, and nobody unknown is erased."""
    leaves(company)
    assert "Only admins can do this." in company.say(who, "erase zorvana confirm")
    assert "can't erase yourself" in company.say("ada", "erase ada confirm")
    assert "I don't know" in company.say("ada", "erase nobody-at-all")


def test_two_admins_at_the_same_moment_and_a_repeated_delivery(company: Company) -> None:
    """It is done once."""
    leaves(company)
    sentence = Sentence("erase zorvana confirm", "ada", Place("terminal", "ada"), {}, "press-1")
    assert [company.app.hear(sentence).title for _ in range(2)] == ["Erased", "Erased"]
    assert "I don't know" in company.say("ada", "erase zorvana confirm")


# The last row is of the app at Slack; who installed it is not kept.
NOT_PEOPLE = {
    "external_id", "place_id", "conversation_id", "service_url", "tenant_id", "member_id", "request_id",
    "app_id", "bot_id", "bot_user_id", "client_id", "enterprise_id", "incoming_webhook_channel_id", "team_id",
    "user_id",
}  # fmt: skip


def test_every_column_of_ids_is_known() -> None:
    """Where a new one begins, erasing somebody must know of it."""
    columns = {column.name for table in metadata.sorted_tables for column in table.columns}
    named = {name for name in columns if name.endswith(("_id", "_by"))}
    assert named - erasure.IDS - NOT_PEOPLE - {"replaced_by"} == set()


FOR_PROGRAMS_ONLY = {
    "applied", "authority", "before", "caps", "content", "conversation_id", "cost_center", "details", "email", "field",
    "groups", "issuer", "locale", "mark", "member_id", "number", "parts", "receipt", "roles", "rule", "service_url",
    "stages", "subject", "value", "zone",
    "bot_refresh_token", "bot_scopes", "bot_token", "enterprise_name", "enterprise_url", "incoming_webhook_channel",
    "incoming_webhook_channel_id", "incoming_webhook_configuration_url", "incoming_webhook_url", "team_name",
    "user_refresh_token", "user_scopes", "user_token",
}  # fmt: skip
"""Texts in which programs find what they wrote there; the audit's are gone through by its own rules."""


def test_every_text_is_for_people_or_for_programs() -> None:
    """Where a new one begins, it has to be said whether a name may stand in it."""
    texts = {each.name for table in metadata.sorted_tables for each in table.columns if isinstance(each.type, Text)}
    assert texts - erasure.SPOKEN == FOR_PROGRAMS_ONLY


def of_others(conn: Connection) -> list[list[object]]:
    """What accounts, budgets, links and providers of others are called, and what is to be made so there."""
    asked = (
        "select id, kind, parent_id, owner_id from accounts where id not like 'person/%' order by id",
        "select key, budget, kind, unit from entries where account_id not like 'person/%' order by key",
        "select budget, kind, unit from terms order by id",
        "select platform, kind, external_id from links where account_id = 'person/ana' order by platform, external_id",
        "select provider, kind, external_id, currency from limits order by provider, external_id",
        "select key, kind, payload from outbox where kind = 'limit' order by key",
        "select state, stages from requests where asker_id = 'max' order by id",
    )
    return [[tuple(row) for row in conn.execute(text(each))] for each in asked]


@pytest.mark.parametrize(
    ("person_id", "name", "reason"),
    [
        ("zorvana", "search", "secret reason"),
        ("zorvana", "monthly", "secret reason"),
        ("zorvana", "Zoë Quillfeather", "allotment"),
        ("zorvana", "Zoë Quillfeather", "currency"),
        ("zorvana", "Zoë Quillfeather", '"currency": "USD"'),
        ("search", "Zoë Quillfeather", "secret reason"),
    ],
)
def test_nobody_takes_down_a_budget_by_their_name_or_by_what_they_write(
    person_id: str, name: str, reason: str, database: Database, clock: Clock
) -> None:
    """Called as a team is, or with a reason that is a word of ours: all that is others' stays as it is called."""
    issuer = "https://acme.okta.example/oauth2/default"
    links = (
        Link("oidc", "user", f"{issuer} 00u1", f"person/{person_id}"),
        Link("oidc", "user", f"{issuer} 00u2", "person/ana"),
    )
    them = replace(ZOE, id=person_id, name=name)
    company = Company(
        database, clock, directory=replace(ACME, people=(*ACME.people, them), links=(*ACME.links, *links))
    )
    company.settle()
    assert "Asked for" in company.say(person_id, f"request 50 {reason}", "d1")
    company.say("max", "deny 1 no", "d2")
    company.say("max", "request 50 something else", "d3")
    leaves(company)
    limit, now = '{"id": "ana", "currency": "USD"}', clock()
    company.database.transact(
        lambda conn: outbox.ensure(conn, "limit/llm/user:ana", "limit", "llm", limit, now, now),
    )
    before = company.database.ask(of_others)

    assert company.hear("ada", f"erase {person_id} confirm").title == "Erased"

    assert company.database.ask(of_others) == before
