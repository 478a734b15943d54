"""How far the commitment of a contract is drawn, and how it goes on.

Drawn is what the provider's charges come to in the term. How it goes on is the pace of the last four weeks; the range
is that of the slowest and the fastest of them.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from handlers.context import Context
from handlers.policy import Contract
from handlers.pricing import Rise, announced, price_factor
from storage import comparisons, spend
from storage.tables import ORGANIZATION

WEEKS = 4
DAY, WEEK = timedelta(days=1), timedelta(days=7)
TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a contract stands.

    Args:
        contract: what was agreed.
        unit: what is committed: the house currency or tokens.
        drawn: what was spent in its term so far, in that unit.
        commitment: what is to be spent, 0 for nothing.
        known_until: the day after the last one of which all is known.
        known_since: the first day of which anything is known, None if nothing is.
        weeks: what each of the last weeks came to at today's prices, the latest first.
        steps: days from which announced prices make the same use cost so many times what it costs today.
    """

    contract: Contract
    unit: str
    drawn: int
    commitment: int
    known_until: date
    known_since: date | None
    weeks: tuple[int, ...]
    steps: tuple[tuple[date, Decimal], ...] = ()

    def coming(self, week: int, until: date) -> int:
        """What is spent from the last known day until before another one, at so much a week at today's prices."""
        end = max(self.known_until, until)
        marks = (self.known_until, *(min(max(self.known_until, start), end) for start, _ in self.steps), end)
        factors = (Decimal(1), *(factor for _, factor in self.steps))
        days = ((after - before).days for before, after in pairwise(marks))
        return int(sum(week * factor * each for factor, each in zip(factors, days, strict=True)) / 7)

    def used_up(self, week: int) -> date | None:
        """The day on which the commitment is used up at so much a week; None if it is not in the term."""
        left = self.commitment - self.drawn
        if left <= 0:
            return self.known_until
        days = range((self.contract.ends - self.known_until).days + 1)
        found = bisect_left(days, left, key=lambda count: self.coming(week, self.known_until + DAY * count))
        return min(self.known_until + DAY * found, self.contract.ends - DAY) if found < len(days) else None

    def left_at_the_end(self, week: int) -> int:
        """What of the commitment is not drawn when the term ends."""
        return max(0, self.commitment - self.drawn - self.coming(week, self.contract.ends))

    def beyond_at_the_end(self, week: int) -> int:
        """What is used beyond the commitment when the term ends."""
        return max(0, self.drawn + self.coming(week, self.contract.ends) - self.commitment)

    @property
    def has_course(self) -> bool:
        """Whether so much of the term is over that its pace tells something."""
        term, gone = self.contract.ends - self.contract.starts, self.known_until - self.contract.starts
        return gone * 4 >= term and gone >= WEEK * WEEKS

    @property
    def pace(self) -> int:
        """What a week comes to."""
        return sum(self.weeks) // len(self.weeks) if self.weeks else 0


def running(ctx: Context) -> list[Contract]:
    """All contracts, each with the term that runs today: one that has renewed goes on."""
    return [each.on(ctx.today) for each in ctx.policy.contracts]


def standing_of(ctx: Context, contract: Contract) -> Standing:
    """How a contract stands by what is known of its provider's charges."""
    known = comparisons.whole_before(ctx.readings(), ctx.today)
    until = min(known, contract.ends)
    term = contract.starts, max(contract.starts, until)
    found = spend.spent_at(ctx.conn, contract.provider, *term, ORGANIZATION)
    drawn = found.get(ORGANIZATION, (0, 0))[1 if contract.in_tokens else 0]
    rises = announced(ctx, contract.provider) if contract.prices and not contract.in_tokens else ()
    used = spend.daily_at(ctx.conn, contract.provider, known - WEEK * WEEKS, known, ORGANIZATION)
    weeks, by_model = [Decimal(0)] * WEEKS, Counter[str]()
    for day, each in used:
        cost = each.cost_nanos * price_factor(rises, contract.provider, each.name, day, ctx.today)
        weeks[((known - day).days - 1) // 7] += each.tokens if contract.in_tokens else cost
        by_model[each.name] += int(cost)
    unit = TOKENS if contract.in_tokens else ctx.policy.organization.currency
    commitment = ctx.policy.committed(contract)
    steps = tuple(_steps(contract, rises, by_model, ctx.today))
    since = comparisons.begun_at(ctx.conn, contract.provider)
    return Standing(contract, unit, drawn, commitment, until, since, tuple(map(int, weeks)), steps)


def _steps(
    contract: Contract, rises: Sequence[Rise], by_model: Mapping[str, int], today: date
) -> Iterator[tuple[date, Decimal]]:
    """From which days the same use costs how many times what it costs today."""
    whole = sum(by_model.values())
    for day in sorted({each.change.since for each in rises if each.change.since > today}) if whole else ():
        then = (cost * price_factor(rises, contract.provider, model, today, day) for model, cost in by_model.items())
        yield day, sum(then, Decimal(0)) / whole
