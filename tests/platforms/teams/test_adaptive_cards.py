"""Cards as Teams draws them: valid by Microsoft's own types, small enough, and with nothing in them that is parsed."""

import json
from dataclasses import replace
from typing import Any

import fastjsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from bot.platforms.teams.adaptive_cards import BYTES_MAX, adaptive
from handlers.card import Button, Card, Chart, Facts, File, Gauge, Input, Series, Table, Text
from tests.support.fakes.teams import elements, valid_card, words_in
from tests.support.small_bot import ASK, EVERY_BLOCK
from tests.support.strange_cards import HOSTILE, cards

PICTURES = {"Chart.Gauge", "Chart.VerticalBar", "Chart.VerticalBar.Grouped", "Chart.Line"}
WEEK = ("Mon", "Tue", "Wed")


def of_type(card: Card, *types: str) -> list[dict[str, Any]]:
    """The elements of some types in a card as it is drawn."""
    return [each for each in elements(adaptive(card)) if each["type"] in types]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cards)
def test_every_card_is_one_that_teams_takes(card: Card) -> None:
    """Whatever is in a card, and however many see it their way: Microsoft's types know it, and it is below 28 KB."""
    for readers in (None, [f"29:{number:0110}" for number in range(60)]):
        drawn = adaptive(card, readers)

        valid_card(drawn)
        assert len(json.dumps(drawn, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()) <= BYTES_MAX


def test_the_schema_refuses_what_is_wrong() -> None:
    """A key that Microsoft's types do not know is a fault, as deep as it may be, and so is a colour of our own."""
    drawn = adaptive(EVERY_BLOCK)
    valid_card(drawn)

    gauge = next(each for each in elements(drawn) if each["type"] == "Chart.Gauge")
    color, gauge["segments"][0]["color"] = gauge["segments"][0]["color"], "pink"
    with pytest.raises(fastjsonschema.JsonSchemaException):
        valid_card(drawn)
    gauge["segments"][0]["color"] = color
    valid_card(drawn)
    gauge["alt"] = "a gauge"
    with pytest.raises(fastjsonschema.JsonSchemaException):
        valid_card(drawn)


@pytest.mark.parametrize(
    "hostile", [*HOSTILE, "[here](https://evil.example)", "**bold**", "![x](https://evil.example/p)"]
)
def test_nothing_that_was_written_is_parsed(hostile: str) -> None:
    """Only the title is parsed by Teams, and there nothing becomes a link or bold; all else stands in text runs."""
    blocks = (Text(hostile), Facts(((hostile, hostile),)), Table(hostile, (hostile,), ((hostile,),), "l"))
    drawn = adaptive(Card(hostile, (*blocks, Gauge(hostile, 10, hostile), Button("Go", "go", confirm=hostile))))

    parsed = [each for each in elements(drawn) if each["type"] in {"TextBlock", "FactSet"}]
    assert len(parsed) == 1
    assert "](" not in parsed[0]["text"]
    assert "*" not in parsed[0]["text"]


@pytest.mark.parametrize(
    ("written", "parsed"),
    [
        ("_Ana_ asks for snake_case", "ˍAnaˍ asks for snake_case"),
        ("- not a list", "-\N{WORD JOINER} not a list"),
        ("1. of November", "1.\N{WORD JOINER} of November"),
        ("# of seats", "#\N{WORD JOINER} of seats"),
        ("-$41.91 left", "-$41.91 left"),
        ("R&amp;D &copy; R&D", "R&\N{WORD JOINER}amp;D &\N{WORD JOINER}copy; R&D"),
    ],
)
def test_a_title_is_read_as_it_was_written(written: str, parsed: str) -> None:
    """Teams would make a list, slanted words and signs of it; what looks the same stays."""
    assert adaptive(Card(written))["body"][0]["text"] == parsed


def test_days_and_numbers_have_fields_of_their_own() -> None:
    """With their bounds; what is no day or number is left out rather than refused by Teams."""
    card = Card(
        "Plan",
        (
            Input("until", "Until", form="date", value="2026-11-30", least="2026-11-22", most="soon"),
            Input("amount", "How much", form="number", value="12.50", least="0"),
            Button("Send", "request"),
        ),
    )
    day, number = (each for each in elements(adaptive(card)) if each["type"].startswith("Input."))

    assert (day["type"], day["id"], day["value"], day["min"]) == ("Input.Date", "in:until", "2026-11-30", "2026-11-22")
    assert "max" not in day
    assert (number["type"], number["id"], number["value"], number["min"]) == ("Input.Number", "number:amount", 12.5, 0)


def test_a_button_carries_its_sentence_and_nothing_else() -> None:
    """What travels is the sentence that the button says, as in Slack: no authority, no figure."""
    (press,) = of_type(Card("Ana asks", (Button("Approve", "approve h4nd1e", style="primary"),)), "Action.Execute")

    assert press["data"] == {"say": "approve h4nd1e"}
    assert press["style"] == "positive"


def test_a_button_that_asks_back_says_its_sentence_at_the_second_press_only() -> None:
    """The first press opens the question with a button of the same name."""
    card = Card("Ana asks", (Button("Deny", "deny 1", style="danger", confirm="Deny what Ana asks for?"),))
    (row,) = [each for each in adaptive(card)["body"] if each["type"] == "ActionSet"]
    (first,) = row["actions"]

    assert first["type"] == "Action.ShowCard"
    assert "Deny what Ana asks for?" in words_in(first["card"])
    assert [each["data"] for each in elements(first["card"]) if each["type"] == "Action.Execute"] == [{"say": "deny 1"}]


def test_a_form_with_one_button_is_checked_by_teams_before_it_is_sent() -> None:
    """With several buttons it is not, for the second one may be the way out of an empty form."""
    one = replace(ASK, blocks=(*ASK.inputs, ASK.buttons[0]))

    required = {each["id"]: each.get("isRequired", False) for each in of_type(one, "Input.Text", "Input.ChoiceSet")}
    assert required == {"in:amount": True, "in:why": False, "in:until": True}
    assert not any("isRequired" in each for each in of_type(ASK, "Input.Text", "Input.ChoiceSet"))


def test_every_picture_has_words_instead_and_its_numbers_in_a_table() -> None:
    """Charts have no text for those who cannot see them: there is a fallback, a sentence, and a table to open."""
    series = (Series("opus", (1.0, 2.5, 3.0)), Series("haiku", (0.5, 0.5, 0.25)))
    for form, many in (("bar", series[:1]), ("stack", series), ("line", series)):
        card = Card("Spend", (Chart("By day", form, WEEK, many, "$", "Wednesday was the peak.", limit=4.0),))  # type: ignore[arg-type]
        drawn = adaptive(card)

        (picture,) = [each for each in elements(drawn) if each["type"] in PICTURES]
        assert picture["fallback"]["inlines"] == ["By day"]
        assert "Wednesday was the peak." in words_in(drawn)
        assert "Limit: $4." in words_in(drawn)
        (table,) = [each for each in elements(drawn) if each["type"] == "Table"]
        assert len(table["rows"]) == 1 + len(WEEK)
        assert "$2.50" in words_in(table)


def test_a_line_that_ends_early_ends_early_in_teams() -> None:
    """It has fewer points, each at its own day, and no number in the rows behind."""
    series = (Series("spent", (1.0, 2.5)), Series("likely", (1.0, 2.5, 3.0)))
    drawn = adaptive(Card("Spend", (Chart("By day", "line", WEEK, series, "$", "It grows."),)))

    (picture,) = [each for each in elements(drawn) if each["type"] in PICTURES]
    assert [[point["x"] for point in one["values"]] for one in picture["data"]] == [list(WEEK[:2]), list(WEEK)]
    (table,) = [each for each in elements(drawn) if each["type"] == "Table"]
    assert "$3" in words_in(table["rows"][-1])
    assert "$2.50" not in words_in(table["rows"][-1])


def test_a_gauge_over_its_limit_is_full_and_its_caption_says_how_much() -> None:
    """The dial ends at 100 %; the words do not."""
    (dial,) = of_type(Card("Over", (Gauge("November", 1300, "$1,300 of $1,000 used (130 %)", "bad"),)), "Chart.Gauge")

    assert dial["value"] == 100
    assert [part["color"] for part in dial["segments"]] == ["attention"]
    assert "130 %" in words_in(dial["fallback"])


def test_a_long_table_is_cut_and_says_so() -> None:
    """A few hundred rows do not fit into 28 KB; how many are missing stands below those that do."""
    rows = tuple((f"model-{number}", f"${number}.00", "some words about it") for number in range(300))
    drawn = adaptive(
        Card("Spend", (Table("By model", ("Model", "Cost", "Note"), rows, "lrl"), Button("More", "spend")))
    )

    shown = len(next(each for each in elements(drawn) if each["type"] == "Table")["rows"]) - 1
    assert 0 < shown < 300
    assert f"{300 - shown} more rows are not shown." in words_in(drawn)
    assert "Action.Execute" in json.dumps(drawn)


def test_a_card_that_fits_in_no_way_says_what_to_do() -> None:
    """Twelve fields of a hundred long choices: rather a sentence than half a form."""
    choices = tuple((f"{number}" + "x" * 150, "y" * 80) for number in range(100))
    form = tuple(Input(f"field{number}", "Which?", "choice", choices=choices) for number in range(12))
    drawn = adaptive(Card("A form", (*form, Button("Send", "send"))))

    assert "does not fit into Teams" in words_in(drawn)
    assert not [each for each in elements(drawn) if each["type"].startswith("Input")]


def test_a_list_that_a_card_brings_along_can_be_copied() -> None:
    """Teams lets a bot send no file, so its rows stand there, as many as fit, and it says how many do not."""
    rows = tuple((f"person {number}", "12.5") for number in range(900))
    drawn = adaptive(Card("Spend", (File("spend.csv", ("who", "cost"), rows),)))
    valid_card(drawn)

    said = words_in(drawn)
    assert "who,cost\nperson 0,12.5\nperson 1,12.5" in said
    assert "more rows are not shown." in said


def test_lines_for_app_yaml_can_be_copied() -> None:
    """As they are, and no list is made of them."""
    text = "# All\nbudgets:\n- {name: a, who: every person}\n"
    drawn = adaptive(Card("Suggested", (File("a.yaml", text=text),)))
    valid_card(drawn)

    assert yaml.safe_load(words_in(drawn).partition("a.yaml")[2].partition("# All")[2])["budgets"][0]["name"] == "a"
