"""People as Slack's own directory has them: the members of the workspace, and whom their profiles call manager.

A Slack user becomes a person by a link that was made before, or by the address that Slack has confirmed; never by name.
Guests, bots and people of other companies are nobody here.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any

from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from bot.directory.slack.managers import Managers
from bot.directory.slack.members import Members
from bot.directory.source import Known
from bot.errors import UndeliverableError, UnreachableError
from bot.platforms.slack.client import asked, code, is_at_home, is_guest, is_machine, web_client
from handlers.language import Words
from storage.directory import Directory, Group

PAGE_MEMBERS = 200
PAGES_MAX = 500
PATIENCE_S = 300.0
"""How long one reading waits in all where Slack asks us to slow down."""

SlackUser = Mapping[str, Any]


class SlackDirectory:
    """Slack's directory.

    Args:
        client: of the Web API, with the bot token.
        now: the clock.
        link_by_email: whether a confirmed address is enough to link a user to somebody whom another source names.
        groups: the user group of each group of app.yaml.
        pause: waits for some seconds.
        workspace: of several, the one or the organization that is read; "" for that of the token.
        is_installed: whether the app is installed there.
    """

    def __init__(
        self,
        client: WebClient,
        now: Callable[[], datetime],
        *,
        link_by_email: bool = True,
        groups: Mapping[str, str] = MappingProxyType({}),
        pause: Callable[[float], None] = time.sleep,
        workspace: str = "",
        is_installed: Callable[[], bool] = lambda: True,
    ) -> None:
        self._client = client
        self._link_by_email = link_by_email
        self._groups = groups
        self._pause = pause
        self._workspace = workspace
        self._is_installed = is_installed
        self._managers = Managers(client, now)

    def read(self, known: Known) -> Directory:
        """See Source.

        Raises:
            OutsideError: Slack cannot be asked, or refuses.
        """
        if not self._is_installed():
            return self._absent(known)
        if not self._workspace and not self._client.token:
            raise UndeliverableError(
                "Slack is a people source without a bot token: set SLACK_BOT_TOKEN, or take slack out of directory: "
                "in app.yaml."
            )
        here = asked(Words("Ask Slack which workspace it is"), self._client.auth_test)
        home = {str(here[each]) for each in ("team_id", "enterprise_id") if here.get(each)}
        teams = list(self._teams()) if here.get("is_enterprise_install") else [""]
        members = Members(self._workspace or str(here["team_id"]))
        for team in teams:
            members.load((user, _is_ours(user, home)) for user in self._users(team))
        if members.lack_addresses():
            raise UndeliverableError(
                "Slack shows nobody's e-mail address: add the scope users:read.email to the app and install it again."
            )
        members.find(known, link_by_email=self._link_by_email)
        managers = self._managers.of(members.person_of, _wanted(members, known), known)
        groups = tuple(self._group(group, there, members.person_of, teams) for group, there in self._groups.items())
        return Directory(links=members.links(), groups=groups, more=members.people(managers))

    def _absent(self, known: Known) -> Directory:
        """What is said of a workspace that has not installed the app: nobody, unless somebody of it is known.

        Raises:
            UndeliverableError: the app was there before; without it nobody can say who has left.
        """
        if any(each.startswith(f"{self._workspace}/") for each in known.linked):
            raise UndeliverableError(
                "Workspace {id} has not installed the app, so its people cannot be read: install it again, or take the "
                "workspace out of slack.workspaces in app.yaml.",
                id=self._workspace,
            )
        return Directory()

    def _group(self, group: str, there: str, person_of: Mapping[str, str], teams: Sequence[str]) -> Group:
        """Who of us is in a user group (docs.slack.dev/reference/methods/usergroups.users.list)."""
        doing = Words("Read Slack's user group {group}", {"group": there})
        for team in teams:
            try:
                answer = asked(
                    doing, partial(self._client.usergroups_users_list, usergroup=there, team_id=team or None)
                )
            except UndeliverableError as no:
                if code(no.__cause__) == "no_such_subteam" and team != teams[-1]:
                    continue  # it is a group of another workspace of the organization
                raise
            return Group(group, tuple(person_of[each] for each in answer.get("users") or () if each in person_of))
        return Group(group, ())

    def _teams(self) -> Iterator[str]:
        """The workspaces of the organization to which the app was added (`auth.teams.list`)."""
        cursor = ""
        for _ in range(PAGES_MAX):
            page = asked(
                Words("Read the workspaces of the organization"),
                partial(self._client.auth_teams_list, limit=PAGE_MEMBERS, cursor=cursor or None),
            )
            yield from (str(each["id"]) for each in page.get("teams") or ())
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    def _users(self, team: str) -> Iterator[SlackUser]:
        """Every user of a workspace, page by page. An organization-wide token must say of which."""
        cursor, seen, left_s = "", {""}, PATIENCE_S
        for _ in range(PAGES_MAX):
            page, left_s = self._page(team, cursor, left_s)
            yield from page.get("members") or ()
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return
            if cursor in seen:
                raise UndeliverableError("Slack sent the same page of its people twice, so nothing of it counts.")
            seen.add(cursor)
        raise UndeliverableError(
            "Slack has no end of people: after {most} pages there are more, so nothing counts.", most=PAGES_MAX
        )

    def _page(self, team: str, cursor: str, left_s: float) -> tuple[SlackResponse, float]:
        """A page, and the patience left after it."""

        def page() -> SlackResponse:
            return self._client.users_list(
                limit=PAGE_MEMBERS, cursor=cursor or None, include_locale=True, team_id=team or None
            )

        while True:
            try:
                return asked(Words("Read Slack's people"), page), left_s
            except UnreachableError as busy:
                wait_s = busy.retry_after_s
                if wait_s is None or wait_s > left_s:
                    raise
                left_s -= max(wait_s, 1.0)
                self._pause(wait_s)


def slack_directory(
    token: str, url: str, now: Callable[[], datetime], *, link_by_email: bool, groups: Mapping[str, str]
) -> SlackDirectory:
    """Slack's directory, asked with a bot token; see SlackDirectory.

    Args:
        token: the bot token, "" if there is none; then reading refuses.
        url: of the Web API.
        now: the clock.
        link_by_email: see SlackDirectory.
        groups: see SlackDirectory.
    """
    return SlackDirectory(web_client(token, url), now, link_by_email=link_by_email, groups=groups)


def _is_ours(user: SlackUser, home: set[str]) -> bool:
    """Whether a user is or was a full member of our company, and human."""
    return is_at_home(user, home) and not is_guest(user) and not is_machine(user)


def _wanted(members: Members, known: Known) -> dict[str, SlackUser]:
    """The users whose manager no earlier source names, by the person they are."""

    def is_named(person_id: str) -> bool:
        before = known.people.get(person_id)
        return before is not None and before.manager != ""

    return {person: user for person, user in members.there() if not is_named(person)}
