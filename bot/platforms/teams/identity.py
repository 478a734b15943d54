"""Who speaks in Teams; an address is verified if the tenant gave it."""

from dataclasses import dataclass

from microsoft_teams.api.models import TeamsChannelAccount

from bot.errors import OutsideError, UndeliverableError
from bot.platforms.identity import Identities, refused
from bot.platforms.teams.connector import Connector
from bot.ports import Knows, in_language
from handlers.card import Card
from handlers.language import ENGLISH, N_

OUTSIDER = "#ext#"
"""What the sign-in name of a guest has in it."""


@dataclass(frozen=True, slots=True)
class TeamsSpeaker:
    """Who speaks, as Teams says it.

    Args:
        tenant: whose chat it is.
        id: of the person in Microsoft Entra; "" for who has none, such as an anonymous guest of a meeting.
        member: what Teams calls the person ("29:…").
    """

    tenant: str
    id: str
    member: str

    @property
    def identity(self) -> str:
        """What we know the person by."""
        return f"{self.tenant}/{self.id}"


class TeamsPeople:
    """Finds the person behind a member of Teams.

    Args:
        app: who knows people.
        connector: to ask Teams about the unknown.
        language: of the organization.
    """

    def __init__(self, app: Knows, connector: Connector, language: str = ENGLISH) -> None:
        self._identities = Identities(app, "teams", "Teams", UNLISTED, language)
        self._connector = connector

    def person(self, speaker: TeamsSpeaker, conversation: str, service_url: str) -> str | Card:
        """The id of the person who speaks, or a card that says why not and what to do."""
        known = self._identities.known(speaker.identity) if speaker.id else None
        if known is not None:
            return known
        found = self._newcomer(speaker, conversation, service_url) if speaker.id else STRANGER
        return in_language(found, self._identities.language) if isinstance(found, Card) else found

    def _newcomer(self, speaker: TeamsSpeaker, conversation: str, service_url: str) -> str | Card:
        api = self._connector.sdk.api.clone(service_url=service_url).conversations
        try:
            member = self._connector.run(api.get_member_by_id(conversation, speaker.member))
        except UndeliverableError:
            return STRANGER
        except OutsideError:
            return self._identities.unanswered()
        if _belongs_elsewhere(member, speaker.tenant):
            return STRANGER
        addresses = dict.fromkeys(filter(None, (member.email, member.user_principal_name)))
        return self._identities.introduced(speaker.identity, addresses)


def _belongs_elsewhere(member: TeamsChannelAccount, tenant: str) -> bool:
    guest = member.user_role in {"guest", "anonymous"} or OUTSIDER in (member.user_principal_name or "").lower()
    return guest or (member.tenant_id or tenant).lower() != tenant


UNLISTED = N_(
    "The e-mail address of your account is not on the list of people. Ask an administrator of Bursar to add you or to "
    "link your account."
)
STRANGER = refused(
    N_("I only speak with people of this organization"),
    N_("Your account is a guest's, or another company's. Ask somebody here to look for you."),
)
