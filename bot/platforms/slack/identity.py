"""Who speaks in Slack; people of other companies may be in a channel that is shared with them (Slack Connect).

Who is ours is never taken from a request: an event in a shared channel names the workspace of its sender, and a profile
has the address that the other company wrote there. Our own token says which workspace and organization are ours
(`auth.test`), and Slack says to which a user belongs, and whether they are a guest or have left (`users.info`). What a
request says of a user's team can only exclude them.

Sources: docs.slack.dev, "Slack Connect: apps and shared channels", the user object, `auth.test`. `is_stranger` is false
for somebody of another company who shares a channel with us.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient

from bot.errors import OutsideError
from bot.platforms.identity import Identities, Verdicts, refused
from bot.platforms.slack.client import (
    SLACKBOT,
    TROUBLE,
    UNSEEN,
    asked,
    code,
    confirmed_address,
    is_at_home,
    is_guest,
    is_machine,
    trouble,
)
from bot.ports import Knows, in_language
from handlers.card import Card
from handlers.language import ENGLISH, N_, Words


@dataclass(frozen=True, slots=True)
class SlackSpeaker:
    """Who sent a request, as Slack signed it.

    Args:
        user: id of the user.
        own_teams: the workspace or organization the user belongs to, as far as the request says it. It is no proof.
    """

    user: str
    own_teams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Home:
    """Which workspace and organization are ours.

    Args:
        team: the workspace of our token, or the organization of an organization-wide one.
        ids: of all workspaces and organizations that are ours.
        installed: those that have installed the app, if there are several; people are known by theirs.
        own: those to which our token belongs.
    """

    team: str
    ids: frozenset[str]
    installed: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()

    def of(self, teams: Collection[str]) -> str:
        """Under which workspace somebody is known who belongs to some: ids of users are unique in one only."""
        return next((each for each in self.installed if each in teams), self.team)


class OwnHome:
    """Asks Slack once which workspace our token is of.

    Args:
        client: with the bot token.
        more: workspaces and organizations that are ours besides.
    """

    def __init__(self, client: WebClient, more: Iterable[str] = ()) -> None:
        self._client = client
        self._more = frozenset(more)
        self._found: Home | None = None

    def __call__(self) -> Home:
        """Our home.

        Raises:
            OutsideError: Slack cannot be asked, and was not before.
        """
        if self._found is None:
            here = asked(Words("Ask Slack which workspace it is"), self._client.auth_test)
            own = [str(here[each]) for each in ("team_id", "enterprise_id") if here.get(each)]
            self._found = Home(own[0], frozenset(own) | self._more, own=frozenset(own) | self._more)
        return self._found


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Slack says of a user.

    Args:
        no: why we do not speak with them, or None.
        teams: the workspaces and organizations that the user belongs to.
        email: the confirmed address, or "".
        global_id: by which the organization knows them, if that is not the id in the workspace.
    """

    no: Card | None
    teams: frozenset[str] = frozenset()
    email: str = ""
    global_id: str = ""


class SlackPeople:
    """Finds the person behind a Slack user.

    Args:
        app: who knows people.
        client: to ask Slack about users.
        home: which workspace and organization are ours.
        language: of the organization.
        now: a clock that only goes forward, in seconds.
    """

    def __init__(
        self,
        app: Knows,
        client: WebClient,
        home: Callable[[], Home],
        language: str = ENGLISH,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._identities = Identities(app, "slack", "Slack", UNLISTED, language)
        self._client = client
        self._home = home
        self._verdicts = Verdicts[Verdict](now)

    def person(self, speaker: SlackSpeaker) -> str | Card:
        """The id of the person who speaks, or a card that says why not and what to do."""
        try:
            home = self._home()
            verdict = self._verdicts.of(speaker.user, lambda: self._asked(speaker.user, home))
        except OutsideError:
            return self._identities.unanswered()
        found = self._found(speaker, home, verdict)
        return in_language(found, self._identities.language) if isinstance(found, Card) else found

    def looked_for_as(self, speaker: SlackSpeaker) -> tuple[str, ...]:
        """By what somebody is looked for whom Slack knew as one of ours within the hour; empty for everybody else.

        Slack is not asked. Who is not found by it is to be looked for with `person`.
        """
        verdict = self._verdicts.fresh(speaker.user)
        if verdict is None or verdict.no:
            return ()
        try:
            home = self._home()
        except OutsideError:  # the app was taken off this workspace since
            return ()
        return () if _is_elsewhere(speaker, home, verdict) else _identities(speaker, home, verdict)

    def named(self, user: str) -> str | None:
        """The person id of somebody who is mentioned, if known."""
        try:
            return self._identities.known(f"{self._home().team}/{user}")
        except OutsideError:
            return None

    def changed(self, user: str) -> None:
        """Something about a user is different now: they are looked at again before they are heard."""
        self._verdicts.forget(user)

    def _found(self, speaker: SlackSpeaker, home: Home, verdict: Verdict) -> str | Card:
        if verdict.no:
            return verdict.no
        if _is_elsewhere(speaker, home, verdict):
            return STRANGER
        identities = _identities(speaker, home, verdict)
        for each in identities:
            known = self._identities.known(each)
            if known is not None:
                return known
        found = self._identities.introduced(identities[0], [verdict.email]) if verdict.email else NO_ADDRESS
        if isinstance(found, Card):
            self.changed(speaker.user)  # their address may be corrected before they try again
        return found

    def _asked(self, user: str, home: Home) -> Verdict:
        try:
            said = self._client.users_info(user=user)["user"]
        except TROUBLE as error:
            if code(error) in UNSEEN:
                return Verdict(STRANGER)
            raise trouble(Words("Ask Slack who somebody is"), error) from error
        global_id = str((said.get("enterprise_user") or {}).get("id") or "")
        return Verdict(_refusal(said, user, home), _teams(said), confirmed_address(said), global_id)


def _is_elsewhere(speaker: SlackSpeaker, home: Home, verdict: Verdict) -> bool:
    """Whether a request is of somebody of another workspace: ids of users are unique in one only."""
    return bool(speaker.own_teams) and (home.own | verdict.teams).isdisjoint(speaker.own_teams)


def _identities(speaker: SlackSpeaker, home: Home, verdict: Verdict) -> tuple[str, ...]:
    """By what somebody may be linked, in the order in which they are looked for; the first is how they are called."""
    ids = dict.fromkeys(filter(None, (speaker.user, verdict.global_id)))
    first = f"{home.of(verdict.teams)}/{speaker.user}"
    return tuple(dict.fromkeys((first, *(f"{team}/{id}" for team in sorted(verdict.teams) for id in ids))))


def _refusal(said: Mapping[str, Any], user: str, home: Home) -> Card | None:
    """Why we do not speak with a user, None if they are one of ours."""
    if not is_at_home(said, home.ids):
        return STRANGER
    if is_guest(said):
        return GUEST
    if said.get("deleted") or is_machine(said) or user == SLACKBOT:
        return NOBODY
    return None


def _teams(said: Mapping[str, Any]) -> frozenset[str]:
    """The workspaces and the organization that a user belongs to."""
    wide = said.get("enterprise_user") or {}
    return frozenset(
        str(each) for each in (said.get("team_id"), wide.get("enterprise_id"), *(wide.get("teams") or ())) if each
    )


UNLISTED = N_(
    "The e-mail address of your Slack account is not on the list of people. Ask an administrator of Bursar to add you "
    "or to link your account."
)
STRANGER = refused(
    N_("I only speak with people of this workspace"),
    N_("Your account belongs to another company. Ask somebody here to look for you."),
)
GUEST = refused(
    N_("I don't speak with guests"),
    N_("Your account in this workspace is a guest's. Ask the person who invited you to look for you."),
)
NOBODY = refused(
    N_("I only speak with people"),
    N_("This account belongs to a bot, or to somebody who has left."),
)
NO_ADDRESS = refused(
    N_("I don't know who you are"),
    N_("Slack shows me no confirmed e-mail address of yours. Ask an administrator of Bursar to link your account."),
)
