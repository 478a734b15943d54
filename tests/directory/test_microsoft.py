"""People from Microsoft Entra: msal and our reading of Graph, against Graph on loopback."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from bot.config import TeamsSettings
from bot.directory.microsoft.mailbox_zones import IANA, zone_name
from bot.directory.microsoft.source import MicrosoftDirectory, token
from bot.errors import UndeliverableError, UnreachableError
from storage.directory import Directory, Group, Link, Person, Team
from tests.support.fakes.graph import TOKEN, FakeEntra, FakeGraph
from tests.support.knowing import knowing

TENANT, APP = str(UUID(int=0xACE)), str(UUID(int=0xB0B))
SETTINGS = TeamsSettings(app_id=APP, tenants=(TENANT,))


@pytest.fixture
def graph() -> Iterator[FakeGraph]:
    """A tenant of five, which is three pages."""
    with FakeGraph() as tenant:
        tenant.hire("kim", "Kim Tanaka", department="Engineering")
        tenant.hire("max", "Max Weber", "kim", department="Search")
        tenant.hire("ana", "Ana Silva", "max", department="Search", preferredLanguage="pt-PT")
        tenant.hire("bob", "Bob Reyes", "max", department="Search", accountEnabled=False)
        tenant.hire("gus", "Gus Guest", userType="Guest")
        yield tenant


def source(graph: FakeGraph, *, link_by_email: bool = True) -> MicrosoftDirectory:
    """The people source."""
    return MicrosoftDirectory(TENANT, lambda: TOKEN, link_by_email=link_by_email, url=graph.url)


def identity(name: str) -> str:
    """What somebody is known by in Teams."""
    return f"{TENANT}/oid-{name}"


def test_everybody_comes_with_manager_department_and_identity(graph: FakeGraph) -> None:
    """All pages; who is disabled and was never known is left out, and so are guests."""
    found = source(graph).read(knowing())

    assert found.people == (
        Person("kim", "Kim Tanaka", "kim@acme.example", team="engineering"),
        Person("max", "Max Weber", "max@acme.example", "kim", "search"),
        Person("ana", "Ana Silva", "ana@acme.example", "max", "search", locale="pt_PT"),
    )
    assert {(team.id, team.name, team.owner) for team in found.teams} >= {("search", "Search", "max")}
    assert set(found.links) == {Link("teams", "user", identity(who), f"person/{who}") for who in ("kim", "max", "ana")}


def test_half_a_letter_in_a_name_keeps_nobody_out(graph: FakeGraph) -> None:
    """Names are cut where there is no room, in the middle of an emoji, too; no database keeps what is left of it."""
    graph.hire("eva", "Eva Lang \ud83d", "max", department="Search\0")
    graph.hire("odd", "Odd", mail="o\0dd@acme.example")
    found = {one.id: one for one in source(graph).read(knowing()).people}
    assert (found["eva"].name, found["eva"].team) == ("Eva Lang ", "search")
    assert "o" not in {one.email[:1] for one in found.values()}


def test_who_is_known_keeps_the_id(graph: FakeGraph) -> None:
    """By a link that was made before, else by the address; and who is disabled has left."""
    hr = Directory(people=(Person("weber", "Max", "max@acme.example"),), teams=(Team("s", "search"),))
    known = knowing(hr, remembered={"rey": Person("rey", "Bob")}, linked={identity("bob"): "person/rey"})
    found = {one.id: one for one in source(graph).read(known).people}

    assert set(found) == {"kim", "weber", "ana", "rey"}
    assert found["ana"].manager == "weber"
    assert found["ana"].team == "s"
    assert found["rey"].active is False


def test_an_address_links_only_if_app_yaml_says_so(graph: FakeGraph) -> None:
    """`msteams.link_by_email: false`: whom HR names is linked by hand."""
    hr = knowing(Directory(people=(Person("ana", "Ana", "ana@acme.example"),)))

    linked = {link.account for link in source(graph, link_by_email=False).read(hr).links}
    assert linked == {"person/kim", "person/max"}


def test_where_managers_are_refused_people_come_without_them(graph: FakeGraph) -> None:
    """And `check` says it, with what to do."""
    graph.managers_refused = True

    assert [one.manager for one in source(graph).read(knowing()).people] == ["", "", ""]
    people, managers, _zones = source(graph).check()
    assert people.ok
    assert not managers.ok
    assert "HR export" in managers.advice


def test_without_the_right_nothing_is_read_and_check_says_which_it_is(graph: FakeGraph) -> None:
    """Half a company is worse than yesterday's."""
    graph.refused = True
    with pytest.raises(UndeliverableError, match=r"User\.Read\.All"):
        source(graph).read(knowing())
    (only,) = source(graph).check()
    assert "User.Read.All" in only.advice


def test_with_the_right_check_says_that_all_is_well(graph: FakeGraph) -> None:
    """Three cheap requests."""
    assert [finding.ok for finding in source(graph).check()] == [True, True, True]
    assert len(graph.requests) == 3


# Where people are ----------------------------------------------------------------------------------------------------


def zones(found: Directory) -> dict[str, str]:
    """The zone of everybody."""
    return {one.id: one.zone for one in found.people}


def test_zones_come_from_mailboxes_by_either_of_their_names(graph: FakeGraph) -> None:
    """Windows' name, or that of the time zone database; who has no mailbox, or a zone of their own making, has none."""
    for user, zone in zip(graph.users, ("W. Europe Standard Time", "Asia/Tokyo", "Customized Time Zone"), strict=False):
        user["zone"] = zone

    assert zones(source(graph).read(knowing())) == {"kim": "Europe/Berlin", "max": "Asia/Tokyo", "ana": ""}


def test_every_zone_that_windows_has_is_known() -> None:
    """CLDR's list, and each name in it is one of the time zone database."""
    assert len(IANA) > 130
    assert all(map(zone_name, IANA))


def test_zones_are_asked_for_twenty_at_a_time(graph: FakeGraph) -> None:
    """Of those only of whom no other source says one, and not of whoever has left."""
    for number in range(40):
        graph.hire(f"p{number}", f"Person {number}", zone="Tokyo Standard Time")
    hr = Directory(people=(Person("ana", "Ana", "ana@acme.example", zone="America/Lima"),))
    found = zones(source(graph).read(knowing(hr)))

    assert {found[f"p{number}"] for number in range(40)} == {"Asia/Tokyo"}
    batches = [heard for heard in graph.requests if heard.path == "/$batch"]
    assert len(batches) == 3
    asked = b"".join(heard.body for heard in batches)
    assert b"oid-ana" not in asked
    assert b"oid-bob" not in asked


def test_without_the_right_people_come_without_zones_and_check_says_how_to_have_them(graph: FakeGraph) -> None:
    """One request finds it out, and it is no trouble: the house's zone counts, as for everybody."""
    graph.users[0]["zone"] = "Tokyo Standard Time"
    graph.zones_refused = True
    for number in range(40):
        graph.hire(f"p{number}", f"Person {number}")

    earlier = {"kim": Person("kim", "Kim", zone="America/Lima")}
    assert set(zones(source(graph).read(knowing(remembered=earlier))).values()) == {""}
    assert len([heard for heard in graph.requests if heard.path == "/$batch"]) == 1
    *_, finding = source(graph).check()
    assert finding.ok
    assert "MailboxSettings.Read" in finding.advice


def test_a_zone_that_graph_has_no_time_for_stays_as_it_was(graph: FakeGraph) -> None:
    """Too busy for one mailbox, or for all of them."""
    for user in graph.users:
        user["zone"] = "Tokyo Standard Time"
    earlier = knowing(remembered={"kim": Person("kim", "Kim", "kim@acme.example", zone="America/Lima")})
    graph.busy_mailboxes = {"oid-kim"}
    assert zones(source(graph).read(earlier)) == {"kim": "America/Lima", "max": "Asia/Tokyo", "ana": "Asia/Tokyo"}

    graph.fail_next(503, {"Retry-After": "3600"}, path="/$batch")
    assert zones(source(graph).read(earlier)) == {"kim": "America/Lima", "max": "", "ana": ""}


def test_a_mailbox_that_is_kept_from_us_costs_nobody_else_the_zone(graph: FakeGraph) -> None:
    """A tenant may let an application into some mailboxes only: the last one, alone in its batch, is none of them."""
    graph.users.clear()
    for number in range(21):
        graph.hire(f"p{number:02}", f"Person {number}", zone="Tokyo Standard Time")
    graph.kept_mailboxes = {"oid-p20"}

    found = zones(source(graph).read(knowing()))
    assert found.pop("p20") == ""
    assert set(found.values()) == {"Asia/Tokyo"}


def test_an_answer_to_a_batch_that_cannot_be_right_changes_no_zone(graph: FakeGraph) -> None:
    """Neither an odd body nor an answer to what was not asked."""
    earlier = knowing(remembered={"kim": Person("kim", "Kim", "kim@acme.example", zone="America/Lima")})
    wrong: list[object] = [[], {"responses": [{"id": "77", "status": 200}, {"id": "0"}, 5]}]
    for body in wrong:
        graph.fail_next(200, body=body, path="/$batch")
        assert zones(source(graph).read(earlier))["kim"] == "America/Lima"


def test_a_page_elsewhere_is_not_fetched(graph: FakeGraph) -> None:
    """The token goes to Graph and to nobody else."""
    graph.fail_next(200, body={"value": [], "@odata.nextLink": "https://evil.example/users?"})
    with pytest.raises(UndeliverableError, match="cannot be right"):
        source(graph).read(knowing())


def test_graph_is_down(graph: FakeGraph) -> None:
    """The clock tries again; nobody is lost."""
    graph.fail_next(503, {"Retry-After": "3600"})
    with pytest.raises(UnreachableError):
        source(graph).read(knowing())


def test_msal_gets_a_token_once_and_uses_it_until_it_ends(graph: FakeGraph) -> None:
    """With the secret of the app registration, from its own tenant."""
    entra = FakeEntra(TENANT, APP, "right")
    give = token(SETTINGS, "right", entra)
    found = MicrosoftDirectory(TENANT, give, url=graph.url).read(knowing())

    assert len(found.people) == 3
    assert give() == TOKEN
    assert entra.tokens == 1


def test_a_wrong_secret_is_said_and_not_shown() -> None:
    """What to look at, without the secret."""
    with pytest.raises(UndeliverableError, match="TEAMS_APP_SECRET") as refused:
        token(SETTINGS, "wrong-secret", FakeEntra(TENANT, APP, "right"))()
    assert "wrong-secret" not in str(refused.value)


def test_without_an_app_registration_it_says_so() -> None:
    """One plain sentence."""
    with pytest.raises(UndeliverableError, match="without an app registration"):
        token(TeamsSettings(), "")()


def test_groups_of_entra_are_groups_of_app_yaml(graph: FakeGraph) -> None:
    """Page by page, who is in a group within it included; who is nobody here is left out."""
    for number in range(9):
        graph.hire(f"p{number}", f"P {number}")
    graph.groups["g1"] = ["oid-stranger", *(f"oid-p{number}" for number in range(7))]
    entra = MicrosoftDirectory(TENANT, lambda: TOKEN, groups={"contractors": "g1"}, url=graph.url)

    assert entra.read(knowing()).groups == (Group("contractors", tuple(f"p{number}" for number in range(7))),)


def test_one_person_is_looked_up_by_address(graph: FakeGraph) -> None:
    """The identity is the one they speak with in Teams; guests and who is disabled are nobody."""
    graph.hire("ona", "Ona O'Neil", mail="ona.o'neil@acme.example")
    finds = source(graph)

    assert finds.find("Max@Acme.example") == identity("max")
    assert finds.find("ona.o'neil@acme.example") == identity("ona")
    assert [finds.find(f"{each}@acme.example") for each in ("zoe", "bob", "gus")] == ["", "", ""]


def test_two_under_one_address_are_nobody(graph: FakeGraph) -> None:
    """It is not guessed which of them is meant."""
    graph.hire("max2", "Max Weber", mail="max@acme.example")

    assert source(graph).find("max@acme.example") == ""


def test_a_look_up_that_is_not_permitted_finds_nobody(graph: FakeGraph) -> None:
    """Teams works without the right to read people; then only who wrote is known."""
    graph.refused = True

    assert source(graph).find("max@acme.example") == ""
