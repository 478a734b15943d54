"""What programs tell counts until the provider's own report covers its time, and never beside it (invariant 12)."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta

import pytest

from bot.config import Settings
from handlers.context import Context
from handlers.policy import TelemetryRules, Vendor
from handlers.telemetry import make_room
from storage import ingest, spend
from storage.db import Database
from storage.directory import Link
from tests.support.clock import Clock
from tests.support.company import RULES, Company
from tests.support.exporters import Collecting, Exporter, collecting, metrics, point

MODEL = "claude-sonnet-4-5"
TODAY = date(2026, 11, 24)
NOON = datetime.combine(TODAY, time(12), UTC)


@pytest.fixture
def company(database: Database, clock: Clock) -> Company:
    """The provider llm will speak for Claude Code; it is read at noon."""
    clock.moment = NOON
    return Company(database, clock, {**RULES, "telemetry": {"provisional": {"claude-code": "llm"}}})


def tells(exporter: Exporter, at: datetime, dollars: float, tokens: int = 0, **said: str) -> None:
    """Claude Code tells what it cost in the minute before a moment."""
    where = {"model": MODEL, "session__id": "s1", **said}
    cost = point(at - timedelta(minutes=1), at, dollars, **where)
    assert exporter.send(metrics("claude_code.cost.usage", cost)).json() == {}
    if tokens:
        used = point(at - timedelta(minutes=1), at, tokens, type="input", **where)
        assert exporter.send(metrics("claude_code.token.usage", used)).json() == {}


def spent(company: Company, account: str = "person/ana", since: date = TODAY) -> dict[str, float]:
    """What an account spent since a day, by provider, in dollars."""
    rows = company.database.ask(lambda conn: spend.spent_by(conn, account, since, date(2026, 12, 31), "provider"))
    return {each.name: each.cost_nanos / 10**9 for each in rows if each.cost_nanos}


def is_rebuilt_alike(company: Company) -> bool:
    """Whether the sums are those of a rebuild from charges."""
    before = [spent(company, account, date(2026, 1, 1)) for account in ("person/ana", "team/search", "org")]
    company.database.transact(ingest.rebuild)
    return before == [spent(company, account, date(2026, 1, 1)) for account in ("person/ana", "team/search", "org")]


def test_it_counts_until_the_provider_tells_more(company: Company, door: Collecting) -> None:
    """On the day itself the larger of both counts: while the report lags, and when it is ahead."""
    ana = door.exporter()
    tells(ana, NOON - timedelta(hours=2), 3.0)
    tells(ana, NOON, 2.0)
    assert spent(company) == {"claude-code": 5.0}
    company.llm.spends("ana", "4.00", TODAY, MODEL)
    company.pull()
    assert spent(company) == {"llm": 4.0, "claude-code": 1.0}
    company.llm.spends("ana", "7.50", TODAY, MODEL)
    company.pull()
    assert spent(company) == {"llm": 7.5}
    tells(ana, NOON + timedelta(minutes=1), 4.0)
    assert spent(company) == {"llm": 7.5, "claude-code": 1.5}
    assert is_rebuilt_alike(company)


def test_a_day_that_is_over_is_the_providers(company: Company, door: Collecting) -> None:
    """Also where it says less than was told, or nothing; and what comes later does not count beside it."""
    ana, max_ = door.exporter(), door.exporter(who="max")
    tells(ana, NOON, 5.0)
    tells(max_, NOON, 6.0)
    company.llm.spends("ana", "4.00", TODAY, MODEL)
    company.clock.moment = datetime.combine(TODAY, time(23, 59), UTC)
    company.pull()
    assert (spent(company), spent(company, "person/max")) == ({"llm": 4.0, "claude-code": 1.0}, {"claude-code": 6.0})
    company.clock.moment = NOON + timedelta(hours=21)
    company.pull()
    assert (spent(company), spent(company, "person/max")) == ({"llm": 4.0}, {})
    tells(ana, NOON + timedelta(minutes=5), 9.0)
    assert spent(company) == {"llm": 4.0}
    assert is_rebuilt_alike(company)


def test_a_large_day_takes_the_place_of_what_was_told_slice_by_slice(
    company: Company, door: Collecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its slices what was told never counts beside it, also where the process dies there."""
    monkeypatch.setattr(ingest, "SLICE_CELLS", 1)
    monkeypatch.setattr(ingest, "SLICE_CELLS_MAX", 1)
    who = ("ana", "max", "bob")
    for person in who:
        tells(door.exporter(who=person), NOON, 5.0)
        company.llm.spends(person, "4.00", TODAY, MODEL)
    company.clock.moment = NOON + timedelta(hours=21)  # the day is over
    seen = []

    def watched(ctx: Context, provider: str, day: date, account_ids: Collection[str], told_at: datetime) -> None:
        make_room(ctx, provider, day, account_ids, told_at)
        if day != TODAY:
            return
        rows = spend.spent_by(ctx.conn, "org", TODAY, date(2026, 12, 31), "provider")
        seen.append(sum(each.cost_nanos for each in rows) / 10**9)
        if len(seen) == 2:
            raise KeyError

    monkeypatch.setattr("bot.sync.usage.make_room", watched)
    with pytest.raises(KeyError):
        company.pull()
    assert seen == [15.0, 15.0]
    tells(door.exporter(who="ana"), NOON + timedelta(minutes=2), 9.0)
    assert sum(spent(company, "org").values()) == 24.0
    company.pull()
    assert spent(company, "org") == {"llm": 12.0}
    assert is_rebuilt_alike(company)


def test_a_provider_that_cannot_be_read_leaves_all_that_was_told(company: Company, door: Collecting) -> None:
    """For as long as it is away."""
    tells(door.exporter(), NOON, 5.0)
    company.llm.broken = frozenset({TODAY, TODAY + timedelta(days=1)})
    company.clock.forward(timedelta(days=1))
    with pytest.raises(Exception, match="did not come"):
        company.pull()
    assert spent(company) == {"claude-code": 5.0}


def test_models_are_held_against_each_other_by_what_they_are(company: Company, door: Collecting) -> None:
    """A report calls one by the day of its version, and says more of another: that takes nothing away."""
    tells(door.exporter(), NOON, 5.0)
    company.llm.spends("ana", "4.00", TODAY, f"anthropic/{MODEL}-20250929")
    company.llm.spends("ana", "90.00", TODAY, "claude-opus-4-5")
    company.pull()
    assert spent(company) == {"llm": 94.0, "claude-code": 1.0}


def test_where_nobody_will_speak_it_stays(company: Company, door: Collecting) -> None:
    """As an estimate, and beside what the provider reports of something else."""
    company.app.policy = company.app.policy.model_copy(
        update={"telemetry": TelemetryRules(provisional={"claude-code": "none"})}
    )
    tells(door.exporter(), NOON, 5.0)
    company.llm.spends("ana", "4.00", TODAY, MODEL)
    company.clock.forward(timedelta(days=3))
    company.pull()
    assert spent(company) == {"llm": 4.0, "claude-code": 5.0}


def test_two_identities_of_one_person_share_what_is_reported(company: Company, door: Collecting) -> None:
    """Ana's own token, and the company's that names her: the report takes the place of both, once."""
    everybody = door.exporter("token new for organization telemetry", "fay")
    tells(door.exporter(), NOON, 5.0)
    tells(everybody, NOON, 2.0, user__email="ANA@acme.example")
    assert spent(company) == {"claude-code": 7.0}
    company.llm.spends("ana", "6.00", TODAY, MODEL)
    company.pull()
    assert spent(company) == {"llm": 6.0, "claude-code": 1.0}
    tells(everybody, NOON + timedelta(minutes=1), 3.0, user__email="ana@acme.example")
    assert spent(company) == {"llm": 6.0, "claude-code": 4.0}


def test_whom_nobody_knows_is_unallocated_until_linked(company: Company, door: Collecting) -> None:
    """By what the program calls them; what was told follows."""
    tells(door.exporter("token new for organization telemetry", "fay"), NOON, 2.0, user__id="ad7be60283ad")
    assert spent(company, "unallocated") == {"claude-code": 2.0}
    assert "linked to Ana Silva" in company.say("fay", "link claude-code user ad7be60283ad to ana")
    assert spent(company) == {"claude-code": 2.0}


def test_who_is_hired_later_gets_what_was_told_under_their_address(company: Company, door: Collecting) -> None:
    """With the next measurement."""
    everybody = door.exporter("token new for organization telemetry", "fay")
    tells(everybody, NOON, 2.0, user__email="new@acme.example")
    ana = next(each for each in company.directory.people if each.id == "ana")
    new = type(ana)("new", "Newt", "new@acme.example", "max", "search")
    company.directory = type(company.directory)(
        people=(*company.directory.people, new),
        teams=company.directory.teams,
        agents=company.directory.agents,
        links=(*company.directory.links, Link("web", "user", "demo/new", "person/new")),
    )
    company.app.refresh_people()
    tells(everybody, NOON + timedelta(minutes=1), 1.0, user__email="new@acme.example")
    assert spent(company, "person/new") == {"claude-code": 3.0}


def test_an_anthropic_provider_speaks_for_claude_code_unless_it_is_said_otherwise() -> None:
    """So that a company which says nothing counts nothing twice."""
    rules = {**RULES, "providers": [{"kind": "anthropic-console", "name": "console"}]}
    policy = Settings.model_validate(rules).policy
    vendor = Vendor(name="console", service="Claude Console", kind="anthropic-console")
    policy = policy.model_copy(update={"vendors": (vendor,)})
    assert (policy.speaker("claude-code"), policy.speaker("codex")) == ("console", "")
    none = policy.model_copy(update={"telemetry": TelemetryRules(provisional={"claude-code": "none"})})
    assert none.speaker("claude-code") == ""


@pytest.mark.parametrize("speaker", ["llm", "none"])
def test_own_prices_decide_over_what_the_program_says(database: Database, clock: Clock, speaker: str) -> None:
    """Claude Code computes its figure at list prices; the company pays by contract. Other models cost what it says."""
    clock.moment = NOON
    rules: dict[str, object] = {
        **RULES,
        "telemetry": {"provisional": {"claude-code": speaker}},
        "prices": [{"model": MODEL, "input": 2, "output": 10}],
    }
    company = Company(database, clock, rules)
    with collecting(company) as door:
        ana = door.exporter()
        tells(ana, NOON, 3.0, tokens=1_000_000, skill__name="review")
        assert spent(company) == {"claude-code": 2.0}
        assert company.hear("ana", "spend by skill today").title == "$2.00 spent today"
        tells(ana, NOON, 1.25, tokens=1_000_000, model="claude-haiku-4-5")
        assert spent(company) == {"claude-code": 3.25}
