"""People as Slack's own directory has them: the members of the workspace, and whom their profiles call manager.

A Slack user becomes a person by a link that was made before, or by the address that Slack has confirmed; never by name.
Guests, bots and people of other companies are nobody here.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from bot.directory.names import id_from_email, locale_name
from bot.directory.slack.managers import Managers, asked
from bot.directory.source import Known
from bot.errors import Undeliverable, Unreachable
from bot.platforms.slack.identity import SLACKBOT
from handlers.policy import ZONES
from storage.directory import Directory, Link, Person

PAGE_MEMBERS = 200
PAGES_MAX = 500
PATIENCE_S = 300.0
"""How long one reading waits in all where Slack asks us to slow down."""
PERSON = "person/"

User = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """A Slack user who is or was one of ours, and the person behind.

    Args:
        user: as Slack has it.
        identity: what we know the user by, such as "T1/U1".
        person: id.
        linked: whether the user may be linked to the person.
    """

    user: User
    identity: str
    person: str
    linked: bool

    @property
    def left(self) -> bool:
        """Whether the user was deactivated."""
        return bool(self.user.get("deleted"))


class SlackDirectory:
    """Slack's directory.

    Args:
        client: of the Web API, with the bot token.
        now: the clock.
        link_by_email: whether a confirmed address is enough to link a user to somebody whom another source names.
        pause: waits for some seconds.
    """

    def __init__(
        self,
        client: WebClient,
        now: Callable[[], datetime],
        *,
        link_by_email: bool = True,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._link_by_email = link_by_email
        self._pause = pause
        self._managers = Managers(client, now)

    def read(self, known: Known) -> Directory:
        """See Source.

        Raises:
            Outside: Slack cannot be asked, or refuses.
        """
        if not self._client.token:
            raise Undeliverable(
                "Slack is a people source without a bot token: set SLACK_BOT_TOKEN, or take slack out of directory: "
                "in app.yaml."
            )
        here = asked("Ask Slack which workspace it is", self._client.auth_test)
        home = {str(here[each]) for each in ("team_id", "enterprise_id") if here.get(each)}
        users = [user for user in self._users() if _is_ours(user, home)]
        if users and not any(_profile(user).get("email") for user in users):
            raise Undeliverable(
                "Slack shows nobody's e-mail address: add the scope users:read.email to the app and install it again."
            )
        members = _members(users, str(here["team_id"]), known, link_by_email=self._link_by_email)
        managers = self._managers.of({one.user["id"]: one.person for one in members}, _wanted(members, known), known)
        people = (_person(one, managers.get(one.person, "")) for one in members)
        links = (Link("slack", "user", one.identity, PERSON + one.person) for one in members if one.linked)
        return Directory(tuple(people), links=tuple(links))

    def _users(self) -> Iterator[User]:
        """Every user of the workspace, page by page."""
        cursor, seen, left_s = "", {""}, PATIENCE_S
        for _ in range(PAGES_MAX):
            page, left_s = self._page(cursor, left_s)
            yield from page.get("members") or ()
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return
            if cursor in seen:
                raise Undeliverable("Slack sent the same page of its people twice, so nothing of it counts.")
            seen.add(cursor)
        raise Undeliverable(f"Slack has no end of people: after {PAGES_MAX} pages there are more, so nothing counts.")

    def _page(self, cursor: str, left_s: float) -> tuple[SlackResponse, float]:
        """A page, and the patience left after it."""

        def page() -> SlackResponse:
            return self._client.users_list(limit=PAGE_MEMBERS, cursor=cursor or None, include_locale=True)

        while True:
            try:
                return asked("Read Slack's people", page), left_s
            except Unreachable as busy:
                wait_s = busy.retry_after_s
                if wait_s is None or wait_s > left_s:
                    raise
                left_s -= max(wait_s, 1.0)
                self._pause(wait_s)


def _is_ours(user: User, home: set[str]) -> bool:
    """Whether a user is or was a full member of our company, and human."""
    guest = user.get("is_restricted") or user.get("is_ultra_restricted") or user.get("is_stranger")
    machine = user.get("is_bot") or user.get("is_app_user") or user["id"] == SLACKBOT
    organization = (user.get("enterprise_user") or {}).get("enterprise_id")
    return not guest and not machine and bool({user.get("team_id"), organization} & home)


def _members(users: Sequence[User], team: str, known: Known, *, link_by_email: bool) -> list[Member]:
    """The person behind each user: linked before, or of the same address, or new.

    Who was deactivated and is nobody we know is left out, and so is who has no confirmed address.
    """
    links = {
        **known.linked,
        **{each.external_id: each.account for each in known.earlier.links if each.platform == "slack"},
    }
    members, newcomers = [], []
    for user in sorted(users, key=lambda each: str(each["id"])):
        identity = f"{team}/{user['id']}"
        account, email = links.get(identity, ""), _address(user)
        if account.startswith(PERSON):
            members.append(Member(user, identity, account.removeprefix(PERSON), linked=True))
        elif account:
            continue  # an agent's, or a team's
        elif email and (person := known.by_email(email)):
            members.append(Member(user, identity, person, linked=link_by_email))
        elif email and not user.get("deleted"):
            newcomers.append((email, user))
    taken = {*known.ids, *(one.person for one in members)}
    for email, user in sorted(newcomers, key=lambda each: each[0]):
        person = id_from_email(email, taken)
        taken.add(person)
        members.append(Member(user, f"{team}/{user['id']}", person, linked=True))
    there = {one.person for one in members if not one.left}
    return [one for one in members if not one.left or one.person not in there]


def _wanted(members: Sequence[Member], known: Known) -> dict[str, User]:
    """The users whose manager no earlier source names, by the person they are."""
    named = {one.id for one in known.earlier.people if one.manager}
    return {one.person: one.user for one in members if not one.left and one.person not in named}


def _person(one: Member, manager: str) -> Person:
    user, profile = one.user, _profile(one.user)
    names = (profile.get("real_name"), user.get("real_name"), profile.get("display_name"), user.get("name"))
    zone = user.get("tz") or ""
    return Person(
        id=one.person,
        name=next(filter(None, names), one.person),
        email=_address(user),
        manager=manager,
        zone=zone if zone in ZONES else "",
        locale=locale_name(user.get("locale") or ""),
        active=not one.left,
    )


def _address(user: User) -> str:
    """The address that Slack has confirmed, in lower case, or ""."""
    confirmed = user.get("is_email_confirmed", True) is True
    return str(_profile(user).get("email") or "").lower() if confirmed else ""


def _profile(user: User) -> Mapping[str, Any]:
    return user.get("profile") or {}
