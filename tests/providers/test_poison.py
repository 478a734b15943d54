"""One odd row hides no other: every field of every row of every provider, absent, null, negative, huge, or nonsense."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path as Path_
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.http import Patience
from bot.providers.base import Provider, ProviderSeat
from bot.providers.set_aside import setting_aside
from bot.sync.usage import Reading, pull
from handlers.policy.policy import Policy
from storage import people, set_aside, spend
from storage.charges import Charge
from storage.directory import Directory
from tests.providers.cases import CASES
from tests.providers.poison import DAY, FILLS, ODD, POISONS, TABLES, Path, Replay, Rows, fields_of, read, spoiled
from tests.support.databases import migrated

QUICK = Patience(attempts=1, total_s=20.0, silence_s=5.0, pause_s=0.001)
LISTS = [(name, rows) for name, table in TABLES.items() for rows in table]
WORDS_MAX, TIER_MAX, LARGEST = 255, 32, 2**63 - 1
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)

Open = Callable[[str], tuple[Provider, Replay, Any]]


@pytest.fixture(scope="module")
def opened() -> Iterator[Open]:
    """A filled fake for each provider, stood up when it is first needed."""
    known: dict[str, tuple[Provider, Replay, Any]] = {}
    with ExitStack() as stack:

        def of(name: str) -> tuple[Provider, Replay, Any]:
            if name not in known:
                fake = stack.enter_context(CASES[name].fake())
                FILLS[name](fake)
                known[name] = CASES[name].make(fake, QUICK), Replay(), fake
                stack.callback(known[name][0].close)
            return known[name]

        yield of


def test_every_provider_that_is_asked_has_its_rows() -> None:
    """A new provider is a table of rows, and something that stands in them."""
    assert set(TABLES) == set(FILLS) == {name for name, case in CASES.items() if case.is_asked}


@pytest.mark.parametrize(
    ("name", "rows"), LISTS, ids=[f"{name}-{rows.part}-{rows.shape.__name__}" for name, rows in LISTS]
)
def test_an_odd_field_hides_no_other_row(opened: Open, monkeypatch: pytest.MonkeyPatch, name: str, rows: Rows) -> None:
    """All others count as they did; an odd row counts as far as its vendor's schema allows it, or is named."""
    provider, replay, _ = opened(name)
    with replay.on(monkeypatch):
        whole, row = as_it_is(provider, replay, rows)
        wrong = [
            f"{'.'.join(map(str, path))} {kind}: {complaint}"
            for path in dict.fromkeys(fields_of(rows.shape, row))
            for kind, value in POISONS.items()
            for complaint in complaints(provider, replay, rows, whole, path, value)
        ]
    assert wrong == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=st.sampled_from(LISTS), number=st.integers(0, 30), value=JSON)
def test_no_value_of_a_field_hides_another_row(
    opened: Open, monkeypatch: pytest.MonkeyPatch, chosen: tuple[str, Rows], number: int, value: Any
) -> None:
    """Whatever JSON can say."""
    name, rows = chosen
    provider, replay, _ = opened(name)
    with replay.on(monkeypatch):
        whole, row = as_it_is(provider, replay, rows)
        paths = list(dict.fromkeys(fields_of(rows.shape, row)))
        wrong = list(complaints(provider, replay, rows, whole, paths[number % len(paths)], value, may_vanish=True))
    assert wrong == []


@pytest.mark.parametrize("name", [name for name, rows in LISTS if rows is TABLES[name][0] and rows.part == "charges"])
def test_the_other_days_count_and_the_odd_one_is_named(
    opened: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path_, name: str
) -> None:
    """A reading goes over an odd row: the days after it are there, and it is known which day lacks something."""
    provider, _, fake = opened(name)
    replay = Replay()  # what was answered before knows nothing of the day that is added
    CASES[name].use(fake, DAY + timedelta(days=1), "zoe", Decimal(2), 10)
    rows = next(rows for rows in TABLES[name] if rows.part == "charges")
    database = migrated(tmp_path / "bursar.db")
    database.transact(lambda conn: people.apply(conn, Directory(), DAY))
    with replay.on(monkeypatch):
        _, row = as_it_is(provider, replay, rows)
        first = next(fields_of(rows.shape, row))
        replay.change = (rows, lambda each: spoiled(each, first, {"a": [1]}) or each)
        policy = Policy(rates={"CNY": {date(2026, 1, 1): Decimal("0.14")}})
        pull(database, provider, Reading(policy, 2, 2), lambda: datetime(2026, 11, 20, 12, tzinfo=UTC))
    asides = database.ask(set_aside.everything)
    days = database.ask(lambda conn: spend.spent_by(conn, "org", DAY, DAY + timedelta(days=2), "day"))
    database.close()
    odd_days = [DAY + timedelta(days=number) for number in range(2 if CASES[name].odd_each_day else 1)]
    assert {each.day for each in asides if each.part == "usage"} == set(odd_days)
    assert {each.part for each in asides} <= {"usage", *(["people"] if CASES[name].odd_each_day else [])}
    assert [each.name for each in days if each.cost_nanos or each.tokens] == [str(DAY), str(DAY + timedelta(days=1))]


def as_it_is(provider: Provider, replay: Replay, rows: Rows) -> tuple[list[Any], Any]:
    """What is read when nothing is odd, and the row that will be."""
    seen: list[Any] = []

    def note(row: Any) -> Any:
        seen.append(row)
        return row

    replay.change = (rows, note)
    with setting_aside() as odd:
        whole = read(provider, rows.part)
    assert not odd
    assert seen, "nothing stands there that could be made odd"
    assert any(ODD in repr(each) for each in whole)
    return whole, seen[0]


def complaints(
    provider: Provider,
    replay: Replay,
    rows: Rows,
    whole: list[Any],
    path: Path,
    value: Any,
    *,
    may_vanish: bool = False,
) -> Iterator[str]:
    """What is wrong with how a row with something odd in it is read."""

    def change(row: Any) -> Any:
        changed = spoiled(row, path, value)
        return row if changed is None else changed

    replay.change = (rows, change)
    with setting_aside() as odd:
        try:
            found = read(provider, rows.part)
        except Exception as trouble:  # noqa: BLE001 - whatever it is, it is told beside the field
            yield f"it hides all the others: {trouble!r}"
            return
    others = Counter(alike(each) for each in whole if ODD not in repr(each))
    if lost := others - Counter(map(alike, found)):
        yield f"it hides {lost}"
    steps = ".".join(map(str, path))
    is_quiet = may_vanish or any(steps == each or steps.startswith(f"{each}.") for each in rows.quiet)
    is_there = len(found) >= len(whole) or any(ODD in repr(each) for each in found)
    if not odd and not is_there and not is_quiet:
        yield "it is left out without a word"
    if any("never-heard-of" in each.place + each.field + each.why for each in odd):
        yield "its value is shown"
    yield from (f"it cannot be stored: {each}" for each in found if not storable(each))


def alike(told: Any) -> str:
    """What must stay as it is. When a seat was used is not known any more once a row about that is odd."""
    return repr(replace(told, active_on=None, use_known=True) if isinstance(told, ProviderSeat) else told)


def storable(told: Any) -> bool:
    """Whether it fits into the database: neither a word nor a number is too large."""
    values = asdict(told)
    words = [value for name, value in values.items() if isinstance(value, str) and name not in {"name", "email"}]
    numbers = [value for value in values.values() if isinstance(value, int)]
    is_short = not isinstance(told, Charge) or len(told.tier) <= TIER_MAX
    return is_short and all(len(word) <= WORDS_MAX for word in words) and all(abs(each) <= LARGEST for each in numbers)
