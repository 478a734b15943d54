"""What is wrong at Meridian, and when: the answers that a detector of waste or of runaways can be scored against.

Two kinds of things are told here. An *episode* happens at a time (a night, a week). A *waste* is a habit that goes on.
Both are tables; `sample.py` plays them and reckons what they cost.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from bot.providers.base import days

TruthKind = Literal[
    "low_cache_reuse",
    "no_caching",
    "cache_not_reread",
    "wrong_cache_lifetime",
    "top_tier_only",
    "small_jobs_big_model",
    "batchable_run_live",
    "premium_speed",
    "context_bloat",
    "verbose_output",
    "failed_calls",
    "older_model",
    "unattributed",
    "off_hours_loop",
    "tool_fees",
    "idle_seat",
    "doubled_seat",
    "larger_seat",
    "stranded_quota",
    "runaway",
    "same_document",
]


@dataclass(frozen=True, slots=True)
class Truth:
    """One thing that a good detector finds.

    Args:
        kind: what it is.
        detector: number of the detector in the catalogue of wastes ("W1"), "" for an anomaly of spending.
        account: "person/tom", "agent/crawler"; "key/…" or "user/…" with the provider's id where nobody answers for it.
        first: first day of it: a UTC day for a habit, a day of the account's own zone for an episode.
        last: last day of it, included, likewise. An episode past midnight ends on the day after it began.
        cost_nanos: what was spent by the habit or in the episode from first to last, final figures.
        saving_nanos: the least and the most of that cost that could have been kept, None if it is a danger, no saving.
        note: what happens, in a sentence.
    """

    kind: TruthKind
    detector: str
    account: str
    first: date
    last: date
    cost_nanos: int
    saving_nanos: tuple[int, int] | None
    note: str


@dataclass(frozen=True, slots=True)
class Episode:
    """Something that happens in one week of the story.

    Args:
        kind: what it is.
        detector: number of its detector, "" for an anomaly.
        spender: who does it.
        week: number of the week, counted from the week of the epoch (-1 is the week before).
        weekdays: first and last weekday on which it begins, Monday is 0.
        hours: local hours from and to; past midnight if the second is not greater.
        usd_hour: what it burns in an hour, on top of the usual.
        requests_hour: for a loop over one thing: requests in an hour, instead of the usual and all of one size.
        saving: the least and the most of its cost that could have been kept.
        note: what happens.
    """

    kind: TruthKind
    detector: str
    spender: str
    week: int
    weekdays: tuple[int, int]
    hours: tuple[int, int]
    usd_hour: float
    requests_hour: int
    saving: tuple[float, float]
    note: str

    def begins(self, local: datetime) -> date:
        """The local day on which an episode that runs at `local` began."""
        overnight = self.hours[1] <= self.hours[0] and local.hour < self.hours[1]
        return local.date() - timedelta(days=overnight)

    def runs_at_hour(self, hour: int) -> bool:
        opens, closes = self.hours
        return opens <= hour < closes if opens < closes else hour >= opens or hour < closes


@dataclass(frozen=True, slots=True)
class Waste:
    """A habit that goes on all the time. `saving` is None where money is only unexplained."""

    kind: TruthKind
    detector: str
    spender: str
    saving: tuple[float, float] | None
    note: str
    after_leaving: bool = False


# fmt: off
EPISODES = (
    Episode("runaway", "", "crawler", -1, (1, 1), (22, 7), 22.0, 0, (0.95, 1.0),
            "forgets its cap on a Tuesday night and asks in a loop until somebody comes to work"),
    Episode("same_document", "", "scribe", -2, (0, 6), (0, 24), 0.0, 40, (0.9, 1.0),
            "summarizes one document again and again, evenly, for a week"),
    Episode("off_hours_loop", "W18", "tom_notebook", -1, (0, 4), (22, 5), 1.2, 0, (0.9, 1.0),
            "a notebook left running through the nights of a week"),
)

# The savings are shares of the cost, from the shapes of requests in sample_company.py and the prices in sample.py.
# A habit stands here once, under the kind that says most: without any caching, reuse is low as well.
WASTES = (
    Waste("low_cache_reuse", "W1", "igor", (0.08, 0.45), "reads 11 % of the input from the cache"),
    Waste("no_caching", "W2", "helpdesk", (0.1, 0.65), "sends the same long instructions uncached each time"),
    Waste("cache_not_reread", "W3", "forecaster", (0.08, 0.2), "writes a cache for five minutes and comes back later"),
    Waste("wrong_cache_lifetime", "W4", "indexer", (0.15, 0.3), "pays for an hour of cache and asks every two minutes"),
    Waste("top_tier_only", "W5", "vera", (0.15, 0.4), "uses the top model for everything"),
    Waste("small_jobs_big_model", "W6", "labeler", (0.2, 0.8), "answers in one word on the biggest model"),
    Waste("batchable_run_live", "W7", "nightly", (0.2, 0.5), "runs every night from one to four at the live price"),
    Waste("premium_speed", "W8", "moderator", (0.25, 0.5), "pays twice for speed all day"),
    Waste("context_bloat", "W10", "felix", (0.1, 0.6), "carries four times the usual context"),
    Waste("verbose_output", "W11", "owen", (0.15, 0.7), "has five times the usual output written"),
    Waste("failed_calls", "W12", "importer", (0.1, 0.45), "retries calls that fail, for whole hours at times"),
    Waste("older_model", "W16", "translator", (0.6, 0.67), "still uses the predecessor at three times the price"),
    Waste("tool_fees", "W21", "scout", None, "searches the web for each answer"),
    Waste("unattributed", "W17", "unclaimed", None, "a key without an owner, in no workspace"),
    Waste("unattributed", "W17", "xavier_ci", None, "a key whose owner has left", after_leaving=True),
    Waste("unattributed", "W17", "contractor", None, "a user with an e-mail that nobody here has"),
    Waste("unattributed", "W17", "deleted", None, "a deleted user without an e-mail"),
)
# fmt: on

RECURS_WEEKS = 3
_ANCHOR = date(2026, 11, 23)


@dataclass(frozen=True, slots=True)
class Story:
    """When things happen.

    Args:
        epoch: the day around which the story is told once: the runaway is in the week before. Without it the episodes
            come back every third week for ever, so a demo begun on any day has each of them in its last three weeks.
            Told once is better for detectors that compare with the weeks before.
    """

    epoch: date | None = None

    @property
    def joined(self) -> date:
        return ((self.epoch or _ANCHOR) - timedelta(days=60)).replace(day=15)

    @property
    def moved(self) -> date:
        return _monday(self.epoch or _ANCHOR) - timedelta(weeks=6)

    @property
    def left(self) -> date:
        return _monday(self.epoch or _ANCHOR) - timedelta(weeks=4)

    def begins_on(self, episode: Episode, day: date) -> bool:
        """Whether the episode begins, or begins again, on this local day."""
        weeks = (_monday(day) - _monday(self.epoch or _ANCHOR)).days // 7 - episode.week
        right_week = weeks == 0 if self.epoch else weeks % RECURS_WEEKS == 0
        return right_week and episode.weekdays[0] <= day.weekday() <= episode.weekdays[1]

    def at(self, spender: str, local: datetime) -> Episode | None:
        """The episode that this spender is in at this local time, if any."""
        for episode in EPISODES:
            if episode.spender == spender and episode.runs_at_hour(local.hour):
                return episode if self.begins_on(episode, episode.begins(local)) else None
        return None

    def tellings(self, episode: Episode, first: date, last: date) -> Iterator[tuple[date, date]]:
        """First and last day of each telling of the episode that lies within the window."""
        opening, closing = episode.weekdays
        length = timedelta(days=closing - opening + (episode.hours[1] <= episode.hours[0]))
        for day in days(first, last):
            if day.weekday() == opening and day + length <= last and self.begins_on(episode, day):
                yield day, day + length


Spent = Callable[[str, date, date, Episode | None], tuple[str, int]]


def truths(story: Story, first: date, last: date, spent: Spent) -> Iterator[Truth]:
    """What is wrong from first to last.

    Args:
        story: when things happen.
        first: first day of the window, UTC.
        last: last day of it, included.
        spent: tells the account of a spender and its cost from a day to a day, whole or in the hours of an episode.
    """
    for waste in WASTES:
        opening = max(first, story.left) if waste.after_leaving else first
        account, cost = spent(waste.spender, opening, last, None)
        if cost:
            yield _truth(waste, account, opening, last, cost)
    for episode in EPISODES:
        for opening, closing in story.tellings(episode, first, last):
            around = opening - timedelta(days=1), closing + timedelta(days=1)  # its zone's days are not those of UTC
            account, cost = spent(episode.spender, *around, episode)
            yield _truth(episode, account, opening, closing, cost)


def _truth(what: Waste | Episode, account: str, first: date, last: date, cost: int) -> Truth:
    saving = None if what.saving is None else (int(cost * what.saving[0]), int(cost * what.saving[1]))
    return Truth(what.kind, what.detector, account, first, last, cost, saving, what.note)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
