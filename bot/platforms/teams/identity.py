"""Who speaks in Teams; an address is verified if the tenant gave it.

Whose tenant a request is of was checked against app.yaml before (`Connector`), and Microsoft's signature names the
address that answers go to. Whether somebody is a guest, or belongs to another tenant in a shared channel, the Bot
Connector says of each member, and it is asked again while they speak.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from microsoft_teams.api.models import TeamsChannelAccount

from bot.errors import OutsideError, UndeliverableError
from bot.platforms.identity import Identities, Verdicts, refused
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


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Teams says of a member: whether they are one of ours, and their addresses."""

    ours: bool
    addresses: tuple[str, ...] = ()


class TeamsPeople:
    """Finds the person behind a member of Teams.

    Args:
        app: who knows people.
        connector: to ask Teams about the unknown.
        language: of the organization.
        now: a clock that only goes forward, in seconds.
    """

    def __init__(
        self, app: Knows, connector: Connector, language: str = ENGLISH, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._identities = Identities(app, "teams", "Teams", UNLISTED, language)
        self._connector = connector
        self._verdicts = Verdicts[Verdict](now)

    def person(self, speaker: TeamsSpeaker, conversation: str, service_url: str) -> str | Card:
        """The id of the person who speaks, or a card that says why not and what to do."""
        if not speaker.id:
            return in_language(STRANGER, self._identities.language)
        try:
            verdict = self._verdicts.of(speaker.identity, lambda: self._asked(speaker, conversation, service_url))
        except OutsideError:
            return self._identities.unanswered()
        found = self._found(speaker, verdict)
        return in_language(found, self._identities.language) if isinstance(found, Card) else found

    def _found(self, speaker: TeamsSpeaker, verdict: Verdict) -> str | Card:
        if not verdict.ours:
            return STRANGER
        known = self._identities.known(speaker.identity)
        if known is not None:
            return known
        found = self._identities.introduced(speaker.identity, verdict.addresses)
        if isinstance(found, Card):
            self._verdicts.forget(speaker.identity)  # their address may be corrected before they try again
        return found

    def _asked(self, speaker: TeamsSpeaker, conversation: str, service_url: str) -> Verdict:
        """What Teams says of a member.

        Raises:
            OutsideError: it does not answer, or not to us.
        """
        api = self._connector.sdk.api.clone(service_url=service_url).conversations
        try:
            member = self._connector.run(api.get_member_by_id(conversation, speaker.member))
        except UndeliverableError:
            return Verdict(ours=False)
        addresses = dict.fromkeys(filter(None, (member.email, member.user_principal_name)))
        return Verdict(not _belongs_elsewhere(member, speaker.tenant), tuple(addresses))


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
