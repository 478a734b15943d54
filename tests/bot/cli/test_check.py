"""`check`: line by line what works, what does not, and what to do; `check --provider NAME` looks at one provider."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.checks import CheckLine
from bot.cli.check import findings, summary
from storage.db import Database
from tests.support.fakes.litellm import FakeLiteLLM
from tests.support.fakes.slack import FakeSlack


@pytest.fixture
def proxy() -> Iterator[FakeLiteLLM]:
    with FakeLiteLLM() as server:
        yield server


def found(tmp_path: Path, proxy: FakeLiteLLM, name: str) -> list[CheckLine]:
    """What check says of one provider of a company with two."""
    settings = tmp_path / "app.yaml"
    settings.write_text(
        f"providers:\n  - {{kind: litellm, url: '{proxy.url}'}}\n  - {{kind: openrouter, url: 'http://127.0.0.1:9'}}\n"
    )
    environ = {
        "BURSAR_CONFIG": str(settings),
        "DATABASE_URL": f"sqlite:///{tmp_path}/bursar.db",
        "LITELLM_API_KEY": proxy.key,
    }
    return list(findings(environ, name))


def test_only_that_provider_is_asked(tmp_path: Path, proxy: FakeLiteLLM) -> None:
    """What is wrong with the others is not said."""
    lines = found(tmp_path, proxy, "litellm")
    assert all(each.ok for each in lines), lines
    assert any("answers" in each.what for each in lines)
    assert not any("OpenRouter" in each.what for each in lines)


def test_an_unknown_provider_is_told_with_those_there_are(tmp_path: Path, proxy: FakeLiteLLM) -> None:
    """One plain sentence."""
    assert [each.advice for each in found(tmp_path, proxy, "litelm") if not each.ok] == [
        "There is no provider “litelm” in app.yaml. You can write: litellm, openrouter"
    ]


COMPANY = """
people:
  - {id: ana, name: Ana, email: ana@acme.example, manager: kim, team: search}
  - {id: kim, name: Kim, email: kim@acme.example, roles: [admin]}
teams:
  - {id: search, name: Search, owner: kim}
budgets:
  - {name: monthly, who: every person, amount: 400 USD}
"""


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as server:
        yield server


def checked(tmp_path: Path, slack: FakeSlack, settings: str, **more: str) -> list[CheckLine]:
    """What check says of a company in Slack."""
    path = tmp_path / "app.yaml"
    path.write_text(settings + f"slack: {{url: '{slack.base_url}'}}\n")
    environ = {
        "BURSAR_CONFIG": str(path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/bursar.db",
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        **more,
    }
    return list(findings(environ))


def failed(lines: list[CheckLine]) -> list[tuple[str, str]]:
    """What failed, and what to do."""
    return [(each.what, each.advice) for each in lines if not each.ok]


def test_all_is_well_where_nothing_is_left_to_be_read(tmp_path: Path, slack: FakeSlack) -> None:
    """A note is no failure, and no reason to say that all is well."""
    lines = checked(tmp_path, slack, COMPANY)
    assert [each for each in lines if each.mark != "ok"] == []
    assert summary(lines) == "All is well."

    lines = checked(tmp_path, slack, COMPANY.replace("manager: kim, ", "").replace(", roles: [admin]", ""))
    assert [each.mark for each in lines if each.mark != "ok"] == ["note"]
    assert summary(lines) == "Nothing failed. Please read the note above."

    lines = checked(tmp_path, slack, COMPANY.replace("email: ana@acme.example, ", ""))
    assert summary(lines) == "1 check failed."


def test_an_app_level_token_that_opens_no_socket_is_told(tmp_path: Path, slack: FakeSlack) -> None:
    """It is easily taken for the bot token, or made without its scope."""
    for token in (slack.bot_token, "xapp-1-old"):
        ((what, advice),) = failed(checked(tmp_path, slack, COMPANY, SLACK_APP_TOKEN=token))
        assert what == "Slack: app-level token"
        assert "with the scope connections:write" in advice


def test_a_person_without_an_address_and_without_a_link_is_told(tmp_path: Path, slack: FakeSlack) -> None:
    """Nobody would recognize them; a link is enough."""
    without = COMPANY.replace("email: ana@acme.example, ", "")

    assert failed(checked(tmp_path, slack, without)) == [
        (
            "1 person has neither an e-mail address nor a link (ana)",
            "Add the address, or they are not recognized in chat and at providers.",
        )
    ]
    assert failed(checked(tmp_path, slack, without.replace("id: ana,", "id: ana, slack: T1/U1,"))) == []


def test_a_scheduled_command_of_nobody_is_told(tmp_path: Path, slack: FakeSlack) -> None:
    """As its asker would be; nothing is carried out."""
    line = "schedule: [{at: 0 9 * * mon, say: WORDS}]\n"
    (one,) = failed(checked(tmp_path, slack, COMPANY + line.replace("WORDS", "digest of team serch")))
    assert one[0] == "scheduled command “digest of team serch”"
    assert "Did you mean team search?" in one[1]

    assert failed(checked(tmp_path, slack, COMPANY + line.replace("WORDS", "digest of team search"))) == []
    assert failed(checked(tmp_path, slack, COMPANY + line.replace("WORDS", "close last month"))) == []


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("slack:C1", []),
        ("slack:U1", []),
        ("slack:C2", [("Slack: channel C2, #c2", "The bot is not in it. Write there: /invite @Bursar")]),
        ("slack:C3", [("Slack: channel C3", "Correct its id, or invite the bot there: /invite @Bursar")]),
        ("slack:C4", [("Slack: channel C4, #c4", "It is archived. Write another channel in app.yaml.")]),
        ("teams:19:abc@thread", [("channel teams:19:abc@thread", "Add the app to it and mention the bot there once.")]),
        ("web:#ai", [("channel web:#ai", "Only the demo shows it. Write a channel of Slack or Teams.")]),
    ],
)
def test_a_channel_that_the_bot_is_not_in_is_told(
    tmp_path: Path, slack: FakeSlack, place: str, said: list[tuple[str, str]]
) -> None:
    """Of a schedule as of a budget."""
    slack.scopes |= {"channels:read", "groups:read"}
    slack.add_channel("C2", bot=False)
    slack.add_channel("C4")
    slack.archived.add("C4")
    budget = f"  - {{name: pool, who: team search, amount: 4000 USD, alert_in: '{place}'}}\n"
    schedule = f"schedule: [{{at: 0 9 * * mon, say: digest, in: '{place}'}}]\n"

    assert failed(checked(tmp_path, slack, COMPANY + schedule)) == said
    assert failed(checked(tmp_path, slack, COMPANY + budget)) == said


def test_a_channel_that_is_shared_with_another_company_is_noted(tmp_path: Path, slack: FakeSlack) -> None:
    """What is posted there is read there, too; it may be meant so."""
    slack.scopes |= {"channels:read", "groups:read"}
    slack.hosts["C1"] = "T666"
    lines = checked(tmp_path, slack, COMPANY + "schedule: [{at: 0 9 * * mon, say: digest, in: 'slack:C1'}]\n")

    noted = [(each.what, each.advice) for each in lines if each.mark == "note"]
    assert noted == [
        (
            "Slack: channel C1, #c1",
            "People of another company can read it (Slack Connect), and see the totals that are posted there.",
        )
    ]


def test_without_the_scope_check_says_that_it_cannot_see_a_channel(tmp_path: Path, slack: FakeSlack) -> None:
    """An app of before has not got it, and works as well."""
    lines = checked(tmp_path, slack, COMPANY + "schedule: [{at: 0 9 * * mon, say: digest, in: 'slack:C1'}]\n")

    assert [(each.what, each.mark) for each in lines if each.mark != "ok"] == [("Slack: channel C1", "note")]


def test_an_unusable_database_is_told_without_its_librarys_words(tmp_path: Path, slack: FakeSlack) -> None:
    """And where to look."""
    Database(f"sqlite:///{tmp_path}/bursar.db").close()
    (tmp_path / "bursar.db").write_bytes(b"this is no database, but long enough to be taken for one" * 40)

    assert failed(checked(tmp_path, slack, COMPANY)) == [
        (
            "database",
            "The database is damaged, or no database. Stop Bursar and restore a backup: restore FILE --replace",
        )
    ]


def test_every_error_of_app_yaml_is_a_line(tmp_path: Path, slack: FakeSlack) -> None:
    """With its place."""
    lines = checked(tmp_path, slack, COMPANY.replace("400 USD", "lots").replace("owner: kim", "owner: kimm"))

    assert [(each.what, each.ok) for each in lines] == [("settings", False)] * 2
    assert "teams: Search: owner (line 6): unknown owner “kimm”. Did you mean “kim”?" in lines[0].advice
