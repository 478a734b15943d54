"""Use of other trades than software: six kinds that look like waste and are none, and six kinds of waste.

Written when the detectors had been finished, and never tuned on: a hospital, a factory, a shop, a newsroom, a
laboratory and a court, each with a reason for what a cheaper way would spoil; and what goes wrong in just such places.
"""

import random
from collections.abc import Iterator
from functools import partial

from bench.score.waste_world import ALWAYS, CUSTOMERS, OFFICE, Actor, Case, agent, between, wasteful, work_of


def trades(seed: int) -> list[Case]:
    """Twelve cases, each a little different in each seed."""
    dice = random.Random(f"trades/{seed}")
    return [*_no_waste(dice), *_waste(dice)]


def _no_waste(dice: random.Random) -> Iterator[Case]:
    work = partial(work_of, dice)
    yield agent(
        "a hospital's ward round: letters dictated from five to eight, signed at eight",
        "ward",
        work("claude-sonnet-4-5", (2_400, 3_600, 300, 0, 1_100), 300, hours=between(5, 8), week=7, spread=0.5),
    )
    yield agent(
        "a factory's camera: a picture of each part, which never repeats, and pass or fail",
        "camera",
        work("gemini-2.5-pro", (2_600, 0, 0, 0, 12), 280, hours=between(6, 22), week=6, spread=0.1),
    )
    yield agent(
        "a shop whose answers on a priority tier are waited for at the counter, from ten to eight",
        "counter",
        work("gpt-5.2", (1_100, 2_400, 0, 0, 220), 260, tier="priority", hours=CUSTOMERS, week=6, spread=0.8),
    )
    yield agent(
        "a newsroom's agencies: each dispatch once, as it comes in, around the clock",
        "dispatches",
        work("claude-sonnet-4-5", (3_400, 0, 0, 0, 700), 260, hours=ALWAYS, week=7, spread=1.2),
    )
    yield Case(
        "a laboratory's doctoral student: the largest model for proofs, a small one for all else",
        Actor(
            "prover",
            "user",
            (
                work("claude-opus-4-5", (2_000, 9_000, 1_500, 0, 7_500), 190, spread=0.9),
                work("claude-haiku-4-5", (1_000, 5_000, 500, 0, 400), 25),
            ),
        ),
    )
    yield Case(
        "a judge of half a post: on Mondays and Tuesdays only, files of hundreds of pages each read once",
        Actor(
            "judge",
            "user",
            (work("claude-sonnet-4-5", (60_000, 20_000, 4_000, 0, 1_200), 140, week=2, spread=1.0),),
            (("assistant_standard", 300, dice.randrange(4, 8)),),
        ),
    )


def _waste(dice: random.Random) -> Iterator[Case]:
    work = partial(work_of, dice)
    yield wasteful(
        "a formulary of drugs before each question, never cached",
        "formulary",
        "no_caching low_cache_reuse",
        work("claude-haiku-4-5", (22_000, 0, 0, 0, 250), 300, hours=ALWAYS, week=7, spread=0.1),
    )
    yield wasteful(
        "postcodes put right by the largest model",
        "postcodes",
        "small_jobs_big_model top_tier_only",
        work("claude-opus-4-5", (260, 0, 0, 0, 15), 240, hours=CUSTOMERS, week=7),
    )
    yield wasteful(
        "stock lists of each weeknight at the live price",
        "stock",
        "batchable_run_live",
        work("claude-sonnet-4-5", (4_500, 2_000, 200, 0, 900), 320, hours=between(22, 24), week=5),
    )
    yield wasteful(
        "forms that fail for a field and are sent again, and billed",
        "forms",
        "failed_calls",
        work("claude-sonnet-4-5", (2_200, 6_000, 500, 0, 350), 300, hours=OFFICE, failing=0.3, dead=0.03, billed=1.0),
    )
    yield wasteful(
        "an archive of pictures, described around the clock on a priority tier",
        "pictures",
        "premium_speed",
        work("gpt-5.2", (1_900, 0, 0, 0, 300), 300, tier="priority", hours=ALWAYS, week=7, spread=0.2),
    )
    yield Case(
        "a court's clerk whose seat was used for a month, half a year ago",
        Actor("clerk", "user", (), (("editor_business", 210, 180),)),
        frozenset({"idle_seat"}),
    )
