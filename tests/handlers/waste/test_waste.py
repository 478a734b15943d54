"""What looks like waste: what people see, say and hear."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from handlers import in_reply, language
from handlers.card import Card, Table
from handlers.events import DetectWaste
from storage import audit, people
from storage.charges import Charge
from tests.support.company import Company

TODAY = date(2026, 11, 22)


def writes(acme: Company, subject: str, days: int = 50, model: str = "claude-sonnet-4-5", **tokens: int) -> None:
    """Let somebody make 100 requests a day, each of so many tokens, at Sonnet's price."""
    acme.llm.rows = []
    prices = {"input": 3_000, "cache_read": 300, "cache_write_5m": 3_750, "output": 15_000}
    for number in range(days):
        day = TODAY - timedelta(days=number)
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        cost = sum(100 * each * prices[kind] for kind, each in tokens.items())
        used = {f"tokens_{kind}": 100 * each for kind, each in tokens.items()}
        acme.llm.rows.append(
            Charge("llm", start, 24, model, subject=subject, requests=100, cost_nanos=cost, **used)  # type: ignore[arg-type]
        )


def sifted(acme: Company) -> Company:
    """After a night: everything is read, and waste was looked for."""
    acme.llm.spends("bob", "0", date(2026, 11, 21), "claude-opus-4-5")
    acme.app.settings = acme.app.settings.model_copy(
        update={"providers": (acme.app.settings.providers[0].model_copy(update={"history_days": 60}),)}
    )
    acme.clock.forward(timedelta(days=1))
    with acme.database._orders.begin() as conn:
        conn.exec_driver_sql("delete from pulls")
    acme.pull()
    acme.happens(DetectWaste())
    return acme


def without_cache(acme: Company, subject: str = "ana") -> Company:
    """Ana sends 20,000 tokens of input again and again, $6 a day for 100 requests, and caches nothing."""
    writes(acme, subject, input=20_000, output=500)
    return sifted(acme)


def test_the_owner_sees_what_could_be_kept_and_what_to_do(acme: Company) -> None:
    """The number first, the evidence next, the buttons last, and what usage cannot show."""
    answer = without_cache(acme).say("ana", "waste")

    assert answer.startswith("! Up to $107.10 a month in potential savings")
    assert "No caching" in answer
    assert "repeated or poor prompts, wrong answers and unneeded work are not visible here" in answer


def test_one_matter_is_told_once(acme: Company) -> None:
    """Without any cache little is read from one, too: that is no second finding."""
    answer = without_cache(acme).say("ana", "waste")
    rows = [line for line in answer.splitlines() if line.startswith("#")]

    assert len(rows) == 1
    assert "up to $107.10" in rows[0]


def test_overlapping_savings_are_not_added_up(acme: Company) -> None:
    """All of it runs on an expensive model, and nothing is cached: whoever changes one saves less by the other."""
    writes(acme, "ana", model="claude-opus-4-5", input=30_000, output=500)
    opus = list(acme.llm.rows)
    writes(acme, "bob", input=20_000, output=500)
    acme.llm.rows = [replace(row, cost_nanos=(row.cost_nanos or 0) * 9) for row in opus] + acme.llm.rows
    answer = sifted(acme).say("ana", "waste")
    rows = [line for line in answer.splitlines() if line.startswith("#")]
    amounts = [Decimal(row.rsplit("$", 1)[1].split()[0].replace(",", "")) for row in rows]

    assert len(amounts) == 2
    assert answer.startswith(f"! Up to ${max(amounts):,} a month")


def test_a_finding_says_what_usage_cannot_show(acme: Company) -> None:
    """Confidence is low then, and the range begins at nothing."""
    without_cache(acme)
    answer = acme.say("ana", f"finding {first_number(acme, 'ana')}")

    assert "Confidence" in answer
    assert "low" in answer
    assert "Usage data does not show" in answer
    assert "how much of the input repeats" in answer


def test_the_owner_is_told_in_private_in_the_morning_and_once(acme: Company) -> None:
    """Sifting by night tells nobody at night, and the next nights say nothing new."""
    without_cache(acme)
    assert not any("potential savings" in card.title for card in acme.messages("ana"))

    acme.clock.moment = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
    acme.clock.forward(timedelta(days=1))
    told = [each for each in acme.reads("ana") if "potential savings" in each]
    assert len(told) == 1

    acme.happens(DetectWaste())
    acme.clock.forward(timedelta(days=1))
    assert len([each for each in acme.reads("ana") if "potential savings" in each]) == 1
    assert not any("potential savings" in each for each in acme.reads("max"))


def test_nobody_else_reads_a_persons_findings(acme: Company) -> None:
    """Neither the manager nor finance; the number of another's finding is as unknown as any."""
    without_cache(acme)
    number = first_number(acme, "ana")

    assert "Only Ana Silva can see findings about Ana Silva" in acme.say("max", "waste of ana")
    assert "Only Ana Silva can see findings about Ana Silva" in acme.say("fay", "waste of ana")
    for person in ("max", "fay", "bob"):
        for word in ("finding", "done", "postpone"):
            assert "You have no finding with that number" in acme.say(person, f"{word} {number}")
    assert "can't see figures" in acme.say("bob", "waste of ana")


def test_a_team_of_fewer_than_five_shows_nothing_of_its_people(acme: Company) -> None:
    """Search is Ana and Max: a total would be Ana's own."""
    answer = without_cache(acme).say("max", "waste of team search")

    assert answer.startswith("Search: No waste found")


def test_five_people_and_more_have_a_total_without_names(acme: Company) -> None:
    """The organization has seven."""
    answer = without_cache(acme).say("fay", "waste of organization")

    assert answer.startswith("! Acme: Up to $107.10 a month in potential savings")
    assert "No caching" in answer
    assert "Ana" not in answer


def test_what_is_dismissed_is_silent_for_ninety_days(acme: Company) -> None:
    """With the reason, which is kept; then it is spoken of again, if it is still so."""
    without_cache(acme)
    number = first_number(acme, "ana")
    assert "Why is it not waste?" in acme.say("ana", f"dismiss {number}")
    assert f"#{number}" in acme.say("ana", "waste")
    assert "“it must be fresh”" in acme.say("ana", f"dismiss {number}", reason="it must be fresh")

    assert f"#{number}" not in acme.say("ana", "waste")
    acme.happens(DetectWaste())
    assert f"#{number}" not in acme.say("ana", "waste")
    acme.clock.forward(timedelta(days=89))
    use_again(acme)
    assert f"#{number}" not in acme.say("ana", "waste")
    acme.clock.forward(timedelta(days=1))
    use_again(acme)
    assert f"#{number}" in acme.say("ana", "waste")


def test_what_is_postponed_comes_back_on_its_day(acme: Company) -> None:
    """And is told again then."""
    without_cache(acme)
    number = first_number(acme, "ana")
    assert "I'll remind you" in acme.say("ana", f"postpone {number} until 2026-11-30")

    assert f"#{number}" not in acme.say("ana", "waste")
    acme.clock.forward(timedelta(days=7))
    use_again(acme)
    assert f"#{number}" in acme.say("ana", "waste")


def test_what_was_done_is_measured_after_14_and_28_days(acme: Company) -> None:
    """By what a request costs now: ana reads 15,000 of 20,000 tokens from the cache, and a request costs half."""
    without_cache(acme)
    number = first_number(acme, "ana")
    assert "on 7 December and 21 December" in acme.say("ana", f"done {number}")

    for days in (14, 14):
        for step in range(days):
            day = acme.clock().date() + timedelta(days=step)
            start = datetime(day.year, day.month, day.day, tzinfo=UTC)
            cost = 100 * (5_000 * 3_000 + 15_000 * 300 + 500 * 15_000)
            acme.llm.rows.append(
                Charge(
                    "llm",
                    start,
                    24,
                    "claude-sonnet-4-5",
                    subject="ana",
                    requests=100,
                    tokens_input=500_000,
                    tokens_cache_read=1_500_000,
                    tokens_output=50_000,
                    cost_nanos=cost,
                )
            )
        acme.clock.forward(timedelta(days=days))
        acme.pull()
        acme.happens(DetectWaste())

    realised = [each for each in acme.reads("ana") if "a month saved" in each]
    assert len(realised) == 2
    assert all(each.startswith("$107.10 a month saved") for each in realised)
    assert "Saved  $107.10 a month" in acme.say("ana", "waste")


def test_a_done_that_changed_nothing_is_said_to_have_changed_nothing(acme: Company) -> None:
    """No saving is made up."""
    without_cache(acme)
    number = first_number(acme, "ana")
    acme.say("ana", f"done {number}")
    acme.clock.forward(timedelta(days=14))
    use_again(acme, days=14)

    assert any("no saving measured" in each for each in acme.reads("ana"))


def test_small_change_is_not_spoken_of(acme: Company) -> None:
    """$25 a month is the floor, unless app.yaml says otherwise."""
    writes(acme, "ana", input=4_000, output=10)

    assert sifted(acme).say("ana", "waste").startswith("No waste found")


def test_a_finding_is_told_in_the_language_of_whoever_reads_it(
    acme: Company, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is kept as data; words, numbers and days are those of the reader."""
    without_cache(acme)
    number = first_number(acme, "ana")
    (tmp_path / "de.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
        'msgid "No caching"\nmsgstr "Kein Cache"\n\n'
        'msgid "No caching: every input token is paid in full"\nmsgstr "Alles wird voll bezahlt"\n\n'
        'msgid "{count} tokens"\nmsgstr "{count} Token"\n\n'
        'msgid "Cost"\nmsgstr "Kosten"\n\nmsgid "low"\nmsgstr "gering"\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(language, "LOCALES", tmp_path)
    caches = (language.languages, language.language_of, language._catalog)
    for each in caches:
        each.cache_clear()
    try:
        acme.database.transact(lambda conn: people.choose_language(conn, "ana", "de"))
        answer = acme.say("ana", f"finding {number}")
        assert "Kein Cache" in acme.say("ana", "waste")
    finally:
        monkeypatch.undo()
        for each in caches:
            each.cache_clear()

    assert "Alles wird voll bezahlt" in answer
    assert "20.000 Token" in answer.replace("\N{NO-BREAK SPACE}", " ")
    assert "gering" in answer


def test_the_organizations_findings_are_tables_of_three_columns(acme: Company) -> None:
    """By kind, and those of agents and keys by name; short enough to be read."""
    writes(acme, "crawler-key", input=20_000, output=500)
    sifted(acme)
    tables = [block for block in acme.hear("fay", "waste of organization").blocks if isinstance(block, Table)]

    assert [each.caption for each in tables] == ["By kind", "Agents and keys"]
    assert all(len(each.columns) == 3 for each in tables)
    assert all(len(row[0]) < 50 for each in tables for row in each.rows)
    assert tables[1].rows[0][0] == "#1 Crawler: No caching"


def test_whoever_decides_reads_what_looks_like_waste(acme: Company) -> None:
    """On the card with the buttons, without details."""
    without_cache(acme)
    acme.say("ana", "request 100 more of the same")

    [card] = [each for each in acme.reads("max") if "asks for $100.00" in each]
    assert "Up to $107.10 a month of it may be waste." in card
    assert "cache" not in card


def first_number(acme: Company, person: str) -> str:
    """The number of a person's first finding."""
    return next(word.strip("#") for word in acme.say(person, "waste").split() if word.startswith("#"))


def use_again(acme: Company, days: int = 28) -> None:
    """The same habit over the last days, read and sifted."""
    acme.llm.rows = []
    for number in range(days):
        day = acme.clock().date() - timedelta(days=number + 1)
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        cost = 100 * (20_000 * 3_000 + 500 * 15_000)
        acme.llm.rows.append(
            Charge(
                "llm",
                start,
                24,
                "claude-sonnet-4-5",
                subject="ana",
                requests=100,
                tokens_input=2_000_000,
                tokens_output=50_000,
                cost_nanos=cost,
            )
        )
    with acme.database._orders.begin() as conn:
        conn.exec_driver_sql("delete from pulls")
    acme.pull()
    acme.happens(DetectWaste())


def test_finance_opens_decides_and_asks_about_what_it_is_shown(acme: Company) -> None:
    """A finding about an agent: opened from the totals, asked about, answered in the thread, decided by role."""
    without_cache(acme, "crawler-key")
    totals = acme.hear("fay", "waste of organization")
    look = next(each for each in totals.buttons if each.says.startswith("finding "))
    number = look.says.removeprefix("finding ")
    opened = acme.hear("fay", look.says)
    assert "Ask about it" in [each.label for each in opened.buttons]

    assert acme.hear("fay", f"comment {number} is it still needed?").title == "Sent"
    asked = next(each for each in acme.reads("max") if each.startswith(f"Fay Osei about finding #{number}"))
    assert "“is it still needed?”" in asked
    reply = in_reply(f"comment/{number}/20261122T120000000000@slack:U1", Card("Fay about it"), "until Friday")
    acme.clock.forward(timedelta(minutes=1))
    assert acme.hear("max", reply).title == "Sent"
    assert any("“until Friday”" in each for each in acme.reads("fay"))
    assert acme.hear("fay", f"dismiss {number} it ends on Friday").title == f"#{number} is not waste"
    rows = acme.database.ask(lambda conn: list(audit.rows(conn, f"finding/{number}")))
    assert [(each.deed.who, each.deed.what, each.deed.authority) for each in rows] == [
        ("fay", "commented", "role finance"),
        ("max", "commented", "owner"),
        ("fay", "dismissed", "role finance"),
    ]


def test_a_finding_about_a_person_stays_theirs(acme: Company) -> None:
    """Finance is not shown it, and cannot open, decide or ask about it either."""
    without_cache(acme)
    for words in ("finding 1", "dismiss 1 no", "comment 1 why?"):
        assert acme.hear("fay", words).title.startswith("You have no finding with that number")
    assert acme.hear("ana", "finding 1").title != ""
