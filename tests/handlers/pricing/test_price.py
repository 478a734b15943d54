"""Models without a price: everybody sees that they are outside, finance hears once and sets the price in a sentence."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Connection, select

from bot.app import App
from bot.config import Settings
from bot.platforms import terminal
from bot.sync.usage import pull
from handlers.card import Card
from handlers.events import CheckPrices, CheckThresholds, RepriceCharges
from handlers.pricing import fingerprint
from storage import audit, ingest, spend
from storage.charges import Charge
from storage.db import Apart, Database
from storage.tables import charge_versions, charges
from storage.tables import spend as rollup
from tests.support.clock import Clock
from tests.support.company import RULES, Company, says_first
from tests.support.fakes.provider import FakeProvider

DAY = date(2026, 11, 21)
M = 10**6
MODEL = "doubao-acme-tuned"
USED = Charge(
    "llm",
    datetime(2026, 11, 21, tzinfo=UTC),
    24,
    MODEL,
    subject="bob",
    tokens_input=900 * M,
    tokens_output=50 * M,
    requests=9_000,
    cost_nanos=0,
)


def gateway(company: Company) -> None:
    """Let nothing have been spent but that."""
    company.llm.spends("ana", "0", DAY, tokens=0)
    company.llm.spends("bob", "0", DAY, "claude-opus-4-5", tokens=0)
    company.llm.rows.append(USED)
    company.pull()


@pytest.fixture
def company(database: Database, clock: Clock) -> Iterator[Company]:
    """A company in which Bob used a model through a gateway that says it costs nothing."""
    made = Company(database, clock)
    gateway(made)
    yield made
    made.app.close()


@pytest.fixture
def bobs(acme: Company) -> Company:
    """The same on SQLite, for what is only shown."""
    gateway(acme)
    return acme


def cost_of(company: Company, account: str = "person/bob") -> tuple[int, int]:
    """What an account spent in November, and how many tokens are without a price."""
    found = company.database.ask(
        lambda conn: spend.spent_by(conn, account, DAY.replace(day=1), date(2026, 12, 1), "model")
    )
    return sum(each.cost_nanos for each in found), sum(each.tokens_unpriced for each in found)


def sees(company: Company, person: str) -> list[Card]:
    """The cards that somebody sees, once all is delivered."""
    company.settle()
    return company.messages(person)


def deeds(company: Company, what: str) -> list[str]:
    """What the audit says of deeds of a kind."""
    rows = company.database.ask(lambda conn: list(audit.rows(conn)))
    return [each.deed.details for each in rows if each.deed.what == what]


# What is outside is said ---------------------------------------------------------------------------------------------


def test_a_balance_says_what_is_outside(bobs: Company) -> None:
    """The budget is in money, and 950 million tokens are not in it: that is not all well."""
    card = bobs.hear("bob", "balance")
    assert card.title == "$400.00 left of $400.00"
    assert card.tone == "warn"
    assert "950M tokens have no known price and are not counted." in terminal.render(card)


def test_a_budget_in_tokens_counts_them(bobs: Company) -> None:
    """Nothing is outside of it."""
    budgets = [{"name": "tokens", "who": "every person", "amount": "2000M tokens"}]
    bobs.app.policy = Settings.model_validate({**RULES, "budgets": budgets}).policy
    assert "no known price" not in bobs.say("bob", "balance")


def test_a_share_of_a_pool_and_its_rest_say_what_is_outside_of_each(bobs: Company) -> None:
    """What Ana uses is in her share, what Max uses in the rest, and all of it in the pool."""
    bobs.llm.rows = [replace(USED, subject="ana", tokens_output=0), replace(USED, subject="max", tokens_input=0)]
    bobs.pull()
    bobs.say("max", "allot 300 to ana")
    assert "900M tokens have no known price" in bobs.say("ana", "balance")
    pool = bobs.say("max", "pool")
    assert "950M tokens have no known price and are not in the sum." in pool


def test_spend_never_shows_an_unknown_cost_as_nothing(bobs: Company) -> None:
    """Not known, if all of it has no price; more than so much, if a part has none."""
    said = bobs.say("bob", "spend by model")
    assert said.startswith("950M tokens used this month, cost not known")
    (row,) = (line for line in said.splitlines() if line.startswith(MODEL))
    assert "not known" in row
    assert "$0.00" not in row
    bobs.llm.rows.append(replace(USED, tier="batch", cost_nanos=5 * 10**9))
    bobs.pull()
    said = bobs.say("bob", "spend by model")
    assert said.startswith("More than $5.00 spent this month")
    assert "more than $5.00" in said


@pytest.mark.parametrize("who", ["fay", "bob"])
def test_a_digest_says_what_is_outside(bobs: Company, who: str) -> None:
    """A week in which only such tokens were used is no idle one."""
    bobs.clock.moment = datetime(2026, 11, 23, 9, tzinfo=UTC)
    bobs.pull()
    card = bobs.hear(who, "digest")
    assert not card.idle
    assert "950M tokens used last week, cost not known" in card.title
    assert "950M tokens of 1 model, not in these figures" in terminal.render(card)


def test_an_alert_says_what_is_outside(bobs: Company) -> None:
    """Whoever has used up four fifths of a limit has used more than that."""
    bobs.clock.moment = datetime(2026, 11, 23, 10, tzinfo=UTC)
    bobs.llm.spends("bob", "350.00")
    bobs.pull()
    bobs.happens(CheckThresholds())
    (alert,) = bobs.reads("bob")
    assert "950M tokens have no known price and are not counted." in alert


def test_status_is_not_all_well(bobs: Company) -> None:
    """It names what is outside, and where to go."""
    card = bobs.hear("fay", "status")
    assert card.title == f"Everything works, but no price is known for 950M tokens of {MODEL}"
    assert card.tone == "warn"
    assert [each.says for each in card.buttons] == ["price"]


# Finance hears once --------------------------------------------------------------------------------------------------


def test_finance_hears_once_of_each_new_model(bobs: Company) -> None:
    """With a button to price it; others do not, and a second reading tells nothing new."""
    for _ in range(2):
        bobs.happens(CheckPrices())
    (card,) = sees(bobs, "fay")
    assert card.title == f"No price is known for {MODEL}"
    assert [(each.label, each.says) for each in card.buttons] == [("Set a price", f"price {MODEL}")]
    assert bobs.messages("bob") == []
    bobs.llm.rows += [replace(USED, model="ollama/llama3"), replace(USED, model="Our Model")]
    bobs.pull()
    bobs.happens(CheckPrices())
    *_, news = sees(bobs, "fay")
    assert news.title == "No price is known for 2 models"
    assert [each.says for each in news.buttons] == [
        'price "Our Model"',
        "price ollama/llama3 free",
        "price ollama/llama3",
    ]


def test_many_new_models_are_one_message(bobs: Company) -> None:
    """The three largest have a button; the others stand behind one."""
    bobs.llm.rows = [replace(USED, model=f"model-{number}", tokens_input=number * M) for number in range(1, 13)]
    bobs.pull()
    bobs.happens(CheckPrices())
    (card,) = sees(bobs, "fay")
    assert [each.says for each in card.buttons] == [f"price {MODEL}", "price model-12", "price model-11", "price"]
    assert "3 more" in terminal.render(card)


def test_after_each_reading_finance_may_hear(bobs: Company) -> None:
    """The event follows a reading by itself."""
    says_first(bobs.app, lambda ctx: ctx.pull("llm", "now"))
    assert [card.splitlines()[0] for card in bobs.reads("fay")] == [f"! No price is known for {MODEL}"]


def test_finance_hears_again_when_tokens_without_a_price_are_far_more(company: Company) -> None:
    """The guard counts money and sees none; the card names who uses them. A little more is no news."""
    company.happens(CheckPrices())
    company.happens(CheckPrices())
    assert len(sees(company, "fay")) == 1
    for times, cards in ((2, 1), (11, 2), (12, 2)):
        company.llm.rows[-1] = replace(USED, tokens_input=times * 900 * M)
        company.pull()
        company.happens(CheckPrices())
        assert len(sees(company, "fay")) == cards
    news = terminal.render(sees(company, "fay")[-1])
    assert news.splitlines()[0].endswith(f"10B tokens of {MODEL} without a price")
    assert "Bob Reyes" in news


# Setting a price -----------------------------------------------------------------------------------------------------


def test_a_price_set_by_finance_prices_what_was_used_before(company: Company) -> None:
    """From the first day without a price on; a cell keeps what it said, the account is the same, sums agree."""
    card = company.hear("fay", f"price {MODEL} input 0.8 output 2")
    assert card.title == f"Price of {MODEL} set from 21 November on"
    assert cost_of(company) == (0, 950 * M)
    company.settle()
    assert cost_of(company) == (820 * 10**9, 0)
    assert cost_of(company, "org") == (820 * 10**9, 0)
    with company.database._questions.begin() as conn:
        now = select(charges.c.cost_source, charges.c.version, charges.c.account_id)
        (cell,) = conn.execute(now.where(charges.c.model == MODEL))
        was = select(charge_versions.c.cost_nanos, charge_versions.c.cost_source)
        (before,) = conn.execute(was.where(charge_versions.c.model == MODEL))
    assert cell == ("own_price", 2, "person/bob")
    assert before == (None, "unpriced")
    assert deeds(company, "priced") == [f"{MODEL}: input $0.80, output $2.00; 2026-11-21"]
    (repriced,) = deeds(company, "repriced")
    assert repriced.startswith("1 charges; tokens without a price: 950000000 before, 0 now; price 1, of doubao")
    assert company.say("fay", "status").startswith("Everything works\n")


def test_sums_are_those_of_a_rebuild_after_pricing_anew(company: Company) -> None:
    """The rollup moves by the difference."""
    company.llm.spends("ana", "12.00")
    company.pull()
    company.hear("fay", f"price {MODEL} input 0.8 output 2")
    company.settle()

    def sums(conn: Connection) -> list[tuple[object, ...]]:
        return [tuple(row) for row in conn.execute(select(rollup).order_by(*rollup.primary_key))]

    before = company.database.ask(sums)
    company.database.transact(ingest.rebuild)
    assert company.database.ask(sums) == before


def test_a_reported_cost_is_never_touched(company: Company) -> None:
    """Also not if there is a price for its model."""
    company.llm.spends("bob", "7.00", model=MODEL, day=date(2026, 11, 20))
    company.pull()
    company.hear("fay", f"price {MODEL} input 0.8 output 2 from 2026-11-01")
    company.settle()
    assert cost_of(company) == (827 * 10**9, 0)


def test_a_discount_on_reported_costs_is_taken_off_the_past_from_its_first_day_on(
    database: Database, clock: Clock
) -> None:
    """The rules of app.yaml change twice; sums follow, and what was reported is kept."""
    company = Company(database, clock)
    company.llm.rows.clear()
    company.llm.spends("ana", "10.00", date(2026, 11, 20))
    company.llm.spends("ana", "20.00", date(2026, 11, 21))
    company.llm.spends("ana", "0.00", date(2026, 11, 22), tokens=0)
    company.pull()
    for off, total in ((10, 28), (50, 20), (0, 30)):
        discount = {"provider": "llm", "discount": off, "discount_on": "reported", "from": "2026-11-21"}
        rules = {**RULES, "prices": [discount] if off else []}
        app = App(Settings.model_validate(rules), database, {}, {"llm": company.llm}, company.app.directory, clock)
        app.handle(RepriceCharges(fingerprint(app.policy)), "clock")
        while app.deliver():
            pass
        assert cost_of(company, "person/ana")[0] == total * 10**9


def test_a_reading_uses_the_price_from_then_on(company: Company) -> None:
    """The gateway goes on reporting nothing; the cell does not change any more."""
    company.hear("fay", f"price {MODEL} input 0.8 output 2")
    company.settle()
    company.pull()
    assert cost_of(company) == (820 * 10**9, 0)
    version = select(charges.c.version).where(charges.c.model == MODEL)
    assert company.database.ask(lambda conn: conn.execute(version).scalar()) == 2


def test_a_price_while_the_provider_is_read_misses_nothing(company: Company) -> None:
    """It is said, and all is priced anew, between the provider's answer and the moment in which that counts."""
    late = replace(USED, bucket_start=datetime(2026, 11, 20, tzinfo=UTC))

    @dataclass
    class Slow(FakeProvider):
        def charges(self, first: date, last: date) -> Iterator[Charge]:
            if first == last == date(2026, 11, 20):
                yield late
                company.hear("fay", f"price {MODEL} input 0.8 output 2 from 2026-11-01")
                company.settle()

    pull(company.database, Slow(), company.app.reading("llm"), company.clock)
    assert cost_of(company) == (1_640 * 10**9, 0)


def test_a_price_between_two_slices_of_a_day_misses_nothing(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written before is priced anew by finance's own pricing, and what comes after by what counts then."""
    monkeypatch.setattr(ingest, "SLICE_CELLS", 1)
    monkeypatch.setattr(ingest, "SLICE_CELLS_MAX", 1)
    start = datetime(2026, 11, 20, tzinfo=UTC)
    company.llm.rows += [replace(USED, bucket_start=start, subject=who) for who in ("ana", "bob", "max")]
    written = select(charges.c.subject).where(charges.c.bucket_start == start, charges.c.model == MODEL)
    write, seen = Apart.transact, list[int]()

    def transact(apart: Apart, work: Callable[[Connection], int]) -> int:
        done = write(apart, work)
        here = len(company.database.ask(lambda conn: conn.execute(written).all()))
        if here and not seen:
            seen.append(here)
            company.hear("fay", f"price {MODEL} input 0.8 output 2 from 2026-11-01")
            company.settle()
        return done

    monkeypatch.setattr(Apart, "transact", transact)
    company.pull()
    assert seen == [1]
    assert [cost_of(company, f"person/{who}")[0] // 10**9 for who in ("max", "bob")] == [820, 2 * 820]


def test_a_later_word_replaces_a_price_and_one_taken_back_leaves_none(company: Company) -> None:
    """All of it is in the audit."""
    for words, nanos, outside in (
        ("input 0.8 output 2", 820 * 10**9, 0),
        ("input 1 output 2 from 2026-11-21", 1_000 * 10**9, 0),
        ("free from 2026-11-21", 0, 0),
        ("remove from 2026-11-21", 0, 950 * M),
    ):
        company.hear("fay", f"price {MODEL} {words}")
        company.settle()
        assert cost_of(company) == (nanos, outside)
    assert len(deeds(company, "priced")) == len(deeds(company, "repriced")) == 4


def test_a_price_in_another_currency_needs_a_rate(bobs: Company) -> None:
    """It is refused with what to do; with a rate it is converted."""
    said = bobs.say("fay", f"price {MODEL} input 6 output 30 CNY")
    assert said.startswith("! app.yaml has no rate from CNY to USD for 22 November.")
    rates = {"CNY": {date(2026, 1, 1): "0.125"}}
    policy = Settings.model_validate({**RULES, "rates": rates}).policy
    bobs.app.policy = policy.model_copy(update={"vendors": bobs.app.policy.vendors})
    assert "CN¥6.00" in bobs.say("fay", f"price {MODEL} input 6 CNY output 30 cny")
    bobs.settle()
    assert cost_of(bobs) == ((900 * 6 + 50 * 30) * 10**9 // 8, 0)


def test_a_changed_app_yaml_prices_anew_what_was_counted(company: Company) -> None:
    """At the next tick; the same rules again do nothing, others do."""
    for rules, nanos in (
        ([{"model": "doubao-*", "input": 0.8, "output": 2}], 820 * 10**9),
        ([{"model": "doubao-*", "input": 1, "output": 2}], 1_000 * 10**9),
        ([], 0),
        ([{"model": "doubao-*", "input": 0.8, "output": 2}], 820 * 10**9),
    ):
        policy = Settings.model_validate({**RULES, "prices": rules}).policy
        company.app.policy = policy.model_copy(update={"vendors": company.app.policy.vendors})
        for _ in range(2):
            company.app.tick()
            company.settle()
        assert cost_of(company)[0] == nanos
    looked = [each for each in deeds(company, "repriced") if each.startswith("prices of app.yaml or the list changed")]
    assert len(looked) == 3  # without rules nothing is said but what each day changed


# Who may, and how it is said ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["bob", "kim", "ada", "max"])
def test_only_finance_sets_prices(bobs: Company, who: str) -> None:
    """An admin may look, others may not."""
    said = bobs.hear(who, f"price {MODEL} input 0 output 1")
    assert said.title.startswith("Only finance can set prices.")
    assert bobs.hear(who, f"price {MODEL}").title.startswith("Only finance can set prices.")
    looked = bobs.hear(who, "price").title
    assert looked.startswith("No price is known for" if who == "ada" else "Only finance and admins can see this.")
    bobs.settle()
    assert cost_of(bobs) == (0, 950 * M)


def test_the_list_of_prices_shows_what_is_missing_and_what_was_set(bobs: Company) -> None:
    """And in app.yaml; what was taken back is gone."""
    rules = [
        {"model": "azure/my-gpt", "same_as": "azure/gpt-5"},
        {"model": "qwen*", "provider": "llm", "free": True, "until": "2026-12-31"},
        {"provider": "llm", "discount": 15, "from": "2026-07-01"},
    ]
    policy = Settings.model_validate({**RULES, "prices": rules}).policy
    bobs.app.policy = policy.model_copy(update={"vendors": bobs.app.policy.vendors})
    bobs.say("fay", "price gpt-ours input 3 output 15 from 2026-11-01")
    bobs.say("fay", "price old-one free")
    bobs.say("fay", "price old-one remove")
    card = bobs.hear("fay", "price")
    said = terminal.render(card)
    assert card.title == f"No price is known for 950M tokens of {MODEL}"
    for words in ("gpt-ours", "input $3.00, output $15.00", "Fay Osei", "as azure/gpt-5", "15 % off the list price"):
        assert words in said
    assert "old-one" not in said


def test_the_button_opens_a_form_and_the_form_sets_the_price(bobs: Company) -> None:
    """With the name and the first day filled in; a wrong field is named."""
    form = bobs.hear("fay", f"price {MODEL}")
    values = {each.name: each.value for each in form.inputs}
    assert (values["model"], values["since"]) == (MODEL, "2026-11-21")
    says = form.buttons[0].says
    filled = {**values, "input_price": "0.8", "output_price": ""}
    assert bobs.hear("fay", says, **filled).fault == "output_price"
    filled["output_price"] = "two"
    assert bobs.hear("fay", says, **filled).fault == "output_price"
    filled |= {"output_price": "2", "cache_price": "0.08"}
    assert bobs.hear("fay", says, **filled).title == f"Price of {MODEL} set from 21 November on"
    bobs.settle()
    assert cost_of(bobs) == (820 * 10**9, 0)


def answers(card: Card) -> str:
    """The first line of a card."""
    return card.title


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("price m input 3", "Say both prices, for input and for output"),
        ("price m input 0 output 0", "If the model costs nothing, say: price m free"),
        ("price m input three output 4", "Write a number after “input”"),
        ("price m input 3 output 4 5", "I don't understand “5”"),
        ("price m input 3 input 4 output 5", "“input” is there twice."),
        ("price m input -3 output 4", "“-3” can't be the price of a million tokens."),
        ("price m input 3M tokens output 4", "Write the price in a currency"),
        ("price m input 3 USD output 4 EUR", "Write all prices in one currency."),
        ("price m input 3 output 4 from never", "I don't understand the day in “from never”"),
        ("price m input 3 output 4 at nowhere", "There is no provider “nowhere”. There is: llm"),
        ("price m in 3 out 4 from 2026-11-01", "Price of m set from 1 November on"),
        ("price m input $3 cached 0.3 output $15 at llm", "Price of m set from 22 November on"),
        ("price m input 3 output 15 from 2026-12-24", "Price of m set from 24 December on"),
        ("price for “Our Model” input 3 output 15", "Price of Our Model set from 22 November on"),
        ("price m free", "m is free from 22 November on"),
    ],
)
def test_what_is_said_is_understood_or_refused_with_what_would_be_right(bobs: Company, words: str, answer: str) -> None:
    """Kinds in any order, currencies as signs or codes, a day, a provider, a name in quotation marks."""
    assert answers(bobs.hear("fay", words)).startswith(answer)
