"""Reservations: what a job is going to spend counts until it has arrived as charges, and never beside them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.budgets import outstanding
from handlers.events import CheckJobs
from handlers.programs.shapes import (
    Check,
    Extend,
    Release,
    ReportDone,
    Reserve,
    SeeBudget,
    SeeLine,
    SeeReservation,
    Settle,
)
from storage.db import Database
from storage.reservations import Held
from tests.handlers.programs.conftest import Programs
from tests.support.clock import Clock
from tests.support.company import RULES, Company

ANA, BOB, CRAWLER = "person/ana", "person/bob", "agent/crawler"
LATER = date(2026, 11, 22)


def title(here: Programs, person: str, words: str) -> str:
    """The title of an answer in chat."""
    return here.company.hear(person, words).title


def arrives(here: Programs, subject: str, dollars: str, day: date = LATER) -> None:
    """A charge is reported."""
    here.company.llm.spends(subject, dollars, day)
    here.company.pull()


def test_what_is_reserved_is_not_left_for_others(here: Programs) -> None:
    """$153.24 left; a job reserves $50, so $103.24 is left, and the balance says why."""
    made = here.call(ANA, Reserve(amount="50 USD", external_id="run-7"))
    assert (made.state, made.amount.amount, made.outstanding.amount) == ("held", "50", "50")
    card = here.company.say("ana", "balance")
    assert card.startswith("$103.24 left of $400.00")
    assert "Reserved" in card
    assert "$50.00 for 1 job" in card
    assert here.call(ANA, SeeBudget()).budgets[0].free.amount == "103.24"


def test_a_reservation_and_its_charge_never_count_twice(here: Programs) -> None:
    """As its charges arrive, less of it counts; what the job costs above it is spent like any other money."""
    made = here.call(ANA, Reserve(amount="50 USD"))
    arrives(here, "ana", "20.00")
    assert title(here, "ana", "balance") == "$103.24 left of $400.00"
    arrives(here, "ana", "50.00")
    assert title(here, "ana", "balance") == "$103.24 left of $400.00"
    arrives(here, "ana", "60.00")
    assert title(here, "ana", "balance") == "$93.24 left of $400.00"
    assert here.call(ANA, SeeReservation(reservation=made.reservation)).outstanding.amount == "0"


def test_what_a_settled_job_cost_counts_until_its_charge_arrives(here: Programs) -> None:
    """Reserved $50, spent $30: $30 count at once, and no more when the provider reports them."""
    made = here.call(ANA, Reserve(amount="50 USD"))
    settled = here.call(ANA, Settle(reservation=made.reservation, cost="30 USD"))
    assert (settled.state, settled.cost.amount, settled.outstanding.amount) == ("settled", "30", "30")
    assert title(here, "ana", "balance") == "$123.24 left of $400.00"
    arrives(here, "ana", "30.00")
    assert title(here, "ana", "balance") == "$123.24 left of $400.00"


def test_nobody_keeps_a_limit_that_has_ended_by_reserving_it(here: Programs) -> None:
    """Whether they let go of it after the end, or say that a job cost it which no provider tells of."""
    for number, ends in enumerate((Release(reservation=1), Settle(reservation=2, cost="600 USD")), 1):
        here.company.say("ana", "raise me to 900 a month until 31 March: migration")
        here.company.say("max", f"approve {number}")
        here.call(ANA, Reserve(amount="600 USD"))
        if isinstance(ends, Settle):
            here.call(ANA, ends)
        here.company.say("max", f"end-exception {number} the project ended")
        if isinstance(ends, Release):
            here.call(ANA, ends)
        here.company.clock.forward(timedelta(days=2))
        assert title(here, "ana", "balance") == "$153.24 left of $400.00"


def test_a_settled_job_waits_two_days_for_its_charges(here: Programs) -> None:
    """If they never arrive, the balance believes the provider again."""
    made = here.call(ANA, Reserve(amount="50 USD"))
    here.call(ANA, Settle(reservation=made.reservation, cost="30 USD"))
    here.company.clock.forward(timedelta(hours=47))
    assert title(here, "ana", "balance") == "$123.24 left of $400.00"
    here.company.clock.forward(timedelta(hours=1))
    assert title(here, "ana", "balance") == "$153.24 left of $400.00"


def test_a_reservation_lapses_by_itself(here: Programs) -> None:
    """Nobody has to come back for it, so a crash leaves nothing behind."""
    made = here.call(ANA, Reserve(amount="50 USD", ttl_seconds=60))
    here.company.clock.forward(timedelta(seconds=60))
    assert title(here, "ana", "balance") == "$153.24 left of $400.00"
    assert here.call(ANA, SeeReservation(reservation=made.reservation)).state == "lapsed"
    assert "is over" in here.refused(ANA, Extend(reservation=made.reservation))


def test_money_that_is_spent_is_never_refused(here: Programs) -> None:
    """Settled after it lapsed, with more than was reserved: it counts in full."""
    made = here.call(ANA, Reserve(amount="50 USD", ttl_seconds=60))
    here.company.clock.forward(timedelta(hours=3))
    settled = here.call(ANA, Settle(reservation=made.reservation, cost="81.5 USD"))
    assert settled.outstanding.amount == "81.5"
    assert title(here, "ana", "balance") == "$71.74 left of $400.00"


def test_a_job_is_settled_once(here: Programs) -> None:
    """The same again is the same; another figure is refused, and so is letting go of it."""
    made = here.call(ANA, Reserve(amount="50 USD"))
    first = here.call(ANA, Settle(reservation=made.reservation, cost="30"))
    assert here.call(ANA, Settle(reservation=made.reservation, cost="30.00 USD")) == first
    assert "is settled with $30.00" in here.refused(ANA, Settle(reservation=made.reservation, cost="31"))
    assert "already settled" in here.refused(ANA, Release(reservation=made.reservation))


def test_a_job_that_did_not_run_lets_go(here: Programs) -> None:
    """Then all of it is left again, and letting go twice is no harm."""
    made = here.call(ANA, Reserve(amount="50 USD"))
    for _ in range(2):
        assert here.call(ANA, Release(reservation=made.reservation)).state == "released"
    assert title(here, "ana", "balance") == "$153.24 left of $400.00"


def test_a_reservation_can_last_longer(here: Programs) -> None:
    """From the moment at which that is asked."""
    made = here.call(ANA, Reserve(amount="50 USD", ttl_seconds=60))
    here.company.clock.forward(timedelta(seconds=30))
    longer = here.call(ANA, Extend(reservation=made.reservation, ttl_seconds=3600))
    assert longer.expires_at == here.company.clock() + timedelta(hours=1)


def test_what_is_not_free_cannot_be_reserved(here: Programs) -> None:
    """Not more than is left, nor what another job has already."""
    assert "that is more than the $153.24 that is left" in here.refused(ANA, Reserve(amount="153.25 USD"))
    here.call(ANA, Reserve(amount="150 USD"))
    assert "that is more than the $3.24" in here.refused(ANA, Reserve(amount="4 USD"))
    here.call(ANA, Reserve(amount="3.24 USD"))
    assert "all that is left of $400.00 is reserved" in here.refused(ANA, Reserve(amount="0.01 USD"))
    assert title(here, "ana", "balance") == "All that is left of $400.00 is reserved"


def test_a_pool_counts_the_jobs_of_all_below_it(here: Programs) -> None:
    """The search pool of $3,000 has $500 less to promise when Max's crawler reserves them."""
    before = here.company.hear("max", "balance of team search").title
    here.call(CRAWLER, Reserve(amount="500 USD"))
    after = here.company.hear("max", "balance of team search").title
    assert (before, after) == (
        "Search: $2,753.24 left of $3,000.00",
        "Search: $2,253.24 left of $3,000.00",
    )


def test_whose_jobs_a_pool_waits_for_is_not_told(here: Programs) -> None:
    """Ana sees that less of the pool is left, as she sees what is spent of it, and not for how many jobs."""
    here.call(CRAWLER, Reserve(amount="500 USD"))
    assert "job" not in here.company.say("ana", "balance")


def test_fractions_of_a_cent_are_reserved_and_settled(here: Programs) -> None:
    """Programs cost little; what is said is rounded up to a nano, never down to nothing."""
    made = here.call(ANA, Reserve(amount="0.0031 USD"))
    assert made.amount.amount == "0.0031"
    assert here.call(ANA, Settle(reservation=made.reservation, cost="0.0000000001")).cost.amount == "0.000000001"


@pytest.mark.parametrize(
    ("amount", "why"),
    [
        ("0", "An amount must be above zero."),
        ("-5 USD", "An amount must be between zero and"),
        ("50 EUR", "Say it in USD, not in EUR."),
        ("5 tokens", "No budget here is in tokens."),
        ("1.5 credits", "Say it in USD, not in credits."),
        ("a lot", "“a lot” is not an amount. Write such as: 50 USD"),
        ("99999999999999999999", "An amount must be between zero and"),
    ],
)
def test_an_amount_that_is_none_is_refused_in_one_sentence(at_acme: Programs, amount: str, why: str) -> None:
    """And nothing is reserved."""
    assert at_acme.refused(ANA, Reserve(amount=amount)).startswith(why)
    assert title(at_acme, "ana", "balance") == "$153.24 left of $400.00"


def test_another_ones_reservation_is_not_there(here: Programs) -> None:
    """Neither to see nor to settle, release or extend; the answer is that for one that does not exist."""
    made = here.call(ANA, Reserve(amount="50 USD"))
    number = made.reservation
    for call in (
        SeeReservation(reservation=number),
        Settle(reservation=number, cost="0"),
        Release(reservation=number),
        Extend(reservation=number),
    ):
        assert here.refused(BOB, call) == f"There is no reservation {number} that this token may see."
        assert here.refused(CRAWLER, call) == f"There is no reservation {number} that this token may see."
    assert title(here, "ana", "balance") == "$103.24 left of $400.00"


def test_a_report_that_a_job_is_over_settles_or_releases_it(here: Programs) -> None:
    """With a cost it is settled, without one let go; with several open, it must say which."""
    first = here.call(ANA, Reserve(amount="50 USD")).reservation
    second = here.call(ANA, Reserve(amount="20 USD")).reservation
    assert here.refused(ANA, ReportDone(outcome="done")).startswith("2 jobs are open.")
    assert here.call(ANA, ReportDone(outcome="done", reservation=first, cost="10")).ok
    assert here.call(ANA, ReportDone(outcome="failed")).ok
    assert here.call(ANA, SeeReservation(reservation=second)).state == "released"
    assert title(here, "ana", "balance") == "$143.24 left of $400.00"


# Jobs that a request allowed ------------------------------------------------------------------------------------------


def allowed(here: Programs) -> None:
    """Max asked $300 for the crawler's nightly job, and Kim approved it."""
    here.company.say("max", "request 300 for crawler until friday nightly reindex")
    here.company.say("kim", "approve 1")


def test_what_a_job_was_granted_is_reserved_for_it(here: Programs) -> None:
    """The grant raises the limit and is reserved, so no other job takes it; the job itself may use all."""
    allowed(here)
    budget = here.call(CRAWLER, SeeBudget()).budgets[0]
    assert (budget.limit.amount, budget.reserved.amount, budget.free.amount) == ("800", "300", "500")
    assert here.call(CRAWLER, Check(amount="790 USD")).decision == "yes"
    assert "more than" in here.refused(CRAWLER, Reserve(amount="501 USD"))


def test_at_half_the_job_is_held_until_its_owner_answers(here: Programs) -> None:
    """From the charge that passes half on every check says no; the owner is asked once; `Continue` frees it."""
    allowed(here)
    arrives(here, "crawler-key", "149.99")
    assert here.call(CRAWLER, Check()).decision == "yes"
    arrives(here, "crawler-key", "150.00")
    verdict = here.call(CRAWLER, Check())
    assert (verdict.decision, verdict.why) == ("no", "checkpoint")
    assert verdict.message.startswith("Half of what Crawler may spend on this job is spent. Max Weber was asked")

    for _ in range(2):
        here.company.happens(CheckJobs())
    asked = [card for card in here.company.reads("max") if "Let it continue?" in card]
    assert len(asked) == 1
    button = next(each for each in here.company.messages("max")[-1].buttons if each.label == "Continue")
    assert here.company.hear("ana", button.says).title == "You have no job with that number."
    assert here.call(CRAWLER, Check()).decision == "no"
    assert here.company.hear("max", button.says).title == "Crawler goes on"
    assert here.call(CRAWLER, Check()).decision == "yes"


def test_a_job_that_is_stopped_lets_go_of_what_it_had(here: Programs) -> None:
    """The rest of the grant is returned and nothing is reserved any more."""
    allowed(here)
    arrives(here, "crawler-key", "150.00")
    here.company.happens(CheckJobs())
    here.company.settle()
    stop = next(each for each in here.company.messages("max")[-1].buttons if each.label.startswith("Stop"))
    assert here.company.hear("max", stop.says).title == "$300.00 returned"
    budget = here.call(CRAWLER, SeeBudget()).budgets[0]
    assert (budget.limit.amount, budget.reserved.amount) == ("500", "0")


def test_a_job_ends_with_its_last_day(here: Programs) -> None:
    """Asked until Friday: from Saturday on, as Berlin has it, nothing is reserved."""
    allowed(here)
    here.company.clock.moment = datetime(2026, 11, 27, 22, 59, tzinfo=UTC)
    assert here.call(CRAWLER, SeeBudget()).budgets[0].reserved.amount == "300"
    here.company.clock.moment = datetime(2026, 11, 27, 23, 0, tzinfo=UTC)
    assert here.call(CRAWLER, SeeBudget()).budgets[0].reserved.amount == "0"


# The rule by itself ---------------------------------------------------------------------------------------------------

JOBS = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 60), st.booleans()),  # amount, arrives before the next one, settled
    min_size=1,
    max_size=6,
)


def held(jobs: list[tuple[int, int, bool]]) -> list[Held]:
    """Reservations of one account; of each it is known what arrived since it was made."""
    since = [sum(arrives for _, arrives, _ in jobs[place:]) for place in range(len(jobs))]
    ended = datetime(2026, 11, 22, tzinfo=UTC)
    return [
        Held("org", number, "person/ana", "", "USD", amount, since[number], ended if settled else None)
        for number, (amount, _, settled) in enumerate(jobs)
    ]


@given(JOBS)
def test_what_arrived_is_taken_from_the_jobs_once(jobs: list[tuple[int, int, bool]]) -> None:
    """No job counts above its amount or below nothing, and a dollar that arrived frees one dollar at most."""
    rows = held(jobs)
    left = outstanding(rows)
    assert all(0 <= after.amount <= before.amount for before, after in zip(rows, left, strict=True))
    freed = sum(before.amount - after.amount for before, after in zip(rows, left, strict=True))
    assert freed <= sum(arrives for _, arrives, _ in jobs)
    promised, arrived = sum(each.amount for each in rows[:1]), rows[0].arrived
    if len(rows) == 1:
        assert freed == min(promised, arrived)


@given(JOBS, st.integers(0, 5))
def test_what_arrived_before_a_job_was_made_is_not_of_it(jobs: list[tuple[int, int, bool]], place: int) -> None:
    """What is freed of the later jobs came after the first of them was made."""
    rows = held(jobs)
    later = rows[place:]
    if later:
        after = {each.id: each.amount for each in outstanding(rows)}
        assert sum(each.amount - after[each.id] for each in later) <= later[0].arrived


# One truth everywhere ------------------------------------------------------------------------------------------------


def test_what_is_reserved_cannot_be_given_away(here: Programs) -> None:
    """Neither to a colleague, nor out of a pool: what is promised to a job is nobody else's."""
    here.call(ANA, Reserve(amount="100 USD"))
    assert title(here, "kim", "transfer 53.25 from ana to bob") == "Only $53.24 is left to give."
    assert title(here, "kim", "transfer 53.24 from ana to bob") == "$53.24 moved from Ana Silva to Bob Reyes"


def test_a_pool_gives_away_only_what_no_job_has(here: Programs) -> None:
    """Search has $3,000, of which $246.76 is spent and $500 reserved; a share holds what its jobs have."""
    here.call(CRAWLER, Reserve(amount="500 USD"))
    assert title(here, "max", "pool of team search") == "$2,253.24 left in the Search pool"
    assert title(here, "max", "allot 2253.25 to max") == "Only $2,253.24 of the pool is free to give."
    assert title(here, "max", "allot 499.99 to crawler").startswith("Crawler has already used $500.00, or reserved it")
    assert title(here, "max", "allot 2753.24 to crawler") == "Crawler's share is now $2,753.24"
    assert title(here, "max", "allot 0.01 to max") == "Only $0.00 of the pool is free to give."


def test_an_even_split_leaves_each_job_what_it_has(here: Programs) -> None:
    """$2,253.24 for three, and the crawler's $500 and what Ana has used stay theirs."""
    here.call(CRAWLER, Reserve(amount="500 USD"))
    card = here.company.say("max", "split of team search")
    assert "$751.08 more for each of 3 people and agents" in card
    assert "$1,251.08" in card


def test_chat_and_programs_say_the_same_is_left(here: Programs) -> None:
    """An agent with a job may use what is reserved for it, and both say how much that is."""
    allowed(here)
    assert title(here, "max", "balance of agent crawler") == "Crawler: $500.00 left of $800.00"
    said = here.call(CRAWLER, SeeBudget())
    assert "$500.00 of $800.00 is left, and $300.00 is reserved for its own jobs" in said.message
    assert here.call(CRAWLER, SeeLine()).line.startswith("$500.00 of $800.00 left + $300.00 for its jobs")
    arrives(here, "crawler-key", "100.00")
    assert here.call(CRAWLER, SeeLine()).line.startswith("$500.00 of $800.00 left + $200.00 for its jobs")
    assert here.call(CRAWLER, SeeBudget()).budgets[0].free.amount == "500"


def test_who_decides_sees_what_will_be_left_after_all_jobs(here: Programs) -> None:
    """Ana has $153.24, all of it reserved, and asks for $50."""
    here.call(ANA, Reserve(amount="153.24 USD"))
    here.company.say("ana", "request 50 for tests")
    (message,) = here.company.reads("max")
    assert "After it" in message
    assert "$50.00 left" in message


def test_status_tells_of_jobs_that_never_said_what_they_cost(here: Programs) -> None:
    """What is reserved now, and what has lapsed of late."""
    here.call(ANA, Reserve(amount="50 USD"))
    here.call(BOB, Reserve(amount="7 USD", ttl_seconds=60))
    assert "2 jobs" in here.company.say("fay", "status")
    here.company.clock.forward(timedelta(minutes=2))
    card = here.company.say("fay", "status")
    assert "1 job" in card
    assert "1 in the last 7 days" in card


# Tokens --------------------------------------------------------------------------------------------------------------

IN_TOKENS: dict[str, object] = {
    **RULES,
    "budgets": [
        {"name": "per-person", "who": "every person", "amount": "10M tokens", "every": "month"},
        {"name": "agents", "who": "every agent", "amount": "5M tokens", "every": "month"},
        {"name": "money", "who": "team ads", "amount": "1000 USD", "every": "month"},
    ],
}


@pytest.fixture
def counted(database: Database, clock: Clock) -> Programs:
    """The company with budgets in tokens."""
    return Programs(Company(database, clock, IN_TOKENS))


def uses(here: Programs, subject: str, tokens: int, day: date = LATER) -> None:
    """A provider reports tokens."""
    here.company.llm.spends(subject, "0.01", day, tokens=tokens)
    here.company.pull()


def test_tokens_are_reserved_of_a_budget_in_tokens(counted: Programs) -> None:
    """Less of it counts as they arrive; settled with what the job used; never beside its charges."""
    made = counted.call(ANA, Reserve(amount="2M tokens"))
    assert (made.amount.text, made.amount.unit) == ("2M tokens", "tokens")
    assert title(counted, "ana", "balance") == "8M tokens left of 10M tokens"
    uses(counted, "ana", 500_000)
    assert title(counted, "ana", "balance") == "8M tokens left of 10M tokens"
    assert counted.call(ANA, SeeReservation(reservation=made.reservation)).outstanding.amount == "1500000"
    settled = counted.call(ANA, Settle(reservation=made.reservation, cost="1000000 tokens"))
    assert (settled.cost.amount, settled.outstanding.amount) == ("1000000", "500000")
    assert title(counted, "ana", "balance") == "9M tokens left of 10M tokens"
    assert counted.refused(ANA, Settle(reservation=made.reservation, cost="3 USD")) == "Say it in tokens, not in USD."


def test_tokens_and_money_are_reserved_apart(counted: Programs) -> None:
    """Bob has tokens of his own and money of his team; a charge uses up a reservation of each."""
    counted.call(BOB, Reserve(amount="1000000 tokens"))
    counted.call(BOB, Reserve(amount="10 USD"))
    budgets = {each.name: each for each in counted.call(BOB, SeeBudget()).budgets}
    assert (budgets["per-person"].reserved.amount, budgets["money"].reserved.amount) == ("1000000", "10")
    assert counted.call(BOB, Check(amount="9.5M tokens")).decision == "no"
    assert "more than" in counted.refused(BOB, Reserve(amount="9000001 tokens"))
    assert counted.refused(ANA, Reserve(amount="5 USD")).startswith("The budget is in tokens.")


def test_a_job_that_was_granted_tokens_is_held_at_half(counted: Programs) -> None:
    """As one that was granted money."""
    counted.company.say("max", "request 3M tokens for crawler until friday nightly reindex")
    counted.company.say("kim", "approve 1")
    assert title(counted, "max", "balance of agent crawler") == "Crawler: 5M tokens left of 8M tokens"
    uses(counted, "crawler-key", 1_499_999)
    assert counted.call(CRAWLER, Check()).decision == "yes"
    uses(counted, "crawler-key", 1_500_000)
    assert counted.call(CRAWLER, Check()).why == "checkpoint"


@pytest.mark.parametrize(
    ("said", "cost"),
    [("1.2e-05", "0.000012"), ("1.5E1 USD", "15"), ("0.00012345678901234 USD", "0.000123457"), ("2.5 EUR", "2.75")],
)
def test_a_cost_is_read_as_programs_write_it(at_acme: Programs, said: str, cost: str) -> None:
    """Python and JavaScript write small numbers with an exponent; gateways reckon in dollars, whatever the budget."""
    policy = at_acme.company.app.policy
    rates = {"EUR": {date(2026, 11, 1): Decimal("1.1")}}
    at_acme.company.app.policy = policy.model_copy(update={"rates": rates})
    made = at_acme.call(ANA, Reserve(amount="50 USD"))
    assert at_acme.call(ANA, Settle(reservation=made.reservation, cost=said)).cost.amount == cost


@pytest.mark.parametrize("said", ["1e99", "9e19 EUR", "-1e-5", "1e", "e5", "1e-999"])
def test_a_cost_that_nobody_can_mean_is_refused(at_acme: Programs, said: str) -> None:
    """With what would be right."""
    made = at_acme.call(ANA, Reserve(amount="50 USD"))
    assert at_acme.refused(ANA, Settle(reservation=made.reservation, cost=said))
