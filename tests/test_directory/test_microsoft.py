"""People from Microsoft Entra: msal and our reading of Graph, against Graph on loopback."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from bot.config import TeamsSettings
from bot.directory.microsoft import MicrosoftDirectory, token
from bot.directory.source import Known
from bot.trouble import Undeliverable, Unreachable
from storage.directory import Directory, Link, Person, Team
from tests.fakes.graph import TOKEN, FakeEntra, FakeGraph

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
    found = source(graph).read(Known())

    assert found.people == (
        Person("kim", "Kim Tanaka", "kim@acme.example", team="engineering"),
        Person("max", "Max Weber", "max@acme.example", "kim", "search"),
        Person("ana", "Ana Silva", "ana@acme.example", "max", "search", locale="pt_PT"),
    )
    assert {(team.id, team.name, team.owner) for team in found.teams} >= {("search", "Search", "max")}
    assert set(found.links) == {Link("teams", "user", identity(who), f"person/{who}") for who in ("kim", "max", "ana")}


def test_who_is_known_keeps_the_id(graph: FakeGraph) -> None:
    """By a link that was made before, else by the address; and who is disabled has left."""
    hr = Directory(people=(Person("weber", "Max", "max@acme.example"),), teams=(Team("s", "search"),))
    known = Known(hr, remembered={"rey": Person("rey", "Bob")}, linked={identity("bob"): "person/rey"})
    found = {one.id: one for one in source(graph).read(known).people}

    assert set(found) == {"kim", "weber", "ana", "rey"}
    assert found["ana"].manager == "weber"
    assert found["ana"].team == "s"
    assert found["rey"].active is False


def test_an_address_links_only_if_app_yaml_says_so(graph: FakeGraph) -> None:
    """`msteams.link_by_email: false`: whom HR names is linked by hand."""
    hr = Known(Directory(people=(Person("ana", "Ana", "ana@acme.example"),)))

    linked = {link.account for link in source(graph, link_by_email=False).read(hr).links}
    assert linked == {"person/kim", "person/max"}


def test_where_managers_are_refused_people_come_without_them(graph: FakeGraph) -> None:
    """And `check` says it, with what to do."""
    graph.managers_refused = True

    assert [one.manager for one in source(graph).read(Known()).people] == ["", "", ""]
    people, managers = source(graph).check()
    assert people.ok
    assert not managers.ok
    assert "HR export" in managers.advice


def test_without_the_right_nothing_is_read_and_check_says_which_it_is(graph: FakeGraph) -> None:
    """Half a company is worse than yesterday's."""
    graph.refused = True
    with pytest.raises(Undeliverable, match=r"User\.Read\.All"):
        source(graph).read(Known())
    (only,) = source(graph).check()
    assert "User.Read.All" in only.advice


def test_with_the_right_check_says_that_all_is_well(graph: FakeGraph) -> None:
    """Two cheap requests."""
    assert [finding.ok for finding in source(graph).check()] == [True, True]
    assert len(graph.requests) == 2


def test_a_page_elsewhere_is_not_fetched(graph: FakeGraph) -> None:
    """The token goes to Graph and to nobody else."""
    graph.fail_next(200, body={"value": [], "@odata.nextLink": "https://evil.example/users?"})
    with pytest.raises(Undeliverable, match="cannot be right"):
        source(graph).read(Known())


def test_graph_is_down(graph: FakeGraph) -> None:
    """The clock tries again; nobody is lost."""
    graph.fail_next(503, {"Retry-After": "3600"})
    with pytest.raises(Unreachable):
        source(graph).read(Known())


def test_msal_gets_a_token_once_and_uses_it_until_it_ends(graph: FakeGraph) -> None:
    """With the secret of the app registration, from its own tenant."""
    entra = FakeEntra(TENANT, APP, "right")
    give = token(SETTINGS, "right", entra)
    found = MicrosoftDirectory(TENANT, give, url=graph.url).read(Known())

    assert len(found.people) == 3
    assert give() == TOKEN
    assert entra.tokens == 1


def test_a_wrong_secret_is_said_and_not_shown() -> None:
    """What to look at, without the secret."""
    with pytest.raises(Undeliverable, match="TEAMS_APP_SECRET") as refused:
        token(SETTINGS, "wrong-secret", FakeEntra(TENANT, APP, "right"))()
    assert "wrong-secret" not in str(refused.value)


def test_without_an_app_registration_it_says_so() -> None:
    """One plain sentence."""
    with pytest.raises(Undeliverable, match="without an app registration"):
        token(TeamsSettings(), "")()
