"""Limits at a provider follow the ledger; what somebody changed there is asked about; nothing is announced early."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from bot.errors import KeyRefusedError, UndeliverableError, UnreachableError
from bot.providers.base import Limit, ProviderIdentity
from handlers.budgets import BudgetStatus
from handlers.card import Table, Text
from handlers.events import EndGrants, SyncAccount
from handlers.limits.plan import WantedLimit, planned
from handlers.money import NANOS
from handlers.periods import period_of
from handlers.policy import Budget
from storage import audit, limits, outbox
from storage.db import Database
from storage.directory import Directory, Link, Person
from storage.limits import Held, Subject
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company
from tests.support.history import reports

TUESDAY = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
EVERYONE = ("ana", "max", "kim", "fay", "bob", "lea", "ada")


@pytest.fixture
def acme(database: Database, clock: Clock) -> Company:
    """A company whose people have limits at the provider that were set once and are as they should be."""
    clock.moment = TUESDAY
    company = Company(database, clock)
    company.llm.knows(*EVERYONE)
    compare(company)
    press(company, "fay", "Change them")
    company.settle()
    return company


def compare(company: Company) -> None:
    """Read the provider's limits and compare them, as the clock does each hour."""
    company.app.limits.read(company.llm)
    company.settle()


def press(company: Company, person: str, label: str) -> str:
    """Press a button on the newest card that has it."""
    company.settle()
    buttons = [button for card in company.messages(person) for button in card.buttons if button.label == label]
    return company.say(person, buttons[-1].says)


def titles(company: Company, person: str) -> list[str]:
    """What somebody sees, by title."""
    company.settle()
    return [card.title for card in company.messages(person)]


def allowed(company: Company) -> dict[str, int | None]:
    """What everybody may spend there, in dollars."""
    return {one: company.llm.allows(one) for one in EVERYONE}


STATUS = BudgetStatus(
    Budget(name="b", who="every person", amount="400 USD", every="month"),
    "person/ana",
    "Ana",
    period_of(date(2026, 11, 24), "month"),
    400,
    0,
    0,
)


# Rules ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "known", "kept", "wanted", "what"),
    [
        (400, 400, None, 400, "same"),
        (400, None, None, 400, "same"),
        (None, None, None, 400, "write"),
        (300, None, None, 400, "write"),
        (300, 300, None, 400, "write"),
        (900, 400, None, 400, "ask"),
        (None, 400, None, 400, "ask"),
        (400, 300, None, 400, "same"),
        (900, 900, 400, 400, "same"),
        (900, 900, 400, 500, "write 1000"),
        (900, 900, 400, 300, "write 800"),
        (700, 900, 400, 400, "ask"),
        (None, None, 400, 500, "same"),
        (0, None, None, 400, "ask"),
        (0, None, None, 0, "same"),
        (0, 0, None, 400, "write"),
    ],
)
def test_three_figures_say_what_is_to_be_done(
    seen: int | None, known: int | None, kept: int | None, wanted: int, what: str
) -> None:
    """What is wanted, what we last said, what is there: somebody else's change is never overwritten.

    What is wanted more comes on top of what finance kept, and whom somebody allows nothing is not simply opened.
    """
    ana, heard = Subject("user", "ana"), (seen, TUESDAY, TUESDAY)
    at = known if kept else None
    held = Held("llm", ana, "person/ana", "", "month", *heard, None, known, 0, kept, paused=False, kept_seen_nanos=at)
    line = planned(held, WantedLimit(wanted, STATUS), "month")
    nanos = line.wanted.nanos if line.wanted else wanted
    assert (line.action if nanos == wanted else f"{line.action} {nanos}") == what


def test_the_same_amount_for_life_is_another_limit() -> None:
    """$400 a month is not $400 for ever."""
    ana, heard = Subject("user", "ana"), (400, TUESDAY, TUESDAY)
    held = Held("llm", ana, "person/ana", "", "total", *heard, None, None, 0, None, paused=False)
    assert planned(held, WantedLimit(400, STATUS), "month").action == "write"


# Writing -------------------------------------------------------------------------------------------------------------


def test_the_first_time_finance_is_asked_before_everything_changes(database: Database, clock: Clock) -> None:
    """More than a fifth of the limits would change: nothing does until finance says so, and then all do."""
    clock.moment = TUESDAY
    company = Company(database, clock)
    company.llm.knows(*EVERYONE)
    compare(company)
    assert set(allowed(company).values()) == {None}
    assert titles(company, "fay")[-1] == "7 of 7 limits at The sample company (llm) would change"
    assert titles(company, "max") == []
    assert "Only finance" in company.say("max", "proceed llm")
    press(company, "fay", "Change them")
    company.settle()
    assert set(allowed(company).values()) == {400}


def test_reading_again_changes_nothing(acme: Company) -> None:
    """Equal is equal: one listing, and no write."""
    acme.llm.calls.clear()
    compare(acme)
    assert acme.llm.calls == ["limits"]


def test_a_grant_reaches_the_provider_and_then_the_asker_hears_of_it(acme: Company, clock: Clock) -> None:
    """Approved and applied are two states: the second is told only when the provider has it."""
    acme.say("ana", "request 50 finish the migration")
    acme.settle()
    acme.llm.trouble = UnreachableError("the proxy is restarting")
    acme.say("max", "approve 1")
    acme.settle()
    assert acme.llm.allows("ana") == 400
    assert titles(acme, "ana")[-2:] == [
        "Max Weber approved $50.00",
        "Approved, but not yet applied at The sample company (llm)",
    ]
    assert "The sample company (llm) did not accept Ana Silva's limit" in titles(acme, "fay")
    acme.llm.trouble = None
    clock.moment += timedelta(seconds=12)
    acme.settle()
    assert acme.llm.allows("ana") == 450
    assert titles(acme, "ana")[-1] == "$50.00 more: applied at The sample company (llm) after 12 seconds"
    applied = acme.say("ana", "history 1").splitlines()[-1]
    assert ("Bursar" in applied, "applied at the provider" in applied) == (True, True), applied
    assert "The sample company (llm): $" in applied, applied
    assert acme.database.ask(audit.first_broken) is None


def test_a_grant_writes_one_limit_and_nothing_more(acme: Company) -> None:
    """One call for one change: what was read a moment ago is not read again."""
    acme.llm.calls.clear()
    acme.say("ana", "request 50 finish the migration")
    acme.say("max", "approve 1")
    acme.settle()
    assert acme.llm.calls == ["set_limit"]


def test_a_transfer_moves_both_limits(acme: Company) -> None:
    """What one gives the other gets, there too."""
    acme.say("kim", "transfer 30 from ana to bob for the demo")
    acme.settle()
    assert (acme.llm.allows("ana"), acme.llm.allows("bob")) == (370, 430)


def test_a_grant_that_ends_lowers_the_limit_again(acme: Company, clock: Clock) -> None:
    """The limit is derived, so nobody has to remember to take it back."""
    acme.say("ana", "request 50 until tomorrow finish the migration")
    acme.say("max", "approve 1")
    acme.settle()
    assert acme.llm.allows("ana") == 450
    clock.moment += timedelta(days=2)
    acme.happens(EndGrants())
    acme.settle()
    assert acme.llm.allows("ana") == 400


def test_what_the_provider_refuses_is_told_and_given_up(acme: Company) -> None:
    """The asker and finance hear why, in the provider's words; nothing is announced as done."""
    acme.say("ana", "request 50 finish the migration")
    acme.llm.trouble = UndeliverableError("The proxy knows no such user")
    acme.say("max", "approve 1")
    card = acme.reads("ana")[-1]
    assert "not yet applied" in card
    assert "The proxy knows no such user" in card
    item = acme.database.ask(lambda conn: outbox.find(conn, "limit/llm/user:ana"))
    assert item is not None
    assert item.state == "parked"


def test_a_key_that_is_refused_stops_nothing_for_good(acme: Company, clock: Clock) -> None:
    """It is told once; when the key was exchanged, what waited is applied without anybody's doing, a day later, too."""
    acme.say("ana", "request 50 finish the migration")
    acme.llm.trouble = KeyRefusedError("LiteLLM refused the key (401): exchange it", "expired")
    acme.say("max", "approve 1")
    acme.settle()
    for _ in range(24):
        clock.moment += timedelta(hours=1)
        acme.settle()
    assert titles(acme, "fay").count("The sample company (llm) did not accept Ana Silva's limit") == 1
    assert "refused the key" in acme.say("fay", "status")
    acme.llm.trouble = None
    clock.moment += timedelta(hours=1)
    acme.settle()
    assert acme.llm.allows("ana") == 450
    assert titles(acme, "ana")[-1].startswith("$50.00 more: applied at The sample company (llm) after")


def test_a_limit_that_reads_back_otherwise_is_not_announced(acme: Company) -> None:
    """A provider may say yes and do something else."""
    acme.llm.deaf = True
    acme.say("ana", "request 50 finish the migration")
    acme.say("max", "approve 1")
    assert "shows another one" in acme.reads("ana")[-1]
    assert acme.llm.allows("ana") == 400


def test_a_limit_whose_answer_was_lost_is_ours(acme: Company, clock: Clock) -> None:
    """The provider has what we said and we never heard so: a further grant is written over it, and nobody is asked."""
    acme.llm.mute = True
    acme.say("ana", "request 50 finish the migration")
    acme.say("max", "approve 1")
    acme.settle()
    acme.say("ana", "request 30 and the tests")
    acme.say("max", "approve 2")
    acme.settle()
    assert acme.llm.allows("ana") == 450
    acme.llm.mute = False
    clock.moment += timedelta(hours=1)
    compare(acme)
    assert acme.llm.allows("ana") == 480
    assert not any("Somebody set" in title for title in titles(acme, "fay"))


def test_a_soft_budget_is_not_enforced(database: Database, clock: Clock) -> None:
    """Only hard budgets in money for every model become limits."""
    clock.moment = TUESDAY
    budgets = [
        {"name": "watched", "who": "every person", "amount": "400 USD", "limit": "soft"},
        {"name": "flagship", "who": "every person", "amount": "100 USD", "models": "flagship"},
        {"name": "counted", "who": "every person", "amount": "5M tokens"},
    ]
    company = Company(database, clock, {**RULES, "budgets": budgets})
    company.llm.knows("ana")
    compare(company)
    assert company.llm.allows("ana") is None


def test_a_weekly_budget_at_a_monthly_provider(database: Database, clock: Clock) -> None:
    """The limit there is what was spent this month plus what is left this week; a new week is no reason to ask."""
    clock.moment = TUESDAY
    budgets = [{"name": "weekly", "who": "every person", "amount": "50 USD", "every": "week"}]
    company = Company(database, clock, {**RULES, "budgets": budgets})
    company.llm.knows(*EVERYONE)
    compare(company)
    press(company, "fay", "Change them")
    company.settle()
    assert company.llm.allows("bob") == 150
    clock.moment += timedelta(days=1)
    company.llm.spends("bob", "20", TUESDAY.date())
    company.pull()
    compare(company)
    assert company.llm.allows("bob") == 150
    clock.moment += timedelta(days=6)
    compare(company)
    assert (company.llm.allows("bob"), company.llm.allows("max")) == (50, 50)


def test_a_pool_that_is_nearly_empty_binds_its_people(database: Database, clock: Clock) -> None:
    """The tightest budget decides, a pool above included."""
    clock.moment = TUESDAY
    budgets = [
        {"name": "monthly", "who": "every person", "amount": "400 USD"},
        {"name": "pool", "who": "team search", "amount": "300 USD"},
    ]
    company = Company(database, clock, {**RULES, "budgets": budgets})
    company.llm.knows("ana", "max", "bob")
    compare(company)
    assert (company.llm.allows("ana"), company.llm.allows("max")) == (300, 53)


def test_limits_are_rounded_down_to_what_the_provider_takes(database: Database, clock: Clock) -> None:
    """Whole dollars there never allow more than the ledger does."""
    clock.moment = TUESDAY
    budgets = [{"name": "monthly", "who": "every person", "amount": "400.75 USD"}]
    company = Company(database, clock, {**RULES, "budgets": budgets})
    company.llm.step_nanos = NANOS
    company.app.__post_init__()
    company.llm.knows("ana")
    compare(company)
    assert company.llm.there[Subject("user", "ana")].amount_nanos == 400 * NANOS


def test_a_budget_in_another_currency_is_converted_down(database: Database, clock: Clock) -> None:
    """Providers count in dollars; the rate of the day is used."""
    clock.moment = TUESDAY
    organization = {"name": "Acme", "zone": "Europe/Berlin", "currency": "CNY"}
    budgets = [{"name": "monthly", "who": "every person", "amount": "1000 CNY"}]
    rates = {"USD": {"2026-01-01": "7.2"}}
    company = Company(database, clock, {**RULES, "organization": organization, "budgets": budgets, "rates": rates})
    company.llm.knows("max")
    compare(company)
    assert company.llm.there[Subject("user", "max")].amount_nanos == 138_888_888_888


def test_a_limit_is_written_in_what_the_provider_bills_in(database: Database, clock: Clock) -> None:
    """Worked out by the rate of the day before anything is written, and compared in the same currency afterwards."""
    clock.moment = TUESDAY
    company = Company(database, clock, {**RULES, "rates": {"EUR": {"2026-01-01": "1.25"}}})
    company.llm.knows("max", currency="EUR")
    compare(company)
    max_ = Subject("user", "max")
    assert company.llm.there[max_] == Limit(max_, 320 * NANOS, name="max", currency="EUR")  # 400 USD
    company.llm.changes("max", 500)
    compare(company)
    assert "Somebody changed Max Weber's limit at The sample company (llm) to €500" in titles(company, "fay")[-1]


def test_a_currency_without_a_rate_is_not_written_in(database: Database, clock: Clock) -> None:
    """What a limit would be worth is not known, so none is set."""
    clock.moment = TUESDAY
    company = Company(database, clock)
    company.llm.knows("max", currency="EUR")
    compare(company)
    assert "set_limit" not in company.llm.calls


def test_a_currency_that_changed_on_the_way_stops_the_limit(database: Database, clock: Clock) -> None:
    """400 dollars are not written as 400 euros: it is worked out anew."""
    clock.moment = TUESDAY
    company = Company(database, clock, {**RULES, "rates": {"EUR": {"2026-01-01": "1.25"}}})
    company.llm.knows("max")
    company.app.limits.read(company.llm)
    company.llm.knows("max", currency="EUR")
    clock.moment += timedelta(minutes=11)
    compare(company)
    assert company.llm.there[Subject("user", "max")].amount_nanos == 320 * NANOS


# Conflicts -----------------------------------------------------------------------------------------------------------


def test_what_somebody_changed_there_is_asked_about_and_not_overwritten(acme: Company) -> None:
    """Finance is asked once, with both figures; until then nothing is written, a new grant included."""
    acme.llm.changes("ana", 900)
    compare(acme)
    compare(acme)
    assert titles(acme, "fay")[-1:] == ["Somebody changed Ana Silva's limit at The sample company (llm) to $900.00"]
    acme.say("ana", "request 50 more")
    acme.say("max", "approve 1")
    acme.settle()
    assert acme.llm.allows("ana") == 900


def test_a_grant_comes_on_top_of_what_finance_kept(acme: Company) -> None:
    """Kept is kept, hour after hour; and more never lowers it."""
    acme.llm.changes("ana", 900)
    compare(acme)
    assert "Fay Osei kept Ana Silva's limit" in press(acme, "fay", "Keep their limit")
    compare(acme)
    assert acme.llm.allows("ana") == 900
    assert titles(acme, "fay")[-1] == "Fay Osei kept Ana Silva's limit as changed at The sample company (llm)"
    acme.say("ana", "request 50 more")
    acme.say("max", "approve 1")
    acme.settle()
    assert acme.llm.allows("ana") == 950
    assert titles(acme, "ana")[-1].startswith("$50.00 more: applied at The sample company (llm)")
    compare(acme)
    acme.clock.forward(timedelta(minutes=1))
    acme.say("max", "revoke 1 the project ended")
    acme.settle()
    assert acme.llm.allows("ana") == 900
    acme.llm.changes("ana", 400)
    compare(acme)
    acme.clock.forward(timedelta(minutes=1))
    acme.say("ana", "request 50 more")
    acme.say("max", "approve 2")
    acme.settle()
    assert acme.llm.allows("ana") == 450


def test_finance_restores_ours(acme: Company) -> None:
    """And again when it is changed again to the same."""
    for _ in range(2):
        acme.llm.changes("ana", 900)
        compare(acme)
        press(acme, "fay", "Restore our limit")
        acme.settle()
        assert acme.llm.allows("ana") == 400
        compare(acme)
        assert acme.llm.allows("ana") == 400


def test_finance_adopts_theirs(acme: Company) -> None:
    """The ledger then says what the provider says, with who and why, for this period."""
    acme.llm.changes("ana", 900)
    compare(acme)
    assert "change the budget in app.yaml" in press(acme, "fay", "Adopt it in the budget")
    assert acme.hear("ana", "balance").title == "$653.24 left of $900.00"
    compare(acme)
    assert acme.llm.allows("ana") == 900


def test_a_conflict_is_settled_once_and_by_finance_only(acme: Company) -> None:
    """A stale button, a stranger, and whose own limit it is each get a sentence; nothing changes."""
    acme.llm.changes("ana", 900)
    acme.llm.changes("fay", 900)
    compare(acme)
    ours, mine = (f"user:ana {900 * NANOS}", f"user:fay {900 * NANOS}")
    assert "Only finance" in acme.say("ana", f"keep-theirs llm {ours}")
    assert "your own limit" in acme.say("fay", f"keep-theirs llm {mine}")
    assert "already settled" in acme.say("fay", f"keep-theirs llm user:ana {800 * NANOS}")
    acme.say("fay", f"restore-ours llm {ours}")
    acme.settle()
    assert "already settled" in acme.say("fay", f"keep-theirs llm {ours}")
    assert acme.llm.allows("ana") == 400


def test_a_change_between_reading_and_writing_is_not_overwritten(acme: Company, clock: Clock) -> None:
    """What was read long ago is read again before anything is written over it."""
    clock.moment += timedelta(hours=1)
    acme.llm.changes("ana", 900)
    acme.say("ana", "request 50 more")
    acme.say("max", "approve 1")
    acme.settle()
    assert acme.llm.allows("ana") == 900
    assert titles(acme, "fay")[-1] == "Somebody changed Ana Silva's limit at The sample company (llm) to $900.00"


def test_the_plan_is_shown_to_finance_only(acme: Company) -> None:
    """`limits` says what is there, what the ledger says, and what would be done."""
    acme.llm.changes("ana", 900)
    acme.app.limits.read(acme.llm)
    card = acme.say("fay", "limits")
    assert "1 limit differs from the budget" in card
    assert "finance decides" in card
    assert "Only finance and admins" in acme.say("ana", "limits")


def test_app_yaml_may_forbid_to_write(database: Database, clock: Clock) -> None:
    """`limits: read` looks and does not touch."""
    clock.moment = TUESDAY
    providers = [{"kind": "sample", "name": "llm", "limits": "read"}]
    company = Company(database, clock, {**RULES, "providers": providers})
    company.llm.knows("ana")
    compare(company)
    company.say("ana", "request 50 more")
    company.say("max", "approve 1")
    company.settle()
    assert company.llm.allows("ana") is None
    assert "Bursar can't set limits" in company.say("fay", "proceed llm")
    assert "pause" not in {button.label.lower() for button in company.hear("fay", "limits").buttons}


# Members of teams ----------------------------------------------------------------------------------------------------


def test_a_member_may_spend_in_the_team_what_is_left_of_everything(acme: Company) -> None:
    """A team's keys are not bound by the user's limit, so the member's is: spent for the team, plus what is left."""
    reports(acme, "ana", acme.clock().date(), sub_account="t/1", cost_nanos=30 * NANOS, model="claude-opus-4-5")
    ana_in_search = Subject.of_member("t/1", "ana")
    acme.llm.there[ana_in_search] = Limit(ana_in_search, None, name="search")
    acme.llm.members.append(ProviderIdentity("member", ana_in_search.external_id, name="search", owner="ana"))
    acme.pull()
    compare(acme)
    assert acme.llm.allows("ana") == 400
    assert acme.llm.there[ana_in_search].amount_nanos == 153_240_000_000  # 30 of her 276.76, and 123.24 that are left


def test_two_keys_of_an_agent_share_what_is_left(acme: Company) -> None:
    """The provider counts each key by itself: a key may have what it spent, plus what is left, and not the other's."""
    today = acme.clock().date()
    for name, dollars in (("a", 300), ("b", 120)):
        key = Subject("key", f"crawler-{name}")
        acme.llm.there[key] = Limit(key, None)
        acme.directory = replace(
            acme.directory, links=(*acme.directory.links, Link("llm", "key", key.external_id, "agent/crawler"))
        )
        reports(acme, "", today, resource=key.external_id, cost_nanos=dollars * NANOS, model="claude-opus-4-5")
    acme.app.refresh_people()
    acme.pull()
    compare(acme)
    found = {one.external_id: limit.amount_nanos for one, limit in acme.llm.there.items() if one.kind == "key"}
    assert found == {"crawler-a": 380 * NANOS, "crawler-b": 200 * NANOS}  # 80 of 500 are left


def test_a_team_there_is_limited_by_what_is_counted_there(acme: Company) -> None:
    """What its people spend elsewhere lowers what is left, and is not counted against the team over there."""
    search = Subject("team", "proj_search")
    acme.llm.there[search] = Limit(search, None)
    acme.directory = replace(
        acme.directory, links=(*acme.directory.links, Link("llm", "team", "proj_search", "team/search"))
    )
    reports(acme, "max", acme.clock().date(), sub_account="proj_search", cost_nanos=50 * NANOS, model="claude-opus-4-5")
    acme.app.refresh_people()
    acme.pull()
    compare(acme)
    assert acme.llm.there[search].amount_nanos == 2_753_240_000_000  # 50, and 3000 - 246.76 - 50 that are left


def test_a_member_is_paused_as_the_user_who_it_is(acme: Company) -> None:
    """A pause stops the user everywhere; the member's limit is no other person."""
    ana_in_search = Subject.of_member("t", "ana")
    acme.llm.there[ana_in_search] = Limit(ana_in_search, None, name="search")
    acme.llm.members.append(ProviderIdentity("member", ana_in_search.external_id, owner="ana"))
    acme.pull()
    compare(acme)
    acme.say("fay", "pause @ana")
    acme.settle()
    assert acme.llm.calls.count("pause") == 1
    assert not acme.llm.there[ana_in_search].paused


# What is there besides, and when it resets ---------------------------------------------------------------------------


def test_applied_is_said_only_when_all_limits_of_the_account_stand(acme: Company) -> None:
    """Ana spends as a user and as a member of a team; her grant counts when both are raised."""
    member = Subject.of_member("search", "ana")
    acme.llm.there[member] = Limit(member, 400 * NANOS, name="Search")
    acme.llm.members = [ProviderIdentity("member", member.external_id, owner="ana")]
    acme.pull()
    compare(acme)
    acme.llm.changes("ana", 900)
    compare(acme)
    acme.say("ana", "request 50 more")
    acme.say("max", "approve 1")
    acme.settle()
    assert acme.llm.there[member].amount_nanos == 450 * NANOS
    assert titles(acme, "ana")[-1] == "Approved, but not yet applied at The sample company (llm)"
    assert "Finance decides" in acme.reads("ana")[-1]
    press(acme, "fay", "Restore our limit")
    acme.settle()
    assert acme.llm.allows("ana") == 450
    assert titles(acme, "ana")[-1].startswith("$50.00 more: applied at The sample company (llm)")


def test_a_key_with_a_limit_of_its_own_stays_as_it_is_and_whoever_got_more_is_told(acme: Company) -> None:
    """More for the user does not help a key that is stopped by its own limit."""
    laptop, ci = Subject("key", "laptop"), Subject("key", "ci")
    acme.llm.there[laptop] = Limit(laptop, 5 * NANOS, "week", name="ana-laptop")
    acme.llm.there[ci] = Limit(ci, None, "total", name="ana-ci", caps=(("day", NANOS // 2),))
    acme.llm.members = [
        ProviderIdentity("user", "ana", email="ana@acme.example"),
        ProviderIdentity("key", "laptop", owner="ana"),
        ProviderIdentity("key", "ci", owner="ana"),
    ]
    acme.pull()
    compare(acme)
    assert not any("has no limit" in each for each in titles(acme, "fay"))
    acme.say("ana", "request 50 more")
    acme.say("max", "approve 1")
    acme.settle()
    answer = acme.reads("ana")[-1]
    assert "ana-laptop at The sample company (llm) stays limited to $5.00 a week." in answer
    assert "ana-ci at The sample company (llm) stays limited to $0.50 a day." in answer
    assert "Ana Silva got more, but keys at The sample company (llm) have limits of their own" in titles(acme, "fay")
    assert acme.llm.there[laptop].amount_nanos == 5 * NANOS


def test_a_limit_of_a_key_is_among_those_that_bind(acme: Company) -> None:
    """With what is left of it where that is told; a key that is used up is said to be refused."""
    laptop, ci = Subject("key", "laptop"), Subject("key", "ci")
    acme.llm.there[laptop] = Limit(laptop, 5 * NANOS, "week", name="ana-laptop", spent_nanos=2 * NANOS)
    acme.llm.there[ci] = Limit(ci, None, "total", name="ana-ci", caps=(("day", NANOS // 2),))
    acme.llm.members = [ProviderIdentity("key", each, owner="ana") for each in ("laptop", "ci")]
    acme.llm.members.append(ProviderIdentity("user", "ana", email="ana@acme.example"))
    acme.pull()
    compare(acme)
    [table] = [block for block in acme.hear("ana", "balance").blocks if isinstance(block, Table)]
    assert table.rows[-2:] == (
        ("Key ana-ci at The sample company (llm), today", "not known", "$0.50"),
        ("Key ana-laptop at The sample company (llm), this week", "$3.00", "$5.00"),
    )
    acme.llm.there[laptop] = replace(acme.llm.there[laptop], spent_nanos=5 * NANOS)
    compare(acme)
    says = "The sample company (llm) refuses requests with key ana-laptop now: its own limit is used up."
    assert says in acme.say("ana", "balance")
    assert "ana-laptop" not in acme.say("bob", "balance")


def test_whoever_works_below_a_limit_that_refuses_now_reads_so(acme: Company) -> None:
    """A provider that stops the whole organization stops everybody, whatever is left of their own budget."""
    whole = Subject("organization", "")
    acme.llm.there[whole] = Limit(whole, 10_000 * NANOS, refusing=True)
    compare(acme)
    says = "The sample company (llm) refuses requests of Acme now: the limit there is used up."
    card = acme.hear("ana", "balance")
    assert (says in acme.say("ana", "balance"), card.tone) == (True, "bad")
    acme.llm.there[whole] = replace(acme.llm.there[whole], refusing=False)
    compare(acme)
    assert "refuses requests" not in acme.say("ana", "balance")


def test_before_and_after_a_grant_it_is_said_that_a_key_stays_limited(database: Database, clock: Clock) -> None:
    """Though Bursar may write no limit there, so that nothing is ever applied: finance is asked by name."""
    clock.moment = TUESDAY
    providers = [{"kind": "sample", "name": "llm", "history_days": 4, "limits": "read"}]
    rules: dict[str, object] = {**RULES, "providers": providers}
    night = Subject("key", "night")
    people = replace(ACME, links=(*ACME.links, Link("llm", "key", "night", "agent/crawler")))
    company = Company(database, clock, rules, directory=people)
    company.llm.there[night] = Limit(night, 3 * NANOS, "day", name="night-job")
    company.app.limits.read(company.llm)
    company.say("max", "request 50 for crawler nightly reindex")
    asked = next(each for each in company.reads("kim") if "asks for" in each)
    assert "Key night-job at The sample company (llm), today: $3.00" in asked
    said = company.say("kim", "approve 1")
    stays = "night-job at The sample company (llm) stays limited to $3.00 a day."
    assert stays in said
    assert any(stays in each for each in company.reads("max"))
    news = "Crawler got more, but keys at The sample company (llm) have limits of their own"
    assert all(news in titles(company, who) for who in ("fay", "max"))


@pytest.mark.parametrize("many", [False, True])
def test_whom_somebody_there_allows_nothing_is_opened_by_no_wholesale_word(
    database: Database, clock: Clock, *, many: bool
) -> None:
    """Neither when all limits are set for the first time nor when many are restored; finance decides each by itself."""
    clock.moment = TUESDAY
    crowd = tuple(Person(f"p{n}", f"P {n}") for n in range(24))
    links = tuple(Link("llm", "user", each.id, f"person/{each.id}") for each in crowd)
    everybody = Directory((*ACME.people, *crowd), ACME.teams, ACME.agents, (*ACME.links, *links))
    company = Company(database, clock, directory=everybody)
    company.llm.knows(*(each.id for each in crowd))
    shut = [each.id for each in crowd][: 12 if many else 1]
    for each in shut:
        company.llm.changes(each, 0)
    compare(company)
    if many:
        assert "12 limits at The sample company (llm) are zero" in titles(company, "fay")
    else:
        assert "P 0 is allowed nothing at The sample company (llm)" in titles(company, "fay")
    press(company, "fay", "Change them")
    company.settle()
    for one in crowd[12:]:
        company.llm.changes(one.id, 900)
    compare(company)
    press(company, "fay", "Restore all")
    company.settle()
    allowed = {each.id: company.llm.allows(each.id) for each in crowd}
    assert {name for name, amount in allowed.items() if amount == 0} == set(shut)
    assert {amount for name, amount in allowed.items() if name not in shut} == {400}
    company.say("fay", f"restore-ours llm user:{shut[0]} 0")
    company.settle()
    assert company.llm.allows(shut[0]) == 400


def test_the_plan_tells_raises_from_cuts_and_shows_each_window(database: Database, clock: Clock) -> None:
    """$150 a week is more than $400 a month."""
    clock.moment = TUESDAY
    company = Company(database, clock)
    company.llm.knows(*EVERYONE)
    here = {"ana": (150, "week"), "max": (90, "week"), "kim": (500, "month"), "fay": (1000, "total")}
    for who, (amount, window) in here.items():
        one = Subject("user", who)
        company.llm.there[one] = Limit(one, amount * NANOS, window)  # type: ignore[arg-type]
    compare(company)
    plan = company.say("fay", "limits llm")
    lines = {line.split("  ")[0]: line for line in plan.splitlines() if "$400.00 a month" in line}
    assert ("$150.00 a week" in lines["Ana Silva"], lines["Ana Silva"].endswith("will be lowered")) == (True, True)
    assert lines["Max Weber"].endswith("will be raised")
    assert lines["Kim Tanaka"].endswith("will be lowered")
    assert ("$1,000.00 in all" in lines["Fay Osei"], lines["Fay Osei"].endswith("count each month")) == (True, True)
    assert lines["Bob Reyes"].endswith("will be limited")
    asked = acme_asked(company)
    assert ("Raised" in asked, "Lowered" in asked, "Limited for the first time" in asked) == (True, True, True)


def acme_asked(company: Company) -> str:
    """What finance was asked before much changes."""
    return company.reads("fay")[-1]


@pytest.mark.parametrize(
    ("zone", "turn", "before", "between", "after"),
    [
        ("America/Los_Angeles", datetime(2026, 12, 1, tzinfo=UTC), 400, 10, 400),
        ("Asia/Kolkata", datetime(2026, 12, 1, tzinfo=UTC), 400, 790, 400),
        ("America/Los_Angeles", datetime(2026, 12, 1, 8, tzinfo=UTC), 400, 400, 400),
    ],
)
def test_at_the_turn_of_the_month_a_limit_counts_from_the_providers_own_reset(
    database: Database, clock: Clock, zone: str, turn: datetime, before: int, between: int, after: int
) -> None:
    """Of $400 a month $390 are spent. Nobody spends November twice, and nobody waits for December."""
    clock.moment = datetime(2026, 11, 30, 15, tzinfo=UTC)
    rules: dict[str, object] = {**RULES, "organization": {"name": "Acme", "zone": zone}}
    company = Company(database, clock, rules)
    company.llm.spends("ana", "390.00", date(2026, 11, 29))
    company.pull()
    ana = Subject("user", "ana")
    company.llm.there = {ana: Limit(ana, 100 * NANOS, resets_at=turn)}
    compare(company)
    assert company.llm.allows("ana") == before
    earlier, later = sorted([turn, datetime(2026, 12, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)])
    clock.moment = earlier + timedelta(minutes=2)
    company.app.tick()
    company.settle()
    assert company.llm.allows("ana") == between
    clock.moment = later + timedelta(minutes=2)
    company.llm.there[ana] = replace(company.llm.there[ana], resets_at=turn + timedelta(days=31))
    company.app.tick()
    company.settle()
    compare(company)
    assert company.llm.allows("ana") == after


def test_one_cause_is_one_message(acme: Company) -> None:
    """A key that may not write is refused for everybody; finance hears it once, with whom it is about."""
    for number, who in enumerate(each for each in EVERYONE if each != "fay"):
        acme.llm.trouble = UndeliverableError(f"LiteLLM refused user “{who}” ({400 + number}): the key may not write")
        acme.clock.forward(timedelta(minutes=1))
        acme.say("fay", f"correct 20 of {who} a gift")
        acme.settle()
    acme.llm.trouble = None
    told = [each for each in acme.messages("fay") if "did not accept" in each.title]
    assert [each.title for each in told] == ["The sample company (llm) did not accept 6 limits"]
    assert "Ana Silva" in acme.reads("fay")[-1]


def test_who_is_deleted_between_reading_and_writing_is_forgotten_and_no_trouble(acme: Company) -> None:
    """There is nothing to be done, and nobody has to act."""
    acme.llm.meanwhile = lambda: None
    del acme.llm.there[Subject("user", "bob")]
    acme.say("fay", "correct 20 of bob a gift")
    acme.say("fay", "pause bob")
    acme.settle()
    assert acme.say("fay", "status").startswith("Everything works")
    held = acme.database.ask(lambda conn: limits.of_account(conn, "person/bob"))
    assert held == []


# Uncapped, gone, several ---------------------------------------------------------------------------------------------


def test_a_new_key_without_any_cap_is_reported(acme: Company) -> None:
    """The forgotten cap of the next shocking bill: finance hears of it at the next reading, once."""
    acme.llm.knows("stray")
    compare(acme)
    compare(acme)
    assert titles(acme, "fay").count("1 new key or user at The sample company (llm) has no limit") == 1
    assert "stray" in acme.reads("fay")[-1]


def test_a_limit_that_is_not_understood_hides_no_other_and_nobody_is_forgotten(acme: Company, clock: Clock) -> None:
    """It may be that of who is not on the list; the others are compared."""
    del acme.llm.there[Subject("user", "bob")]
    acme.llm.changes("ana", 7)
    acme.llm.odd_rows = 1
    clock.forward(timedelta(hours=1))
    compare(acme)
    held = {each.subject.external_id: each.seen_nanos for each in acme.database.ask(of_llm)}
    assert held["ana"] == 7 * NANOS
    assert "bob" in held
    assert "1 row set aside" in acme.say("fay", "status")
    acme.llm.odd_rows = 0
    clock.forward(timedelta(hours=1))
    compare(acme)
    assert "bob" not in {each.subject.external_id for each in acme.database.ask(of_llm)}
    assert "set aside" not in acme.say("fay", "status")


def of_llm(conn: Connection) -> list[Held]:
    """What is known of the limits at the provider."""
    return limits.of_provider(conn, "llm")


def test_who_is_gone_there_is_forgotten(acme: Company, clock: Clock) -> None:
    """A whole list that no longer names somebody ends what we knew of them; half a list does not."""
    del acme.llm.there[Subject("user", "bob")]
    clock.moment += timedelta(hours=1)
    acme.llm.trouble = UnreachableError("half a list")
    with pytest.raises(UnreachableError):
        acme.app.limits.read(acme.llm)
    assert "bob" in {
        each.subject.external_id for each in acme.database.ask(lambda conn: limits.of_provider(conn, "llm"))
    }
    acme.llm.trouble = None
    compare(acme)
    held = acme.database.ask(lambda conn: limits.of_provider(conn, "llm"))
    assert "bob" not in {each.subject.external_id for each in held}


def test_everybody_stands_at_once_as_each_stands_alone(acme: Company) -> None:
    """The whole company in a few statements comes to the same limits as one account after the other."""
    acme.say("max", "allot 300 to ana")
    acme.say("kim", "transfer 30 from ana to bob for the demo")
    acme.settle()
    before = allowed(acme)
    acme.llm.calls.clear()
    compare(acme)
    assert acme.llm.calls == ["limits"]
    for person in EVERYONE:
        acme.happens(SyncAccount(f"person/{person}"))
    acme.settle()
    assert allowed(acme) == before
    assert before["ana"] == 300


# Pause ---------------------------------------------------------------------------------------------------------------


def test_the_owner_pauses_an_agent_and_resumes_it_exactly(acme: Company) -> None:
    """As it was before, to the last figure, and both are told."""
    acme.llm.knows("crawler-key")
    acme.llm.changes("crawler-key", 500)
    compare(acme)
    assert "is being paused" in acme.say("max", "pause agent crawler")
    acme.settle()
    assert acme.llm.there[Subject("user", "crawler-key")].paused
    assert titles(acme, "max")[-1] == "Crawler is paused at The sample company (llm)"
    compare(acme)
    assert acme.llm.there[Subject("user", "crawler-key")].paused
    assert "is being resumed" in acme.say("max", "resume agent crawler")
    acme.settle()
    assert acme.llm.there[Subject("user", "crawler-key")].amount_nanos == 500 * NANOS
    assert titles(acme, "max")[-1] == "Crawler is resumed at The sample company (llm)"


def test_no_limit_is_written_while_a_pause_is_on_its_way(acme: Company) -> None:
    """A limit that was raised meanwhile would open whom somebody has just stopped."""
    acme.llm.knows("crawler-key")
    acme.llm.changes("crawler-key", 500)
    compare(acme)
    acme.say("max", "pause agent crawler")
    acme.say("fay", "correct 100 of agent crawler the launch")
    acme.app.limits.read(acme.llm)
    assert acme.database.ask(lambda conn: outbox.find(conn, "limit/llm/user:crawler-key")) is None


def test_a_pause_that_does_nothing_is_not_reported_as_one(acme: Company) -> None:
    """The provider said yes, and whoever was to be paused goes on: that is looked at, and told."""
    acme.llm.deaf = True
    acme.say("fay", "pause @ana")
    acme.settle()
    assert not any("is paused" in title for title in titles(acme, "fay"))
    assert titles(acme, "fay")[-1] == "Ana Silva is not paused at The sample company (llm)"
    assert acme.messages("fay")[-1].blocks[0] == Text("llm was told to pause user ana, and it is not paused there")
    status = acme.say("fay", "status")
    assert "llm was told to pause user ana, and it is not paused there" in status


def waits(database: Database, clock: Clock) -> Company:
    """Ana's very first limit at the provider is on its way, and not yet there."""
    clock.moment = TUESDAY
    company = Company(database, clock)
    company.llm.knows("ana")
    company.app.limits.read(company.llm)
    return company


def test_the_balance_of_who_is_paused_says_so(acme: Company) -> None:
    """Much is left, and nothing can be spent."""
    says = "Paused at The sample company (llm). Requests there are refused until somebody resumes Ana Silva."
    assert says not in acme.say("ana", "balance")
    acme.say("fay", "pause ana")
    card = acme.hear("ana", "balance")
    assert (says in acme.say("ana", "balance"), card.tone) == (True, "bad")
    assert says not in acme.say("bob", "balance")
    acme.settle()
    acme.say("fay", "resume ana")
    acme.settle()
    assert says not in acme.say("ana", "balance")


def test_a_limit_on_its_way_lets_nobody_go_on_who_is_paused(database: Database, clock: Clock) -> None:
    """It waited for the provider, and somebody was paused meanwhile; afterwards the limit comes."""
    company = waits(database, clock)
    company.llm.trouble = UnreachableError("the proxy is restarting")
    company.settle()
    company.llm.trouble = None
    company.say("fay", "pause @ana")
    company.settle()
    company.llm.calls.clear()
    clock.moment += timedelta(minutes=1)
    company.settle()
    assert "set_limit" not in company.llm.calls
    assert company.llm.there[Subject("user", "ana")] == Limit(Subject("user", "ana"), 0, paused=True, name="ana")
    company.say("fay", "resume @ana")
    company.settle()
    compare(company)
    assert company.llm.there[Subject("user", "ana")] == Limit(Subject("user", "ana"), 400 * NANOS, name="ana")


def test_a_pause_in_the_very_moment_of_a_limit_wins(database: Database, clock: Clock) -> None:
    """The pause arrives first and the limit after it, because two of us were at work: they are paused again."""
    company = waits(database, clock)

    def pause() -> None:
        company.say("fay", "pause @ana")
        company.settle()

    company.llm.meanwhile = pause
    company.settle()
    assert company.llm.allows("ana") == 0
    company.say("fay", "resume @ana")
    company.settle()
    assert company.llm.there[Subject("user", "ana")] == Limit(Subject("user", "ana"), None, name="ana")


def test_a_pause_wins_though_the_limit_before_it_arrived_late(database: Database, clock: Clock) -> None:
    """Its answer was lost, and nobody knows when it arrived: so it is paused once more."""
    company = waits(database, clock)

    def pause() -> None:
        company.say("fay", "pause @ana")
        company.settle()
        company.llm.mute = True

    company.llm.meanwhile = pause
    company.settle()
    assert company.llm.allows("ana") == 400
    company.llm.mute = False
    clock.moment += timedelta(minutes=1)
    company.settle()
    assert company.llm.allows("ana") == 0


def test_what_another_paused_needs_two(acme: Company) -> None:
    """Ana cannot undo what Fay paused; when Ana asks and Max, her owner above, agrees, it goes on."""
    acme.say("fay", "pause @ana")
    acme.settle()
    assert "a second person must agree" in acme.say("ana", "resume @ana")
    assert "a second person must agree" in acme.say("ana", "resume @ana")
    assert acme.llm.there[Subject("user", "ana")].paused
    assert "is being resumed" in press(acme, "fay", "Agree")
    acme.settle()
    assert not acme.llm.there[Subject("user", "ana")].paused


def test_nobody_pauses_a_stranger(acme: Company) -> None:
    """Not theirs and not there get the same answer."""
    strange = acme.say("bob", "pause @ana")
    assert "nobody with this name" in strange
    assert acme.say("bob", "pause key sk-nothing") == strange
    assert not acme.llm.there[Subject("user", "ana")].paused


def test_a_pause_whose_answer_was_lost_keeps_how_it_was(acme: Company, clock: Clock) -> None:
    """The state before is kept before anything is changed; a second attempt keeps the first word."""
    acme.llm.mute = True
    acme.say("fay", "pause @ana")
    acme.settle()
    acme.llm.mute = False
    clock.moment += timedelta(minutes=5)
    acme.settle()
    acme.say("fay", "resume @ana")
    acme.settle()
    assert (acme.llm.allows("ana"), acme.llm.there[Subject("user", "ana")].paused) == (400, False)
    assert acme.database.ask(limits.paused) == []


def test_providers_say_how_they_do(acme: Company) -> None:
    """Per provider: last read, through, unlinked, trouble, what it can and cannot."""
    card = acme.say("fay", "providers")
    assert "sets limits" in card
    assert "7 set, 0 without a limit" in card
    assert "Only finance and admins" in acme.say("ana", "providers")


def test_many_changes_are_one_message(database: Database, clock: Clock) -> None:
    """Somebody emptied the provider's list: finance hears it once, and restores all but the own with one button."""
    clock.moment = TUESDAY
    crowd = tuple(Person(f"p{n}", f"P {n}") for n in range(14))
    links = tuple(Link("llm", "user", each.id, f"person/{each.id}") for each in crowd)
    everybody = Directory((*ACME.people, *crowd), ACME.teams, ACME.agents, (*ACME.links, *links))
    company = Company(database, clock, directory=everybody)
    company.llm.knows("fay", *(each.id for each in crowd))
    compare(company)
    press(company, "fay", "Change them")
    company.settle()
    for each in ("fay", *(each.id for each in crowd)):
        company.llm.changes(each, None)
    compare(company)
    assert titles(company, "fay")[-1] == "15 of 15 limits were changed at The sample company (llm)"
    assert "Only finance" in company.say("max", "restore llm")
    assert "restored 14 limits" in press(company, "fay", "Restore all")
    company.settle()
    assert {company.llm.allows(each.id) for each in crowd} == {400}
    assert company.llm.allows("fay") is None
