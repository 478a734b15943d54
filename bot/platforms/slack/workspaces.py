"""Workspaces and organizations that have installed the app: which are ours, and the token of each.

An app can be installed by whoever finds its address, so app.yaml says which workspaces may; another one is neither
kept nor heard. Tokens may expire (token rotation). Then they are renewed two hours ahead, by one replica at a time: a
refresh token works once, and of two who use it at once the loser's tokens are dead.

Sources: docs.slack.dev, "Installing with OAuth", "Using token rotation", "Organization-ready apps".
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any, Protocol

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError, SlackTokenRotationError
from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.token_rotation import TokenRotator
from slack_sdk.web import SlackResponse

from bot.platforms.slack.client import REFUSING, TIMEOUT_S, TROUBLE, code, refusal, trouble, web_client
from bot.platforms.slack.identity import Home
from handlers.language import Words

KEYS = "SLACK_TOKEN_KEYS"
CLIENT_SECRET = "SLACK_CLIENT_SECRET"  # noqa: S105 - the name of a variable
STATE_S = 600
"""So long somebody who begins to install the app has time to end it."""
FRESH_S = 60.0
"""Another replica may have installed, renewed or removed something this long ago."""
RENEWED_AHEAD_S = 2 * 3600
GONE = "account_inactive"
"""Slack's word for a token of an app that was removed from the workspace."""
ENDED = frozenset({"token_expired", "token_revoked", "invalid_auth"})

_log = logging.getLogger("bursar.slack")


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """By which Slack knows the app: its id, and what it proves itself with when it is installed."""

    app_id: str
    client_id: str
    client_secret: str


class Installations(Protocol):
    """Remembers who has installed the app."""

    def every(self) -> Mapping[str, Bot]:
        """All installations, by the id of the workspace or organization; without a token if it cannot be read."""

    def save(self, installed: Installation) -> None:
        """Keep an installation, in place of an earlier one there."""

    def renew(self, id: str, bot: Bot) -> None:
        """Keep the new tokens of an installation, unless it was removed or made anew; others may renew it again."""

    def remove(self, bot: Bot) -> None:
        """Forget an installation and its tokens, unless it was made anew meanwhile."""

    def take_renewal(self, id: str) -> bool:
        """Whether it is for us to renew the tokens now; False while somebody else does."""

    def encrypt_anew(self) -> None:
        """Encrypt with the newest key what an older one has encrypted, so that the older one can go."""

    def issue(self) -> str:
        """A new state for somebody who begins to install the app."""

    def consume(self, state: str) -> bool:
        """Whether a state was issued, is not too old and was not used before."""


class InstalledClient(WebClient):
    """A client with the token of an installation as it is at the moment of each call.

    Args:
        token: gives it, or raises what Slack would answer; it is told whether to look it up anew.
        base_url: of the Web API.
        timeout_s: how long an answer is waited for.
    """

    def __init__(self, token: Callable[[bool], str], base_url: str, timeout_s: int) -> None:
        super().__init__(token=None, base_url=base_url, timeout=timeout_s, retry_handlers=[])
        self._now_valid = token

    def api_call(self, *args: Any, **kwargs: Any) -> SlackResponse:
        """See WebClient. Where Slack refuses a token that another replica has renewed by now, the new one is used.

        Raises:
            SlackApiError: Slack refuses, or nothing is installed there.
            SlackRequestError: the token is just being renewed.
        """
        self.token = token = self._now_valid(False)
        try:
            return super().api_call(*args, **kwargs)
        except SlackApiError as refused:
            self.token = self._now_valid(True) if code(refused) in ENDED else token
            if self.token == token:
                raise
            return super().api_call(*args, **kwargs)


class Workspaces:
    """The installations of the app that app.yaml allows.

    Args:
        installations: where they are kept.
        credentials: of the app.
        allowed: which workspaces and organizations may install it. The first has all places that name none.
        more: workspaces and organizations whose members are ours besides.
        base_url: of the Web API.
        ticks: seconds that only go forward.
    """

    def __init__(
        self,
        installations: Installations,
        credentials: AppCredentials,
        allowed: Sequence[str],
        more: Iterable[str],
        base_url: str,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.installations = installations
        self.credentials = credentials
        self.allowed = tuple(allowed)
        self.base_url = base_url
        self._more = frozenset(more)
        self._ticks = ticks
        self._lock = Lock()
        self._read_s = -FRESH_S
        self._known: Mapping[str, Bot] = {}

    def every(self) -> Mapping[str, Bot]:
        """Those that have installed the app and may, by id, in the order of app.yaml."""
        with self._lock:
            if self._ticks() - self._read_s >= FRESH_S:
                kept = self.installations.every()
                ours = {id: kept[id] for id in self.allowed if id in kept}
                self._known = {id: bot for id, bot in ours.items() if bot.app_id == self.credentials.app_id}
                self._read_s = self._ticks()
            return self._known

    def changed(self) -> None:
        """Something is different now: it is read again."""
        with self._lock:
            self._read_s = -FRESH_S

    def is_installed(self, id: str) -> bool:
        """Whether the app is installed there now, as other replicas and programs see it, too."""
        self.changed()
        return id in self.every()

    def first(self, ids: Iterable[str]) -> str:
        """The first of some ids that has installed the app, "" for none."""
        known = self.every()
        return next((each for each in ids if each in known), "")

    def home(self, id: str) -> Home:
        """Who is ours, as an installation sees it: people of all workspaces that have installed the app.

        Raises:
            RefusesUsError: it is not installed there.
        """
        known = self.every()
        if id not in known:
            raise trouble(Words("Ask Slack which workspace it is"), refusal(GONE))
        ids = self._more.union(*(_ids(each) for each in known.values()))
        return Home(id, ids, tuple(known), _ids(known[id]) | self._more)

    def client(self, id: str, timeout_s: int = TIMEOUT_S) -> InstalledClient:
        """A client with the token of an installation; while there is none, each call is refused."""
        return InstalledClient(partial(self._token, id), self.base_url, timeout_s)

    def is_gone(self, id: str) -> bool:
        """Ask Slack whether an installation still stands, and forget it if it does not.

        An event that says so may be late, and the app may be installed again by now.
        """
        self.changed()
        bot = self.every().get(id)
        if bot is None:
            return True
        try:
            self.client(id).auth_test()
        except TROUBLE as error:
            if code(error) not in REFUSING:
                return False
            self.installations.remove(bot)
            self.changed()
            return True
        return False

    def _token(self, id: str, anew: bool) -> str:
        if anew:
            self.changed()
        bot = self.every().get(id)
        if bot is None or not bot.bot_token:
            raise refusal(GONE if bot is None else "not_authed")
        if not _ends_soon(bot):
            return bot.bot_token
        return self._renewed(id, bot)

    def _renewed(self, id: str, bot: Bot) -> str:
        """The token of an installation whose old one ends soon."""
        if not self.installations.take_renewal(id):
            self.changed()
            return self._old_one(bot, SlackRequestError("the token is just being renewed"))
        fresh = self.installations.every().get(id, bot)  # another replica may have been faster
        if not _ends_soon(fresh):
            self.installations.renew(id, fresh)
            self.changed()
            return str(fresh.bot_token)
        try:
            renewed = self._asked(fresh)
        except SlackTokenRotationError as no:
            said = code(no.api_error)
            _log.error("The token of workspace %s was not renewed (%s).", id, said)
            return self._old_one(bot, refusal("token_expired"))
        except TROUBLE as error:
            _log.warning("The token of workspace %s could not be renewed now (%s).", id, type(error).__name__)
            return self._old_one(bot, error)
        self.installations.renew(id, renewed)
        self.changed()
        return str(renewed.bot_token)

    def _asked(self, bot: Bot) -> Bot:
        rotator = TokenRotator(
            client_id=self.credentials.client_id,
            client_secret=self.credentials.client_secret,
            client=web_client(None, self.base_url),
        )
        renewed = rotator.perform_bot_token_rotation(bot=bot, minutes_before_expiration=RENEWED_AHEAD_S // 60)
        return renewed or bot

    @staticmethod
    def _old_one(bot: Bot, otherwise: Exception) -> str:
        """The token that ends soon, as long as it is good.

        Raises:
            Exception: what is to be said otherwise.
        """
        if (bot.bot_token_expires_at or 0) > time.time():
            return str(bot.bot_token)
        raise otherwise


def _ids(bot: Bot) -> frozenset[str]:
    return frozenset(str(each) for each in (bot.team_id, bot.enterprise_id) if each)


def _ends_soon(bot: Bot) -> bool:
    return bot.bot_token_expires_at is not None and bot.bot_token_expires_at < time.time() + RENEWED_AHEAD_S
