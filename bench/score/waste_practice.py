"""Use that looks like waste and is none, as public texts about the cost of language models describe it.

Written by somebody who had not read the detectors: what guides for caching say of the band in which an hour of cache is
the right one, of prompts that do not repeat, and of models whose next version is a smaller one; what guides for routing
and evaluation say of judges, shadow traffic and pinned versions; and who works at night for a reason.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from bench.score.waste_world import ALWAYS, CUSTOMERS, MANILA, OFFICE, Actor, Case, Hours, Work, agent, between, work_of

PARENT: Hours = tuple(float(9 <= hour < 15 or 20 <= hour < 24) for hour in range(24))


def practice(seed: int) -> list[Case]:
    """Twenty-two kinds of use without waste, each a little different in each seed."""
    return list(_cases(random.Random(f"practice/{seed}")))


def _cases(dice: random.Random) -> Iterator[Case]:
    work = partial(work_of, dice)

    def person(name: str, id_: str, *works: Work, kind: str = "user") -> Case:
        return Case(name, Actor(id_, kind, works))

    yield agent(
        "a judge of other models' answers: a letter from the largest model, before each release",
        "judge",
        work("claude-opus-4-5", (1_800, 0, 0, 0, 20), 220, days_ago=(9, 6), spread=0.4),
        work("claude-opus-4-5", (1_800, 0, 0, 0, 20), 220, days_ago=(23, 20), spread=0.4),
    )
    yield agent(
        "shadow traffic: two models get the same questions before one replaces the other",
        "shadow",
        *_twins(dice, ("gpt-5.2", "claude-sonnet-4-5"), 260, days_ago=(16, 2)),
    )
    yield agent(
        "asks every twenty minutes, for which an hour of cache is the right one",
        "poller",
        work("claude-opus-4-5", (600, 110_000, 0, 4_000, 700), 260, hours=ALWAYS, week=7, spread=0.2),
    )
    yield agent(
        "three questions about each document, which is cached for five minutes",
        "asker",
        work("claude-sonnet-4-5", (500, 36_000, 18_000, 0, 600), 340, hours=CUSTOMERS, week=7),
    )
    yield agent(
        "answers from passages: the instructions are cached, the passages are others each time",
        "support",
        work("claude-sonnet-4-5", (3_800, 3_200, 0, 0, 400), 330, hours=CUSTOMERS, week=7, spread=0.7),
    )
    yield agent(
        "a million short messages on a small model",
        "moderator",
        work("gpt-5.2-mini", (420, 0, 0, 0, 4), 190, hours=CUSTOMERS, week=7),
    )
    yield agent(
        "a very large model on machines of one's own; the next version is a fifth of its size",
        "historian",
        work("llama-3.1-405b", (1_200, 0, 0, 0, 600), 300, hours=CUSTOMERS, week=7),
    )
    yield agent(
        "a large model of one line, of whose next version only the small one is in use",
        "reader",
        work("gemini-2.5-pro", (2_200, 500, 0, 0, 900), 260, hours=CUSTOMERS, week=7),
    )
    yield agent(
        "a large model of last year beside a small one of this year, with dates for versions",
        "redactor",
        work("mistral-large-2411", (1_500, 0, 0, 0, 700), 220, hours=CUSTOMERS, week=7),
    )
    yield agent(
        "steps that each wait for the one before, at night",
        "gardener",
        work("claude-sonnet-4-5", (1_500, 42_000, 2_500, 0, 800), 330, hours=between(2, 5), week=7),
    )
    yield agent(
        "an exchange on the other side of the world: people wait for each answer",
        "tokyo",
        work("gpt-5.2", (2_200, 5_500, 0, 0, 500), 290, hours=between(1, 7), week=5),
    )
    yield agent(
        "a provider that was down for hours: everything failed, nothing was billed",
        "outage",
        work("gpt-5.2", (3_000, 4_000, 0, 0, 450), 280, hours=CUSTOMERS, week=7, dead=0.07, billed=0.0),
    )
    yield agent(
        "refused in the busiest hours, when everybody asks; not billed",
        "peak",
        work("claude-sonnet-4-5", (1_200, 9_000, 700, 0, 400), 320, hours=CUSTOMERS, week=7, failing=0.12, billed=0.0),
    )
    yield agent(
        "makes examples to train on: long answers, as a batch",
        "synth",
        work("gpt-5.2", (800, 0, 0, 0, 6_000), 320, tier="batch", hours=between(19, 24), week=7),
    )
    yield person(
        "on call: some nights of one week",
        "oncall",
        work("claude-sonnet-4-5", (1_500, 24_000, 2_500, 0, 700), 70),
        work("claude-sonnet-4-5", (1_500, 24_000, 2_500, 0, 700), 200, hours=between(22, 6), week=7, days_ago=(15, 8)),
        kind="own key",
    )
    yield person(
        "works until school is over, and again when the children sleep",
        "parent",
        work("claude-sonnet-4-5", (1_500, 26_000, 2_500, 0, 700), 170, hours=PARENT),
        kind="own key",
    )
    yield person(
        "travels: two weeks on the other side of the world",
        "traveller",
        work("claude-sonnet-4-5", (1_500, 26_000, 2_500, 0, 700), 150, days_ago=(400, 16)),
        work("claude-sonnet-4-5", (1_500, 26_000, 2_500, 0, 700), 190, zone=MANILA, days_ago=(16, 1)),
        kind="own key",
    )
    yield person(
        "hard problems: most of an answer is thinking that nobody sees",
        "thinker",
        work("gpt-5.2", (1_600, 1_500, 0, 0, 6_500), 150),
    )
    yield person(
        "translates: what comes out is as long as what goes in",
        "translator",
        work("claude-sonnet-4-5", (4_600, 900, 400, 0, 5_000), 160, spread=0.5),
    )
    yield person(
        "a few large reviews a day, on the largest model",
        "architect",
        work("claude-opus-4-5", (26_000, 60_000, 9_000, 0, 6_000), 180, spread=0.7),
    )
    yield person(
        "tries five models side by side",
        "taster",
        *_twins(dice, ("claude-opus-4-5", "claude-sonnet-4-5", "gpt-5.2", "gemini-2.5-pro", "mistral-large-2411"), 150),
    )
    yield Case(
        "a second seat in each of two tools that are used every day",
        Actor(
            "designer",
            "user",
            (work("claude-sonnet-4-5", (1_500, 30_000, 2_500, 0, 700), 120),),
            (("assistant_standard", 400, 0), ("editor_business", 400, 0)),
        ),
    )


def _twins(dice: random.Random, models: Sequence[str], usd: float, **more: object) -> list[Work]:
    """The same questions to each model; so many dollars for the first."""
    works = [work_of(dice, model, (1_400, 1_800, 0, 0, 600), usd, hours=OFFICE, spread=0.4, **more) for model in models]
    return [_like(each, works[0]) for each in works]


def _like(work: Work, other: Work) -> Work:
    """Work with as many requests of the same sizes as another."""
    return replace(work, daily=other.daily, sizes=other.sizes)


def partners(dice: random.Random) -> Iterator[Actor]:
    """What uses the smaller models of the next line."""
    for id_, model, sizes in (
        ("tags", "llama-3.3-70b", (600, 0, 0, 0, 40)),
        ("flash", "gemini-3-flash", (900, 300, 0, 0, 120)),
        ("minutes", "mistral-small-2506", (1_500, 0, 0, 0, 200)),
    ):
        yield Actor(id_, "agent", (work_of(dice, model, sizes, 120, hours=CUSTOMERS, week=7),))
