"""Who the users of a workspace of Slack are, found in memory: what bot/directory/slack/members.py is held to."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.directory.names import id_from_email, locale_name
from bot.directory.source import Known, Taken
from bot.platforms.slack.client import confirmed_address
from handlers.policy import ZONES
from storage.directory import Link, Person

PERSON = "person/"


def plain_slack(
    users: Sequence[Mapping[str, Any]], workspace: str, known: Known, *, link_by_email: bool
) -> tuple[list[Person], list[Link]]:
    """People without their managers, and links, of users of whom all are ours and the last word of each counts."""
    linked = {each.external_id: each.account for each in known.earlier.links if each.platform == "slack"}
    found: list[tuple[Mapping[str, Any], str, bool]] = []
    newcomers: list[tuple[str, Mapping[str, Any]]] = []
    last = {str(each["id"]): each for each in users}
    for user in sorted(last.values(), key=lambda each: str(each["id"])):
        identity = f"{workspace}/{user['id']}"
        account, email = linked.get(identity) or known.linked.get(identity, ""), confirmed_address(user)
        if account.startswith(PERSON):
            found.append((user, account.removeprefix(PERSON), True))
        elif account:
            continue
        elif email and (person := known.by_email(email)):
            found.append((user, person, link_by_email))
        elif email and not user.get("deleted"):
            newcomers.append((email, user))
    own = {person for _, person, _ in found}
    taken = Taken(own.__contains__, known.has)
    for email, user in sorted(newcomers, key=lambda each: each[0]):
        person = id_from_email(email, taken)
        own.add(person)
        found.append((user, person, True))
    there = {person for user, person, _ in found if not user.get("deleted")}
    counted = [each for each in found if not each[0].get("deleted") or each[1] not in there]
    people = [_person(user, person) for user, person, _ in counted]
    whose = sorted((f"{workspace}/{user['id']}", PERSON + person) for user, person, linked in counted if linked)
    return people, [Link("slack", "user", *each) for each in whose]


def _person(user: Mapping[str, Any], person: str) -> Person:
    profile = user.get("profile") or {}
    names = (profile.get("real_name"), user.get("real_name"), profile.get("display_name"), user.get("name"))
    zone = user.get("tz") or ""
    return Person(
        id=person,
        name=next(filter(None, names), person),
        email=confirmed_address(user),
        zone=zone if zone in ZONES else "",
        locale=locale_name(user.get("locale") or ""),
        active=not user.get("deleted"),
    )
