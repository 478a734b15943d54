"""What can be reached at all: plain rules with their threshold swept, and one that knows what each owner is like.

Each rule gives every window of an owner's hours a score; what scores above a threshold rings. The lower that is, the
more is found, and the more is false. The last two rules know what nobody can: the dice of an owner are thrown some
hundred times more, and a score is how seldom as much is spent at that time of the calendar. What these miss, or find
with more false alerts than the aim, no rule can have that looks at what was spent in such hours or days.

python -m bench.score.guard_frontier --first 1 --seeds 4
"""

import argparse
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from itertools import accumulate
from math import log
from statistics import median

from bench.score import guard_practice, guard_real
from bench.score.guard_worlds import BEGIN, DAYS, FLOOR, HISTORY_DAYS, HOUR, HOURS, OWN, Incident, Owner, World
from bench.table import Table

THROWS = 400
WIDTHS = (8, 24, 48)  # hours on end
NEVER = 9.0  # a score of what is spent in no throw
STEP = 4  # hours between two looks of whoever sees hours
EIGHT_WEEKS, ACTIVE_MIN = 56, 5
SCALE_MIN, MAD_TO_SIGMA = 0.1, 1.4826
AIM, FOUND = 2.0, 0.9
WORLDS: Mapping[str, Callable[[int], World]] = {
    "offices": OWN["offices"],
    "sessions": OWN["sessions"],
    "practice": guard_practice.practice,
    "views": guard_real.views,
}
SIZES = ("20 ×", "8 ×", "4 ×")


@dataclass(frozen=True, slots=True)
class Window:
    """Some hours of an owner, and how far from the usual a rule finds them."""

    first: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Scored:
    """What a rule makes of an owner: windows in which something is wrong, and those in which nothing is."""

    incidents: Sequence[tuple[Incident, float]]
    windows: Sequence[tuple[Window, bool]]


Score = Callable[[float, Sequence[float]], float]


def _times(cost: float, past: Sequence[float]) -> float:
    return cost / median(past)


def _deviations(cost: float, past: Sequence[float]) -> float:
    logs = [log(each) for each in past]
    middle = median(logs)
    scale = max(SCALE_MIN, MAD_TO_SIGMA * median(abs(each - middle) for each in logs))
    return (log(cost) - middle) / scale


def _of_the_second(cost: float, past: Sequence[float]) -> float:
    return cost / sorted(past)[-2]


def _by_days(score: Score, owner: Owner) -> Iterator[Window]:
    """Days, and two of them together, by those of the eight weeks before on which anything was spent."""
    days = [owner.day(number) for number in range(HISTORY_DAYS + DAYS)]
    for number in range(HISTORY_DAYS, HISTORY_DAYS + DAYS):
        for length in (1, 2):
            first = number - length + 1
            before = range(max(0, first - EIGHT_WEEKS), first - length + 1)
            past = [sum(days[at : at + length]) for at in before if all(days[at : at + length])]
            cost = sum(days[first : number + 1])
            if len(past) >= ACTIVE_MIN and cost - median(past) >= FLOOR:
                yield Window(first * 24, number * 24 + 24, score(cost, past))


@cache
def _known(owner: Owner) -> Mapping[tuple[int, int], Sequence[float]]:
    """What windows cost in other throws of the same owner, in order."""
    ends = range(HISTORY_DAYS * 24 + STEP, HOURS + 1, STEP)
    thrown: dict[tuple[int, int], list[float]] = {(end - width, end): [] for end in ends for width in WIDTHS}
    for number in range(THROWS if owner.nature else 0):
        sums = [0.0, *accumulate(owner.nature.days_again(number))] if owner.nature else []
        for (first, end), costs in thrown.items():
            costs.append(sums[end] - sums[first])
    return {window: sorted(costs) for window, costs in thrown.items() if costs}


def _knowing(widths: Sequence[int], step: int, owner: Owner) -> Iterator[Window]:
    """Hours on end, by what they cost in other throws of the same owner."""
    sums = [0.0, *accumulate(owner.costs)]
    for (first, end), costs in _known(owner).items():
        cost = sums[end] - sums[first]
        if end - first in widths and end % step == 0 and cost - owner.usual * (end - first) / 24 >= FLOOR:
            more = THROWS - bisect_left(costs, cost)
            beyond = 0.0 if more else log(cost / costs[-1]) if costs[-1] > 0 else NEVER
            yield Window(first, end, log((THROWS + 1) / (more + 1)) + beyond)


RULES: Mapping[str, Callable[[Owner], Iterator[Window]]] = {
    "so many times the median day": partial(_by_days, _times),
    "so many deviations of the logarithm": partial(_by_days, _deviations),
    "so many times the dearest day but one": partial(_by_days, _of_the_second),
    "knows what each owner is like, by days": partial(_knowing, WIDTHS[1:], 24),
    "knows what each owner is like, by hours": partial(_knowing, WIDTHS, STEP),
}


def scored(world: World, owner: Owner, rule: str) -> Scored:
    """What a rule makes of an owner."""
    windows = list(RULES[rule](owner))
    mine = [each for each in world.incidents if each.account == owner.account and each.dollars >= FLOOR]
    real = [each for each in (*world.incidents, *world.arguable) if each.account == owner.account]
    return Scored(
        [(one, max((each.score for each in windows if _is_about(each, one)), default=-1.0)) for one in mine],
        [(each, any(_is_about(each, one) for one in real)) for each in windows],
    )


def _is_about(window: Window, incident: Incident) -> bool:
    return BEGIN + window.first * HOUR < incident.end and incident.start < BEGIN + window.end * HOUR


def false_alerts(one: Scored, threshold: float) -> int:
    """How many alerts are about nothing; windows that touch are one."""
    count, end, right = 0, -1, True
    for window, is_right in sorted(one.windows, key=lambda each: each[0].first):
        if window.score <= threshold:
            continue
        if window.first > end:
            count += not right
            right = False
        right, end = right or is_right, max(end, window.end)
    return count + (not right)


def threshold_at(every: Sequence[Scored], false_max: float) -> float:
    """The lowest threshold with so many false alerts at most."""
    candidates = sorted({window.score for one in every for window, _ in one.windows}, reverse=True)
    lowest = candidates[0] if candidates else 0.0
    low, high = 0, len(candidates)
    while low < high:  # the more scores are above, the more alerts, but for those that come to touch each other
        middle = (low + high) // 2
        if sum(false_alerts(one, candidates[middle]) for one in every) <= false_max:
            lowest, low = candidates[middle], middle + 1
        else:
            high = middle
    return lowest


def found(every: Sequence[Scored], size: str, threshold: float) -> str:
    """Which part of the incidents of a size is found."""
    known = [score > threshold for one in every for each, score in one.incidents if size in each.kind]
    return f"{sum(known) / len(known):.2f}" if known else "–"


def needed(every: Sequence[Scored], size: str, part: float) -> float | None:
    """How many false alerts it takes to find such a part of them."""
    known = sorted((score for one in every for each, score in one.incidents if size in each.kind), reverse=True)
    if not known:
        return None
    least = known[max(0, -int(-part * len(known) // 1) - 1)]
    return sum(false_alerts(one, least - 1e-9) for one in every) if least >= 0 else None


def rows(world: str, rule: str, every: Sequence[Scored], owner_days: int) -> Iterator[tuple[str, ...]]:
    """What a rule reaches in a world with two false alerts in a thousand owner-days, and what .90 of 8 × takes."""
    threshold = threshold_at(every, AIM * owner_days / 1000)
    false = sum(false_alerts(one, threshold) for one in every) * 1000 / owner_days
    takes = needed(every, "8 ×", FOUND)
    yield (
        world,
        rule,
        f"{threshold:.2f}",
        f"{false:.2f}",
        *(found(every, size, threshold) for size in SIZES),
        "never" if takes is None else f"{takes * 1000 / owner_days:.2f}",
    )


def _scored_world(asked: tuple[str, int]) -> tuple[str, int, dict[str, list[Scored]]]:
    name, seed = asked
    world = WORLDS[name](seed)
    every = {rule: [scored(world, owner, rule) for owner in world.owners] for rule in RULES}
    return name, len(world.owners) * DAYS, every


def main(argv: Sequence[str] | None = None) -> int:
    """Sweep the rules and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.score.guard_frontier")
    parser.add_argument("--seeds", type=int, default=4, help="how many of each world")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--worlds", default=",".join(WORLDS))
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args(argv)
    names = asked.worlds.split(",")
    wanted = [(name, seed) for name in names for seed in range(asked.first, asked.first + asked.seeds)]
    with ProcessPoolExecutor(asked.processes) as pool:
        worlds = list(pool.map(_scored_world, wanted))
    table: list[tuple[str, ...]] = []
    for name in names:
        here = [each for each in worlds if each[0] == name]
        owner_days = sum(days for _, days, _ in here)
        for rule in RULES:
            every = [one for _, _, rules in here for one in rules[rule]]
            if any(one.windows for one in every):
                table += rows(name, rule, every, owner_days)
    heads = ("world", "rule", "threshold", "false", *SIZES, "false for .90 of 8 ×")
    print(Table("what can be reached with 2 false alerts per 1,000 owner-days", heads, table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
