"""What drove a change: the kernel alone, on plain cells."""

from hypothesis import given
from hypothesis import strategies as st

from handlers.questions.why import FEES, WEIGHTS, Cell, Driver, apportion, drivers
from storage.comparisons import Consumed

OPUS, SONNET = "claude-opus-4-5", "claude-sonnet-4-5"

cells = st.lists(
    st.builds(
        Cell,
        st.sampled_from([OPUS, SONNET, ""]),
        st.sampled_from([*WEIGHTS, FEES]),
        st.sampled_from(["", "key-1"]),
        st.integers(0, 10**12),
        st.integers(0, 10**14),
    ),
    max_size=12,
)
consumed = st.builds(
    Consumed,
    st.sampled_from([OPUS, SONNET]),
    st.just(""),
    st.integers(0, 10**14),
    st.tuples(*(st.integers(0, 10**12) for _ in WEIGHTS)),
)


def cell(cost: int, tokens: int, model: str = SONNET, kind: str = "tokens_input", key: str = "") -> Cell:
    """What was used of one thing."""
    return Cell(model, kind, key, tokens, cost)


def only(found: list[Driver]) -> Driver:
    """The one driver there is."""
    [one] = found
    return one


@given(cells, cells, st.integers(1, 4))
def test_all_effects_add_up_to_the_change_exactly(now: list[Cell], usual: list[Cell], windows: int) -> None:
    """Not a nano is lost, whatever is new, gone, free or without tokens."""
    found = drivers(now, usual, windows)
    change = sum(each.cost_nanos for each in now) - sum(each.cost_nanos for each in usual) // windows

    assert sum(each.change for each in found) == change
    assert sum(each.price + each.volume + each.mix for each in found) == change
    assert all(each.price + each.volume + each.mix == each.change for each in found)


@given(st.lists(consumed, max_size=5))
def test_apportioning_keeps_every_cost_and_every_token(rows: list[Consumed]) -> None:
    """The kinds of a model cost together what the provider said."""
    found = apportion(rows)

    assert sum(each.cost_nanos for each in found) == sum(row.cost_nanos for row in rows)
    assert sum(each.tokens for each in found) == sum(sum(row.tokens) for row in rows)


def test_a_cost_is_apportioned_by_what_the_kinds_usually_cost() -> None:
    """A thousand tokens of each kind, $93.50: an input token 10, a cache read 1, writes 12.50 and 20, output 50."""
    [row] = [Consumed(SONNET, "", 935, (1000, 1000, 1000, 1000, 1000))]

    assert [each.cost_nanos for each in apportion([row])] == [100, 10, 125, 200, 500]


def test_a_cost_without_tokens_is_a_fee() -> None:
    """A web search has no tokens."""
    assert apportion([Consumed(SONNET, "", 500, (0, 0, 0, 0, 0))]) == [Cell(SONNET, FEES, "", 0, 500)]


def test_the_same_at_a_higher_price_is_price() -> None:
    """1,000 tokens for 3, now for 4."""
    found = only(drivers([cell(4000, 1000)], [cell(3000, 1000)]))

    assert (found.price, found.volume, found.mix, found.reason) == (1000, 0, 0, "price")


def test_more_of_everything_is_volume() -> None:
    """Twice the tokens of both models at the same prices."""
    now = [cell(6000, 2000), cell(20_000, 2000, OPUS)]
    usual = [cell(3000, 1000), cell(10_000, 1000, OPUS)]

    assert [(each.model, each.volume, each.reason) for each in drivers(now, usual)] == [
        (OPUS, 10_000, "volume"),
        (SONNET, 3000, "volume"),
    ]


def test_the_same_use_moved_to_a_dearer_model_is_mix() -> None:
    """As many tokens as ever, half of them moved."""
    now = [cell(1500, 500), cell(15_000, 1500, OPUS)]
    usual = [cell(3000, 1000), cell(10_000, 1000, OPUS)]
    opus, sonnet = drivers(now, usual)

    assert (opus.mix, opus.volume, opus.price, opus.reason) == (5000, 0, 0, "mix")
    assert (sonnet.mix, sonnet.volume, sonnet.price, sonnet.reason) == (-1500, 0, 0, "mix")


def test_the_usual_is_the_mean_of_the_windows() -> None:
    """Four windows of 3 each, and then 4."""
    found = only(drivers([cell(4000, 1000)], [cell(3000, 1000)] * 4, windows=4))

    assert (found.cost_before, found.tokens_before, found.change, found.reason) == (3000, 1000, 1000, "price")


def test_what_is_new_and_what_is_gone_is_named_as_such_with_all_its_kinds() -> None:
    """Opus came with input and output, Sonnet went."""
    now = [cell(5000, 1000, OPUS), cell(9000, 200, OPUS, "tokens_output")]
    opus, sonnet = drivers(now, [cell(3000, 1000)])

    assert (opus.reason, opus.change, opus.kinds, opus.besides) == (
        "new",
        14_000,
        ("tokens_input", "tokens_output"),
        (),
    )
    assert (sonnet.reason, sonnet.change) == ("gone", -3000)


def test_kinds_that_changed_another_way_stand_apart() -> None:
    """Output doubled, input did not move: two drivers of one model."""
    now = [cell(3000, 1000), cell(6000, 400, kind="tokens_output")]
    usual = [cell(3000, 1000), cell(3000, 200, kind="tokens_output")]
    output, entry = drivers(now, usual)

    assert (output.kinds, output.besides, output.change) == (("tokens_output",), ("tokens_input",), 3000)
    assert (entry.kinds, entry.change) == (("tokens_input",), 0)


def test_the_largest_change_comes_first_be_it_up_or_down() -> None:
    """Ties stand in the order of the alphabet, so that the answer is the same every time."""
    now = [cell(100, 10, "b"), cell(100, 10, "a"), cell(0, 0, "c")]
    usual = [cell(50, 10, "b"), cell(50, 10, "a"), cell(900, 10, "c")]

    assert [each.model for each in drivers(now, usual)] == ["c", "a", "b"]
