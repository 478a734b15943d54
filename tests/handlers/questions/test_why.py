"""Why it was more or less: what people say and hear."""

from dataclasses import replace
from datetime import date, timedelta

from tests.support.company import Company
from tests.support.history import DAYS, on_working_days, read_all, reports, uses

WEEK = date(2026, 11, 15)  # the first of the last seven whole days


def test_a_person_hears_what_drove_the_change(acme: Company) -> None:
    """$50 a week was usual; in the last one Opus came on top."""
    uses(acme, "ana", on_working_days("10"))
    acme.llm.spends("ana", "30.00", date(2026, 11, 17), "claude-opus-4-5", tokens=500)
    answer = read_all(acme).say("ana", "why")

    assert answer.splitlines()[0] == "$30.00 more than before: $80.00 spent in the last 7 days"
    assert "Before  $50.00, the average of the 4 weeks before" in answer
    assert "claude-opus-4-5  +$30.00  $30.00  first used on 17 November" in answer
    assert "llm as of 22 Nov 13:00 (Berlin)" in answer


def test_twice_the_tokens_at_the_same_price_is_volume(acme: Company) -> None:
    """Cost and tokens both doubled in the last week."""
    uses(
        acme,
        "ana",
        lambda day: "0" if day.weekday() > 4 else ("20" if day >= WEEK else "10"),
        tokens=lambda day: 2000 if day >= WEEK else 1000,
    )
    answer = read_all(acme).say("ana", "why")

    assert "claude-sonnet-4-5  +$50.00  $100.00  volume: more tokens (+100 %)" in answer
    assert "Volume  +$50.00 because of more use" in answer
    assert "Price   as before" in answer


def test_the_same_tokens_at_a_higher_price_is_price(acme: Company) -> None:
    """Cost rose by half, tokens did not."""
    uses(acme, "ana", lambda day: "0" if day.weekday() > 4 else ("15" if day >= WEEK else "10"))

    assert "price: more expensive per token (+50 %)" in read_all(acme).say("ana", "why")


def test_a_kind_of_token_that_changed_alone_is_named(acme: Company) -> None:
    """Less was read from the cache and more of it written: the cost moved between kinds."""
    uses(acme, "ana", lambda _: "0")
    for day in (day for day in DAYS if day.weekday() < 5):
        cached = (10_000, 1_000) if day < WEEK else (10_000, 9_000)
        cost = (cached[0] * 2 + cached[1] * 25) * 150_000
        reports(
            acme,
            "ana",
            day,
            model="claude-opus-4-5",
            tokens_cache_read=cached[0],
            tokens_cache_write_5m=cached[1],
            cost_nanos=cost,
        )
    answer = read_all(acme).say("ana", "why")

    assert "claude-opus-4-5, cache writes (5 min)  +$150.00" in answer
    assert "volume: more tokens (+800 %)" in answer
    assert "an estimate by usual list prices" in answer


def test_what_is_gone_is_said_to_be_gone(acme: Company) -> None:
    """Ana stopped in the last week."""
    uses(acme, "ana", lambda day: "0" if day.weekday() > 4 or day >= WEEK else "10")
    answer = read_all(acme).say("ana", "why")

    assert answer.startswith("$50.00 less than before: $0.00 spent in the last 7 days")
    assert "claude-sonnet-4-5  -$50.00  $0.00  no longer used" in answer


def test_an_ordinary_week_is_as_usual(acme: Company) -> None:
    """No cause is made up."""
    uses(acme, "ana", on_working_days("10"))

    assert read_all(acme).say("ana", "why").startswith("$50.00 spent in the last 7 days, as before")


def test_a_history_too_short_to_compare_is_said_to_be_so(acme: Company) -> None:
    """Ana's first day was yesterday."""
    answer = acme.say("ana", "why")

    assert answer.startswith("$246.76 spent in the last 7 days")
    assert "There is too little history to say why: usage begins on 21 November" in answer


def test_few_weeks_make_a_rough_usual(acme: Company) -> None:
    """Two of the four weeks before are known."""
    uses(acme, "ana", lambda day: "0" if day.weekday() > 4 or day < WEEK - timedelta(days=14) else "10")
    answer = read_all(acme).say("ana", "why")

    assert "the average of the 2 weeks before" in answer
    assert "There is little history, so the average is a rough one." in answer


def test_nothing_at_all_is_said_so(acme: Company) -> None:
    """Lea used nothing."""
    assert "No usage has been reported so far." in acme.say("lea", "why")


def test_other_days_are_compared_with_the_same_weekdays_before(acme: Company) -> None:
    """A Friday with Fridays, and a month that is not over with as many whole days."""
    uses(acme, "ana", lambda day: {4: "40", 5: "0", 6: "0"}.get(day.weekday(), "10"))
    read_all(acme)
    friday = acme.say("ana", "why 2026-11-20")

    assert friday.startswith("$40.00 spent 20 November, as before")
    assert "$40.00, the average of 4 × 1 day before, on the same weekdays" in friday
    assert "spent this month to 21 November" in acme.say("ana", "why this month").splitlines()[0]


def test_days_that_are_not_over_are_not_compared(acme: Company) -> None:
    """Today is half a day."""
    assert "Only full days can be compared, and the last one is 21 November." in acme.say("ana", "why today")


def test_an_owner_hears_of_models_and_never_of_keys(acme: Company) -> None:
    """A key of a team is a person. Of an agent of one's own, keys are told apart."""
    uses(acme, "ana", lambda _: "0")
    for number, subject in enumerate(("ana", "crawler-key")):
        for day in (day for day in DAYS if day.weekday() < 5):
            for key in ("key-00000001", "key-00000002"):
                cost = (2 if day >= WEEK and key[-1] == "2" else 1) * 10**9 * (number + 1)
                reports(acme, subject, day, model="gpt-5.2", resource=key, tokens_output=1000, cost_nanos=cost)
    read_all(acme)

    assert "00000002" not in acme.say("max", "why of team search")
    assert "00000002" not in acme.say("fay", "why of ana")
    assert "gpt-5.2, key …00000002  +$5.00" in acme.say("ana", "why")
    assert "gpt-5.2, key …00000002  +$10.00" in acme.say("max", "why of crawler")
    assert "00000002" not in acme.say("fay", "why of crawler")


def test_nobody_hears_why_others_spent(acme: Company) -> None:
    """The same refusal as for a balance."""
    assert "You can't see figures for “bob”" in acme.say("ana", "why of bob")


def test_what_has_no_price_is_not_compared_and_said_to_be_left_out(acme: Company) -> None:
    """Unknown is not zero: its tokens are no part of the mix."""
    uses(acme, "ana", lambda day: "0" if day.weekday() > 4 else ("15" if day >= WEEK else "10"))
    reports(acme, "ana", date(2026, 11, 18), model="mystery", tokens_output=5000)
    answer = read_all(acme).say("ana", "why")

    assert answer.startswith("$25.00 more than before: $75.00 spent in the last 7 days")
    assert "Volume  as before" in answer
    assert "5,000 tokens have no known price and are not in the sum." in answer


def test_a_person_who_moved_leaves_the_past_with_the_old_team(acme: Company) -> None:
    """Bob went from Ads to Search today: his weeks stay with Ads."""
    uses(acme, "bob", on_working_days("10"))
    uses(acme, "bob", lambda _: "0", "claude-opus-4-5")
    read_all(acme)
    moved = tuple(replace(one, team="search") if one.id == "bob" else one for one in acme.directory.people)
    acme.directory = replace(acme.directory, people=moved)
    acme.app.refresh_people()

    assert acme.say("lea", "why of team ads").startswith("Ads: $50.00 spent in the last 7 days, as before")
    assert acme.say("max", "why of team search").startswith("Search: $246.76 spent in the last 7 days")
