"""Replays: what other limits would have done, held against a naive model that lets time run."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.planning.history import DayUse, Granted, History, Placed, placed_by
from handlers.planning.replay import Granting, Replay, Replayed
from handlers.policy import Budget, Policy
from storage.people import Account
from storage.spend import Spent
from storage.tables import BEGINNING, FOREVER
from storage.usage_history import Ancestor
from tests.support.uses import HeldUses

FIRST, END = date(2026, 9, 1), date(2026, 11, 1)
MONTHS = (date(2026, 9, 1), date(2026, 10, 1))
DOLLAR = 10**9
TEAMS = ("team/a", "team/b")
WHO = ("person/ana", "person/bob", "person/cem", "person/dot")
ACCOUNTS = {
    "org": Account("org", "organization", "Acme", "", "", "", True),
    **{each: Account(each, "team", each, "org", "", "", True) for each in TEAMS},
    **{each: Account(each, "person", each, "team/a", each.partition("/")[2], "", True) for each in WHO},
}
PERSONAL = Budget(name="per-person", who="every person", amount="100 USD", every="month")


def budget(name: str, who: str, dollars: int, **said: object) -> Budget:
    """A rule as app.yaml has it."""
    return Budget.model_validate({"name": name, "who": who, "amount": f"{dollars} USD", **said})


def history(
    wants: Mapping[date, Mapping[str, tuple[int, int]]],
    moved_on: date = FOREVER,
    granted: Sequence[Granted] = (),
    above: str = "org",
) -> History:
    """A past: what was used where limits are kept and where not; cem moves to the other team on a day."""

    def use(kept: int, free: int) -> DayUse:
        return DayUse((Spent("m", kept, kept, 0, 1),) if kept else (), (Spent("m", free, free, 0, 1),) if free else ())

    placed = {each: [Placed(BEGINNING, FOREVER, (team_of(each), "org"))] for each in WHO}
    placed["person/cem"] = [
        Placed(BEGINNING, moved_on, ("team/a", "org")),
        Placed(moved_on, FOREVER, ("team/b", "org")),
    ]
    days = {day: {who: use(*amounts) for who, amounts in uses.items()} for day, uses in wants.items()}
    return History(above, FIRST, END, HeldUses(days), placed, ACCOUNTS, {}, granted)


def team_of(who: str) -> str:
    """Where somebody stands at first."""
    return "team/b" if who == "person/dot" else "team/a"


def replay(past: History, *budgets: Budget, granting: Granting = "as then") -> Replayed:
    """What would have happened."""
    return Replay(Policy(), budgets, past, granting).run()


def missed(found: Replayed) -> int:
    """All that would not have been spent."""
    return sum(each.missed_nanos for each in found.stops)


# A naive model --------------------------------------------------------------------------------------------------------


@dataclass
class Pot:
    """Something that is spent from, by some people."""

    left: int
    members: frozenset[str]


def naive(past: History, own: int, pools: Mapping[str, int]) -> dict[str, int]:
    """What everybody would have got: time runs until something is empty, then it runs on without those who stopped."""
    served: dict[str, int] = defaultdict(int)
    for first in MONTHS:
        end = MONTHS[1] if first == MONTHS[0] else END
        personal = dict.fromkeys(WHO, own * DOLLAR)
        shared = {each: dollars * DOLLAR for each, dollars in pools.items()}
        grants = [each for each in past.granted if each.first == first]
        day = first
        while day < end:
            for grant in [each for each in grants if each.day <= day]:
                grants.remove(grant)
                if grant.budget == "per-person":
                    personal[grant.account_id] += grant.amount
                else:
                    shared[grant.account_id] += grant.amount
            uses = dict(past.uses.by_day(day, day + timedelta(days=1))).get(day, {})
            kept = {who: sum(each.cost_nanos for each in use.kept) for who, use in uses.items()}
            free = {who: sum(each.cost_nanos for each in use.free) for who, use in uses.items()}
            pots = [Pot(personal[who], frozenset({who})) for who in uses]
            below = {each: frozenset(who for who in uses if each in past.line(who, day)) for each in shared}
            pots += [Pot(shared[each], below[each]) for each in shared]
            until = one_day(pots, kept, free)
            for who in uses:
                got = int(kept[who] * until[who])
                served[who] += got + free[who]
                personal[who] -= got + free[who]
                for each in shared:
                    if who in below[each]:
                        shared[each] -= got + free[who]
            day += timedelta(days=1)
    return served


def one_day(pots: Sequence[Pot], kept: Mapping[str, int], free: Mapping[str, int]) -> dict[str, Fraction]:
    """Until which part of a day each person could go on."""
    until = dict.fromkeys(kept, Fraction(1))
    going = {who for who in kept if kept[who]}
    left = [Fraction(max(0, pot.left)) for pot in pots]
    now = Fraction(0)
    while going:
        rates = [sum(kept[who] for who in pot.members & going) + sum(free[who] for who in pot.members) for pot in pots]
        ends = [
            left[n] / rate
            for n, (pot, rate) in enumerate(zip(pots, rates, strict=True))
            if rate and pot.members & going
        ]
        step = min(ends, default=Fraction(2))
        if now + step >= 1:
            return until
        now += step
        left = [max(Fraction(0), each - rate * step) for each, rate in zip(left, rates, strict=True)]
        for n, pot in enumerate(pots):
            if left[n] == 0 and rates[n]:
                for who in pot.members & going:
                    until[who] = now
                    going.discard(who)
    return until


AMOUNTS = st.tuples(st.integers(0, 40 * DOLLAR), st.sampled_from([0, 0, 0, 3 * DOLLAR, 7 * DOLLAR + 1]))
DAYS = st.dates(FIRST, END - timedelta(days=1))
WANTS = st.dictionaries(DAYS, st.dictionaries(st.sampled_from(WHO), AMOUNTS, min_size=1), max_size=12)
GRANTS = st.lists(
    st.builds(
        lambda who, month, day, dollars: Granted(
            month + timedelta(days=day), who, "per-person", month, "grant", dollars * DOLLAR, "USD"
        ),
        st.sampled_from(WHO),
        st.sampled_from(MONTHS),
        st.integers(0, 29),
        st.integers(1, 50),
    ),
    max_size=3,
)


@given(WANTS, GRANTS, DAYS, st.integers(1, 120), st.integers(1, 250), st.integers(1, 400))
@settings(max_examples=150)
def test_a_replay_comes_to_what_a_naive_model_comes_to(
    wants: dict[date, dict[str, tuple[int, int]]],
    grants: list[Granted],
    moved_on: date,
    own: int,
    team: int,
    company: int,
) -> None:
    """Own limits, a team's pool in the company's, extra budget, somebody who moves, and money that nobody can stop."""
    past = history(wants, moved_on, grants)
    found = replay(
        past,
        budget("per-person", "every person", own),
        budget("a", "team a", team),
        budget("company", "organization", company),
    )

    served = naive(past, own, {"team/a": team, "org": company})

    refused: dict[str, int] = defaultdict(int)
    for each in found.stops:
        refused[each.account_id] += each.missed_nanos if each.kept else 0
    assert {who: found.wanted_by[who] - refused[who] for who in found.wanted_by} == dict(served)


@given(WANTS, st.integers(1, 100), st.integers(1, 60))
@settings(max_examples=50)
def test_a_higher_cap_never_refuses_more(wants: dict[date, dict[str, tuple[int, int]]], own: int, more: int) -> None:
    """Of limits that are each person's own; a pool may be empty earlier for what somebody else gets."""
    past = history(wants)

    low, high = (replay(past, budget("per-person", "every person", each)) for each in (own, own + more))

    assert missed(high) <= missed(low)


@given(WANTS, st.integers(1, 100), st.integers(1, 200))
@settings(max_examples=30)
def test_the_order_of_accounts_does_not_matter(
    wants: dict[date, dict[str, tuple[int, int]]], own: int, team: int
) -> None:
    """Who stands first gets no more."""
    budgets = budget("per-person", "every person", own), budget("a", "team a", team)
    turned = {day: dict(reversed(uses.items())) for day, uses in wants.items()}

    assert replay(history(wants), *budgets) == replay(history(turned), *budgets)


class DayByDay(Replay):
    """A replay that goes through all days of everybody."""

    def _served(self, counting: Sequence[Granted]) -> tuple[dict[str, int], set[str] | None]:  # noqa: ARG002 - as there
        return {}, None


REFUNDS = st.tuples(st.integers(-20 * DOLLAR, 40 * DOLLAR), st.sampled_from([0, 0, 7 * DOLLAR + 1, -2 * DOLLAR]))


@given(
    st.dictionaries(DAYS, st.dictionaries(st.sampled_from(WHO), REFUNDS, min_size=1), max_size=12),
    GRANTS,
    DAYS,
    st.tuples(st.integers(1, 240), st.integers(1, 500), st.integers(1, 900)),
    st.sampled_from(["hard", "soft", "watch"]),
    st.sampled_from(["none", "all", "up to 20 USD"]),
    st.sampled_from(["week", "month", "quarter"]),
    st.sampled_from(["as then", "none", "all"]),
)
@settings(max_examples=200)
def test_who_is_served_at_once_is_served_as_day_by_day(
    wants: dict[date, dict[str, tuple[int, int]]],
    grants: list[Granted],
    moved_on: date,
    dollars: tuple[int, int, int],
    limit: str,
    rollover: str,
    every: str,
    granting: Granting,
) -> None:
    """Whoever can't be stopped is not gone through day by day; nothing is different by it, refunds included."""
    budgets = (
        budget("per-person", "every person", dollars[0], limit=limit, every=every),
        budget("tier", "every person", dollars[0], models="standard"),
        Budget(name="credits", who="every person", amount=f"{dollars[2]} credits", every="month"),
        budget("a", "team a", dollars[1], rollover=rollover),
        budget("company", "organization", dollars[2]),
    )
    past = history(wants, moved_on, grants)

    policy = Policy(credit_nanos=DOLLAR // 3)

    found = Replay(policy, budgets, past, granting).run()

    assert found == DayByDay(policy, budgets, past, granting).run()


def test_what_was_granted_to_somebody_who_is_never_stopped_is_in_their_limit() -> None:
    """So is what a pool was given, if it lasts."""
    first, once = MONTHS[0], {date(2026, 9, 10): dict.fromkeys(WHO, (10 * DOLLAR, 0))}
    own = Granted(first, "person/ana", "per-person", first, "grant", 50 * DOLLAR, "USD")
    pools = Granted(first, "team/a", "a", first, "correction", 30 * DOLLAR, "USD")

    persons = replay(history(once, granted=[own]), PERSONAL)
    teams = replay(history(once, granted=[pools]), budget("a", "team a", 500))

    limits = {each.purse.holder: each.limit // DOLLAR for each in (*persons.courses, *teams.courses)}
    assert limits == {"person/ana": 150, "person/bob": 100, "person/cem": 100, "person/dot": 100, "team/a": 530}
    assert persons.stops == teams.stops == ()


def test_all_who_always_stood_alike_share_where_they_stood() -> None:
    """The nearest is first; who moves stands in both. Of a large company it would be the largest part of the past."""
    moved_on = date(2026, 9, 20)
    stood = {
        "person/ana": [("team/a", FIRST, END)],
        "person/bob": [("team/a", FIRST, END)],
        "person/cem": [("team/a", FIRST, moved_on), ("team/b", moved_on, END)],
        **{each: [] for each in TEAMS},
    }
    rows = [Ancestor("org", "org", FIRST, END)]
    for each, teams in stood.items():
        rows += [Ancestor(each, "org", FIRST, END), Ancestor(each, each, FIRST, END)]
        rows += [Ancestor(each, *team) for team in teams]

    placed = placed_by(rows)

    assert placed["person/ana"] == (Placed(FIRST, END, ("team/a", "org")),)
    assert placed["person/bob"] is placed["person/ana"]
    assert placed["person/cem"] == (
        Placed(FIRST, moved_on, ("team/a", "org")),
        Placed(moved_on, END, ("team/b", "org")),
    )
    assert placed["org"] == (Placed(FIRST, END, ()),)


# Single rules ---------------------------------------------------------------------------------------------------------


def every_day(dollars: int, *who: str, free: int = 0) -> dict[date, dict[str, tuple[int, int]]]:
    """The same on each day."""
    days = (FIRST + timedelta(days=number) for number in range((END - FIRST).days))
    return {day: dict.fromkeys(who, (dollars * DOLLAR, free * DOLLAR)) for day in days}


def test_without_limits_everything_is_served() -> None:
    """Nobody is stopped by nothing."""
    found = replay(history(every_day(10, *WHO)))

    assert found.stops == ()
    assert found.wanted_nanos == 61 * 4 * 10 * DOLLAR


def test_a_stop_lasts_until_the_period_ends() -> None:
    """Ten dollars a day and a hundred a month: the eleventh day is the first without."""
    found = replay(history(every_day(10, "person/ana")), PERSONAL)

    assert [(each.day, each.until, each.kept) for each in found.stops] == [
        (date(2026, 9, 11), date(2026, 10, 1), True),
        (date(2026, 10, 11), END, True),
    ]
    assert missed(found) == (200 + 210) * DOLLAR


def test_a_grant_of_then_ends_a_stop_and_none_does_not() -> None:
    """Extra budget counts from the day on which it was granted; `granting none` leaves it out."""
    grant = Granted(date(2026, 9, 15), "person/ana", "per-person", MONTHS[0], "grant", 50 * DOLLAR, "USD")
    past = history(every_day(10, "person/ana"), granted=[grant])

    as_then = replay(past, PERSONAL)
    without = replay(past, PERSONAL, granting="none")

    assert [(each.day.day, each.until.day) for each in as_then.stops[:2]] == [(11, 15), (20, 1)]
    assert without == replace(replay(replace(past, granted=()), PERSONAL))


def test_if_all_is_granted_nobody_is_refused_anything() -> None:
    """Those who pass their limit still ask."""
    found = replay(history(every_day(10, "person/ana")), PERSONAL, granting="all")

    assert [(each.day.day, each.kept) for each in found.stops] == [(11, False), (11, False)]


def test_who_shares_a_pool_stops_at_the_same_moment_and_together_get_no_more_than_it_holds() -> None:
    """In proportion to what they want."""
    day = date(2026, 9, 10)
    past = history({day: {"person/ana": (90 * DOLLAR, 0), "person/bob": (30 * DOLLAR, 0)}})

    found = replay(past, budget("a", "team a", 60))

    assert {each.account_id: each.missed_nanos for each in found.stops} == {
        "person/ana": 45 * DOLLAR,
        "person/bob": 15 * DOLLAR,
    }


def test_what_one_is_refused_stays_for_the_others() -> None:
    """Unserved money draws on no pool: that is why accounts are not replayed one by one."""
    past = history(every_day(10, "person/ana", "person/bob"))

    alone = replay(past, budget("a", "team a", 400))
    with_cap = replay(past, budget("a", "team a", 400), budget("per-person", "person ana", 50))

    bobs = [
        sum(each.missed_nanos for each in found.stops if each.account_id == "person/bob") for found in (alone, with_cap)
    ]
    assert bobs[0] > 0
    assert bobs[1] == 0


def test_nobody_is_stopped_where_no_limit_can_be_kept() -> None:
    """They are told, and what is above the limit is only saved if they heed it."""
    past = history(every_day(0, "person/ana", free=10))

    found = replay(past, PERSONAL)

    assert {each.kept for each in found.stops} == {False}
    assert missed(found) == (200 + 210) * DOLLAR


def test_a_cap_on_some_models_stops_nobody() -> None:
    """No provider knows tiers of models."""
    tier = budget("flagship", "every person", 100, models="standard")

    found = replay(history(every_day(10, "person/ana")), tier)

    assert [(each.day.day, each.kept) for each in found.stops] == [(11, False), (11, False)]


def test_soft_and_watch_refuse_nothing() -> None:
    """They only count."""
    for limit in ("soft", "watch"):
        found = replay(history(every_day(10, "person/ana")), PERSONAL.model_copy(update={"limit": limit}))

        assert found.stops == ()
        assert [each.used for each in found.courses] == [300 * DOLLAR, 310 * DOLLAR]


def test_only_whole_periods_count() -> None:
    """A quarter that is not over is not replayed, and neither is a week that began before the first day."""
    past = history(every_day(10, "person/ana"))

    assert replay(past, budget("q", "every person", 1, every="quarter")).courses == ()
    weeks = replay(past, budget("w", "every person", 1, every="week")).courses
    assert min(each.purse.first for each in weeks) == date(2026, 9, 7)


def test_what_is_left_is_carried_on_as_the_budget_says() -> None:
    """Fifty of September come to October, though nothing was used."""
    past = history({date(2026, 10, 5): {"person/ana": (200 * DOLLAR, 0)}})
    rolling = budget("per-person", "every person", 100, rollover="up to 50 USD")

    found = replay(past, rolling)

    assert missed(found) == 50 * DOLLAR


def test_a_share_of_a_pool_binds_who_has_it_and_the_rest_binds_the_others() -> None:
    """As it does today."""
    moves = [
        Granted(FIRST, "team/a", "a", MONTHS[0], "transfer", -40 * DOLLAR, "USD"),
        Granted(FIRST, "person/ana", "a", MONTHS[0], "transfer", 40 * DOLLAR, "USD"),
    ]
    past = history({date(2026, 9, 5): {"person/ana": (50 * DOLLAR, 0), "person/bob": (70 * DOLLAR, 0)}}, granted=moves)

    found = replay(past, budget("a", "team a", 100))

    assert {each.account_id: each.missed_nanos // DOLLAR for each in found.stops} == {
        "person/ana": 10,
        "person/bob": 10,
    }


def test_a_pool_above_those_who_are_looked_at_is_left_out() -> None:
    """An owner learns nothing of what others spend."""
    past = history(every_day(10, "person/ana"), above="team/a")

    assert replay(past, budget("company", "organization", 1)).stops == ()
