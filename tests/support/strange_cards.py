"""Cards that no handler makes, for tests of what draws them: too long, empty, twice the same, or meant to do harm."""

from typing import get_args

from hypothesis import strategies as st

from handlers.card import Button, Card, Chart, Facts, Gauge, Heading, Input, Series, Table, Text, Tone

HOSTILE = (
    "<!channel> <!here> <!subteam^S1> <@U1> <#C1>",
    "<https://evil.example|https://slack.com>",
    "&lt;!channel&gt; &amp;lt;!here&amp;gt; &#60;!channel&#62;",
    "\u202egnp.exe\u202c \u2066\u2067 \u200b\u200f\ufeff",
    "```` `code` *bold* _it_ ~no~ > quote",
    "\x00\x07\x1b[31m\ud800\udfff",
    "\U000e0041\U000e0042",
    "🧑‍🚀" * 3_000,
    "🚀" * 2_001,
    ":white_check_mark: :+1: :flag-de:",
    "_underlined_ ~struck~ *bold* `code` in [a](https://evil.example) link",
    "a" * 10_000,
    "&" * 10_000,
    "<" * 3_001,
    "\n" * 50,
    " ",
    "",
)
words = st.one_of(
    st.text(max_size=60),
    st.sampled_from(HOSTILE),
    st.text("<>&|!@#*_~`\n \u202e", max_size=40),
    st.integers(1, 12_000).map(lambda count: "w " * count),
)
names = st.text("abcdef", min_size=1, max_size=8)
figures = st.one_of(st.floats(), st.integers(-(10**12), 10**12).map(float))


@st.composite
def charts(draw: st.DrawFn) -> Chart:
    """Charts good and bad."""
    count = draw(st.integers(0, 35))
    values = st.lists(figures, min_size=count, max_size=count).map(tuple)
    return Chart(
        title=draw(words),
        form=draw(st.sampled_from(("bar", "stack", "line"))),
        categories=tuple(draw(st.lists(words, min_size=count, max_size=count, unique=True))),
        series=tuple(draw(st.lists(st.builds(Series, words, values), max_size=8))),
        unit=draw(words),
        alt=draw(words),
        limit=draw(st.none() | figures),
    )


tables = st.builds(
    Table,
    caption=words,
    columns=st.lists(words, max_size=25).map(tuple),
    rows=st.lists(st.lists(words, max_size=25).map(tuple), max_size=130).map(tuple),
    align=st.text("lr", max_size=25),
)
buttons = st.builds(
    Button, words, words, style=st.sampled_from(("plain", "primary", "danger")), confirm=st.just("") | words
)
inputs = st.builds(
    Input,
    name=names | words,
    label=words,
    form=st.sampled_from(("text", "long", "choice", "date", "number")),
    value=words | st.sampled_from(("2026-11-30", "12.50")),
    choices=st.lists(st.tuples(words, words), max_size=120).map(tuple),
    hint=words,
    optional=st.booleans(),
    least=words | st.just("0"),
    most=words | st.just("2026-11-30"),
)
facts = st.builds(Facts, st.lists(st.tuples(words, words), max_size=25).map(tuple))
gauges = st.builds(Gauge, words, st.integers(0, 5_000), words, st.sampled_from(get_args(Tone)))
texts = st.builds(Text, words, st.booleans())
headings = st.builds(Heading, words)
any_block = st.one_of(texts, headings, facts, gauges, tables, charts(), buttons, inputs)
cards = st.builds(Card, words, st.lists(any_block, max_size=12).map(tuple), personal=st.booleans(), fault=names)
