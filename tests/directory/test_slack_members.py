"""Who the users of Slack are, found in a database: the same as with everybody in memory, for any users."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.directory.slack.members import Members
from bot.directory.source import Known
from storage.directory import Directory, Link, Person
from tests.support.plain_slack import plain_slack

ADDRESSES = ("", "ana@acme.example", "Ana@acme.example", "ana@other.example", "bob@acme.example", "Åsa@acme.example")
ACCOUNTS = ("person/ana", "person/bob", "person/kim", "agent/crawler")

profiles = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {"email": st.sampled_from(ADDRESSES)},
        optional={"real_name": st.sampled_from(["", "Ana"]), "display_name": st.sampled_from(["", "ana"])},
    ),
)
users = st.fixed_dictionaries(
    {"id": st.sampled_from(["U1", "U2", "U3", "U4", "W5"]), "profile": profiles},
    optional={
        "name": st.sampled_from(["", "a.silva"]),
        "real_name": st.sampled_from(["", "Ana Silva"]),
        "deleted": st.booleans(),
        "updated": st.sampled_from([None, 7]),
        "tz": st.sampled_from([None, "Europe/Berlin", "Mars/Base"]),
        "locale": st.sampled_from([None, "de-DE", "xx-YY"]),
        "is_email_confirmed": st.booleans(),
    },
)
identities = st.dictionaries(st.sampled_from(["T1/U1", "T1/U2", "T2/U1"]), st.sampled_from(ACCOUNTS), max_size=2)
people = st.dictionaries(
    st.sampled_from(["ana", "bob", "kim"]), st.sampled_from(["ana@acme.example", "bob@acme.example", ""]), max_size=3
)


@settings(max_examples=150, deadline=None)
@given(st.lists(users, max_size=6), identities, identities, people, people, st.booleans())
def test_whoever_is_found_in_the_database_is_who_they_are_in_memory(
    seen: list[dict[str, Any]],
    earlier: dict[str, str],
    linked: dict[str, str],
    named: dict[str, str],
    remembered: dict[str, str],
    link_by_email: bool,
) -> None:
    """Same people in the same order, same links: of doubles, leavers, newcomers with one address, other words."""
    known = Known(
        Directory(links=tuple(Link("slack", "user", *each) for each in earlier.items())),
        {id: Person(id, id, email) for id, email in named.items()},
        {email: id for id, email in named.items() if email},
        {},
        {id: Person(id, id, email) for id, email in remembered.items()},
        linked,
    )
    expected_people, expected_links = plain_slack(seen, "T1", known, link_by_email=link_by_email)

    members = Members("T1")
    members.load((each, True) for each in seen)
    members.find(known, link_by_email=link_by_email)

    assert list(members.people({})) == expected_people
    assert list(members.links()) == expected_links
    last = {each["id"]: each for each in seen}
    shown = [bool((each.get("profile") or {}).get("email")) for each in last.values()]
    assert members.lack_addresses() == (bool(shown) and not any(shown))


def test_who_is_not_ours_any_more_is_left_out() -> None:
    """What a later workspace of the organization says of the same user counts."""
    ana = {"id": "U1", "profile": {"email": "ana@acme.example"}}
    members = Members("E1")
    members.load([(ana, True)])
    members.load([(ana, False)])
    members.find(Known(), link_by_email=True)

    assert list(members.people({})) == []
    assert len(members.links()) == 0
