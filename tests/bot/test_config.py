"""app.yaml: every error at once, each with its place and line, what is wrong and what would be right."""

import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import config
from bot.config import ConfigError
from tests.architecture.test_docs import examples

GOOD = """
organization: {name: Acme, currency: EUR, zone: Europe/Berlin}
people:
  - {id: ana, name: Ana, email: ana@acme.example, manager: max, team: search}
  - {id: max, name: Max, team: search}
teams:
  - {id: search, name: Search, owner: max}
budgets:
  - {name: monthly, who: every person, amount: 400 EUR}
providers:
  - {kind: litellm, url: "http://127.0.0.1:4000", key: LITELLM_API_KEY}
"""


def load(tmp_path: Path, content: str) -> config.Settings:
    """Read some settings."""
    path = tmp_path / "app.yaml"
    path.write_text(content)
    return config.load({"BURSAR_CONFIG": str(path)})


def complaint(tmp_path: Path, content: str) -> str:
    """What is said about wrong settings."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, content)
    return str(caught.value)


def test_good_settings_are_read(tmp_path: Path) -> None:
    """A provider without a name is called after its kind."""
    good = load(tmp_path, GOOD)

    assert good.providers[0].name == "litellm"
    assert good.policy.budgets[0].allotment == 400 * 10**9


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("budgets:", "budgtes:", "budgtes (line 8): there is no such setting. Did you mean “budgets”?"),
        (
            "zone: Europe",
            "zoen: Europe",
            "organization: zoen (line 2): there is no such setting. Did you mean “zone”?",
        ),
        (
            "Europe/Berlin",
            "Berlin",
            "organization: zone (line 2): unknown time zone “Berlin”: write one such as Europe/Berlin",
        ),
        ("EUR, zone", "RMB, zone", "organization: currency (line 2): unknown currency “RMB”. Did you mean “CNY”?"),
        ("EUR, zone", "XQQ, zone", "organization: currency (line 2): unknown currency “XQQ”: write three capital"),
        (
            "400 EUR",
            "lots",
            "budgets: monthly: amount (line 9): invalid amount “lots”: write one such as 400 USD",
        ),
        (
            "400 EUR",
            "400 USD",
            "budgets: monthly: amount (line 9): USD is not the organization's currency: write the amount in EUR",
        ),
        (
            "litellm,",
            "litelm,",
            "providers: litelm: kind (line 11): “litelm” is not known. Did you mean “litellm”?",
        ),
        ('url: "http://127.0.0.1:4000", ', "", "providers: litellm (line 11): add what is missing: url"),
        ("every person", "everyone", "budgets: monthly: who (line 9): “everyone” is nobody's: write every person"),
        (
            "owner: max",
            "owner: mxa",
            "teams: Search: owner (line 7): unknown owner “mxa”. Did you mean “max”?",
        ),
        ("manager: max", "manager: eve", "people: Ana: manager (line 4): unknown manager “eve”"),
        ("name: monthly, ", "", "budgets: entry 1 (line 9): “name” is missing"),
        ("who: every", "who: 5, models: every", "budgets: monthly: who (line 9): write text"),
        ("key: LITELLM_API_KEY", "days_back: many", "providers: litellm: days_back (line 11): “many” is not a whole"),
        ("key: LITELLM_API_KEY", "days_back: 0", "providers: litellm: days_back (line 11): 0 is too small: write 1 or"),
        ("people:", "rates: {USD: {2026-02-30: 1}}\npeople:", "rates: USD: 2026-02-30 (line 3): “2026-02-30” is not a"),
        ("people:", "schedule: [{at: 0 9 * * mon, say: digset}]\npeople:", "“digset” is not a command. Did you mean"),
        ("people:", "schedule: [{at: '9', say: digest}]\npeople:", "schedule: digest: at (line 3): “9” is not a cron"),
        ("people:", "approvals: [{stages: [{by: boss}]}]\npeople:", "entry 1: by (line 3): unknown approver “boss”"),
        ("people:", "seats: {editor: 5 USD}\npeople:", "seats: editor (line 3): 5 USD is not in the organization's"),
        ("people:", "budgets: [{name: x}]\npeople:", "budgets (line 9): “budgets” stands here and on line 3"),
        ("id: max, name: Max", "id: ana, name: Max", "people: Max: id (line 5): the id “ana” stands twice"),
        ("name: Max,", "name: Max, email: Ana@Acme.example,", "people: Max: email (line 5): ana@acme.example is the"),
        ("ana@acme.example", "ana at acme", "people: Ana: email (line 4): “ana at acme” is not an e-mail address"),
        ("name: Max,", "name: Max, manager: ana,", "each other's managers: ana → max → ana. One of them must"),
        ("owner: max", "owner: max, parent: search", "teams: Search: parent (line 7): a team cannot be below itself"),
        ("name: Search,", "name: Search}\n  - {id: search, name: Ads,", "teams: Ads: id (line 8): the id “search”"),
        (
            "people:",
            f"links: [{{platform: llm, kind: user, id: {'u' * 300}, account: person/ana}}]\npeople:",
            "is too long: write 255 letters or fewer",
        ),
        ("currency: EUR", "currency: [EUR]", "organization: currency (line 2): write text"),
        ("id: max", "id: clock", "people: Max: id (line 5): the id “clock” is the bot's own"),
    ],
)
def test_an_error_names_its_place_and_line_and_what_would_be_right(
    tmp_path: Path, right: str, wrong: str, said: str
) -> None:
    """A near miss is suggested."""
    assert right in GOOD
    assert said in complaint(tmp_path, GOOD.replace(right, wrong))


def test_every_error_is_told_at_once(tmp_path: Path) -> None:
    """Nobody corrects settings one error at a time: values, names that stand nowhere and contradictions together."""
    wrong = GOOD.replace("400 EUR", "lots").replace("litellm,", "x,").replace("currency", "curency")
    said = complaint(tmp_path, wrong.replace("manager: max", "manager: eve").replace("owner: max", "owner: eve"))

    assert [line.partition("(line ")[2].partition(")")[0] for line in said.splitlines()] == ["2", "4", "7", "9", "11"]


def test_an_error_follows_from_no_other(tmp_path: Path) -> None:
    """A list whose only entry is wrong is not told to be empty as well."""
    said = complaint(tmp_path, "approvals: [{stages: [{by: boss}]}]")

    assert len(said.splitlines()) == 1


def test_people_of_other_sources_are_not_known_here(tmp_path: Path) -> None:
    """Where there is another source, app.yaml may name whom only that one knows."""
    assert load(tmp_path, GOOD.replace("manager: max", "manager: eve") + "directory: [slack]\n").directory


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a: [", "line 1: the bracket that opens on line 1 is not closed, or a comma is missing"),
        ("a:\n\tb: 1", "line 2: there is a tab; use spaces"),
        ("read: */10 * * * *", "line 1: put text that begins with * in quotes, such as “*/10 * *”"),
        (
            "a: b: c",
            "line 1: this line is indented too far, or has a colon too many; put a text with a colon in quotes",
        ),
        ("a: 1\nb: 'x\nc: 2", "line 3: the quotes that open on line 2 are not closed"),
        ("a:\n  - b\n c: 1", "line 3: this line is not indented like those above it"),
        ("a: @x", "line 1: a text begins with @; put it in quotes"),
        ("a: !x y", "line 1: put text that begins with ! in quotes"),
        ("{a: 1}: 2", "line 1: this name is no word; write a word before the colon"),
        ("a: 1\n---\nb: 2", "line 2: remove the line “---” and keep one list of settings"),
        ("a: 1\nb: \x07", "line 2: there is a letter that cannot be shown; remove it"),
        ("[" * 3_000, "line 1: there are too many brackets within brackets"),
        ('a: "\\q"', "line 1: this is not valid YAML; check indentation, colons and quotes here and on the line above"),
    ],
)
def test_a_file_that_is_no_yaml_is_told_the_line_in_plain_words(tmp_path: Path, content: str, said: str) -> None:
    """Nothing of the library's own sentences."""
    assert complaint(tmp_path, content) == f"{tmp_path}/app.yaml, {said}"


def test_a_file_without_settings_or_none_at_all_is_said_plainly(tmp_path: Path) -> None:
    """No traceback."""
    assert "has no settings in it" in complaint(tmp_path, "- a")
    with pytest.raises(ConfigError, match="Set BURSAR_CONFIG"):
        config.load({"BURSAR_CONFIG": str(tmp_path / "nowhere.yaml")})
    (tmp_path / "latin.yaml").write_bytes(b"a: 1\norganization: {name: Caf\xe9}\n")
    with pytest.raises(ConfigError, match=r"latin.yaml, line 2: save the file as UTF-8"):
        config.load({"BURSAR_CONFIG": str(tmp_path / "latin.yaml")})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**20) | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
FOREIGN = re.compile(r"pydantic|Input should|valid (string|integer|dict|tuple)|regex|NoneType|<class|function-|Error\b")


def leaves(path: tuple[str | int, ...], value: object) -> Iterator[tuple[str | int, ...]]:
    """The places of all that is said in some settings."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, each in pairs:
        yield from leaves((*path, part), each)


WHOLE = [each for fence in examples("docs/reference/settings.md") for each in [fence] if isinstance(each, dict)]
PLACES = [(each, path) for each in WHOLE for path in leaves((), each) if path]


@settings(max_examples=60)
@given(place=st.sampled_from(range(len(PLACES))), value=VALUES)
def test_whatever_is_written_the_answer_is_settings_or_plain_words(
    place: int, value: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any value anywhere: no traceback, and nothing of the libraries' own sentences."""
    whole, path = PLACES[place]
    changed: Any = deepcopy(whole)
    here = changed
    for part in path[:-1]:
        here = here[part]
    here[path[-1]] = value
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_text(yaml.safe_dump(changed, allow_unicode=True), encoding="utf-8")
    try:
        config.load({"BURSAR_CONFIG": str(file)})
    except ConfigError as error:
        said = str(error)
        assert not FOREIGN.search(said), said
        assert all(str(file) in line and "line" in line for line in said.splitlines())


def test_a_secret_comes_from_the_environment_or_from_a_file_named_there(tmp_path: Path) -> None:
    """Never from app.yaml."""
    file = tmp_path / "token"
    file.write_text("xoxb-from-file\n")

    assert config.secret("SLACK_BOT_TOKEN", {"SLACK_BOT_TOKEN": "xoxb-1"}) == "xoxb-1"
    assert config.secret("SLACK_BOT_TOKEN", {"SLACK_BOT_TOKEN_FILE": str(file)}) == "xoxb-from-file"
    assert config.secret("SLACK_BOT_TOKEN", {}) == ""


def test_the_database_is_the_environments_then_app_yamls_then_a_file(tmp_path: Path) -> None:
    """And the sample company never shares a file with a real one."""
    real = load(tmp_path, GOOD)
    named = load(tmp_path, GOOD + "database: {url: 'sqlite:///named.db'}\n")
    sample = load(tmp_path, "providers: [{kind: sample}]")

    assert config.database_url(named, {"DATABASE_URL": "sqlite:///env.db"}) == "sqlite:///env.db"
    assert config.database_url(named, {}) == "sqlite:///named.db"
    assert config.database_url(real, {}) == config.DATABASE_DEFAULT
    assert config.database_url(sample, {}) == config.DEMO_DATABASE
