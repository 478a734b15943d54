"""What the detectors say of use that only looks like waste, and of real waste beside it, through the whole bot."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from random import Random

from bench.score.play import EPOCH, SetClock
from bench.score.waste_practice import partners, practice
from bench.score.waste_trades import trades
from bench.score.waste_world import NAME, SEATS_USD, Actor, Case, Workshop, cases
from bench.table import Table
from bot.app import App
from bot.config import Settings
from bot.sync.usage import link_members, pull
from handlers.events import DetectWaste
from storage import findings
from storage.db import Database
from storage.findings import Finding
from storage.tables import ORGANIZATION

HISTORY = 30
SETTINGS = Settings.model_validate(
    {
        "organization": {"name": "Workshop", "zone": "Europe/Berlin"},
        "providers": [{"kind": "sample", "name": NAME, "days_back": 1, "history_days": HISTORY}],
        "seats": {product: f"{usd} USD" for product, usd in SEATS_USD.items()},
    }
)


@dataclass(frozen=True, slots=True)
class Judged:
    """What was said of the actors of a company.

    Args:
        cases: the hard negatives and the waste.
        ordinary: all others.
        found: what was found, by account.
    """

    cases: list[Case]
    ordinary: list[Actor]
    found: dict[str, list[Finding]]

    def claims(self, actor: Actor) -> list[Finding]:
        """What is said to be saved there."""
        return [each for each in self.found.get(actor.account, []) if each.found.saving and each.found.saving[1] > 0]


def judged(seed: int) -> Judged:
    """One night's detection in a company of a seed: hard negatives and real waste."""
    return _judged(seed, cases(seed), ())


def judged_practice(seed: int) -> Judged:
    """The same for what public texts describe: hard negatives only."""
    return _judged(seed, practice(seed), list(partners(Random(f"partners/{seed}"))))


def judged_trades(seed: int) -> Judged:
    """The same for other trades: hard negatives and real waste."""
    return _judged(seed, trades(seed), ())


def _judged(seed: int, here: list[Case], besides: Sequence[Actor]) -> Judged:
    clock = SetClock(datetime.combine(EPOCH, time(6), UTC))
    shop = Workshop(seed, EPOCH, [*(each.actor for each in here), *besides])
    with tempfile.TemporaryDirectory(prefix="bursar-waste-") as home:
        database = Database(f"sqlite:///{Path(home)}/waste.db")
        database.migrate()
        app = App(settings=SETTINGS, database=database, providers={NAME: shop}, directory=shop.directory, now=clock)
        app.refresh_people()
        database.transact(lambda conn: link_members(conn, NAME, list(shop.people()), EPOCH, clock()))
        pull(database, shop, app.reading(NAME), clock)
        assert app.handle(DetectWaste(), "clock")
        every = database.ask(lambda conn: findings.below(conn, ORGANIZATION))
        app.close()
    found: dict[str, list[Finding]] = {}
    for each in every:
        found.setdefault(each.found.account_id, []).append(each)
    known = {each.actor.id for each in here}
    return Judged(here, [each for each in shop.actors if each.id not in known], found)


def negative_table(played: Sequence[Judged]) -> Table:
    """Use that only looks like waste: in how many companies a saving is claimed, by whom, and how sure."""
    rows = [
        (one.name, f"{len(claimed)} of {len(played)}", _detectors(claimed), str(sum(map(_is_sure, claimed))))
        for number, one in enumerate(played[0].cases)
        if not one.right
        for claimed in [_claimed(played, number)]
    ]
    claims = [sum(bool(each.claims(one.actor)) for one in each.cases if not one.right) for each in played]
    people = [(each, actor) for each in played for actor in each.ordinary]
    others = sum(bool(each.claims(actor)) for each, actor in people)
    mean = sum(claims) / len(claims)
    notes = (
        f"of {len(rows)} kinds a saving is claimed of {min(claims)} to {max(claims)}, {mean:.1f} on the mean",
        f"of {len(people)} ordinary people and programs a saving is claimed of {others}",
    )
    heads = ("looks like waste and is none", "claimed", "by", "not low")
    return Table("hard negatives", heads, rows, notes)


def waste_table(played: Sequence[Judged]) -> Table:
    """Real waste in the same companies: in how many it is found, and what else is said of it."""
    rows = []
    for number, one in enumerate(played[0].cases):
        if one.right:
            claimed = _claimed(played, number)
            hits = sum(any(each.found.detector in one.right for each in some) for some in claimed)
            twice = sum(len(some) > 1 for some in claimed)
            rows.append((one.name, f"{hits} of {len(played)}", _detectors(claimed), str(twice)))
    return Table("waste beside it", ("waste", "found", "by", "told twice"), rows)


def _claimed(played: Sequence[Judged], number: int) -> list[list[Finding]]:
    """The claims of a case in each company in which there are any."""
    return [claims for each in played if (claims := each.claims(each.cases[number].actor))]


def _detectors(claimed: Sequence[Sequence[Finding]]) -> str:
    names = sorted({each.found.detector for some in claimed for each in some})
    return ", ".join(names) or "–"


def _is_sure(claims: Sequence[Finding]) -> bool:
    return any(each.found.confidence != "low" for each in claims)


def tables(played: Sequence[Judged]) -> Iterator[Table]:
    """Both, for whoever prints them."""
    yield negative_table(played)
    yield waste_table(played)
