"""Slack in several workspaces, with one bot: how they install the app, who is ours there, and where answers go."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import yaml
from cryptography.fernet import Fernet
from pydantic import ValidationError
from slack_sdk.errors import SlackApiError
from sqlalchemy import text

from bot import installations
from bot.app import App, utc_now
from bot.build import build
from bot.cli.check import findings
from bot.config import Settings
from bot.installations import StoredInstallations, ciphers
from bot.platforms.slack.client import code
from bot.platforms.slack.install import BACK_PATH, InstallPages
from bot.platforms.slack.workspaces import AppCredentials, Workspaces
from bot.run import assembled
from handlers.card import Card, Table
from handlers.place import Place, named_place
from handlers.sentence import Sentence
from storage import pauses, people
from storage.db import BusyError, Database
from tests.support.at_once import at_once
from tests.support.fakes.slack import PATIENCE_S, FakeSlack
from tests.support.fakes.slack_town import CLIENT_ID, CLIENT_SECRET, SlackTown, Workspace
from tests.support.process import until
from tests.support.small_bot import served

ADDRESS = "https://bursar.acme.test"
INSTALLED = "select * from slack_installations"
ACCESS = "oauth.v2.access"
KEY = Fernet.generate_key().decode()
SECRETS = {
    "SLACK_SIGNING_SECRET": FakeSlack.secret,
    "SLACK_APP_TOKEN": FakeSlack.app_token,
    "SLACK_CLIENT_SECRET": CLIENT_SECRET,
    "SLACK_TOKEN_KEYS": KEY,
}
PEOPLE = [
    {"id": "ana", "name": "Ana", "email": "ana@acme.test", "manager": "max"},
    {"id": "max", "name": "Max", "email": "max@acme.test", "manager": "fay"},
    {"id": "fay", "name": "Fay", "email": "fay@acme.test", "roles": ["finance"]},
]
BUDGETS = [{"name": "monthly", "who": "every person", "amount": "10 USD"}]


@dataclass
class Bot:
    """A bot that runs, and the browser of somebody who installs it."""

    app: App
    town: SlackTown
    url: str

    def get(self, path: str, cookie: str = "") -> tuple[int, str, dict[str, str]]:
        """Open a page; its status, its text and its headers. No redirect is followed."""
        where = urlsplit(self.url)
        assert where.hostname
        connection = HTTPConnection(where.hostname, where.port, timeout=PATIENCE_S)
        try:
            connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), {k.lower(): v for k, v in answer.getheaders()}
        finally:
            connection.close()

    def begin(self, path: str = "/slack/install") -> tuple[str, str]:
        """Begin to install it: where Slack asks, and the cookie."""
        status, _, headers = self.get(path)
        assert status == 302
        return headers["location"], headers["set-cookie"].partition(";")[0]

    def install(self, workspace: Workspace) -> tuple[int, str]:
        """Install it in a workspace."""
        where, cookie = self.begin()
        back = urlsplit(self.town.approve(where, workspace))
        status, page, _ = self.get(f"{back.path}?{back.query}", cookie)
        return status, page

    def deliver(self) -> None:
        """Send all that is due."""
        while self.app.deliver():
            pass

    def tokens(self) -> list[str]:
        """All that is kept of tokens."""

        def read(conn: Any) -> list[str]:
            said = "select bot_token, bot_refresh_token from {}"
            rows = [
                row for name in ("slack_bots", "slack_installations") for row in conn.execute(text(said.format(name)))
            ]
            return [each for row in rows for each in row if each]

        return self.app.database.ask(read)


Running = Callable[..., AbstractContextManager[Bot]]


@pytest.fixture
def town() -> Iterator[SlackTown]:
    """Two workspaces of the company with Ana in one and Max in the other, and one of somebody else."""
    with SlackTown() as slack:
        one, two, other = (
            slack.workspace("T1", "Acme"),
            slack.workspace("T2", "Acme EU"),
            slack.workspace("T9", "Globex"),
        )
        one.add_user("UANA", "ana@acme.test")
        two.add_user("UMAX", "max@acme.test")
        two.add_channel("C2")
        other.add_user("UEVE", "ana@acme.test")
        yield slack


@pytest.fixture
def running(town: SlackTown, database_url: str) -> Running:
    """Starts the bot, on each kind of database in turn."""

    @contextmanager
    def run(mode: str = "http", environ: dict[str, str] | None = None, **more: Any) -> Iterator[Bot]:
        slack = {"mode": mode, "url": town.base_url, "workspaces": ["T1", "T2"], "app_id": town.app_id}
        slack |= {"client_id": CLIENT_ID, "address": ADDRESS, **more.pop("slack", {})}
        rules: dict[str, Any] = {
            "people": more.pop("people", PEOPLE),
            "budgets": [{"name": "monthly", "who": "every person", "amount": "10 USD"}],
        }
        settings = Settings.model_validate({"organization": {"name": "Acme"}, "slack": slack, **rules, **more})
        secrets = {**SECRETS, **(environ or {})}
        app = build(settings, secrets, url=database_url)
        app.refresh_people()
        with assembled(app, secrets) as asgi, served(asgi) as url:
            town.bot_url = f"{url}/slack/events" if mode == "http" else ""
            yield Bot(app, town, url)
        app.close()

    return run


@pytest.mark.parametrize("mode", ["http", "socket"])
def test_each_workspace_has_its_token_and_people_of_both_decide_together(
    running: Running, town: SlackTown, mode: str
) -> None:
    """Ana asks in one workspace, Max decides in the other, and each is written to in their own."""
    one, two = town.workspaces["T1"], town.workspaces["T2"]
    with running(mode) as bot:
        assert bot.install(one)[0] == 200
        assert "Acme EU" in bot.install(two)[1]
        assert "$10.00 limit" in json.dumps(two.command("UMAX", "balance").json)

        one.command("UANA", "request 5 for the migration")
        bot.deliver()
        asked = two.seen(two.direct("UMAX"), "UMAX")[-1]
        assert "migration" in asked.words
        two.click("UMAX", "Approve", two.direct("UMAX"))
        bot.deliver()

        told = one.seen(one.direct("UANA"), "UANA")
        assert "5.00" in told[-1].words
        assert not two.messages.get("DUANA")
        assert not one.messages.get("DUMAX")


def test_a_workspace_that_app_yaml_does_not_name_gets_nothing(running: Running, town: SlackTown) -> None:
    """The app is removed there again, nothing is kept, and who speaks there is a stranger."""
    other = town.workspaces["T9"]
    with running() as bot:
        status, page = bot.install(other)

        assert status == 403
        assert "T9" in page
        assert bot.tokens() == []
        assert [each.revoked for each in town.tokens.values()] == [True]
        reply = other.command("UEVE", "balance")
        assert "only speak with people of this workspace" in json.dumps(reply.json)
        assert "left" not in json.dumps(reply.json)


def test_tokens_are_unreadable_in_the_database_and_keys_can_be_exchanged(running: Running, town: SlackTown) -> None:
    """The first key encrypts; at the next start what an older one has encrypted is encrypted anew."""
    newer = Fernet.generate_key().decode()
    with running() as bot:
        bot.install(town.workspaces["T1"])
        kept = bot.tokens()
        assert len(kept) == 4  # token and refresh token, in both tables
        assert not any("xox" in each for each in kept)
        assert "INSTALLER" not in str(bot.app.database.ask(lambda conn: conn.execute(text(INSTALLED)).all()))
    with running(environ={"SLACK_TOKEN_KEYS": f"{newer},{KEY}"}) as bot:
        assert "$10.00" in json.dumps(town.workspaces["T1"].command("UANA", "balance").json)
    with running(environ={"SLACK_TOKEN_KEYS": newer}) as bot:
        assert "$10.00" in json.dumps(town.workspaces["T1"].command("UANA", "balance").json)
        assert all(Fernet(newer).decrypt(each) for each in bot.tokens())


def test_a_state_works_once_and_only_in_the_browser_in_which_it_was_begun(running: Running, town: SlackTown) -> None:
    """Who sends somebody else a finished address, or repeats one, installs nothing."""
    one = town.workspaces["T1"]
    with running() as bot:
        where, cookie = bot.begin()
        back = urlsplit(town.approve(where, one))
        theirs = f"{back.path}?{back.query}"

        assert bot.get(theirs)[0] == 400
        assert bot.get(theirs, bot.begin()[1])[0] == 400
        assert town.given == 0
        assert bot.get(theirs, cookie)[0] == 200
        again = bot.get(theirs, cookie)
        assert again[0] == 400
        assert "used before" in again[1]
        assert town.given == 1


def test_of_two_who_come_with_one_state_at_once_one_is_let_in(database: Database) -> None:
    """On both kinds of database; the other is refused and nothing breaks."""
    stored = [StoredInstallations(database, CLIENT_ID, ciphers(KEY), utc_now) for _ in range(2)]
    for _ in range(5):
        state = stored[0].issue()
        let_in = at_once(*(partial(each.consume, state) for each in stored))
        assert sorted(let_in) == ["False", "True"]
    assert not stored[0].consume("")


def test_what_slack_says_no_to_installs_nothing_and_says_why(running: Running, town: SlackTown) -> None:
    """Cancelled, a code of another redirect, of nobody, and of another app."""
    one = town.workspaces["T1"]
    with running() as bot:
        for query, why in (({"error": "access_denied"}, "cancelled"), ({}, "no code"), ({"code": "x"}, "invalid_code")):
            where, cookie = bot.begin()
            state = parse_qs(urlsplit(where).query)["state"][0]
            assert why in bot.get(f"/slack/oauth_redirect?{urlencode({'state': state, **query})}", cookie)[1]
        where, cookie = bot.begin()
        back = urlsplit(town.approve(where.replace("bursar.acme.test", "evil.test"), one))
        assert "bad_redirect_uri" in bot.get(f"{back.path}?{back.query}", cookie)[1]
        town.answers_for = "A666"
        assert "another app" in bot.install(one)[1]
        assert bot.tokens() == []


def test_scopes_and_a_workspace_to_choose_go_along(running: Running) -> None:
    """Slack is asked for what the manifest has; a workspace that may not is not suggested."""
    with running(schedule=[{"at": "0 9 * * mon", "say": "digest", "in": "slack:T2/C2"}]) as bot:
        asked = parse_qs(urlsplit(bot.begin("/slack/install?team=T2")[0]).query)
        assert asked["team"] == ["T2"]
        assert {"chat:write", "channels:read"} <= set(asked["scope"][0].split(","))
        assert asked["redirect_uri"] == [f"{ADDRESS}/slack/oauth_redirect"]
        assert "team" not in parse_qs(urlsplit(bot.begin("/slack/install?team=T9")[0]).query)


def test_a_token_is_renewed_before_it_ends_by_one_of_several_replicas(database: Database, town: SlackTown) -> None:
    """Two replicas meet a token that ends soon; it is renewed once, and both go on with a good one."""
    town.lasts_s = 3600.0  # less than two hours: it ends soon
    replicas = [_replica(database, town) for _ in range(2)]
    _install(replicas[0], town.workspaces["T1"])
    town.lasts_s = 12 * 3600.0
    given = town.given
    town.slow_next(0.5, path="/api/oauth.v2.access", times=2)

    said = at_once(*(partial(_team, each) for each in replicas))
    assert said == ["T1", "T1"]
    assert town.given == given + 1
    later = [_team(each) for each in replicas]
    assert later == ["T1", "T1"]
    assert town.given == given + 1
    assert sum(asked.get("grant_type") == "refresh_token" for name, asked in town.calls if name == ACCESS) == 1
    fresh = replicas[0].installations.every()["T1"]
    assert town.tokens[fresh.bot_token].refresh == fresh.bot_refresh_token


def test_new_tokens_are_saved_though_the_database_is_away_for_a_while(
    database: Database, town: SlackTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack takes a refresh token once: if what it gives is lost, the app has to be installed again."""
    monkeypatch.setattr(installations, "SAVED_AGAIN_S", (0.0,) * 6)
    town.lasts_s = 3600.0
    replica = _replica(database, town)
    _install(replica, town.workspaces["T1"])
    town.lasts_s = 12 * 3600.0
    transact, away, given = Database.transact, [BusyError("away"), BusyError("still away")], town.given

    def comes_back(self: Database, work: Any, **how: Any) -> Any:
        if away and town.given > given:  # Slack has given the new ones
            raise away.pop()
        return transact(self, work, **how)

    monkeypatch.setattr(Database, "transact", comes_back)
    assert _team(replica) == "T1"
    assert away == []
    fresh = replica.installations.every()["T1"]
    assert town.tokens[fresh.bot_token].refresh == fresh.bot_refresh_token


def test_a_token_that_cannot_be_renewed_is_used_to_its_end_and_then_refused(
    database: Database, town: SlackTown
) -> None:
    """Slack says no to the refresh token; only this workspace has to be installed again."""
    town.lasts_s = 3600.0
    replica = _replica(database, town)
    _install(replica, town.workspaces["T1"])
    town.used.update(each.refresh for each in town.tokens.values())

    assert replica.client("T1").auth_test()["ok"]
    kept = replica.installations.every()["T1"]
    kept.bot_token_expires_at = 1
    replica.installations.renew("T1", kept)
    replica.changed()
    with pytest.raises(SlackApiError) as refused:
        replica.client("T1").auth_test()
    assert code(refused.value) == "token_expired"


def test_an_installation_made_anew_is_neither_overwritten_nor_removed(database: Database, town: SlackTown) -> None:
    """Somebody installs the app again while an older installation is renewed, or found to be gone."""
    replica = _replica(database, town)
    _install(replica, town.workspaces["T1"])
    older = replica.installations.every()["T1"]
    _install(replica, town.workspaces["T1"])
    newer = replica.installations.every()["T1"]

    replica.installations.renew("T1", older)
    replica.installations.remove(older)
    assert replica.installations.every()["T1"].bot_token == newer.bot_token != older.bot_token
    replica.installations.remove(newer)
    assert replica.installations.every() == {}
    replica.installations.renew("T1", newer)
    assert replica.installations.every() == {}


def test_slack_that_does_not_answer_leaves_the_token_as_it_is(database: Database, town: SlackTown) -> None:
    """The outcome is not known: the refresh token is tried once more a minute later, not at once by all."""
    town.lasts_s = 3600.0
    replica = _replica(database, town)
    _install(replica, town.workspaces["T1"])
    town.drop_next(path="/api/oauth.v2.access")

    for _ in range(3):
        assert replica.client("T1").auth_test()["ok"]
    asked = [each for each in town.requests if each.path == "/api/oauth.v2.access"]
    assert len(asked) == 2  # the installation, and one attempt


def test_a_workspace_that_removes_the_app_stops_no_other(running: Running, town: SlackTown) -> None:
    """What is for it waits and goes out when it is installed again; finance hears of it where they are reached."""
    one, two = town.workspaces["T1"], town.workspaces["T2"]
    one.add_user("UFAY", "fay@acme.test")
    with running() as bot:
        bot.install(one)
        bot.install(two)
        for who in (one.command("UFAY", "balance"), two.command("UMAX", "balance")):
            assert who.status == 200

        two.uninstall()
        until(lambda: _paused(bot.app) == ["slack/T2"])
        assert len(bot.tokens()) == 4
        one.command("UANA", "request 5 for the migration")
        bot.deliver()
        assert not two.messages.get("DUMAX")
        told = one.seen(one.direct("UFAY"), "UFAY")[-1].words
        assert "Slack T2 takes no messages from me" in told
        status = bot.app.hear(Sentence("status", "fay", Place("slack", "UFAY")))
        assert status.title == "Slack T2 takes no messages from me"
        tables = {each.caption: each.rows for each in status.blocks if isinstance(each, Table)}
        assert [row[0] for row in tables["Workspaces of Slack"]] == ["Acme (T1)", "T2"]
        assert "no messages" not in json.dumps(one.command("UANA", "balance").json)
        assert "only speak with people" in json.dumps(two.command("UMAX", "balance").json)

        bot.install(two)
        bot.app.now = lambda: utc_now() + timedelta(minutes=1)
        bot.deliver()
        assert "migration" in two.seen("DUMAX", "UMAX")[-1].words
        assert _paused(bot.app) == []


def test_a_late_word_of_a_removal_changes_nothing(running: Running, town: SlackTown) -> None:
    """Slack may tell it when the app is installed again; its token is asked, not the event."""
    with running() as bot:
        bot.install(town.workspaces["T1"])
        bot.install(town.workspaces["T2"])
        town.workspaces["T2"].tell({"type": "app_uninstalled"})
        town.workspaces["T9"].tell({"type": "app_uninstalled"})
        assert "limit" in json.dumps(town.workspaces["T2"].command("UMAX", "balance").json)
        assert len(bot.tokens()) == 8


def test_a_user_id_of_one_workspace_is_nobody_in_another(running: Running, town: SlackTown) -> None:
    """Ids are unique in a workspace only: the namesake of Max's account in the other workspace is not Max."""
    one, two = town.workspaces["T1"], town.workspaces["T2"]
    one.add_user("UMAX", "eve@acme.test")
    with running() as bot:
        bot.install(one)
        bot.install(two)
        assert "limit" in json.dumps(two.command("UMAX", "balance").json)

        assert "not on the list of people" in json.dumps(one.command("UMAX", "balance").json)
        # Max writes in a channel that both share; Slack tells it to the first one, which has a namesake of his.
        one.add_user("UMAX", "ana@acme.test")
        one.add_channel("C1")
        one.mention("UMAX", "balance", user_team="T2")
        until(lambda: "only speak with people of this workspace" in one.seen("C1", "UMAX")[-1].words)
        assert bot.app.database.ask(lambda conn: people.members(conn, "slack")) == [("T2/UMAX", "person/max")]


def test_people_of_a_partner_are_strangers_in_every_workspace(running: Running, town: SlackTown) -> None:
    """In a shared channel: theirs are refused though their profile has Ana's address; ours are heard."""
    one, two = town.workspaces["T1"], town.workspaces["T2"]
    one.add_user("UEVE", "ana@acme.test", team_id="T9")
    one.add_user("UMAX", "max@acme.test", team_id="T2")
    one.add_channel("C1")
    with running() as bot:
        bot.install(one)
        bot.install(two)

        one.mention("UEVE", "balance")
        one.mention("UMAX", "balance")
        bot.deliver()
        until(lambda: any("another company" in each.words for each in one.seen("C1", "UEVE")))
        assert "limit" in one.seen("C1", "UMAX")[-1].words
        links = bot.app.database.ask(lambda conn: people.members(conn, "slack"))
        assert links == [("T2/UMAX", "person/max")]


def test_requests_that_name_other_workspaces_get_nothing_by_it(running: Running, town: SlackTown) -> None:
    """Whatever a signed payload says of workspace, organization and app, it only chooses among our installations."""
    one, two = town.workspaces["T1"], town.workspaces["T2"]
    with running() as bot:
        assert one.send("events_api", {"type": "url_verification", "challenge": "abc"}).body == "abc"
        bot.install(one)
        bot.install(two)
        two.command("UMAX", "balance")

        refused = one.command("UMAX", "balance", team_id="T9", enterprise_id="T1")
        assert "$10" not in json.dumps(refused.json)
        foreign = one.command("UANA", "balance", api_app_id="A666")
        assert foreign.status == 401
        odd = one.command("UANA", "balance", enterprise_id="E666", is_enterprise_install="true")
        assert "limit" in json.dumps(odd.json)


def test_channels_of_another_workspace_are_named_with_it(running: Running, town: SlackTown) -> None:
    """A scheduled digest goes where app.yaml says; without a workspace it is the first one's."""
    one, two = town.workspaces["T1"], town.workspaces["T2"]
    one.add_channel("C1")
    with running() as bot:
        bot.install(one)
        bot.install(two)
        for place in ("slack:C1", "slack:T2/C2", "slack:T7/C7"):
            bot.app.post(place, named_place(place), Card(f"For {place}", personal=False))
        bot.deliver()

        assert [each.text for each in one.messages["C1"]] == ["For slack:C1"]
        assert [each.text for each in two.messages["C2"]] == ["For slack:T2/C2"]
        status = bot.app.hear(Sentence("status", "fay", Place("terminal", "fay")))
        assert "Workspace T7 is not in slack.workspaces" in str(status.blocks)


def test_an_organization_installs_once_for_all_its_workspaces(running: Running, town: SlackTown) -> None:
    """One token for the whole organization, which says of which workspace it asks; a person is one everywhere."""
    grid = town.workspace("E1", "Acme Group", teams=("T5", "T6"))
    grid.add_user("WANA", "ana@acme.test", team_id="T5")
    grid.add_user("WMAX", "max@acme.test", team_id="T6")
    grid.add_channel("C5")
    with running(slack={"workspaces": ["E1"]}, directory=["slack"]) as bot:
        grid.fields = [{"id": "Xf1", "type": "user", "label": "Manager"}]
        grid.scopes.add("users.profile:read")
        assert bot.install(grid)[0] == 200

        links = bot.app.database.ask(lambda conn: people.members(conn, "slack"))
        assert links == [("E1/WANA", "person/ana"), ("E1/WMAX", "person/max")]
        assert {args.get("team_id") for name, args in grid.calls if name == "users.list"} == {"T5", "T6"}
        assert "limit" in json.dumps(grid.command("WANA", "balance", team_id="T6").json)
        grid.mention("WMAX", "balance", "C5")
        bot.deliver()
        assert "limit" in grid.seen("C5", "WMAX")[-1].words
        grid.open_home("WANA")
        until(lambda: bot.app.deliver() and "WANA" in grid.homes)
        grid.command("WANA", "request")
        grid.wait(lambda: grid.modal("WANA"))
        grid.submit("WANA", amount="5", reason="the migration")
        bot.deliver()
        grid.click("WMAX", "Approve", grid.direct("WMAX"))
        bot.deliver()
        assert "5.00" in grid.seen(grid.direct("WANA"), "WANA")[-1].words


def test_workspaces_of_one_organization_know_a_person_once(running: Running, town: SlackTown) -> None:
    """On Grid an id is the same in all workspaces: whoever is known by one is known in the others."""
    north = town.workspace("T3", "North", enterprise="E3")
    south = town.workspace("T4", "South", enterprise="E3")
    for each in (north, south):
        wide = {"id": "WANA", "enterprise_id": "E3", "teams": ["T3", "T4"]}
        each.add_user("WANA", "ana@acme.test", enterprise_user=wide)
    with running(slack={"workspaces": ["T3", "T4"]}) as bot:
        bot.install(north)
        bot.install(south)
        assert "limit" in json.dumps(south.command("WANA", "balance").json)
        assert "limit" in json.dumps(north.command("WANA", "balance").json)
        links = bot.app.database.ask(lambda conn: people.members(conn, "slack"))
        assert links == [("T3/WANA", "person/ana")]


def test_who_is_in_several_workspaces_is_written_to_in_the_first(running: Running, town: SlackTown) -> None:
    """One message, not two, and known in both."""
    one, two = town.workspaces["T1"], town.workspaces["T2"]
    one.add_user("UMAX1", "max@acme.test")
    with running() as bot:
        bot.install(one)
        bot.install(two)
        two.command("UMAX", "balance")
        one.command("UMAX1", "balance")
        one.command("UANA", "request 5 for the migration")
        bot.deliver()
        assert len(one.messages["DUMAX1"]) == 1
        assert not two.messages.get("DUMAX")


def test_people_sources_are_read_in_each_workspace_and_one_that_is_gone_makes_nobody_leave(
    running: Running, town: SlackTown
) -> None:
    """Before the first installation nobody is known; once somebody is, a workspace that cannot be read is trouble."""
    two = town.workspaces["T2"]
    for each in (town.workspaces["T1"], two):
        each.fields = []
    with running(directory=["slack"], people=[]) as bot:
        assert bot.app.everybody() == []
        bot.install(town.workspaces["T1"])
        bot.install(two)
        assert [each.name for each in bot.app.everybody()] == ["ana", "max"]

        two.uninstall()
        until(lambda: _paused(bot.app) == ["slack/T2"])
        assert "Workspace T2 has not installed the app" in bot.app.refresh_people()
        assert [each.name for each in bot.app.everybody()] == ["ana", "max"]


def _team(replica: Workspaces) -> str:
    return str(replica.client("T1").auth_test()["team_id"])


def _paused(app: App) -> list[str]:
    return [each.target for each in app.database.ask(pauses.every)]


def _replica(database: Database, town: SlackTown) -> Workspaces:
    stored = StoredInstallations(database, CLIENT_ID, ciphers(KEY), utc_now)
    return Workspaces(stored, AppCredentials(town.app_id, CLIENT_ID, CLIENT_SECRET), ["T1"], [], town.base_url)


def _install(replica: Workspaces, workspace: Workspace) -> None:
    pages = InstallPages(replica, ADDRESS, ["chat:write"], "en", lambda: None)
    state = replica.installations.issue()
    said = {"client_id": CLIENT_ID, "scope": "chat:write", "state": state, "redirect_uri": ADDRESS + BACK_PATH}
    address = f"?{urlencode(said)}"
    back = parse_qs(urlsplit(workspace.town.approve(address, workspace)).query)
    pages._installed({name: each[0] for name, each in back.items()}, state)


def test_check_says_what_each_workspace_lacks(running: Running, town: SlackTown, tmp_path: Path) -> None:
    """Not installed, a scope that is missing, a channel of a workspace, and a token that no key opens."""
    rules = {
        "people": PEOPLE,
        "slack": {"url": town.base_url, "workspaces": ["T1", "T2"], "app_id": "A1", "client_id": CLIENT_ID}
        | {"address": ADDRESS},
        "schedule": [{"at": "0 9 * * mon", "say": "digest", "in": f"slack:{each}"} for each in ("T2/C2", "C1")],
    }
    (tmp_path / "app.yaml").write_text(yaml.safe_dump(rules))
    with running() as bot:
        where = bot.app.database.url.render_as_string(hide_password=False)
        environ = {**SECRETS, "BURSAR_CONFIG": str(tmp_path / "app.yaml"), "DATABASE_URL": where}

        def failed(**more: str) -> dict[str, str]:
            return {each.what: each.advice for each in findings({**environ, **more}) if not each.ok}

        assert f"{ADDRESS}/slack/install?team=T1" in failed()["Slack: workspace T1"]
        bot.install(town.workspaces["T1"])
        bot.install(town.workspaces["T2"])
        town.workspaces["T2"].scopes -= {"im:write"}
        for each in ("T1", "T2"):
            town.workspaces[each].scopes |= {"channels:read"}
        assert failed().keys() == {"Slack: scope im:write", "Slack: channel C1"}
        lost = failed(SLACK_TOKEN_KEYS=Fernet.generate_key().decode())
        assert "cannot be decrypted" in lost["Slack: workspace T1"]
        assert "no key of Fernet" in str(failed(SLACK_TOKEN_KEYS="secret"))


@pytest.mark.parametrize(
    ("slack", "said"),
    [
        ({"workspaces": ["T1"]}, "app_id, client_id, address"),
        ({"app_id": "A1"}, "which workspaces"),
        ({"workspaces": ["Acme"]}, "not the id of a workspace"),
        ({"workspaces": ["T1", "T1"], "app_id": "A1", "client_id": "1.2", "address": ADDRESS}, "twice"),
        ({"workspaces": ["T1"], "app_id": "A1", "client_id": "1.2", "address": "bursar"}, "not an address"),
    ],
)
def test_settings_that_do_not_fit_are_told(slack: dict[str, Any], said: str) -> None:
    """What is missing, and what would be right."""
    with pytest.raises(ValidationError, match=said):
        Settings.model_validate({"slack": slack})
