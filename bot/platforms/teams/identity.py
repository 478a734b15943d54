"""Who speaks: a member of Teams becomes a person by a link, and a link is made by the address that the tenant gave.

Teams is asked only about those we don't know. Guests and people of other tenants are refused, whoever they say they
are.
"""

from dataclasses import dataclass

from microsoft_teams.api.models import TeamsChannelAccount

from bot.errors import OutsideError, UndeliverableError
from bot.platforms.teams.connector import Line
from bot.ports import Knows
from handlers.card import Card, Text

OUTSIDER = "#ext#"
"""What the sign-in name of a guest has in it."""


@dataclass(frozen=True, slots=True)
class Speaker:
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


class People:
    """Finds the person behind a member of Teams.

    Args:
        app: who knows people.
        line: to ask Teams about the unknown.
    """

    def __init__(self, app: Knows, line: Line) -> None:
        self._app = app
        self._line = line

    def person(self, speaker: Speaker, conversation: str, service_url: str) -> str | Card:
        """The id of the person who speaks, or a card that says why not and what to do."""
        if not speaker.id:
            return STRANGER
        known = self._app.who("teams", speaker.identity)
        return known if known is not None else self._newcomer(speaker, conversation, service_url)

    def _newcomer(self, speaker: Speaker, conversation: str, service_url: str) -> str | Card:
        api = self._line.sdk.api.clone(service_url=service_url).conversations
        try:
            member = self._line.run(api.get_member_by_id(conversation, speaker.member))
        except UndeliverableError:
            return STRANGER
        except OutsideError:
            return UNANSWERED
        if _belongs_elsewhere(member, speaker.tenant):
            return STRANGER
        addresses = dict.fromkeys(filter(None, (member.email, member.user_principal_name)))
        found = (self._app.introduce("teams", speaker.identity, each) for each in addresses)
        return next((each for each in found if each), UNLISTED)


def _belongs_elsewhere(member: TeamsChannelAccount, tenant: str) -> bool:
    guest = member.user_role in {"guest", "anonymous"} or OUTSIDER in (member.user_principal_name or "").lower()
    return guest or (member.tenant_id or tenant).lower() != tenant


STRANGER = Card(
    "I only speak with people of this organization",
    (Text("Your account is a guest's, or another company's. Ask somebody here to look for you."),),
    "warn",
)
UNLISTED = Card(
    "I don't find you among the people of Bursar",
    (
        Text(
            "The e-mail address of your account is not on the list of people. "
            "Ask an administrator of Bursar to add you or to link your account."
        ),
    ),
    "warn",
)
UNANSWERED = Card(
    "I could not find out who you are",
    (Text("Teams did not answer when I asked. Nothing was changed. Say it again in a minute."),),
    "warn",
)
