"""`who`: one's manager, team and deciders; of others only where their figures may be seen."""

from tests.support.company import Company


def test_everybody_learns_who_decides_for_them(acme: Company) -> None:
    """Name, team and what is owned, as the people source says."""
    said = acme.say("ana", "who is my manager?")
    assert said.startswith("Max Weber is your manager")
    assert "Search" in said
    assert "Requests are decided by" in said
    assert "Owns" not in said
    assert "Crawler" in acme.say("max", "who")
    assert "finance" in acme.say("fay", "who")
    assert acme.say("kim", "who").startswith("No manager is known for you")


def test_of_others_only_who_may_see_them_is_told(acme: Company) -> None:
    """What is not there and what is not theirs get the same answer."""
    assert acme.say("max", "who is ana's manager").startswith("Max Weber is the manager of Ana Silva")
    assert acme.say("fay", "who owns team search").startswith("Max Weber owns Search")
    hidden, absent = acme.say("bob", "who of ana"), acme.say("bob", "who of zoe")
    assert hidden.replace("ana", "zoe") == absent
