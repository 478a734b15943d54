"""What is left: what people say and hear."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import cast

from sqlalchemy import text

from bot.errors import UnreachableError
from storage.db import Database
from storage.directory import Person
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company


def test_a_person_hears_what_is_left(acme: Company) -> None:
    """$400 a month, $246.76 spent: $153.24 left, with the share, the day it resets and of when it is."""
    answer = acme.say("ana", "balance")

    assert answer.splitlines()[0] == "$153.24 left of $400.00"
    for words in ("$246.76 of $400.00 used (62 %)", "1 December (in 9 days)", "llm as of 22 Nov 13:00 (Berlin)"):
        assert words in answer


def test_all_limits_that_bind_are_named_and_the_least_one_decides(acme: Company) -> None:
    """Ana has her own budget and a share in the pool of Search."""
    answer = acme.say("ana", "balance")

    assert "Search pool, this month  $2,753.24  $3,000.00" in answer
    assert answer.index("Own budget, this month  ") < answer.index("Search pool")


def test_a_used_up_pool_decides_even_if_the_own_budget_has_some_left(acme: Company) -> None:
    """What is used up stops first."""
    acme.llm.spends("max", "2900.00")
    acme.pull()

    assert acme.say("ana", "balance").splitlines()[0] == "!! $146.76 over the limit of $3,000.00"


def test_who_spent_more_than_the_limit_hears_how_much_over(acme: Company) -> None:
    """Below zero is said in words."""
    acme.llm.spends("ana", "412.00")
    acme.pull()

    assert acme.say("ana", "balance").startswith("!! $12.00 over the limit of $400.00")


def test_an_owner_hears_of_the_team_and_of_the_agent(acme: Company) -> None:
    """Max owns Search and the crawler."""
    assert acme.say("max", "balance of team search").startswith("Search: $2,753.24 left of $3,000.00")
    assert acme.say("max", "balance crawler").startswith("Crawler: $500.00 left of $500.00")


def test_my_team_is_the_team_that_one_is_in(acme: Company) -> None:
    """In each language that help says it in; finance is in none."""
    for words in ("balance of my team", "balance my team", "balance of our team", "余额 我的团队"):
        assert acme.say("max", words) == acme.say("max", "balance of team search"), words
    assert "You can't see figures for “search”" in acme.say("ana", "balance of my team")
    assert acme.say("fay", "balance of my team").startswith("! You are in no team.")


def test_nobody_hears_of_others_and_unknown_and_forbidden_sound_alike(acme: Company) -> None:
    """Invariant 10: the refusal does not even tell whether somebody exists."""
    forbidden, unknown = acme.say("ana", "balance of bob"), acme.say("ana", "balance of xyz")

    assert forbidden.replace("bob", "…") == unknown.replace("xyz", "…")
    assert "You can't see figures for “bob”" in forbidden


def test_finance_hears_of_everybody(acme: Company) -> None:
    """Fay sees all."""
    assert "$100.00 of $400.00" in acme.say("fay", "balance of @bob")


def test_a_stranger_hears_nothing(acme: Company) -> None:
    """Who is not known, or has left, gets no figure."""
    assert acme.say("eve", "balance") == "! I don't know you. Ask an admin to add you to the people of Bursar."


def test_a_restated_day_is_the_new_truth(acme: Company) -> None:
    """The provider corrects yesterday."""
    acme.llm.spends("ana", "200.00")
    acme.pull()

    assert acme.say("ana", "balance").startswith("$200.00 left of $400.00")


def test_the_first_minute_of_a_month_has_a_budget_before_the_clock_has_posted_it(acme: Company) -> None:
    """Midnight is not a moment without budget, and the local calendar decides when it is."""
    acme.clock.moment = datetime(2026, 11, 30, 23, 0, 30, tzinfo=UTC)

    assert acme.say("ana", "balance").startswith("$400.00 left of $400.00")


def test_usage_that_could_not_be_read_is_marked_as_old(acme: Company) -> None:
    """The figure stays, with its age and the word that newer reads failed."""
    acme.clock.forward(timedelta(hours=1))
    acme.llm.trouble = UnreachableError("llm does not answer")
    acme.app.tick()
    acme.settle()

    answer = acme.say("ana", "balance")
    assert answer.startswith("$153.24 left of $400.00")
    assert "llm as of 22 Nov 13:00 (Berlin) (newer reads failed)" in answer


def test_amounts_are_written_as_the_asker_writes_them(acme: Company) -> None:
    """A German sees 153,24 $."""
    ana, *others = acme.directory.people
    acme.directory = replace(acme.directory, people=(replace(ana, locale="de_DE"), *others))
    acme.app.refresh_people()

    assert acme.say("ana", "balance").startswith("153,24\xa0$ left of 400,00\xa0$")


def test_less_than_a_cent_is_said_to_be_so(acme: Company) -> None:
    """Nobody reads that nothing is left, or that they are over by nothing."""
    acme.llm.spends("ana", "399.999")
    acme.pull()
    assert acme.say("ana", "balance").startswith("! Less than $0.01 left of $400.00")

    acme.llm.spends("ana", "400.000000001")
    acme.pull()
    assert acme.say("ana", "balance").startswith("!! Less than $0.01 over the limit of $400.00")
    assert "$0.00" not in acme.say("ana", "balance")


def test_what_was_never_read_is_not_left(acme: Company) -> None:
    """Where no provider was ever read, nobody knows what is left."""
    acme.database.transact(lambda conn: conn.execute(text("DELETE FROM pulls")))

    answer = acme.say("lea", "balance")
    assert answer.splitlines()[0] == "$400.00 limit; no usage has been read yet"
    assert "No usage has been read from a provider yet" in answer


def test_what_is_left_for_a_model_is_by_the_budgets_that_count_it(database: Database, clock: Clock) -> None:
    """$250 for flagship models stand beside $400 for all; a standard model is bound by those only."""
    flagship = {"name": "flagship", "who": "every person", "amount": "250 USD", "models": "flagship"}
    rules = [*cast("list[object]", RULES["budgets"]), flagship]
    company = Company(database, clock, {**RULES, "budgets": rules})
    company.llm.spends("ana", "40.00", date(2026, 11, 21), "claude-opus-4-5")
    company.llm.spends("ana", "5.00", date(2026, 11, 21), "claude-sonnet-4-5")
    company.pull()

    for words in ("balance on opus", "balance of opus", "balance opus", "how much opus do I have left?", "opus余额"):
        said = company.say("ana", words)
        assert "$210.00 left of $250.00" in said, words
        assert "Used by them" in said, words
        assert "$40.00" in said, words
    assert "Own budget for flagship models" not in company.say("ana", "balance on sonnet")
    first = company.say("ana", "balance").splitlines()[0]
    assert company.say("ana", "balance on sonnet").splitlines()[0] == f"{first}, for sonnet"
    assert company.say("max", "balance of ana on opus").startswith("Ana Silva: $210.00 left of $250.00")
    assert "doesn't exist" in company.say("bob", "balance of ana on opus")
    assert "No limit counts opus" in company.say("fay", "balance of organization on opus")


def test_somebody_is_meant_before_a_model_of_that_name(database: Database, clock: Clock) -> None:
    """A person may be called as a model is."""
    claude = Person("claude", "Claude Roy", "claude@acme.example", "max", "search")
    company = Company(database, clock, directory=replace(ACME, people=(*ACME.people, claude)))
    company.llm.spends("ana", "40.00", date(2026, 11, 21), "claude-opus-4-5")
    company.pull()

    assert company.say("max", "balance of claude").startswith("Claude Roy: ")
    assert "for claude" in company.say("ana", "balance of claude")


def test_the_size_of_a_model_is_no_name_of_one(acme: Company) -> None:
    """Ana asks about Max, whom she may not see, and hears nothing of qwen3-max."""
    acme.llm.spends("ana", "1.00", date(2026, 11, 21), "qwen3-max")
    acme.pull()
    assert acme.say("ana", "balance of max").startswith("! You can't see figures for “max”")
    assert "for qwen3-max" in acme.say("ana", "balance of qwen3-max")
