"""The people sources of app.yaml in a whole bot: what is known after they were read, and what if they cannot be."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from bot.app import App
from bot.build import build
from bot.cli.check import findings
from bot.config import DEMO_DATABASE, ConfigError, SourceSettings, database_url, load
from bot.directory import SOURCES
from bot.directory.hr_csv.source import Csv
from bot.directory.source import Known
from bot.errors import UnreachableError
from bot.platforms.slack.manifest import DIRECTORY_SCOPES
from handlers.place import Place
from handlers.sentence import Sentence
from storage import people
from storage.directory import Directory, Link
from tests.support.clock import Clock
from tests.support.fakes.slack import FakeSlack
from tests.support.paths import ROOT

PEOPLE = """\
E-mail,Name,Manager,Team,Status
max@acme.example,Max Weber,,Search,active
ana@acme.example,Ana Silva,max@acme.example,Search,active
bob@acme.example,Bob Reyes,,Ads,active
"""


@dataclass
class House:
    """A folder with app.yaml and an export, a workspace, and the bot that reads them."""

    folder: Path
    slack: FakeSlack
    clock: Clock
    rules: dict[str, Any] = field(default_factory=dict)
    bots: list[App] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rules = {
            "directory": [{"csv": "people.csv"}, "slack"],
            "people": [{"id": "max", "name": "Max Weber", "roles": ["finance"]}],
            "slack": {"url": self.slack.base_url},
            "budgets": [{"name": "monthly", "who": "every person", "amount": "10 USD"}],
        }
        self.export(PEOPLE)

    def export(self, text: str) -> None:
        """The HR system writes its file."""
        (self.folder / "people.csv").write_text(text)

    @property
    def environ(self) -> dict[str, str]:
        """The environment of the bot."""
        (self.folder / "app.yaml").write_text(yaml.safe_dump(self.rules))
        return {
            "BURSAR_CONFIG": str(self.folder / "app.yaml"),
            "DATABASE_URL": f"sqlite:///{self.folder}/bursar.db",
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_APP_TOKEN": self.slack.app_token,
        }

    def bot(self) -> App:
        """A bot that has just been started."""
        app = build(load(self.environ), self.environ, self.clock)
        self.bots.append(app)
        return app

    def runs(self, *words: str) -> tuple[int, str, str]:
        """A command line: its exit status, and what it says."""
        command = [sys.executable, "-m", "bot", *words]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **self.environ},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def checked(self) -> list[tuple[bool, str, str]]:
        """What `check` says of people sources."""
        return [(each.ok, each.what, each.advice) for each in findings(self.environ) if "sources" in each.what]


@pytest.fixture
def house(tmp_path: Path, clock: Clock) -> Iterator[House]:
    """A company with an export, in whose workspace Ana and Cleo are."""
    with FakeSlack() as slack:
        slack.scopes |= DIRECTORY_SCOPES.keys()
        slack.fields = [{"id": "Xf1", "type": "user", "label": "Manager"}]
        slack.add_user("UANA", "ana@acme.example", tz="Asia/Kolkata")
        slack.add_user("UCLEO", "cleo@acme.example")
        slack.users["UCLEO"]["profile"]["fields"] = {"Xf1": "UANA"}
        made = House(tmp_path, slack, clock)
        yield made
        for bot in made.bots:
            bot.close()


def known(app: App) -> dict[str, tuple[str, str, str]]:
    """Everybody who is there, with manager, zone and roles."""
    return {one.id: (one.manager, one.zone, " ".join(one.roles)) for one in app.everybody()}


def test_all_sources_together_make_the_people(house: House) -> None:
    """The role from app.yaml, manager and team from HR, the zone and those whom HR does not list from Slack."""
    bot = house.bot()
    bot.refresh_people()

    assert known(bot) == {
        "ana": ("max", "Asia/Kolkata", ""),
        "bob": ("", "", ""),
        "cleo": ("ana", "", ""),
        "max": ("", "", "finance"),
    }
    assert bot.who("slack", "T1/UANA") == "ana"
    assert {each.id for each in bot.database.ask(lambda conn: people.descendants(conn, "team/search"))} == {
        "team/search", "person/ana", "person/max",
    }  # fmt: skip


def test_a_second_reading_changes_nothing(house: House) -> None:
    """Also in another process, which remembers only what is in the database."""
    house.bot().refresh_people()
    before = known(house.bot())
    again = house.bot()
    again.refresh_people()

    assert known(again) == before


def test_a_link_that_an_admin_made_is_not_undone_by_the_directory(house: House) -> None:
    """The next reading takes the account for whom the admin says."""
    bot = house.bot()
    bot.refresh_people()
    bot.database.transact(lambda conn: people.link(conn, Link("slack", "user", "T1/UCLEO", "person/bob"), "explicit"))
    bot.refresh_people()

    assert bot.who("slack", "T1/UCLEO") == "bob"


def test_who_leaves_is_not_spoken_with_and_keeps_the_history(house: House) -> None:
    """Whether HR says so, or leaves them out, or Slack deactivates them."""
    bot = house.bot()
    bot.refresh_people()
    house.export(PEOPLE.replace("Ads,active", "Ads,left"))
    house.slack.users["UCLEO"]["deleted"] = True
    bot.refresh_people()

    assert set(known(bot)) == {"ana", "max"}
    for person in ("bob", "cleo"):
        assert "I don't know you" in bot.hear(Sentence("balance", person, Place("terminal", person))).title
        remembered = bot.database.ask(lambda conn, id=person: people.person(conn, id))  # type: ignore[misc]
        assert remembered is not None


def test_who_moves_takes_the_team_along_from_today_on(house: House) -> None:
    """The past stays with the old team, see storage."""
    bot = house.bot()
    bot.refresh_people()
    house.export(PEOPLE.replace("max@acme.example,Search", "max@acme.example,Ads"))
    bot.refresh_people()

    assert "person/ana" in {e.id for e in bot.database.ask(lambda conn: people.descendants(conn, "team/ads"))}
    assert "person/ana" not in {e.id for e in bot.database.ask(lambda conn: people.descendants(conn, "team/search"))}


def test_a_source_that_fails_leaves_everybody_as_they_were(house: House) -> None:
    """At the hourly reading and at a new start; nothing of the other sources counts either."""
    house.bot().refresh_people()
    before = known(house.bot())
    house.export(PEOPLE.replace("Ana Silva", "Ana Weber").partition(" Reyes")[0])
    again = house.bot()

    broken = "the file ends in the middle of this line; export it again"
    assert again.refresh_people() == f"{house.folder}/people.csv, line 4: {broken}"
    assert known(again) == before

    house.export(PEOPLE)
    house.slack.fail_next(503, path="/api/users.list")
    assert again.refresh_people().startswith("Read Slack's people: Slack is busy or down")
    assert known(again) == before
    assert again.refresh_people() == ""


def test_sources_that_lose_half_the_company_are_not_believed(house: House) -> None:
    """Nor does that keep the bot from starting."""
    house.export(PEOPLE + "".join(f"p{n}@acme.example,P,,,active\n" for n in range(30)))
    house.bot().refresh_people()
    house.export(PEOPLE)
    again = house.bot()

    assert "have left at once" in again.refresh_people()
    assert len(known(again)) == 34


def test_with_nobody_known_a_source_that_fails_is_a_plain_error(house: House) -> None:
    """There is nobody to speak with."""
    house.slack.fail_next(503, path="/api/users.list")
    with pytest.raises(UnreachableError, match="Slack is busy or down"):
        house.bot().refresh_people()

    house.export("e-mail,name\n")
    status, _, said = house.runs("say", "balance", "--as", "ana")
    assert status == 2
    assert said == f"{house.folder}/people.csv, line 1: there is nobody below the header\n"


def test_the_command_line_works_with_the_people_known_so_far(house: House) -> None:
    """And `sync` says what went wrong."""
    house.bot().refresh_people()
    house.export("")

    status, said, _ = house.runs("say", "balance", "--as", "ana")
    assert status == 0
    assert "$10.00 limit" in said
    status, _, trouble = house.runs("sync")
    assert status == 1
    assert f"people: {house.folder}/people.csv, line 1: there is no header" in trouble


def test_check_says_why_nothing_was_learnt_and_where_sources_differ(house: House) -> None:
    """A line for each error; without any, no word."""
    assert house.checked() == []

    house.export(PEOPLE.replace("Ana Silva", "").replace("bob@acme.example,Bob Reyes", ",Bob Reyes"))
    said = [
        f"{house.folder}/people.csv, line 3, ana@acme.example: Name: the name is missing",
        f"{house.folder}/people.csv, line 4, Bob Reyes: E-mail: the e-mail address is missing",
    ]
    assert house.checked() == [(False, "people sources: something could not be used", each) for each in said]

    house.export("e-mail,name\n")
    nobody = f"{house.folder}/people.csv, line 1: there is nobody below the header"
    assert house.checked() == [(False, "people sources: nothing was changed", nobody)]

    house.export(PEOPLE)
    house.rules["people"] += [{"id": "ana", "name": "Ana", "manager": "bob"}]
    differs = f"ana: the manager is bob by app.yaml and max by {house.folder}/people.csv; what app.yaml says counts"
    assert house.checked() == [(True, "people sources differ", differs)]


def test_many_differences_are_counted(house: House) -> None:
    """Twenty are enough to see what is wrong."""
    house.rules["people"] = [
        {"id": f"p{n}", "name": "P", "manager": "max", "email": f"p{n}@acme.example"} for n in range(25)
    ]
    house.export(PEOPLE + "".join(f"p{n}@acme.example,P,bob,,active\n" for n in range(25)))

    assert len(house.checked()) == 21
    assert house.checked()[-1][1] == "people sources differ about 5 more"


def test_check_goes_on_where_nobody_is_known_yet(house: House) -> None:
    """People are one of several things to mend."""
    house.slack.scopes.discard("users.profile:read")
    said = [(each.what, each.advice) for each in findings(house.environ)]

    assert any("scope users.profile:read" in advice for what, advice in said if what.startswith("people sources"))
    assert "people: nobody" in dict(said)
    assert "Slack: bot token, as bursar in Acme" in dict(said)


# Settings


def test_every_kind_of_source_is_in_the_table() -> None:
    """And there is no other."""
    assert set(SOURCES) == set(get_args(SourceSettings.model_fields["kind"].annotation))


def test_the_file_stands_beside_app_yaml(house: House) -> None:
    """From whatever folder the bot is started."""
    house.rules["directory"] = ["sample", {"csv": "people.csv"}, {"csv": "/etc/people.csv"}, "slack"]
    sources = load(house.environ).directory

    assert [str(each) for each in sources] == ["sample", f"{house.folder}/people.csv", "/etc/people.csv", "slack"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("csw", "there is no people source “csw”. Did you mean “csv”?"),
        ({"slakc": None}, "there is no people source “slakc”. Did you mean “slack”?"),
        (7, "there is no people source “7”. You can write: csv, microsoft, sample, slack"),
        ("csv", "directory: entry 1 (line 6): add the file, such as csv: people.csv"),
        ({"csv": ""}, "add the file, such as csv: people.csv"),
    ],
)
def test_a_wrong_source_is_answered_with_what_would_be_right(house: House, written: object, said: str) -> None:
    """Like every setting."""
    house.rules["directory"] = [written]

    with pytest.raises(ConfigError) as caught:
        load(house.environ)
    assert said in str(caught.value)


def test_a_company_with_an_export_is_no_sample(house: House) -> None:
    """The page on which anyone is anyone must not show real people, nor share its database with them."""
    del house.rules["people"]
    for directory, sample in ((["sample"], True), ([{"csv": "people.csv"}], False), (["slack"], False)):
        house.rules["directory"] = directory
        settings = load(house.environ)
        assert settings.is_sample is sample
        assert (database_url(settings, {}) == DEMO_DATABASE) is sample


def test_the_example_in_the_docs_is_read(tmp_path: Path) -> None:
    """Whoever copies it has people."""
    page = (ROOT / "docs" / "how-to" / "people.md").read_text()
    file = tmp_path / "people.csv"
    file.write_text(page.partition("```csv\n")[2].partition("```")[0])

    assert Csv(file).read(Known()) != Directory()
