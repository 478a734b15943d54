"""app.yaml: every error at once, each with its path, what is wrong and what would be right."""

from pathlib import Path

import pytest

from bot import config
from bot.config import ConfigError

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
    settings = load(tmp_path, GOOD)

    assert settings.providers[0].name == "litellm"
    assert settings.policy.budgets[0].allotment == 400 * 10**9


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("budgets:", "budgtes:", "budgtes: there is no such setting; did you mean “budgets”?"),
        ("zone: Europe", "zoen: Europe", "organization.zoen: there is no such setting; did you mean “zone”?"),
        ("Europe/Berlin", "Berlin", "organization.zone: unknown time zone “Berlin”: write one such as Europe/Berlin"),
        ("400 EUR", "lots", "budgets.0.amount: invalid amount “lots”: add a currency or tokens, such as 400 USD"),
        ("400 EUR", "400 USD", "budget “monthly” is in USD; write it in the organization's currency (EUR)"),
        ("litellm,", "litelm,", "providers.0.kind: “litelm” is not known; did you mean “litellm”?"),
        ('url: "http://127.0.0.1:4000", ', "", "providers.0: say where it is"),
        ("every person", "everyone", "budgets.0.who:"),
        ("owner: max", "owner: mxa", "teams: search's owner “mxa” is nobody; did you mean “max”?"),
        ("manager: max", "manager: eve", "people: ana's manager “eve” is nobody"),
        ("name: monthly, ", "", "budgets.0.name: this is missing"),
    ],
)
def test_an_error_names_its_path_and_what_would_be_right(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    """A near miss is suggested."""
    assert right in GOOD
    assert said in complaint(tmp_path, GOOD.replace(right, wrong))


def test_every_error_is_told_at_once(tmp_path: Path) -> None:
    """Nobody mends settings one error at a time."""
    said = complaint(tmp_path, GOOD.replace("400 EUR", "lots").replace("litellm,", "x,").replace("currency", "curency"))

    assert len(said.splitlines()) == 3


def test_a_broken_or_missing_file_is_said_plainly(tmp_path: Path) -> None:
    """No traceback."""
    assert "is no YAML" in complaint(tmp_path, "a: [")
    assert "must hold settings" in complaint(tmp_path, "- a")
    with pytest.raises(ConfigError, match="Set BURSAR_CONFIG"):
        config.load({"BURSAR_CONFIG": str(tmp_path / "nowhere.yaml")})


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
