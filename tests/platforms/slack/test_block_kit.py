"""Cards as Slack draws them: within every limit, with nothing in them that could become markup."""

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block as SdkBlock
from slack_sdk.models.views import View

from bot.platforms.slack import block_kit
from bot.platforms.slack.block_kit import fallback, fault, home, message, modal, origin
from bot.platforms.slack.mrkdwn import escaped, heard, unescaped
from bot.platforms.text import cut, plain
from handlers.card import Button, Card, Chart, Facts, Gauge, Input, Series, Table, Text
from handlers.place import Place
from tests.support.fakes.blockkit import faults_of_message, faults_of_view
from tests.support.fakes.slack import words_of
from tests.support.strange_cards import HOSTILE, cards, words

PLACE = Place("slack", "C1", public=True)

thorough = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@thorough
@given(cards, st.booleans())
def test_every_card_fits_into_a_message(card: Card, native: bool) -> None:
    """Whatever is in a card, Slack takes the message: no limit is passed, and nothing raises."""
    said = message(card, native=native)

    assert faults_of_message(said) == []
    assert 1 <= len(said["text"]) <= 4_000
    assert "<" not in said["text"]
    assert ">" not in said["text"]
    json.dumps(said, allow_nan=False).encode()
    _accepted_by_the_sdk(said["blocks"])


@thorough
@given(cards)
def test_every_card_fits_into_a_form_and_a_home(card: Card) -> None:
    """The same for modals and for the Home tab."""
    form, tab = modal(card, PLACE), home(card)

    assert faults_of_view(form) == []
    assert faults_of_view(tab) == []
    View(**form).validate_json()
    _accepted_by_the_sdk([*form["blocks"], *tab["blocks"]])


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: repr(text[:20]))
def test_no_text_becomes_markup(hostile: str) -> None:
    """Pings, links, reversed writing and invisible characters stay what they are: text, or nothing."""
    card = Card(
        hostile,
        (Text(hostile), Facts(((hostile, hostile),)), Gauge(hostile, 1, hostile), Table(hostile, (hostile,), (), "l")),
    )
    said = message(card)

    assert faults_of_message(said) == []
    for text in (said["text"], *words_of(said["blocks"])):
        assert not any(sign in text for sign in "\u202e\u2066\u200b\x00\x1b\ud800\U000e0041")
    for block in said["blocks"]:
        for field in block.get("fields", []):
            assert "<" not in field["text"]


def test_a_balance_reads_in_five_seconds() -> None:
    """The number is the heading, then the bar with its words, the facts, the provenance, and the buttons in one row."""
    card = Card(
        "$380.00 left of $1,000.00",
        (
            Gauge("Your budget", 620, "$620.00 of $1,000.00 used"),
            Facts((("Starts anew", "1 December"),)),
            Text("As of 22 Nov 11:00", quiet=True),
            Button("Where did it go?", "spend"),
            Button("Ask for more", "request", style="primary"),
        ),
    )
    said = message(card)

    assert [block["type"] for block in said["blocks"]] == ["header", "section", "section", "context", "actions"]
    assert said["blocks"][1]["text"]["text"] == "Your budget\n████████████░░░░░░░░\n$620.00 of $1,000.00 used"
    assert said["blocks"][2]["fields"][0]["text"] == "*Starts anew*\n1 December"
    labels = [(button["text"]["text"], button["value"]) for button in said["blocks"][4]["elements"]]
    assert labels == [("Where did it go?", "spend"), ("Ask for more", "request")]


def test_the_text_of_a_message_carries_the_figures() -> None:
    """A notification and a screen reader get every figure that the eye gets."""
    card = Card(
        "Week 47",
        (
            Facts((("Spent", "$40"),)),
            Gauge("Pool", 900, "$90 of $100"),
            Table("By model", ("Model", "Cost"), (("gpt-5 & co", "$12"),), "lr"),
            Chart("By day", "bar", ("Mon",), (Series("a", (3.0,)),), "$", "Monday was highest with $7."),
            Button("More", "spend"),
        ),
    )
    text = fallback(card)

    assert text.splitlines() == [
        "Week 47",
        "Spent: $40",
        "Pool: $90 of $100",
        "By model",
        "Model | Cost",
        "gpt-5 &amp; co | $12",
        "By day: Monday was highest with $7.",
    ]


def test_a_bar_is_never_longer_than_full() -> None:
    """Over the limit the bar is full and the number says how far over."""
    bar = message(Card("x", (Gauge("Pool", 2_500, "over"),)))["blocks"][1]["text"]["text"]

    assert "\n" + "█" * 20 + "\n" in bar
    assert "░" not in bar


def test_a_button_that_says_too_much_is_left_out_and_named() -> None:
    """A sentence is never cut, for half of it would say something else."""
    said = message(Card("x", (Button("Long", "y" * 2_001), Button("Short", "z"))))

    assert [button["value"] for button in said["blocks"][1]["elements"]] == ["z"]
    assert "“Long”" in said["blocks"][2]["elements"][0]["text"]


def test_a_button_may_ask_back() -> None:
    """A confirmation is a dialog with the button's own label on it."""
    button = message(Card("x", (Button("Pause all", "pause", "danger", "Nobody can work then."),)))["blocks"][1]

    confirm = button["elements"][0]["confirm"]
    assert confirm["text"]["text"] == "Nobody can work then."
    assert (confirm["confirm"]["text"], confirm["deny"]["text"]) == ("Pause all", "Back")


def test_the_first_table_is_a_table_and_the_others_are_columns_of_text() -> None:
    """Slack takes one table a message."""
    table = Table("By model", ("Model", "Cost"), (("gpt", "$1"), ("claude-opus", "$22")), "lr")
    said = message(Card("x", (table, table)))["blocks"]

    assert [block["type"] for block in said] == ["header", "section", "table", "section", "rich_text"]
    assert said[2]["rows"][1] == [{"type": "raw_text", "text": "gpt"}, {"type": "raw_text", "text": "$1"}]
    assert said[2]["column_settings"] == [{"align": "left"}, {"align": "right"}]
    drawn = said[4]["elements"][0]["elements"][0]["text"]
    assert drawn == "Model        Cost\ngpt            $1\nclaude-opus   $22"


def test_a_long_table_is_cut_with_a_line_that_says_so() -> None:
    """What is not shown is counted."""
    rows = tuple((str(number), "$1") for number in range(150))
    said = message(Card("x", (Table("", ("Who", "Cost"), rows, "lr"),)))["blocks"]
    wide = message(Card("x", (Table("", tuple("abcdefghijklmnopqrstuvwxyz"), (), ""),)))["blocks"]

    assert len(said[1]["rows"]) == 100
    assert said[2]["elements"][0]["text"] == "51 more rows are not shown."
    assert wide[2]["elements"][0]["text"] == "6 more columns are not shown."


def test_charts_are_drawn_by_slack_and_a_third_is_told_in_words() -> None:
    """Two charts a message, each with its finding in words and its limit; further ones in words alone."""
    chart = Chart("By day", "line", ("Mon", "Tue"), (Series("gpt", (1.0, 2.5)),), "$", "Tuesday was highest.", 3.0)
    said = message(Card("x", (chart, chart, chart)))["blocks"]

    kinds = [block["type"] for block in said]
    assert kinds.count("data_visualization") == 2
    assert said[1]["chart"] == {
        "type": "line",
        "series": [{"name": "gpt", "data": [{"label": "Mon", "value": 1.0}, {"label": "Tue", "value": 2.5}]}],
        "axis_config": {"categories": ["Mon", "Tue"], "y_label": "$"},
    }
    assert said[2]["elements"][0]["text"] == "Tuesday was highest."
    assert said[3]["elements"][0]["text"] == "Limit: $3."
    assert said[7]["text"]["text"] == "By day\nTuesday was highest."


def test_a_line_that_ends_early_has_a_value_for_each_category_in_slack() -> None:
    """Slack refuses a series with fewer, so it lies flat from where it ends, also if that is left of what is drawn."""
    days = tuple(str(day) for day in range(1, 31))
    series = (Series("spent", (1.0, 2.0)), Series("likely", tuple(map(float, range(30)))))
    drawn = message(Card("x", (Chart("By day", "line", days, series, "$", "Rising."),)))["blocks"][1]["chart"]["series"]

    assert [[each["label"] for each in one["data"]] for one in drawn] == [list(days[-20:])] * 2
    assert {each["value"] for each in drawn[0]["data"]} == {2.0}


def test_a_month_of_days_is_drawn_as_its_last_twenty() -> None:
    """Slack takes twenty categories; the line below says how many there were."""
    days = tuple(str(day) for day in range(1, 31))
    chart = Chart("By day", "bar", days, (Series("all", tuple(map(float, range(30)))),), "$", "Rising.")
    said = message(Card("x", (chart,)))["blocks"]

    assert said[1]["chart"]["axis_config"]["categories"] == list(days[-20:])
    assert said[1]["chart"]["series"][0]["data"][-1] == {"label": "30", "value": 29.0}
    assert said[3]["elements"][0]["text"] == "Drawn: the last 20 of 30."


@pytest.mark.parametrize(
    "chart",
    [
        Chart("t", "bar", ("a", "b"), (Series("s", (1.0, float("nan"))),), "$", "alt"),
        Chart("t", "bar", ("a" * 20 + "1", "a" * 20 + "2"), (Series("s", (1.0, 2.0)),), "$", "alt"),
        Chart("t", "bar", ("a",), (Series("s", (1.0,)), Series("s", (2.0,))), "$", "alt"),
        Chart("t", "bar", ("a",), (Series("s", (1.0, 2.0)),), "$", "alt"),
        Chart("t", "bar", (), (), "$", "alt"),
    ],
)
def test_a_chart_that_slack_cannot_draw_is_told_in_words(chart: Chart) -> None:
    """Rather the finding in words than no message at all."""
    said = message(Card("x", (chart,)))["blocks"]

    assert [block["type"] for block in said] == ["header", "section"]
    assert said[1]["text"]["text"] == "t\nalt"


def test_without_native_blocks_everything_is_text() -> None:
    """Where Slack refuses its newer blocks, the same is said without them, and the buttons stay."""
    table = Table("By model", ("Model",), (("gpt",),), "l")
    chart = Chart("By day", "bar", ("Mon",), (Series("s", (1.0,)),), "$", "alt")
    said = message(Card("x", (table, chart, Button("b", "say"))), native=False)["blocks"]

    assert [block["type"] for block in said] == ["header", "section", "rich_text", "section", "actions"]


def test_of_too_many_blocks_those_that_can_be_pressed_stay() -> None:
    """A message holds fifty blocks; text gives way to buttons."""
    card = Card("x", (*(Text(str(number)) for number in range(80)), Button("Approve", "approve 7f3a")))
    said = message(card)["blocks"]

    assert len(said) == 50
    assert said[-2]["type"] == "actions"
    assert said[-1]["elements"][0]["text"] == "33 more parts do not fit here."


def test_a_form_carries_its_sentence_and_its_place() -> None:
    """What the form says and where it was asked for travel with it, and come back the same."""
    place = Place("slack", "C1/U1", public=True, thread="1.2")
    form = modal(Card("Ask", (Input("amount", "How much?"), Button("Send", "request ü"))), place)

    assert origin(form["private_metadata"]) == ("request ü", place)
    assert form["submit"]["text"] == "Send"
    assert [block["type"] for block in form["blocks"]] == ["input"]


def test_a_form_that_does_not_fit_says_so() -> None:
    """A form whose sentence is too long has no fields that would lead nowhere."""
    form = modal(Card("Ask", (Input("amount", "How much?"), Button("Send", "r" * 2_500))), PLACE)

    assert "submit" not in form
    assert "input" not in [block["type"] for block in form["blocks"]]
    assert "does not fit" in form["blocks"][0]["elements"][0]["text"]


@pytest.mark.parametrize("metadata", ["", "{", "[]", "7", '["a"]', '["a", "b", 1, "c"]', "[" * 100_000])
def test_metadata_that_is_not_ours_is_nothing(metadata: str) -> None:
    """A view of another make has no sentence."""
    assert origin(metadata) is None


def test_a_choice_is_a_menu_and_its_values_are_never_cut() -> None:
    """A choice that Slack cannot hold is left out and counted, rather than becoming another one."""
    choices = (("week", "This week"), ("x" * 151, "Too long"), ("month", ""))
    drawn = modal(Card("x", (Input("until", "Until", "choice", "month", choices), Button("b", "s"))), PLACE)["blocks"]

    options = drawn[0]["element"]["options"]
    assert [option["value"] for option in options] == ["week", "month"]
    assert drawn[0]["element"]["initial_option"]["value"] == "month"
    assert "more choices" in drawn[1]["elements"][0]["text"]


def test_the_reason_at_a_field_is_the_card_in_a_line() -> None:
    """What is wrong stands at the field, in plain words of one line."""
    card = Card("An amount must be a number.", (Text("Such as\n50."), Text("quiet", quiet=True)), fault="amount")

    assert fault(card) == "An amount must be a number. Such as 50."
    assert len(fault(Card("x" * 5_000))) == 300


@given(words, st.integers(1, 50))
def test_cutting_keeps_to_the_limit(text: str, most: int) -> None:
    """A cut text is at most as long as allowed, and an entity is never cut in half."""
    assert len(cut(text, most)) <= most
    safe = escaped(text, most)
    assert len(safe) <= most
    bare = safe.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
    assert not set(bare) & set("<>&")


@given(words)
def test_what_is_heard_is_what_was_typed(text: str) -> None:
    """A typed text that Slack escapes is heard as it was, in one line and without unseen characters."""
    typed = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    assert heard(typed, "", lambda _user: None) == " ".join(plain(text)[:4_000].split()) or len(typed) > 4_000


def test_only_ten_names_of_a_sentence_are_looked_up() -> None:
    """A sentence full of mentions does not become a thousand questions to the database."""
    asked: list[str] = []
    heard(" ".join(f"<@U{number}>" for number in range(50)), "", asked.append)

    assert asked == [f"U{number}" for number in range(10)]


def test_the_limits_are_those_of_the_reference() -> None:
    """The renderer's own figures are the ones that Slack documents."""
    assert (block_kit.HEADER_MAX, block_kit.SECTION_MAX, block_kit.FIELD_MAX, block_kit.SAYS_MAX) == (
        150,
        3_000,
        2_000,
        2_000,
    )
    assert block_kit.BLOCKS_MAX == {"message": 50, "modal": 100, "home": 100}


def _accepted_by_the_sdk(drawn: list[dict[str, Any]]) -> None:
    """Slack's own models, where they know a block, have nothing against it."""
    for block in drawn:
        if block["type"] != "data_visualization":  # slack_sdk 3.47 has no model of it
            parsed = SdkBlock.parse(block)
            assert parsed is not None, block
            parsed.validate_json()


@pytest.mark.parametrize(
    "words",
    ["*all* is fine", "_really_ ~not~", "`code`", ":white_check_mark: approved", "> as said before", "*_both_*"],
)
def test_what_a_person_wrote_into_a_fact_is_text(words: str) -> None:
    """A reason cannot look like the bot's own words: no bold, no emoji, no quotation."""
    fields = message(Card("News", (Facts((("Reason", words),)),)))["blocks"][1]["fields"]
    value = fields[0]["text"].partition("\n")[2]

    assert not re.search(r"(?<!\w)([*_~`])\S.*?\1(?!\w)|:\w+:|^&gt;", value)


@pytest.mark.parametrize("words", ["snake_case_name", "https://x.example/a_b_c?d=*", "5*3*2", "10:30:00", "a < b"])
def test_what_is_no_markup_stays_as_it_is(words: str) -> None:
    """An address can still be followed, and a name copied."""
    field = message(Card("News", (Facts((("Reason", words),)),)))["blocks"][1]["fields"][0]["text"]

    assert unescaped(field).endswith(words)


def test_names_full_of_emoji_stay_below_the_limits_of_slack() -> None:
    """Slack counts UTF-16, in which an emoji is two; none is cut in two halves."""
    name = "\N{PARTY POPPER}" * 1_500
    said = message(Card(name, (Facts(((name, name),)), Text(name), Button(name, "balance"))))

    assert list(faults_of_message(said)) == []
    json.dumps(said).encode("utf-8")
