"""Cards as text, and the command line as a part of a pipe."""

import os
import subprocess
import sys

import pytest

from bot.platforms import terminal
from handlers.card import Button, Card, Chart, Facts, Series, Table, Text
from handlers.money import show_estimate
from tests.support.paths import ROOT


def drawn(form: str, *series: Series) -> list[str]:
    """The lines of a chart."""
    chart = Chart("Cost", form, ("1", "2", "3"), series, "$", "It grows.")  # type: ignore[arg-type]
    return terminal.render(Card("t", (chart,))).splitlines()[2:]


def test_courses_are_drawn_one_by_one_on_the_same_scale() -> None:
    """What is spent and what is likely are no parts of a whole, and adding them up would be nonsense."""
    lines = drawn("line", Series("Spent", (1.0, 4.0, 4.0)), Series("Likely", (1.0, 4.0, 8.0)))

    assert lines == ["Cost", "Spent   ▁▄▄", "Likely  ▁▄█", "It grows."]


def test_parts_of_a_whole_are_drawn_as_their_sum() -> None:
    """A stack has one height."""
    assert drawn("stack", Series("in", (1.0, 4.0, 4.0)), Series("out", (1.0, 0.0, 4.0))) == ["Cost", "▂▄█", "It grows."]


@pytest.mark.parametrize(
    ("nanos", "unit", "locale", "shown"),
    [
        (850_490_000_000, "USD", "en_US", "$850"),
        (-1_234_560_000_000, "EUR", "de_DE", "-1.235\xa0€"),
        (12_345_600_000, "INR", "en_IN", "₹1,235"),
        (12_000_400_000, "JPY", "ja_JP", "￥12,000"),
        (4_567_000_000, "USD", "en_US", "$4.57"),
        (42_000_000, "tokens", "en_US", "42M tokens"),
    ],
)
def test_an_estimate_claims_no_cents(nanos: int, unit: str, locale: str, shown: str) -> None:
    """Whole units in everybody's way of writing; very little keeps its cents."""
    assert show_estimate(nanos, unit, locale) == shown


def test_a_reader_that_has_enough_is_no_error() -> None:
    """`python -m bot manifest slack | head -1` ends quietly."""
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run(
        [sys.executable, "-m", "bot", "manifest", "slack"], cwd=ROOT, stdout=writes, stderr=subprocess.PIPE, check=False
    )
    os.close(writes)

    assert (done.returncode, done.stderr) == (0, b"")


HANDLE = "843f2d501c17f4b861e3479ff81e6aa1"


def test_a_button_says_what_can_be_typed() -> None:
    """Nobody types what a button calls a request by: its number stands there, of the button or of the card."""
    card = Card(
        "2 requests wait for you",
        (
            Text("#41: Ana asks"),
            Button("Approve #41", f"approve {HANDLE}.2"),
            Button("Ask a question", f"question {HANDLE}"),
            Button("What is left?", "balance"),
        ),
    )

    assert "[Approve #41: approve 41]  [Ask a question: question 41]  [What is left?: balance]" in terminal.render(card)
    assert terminal.render(Card("Asked", (Button("Withdraw", f"withdraw {HANDLE}"),))) == "Asked\n\n[Withdraw]"


def test_nothing_that_was_written_steers_the_terminal() -> None:
    """A name with an escape sequence or a line that runs backwards is shown without it."""
    shown = terminal.render(Card("\x1b[31mred", (Text("a\u202eb\x07"), Facts((("\x1b]0;x", "y"),)))))

    assert shown.replace("\n", "").isprintable()


def test_columns_stand_below_each_other_in_every_script() -> None:
    """A letter of East Asia is as wide as two others."""
    table = Table("", ("预算", "剩余"), (("Own", "$5"), ("自有预算本月", "$400")), "lr")

    assert terminal.render(Card("t", (table,))).splitlines()[2:] == [
        "预算          剩余",
        "────────────  ────",
        "Own             $5",
        "自有预算本月  $400",
    ]
