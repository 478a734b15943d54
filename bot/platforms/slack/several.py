"""Slack with several workspaces: to each its own listener and messenger, with its own token.

The first workspace of app.yaml is treated as if it were the only one, so a company that begins with one goes on where
it was. Places of every other one begin with its id ("T2/C1"). Which installation a request is for is looked up among
those that we keep; what the request says only chooses among these.
"""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock

from slack_bolt import BoltResponse

from bot.errors import OutsideError, UndeliverableError, UnreachableError
from bot.platforms.slack.block_kit import message
from bot.platforms.slack.client import refusal, trouble
from bot.platforms.slack.identity import STRANGER
from bot.platforms.slack.listener import ASK_MAX_S, ListenerSettings, SlackListener, Turn, report
from bot.platforms.slack.messenger import Slack, no_files
from bot.platforms.slack.payloads import Json
from bot.platforms.slack.response_url import Hooks
from bot.platforms.slack.workspaces import GONE, Workspaces
from bot.ports import Hears, Probes, in_language
from handlers.card import Card
from handlers.language import Words
from handlers.place import HOMES, Place

REMOVED = frozenset({"app_uninstalled", "tokens_revoked"})
WORKERS = 2

_log = logging.getLogger("bursar.slack")


def prefix_of(id: str, workspaces: Workspaces) -> str:
    """What places of a workspace begin with: nothing for the first one."""
    return "" if id == workspaces.allowed[0] else f"{id}/"


class SlackWorkspaces:
    """The platform Slack with several workspaces, as far as showing goes.

    Args:
        workspaces: which, and their tokens.
        made: see Slack.
    """

    name = "slack"

    def __init__(self, workspaces: Workspaces, made: Callable[[str], AbstractContextManager[Path]] = no_files) -> None:
        self._workspaces = workspaces
        self._each = {
            id: Slack(workspaces.client(id), made, workspace=id, prefix=prefix_of(id, workspaces))
            for id in workspaces.allowed
        }

    @property
    def workspaces(self) -> Mapping[str, Probes]:
        """See Divided."""
        return {id: each for id, each in self._each.items() if id != self._workspaces.allowed[0]}

    def show(self, place: Place, card: Card, receipt: str) -> str:
        """See Platform.show."""
        first = place.id.removeprefix(HOMES).partition("/")[0]
        if first in self._each:
            return self._each[first].show(place, card, receipt)
        if first[:1] in {"T", "E"}:
            raise UndeliverableError("Workspace {id} is not in slack.workspaces of app.yaml.", id=first)
        return self._each[self._workspaces.allowed[0]].show(place, card, receipt)

    def probe(self) -> None:
        """See Probes; of the first workspace."""
        self._each[self._workspaces.allowed[0]].probe()

    def find(self, email: str) -> str:
        """See Finds in bot/reach.py: the first workspace counts in which there is such a person."""
        failed: OutsideError | None = None
        for id in self._workspaces.every():
            try:
                if found := self._each[id].find(email):
                    return found
            except OutsideError as error:
                failed = error
        if failed:
            raise failed
        return ""


class SlackListeners:
    """Hears what people say in several workspaces. To the transport it is like one SlackListener.

    Args:
        app: who answers.
        workspaces: which, and their tokens.
        settings: of each listener.
        pause: lets all wait that is for a platform or one of its workspaces, such as "slack/T2".
    """

    def __init__(
        self,
        app: Hears,
        workspaces: Workspaces,
        settings: ListenerSettings,
        pause: Callable[[str, UnreachableError], None],
    ) -> None:
        self._app = app
        self._workspaces = workspaces
        self._settings = settings
        self._pause = pause
        self._hooks = Hooks(workspaces.base_url, native=settings.native)
        self._each: dict[str, SlackListener] = {}
        self._lock = Lock()
        self._workers = ThreadPoolExecutor(WORKERS, "slack-installed")

    def dispatch(self, payload: Json, turn: Turn) -> BoltResponse:
        """Answer a payload that was verified."""
        if payload.get("type") == "url_verification":
            return BoltResponse(status=200, body=payload["challenge"])
        id = self._workspaces.first(payload["installs"])
        if not id:
            return self._refused(payload, turn)
        if payload.get("type") == "event_callback" and payload["event"]["type"] in REMOVED:
            turn.then(partial(self._removed, id))
            return BoltResponse(status=200)
        return self._listener(id).dispatch(payload, turn)

    def at_once(self, _payload: Json, _turn: Turn) -> None:
        """Nothing: which workspace a request is of may have to be looked up."""

    def late(self, payload: Json) -> BoltResponse:
        """See SlackListener."""
        id = self._workspaces.first(payload.get("installs", ()))
        return self._listener(id).late(payload) if id else BoltResponse(status=200)

    def after(self, turn: Turn) -> None:
        """See SlackListener."""
        for work in turn.after:
            self._workers.submit(work).add_done_callback(report)

    def close(self) -> None:
        """See SlackListener."""
        self._workers.shutdown()
        for each in self._each.values():
            each.close()

    def _listener(self, id: str) -> SlackListener:
        with self._lock:
            if id not in self._each:
                settings = replace(self._settings, prefix=prefix_of(id, self._workspaces))
                self._each[id] = SlackListener(
                    self._app,
                    self._workspaces.client(id),
                    settings,
                    self._workspaces.client(id, ASK_MAX_S),
                    partial(self._workspaces.home, id),
                )
            return self._each[id]

    def _refused(self, payload: Json, turn: Turn) -> BoltResponse:
        """Somebody speaks for whose workspace we have no token; nothing is looked up or shown."""
        _log.info("A request of a workspace that has not installed the app was refused.")
        card = in_language(STRANGER, self._settings.language)
        if "command" in payload:
            return BoltResponse(status=200, body=message(card) | {"response_type": "ephemeral"})
        if url := payload.get("response_url"):
            turn.then(lambda: _ignored(self._hooks.answer(url, card, public=False)))
        return BoltResponse(status=200)

    def _removed(self, id: str) -> None:
        """The app was removed from a workspace: all for it waits, and the others go on."""
        if self._workspaces.is_gone(id):
            why = trouble(Words("Write to workspace {id}", {"id": id}), refusal(GONE))
            if isinstance(why, UnreachableError):
                self._pause(f"slack/{id}" if prefix_of(id, self._workspaces) else "slack", why)


def _ignored(_taken: bool) -> None:
    """Whether an answer was taken is in the log."""
