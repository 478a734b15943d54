"""Answers to a `response_url`, the address that Slack sends along with a command or a press.

The address is a bearer secret for half an hour: it is used, and never logged or kept. It comes in a signed request, and
still nothing is sent anywhere but to Slack's own hosts, and no redirect is followed. That is why slack_sdk's
WebhookClient is not used: it follows redirects, cannot be told not to, and writes the address into its logs.
"""

import json
import logging
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import SplitResult, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from bot.platforms.slack.client import BASE_URL, TIMEOUT_S
from bot.platforms.slack.messenger import degrees
from handlers.card import Card

API_HOSTS = frozenset({"slack.com", "slack-gov.com"})
HOOKS = frozenset({"hooks.slack.com", "hooks.slack-gov.com"})
BAD_REQUEST = 400

_log = logging.getLogger("bursar.slack")


def _parts(url: str) -> SplitResult:
    """The parts of an address; of one that is none, nothing."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        """Answer a redirect with an error."""


class Hooks:
    """Posts to response_urls.

    Args:
        base_url: of the Web API. If it is not Slack's own, response_urls must be on the same host and port.
        native: see blocks.message.
    """

    def __init__(self, base_url: str = BASE_URL, *, native: bool = True) -> None:
        base = urlsplit(base_url)
        self._stand_in = None if base.hostname in API_HOSTS else base
        self._native = native
        self._opener = build_opener(_NoRedirect)

    def answer(self, url: str, card: Card, *, public: bool) -> bool:
        """Show a card where a command was given or a button pressed.

        Args:
            url: the response_url.
            card: what to show.
            public: to all in the conversation; otherwise to the person alone.

        Returns:
            Whether Slack took it.
        """
        if not self._is_slacks(_parts(url)):
            _log.warning("A response_url is not on a host of Slack; the answer is not sent.")
            return False
        how = {"response_type": "in_channel" if public else "ephemeral", "replace_original": False}
        for said in degrees(card, native=self._native):
            status = self._post(url, {**said, **how})
            if status != BAD_REQUEST:
                break
        return status == 200  # noqa: PLR2004 - OK

    def _is_slacks(self, url: SplitResult) -> bool:
        if self._stand_in is not None:
            return (url.scheme, url.netloc) == (self._stand_in.scheme, self._stand_in.netloc)
        return url.scheme == "https" and url.netloc in HOOKS

    def _post(self, url: str, body: Mapping[str, Any]) -> int:
        """The HTTP status, 0 if there was no answer."""
        headers = {"Content-Type": "application/json; charset=utf-8"}
        request = Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - the scheme was checked
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                return int(answer.status)
        except HTTPError as error:
            with error:
                _log.warning("Slack did not take an answer to a response_url: HTTP %d.", error.code)
                return error.code
        except (OSError, HTTPException) as error:
            _log.warning("A response_url cannot be reached: %s.", type(error).__name__)
            return 0
