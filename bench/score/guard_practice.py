"""A company as public texts describe them, written by somebody who had not read the guard's rules.

Each habit stands for something that was published: what a developer with a coding agent costs on an active day (6 to 13
dollars on average, nine of ten below 12 to 30), one in eight of them using most of it, peaks of eight usual days, days
of many agents side by side, allowances that are used up before the month ends, suites of tests before a release,
indexes built anew each week and wholly each month, queues that are caught up with a day later, closes of months,
support that follows the day of its customers, and programs that wake when something breaks. What goes wrong was
published, too: loops over an evening or a night, leaked keys at a constant rate, contexts that grow all day, and
programs that fall back to a dearer model and stay there.
"""

from dataclasses import dataclass

from bench.score.guard_worlds import (
    BEGIN,
    DAY,
    DAYS,
    FEEDS,
    FIRST,
    HISTORY_DAYS,
    HOUR,
    HOURS,
    SATURDAY,
    Dice,
    Habit,
    Owner,
    World,
    add,
)

ALL_DAYS = HISTORY_DAYS + DAYS


@dataclass(frozen=True, slots=True)
class Calendar:
    """What all of a company share.

    Args:
        closed: days on which nobody works.
        push: the days before a large release, on which everybody does more.
        launch: the day on which a dearer model comes out; some change to it.
        releases: every second Thursday.
    """

    closed: frozenset[int]
    push: range
    launch: int
    releases: frozenset[int]

    def works(self, day: int) -> bool:
        """Whether it is a working day."""
        return (BEGIN + day * DAY).weekday() < SATURDAY and day not in self.closed


def practice(seed: int) -> World:
    """Forty people and fourteen programs of one company; a fourth of them have something go wrong."""
    dice = Dice(f"practice/{seed}")
    push, fortnight = dice.randrange(10, 70), dice.randrange(2)
    thursdays = [day for day in range(ALL_DAYS) if (BEGIN + day * DAY).weekday() == 3]
    calendar = Calendar(
        frozenset(dice.sample(range(ALL_DAYS), 2)),
        range(push, push + 5),
        dice.randrange(25, 75),
        frozenset(thursdays[fortnight::2]),
    )
    world = World("practice")
    habits = [*PEOPLE * 5, *PROGRAMS, *dice.sample(PROGRAMS, 4)]
    for number, habit in enumerate(habits):
        who = "person" if number < len(PEOPLE) * 5 else "agent"
        account = f"{who}/{number}-{habit.__name__[1:]}"
        world.owners.append(Owner.thrown(account, FEEDS[number % len(FEEDS)], dice, habit, calendar))
    _go_wrong(dice, world)
    return world


# People --------------------------------------------------------------------------------------------------------------


def _spread(dice: Dice, costs: list[float], start: float, lasts: int, dollars: float) -> None:
    """Spread an amount unevenly over some hours."""
    weights = [dice.gammavariate(0.8, 1) for _ in range(lasts)]
    for number, weight in enumerate(weights):
        if int(start) + number < HOURS:
            costs[int(start) + number] += dollars * weight / sum(weights)


def _worked(
    dice: Dice, calendar: Calendar, *, usual: float, wide: float, days: float, fans_out: float, night: float
) -> list[float]:
    """Blocks of work of up to five hours; some days with many agents side by side, which cost some times as much."""
    opens, zone = dice.gauss(9, 1.2), dice.choice([-1, -1, 0, 5, -8])
    away = dice.randrange(ALL_DAYS) if dice.random() < 0.5 else -100
    adopts = dice.random() < 0.3
    dice.days_begin()
    costs = [0.0] * HOURS
    for day in range(ALL_DAYS):
        odds = days if calendar.works(day) else days / 12
        if away <= day < away + 7 or dice.random() >= odds:
            continue
        dollars = usual * dice.lognormvariate(0, wide) * (1.7 if day in calendar.push else 1.0)
        dollars *= 1.5 if adopts and day >= calendar.launch else 1.0
        if dice.random() < fans_out:
            dollars *= dice.uniform(2.5, 6)
        first = (day * 24 + max(0.0, opens - zone)) % HOURS
        for block, share in ((0, 0.55), (5, 0.45)):
            _spread(dice, costs, first + block, dice.randint(2, 5), dollars * share)
        if dice.random() < night:
            _spread(dice, costs, first + 12, 3, dollars * 0.5)
    return costs


def _daily(dice: Dice, calendar: Calendar) -> list[float]:
    """Works with it each day."""
    return _worked(
        dice,
        calendar,
        usual=dice.lognormvariate(1.9, 0.7),
        wide=dice.uniform(0.5, 0.9),
        days=0.9,
        fans_out=0.02,
        night=0.05,
    )


def _now_and_then(dice: Dice, calendar: Calendar) -> list[float]:
    """Uses it on one or two days of a week."""
    return _worked(
        dice,
        calendar,
        usual=dice.lognormvariate(1.0, 0.9),
        wide=dice.uniform(0.6, 1.1),
        days=0.3,
        fans_out=0.01,
        night=0,
    )


def _power(dice: Dice, calendar: Calendar) -> list[float]:
    """One of the few who use most of it: long days, evenings, and often several agents at once."""
    return _worked(
        dice,
        calendar,
        usual=dice.lognormvariate(3.6, 0.5),
        wide=dice.uniform(0.4, 0.7),
        days=0.97,
        fans_out=0.06,
        night=0.3,
    )


def _beyond_allowance(dice: Dice, calendar: Calendar) -> list[float]:
    """Has an allowance each month and pays only for what goes beyond it: nothing for weeks, then something each day."""
    used = _worked(dice, calendar, usual=dice.lognormvariate(2.0, 0.5), wide=0.6, days=0.9, fans_out=0.02, night=0.05)
    allowance, costs, so_far = sum(used) / ALL_DAYS * 30 * dice.uniform(0.5, 1.1), [0.0] * HOURS, 0.0
    for at, cost in enumerate(used):
        if (BEGIN + at * HOUR).day == 1 and at % 24 == 0:
            so_far = 0.0
        so_far += cost
        costs[at] = min(cost, max(0.0, so_far - allowance))
    return costs


def _newly_come(dice: Dice, calendar: Calendar) -> list[float]:
    """Came some weeks ago and uses more each week until it is a habit."""
    came = dice.randrange(20, ALL_DAYS - 5)
    used = _worked(dice, calendar, usual=dice.lognormvariate(1.9, 0.7), wide=0.7, days=0.85, fans_out=0.02, night=0.05)
    return [cost * min(1.0, max(0.0, (at / 24 - came) / 21)) for at, cost in enumerate(used)]


# Programs ------------------------------------------------------------------------------------------------------------


def _support(dice: Dice, _calendar: Calendar) -> list[float]:
    """Answers customers: it follows their day, grows, and has hours of outages with many more questions."""
    usual, opens, shape = dice.lognormvariate(3.3, 0.8), dice.randrange(24), dice.uniform(1, 6)
    grows, costs = dice.uniform(0, 0.002), [0.0] * HOURS
    dice.days_begin()
    outage = 0
    for at in range(HOURS):
        day, hour = divmod(at, 24)
        open_now = 1.0 if (hour - opens) % 24 < 12 else 0.15
        quiet = 0.4 if (BEGIN + day * DAY).weekday() >= SATURDAY else 1.0
        outage = dice.randint(2, 6) if outage == 0 and dice.random() < 1 / (24 * 20) else max(0, outage - 1)
        rate = usual / 13.8 * open_now * quiet * (1 + grows) ** day * (2.5 if outage else 1)
        costs[at] = rate * dice.gammavariate(shape, 1 / shape)
    return costs


def _reviewer(dice: Dice, calendar: Calendar) -> list[float]:
    """Reviews what people hand in on working days, and much more before a release."""
    usual, costs = dice.lognormvariate(2.8, 0.8), [0.0] * HOURS
    dice.days_begin()
    for day in range(ALL_DAYS):
        if calendar.works(day):
            more = 2.5 if day + 1 in calendar.releases or day in calendar.releases else 1.0
            handed_in = dice.gammavariate(3, 1 / 3) * more * (1.7 if day in calendar.push else 1)
            _spread(dice, costs, day * 24 + 8, 11, usual * handed_in)
    return costs


def _suite(dice: Dice, _calendar: Calendar) -> list[float]:
    """Tests a model before releases, and whenever somebody thinks of it."""
    usual, costs = dice.lognormvariate(4.0, 0.7), [0.0] * HOURS
    dice.days_begin()
    day = dice.randrange(6)
    while day < ALL_DAYS:
        for _ in range(dice.choice([1, 1, 1, 2, 3])):
            _spread(
                dice, costs, day * 24 + dice.randint(7, 20), dice.randint(2, 5), usual * dice.lognormvariate(0, 0.3)
            )
        day += dice.randint(2, 9)
    return costs


def _queue(dice: Dice, calendar: Calendar) -> list[float]:
    """Works through each night what came in by day; a night that fails is caught up with in the next."""
    usual, at, waits, costs = dice.lognormvariate(3.0, 0.9), dice.randrange(24), 0.0, [0.0] * HOURS
    dice.days_begin()
    for day in range(ALL_DAYS):
        waits += usual * dice.lognormvariate(0, 0.35) * (1.0 if calendar.works(day) else 0.3)
        if dice.random() < 0.96:
            _spread(dice, costs, day * 24 + at, dice.randint(2, 4), waits)
            waits = 0.0
    return costs


def _month_end(dice: Dice, calendar: Calendar) -> list[float]:
    """Helps to close the books: little in a month, much in the last three and the first two working days."""
    usual, costs = dice.lognormvariate(3.5, 0.8), [0.0] * HOURS
    dice.days_begin()
    for day in range(ALL_DAYS):
        if not calendar.works(day):
            continue
        ahead = [(BEGIN + (day + number) * DAY).day for number in range(1, 5)]
        closes = min(ahead) < 4 or (BEGIN + day * DAY).day <= 3
        _spread(dice, costs, day * 24 + 7, 10, usual * (1 if closes else 0.1) * dice.lognormvariate(0, 0.4))
    return costs


def _index(dice: Dice, _calendar: Calendar) -> list[float]:
    """Takes in what changed each day, all of a store each Sunday, and everything in the first week of a month."""
    usual, weekday, hour, costs = (
        dice.lognormvariate(2.5, 0.9),
        dice.choice([5, 6, 6, 0]),
        dice.randrange(24),
        [0.0] * HOURS,
    )
    dice.days_begin()
    for day in range(ALL_DAYS):
        when = BEGIN + day * DAY
        times = (20 if when.day <= 7 else 5) if when.weekday() == weekday else 1
        _spread(dice, costs, day * 24 + hour, dice.randint(2, 6), usual * times * dice.lognormvariate(0, 0.25))
    return costs


def _laboratory(dice: Dice, calendar: Calendar) -> list[float]:
    """A key for trying things out: nothing for a week or three, then some days of large and small runs."""
    usual, on, costs = dice.lognormvariate(3.6, 0.7), False, [0.0] * HOURS
    dice.days_begin()
    for day in range(ALL_DAYS):
        on = dice.random() < (0.65 if on else 0.1)
        if on and calendar.works(day):
            _spread(
                dice, costs, day * 24 + dice.randint(8, 15), dice.randint(2, 8), usual * dice.lognormvariate(0, 1.0)
            )
    return costs


def _alarm(dice: Dice, _calendar: Calendar) -> list[float]:
    """Looks into what breaks: some times a week, at any hour, and seldom it takes long."""
    usual, tail, costs = dice.lognormvariate(1.5, 0.8), dice.uniform(1.3, 2.2), [0.0] * HOURS
    dice.days_begin()
    at = dice.expovariate(1 / 48)
    while at < HOURS:
        _spread(dice, costs, at, dice.randint(1, 4), usual * min(dice.paretovariate(tail), 30))
        at += dice.expovariate(1 / 48)
    return costs


def _fleet(dice: Dice, calendar: Calendar) -> list[float]:
    """Agents that work on tasks of people: as many at once as there is work, day and night while a project lasts."""
    each, costs, many = dice.lognormvariate(-0.3, 0.5), [0.0] * HOURS, 3.0
    dice.days_begin()
    for at in range(HOURS):
        many = max(0.0, many + dice.gauss(0.15 * (4 - many) / 4, 0.8))
        asleep = 0.4 if at % 24 < 7 or not calendar.works(at // 24) else 1.0
        costs[at] = each * int(many) * asleep * dice.gammavariate(2, 1 / 2)
    return costs


def _cached(dice: Dice, _calendar: Calendar) -> list[float]:
    """A steady service; one version of it loses its cache for some days and costs twice as much."""
    usual, costs, loses = dice.lognormvariate(3.0, 0.8), [0.0] * HOURS, dice.randrange(ALL_DAYS)
    dice.days_begin()
    for at in range(HOURS):
        dear = 2.0 if loses <= at // 24 < loses + 3 else 1.0
        costs[at] = usual / 24 * dear * dice.gammavariate(5, 1 / 5)
    return costs


PEOPLE: tuple[Habit, ...] = (
    _daily,
    _daily,
    _now_and_then,
    _beyond_allowance,
    _newly_come,
    _daily,
    _now_and_then,
    _power,
)
PROGRAMS: tuple[Habit, ...] = (
    _support,
    _reviewer,
    _suite,
    _queue,
    _month_end,
    _index,
    _laboratory,
    _alarm,
    _fleet,
    _cached,
)


# What goes wrong -----------------------------------------------------------------------------------------------------


def _go_wrong(dice: Dice, world: World) -> None:
    """Loops at a fourth of those who spend, a leaked key, a context that grows, and a dearer model for a week."""
    active = [each for each in world.owners if each.usual > 0]
    chosen = dice.sample(active, 18)
    for number, owner in enumerate(chosen[:15]):
        times = (4, 8, 20)[number % 3]
        start = FIRST + dice.randrange(2, DAYS - 3) * DAY + dice.randrange(24) * HOUR
        lasts = dice.randint(4, 12)
        add(world, _kind(f"loop {times} ×", owner), owner, start, [times * owner.usual / lasts] * lasts)
    leaked, grown, dearer = chosen[15:]
    start = FIRST + dice.randrange(2, DAYS - 4) * DAY + dice.randrange(24) * HOUR
    add(world, "a leaked key at $25 an hour", leaked, start, [25.0] * 36)
    size = max(40.0, 5 * grown.usual)
    add(world, "a context that grows for a day", grown, start, [size * number / 276 for number in range(24)])
    at = (FIRST + 4 * DAY - BEGIN) // HOUR
    more = [2 * cost for cost in dearer.costs[at : at + 7 * 24]]
    if sum(more) > 100:
        add(world, "three times as dear for a week", dearer, FIRST + 4 * DAY, more)


def _kind(what: str, owner: Owner) -> str:
    return f"{what}, {owner.account.partition('/')[0]}"
