"""A company of another kind than the sample: use that looks like waste and is none, beside real waste.

Nothing here knows how the detectors decide. Requests are drawn one by one in their sizes, so a mean over many of them
varies less than one over few, as in real reports; the sample company does not do that.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from math import sqrt
from zoneinfo import ZoneInfo

from bot.checks import CheckLine
from bot.providers.base import Provider, ProviderIdentity, ProviderSeat
from storage.charges import TOKENS, Charge
from storage.directory import Agent, Directory, Link, Person, Team

NAME = "workshop"
DAY = timedelta(days=1)
BERLIN, MANILA = "Europe/Berlin", "Asia/Manila"

# Dollars a million: input, read from a cache, written for five minutes, for an hour, output; list prices of the vendors
# in 2026, and what machines of one's own come to.
PRICES: Mapping[str, tuple[float, float, float, float, float]] = {
    "claude-opus-4-1": (15, 1.5, 18.75, 30, 75),
    "claude-opus-4-5": (5, 0.5, 6.25, 10, 25),
    "claude-sonnet-4-5": (3, 0.3, 3.75, 6, 15),
    "claude-haiku-4-5": (1, 0.1, 1.25, 2, 5),
    "gpt-5.2": (1.75, 0.175, 1.75, 1.75, 14),
    "gpt-5.2-mini": (0.3, 0.03, 0.3, 0.3, 2.4),
    "qwen2.5-72b": (0.9, 0.9, 0.9, 0.9, 0.9),
    "qwen3-8b": (0.1, 0.1, 0.1, 0.1, 0.2),
    "llama-3.1-405b": (3.5, 3.5, 3.5, 3.5, 3.5),
    "llama-3.3-70b": (0.7, 0.7, 0.7, 0.7, 0.7),
    "gemini-2.5-pro": (1.25, 0.125, 1.25, 1.25, 10),
    "gemini-3-flash": (0.5, 0.05, 0.5, 0.5, 3),
    "mistral-large-2411": (2, 2, 2, 2, 6),
    "mistral-small-2506": (0.1, 0.1, 0.1, 0.1, 0.3),
    "text-embedding-3-large": (0.13, 0.13, 0.13, 0.13, 0),
    "voyage-3-large": (0.18, 0.18, 0.18, 0.18, 0),
}
TIERS = {"standard": 1.0, "batch": 0.5, "priority": 2.0}
SEATS_USD = {"assistant_standard": 30, "editor_business": 40}

Hours = tuple[float, ...]
ALWAYS: Hours = (1.0,) * 24
OFFICE: Hours = (0,) * 7 + (0.4, 1, 1.6, 1.8, 1.6, 1, 1.4, 1.8, 1.6, 1.2, 0.8, 0.4, 0.2) + (0,) * 4
CUSTOMERS: Hours = (
    *(0.2, 0.1, 0.1, 0.1, 0.1, 0.2, 0.4, 0.8, 1.2, 1.6, 1.8, 1.7),
    *(1.5, 1.4, 1.6, 1.7, 1.6, 1.4, 1.2, 1.1, 1.0, 0.8, 0.5, 0.3),
)


def between(first: int, last: int) -> Hours:
    """Evenly from an hour until before another, past midnight if it is smaller."""
    return tuple(float(first <= hour < last if first < last else hour >= first or hour < last) for hour in range(24))


@dataclass(frozen=True, slots=True)
class Work:
    """What somebody does with one model.

    Args:
        model: a key of PRICES.
        sizes: mean tokens of a request: input, read, written for five minutes, for an hour, output.
        daily: requests on a day of work.
        hours: how they lie in the day, where the owner is.
        spread: how much requests differ in size: the deviation by the mean.
        tier: the service tier.
        week: days of work in a week, from Monday.
        failing: the share of calls that fail, on top of the hours in which all do.
        dead: the share of hours in which all fail.
        billed: the share of the input of a failed call that is paid for.
        days_ago: the days before today on which it is done: from, until before.
        zone: whose hours.
    """

    model: str
    sizes: tuple[float, float, float, float, float]
    daily: float
    hours: Hours = OFFICE
    spread: float = 0.6
    tier: str = "standard"
    week: int = 5
    failing: float = 0.005
    dead: float = 0.0
    billed: float = 0.0
    days_ago: tuple[int, int] = (400, 0)
    zone: str = BERLIN


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody or something with work: a person by their user or by a key of their own, or a program.

    Args:
        id: short name.
        kind: "user", "own key" or "agent".
        works: what they do.
        seats: product, since how many days, days since it was last used (None for never).
        joined: days since they joined, None for long ago.
        zone: IANA name as the directory has it, "" if it does not say.
    """

    id: str
    kind: str
    works: tuple[Work, ...] = ()
    seats: tuple[tuple[str, int, int | None], ...] = ()
    joined: int | None = None
    zone: str = BERLIN

    @property
    def account(self) -> str:
        """The account in Bursar."""
        return f"agent/{self.id}" if self.kind == "agent" else f"person/{self.id}"


@dataclass(frozen=True, slots=True)
class Case:
    """One actor and what may be said of it.

    Args:
        name: what it is, in words.
        actor: who.
        right: the detectors of which one should speak; none for use that only looks like waste.
    """

    name: str
    actor: Actor
    right: frozenset[str] = frozenset()


def cases(seed: int) -> list[Case]:
    """Nineteen kinds of use that look like waste, and sixteen kinds of waste, each a little different in each seed."""
    dice = random.Random(f"waste/{seed}")
    return [*_no_waste(dice), *_waste(dice)]


def _about(dice: random.Random, mean: float, spread: float = 0.35) -> float:
    return mean * dice.uniform(1 - spread, 1 + spread)


def work_of(dice: random.Random, model: str, sizes: Sequence[float], usd_month: float, **more: object) -> Work:
    """Work of about so many dollars a month, its sizes a little different each time."""
    mean = [_about(dice, each, 0.2) for each in sizes]
    work = Work(model, (mean[0], mean[1], mean[2], mean[3], mean[4]), 1)
    work = replace(work, **more)  # type: ignore[arg-type]
    dollars = sum(size * price for size, price in zip(work.sizes, PRICES[model], strict=True)) / 1e6 * TIERS[work.tier]
    return replace(work, daily=_about(dice, usd_month) / (work.week * 30 / 7) / dollars)


def agent(name: str, id_: str, *works: Work) -> Case:
    """A program whose use is none of waste."""
    return Case(name, Actor(id_, "agent", works))


def wasteful(name: str, id_: str, right: str, *works: Work) -> Case:
    """A program of which one of some detectors should speak; `right` has their names with blanks between."""
    return Case(name, Actor(id_, "agent", works), frozenset(right.split()))


def _no_waste(dice: random.Random) -> Iterator[Case]:
    work = partial(work_of, dice)
    yield agent(
        "interleaved conversations: each customer comes back after ten to forty minutes, an hour of cache is right",
        "chat",
        work("claude-sonnet-4-5", (200, 6_000, 0, 1_400, 350), 420, hours=CUSTOMERS, week=7),
    )
    yield agent(
        "a batch of documents, each read once",
        "contracts",
        work("claude-sonnet-4-5", (24_000, 0, 0, 0, 900), 450, tier="batch", hours=between(20, 23), spread=0.9),
    )
    yield agent(
        "an index that is built anew: embeddings",
        "embedder",
        work("text-embedding-3-large", (3_500, 0, 0, 0, 0), 160, hours=ALWAYS, week=7),
    )
    yield agent(
        "embeddings behind a gateway that answers what it knows from its cache",
        "similar",
        work("voyage-3-large", (2_600, 300, 0, 0, 0), 120, hours=CUSTOMERS, week=7),
    )
    yield agent(
        "a large model on machines of one's own, a small one of the next line elsewhere",
        "summaries",
        work("qwen2.5-72b", (900, 0, 0, 0, 450), 260, hours=CUSTOMERS, week=7),
    )
    small = dice.choice(("claude-haiku-4-5", "claude-opus-4-5"))
    yield agent(
        "requests that are too short for a cache of their model",
        "router",
        work(small, (_about(dice, 2_700, 0.2), 0, 0, 0, 420), 300, hours=CUSTOMERS, week=7),
    )
    yield agent(
        "calls that are refused for their rate, and cost nothing",
        "polite",
        work("gpt-5.2", (3_500, 4_500, 0, 0, 500), 280, hours=ALWAYS, week=7, failing=0.25, dead=0.03, billed=0.0),
    )
    zone, shift = (BERLIN, between(dice.choice((21, 22)), 6)) if dice.random() < 0.5 else (MANILA, OFFICE)
    coding = work("claude-sonnet-4-5", (1_500, 30_000, 2_500, 0, 700), 190, hours=shift, zone=zone)
    yield Case(
        "somebody who works at night, or far away in a zone that nobody wrote down",
        Actor("nightowl", "own key", (coding,), zone="" if zone == MANILA else BERLIN),
    )
    yield Case(
        "a seat of somebody on leave",
        Actor(
            "leave",
            "user",
            (replace(_coding(dice, 110), days_ago=(400, dice.randrange(35, 80))),),
            (("assistant_standard", 500, dice.randrange(35, 80)),),
        ),
    )
    days = dice.randrange(3, 20)
    yield Case(
        "a seat of somebody who has just joined; the seat itself is old",
        Actor("joiner", "user", (), (("assistant_standard", 400, None),), joined=days),
    )
    yield Case(
        "a key that a whole team shares, in three zones",
        Actor(
            "shared",
            "own key",
            tuple(
                work("claude-sonnet-4-5", (1_500, 24_000, 2_500, 0, 700), 70, zone=each)
                for each in (BERLIN, "America/Los_Angeles", "Asia/Kolkata")
            ),
        ),
    )
    asked = [
        work(model, (700, 0, 0, 0, 25), 1, hours=between(2, 5), week=7, spread=0.3)
        for model in ("claude-opus-4-5", "claude-sonnet-4-5", "claude-haiku-4-5", "gpt-5.2", "qwen3-8b")
    ]
    daily = _about(dice, 2_600)
    yield agent(
        "an evaluation: all models, the same questions three times",
        "exam",
        *(replace(each, daily=daily) for each in asked),
    )
    yield Case(
        "somebody whose work is long texts",
        Actor("writer", "user", (work("claude-sonnet-4-5", (1_800, 2_500, 700, 0, 4_200), 170, spread=0.5),)),
    )
    yield Case(
        "somebody who reads long contracts, each once",
        Actor("lawyer", "user", (work("claude-sonnet-4-5", (62_000, 6_000, 0, 0, 1_300), 240, spread=0.8),)),
    )
    yield agent(
        "a cascade: the small model answers, the large one is asked where it is not sure",
        "cascade",
        work("claude-haiku-4-5", (900, 0, 0, 0, 120), 130, hours=CUSTOMERS, week=7),
        work("claude-opus-4-5", (1_100, 0, 0, 0, 180), 170, hours=CUSTOMERS, week=7),
    )
    yield agent(
        "people talk to it, so every half second counts: a priority tier",
        "voice",
        work("gpt-5.2", (900, 3_600, 0, 0, 120), 330, tier="priority", hours=CUSTOMERS, week=7),
    )
    yield agent(
        "a desk that works by the hours of an exchange: people wait for each answer",
        "desk",
        work("gpt-5.2", (2_000, 6_000, 0, 0, 500), 300, hours=between(8, 12), week=5),
    )
    yield agent(
        "other passages for each question, at a vendor that caches by itself",
        "search",
        work("gpt-5.2", (8_500, 0, 0, 0, 450), 310, hours=CUSTOMERS, week=7, spread=0.8),
    )
    yield Case(
        "hard problems on the largest model, small ones elsewhere",
        Actor(
            "prover",
            "user",
            (
                work("claude-opus-4-5", (5_000, 26_000, 3_000, 0, 4_500), 280),
                work("claude-haiku-4-5", (1_500, 6_000, 900, 0, 400), 12),
            ),
        ),
    )


def _waste(dice: random.Random) -> Iterator[Case]:
    work = partial(work_of, dice)
    yield wasteful(
        "long instructions, the same each time, never cached",
        "helper",
        "no_caching low_cache_reuse",
        work("claude-sonnet-4-5", (12_000, 0, 0, 0, 300), 380, hours=CUSTOMERS, week=7, spread=0.15),
    )
    yield wasteful(
        "the time of day stands at the front, so little is read from the cache",
        "planner",
        "low_cache_reuse",
        work("claude-sonnet-4-5", (26_000, 3_000, 900, 0, 600), 360, hours=OFFICE, spread=0.3),
    )
    yield wasteful(
        "a cache is written that has run out when it comes back",
        "hourly",
        "cache_not_reread",
        work("claude-sonnet-4-5", (300, 800, 14_000, 0, 500), 320, hours=ALWAYS, week=7),
    )
    yield wasteful(
        "a watcher asks every minute and pays for an hour of cache",
        "watcher",
        "wrong_cache_lifetime",
        work("claude-haiku-4-5", (400, 9_000, 0, 2_600, 150), 300, hours=ALWAYS, week=7, spread=0.2),
    )
    yield Case(
        "the largest model for everything, small talk included",
        Actor("opusfan", "user", (work("claude-opus-4-5", (1_500, 30_000, 2_500, 0, 500), 260),)),
        frozenset({"top_tier_only"}),
    )
    yield wasteful(
        "one word as an answer, from the largest model",
        "tagger",
        "small_jobs_big_model top_tier_only",
        work("claude-opus-4-5", (600, 0, 0, 0, 30), 280, hours=ALWAYS, week=7),
    )
    yield wasteful(
        "a report each night at the live price",
        "nightly",
        "batchable_run_live",
        work("gpt-5.2", (6_000, 4_000, 0, 0, 800), 360, hours=between(2, 5), week=7),
    )
    yield wasteful(
        "a backlog is worked off around the clock on a priority tier",
        "backlog",
        "premium_speed",
        work("claude-sonnet-4-5", (1_500, 3_500, 300, 0, 250), 320, tier="priority", hours=ALWAYS, week=7),
    )
    yield Case(
        "never begins a new conversation",
        Actor(
            "hoarder", "user", (replace(_coding(dice, 300), sizes=(2_200, _about(dice, 160_000, 0.2), 3_000, 0, 720)),)
        ),
        frozenset({"context_bloat"}),
    )
    yield Case(
        "has whole files written for a line",
        Actor(
            "talker", "user", (replace(_coding(dice, 300), sizes=(1_500, 30_000, 2_500, 0, _about(dice, 4_000, 0.2))),)
        ),
        frozenset({"verbose_output"}),
    )
    yield wasteful(
        "answers that cannot be parsed are asked for again, and paid for",
        "retry",
        "failed_calls",
        work("gpt-5.2", (5_000, 1_500, 0, 0, 250), 330, hours=ALWAYS, week=7, failing=0.2, dead=0.04, billed=1.0),
    )
    day = work("claude-sonnet-4-5", (1_500, 20_000, 2_000, 0, 600), 50)
    night = work("claude-sonnet-4-5", (1_500, 9_000, 900, 0, 500), 180, hours=between(21, 7), week=4, spread=0.2)
    ago = dice.randrange(8, 20)
    yield Case(
        "a notebook that was left running for some nights",
        Actor("notebook", "own key", (day, replace(night, days_ago=(ago, ago - 7), daily=night.daily * 2))),
        frozenset({"off_hours_loop"}),
    )
    yield wasteful(
        "still the predecessor, at three times the price",
        "classic",
        "older_model",
        work("claude-opus-4-1", (900, 1_500, 200, 0, 700), 340, hours=CUSTOMERS, week=7),
    )
    yield Case(
        "a seat that was never used",
        Actor("idle", "user", (), (("assistant_standard", 300, None),)),
        frozenset({"idle_seat"}),
    )
    yield Case(
        "went back to the assistant and left the editor",
        Actor(
            "back",
            "user",
            (_coding(dice, 120),),
            (("assistant_standard", 400, 1), ("editor_business", 400, dice.randrange(40, 90))),
        ),
        frozenset({"idle_seat"}),
    )
    yield Case(
        "two seats, though others have one",
        Actor("double", "user", (_coding(dice, 120),), (("assistant_standard", 400, 1), ("editor_business", 400, 2))),
        frozenset({"doubled_seat"}),
    )


def _coding(dice: random.Random, usd: float) -> Work:
    return work_of(dice, "claude-sonnet-4-5", (1_500, 30_000, 2_500, 0, 700), usd)


def _ordinary(dice: random.Random) -> Iterator[Actor]:
    """All others: nothing is wrong with them."""
    for number in range(18):
        usd = 90 * dice.lognormvariate(0, 0.5)
        works: tuple[Work, ...] = (
            _coding(dice, usd * 0.75),
            work_of(dice, "claude-opus-4-5", (1_500, 34_000, 3_000, 0, 900), usd * 0.15),
            work_of(dice, "claude-haiku-4-5", (900, 9_000, 900, 0, 300), usd * 0.1),
        )
        yield Actor(f"dev{number}", "user", works, (("assistant_standard", 400, dice.randrange(4)),))
    for number in range(10):
        usd = 40 * dice.lognormvariate(0, 0.5)
        works = (
            work_of(dice, "gpt-5.2", (1_200, 2_200, 0, 0, 450), usd * 0.6),
            work_of(dice, "gpt-5.2-mini", (1_000, 1_200, 0, 0, 350), usd * 0.4),
        )
        yield Actor(f"office{number}", "user", works, (("assistant_standard", 400, dice.randrange(4)),))
    agents: tuple[tuple[str, str, tuple[int, ...], Hours], ...] = (
        ("reviewer", "claude-sonnet-4-5", (2_000, 36_000, 3_000, 0, 600), OFFICE),
        ("triage", "claude-haiku-4-5", (600, 5_200, 300, 0, 120), CUSTOMERS),
        ("labels", "qwen3-8b", (700, 0, 0, 0, 60), ALWAYS),
        ("assistant", "gpt-5.2", (1_500, 7_000, 0, 0, 500), CUSTOMERS),
    )
    for id_, model, sizes, hours in agents:
        yield Actor(id_, "agent", (work_of(dice, model, sizes, 180, hours=hours, week=7),))


@dataclass
class Workshop(Provider):
    """The company as a provider reports it: keys by the hour, users by the day.

    Args:
        seed: which company.
        today: the day on which it is looked at.
        some: those of interest; all others are ordinary.
        actors: who there is.
    """

    seed: int
    today: date
    some: Sequence[Actor]
    actors: list[Actor] = field(init=False)

    name = NAME
    can = frozenset({"charges", "people", "seats"})

    def __post_init__(self) -> None:
        others = _ordinary(random.Random(f"others/{self.seed}"))
        self.actors = [*self.some, *others]

    def directory(self) -> Directory:
        """Everybody in one team; each program is somebody's of finance, who look at nothing here."""
        people = [
            Person(
                each.id,
                each.id.title(),
                f"{each.id}@workshop.example",
                "boss",
                "all",
                each.zone,
                joined=None if each.joined is None else self.today - each.joined * DAY,
            )
            for each in self.actors
            if each.kind != "agent"
        ]
        people.append(Person("boss", "Boss", "boss@workshop.example", "", "all", BERLIN, roles=("finance",)))
        agents = [each for each in self.actors if each.kind == "agent"]
        return Directory(
            tuple(people),
            (Team("all", "All", "boss"),),
            tuple(Agent(each.id, each.id.title(), "boss", "all") for each in agents),
            tuple(Link(NAME, "key", f"key_{each.id}", each.account) for each in agents),
        )

    def people(self) -> Iterator[ProviderIdentity]:
        """See Provider."""
        for each in self.actors:
            if each.kind != "agent":
                yield ProviderIdentity("user", f"usr_{each.id}", each.id.title(), f"{each.id}@workshop.example")
                for number, _ in enumerate(each.seats[1:], 1):
                    yield ProviderIdentity(
                        "user", f"usr_{each.id}_{number}", each.id.title(), f"{each.id}@workshop.example"
                    )
            if each.kind != "user":
                owner = f"usr_{each.id}" if each.kind == "own key" else ""
                yield ProviderIdentity("key", f"key_{each.id}", each.id.title(), owner=owner)

    def seats(self) -> Iterator[ProviderSeat]:
        """See Provider."""
        for each in self.actors:
            for number, (product, since, used) in enumerate(each.seats):
                last = None if used is None else self.today - used * DAY
                user = f"usr_{each.id}_{number}" if number else f"usr_{each.id}"
                yield ProviderSeat(user, product, self.today - since * DAY, last)

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """See Provider."""
        for number in range((last - first).days + 1):
            day = first + number * DAY
            for each in self.actors:
                yield from self._day(each, day)

    def _day(self, actor: Actor, day: date) -> Iterator[Charge]:
        cells: dict[tuple[datetime, str, str], list[float]] = {}
        step = 24 if actor.kind == "user" else 1
        for number, work in enumerate(actor.works):
            dice = random.Random(f"{self.seed}/{actor.id}/{number}/{day}")
            for start, asked, failed, used in _hours(work, day, self.today, dice):
                bucket = start if step == 1 else datetime.combine(day, time(), UTC)
                cell = cells.setdefault((bucket, work.model, work.tier), [0.0] * 7)
                for place, amount in enumerate((asked, failed, *used)):
                    cell[place] += amount
        for (start, model, tier), amounts in sorted(cells.items()):
            asked, failed, *tokens = map(int, amounts)
            cost = sum(size * price for size, price in zip(tokens, PRICES[model], strict=True)) * TIERS[tier] * 1_000
            key, user = ("", f"usr_{actor.id}") if actor.kind == "user" else (f"key_{actor.id}", "")
            row = Charge(NAME, start, step, model, "", key, user, tier, requests=asked, requests_failed=failed)
            yield replace(row, **dict(zip(TOKENS, tokens, strict=True)), cost_nanos=int(cost))  # type: ignore[arg-type]

    def probe(self) -> Iterator[CheckLine]:
        """See Provider."""
        yield from ()

    def close(self) -> None:
        """See Provider."""


def _hours(
    work: Work, day: date, today: date, dice: random.Random
) -> Iterator[tuple[datetime, int, int, tuple[float, ...]]]:
    """What is asked in each hour of a UTC day: when, calls, failed ones, tokens."""
    mood, whole = dice.uniform(0.75, 1.25), sum(work.hours)
    for hour in range(24):
        start = datetime.combine(day, time(hour), UTC)
        local = start.astimezone(ZoneInfo(work.zone))
        opens, closes = work.days_ago
        if local.weekday() >= work.week or not today - opens * DAY <= local.date() < today - closes * DAY:
            continue
        mean = work.daily * mood * work.hours[local.hour] / whole
        asked = max(0, round(dice.gauss(mean, sqrt(mean)) if mean > 3 else mean + dice.uniform(-0.5, 0.5)))
        if not asked:
            continue
        dead = dice.random() < work.dead
        failed = asked if dead else min(asked, round(asked * work.failing * dice.uniform(0.3, 1.7)))
        good = asked - failed
        paid = good + failed * work.billed
        tokens = [
            size * number * max(0.1, 1 + dice.gauss(0, work.spread / sqrt(asked)))
            for size, number in zip(work.sizes, (paid, paid, paid, paid, good), strict=True)
        ]
        yield start, asked, failed, tuple(tokens)
