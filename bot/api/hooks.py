"""Hooks of coding agents: over the limit or paused, a prompt is stopped with one sentence; near it, there is a warning.

What each program sends, and what it does with an answer, was seen with Claude Code 2.1.332, Codex CLI 0.171.0 and
Gemini CLI 0.61.0. None of them tells who sits there, so the token does. Of what they send only the session's id is
read: a prompt is never parsed, kept or logged. A hook is no limit: where it is taken out, or Bursar is away, people go
on.
"""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from anyio.to_thread import run_sync
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.api import problems
from bot.app import App, BrokeError, KeyUsedError
from bot.bearer import ProblemError
from handlers.errors import RefusedError
from handlers.programs import Call, Need, Shape
from handlers.programs.shapes import Check, Verdict
from storage.db import BusyError
from storage.tokens import Bearer

FRESH = timedelta(seconds=3)
"""So old an answer may be: on Monday at nine everybody's hooks ask at once."""
KEPT_MAX = 10_000
SESSION = re.compile(rb'"session_id"\s*:\s*"([0-9A-Za-z_-]{1,64})"')
READ_MAX_BYTES = 64 * 1024
ANSWERABLE = (RefusedError, KeyUsedError, BusyError, BrokeError, ValidationError, ProblemError)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What a program's hook says for us: how to stop, how to warn, how to tell at the start."""

    stop: Callable[[str], Json]
    warn: Callable[[str], Json]
    tells: bool = False


def _blocked(why: str) -> Json:
    return {"decision": "block", "reason": why}


def _denied(why: str) -> Json:
    return {"decision": "deny", "reason": why}


def _stopped(why: str) -> Json:
    return {"continue": False, "stopReason": why}


def _shown(text: str) -> Json:
    return {"systemMessage": text}


def _tool_denied(why: str) -> Json:
    """The tool does not run, and the session ends before the next model call."""
    out = {"hookEventName": "PreToolUse", "permissionDecision": "deny", "permissionDecisionReason": why}
    return {**_stopped(why), "hookSpecificOutput": out}


def _nothing(_text: str) -> Json:
    return {}


PROMPT, START = Told(_blocked, _shown), Told(_shown, _shown, tells=True)
HOOKS: Mapping[str, Mapping[str, Told]] = {
    "claude-code": {
        "SessionStart": START,
        "UserPromptSubmit": PROMPT,
        "PreToolUse": Told(_tool_denied, _nothing),
        "PostToolBatch": Told(_stopped, _nothing),
    },
    "codex": {"SessionStart": START, "UserPromptSubmit": PROMPT, "PreToolUse": Told(_blocked, _nothing)},
    "gemini": {
        "SessionStart": START,
        "BeforeAgent": Told(_denied, _shown),
        "BeforeModel": Told(_stopped, _nothing),
    },
}


class Desk(Protocol):
    """What a hook needs of the API."""

    def let_in(self, request: Request, need: Need) -> Bearer:
        """The token that a request shows."""

    def call(self, bearer: Bearer, call: Call, key: str = "") -> Shape:
        """What is answered to a program."""


class HookDesk:
    """Answers hooks.

    Args:
        app: for the clock.
        desk: lets programs in, and answers them.
    """

    def __init__(self, app: App, desk: Desk) -> None:
        self._now = app.now
        self._desk = desk
        self._verdicts: dict[str, tuple[datetime, Verdict]] = {}
        self._warned: dict[tuple[str, str], None] = {}
        self._lock = threading.Lock()

    async def answer(self, request: Request) -> Response:
        """What the hook has to print."""
        told = HOOKS.get(request.path_params["client"], {}).get(request.path_params["event"])
        if told is None:
            known = ", ".join(f"{client}/{event}" for client, events in HOOKS.items() for event in events)
            text = f"There is no such hook. These are known: {known}"
            return ProblemError(404, "not-found", "Not found", text).respond()
        session = await _session(request)
        try:
            said = await run_sync(self._answer, request, told, session)
        except ANSWERABLE as trouble:
            return problems.problem_of(trouble, "en").respond()
        return JSONResponse(said, headers={"Cache-Control": "no-store"})

    def _answer(self, request: Request, told: Told, session: str) -> Json:
        bearer = self._desk.let_in(request, "figures")
        verdict = self._verdict(bearer)
        if verdict.decision == "no":
            return told.stop(verdict.message)
        if told.tells:
            return told.warn(verdict.message) if verdict.decides else {}
        if verdict.decision == "until" and self._is_first(bearer, session):
            return told.warn(verdict.message)
        return {}

    def _verdict(self, bearer: Bearer) -> Verdict:
        """Whether the account may spend; a moment old at most."""
        account, now = bearer.token.account_id, self._now()
        with self._lock:
            kept = self._verdicts.get(account)
        if kept and kept[0] <= now < kept[0] + FRESH:
            return kept[1]
        verdict = self._desk.call(bearer, Check())
        if not isinstance(verdict, Verdict):
            raise TypeError(f"{verdict!r} is no verdict")
        with self._lock:
            if len(self._verdicts) >= KEPT_MAX:
                self._verdicts.clear()
            self._verdicts[account] = (now, verdict)
        return verdict

    def _is_first(self, bearer: Bearer, session: str) -> bool:
        """Whether a session was not warned yet; one that says no name is warned each time."""
        if not session:
            return True
        name = (bearer.token.account_id, session)
        with self._lock:
            if name in self._warned:
                return False
            if len(self._warned) >= KEPT_MAX:
                self._warned.clear()
            self._warned[name] = None
        return True


async def _session(request: Request) -> str:
    """The session's id, out of at most so much of the body; the rest is read past and let go."""
    seen = b""
    async for chunk in request.stream():
        if len(seen) < READ_MAX_BYTES:
            seen += chunk[: READ_MAX_BYTES - len(seen)]
    found = SESSION.search(seen)
    return found[1].decode() if found else ""
