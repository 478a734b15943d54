"""Slack's directory as a people source: who is taken for whom, whose manager is asked for, and what a no means."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from bot.directory.slack.managers import PROFILES_MAX
from bot.directory.slack.source import PAGE_MEMBERS, SlackDirectory
from bot.directory.source import Known
from bot.errors import OutsideError, RefusesUsError, UndeliverableError, UnreachableError
from bot.platforms.slack.client import web_client
from bot.platforms.slack.manifest import DIRECTORY_SCOPES, GROUP_SCOPES, SCOPES, manifest
from storage.directory import Directory, Group, Link, Person
from tests.support.clock import Clock
from tests.support.fakes.slack import FakeSlack
from tests.support.knowing import knowing

FIELD = "Xf1"
BUSY = {"ok": False, "error": "ratelimited"}


@dataclass
class Office:
    """A workspace and what we read of it."""

    slack: FakeSlack
    clock: Clock
    source: SlackDirectory
    pauses: list[float] = field(default_factory=list)

    def joins(self, name: str, manager: str = "", **flags: Any) -> str:
        """Somebody comes into the workspace, with a manager in the profile."""
        user = self.slack.add_user(f"U{name.upper()}", flags.pop("email", f"{name}@acme.example"), **flags)
        self.slack.users[user]["profile"] |= {"real_name": name.title()}
        self.is_managed(name, manager)
        return user

    def is_managed(self, name: str, manager: str, updated: int = 0) -> None:
        """The profile of somebody names a manager."""
        user = self.slack.users[f"U{name.upper()}"]
        user["profile"]["fields"] = {FIELD: f"U{manager.upper()}"} if manager else {}
        user["updated"] = updated

    def read(self, known: Known | None = None) -> Directory:
        """Read the directory."""
        told = self.source.read(known or knowing())
        return replace(told, people=tuple(told.everybody()), links=tuple(told.links), more=())

    def managers(self, known: Known | None = None) -> dict[str, str]:
        """Who has which manager."""
        return {one.id: one.manager for one in self.read(known).people if one.manager}

    def asked(self, method: str) -> int:
        """How often a method was called."""
        return sum(called == method for called, _ in self.slack.calls)


@pytest.fixture
def office(clock: Clock) -> Iterator[Office]:
    """A workspace with nobody but the bot, and the field "Manager"."""
    with FakeSlack() as slack:
        slack.scopes |= DIRECTORY_SCOPES.keys()
        slack.fields = [
            {"id": "Xf0", "type": "text", "label": "Manager"},
            {"id": FIELD, "type": "user", "label": "Manager"},
        ]
        slack.add_user("UBOT", is_bot=True)
        pauses: list[float] = []
        client = web_client(slack.bot_token, slack.base_url)
        yield Office(slack, clock, SlackDirectory(client, clock, pause=pauses.append), pauses)


# Who is who


def test_a_member_is_a_person_with_name_zone_locale_and_a_link(office: Office) -> None:
    """The id is made of the confirmed address."""
    office.joins("ana", tz="America/New_York", locale="pt-BR")

    assert office.read() == Directory(
        people=(Person("ana", "Ana", "ana@acme.example", zone="America/New_York", locale="pt_BR"),),
        links=(Link("slack", "user", "T1/UANA", "person/ana"),),
    )


def test_half_a_letter_in_a_name_keeps_nobody_out(office: Office) -> None:
    """Names are cut where there is no room, in the middle of an emoji, too; no database keeps what is left of it."""
    office.slack.users[office.joins("ana")]["profile"]["real_name"] = "Ana \ud83d"
    office.joins("bob")
    assert {one.name for one in office.read().people} >= {"Ana ", "Bob"}


def test_a_name_is_taken_from_where_there_is_one(office: Office) -> None:
    """The profile's full name, the user's, the one that is displayed, and at last the user name."""
    user = office.slack.users[office.joins("ana")]
    user |= {"name": "a.silva", "real_name": "Ana S."}
    user["profile"]["display_name"] = "anita"
    found = [one.name for one in office.read().people]
    for place, missing in ((user["profile"], "real_name"), (user, "real_name"), (user["profile"], "display_name")):
        del place[missing]
        found += [one.name for one in office.read().people]

    assert found == ["Ana", "Ana S.", "anita", "a.silva"]


@pytest.mark.parametrize(
    "flags",
    [
        {"is_bot": True},
        {"is_app_user": True},
        {"is_restricted": True},
        {"is_ultra_restricted": True},
        {"is_stranger": True},
        {"team_id": "T2"},
        {"deleted": True},
        {"is_email_confirmed": False},
        {"email": ""},
    ],
)
def test_guests_bots_strangers_and_the_unconfirmed_are_nobody(office: Office, flags: dict[str, Any]) -> None:
    """Nor is Slackbot, who calls itself no bot."""
    office.joins("ana")
    office.joins("eve", **flags)

    assert [one.id for one in office.read().people] == ["ana"]


def test_a_member_of_the_same_organization_is_one_of_ours(office: Office) -> None:
    """On Enterprise Grid people belong to the organization."""
    office.joins("ana", team_id="T2", enterprise_user={"enterprise_id": "E1"})
    assert office.read().people == ()

    office.slack.enterprise = "E1"
    assert [one.id for one in office.read().people] == ["ana"]


def test_a_member_with_the_address_of_somebody_known_is_that_person(office: Office) -> None:
    """By another source or by memory; the address counts, not what the id would be."""
    office.joins("ana")
    office.joins("bob")
    known = knowing(
        Directory(people=(Person("ana.silva", "Ana", "Ana@Acme.example"), Person("bob", "Bob", "bob@other.example"))),
        remembered={"bobby": Person("bobby", "Bob", "bob@acme.example", active=False)},
    )

    assert {link.external_id: link.account for link in office.read(known).links} == {
        "T1/UANA": "person/ana.silva",
        "T1/UBOB": "person/bobby",
    }


def test_a_namesake_gets_an_id_of_their_own(office: Office) -> None:
    """Somebody without an address in app.yaml is not given to whoever has a similar one."""
    office.joins("ana")
    known = knowing(Directory(people=(Person("ana", "Ana", roles=("admin",)),)))

    assert [one.id for one in office.read(known).people] == ["ana-acme.example"]


def test_an_id_of_the_past_is_not_given_to_somebody_new(office: Office) -> None:
    """It leads to the history of whoever had it, or to whom another source calls so."""
    office.joins("ana")
    office.joins("bob")
    past = {"ana": Person("ana", "Ana", "ana@other.example", active=False)}
    known = knowing(aliases={"bob": "robert"}, remembered=past)

    assert [one.id for one in office.read(known).people] == ["ana-acme.example", "bob-acme.example"]


def test_of_two_who_had_an_address_the_one_who_is_there_counts(office: Office) -> None:
    """Addresses are given to others after years."""
    office.joins("ana")
    past = {
        "ana.old": Person("ana.old", "Ana", "ana@acme.example", active=False),
        "ana.new": Person("ana.new", "Ana", "ana@acme.example"),
        "ana.z": Person("ana.z", "Ana", "ana@acme.example", active=False),
    }

    assert [one.id for one in office.read(knowing(remembered=past)).people] == ["ana.new"]


def test_a_link_counts_more_than_an_address(office: Office) -> None:
    """So somebody whose address changes stays who they are, and an admin's word stands."""
    user = office.joins("ana", email="ana.weber@acme.example")
    people = (Person("ana", "Ana", "ana@acme.example"), Person("max", "Max", "ana.weber@acme.example"))
    before = knowing(Directory(people=people), linked={f"T1/{user}": "person/ana"})
    explicit = (Link("slack", "user", f"T1/{user}", "person/max"),)

    assert [one.id for one in office.read(before).people] == ["ana"]
    assert [one.id for one in office.read(replace(before, earlier=Directory(people, links=explicit))).people] == ["max"]


def test_an_identity_that_is_linked_to_an_agent_is_no_person(office: Office) -> None:
    """Some programs have a whole account."""
    user = office.joins("crawler")

    assert office.read(knowing(linked={f"T1/{user}": "agent/crawler"})) == Directory()


def test_addresses_link_nobody_if_app_yaml_says_so(office: Office) -> None:
    """`slack.link_by_email: false` holds here, too; whoever is only in Slack needs no address to be linked."""
    office.source = SlackDirectory(
        web_client(office.slack.bot_token, office.slack.base_url), office.clock, link_by_email=False
    )
    office.joins("ana")
    office.joins("bob")
    told = office.read(knowing(Directory(people=(Person("ana", "Ana", "ana@acme.example"),))))

    assert [one.id for one in told.people] == ["ana", "bob"]
    assert [link.account for link in told.links] == ["person/bob"]


def test_who_is_deactivated_has_left_if_we_know_them(office: Office) -> None:
    """The names of all who ever left are not taken up."""
    office.joins("ana", deleted=True)
    office.joins("old", deleted=True)
    told = office.read(knowing(remembered={"ana": Person("ana", "Ana", "ana@acme.example")}))

    assert told.people == (Person("ana", "Ana", "ana@acme.example", active=False),)


def test_a_new_account_of_the_same_person_is_not_undone_by_the_old_one(office: Office) -> None:
    """One of two accounts was deactivated; the person is there."""
    office.joins("ana", deleted=True)
    office.slack.users["UANA2"] = {**office.slack.users["UANA"], "id": "UANA2", "deleted": False}
    told = office.read(knowing(remembered={"ana": Person("ana", "Ana", "ana@acme.example")}))

    assert [one.active for one in told.people] == [True]


# Whose manager


def test_the_manager_comes_from_the_profile_field_that_holds_a_user(office: Office) -> None:
    """A text field of the same label is no use; a manager who is a guest is nobody."""
    office.joins("kim")
    office.joins("max", "kim")
    office.joins("ana", "max")
    office.joins("bob", "gus")
    office.joins("gus", is_restricted=True)

    assert office.managers() == {"max": "kim", "ana": "max"}


def test_profiles_are_asked_for_only_where_no_earlier_source_names_a_manager(office: Office) -> None:
    """Each costs a request of its own; with none to ask for, the scope is not needed."""
    office.joins("max")
    office.joins("ana", "max")
    people = (Person("ana", "Ana", "ana@acme.example", "kim"), Person("max", "Max", "max@acme.example"))

    assert office.managers(knowing(Directory(people=people))) == {}
    assert [said["user"] for method, said in office.slack.calls if method == "users.profile.get"] == ["UMAX"]

    office.slack.scopes -= DIRECTORY_SCOPES.keys()
    assert len(office.read(knowing(Directory(people=(people[0], replace(people[1], manager="kim"))))).people) == 2


def test_a_profile_is_read_once_a_day_and_whenever_its_user_has_changed(office: Office) -> None:
    """Slack says of each user when it was changed last."""
    office.joins("max")
    office.joins("kim")
    office.joins("ana", "max")
    assert office.managers() == {"ana": "max"}
    assert office.managers() == {"ana": "max"}
    assert office.asked("users.profile.get") == 3

    office.is_managed("ana", "kim", updated=1)
    assert office.managers() == {"ana": "kim"}
    assert office.asked("users.profile.get") == 4

    office.clock.forward(timedelta(days=1))
    office.managers()
    assert office.asked("users.profile.get") == 7


def test_one_reading_asks_for_a_hundred_profiles_first_for_people_without_any_manager(office: Office) -> None:
    """The others keep the manager that is remembered; the next reading goes on."""
    office.joins("boss")
    names = [f"p{n:03}" for n in range(PROFILES_MAX + 20)]
    for name in names:
        office.joins(name, "boss")
    remembered = {name: Person(name, name, f"{name}@acme.example", "old") for name in names[:60]}
    first = office.managers(knowing(remembered=remembered))

    assert office.asked("users.profile.get") == PROFILES_MAX
    assert {name: first[name] for name in names[60:]} == dict.fromkeys(names[60:], "boss")
    assert set(first.values()) == {"boss", "old"}
    assert set(office.managers(knowing(remembered=remembered)).values()) == {"boss"}
    assert office.asked("users.profile.get") == PROFILES_MAX + 21


def test_where_slack_has_no_time_for_profiles_the_people_are_read_nevertheless(office: Office) -> None:
    """What is remembered stands, and the rest is asked for at the next reading."""
    office.joins("max")
    office.joins("ana", "max")
    office.slack.fail_next(429, {"Retry-After": "30"}, BUSY, path="/api/users.profile.get")
    remembered = knowing(remembered={"ana": Person("ana", "Ana", "ana@acme.example", "kim")})

    assert office.managers(remembered) == {"ana": "kim"}
    assert office.pauses == []
    assert office.managers(remembered) == {"ana": "max"}


def test_a_workspace_without_the_field_names_no_managers(office: Office) -> None:
    """And then no profile is asked for."""
    office.joins("ana", "max")
    office.slack.fields = []

    assert office.managers() == {}
    assert office.asked("users.profile.get") == 0


# Pages, and what a no means


def test_every_page_is_read(office: Office) -> None:
    """In pages of two hundred, whatever their order."""
    for n in range(PAGE_MEMBERS * 2 + 50):
        office.joins(f"p{n}")
    office.slack.fields = []

    assert len(office.read().people) == PAGE_MEMBERS * 2 + 50
    assert office.asked("users.list") == 3


def test_asked_to_slow_down_it_waits_as_long_as_it_is_told(office: Office) -> None:
    """And gives up where it would take too long."""
    office.joins("ana")
    office.slack.fail_next(429, {"Retry-After": "7"}, BUSY, path="/api/users.list", times=2)
    assert len(office.read().people) == 1
    assert office.pauses == [7, 7]

    office.slack.fail_next(429, {"Retry-After": "120"}, BUSY, path="/api/users.list", times=3)
    with pytest.raises(UnreachableError, match="Read Slack's people: Slack is busy or down"):
        office.read()
    assert office.pauses == [7, 7, 120, 120]


def test_a_page_that_comes_again_ends_the_reading(office: Office) -> None:
    """Nothing of an endless list counts."""
    office.joins("ana")
    page = {"ok": True, "members": [], "response_metadata": {"next_cursor": "again"}}
    office.slack.fail_next(200, body=page, path="/api/users.list", times=3)

    with pytest.raises(UndeliverableError, match="the same page of its people twice, so nothing of it counts"):
        office.read()


def test_a_list_without_an_end_ends_the_reading(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a limit on everything."""
    monkeypatch.setattr("bot.directory.slack.source.PAGES_MAX", 2)
    for cursor in ("a", "b"):
        page = {"ok": True, "members": [], "response_metadata": {"next_cursor": cursor}}
        office.slack.fail_next(200, body=page, path="/api/users.list")

    with pytest.raises(UndeliverableError, match="no end of people"):
        office.read()


def test_a_page_in_the_middle_that_fails_fails_the_whole(office: Office) -> None:
    """Half a company is worse than yesterday's."""
    for n in range(PAGE_MEMBERS + 50):
        office.joins(f"p{n}")
    office.slack.slow_next(0, path="/api/users.list")
    office.slack.fail_next(503, path="/api/users.list")

    with pytest.raises(UnreachableError, match="Read Slack's people: Slack is busy or down"):
        office.read()


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        ("users:read", "Read Slack's people: Slack said missing_scope. The app lacks a scope"),
        ("users:read.email", "Slack shows nobody's e-mail address: add the scope users:read.email"),
        ("users.profile:read", r"Read Slack's profile fields \(scope users.profile:read\): Slack said missing_scope"),
    ],
)
def test_a_scope_that_is_missing_is_said_plainly(office: Office, scope: str, said: str) -> None:
    """With what to do."""
    office.joins("ana")
    office.slack.scopes.discard(scope)

    with pytest.raises(OutsideError, match=said):
        office.read()


def test_without_a_token_or_with_a_wrong_one_it_says_what_to_set(office: Office) -> None:
    """Before anything is asked, if there is none."""
    with pytest.raises(UndeliverableError, match="set SLACK_BOT_TOKEN"):
        SlackDirectory(web_client("", office.slack.base_url), office.clock).read(knowing())
    assert not office.slack.requests
    with pytest.raises(RefusesUsError, match=r"Slack said invalid_auth\. The bot token is not valid"):
        SlackDirectory(web_client("xoxb-x", office.slack.base_url), office.clock).read(knowing())


def test_the_directory_needs_one_scope_more(office: Office) -> None:
    """The manifest asks for it only where the directory is a people source."""
    office.joins("ana")
    office.read()

    assert office.slack.scopes_used == {"users:read", "users:read.email", *DIRECTORY_SCOPES}
    assert manifest("/tokens", None, directory=True)["oauth_config"]["scopes"]["bot"] == [*SCOPES, *DIRECTORY_SCOPES]
    assert manifest("/tokens", None)["oauth_config"]["scopes"]["bot"] == list(SCOPES)


def test_user_groups_are_groups_of_app_yaml(office: Office) -> None:
    """Guests and strangers in them are nobody here. A group that is not there stops the source."""
    office.joins("ana")
    office.joins("bob")
    office.slack.usergroups["S1"] = ["UBOB", "UGUEST"]
    office.slack.scopes |= GROUP_SCOPES.keys()
    client = web_client(office.slack.bot_token, office.slack.base_url)

    assert SlackDirectory(client, office.clock, groups={"contractors": "S1"}).read(knowing()).groups == (
        Group("contractors", ("bob",)),
    )
    with pytest.raises(UndeliverableError, match="Read Slack's user group S9: Slack said no_such_subteam"):
        SlackDirectory(client, office.clock, groups={"contractors": "S9"}).read(knowing())
    assert "usergroups:read" in manifest("/tokens", None, groups=True)["oauth_config"]["scopes"]["bot"]
