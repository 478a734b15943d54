"""Who speaks in Slack; people of other companies may be in a channel that is shared with them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient

from bot.platforms.identity import Identities, refused
from bot.platforms.slack.client import (
    SLACKBOT,
    TROUBLE,
    UNSEEN,
    code,
    confirmed_address,
    is_at_home,
    is_guest,
    is_machine,
)
from bot.ports import Knows, in_language
from handlers.card import Card
from handlers.language import ENGLISH, N_


@dataclass(frozen=True, slots=True)
class SlackSpeaker:
    """Who sent a request, as Slack signed it.

    Args:
        team: the workspace the request came from.
        user: id of the user.
        own_team: the workspace or organization the user belongs to, if Slack said it, or "".
        enterprise: the organization of the workspace, or "".
    """

    team: str
    user: str
    own_team: str = ""
    enterprise: str = ""

    @property
    def identity(self) -> str:
        """What we know the user by. The same user id in two workspaces is two users."""
        return f"{self.team}/{self.user}"


class SlackPeople:
    """Finds the person behind a Slack user.

    Args:
        app: who knows people.
        client: to ask Slack about the unknown.
        teams: workspaces and organizations whose members are ours, besides the one a request came from.
        language: of the organization.
    """

    def __init__(self, app: Knows, client: WebClient, teams: Iterable[str] = (), language: str = ENGLISH) -> None:
        self._identities = Identities(app, "slack", "Slack", UNLISTED, language)
        self._client = client
        self._teams = frozenset(teams)

    def person(self, speaker: SlackSpeaker) -> str | Card:
        """The id of the person who speaks, or a card that says why not and what to do."""
        home = {speaker.team, speaker.enterprise, *self._teams} - {""}
        if not speaker.own_team or speaker.own_team in home:
            known = self._identities.known(speaker.identity)
            if known is not None:
                return known
        found = self._newcomer(speaker, home)
        return in_language(found, self._identities.language) if isinstance(found, Card) else found

    def named(self, team: str, user: str) -> str | None:
        """The person id of somebody who is mentioned, if known."""
        return self._identities.known(f"{team}/{user}")

    def _newcomer(self, speaker: SlackSpeaker, home: set[str]) -> str | Card:
        try:
            user: dict[str, Any] = self._client.users_info(user=speaker.user)["user"]
        except TROUBLE as error:
            return STRANGER if code(error) in UNSEEN else self._identities.unanswered()
        if not is_at_home(user, home):
            return STRANGER
        if is_guest(user):
            return GUEST
        if user.get("deleted") or is_machine(user) or speaker.user == SLACKBOT:
            return NOBODY
        email = confirmed_address(user)
        return self._identities.introduced(speaker.identity, [email]) if email else NO_ADDRESS


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
