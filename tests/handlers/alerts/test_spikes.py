"""The runaway guard: who is told what, when, and what they can say to it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.platforms import terminal
from handlers.events import CheckSpikes, DetectWaste
from handlers.policy import Budget, Policy
from storage import spikes
from storage.charges import Charge
from storage.directory import Agent, Link
from storage.limits import Subject
from storage.spikes import Sight
from tests.support.clock import Clock
from tests.support.company import ACME, RULES, Company
from tests.support.databases import migrated
from tests.support.history import read_all

NIGHT = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)  # Tuesday, 22:00 in Berlin
HOUR = timedelta(hours=1)


def hourly(
    acme: Company, first: datetime, hours: int, nanos: Callable[[int], int], requests: int = 60, size: int = 1000
) -> None:
    """Let the crawler's key spend so much in each hour, all requests of a size that varies a little."""
    for number in range(hours):
        wobble = 0 if size == 777 else number % 7 * 13
        acme.llm.rows.append(
            Charge(
                "llm",
                first + number * HOUR,
                1,
                "claude-haiku-4-5",
                subject="crawler-key",
                requests=requests,
                tokens_input=requests * (size + wobble),
                tokens_output=requests * 100,
                cost_nanos=nanos(number),
            )
        )


def can_be_paused(acme: Company) -> None:
    """The provider tells its limits, so that it is known whom it can stop."""
    acme.llm.knows("crawler-key", "ana")
    acme.app.limits.read(acme.llm)


def usual(number: int) -> int:
    """Between 10 and 19 cents an hour."""
    return (10 + number % 10) * 10**7


def a_night(acme: Company, until: datetime, *, burning: Callable[[int], int] = lambda _: 22 * 10**9) -> None:
    """Two usual weeks, then the crawler loops from 22:00 on, and each hour the provider is read."""
    can_be_paused(acme)
    acme.llm.rows = []
    start = NIGHT - timedelta(days=14)
    hourly(acme, start, 14 * 24, usual)
    acme.clock.moment = NIGHT
    read_all(acme)
    pulled(acme)
    number = 0
    while acme.clock.moment < until:
        hourly(acme, acme.clock.moment, 1, lambda _, n=number: burning(n))  # type: ignore[misc]
        acme.clock.forward(HOUR)
        number += 1
        pulled(acme)


def pulled(acme: Company) -> None:
    """A tick at this hour: the provider is read, and the guard looks."""
    acme.app.settings = acme.app.settings.model_copy(
        update={"providers": (acme.app.settings.providers[0].model_copy(update={"read": "* * * * *"}),)}
    )
    acme.app.tick()
    acme.settle()


def dangers(acme: Company, person: str) -> list[str]:
    """What the guard told somebody."""
    cards = [
        card
        for card in acme.messages(person)
        if any(word in card.title for word in ("spends", "back to usual", "loop"))
    ]
    return [terminal.render(card) for card in cards]


def titles(acme: Company, person: str) -> list[str]:
    """The titles of that."""
    return [text.splitlines()[0] for text in dangers(acme, person)]


def test_an_agent_that_loops_overnight_is_told_of_at_the_first_pull(acme: Company) -> None:
    """To the owner and finance, at night: what it burns, what it will have cost by morning, and Pause."""
    a_night(acme, NIGHT + HOUR)

    for person in ("max", "fay"):
        [card] = dangers(acme, person)
        assert card.startswith("!! Crawler spends $22.00 an hour, usually $0.19")
        assert "[Pause: pause agent crawler]" in card
        assert "$21.81" in card  # above the usual so far
        assert "By 25 Nov 09:00 (Berlin)" in card
        assert "$239.91 if it continues" in card
    assert dangers(acme, "ana") == []


def test_it_is_told_again_when_it_has_doubled_and_not_each_hour(acme: Company) -> None:
    """Nine hours of it are five messages: 1, 2, 4, 8 hours, and the end."""
    a_night(acme, NIGHT + 9 * HOUR)
    assert len(dangers(acme, "max")) == 4
    assert titles(acme, "max")[3].startswith("!! Still going on: Crawler spends $22.00 an hour")


def test_the_end_has_the_total_and_takes_the_buttons_away(acme: Company) -> None:
    """Nothing can be paused any more."""
    a_night(acme, NIGHT + 9 * HOUR)
    for number in range(5):
        hourly(acme, acme.clock.moment, 1, lambda _, n=number: usual(n))  # type: ignore[misc]
        acme.clock.forward(HOUR)
        pulled(acme)

    assert set(titles(acme, "max")) == {"Crawler is back to usual: $196.29 above usual in total"}
    assert not any("pause" in text for text in dangers(acme, "max"))
    assert len(dangers(acme, "max")) == 5


def test_it_ends_also_when_nothing_is_reported_any_more(acme: Company) -> None:
    """Whoever pauses it makes it silent."""
    a_night(acme, NIGHT + 2 * HOUR)
    acme.clock.forward(5 * HOUR)
    pulled(acme)

    assert titles(acme, "max")[-1].startswith("Crawler is back to usual: $43.62")


def test_the_total_holds_what_burnt_while_nobody_looked(acme: Company) -> None:
    """The provider did not answer from midnight to the morning; the loop ended at six."""
    a_night(acme, NIGHT + 2 * HOUR)
    hourly(acme, acme.clock.moment, 7, lambda _: 22 * 10**9)
    acme.clock.forward(12 * HOUR)
    pulled(acme)

    assert set(titles(acme, "max")) == {"Crawler is back to usual: $196.29 above usual in total"}
    assert "25 Nov 07:00 (Berlin)" in dangers(acme, "max")[-1]


def test_a_provider_that_is_silent_ends_nothing(acme: Company) -> None:
    """Another one was read, and the guard looks: what is not known is not usual."""
    a_night(acme, NIGHT + 2 * HOUR)
    acme.clock.forward(5 * HOUR)
    acme.happens(CheckSpikes())
    assert acme.database.ask(lambda conn: sum(each.burns for each in spikes.known(conn, acme.clock()))) == 1
    assert not any("back to usual" in title for title in titles(acme, "max"))

    pulled(acme)
    assert "back to usual" in titles(acme, "max")[-1]


def test_two_million_by_morning(tmp_path: Path, clock: Clock) -> None:
    """The known story: nobody set a cap, an agent loops overnight, and it burns 200,000 yuan an hour."""
    database = migrated(tmp_path / "yuan.db")
    rules: dict[str, object] = {
        **RULES,
        "organization": {"name": "Acme", "zone": "Asia/Shanghai", "currency": "CNY"},
        "budgets": [],
        "rates": {"USD": {"2026-01-01": "7"}},
    }
    acme = Company(database, clock, rules)
    can_be_paused(acme)
    ten_pm = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
    acme.llm.rows = []
    hourly(acme, ten_pm - timedelta(days=10), 240, usual)
    acme.llm.rows = [replace(row, currency="CNY") for row in acme.llm.rows]
    clock.moment = ten_pm
    read_all(acme)
    hourly(acme, ten_pm, 1, lambda _: 200_000 * 10**9)
    acme.llm.rows[-1] = replace(acme.llm.rows[-1], currency="CNY")
    clock.forward(HOUR)
    pulled(acme)

    [card] = dangers(acme, "max")
    assert card.startswith("!! Crawler spends CN¥200,000.00 an hour, usually CN¥0.19")
    assert "By 25 Nov 09:00 (Shanghai)" in card
    assert "CN¥2,199,997.91 if it continues" in card
    assert "none: no budget applies" in card
    assert "[Pause: pause agent crawler]" in card
    database.close()


def test_a_usual_night_is_silent(acme: Company) -> None:
    """Nobody is woken for 19 cents."""
    a_night(acme, NIGHT + 9 * HOUR, burning=usual)

    assert dangers(acme, "max") == dangers(acme, "fay") == []


def test_small_change_is_silent(acme: Company) -> None:
    """Ten times as much, but $1.50 an hour: by morning it is less than the floor of $25."""
    a_night(acme, NIGHT + 3 * HOUR, burning=lambda _: 15 * 10**8)

    assert dangers(acme, "max") == []


def test_the_same_pull_twice_tells_once(acme: Company) -> None:
    """Nor do three replicas."""
    a_night(acme, NIGHT + HOUR)
    acme.happens(CheckSpikes())
    acme.settle()

    assert len(dangers(acme, "max")) == 1


def test_what_is_expected_is_silent_until_its_day_and_remembered(acme: Company) -> None:
    """The owner says so; then it is not told again, and finance sees that it is expected."""
    a_night(acme, NIGHT + HOUR)
    assert "until 25 November" in acme.say("max", "expected 1 until 2026-11-25 the big reindex")
    for _ in range(6):
        hourly(acme, acme.clock.moment, 1, lambda _: 22 * 10**9)
        acme.clock.forward(HOUR)
        pulled(acme)

    assert len(dangers(acme, "max")) == 1
    assert "It was expected." in dangers(acme, "fay")[0]
    assert "the big reindex" in acme.say("fay", "guard")

    acme.clock.moment = datetime(2026, 11, 26, 0, 0, tzinfo=UTC)
    hourly(acme, acme.clock.moment - 2 * HOUR, 2, lambda _: 500 * 10**9)
    pulled(acme)
    assert len(dangers(acme, "max")) == 2


def goes_on(acme: Company, hours: int, dollars: int) -> None:
    """The crawler spends so much an hour, and each hour the provider is read."""
    for _ in range(hours):
        hourly(acme, acme.clock.moment, 1, lambda _: dollars * 10**9)
        acme.clock.forward(HOUR)
        pulled(acme)


def test_what_is_expected_has_a_ceiling_above_which_it_is_told(acme: Company) -> None:
    """$22 an hour were seen, and $100 said; on the fifth hour of the day more than that is spent."""
    a_night(acme, NIGHT + HOUR)
    said = acme.say("max", "expected 1 100 USD until friday the reindex")
    assert "unless Crawler spends more than $100.00 in all from 24 November on" in said
    assert "$100.00" in acme.say("fay", "guard")
    goes_on(acme, 3, 22)
    assert len(dangers(acme, "max")) == 1

    goes_on(acme, 2, 22)
    assert "$100.00 was marked as expected" in acme.messages("max")[-1].title


def test_the_buttons_of_a_spike_say_up_to_how_much(acme: Company) -> None:
    """Three and ten times what it will have cost by the morning, besides what is usual."""
    a_night(acme, NIGHT + HOUR)
    [card] = [card for card in acme.messages("max") if "spends" in card.title]
    few, many = [one for one in card.buttons if one.says.startswith("expected")]
    assert (few.says, many.says) == ("expected 1", "expected 1 10x")
    assert few.label.startswith("It is expected, up to $7")
    acme.say("max", many.says)
    assert many.label.removeprefix("Up to ") in acme.say("max", "guard")


def test_spending_can_be_said_ahead_and_ends_when_somebody_says_so(acme: Company) -> None:
    """For whom it is to be, with an amount; it is listed, and nobody else may say it."""
    a_night(acme, NIGHT)
    said = acme.say("max", "expected crawler 500 USD wednesday to sunday: reindex")
    assert "The spending of Crawler is marked as expected until 29 November" in said
    assert "reindex" in acme.say("fay", "guard")
    assert "Say up to how much" in acme.say("max", "expected crawler friday to sunday")
    assert "29 November is before" in acme.say("max", "expected crawler 500 USD 30 november to 29 november")
    assert "agents that you own" in acme.say("ana", "expected crawler 500 USD friday to sunday")
    acme.clock.forward(5 * HOUR)  # it is Wednesday
    goes_on(acme, 2, 22)
    assert dangers(acme, "max") == []

    acme.say("max", "unexpected crawler")
    goes_on(acme, 1, 22)
    assert len(dangers(acme, "max")) == 1


def test_guard_says_since_when_it_looks(acme: Company) -> None:
    """It has not seen four weeks."""
    said = acme.say("fay", "guard")
    assert "none detected since 22 November, when readings began" in said


def test_a_day_that_is_told_late_is_a_danger_when_it_is_told(acme: Company) -> None:
    """On Thursday it is known what Tuesday cost, and that Wednesday was as usual."""
    acme.llm.rows = []
    for number in range(30):
        acme.llm.spends("ana", f"{8 + number % 5}.00", date(2026, 11, 23) - timedelta(days=number))
    acme.clock.moment = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    read_all(acme)
    pulled(acme)
    acme.clock.moment = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
    acme.llm.spends("ana", "110.00", date(2026, 11, 24))
    acme.llm.spends("ana", "9.00", date(2026, 11, 25))
    pulled(acme)
    for person in ("ana", "fay"):
        [card] = [card for card in acme.messages(person) if "spent" in card.title and "usually" in card.title]
        assert card.title == "Ana Silva spent $110.00 on Tuesday 24 November, usually $10.00"
        assert "This was reported late. It is over." in terminal.render(card)
    acme.clock.forward(HOUR)
    pulled(acme)
    assert sum("on Tuesday" in card.title for card in acme.messages("ana")) == 1


def test_a_late_day_of_somebody_new_has_no_usual(acme: Company) -> None:
    """Nothing was spent before it; that is no usual amount."""
    acme.clock.moment = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    acme.happens(CheckSpikes())
    acme.settle()
    told = [card.title for card in acme.messages("ana") if "Ana Silva" in card.title]
    assert told == ["Ana Silva spent $246.76 on Saturday 21 November, and had no history yet"]


def test_an_unknown_key_rings_though_much_is_unallocated_already(acme: Company) -> None:
    """$60 an hour among $100 a day that nobody linked."""
    acme.llm.rows = []
    start = NIGHT - timedelta(days=14)
    for number in range(14 * 24):
        acme.llm.rows.append(
            Charge("llm", start + number * HOUR, 1, "m", subject="old", requests=1, cost_nanos=20 * 10**9)
        )
    acme.clock.moment = NIGHT
    read_all(acme)
    pulled(acme)
    acme.llm.rows.append(Charge("llm", NIGHT, 1, "m", subject="stolen", requests=1, cost_nanos=60 * 10**9))
    acme.clock.forward(HOUR)
    pulled(acme)
    assert any("$60.00 an hour" in title for title in titles(acme, "fay"))


def test_many_new_agents_at_once_are_one_alert(acme: Company) -> None:
    """Forty of them at $24 each: none is worth a word, all of them are."""
    names = [f"worker{number}" for number in range(40)]
    acme.directory = replace(
        ACME,
        agents=(*ACME.agents, *(Agent(name, name.title(), "max", "search") for name in names)),
        links=(*ACME.links, *(Link("llm", "user", name, f"agent/{name}") for name in names)),
    )
    acme.llm.rows = []
    for number in range(30):
        acme.llm.spends("ana", "9.00", date(2026, 11, 23) - timedelta(days=number))
    acme.clock.moment = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
    acme.app.refresh_people()
    read_all(acme)
    for name in names:
        acme.llm.spends(name, "24.00", date(2026, 11, 24))
    pulled(acme)
    told = [card for card in acme.messages("fay") if "spend" in card.title]
    assert [card.title for card in told] == ["New agents together spend $960.00 a day"]


def test_a_new_agent_of_a_small_company_is_told_of_at_the_first_pull(acme: Company) -> None:
    """$40 in its first hour; there are no twelve others to compare it with."""
    acme.llm.rows = []
    acme.clock.moment = NIGHT
    read_all(acme)
    pulled(acme)
    hourly(acme, NIGHT, 1, lambda _: 40 * 10**9)
    acme.clock.forward(HOUR)
    pulled(acme)
    for person in ("max", "fay"):
        [title] = titles(acme, person)
        assert title.startswith("!! Crawler spends $40.00 an hour, and has no history yet")


def test_what_burns_when_readings_begin_is_told_at_once(acme: Company) -> None:
    """A crisis on the first day, with its whole beginning; what was over a week ago is the past."""
    acme.llm.rows = []
    for number, day in enumerate(BEFORE):
        acme.llm.spends("ana", "60.00" if number < 3 else f"{5 + number % 3}.00", day)
        acme.llm.spends("max", "90.00" if number == 8 else f"{5 + number % 3}.00", day)
    acme.llm.spends("ana", "50.00", date(2026, 11, 24))
    acme.clock.moment = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
    read_all(acme)
    pulled(acme)
    told = [card.title for card in acme.messages("fay") if "spend" in card.title or "spent" in card.title]
    assert told == ["Ana Silva spends $50.00 a day, usually $6.00"]
    known = acme.database.ask(lambda conn: spikes.known(conn, datetime(2026, 11, 1, tzinfo=UTC)))
    assert [each.since.date() for each in known if each.rule == "daily"] == [date(2026, 11, 21)]


def test_a_fortnightly_batch_rings_once_and_not_six_times(acme: Company) -> None:
    """Nobody answers, and it comes five times more."""
    acme.llm.rows = []
    for number, day in enumerate(BEFORE):
        acme.llm.spends("crawler-key", f"{5 + number % 3}.00", day)
    acme.clock.moment = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    read_all(acme)
    pulled(acme)
    for number in range(5 * 14 + 3):
        day = date(2026, 11, 24) + timedelta(days=number)
        acme.llm.spends("crawler-key", "80.00" if number % 14 == 0 else "6.00", day)
        if number % 14 < 2:
            acme.clock.moment = datetime(2026, 11, 24, 20, 0, tzinfo=UTC) + timedelta(days=number)
            pulled(acme)
    assert [card.title for card in acme.messages("fay") if "spends" in card.title] == [
        "Crawler spends $80.00 a day, usually $6.00"
    ]


def test_what_was_not_expected_does_not_become_usual(acme: Company) -> None:
    """After a whole day of it, the next night is told of as the first."""
    a_night(acme, NIGHT + 24 * HOUR)
    acme.say("max", "unexpected 1")
    hourly(acme, NIGHT + 24 * HOUR, 24, usual)
    acme.clock.moment = NIGHT + 48 * HOUR
    pulled(acme)
    hourly(acme, NIGHT + 48 * HOUR, 1, lambda _: 22 * 10**9)
    acme.clock.forward(HOUR)
    pulled(acme)

    assert titles(acme, "max")[-1].startswith("!! Crawler spends $22.00 an hour, usually $0.19")


@pytest.mark.parametrize("person", ["ana", "bob", "lea"])
def test_only_whom_it_concerns_may_judge(acme: Company, person: str) -> None:
    """An unknown number and another's get the same answer."""
    a_night(acme, NIGHT + HOUR)

    for word in ("expected", "unexpected"):
        assert "You have no spike with that number" in acme.say(person, f"{word} 1")
        assert "You have no spike with that number" in acme.say(person, f"{word} 99")
    assert "Crawler" not in acme.say(person, "guard")


def test_the_rules_may_have_an_agent_paused(acme: Company) -> None:
    """Above the amount of app.yaml it is paused, once, and the provider stops it."""
    acme.app.policy = acme.app.policy.model_copy(
        update={"guard": acme.app.policy.guard.model_copy(update={"pause_above": "40 USD"})}
    )
    a_night(acme, NIGHT + 3 * HOUR)

    assert [json.loads(item)["account_id"] for item in pauses(acme)] == ["agent/crawler"]
    assert any("It is being paused automatically." in text for text in dangers(acme, "max"))
    assert acme.llm.there[Subject("user", "crawler-key")].paused
    assert "Crawler is paused at The sample company (llm)" in [card.title for card in acme.messages("max")]


def test_what_no_provider_can_stop_has_no_button_for_it(acme: Company) -> None:
    """A button that can only be refused is none."""
    acme.llm.can = frozenset({"charges", "people"})
    acme.app.__post_init__()
    a_night(acme, NIGHT + 3 * HOUR)
    assert dangers(acme, "max")
    assert not any("[Pause" in text for text in dangers(acme, "max"))


def test_who_is_paused_is_not_offered_to_be_paused(acme: Company) -> None:
    """The next message says that it is, and so does the answer to somebody who did not expect it."""
    a_night(acme, NIGHT + HOUR)
    acme.say("max", "pause agent crawler")
    acme.settle()
    for _ in range(2):
        hourly(acme, acme.clock.moment, 1, lambda _: 22 * 10**9)
        acme.clock.forward(HOUR)
        pulled(acme)

    *_, last = dangers(acme, "fay")
    assert last.startswith("!! Still going on")
    assert "It is already paused" in last
    assert "[Pause" not in last
    assert "[Pause" not in acme.say("max", "unexpected 1")


def pauses(acme: Company) -> list[str]:
    """Whom the rules have had paused."""
    with acme.database._questions.connect() as conn:
        rows = conn.exec_driver_sql("select payload from outbox where key like 'event/pause_account/%'")
        return [str(row[0]) for row in rows]


def test_a_person_whose_day_runs_away_is_told_on_that_day(acme: Company) -> None:
    """A provider that reports days is judged while the day lasts."""
    can_be_paused(acme)
    acme.llm.rows = []
    for number in range(30):
        acme.llm.spends("ana", f"{8 + number % 5}.00", date(2026, 11, 24) - timedelta(days=number + 1))
    acme.clock.moment = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
    read_all(acme)
    acme.llm.spends("ana", "23.00", date(2026, 11, 24))
    pulled(acme)
    assert not any("spends" in card.title for card in acme.messages("ana"))

    acme.llm.spends("ana", "110.00", date(2026, 11, 24))
    acme.clock.forward(HOUR)
    pulled(acme)
    [card] = [card for card in acme.messages("ana") if "spends" in card.title]
    assert card.title == "Ana Silva spends $110.00 a day, usually $10.00"
    assert [one.says for one in card.buttons][:2] == ["pause person ana", "expected 1"]


def spends_by_day(acme: Company, who: str, costs: dict[date, str], today: str) -> list[str]:
    """The past is read on Tuesday morning, then what today costs; what finance is told."""
    acme.llm.rows = []
    for day, usd in costs.items():
        acme.llm.spends(who, usd, day)
    acme.clock.moment = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    read_all(acme)
    pulled(acme)
    acme.llm.spends(who, today, date(2026, 11, 24))
    acme.clock.moment = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
    pulled(acme)
    return [card.title for card in acme.messages("fay") if "spends" in card.title]


BEFORE = [date(2026, 11, 24) - timedelta(days=number) for number in range(1, 57)]


def test_ten_times_the_usual_of_somebody_with_ten_days_of_history_is_told(acme: Company) -> None:
    """Nobody else is needed for it."""
    days = {day: f"{5 + number % 3}.00" for number, day in enumerate(BEFORE[:10])}
    assert spends_by_day(acme, "ana", days, "60.00") == ["Ana Silva spends $60.00 a day, usually $6.00"]


def test_an_old_large_day_hides_no_burn(acme: Company) -> None:
    """Twelve times the usual three weeks ago, eight times today."""
    days = {day: f"{9 + number % 3}.00" for number, day in enumerate(BEFORE)} | {BEFORE[20]: "120.00"}
    assert spends_by_day(acme, "ana", days, "80.00") == ["Ana Silva spends $80.00 a day, usually $10.00"]


def test_a_weekly_batch_hides_no_burn_on_another_weekday(acme: Company) -> None:
    """Twenty times a usual day is told, though each Sunday costs as much; Sunday itself is silent."""
    days = {day: "100.00" if day.weekday() == 6 else f"{4 + day.day % 3}.00" for day in BEFORE}
    assert spends_by_day(acme, "crawler-key", days, "100.00") == ["Crawler spends $100.00 a day, usually $5.00"]


def test_a_batch_on_its_weekday_is_silent(acme: Company) -> None:
    """Each Tuesday, as today."""
    days = {day: "100.00" if day.weekday() == 1 else f"{4 + day.day % 3}.00" for day in BEFORE}
    assert spends_by_day(acme, "crawler-key", days, "110.00") == []


def rings_of_ana(acme: Company, days: int, is_large: Callable[[date], bool]) -> list[int]:
    """Eight weeks of $5 to $7 a day, then $60 on some days; how many spikes she was told of by the end of each day."""
    acme.llm.rows = []
    for number, day in enumerate(BEFORE):
        acme.llm.spends("ana", f"{5 + number % 3}.00", day)
    acme.clock.moment = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    read_all(acme)
    pulled(acme)
    rings = []
    for number in range(days):
        day = date(2026, 11, 24) + timedelta(days=number)
        acme.llm.spends("ana", "60.00" if is_large(day) else "6.00", day)
        acme.clock.moment = datetime(2026, 11, 24, 20, 0, tzinfo=UTC) + timedelta(days=number)
        pulled(acme)
        known = acme.database.ask(lambda conn: spikes.known(conn, datetime(2026, 11, 1, tzinfo=UTC)))
        rings.append(sum(each.told_nanos is not None for each in known if each.rule == "daily"))
    return rings


def test_a_burn_that_comes_again_rings_again_though_nobody_answered(acme: Company) -> None:
    """Four days of $60 in three weeks: silence is no answer, so none of them becomes usual."""
    rings = rings_of_ana(acme, 19, lambda day: (day - date(2026, 11, 24)).days % 6 == 0)
    assert [rings[number] for number in (0, 6, 12, 18)] == [1, 2, 3, 4]


def test_who_has_come_to_use_more_is_not_reported_each_week_for_ever(acme: Company) -> None:
    """$60 on each working day: the first two weeks ring, once each."""
    rings = rings_of_ana(acme, 21, lambda day: day.weekday() < 5)
    assert [rings[number] for number in (3, 10, 17, 20)] == [1, 2, 2, 2]


def test_the_same_document_for_a_week_is_a_loop_told_in_working_hours(acme: Company) -> None:
    """Dear it is not, but no work is so even; it waits for the morning."""
    acme.llm.rows = []
    hourly(acme, NIGHT - timedelta(days=14), 14 * 24, usual)
    acme.clock.moment = NIGHT
    read_all(acme)
    pulled(acme)
    for number in range(14):
        hourly(acme, acme.clock.moment, 1, lambda _: 21 * 10**7, requests=40, size=777)
        acme.clock.forward(HOUR)
        pulled(acme)
        if number == 9:
            assert dangers(acme, "max") == []  # it is 8 in the morning

    [card] = dangers(acme, "max")
    assert card.startswith("! Crawler may be in a loop, at $5.04 a day")
    assert "Every request has the same size" in card
    assert dangers(acme, "fay") == []


def test_a_slow_drift_is_told_in_working_hours(acme: Company) -> None:
    """A week that costs twice the dearest of the weeks before."""
    acme.llm.rows = []
    for number in range(60):
        day = date(2026, 11, 23) - timedelta(days=number + 1)
        acme.llm.spends("ana", "20.00" if number < 7 else "5.00", day)
    acme.clock.moment = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
    read_all(acme)
    pulled(acme)
    acme.happens(DetectWaste())
    pulled(acme)
    assert not any("last week" in card.title for card in acme.messages("ana"))

    acme.clock.moment = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    pulled(acme)
    assert [card.title for card in acme.messages("ana") if "last week" in card.title] == [
        "Ana Silva spent $140.00 last week, usually $35.00"
    ]


@pytest.mark.parametrize(("dollars", "hears"), [(249, False), (250, True)])
def test_a_large_drift_goes_to_finance_too(acme: Company, dollars: int, hears: bool) -> None:
    """Ten times the floor more in a week; less is the owner's matter."""
    week = datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)
    usual = 100 * 10**9
    sight = Sight("weekly", *week, usual + dollars * 10**9, usual, dollars * 10**9, 10**9)
    acme.database.transact(lambda conn: spikes.begin(conn, "person/max", sight))
    acme.clock.moment = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    acme.happens(CheckSpikes())
    acme.settle()
    assert any("last week" in card.title for card in acme.messages("max"))
    assert any("last week" in card.title for card in acme.messages("fay")) is hears


@pytest.mark.parametrize(("monthly", "rings"), [("300 USD", True), ("2000 USD", False)])
def test_a_new_agent_is_measured_by_its_own_budget(acme: Company, monthly: str, rings: bool) -> None:
    """$60 on its first day: a fifth of a month's $300, and next to nothing of $2,000."""
    acme.app.policy = with_budgets(acme, {"name": "own", "who": "agent crawler", "amount": monthly})
    told = spends_by_day(acme, "crawler-key", {}, "60.00")
    assert told == (["Crawler spends $60.00 a day, and has no history yet"] if rings else [])


def test_a_new_agent_burns_no_large_part_of_its_teams_budget_in_silence(acme: Company) -> None:
    """Its own budget would allow it."""
    own = {"name": "own", "who": "agent crawler", "amount": "2000 USD"}
    acme.app.policy = with_budgets(acme, own, {"name": "team", "who": "team search", "amount": "400 USD"})
    told = spends_by_day(acme, "crawler-key", {}, "60.00")
    assert told == ["Crawler spends $60.00 a day, and has no history yet"]


def with_budgets(acme: Company, *rules: dict[str, str]) -> Policy:
    """The rules of app.yaml with other budgets."""
    return acme.app.policy.model_copy(update={"budgets": tuple(Budget.model_validate(rule) for rule in rules)})


def test_a_provider_that_tells_blocks_of_six_hours_is_checked_by_the_hour_and_has_no_loop(acme: Company) -> None:
    """A block is spent evenly over its hours: two alike are no loop, and one of ten times as much is told."""
    acme.llm.rows = []

    def block(start: datetime, nanos: int) -> None:
        acme.llm.rows.append(
            Charge("llm", start, 6, "claude-haiku-4-5", subject="crawler-key", requests=60, cost_nanos=nanos)
        )

    first = NIGHT.replace(hour=0) - timedelta(days=14)
    for number in range(14 * 4 + 3):
        block(first + number * 6 * HOUR, 12 * 10**9)
    acme.clock.moment = NIGHT - 3 * HOUR
    read_all(acme)
    pulled(acme)
    assert acme.database.ask(lambda conn: spikes.known(conn, first)) == []

    block(NIGHT - 3 * HOUR, 180 * 10**9)
    acme.clock.forward(4 * HOUR)
    pulled(acme)
    [title] = titles(acme, "max")
    assert title.startswith("!! Crawler spends $45.00 an hour, usually $2.00")
