"""What Slack's Web API needs: a client, and its errors and users in our own words. The directory uses it, too."""

from collections.abc import Callable, Collection, Mapping
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web import SlackResponse

from bot.errors import OutsideError, RefusesUsError, UndeliverableError, UnreachableError
from handlers.language import N_, Words
from handlers.sentence import storable

BASE_URL = "https://slack.com/api/"
TIMEOUT_S = 10
TOO_MANY, BROKEN = 429, 500

SLACKBOT = "USLACKBOT"
"""The user that every workspace has and nobody is."""

PASSING = frozenset(
    {
        "ratelimited",
        "rate_limited",
        "message_limit_exceeded",
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "team_added_to_org",
        "accesslimited",
    }
)
REFUSING = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "no_permission",
        "org_login_required",
        "ekm_access_denied",
        "not_allowed_token_type",
        "missing_scope",
        "two_factor_setup_required",
    }
)
"""Codes that are about the app and its token, whatever is asked for."""
ADVICE: Mapping[str, str] = {
    "channel_not_found": N_(
        "The channel does not exist or is private: invite the bot there, or correct the channel's id."
    ),
    "not_in_channel": N_("Invite the bot to the channel: /invite it there."),
    "user_not_in_channel": N_("The person is not in that channel."),
    "is_archived": N_("The channel is archived: choose another one."),
    "user_not_found": N_("There is no such person in this workspace."),
    "users_not_found": N_("There is no such person in this workspace."),
    "cannot_dm_bot": N_("A bot cannot be written to."),
    "user_disabled": N_("The person's Slack account is deactivated."),
    "invalid_auth": N_("The bot token is not valid: copy it again from the app's page, OAuth & Permissions."),
    "not_authed": N_("There is no bot token: set it in the environment."),
    "account_inactive": N_("The bot was removed from the workspace: install the app again."),
    "token_revoked": N_("The bot token was revoked: install the app again and set the new token."),
    "token_expired": N_("The bot token has expired: set a new one."),
    "missing_scope": N_("The app lacks a scope: compare with the manifest and install the app again."),
    "team_access_not_granted": N_(
        "The app was not added to that workspace of the organization: an administrator of the organization adds it."
    ),
    "restricted_action": N_("The workspace's settings do not let the bot post there."),
    "msg_too_long": N_("The message is too long for Slack."),
    "expired_trigger_id": N_("A form must be opened within three seconds; the person was told to say it again."),
    "exchanged_trigger_id": N_("A form was opened already for this press."),
}

UNSEEN = frozenset({"user_not_found", "user_not_visible"})
"""Codes for a user who is not here, or not shown to us."""

UNADVISED = N_("Look that word up in the docs of the Web API.")


def web_client(token: str | None, base_url: str = BASE_URL, timeout_s: int = TIMEOUT_S) -> WebClient:
    """A client of Slack's Web API. It does not retry by itself: the outbox does, and knows what for."""
    return WebClient(token=token, base_url=base_url, timeout=timeout_s, retry_handlers=[])


TROUBLE = (SlackApiError, SlackRequestError, OSError, HTTPException)
"""Everything that a call of slack_sdk raises when Slack is not there or says no."""


def code(error: BaseException | None) -> str:
    """Slack's own word for an error, "" if it has not said one."""
    body = error.response if isinstance(error, SlackApiError) else {}
    found = body.get("error") if isinstance(body, (SlackResponse, dict)) else None
    return found if isinstance(found, str) else ""


def refusal(word: str) -> SlackApiError:
    """What Slack's client would raise if Slack answered with a word."""
    return SlackApiError(word, {"ok": False, "error": word})  # type: ignore[no-untyped-call]


def trouble(doing: Words, error: Exception) -> OutsideError:
    """One of TROUBLE in our own words.

    Args:
        doing: what was tried, such as "Post to C1".
        error: what came back.
    """
    said = code(error)
    response = error.response if isinstance(error, SlackApiError) else None
    status = response.status_code if isinstance(response, SlackResponse) else 0
    if said in PASSING or status == TOO_MANY or status >= BROKEN:
        wait = response.headers.get("Retry-After", "") if isinstance(response, SlackResponse) else ""
        return UnreachableError(
            "{doing}: Slack is busy or down ({said}).",
            float(wait) if wait.isdigit() else None,
            doing=doing,
            said=said or status,
        )
    if said:
        advice = Words(ADVICE.get(said, UNADVISED))
        kind = RefusesUsError if said in REFUSING else UndeliverableError
        return kind("{doing}: Slack said {said}. {advice}", doing=doing, said=said, advice=advice)
    return UnreachableError("{doing}: Slack cannot be reached ({error}).", doing=doing, error=type(error).__name__)


def asked(doing: Words, call: Callable[[], SlackResponse]) -> SlackResponse:
    """What Slack answers.

    Args:
        doing: the call in words, for a complaint.
        call: makes it.

    Raises:
        OutsideError: Slack cannot be reached or refuses.
    """
    try:
        return call()
    except TROUBLE as error:
        raise trouble(doing, error) from error


def own_app_id(client: WebClient) -> str:
    """The id of our own app (`auth.test`, `bots.info`), "" if Slack does not say it now.

    The signature proves already that a request is for us; this is a second lock.
    """
    try:
        bot = client.auth_test().get("bot_id")
        return str(client.bots_info(bot=bot)["bot"].get("app_id") or "") if bot else ""
    except TROUBLE:
        return ""


def is_at_home(user: Mapping[str, Any], home: Collection[str]) -> bool:
    """Whether a user, as `users.info` and `users.list` have it, belongs to one of those workspaces or organizations."""
    organization = (user.get("enterprise_user") or {}).get("enterprise_id")
    return not user.get("is_stranger") and any(each in home for each in (user.get("team_id"), organization) if each)


def is_guest(user: Mapping[str, Any]) -> bool:
    """Whether a user was invited to some channels only."""
    return bool(user.get("is_restricted") or user.get("is_ultra_restricted"))


def is_machine(user: Mapping[str, Any]) -> bool:
    """Whether a user is a bot or an app."""
    return bool(user.get("is_bot") or user.get("is_app_user") or user.get("id") == SLACKBOT)


def confirmed_address(user: Mapping[str, Any]) -> str:
    """The address that Slack has confirmed, in lower case, or ""."""
    said = str((user.get("profile") or {}).get("email") or "")
    confirmed = user.get("is_email_confirmed", True) is True and said == storable(said)
    return lowered(said) if confirmed else ""


def lowered(email: str) -> str:
    """An address in lower case. A Kelvin sign stays one: it would be a plain k then, and the address another's."""
    return "".join(each if each.lower().isascii() and not each.isascii() else each.lower() for each in email)
