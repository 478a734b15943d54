"""What detectors look at: how one account uses models, beside how the others do.

A provider reports one cost for all tokens of a cell, so what a kind of token costs is worked out from the owner's own
bill and the usual proportions of prices (a read from a cache a tenth of input, output five times; see
handlers/questions/why.py).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from statistics import median_low
from typing import Literal
from zoneinfo import ZoneInfo

from handlers.language import N_
from handlers.money import percent
from handlers.questions import WEIGHTS
from handlers.waste.model_lines import is_embedding
from storage.charges import TOKENS
from storage.findings import Said
from storage.seats import Seat
from storage.spend import Unallocated
from storage.tables import UNALLOCATED
from storage.usage_patterns import Bucket, Habit, Hour

WINDOW_DAYS = 28
MONTH_DAYS = 30
PEERS_MIN = 8
LIKE_TIMES = 2
INPUT_KINDS = TOKENS[:4]
_WEIGHTS = tuple(WEIGHTS[kind] for kind in TOKENS)
INPUT, READ, WRITE_5M, WRITE_1H, OUTPUT = _WEIGHTS
FLAGSHIP = "flagship"
BATCH = frozenset({"batch", "flex"})
PREMIUM = frozenset({"priority", "fast", "premium"})

Size = Literal["input", "output"]

COMPARED_MIN = 3  # models that are asked equally often
ALIKE_PERCENT = 75
HOURS_MIN = 48
EVEN_TIMES = 3  # between a busy hour and a quiet one


def monthly(nanos: int) -> int:
    """What an amount of the window is in a month."""
    return nanos * MONTH_DAYS // WINDOW_DAYS


@dataclass(frozen=True, slots=True)
class Part:
    """Some of an account's use, added up: all of it, or of one model in one tier."""

    cost_nanos: int
    tokens: tuple[int, ...]
    requests: int
    failed: int

    @property
    def plain(self) -> int:
        """Input that no cache had to do with."""
        return self.tokens[0]

    @property
    def read(self) -> int:
        """Input read from a cache."""
        return self.tokens[1]

    @property
    def written(self) -> int:
        """Input written to a cache."""
        return self.tokens[2] + self.tokens[3]

    @property
    def input(self) -> int:
        """All input."""
        return sum(self.tokens[:4])

    @property
    def output(self) -> int:
        """All output."""
        return self.tokens[4]

    @property
    def weight(self) -> int:
        """All tokens in twentieths of an input token's price."""
        return sum(map(int.__mul__, self.tokens, _WEIGHTS))

    def worth(self, weight: int) -> int:
        """What tokens of a weight cost here."""
        return self.cost_nanos * weight // self.weight if self.weight else 0

    def per_request(self, size: Size) -> int:
        """Tokens of a request, on the mean."""
        tokens = self.input if size == "input" else self.output
        return tokens // self.requests if self.requests else 0


def add(parts: Iterable[Habit | Hour | Part]) -> Part:
    """The sum of some use."""
    every = list(parts)
    tokens = tuple(map(sum, zip(*(each.tokens for each in every), strict=True))) or (0,) * len(TOKENS)
    return Part(
        sum(each.cost_nanos for each in every),
        tokens,
        sum(each.requests for each in every),
        sum(each.failed for each in every),
    )


@dataclass(frozen=True, slots=True)
class PoolShare:
    """A share of a pool: its limit and what was used of it in the last period that is over, and in the one before."""

    budget: str
    periods: tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class ToldUse:
    """What programs told of themselves in the window, by one of their own dimensions.

    Args:
        dimension: "subagent" or "mcp_server".
        name: which, "" for what had none.
        cost_nanos: in the house currency.
        models: that it used, by name.
    """

    dimension: str
    name: str
    cost_nanos: int
    models: tuple[str, ...]


@dataclass(frozen=True)
class Usage:
    """How one account used models in the window.

    Args:
        account_id: whose.
        person: whether it is a person; else a program, or nobody's.
        left: whether it belongs to somebody who has left.
        habits: by model and tier.
        hours: of what is reported by the hour.
        zone: where its owner is.
        today: the organization's day.
        tier_of: the tier a model belongs to, as the house has it.
        seats: that are paid for by the month.
        strays: identities at providers that were never linked, if this is the account of what is nobody's.
        shares: of pools.
        joined: the day its owner joined, None if it is not known.
        buckets: the days of whoever has no hours and whose calls often fail.
        told: what its programs told of themselves.
    """

    account_id: str
    person: bool
    left: bool
    habits: tuple[Habit, ...]
    hours: tuple[Hour, ...]
    zone: ZoneInfo
    today: date
    tier_of: Callable[[str], str]
    seats: tuple[Seat, ...] = ()
    strays: tuple[Unallocated, ...] = ()
    shares: tuple[PoolShare, ...] = ()
    joined: date | None = None
    buckets: tuple[Bucket, ...] = ()
    told: tuple[ToldUse, ...] = ()

    @cached_property
    def whole(self) -> Part:
        """All of it."""
        return add(self.habits)

    @cached_property
    def models(self) -> dict[str, Part]:
        """By model, in the order of their names."""
        ordered = sorted(self.habits, key=attrgetter("model"))
        return {model: add(group) for model, group in groupby(ordered, key=attrgetter("model"))}

    @cached_property
    def top_models(self) -> list[str]:
        """Those of the top tier."""
        return [model for model in self.models if self.tier_of(model) == FLAGSHIP]

    @cached_property
    def top(self) -> Part:
        """All use of the top tier."""
        return add(self.models[model] for model in self.top_models)

    @cached_property
    def is_comparison(self) -> bool:
        """Whether it asks several models equally often, as who compares them does, on purpose and the same again."""
        asked = sorted(part.requests for part in self.models.values())[-COMPARED_MIN:]
        alike = len(asked) == COMPARED_MIN and asked[0] * 100 >= asked[-1] * ALIKE_PERCENT
        return alike and sum(asked) * 2 >= self.whole.requests

    @cached_property
    def is_clockwork(self) -> bool:
        """Whether its active hours have as many requests each, about; where people ask, they come and go by the day."""
        hours = sorted(self.per_hour.values())
        if len(hours) < HOURS_MIN:
            return False
        tenth, middle = len(hours) // 10, median_low(hours)
        return hours[-1 - tenth] <= EVEN_TIMES * hours[tenth] and middle > 0

    @cached_property
    def per_hour(self) -> dict[datetime, int]:
        """How many requests each hour had in which there were any."""
        found: dict[datetime, int] = {}
        for hour in self.hours:
            if hour.requests:
                found[hour.start] = found.get(hour.start, 0) + hour.requests
        return found

    def of(self, wanted: Callable[[Habit], bool]) -> Part:
        """Those habits that are wanted, added up."""
        return add(each for each in self.habits if wanted(each))

    def keys(self) -> Iterator[tuple[str, list[Hour]]]:
        """The hours of each key."""
        for key, hours in groupby(self.hours, key=attrgetter("key")):
            yield key, list(hours)


class Peers:
    """What models cost and how large requests are in the whole organization."""

    def __init__(
        self,
        every: Sequence[Habit],
        tier_of: Callable[[str], str],
        seats: Mapping[Seat, tuple[int, ...]] | None = None,
        owned: Iterable[Sequence[Seat]] = (),
    ) -> None:
        """See Peers.

        Args:
            every: the habits of all.
            tier_of: the tier a model belongs to.
            seats: what was used with each seat in each of two months.
            owned: the seats of each person.
        """
        self.tier_of = tier_of
        self._plans = [{seat.plan for seat in some} for some in owned]
        self._seats = seats or {}
        standard = [each for each in every if each.tier not in BATCH | PREMIUM and each.cost_nanos and any(each.tokens)]
        standard = [each for each in standard if not is_embedding(each.model)]
        ordered = sorted(standard, key=attrgetter("model"))
        self.models = {model: add(group) for model, group in groupby(ordered, key=attrgetter("model"))}
        self._sizes: dict[tuple[str, bool], list[Part]] = {}
        for (_, model), group in groupby(every, key=attrgetter("account_id", "model")):
            habits = list(group)
            if habits[0].account_id != UNALLOCATED:
                person = habits[0].account_id.startswith("person/")
                self._sizes.setdefault((model, person), []).append(add(habits))

    def usual(self, model: str, size: Size, mine: Part, *, person: bool) -> int | None:
        """Tokens of a request of that model for the median of those who do the like, None if there are too few of them.

        The like is work of which the other size is half to twice one's own: who writes long texts from short questions
        does other work than who changes a line of a large program.
        """
        other: Size = "output" if size == "input" else "input"
        own = mine.per_request(other)
        alike = [
            part.per_request(size)
            for part in self._sizes.get((model, person), [])
            if own <= part.per_request(other) * LIKE_TIMES and part.per_request(other) <= own * LIKE_TIMES
        ]
        return median_low(alike) if len(alike) >= PEERS_MIN else None

    def price(self, model: str, weight: int) -> int:
        """What tokens of a weight cost the organization on a model at the ordinary speed."""
        return self.models[model].worth(weight) if model in self.models else 0

    def used(self, seat: Seat) -> tuple[int, ...]:
        """What was used with a seat in each of the last two months, in nanos."""
        return self._seats.get(seat, (0, 0))

    def are_given_together(self, plan: str, other: str) -> bool:
        """Whether at least half of those who have one of two plans have both, so that the company wants it so."""
        both = sum({plan, other} <= plans for plans in self._plans)
        most = max(sum(each in plans for plans in self._plans) for each in (plan, other))
        return both >= PEERS_MIN and both * 2 >= most

    def cheaper_seats(self, seat: Seat) -> list[Seat]:
        """Seats of the same product that cost less: copilot_business is one of the product of copilot_enterprise."""
        product = seat.plan.partition("_")[0]
        return [
            each
            for each in self._seats
            if each.provider == seat.provider and each.plan.partition("_")[0] == product
            if 0 < each.month_nanos < seat.month_nanos
        ]

    def cheapest(self, among: Iterable[str]) -> str:
        """Of some models that the organization uses the one with the cheapest tokens, "" of none."""
        return min(among, key=lambda model: self.price(model, 10**12), default="")

    def below(self, tiers: Sequence[str], cost_min: int) -> list[str]:
        """The models of some tiers on which the organization spends so much a month."""
        return [
            model
            for model, part in self.models.items()
            if self.tier_of(model) in tiers and monthly(part.cost_nanos) >= cost_min
        ]


TOKENS_EACH = N_("{count} tokens")
PERCENT = N_("{percent} %")


def plain(value: str | int) -> Said:
    """A name, a day or a number alone, which needs no words."""
    return Said("{value}", {"value": value})


def some_tokens(number: int) -> Said:
    """So many tokens."""
    return Said(TOKENS_EACH, {"count": number})


def unknown(text: str) -> tuple[Said, Said]:
    """What would have to be known to be surer, as evidence: every finding with low confidence has it."""
    return Said(N_("Usage data does not show")), Said(text)


def share(part: int, whole: int) -> Said:
    """Part of whole, in percent."""
    return Said(PERCENT, {"percent": percent(part, whole)})


def on_another(model: str, price_nanos: int, cost_nanos: int) -> tuple[Said, Said]:
    """What the same tokens cost on another model, as evidence."""
    name = Said(N_("Same tokens on {model}"), {"model": model})
    return name, Said(N_("{percent} % of the price"), {"percent": percent(price_nanos, cost_nanos)})


def tokens_of(models: Iterable[str], kinds: Iterable[str] = TOKENS) -> frozenset[str]:
    """The parts of a bill that a finding is about."""
    wanted = list(kinds)
    return frozenset(f"{model} {kind}" for model in models for kind in wanted)
