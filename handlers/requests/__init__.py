"""Requests: asking for more, deciding, and what becomes of it."""

from handlers.requests.decide import (
    approve,
    delegate,
    deny,
    giveback,
    grants,
    history,
    lapse,
    nudge,
    other,
    question,
    raise_,
    revoke,
)
from handlers.requests.messages import answer_origin, deed, refresh, tell_asker
from handlers.requests.submit import change, open_request, remind, request, requests_, withdraw

__all__ = [
    "answer_origin",
    "approve",
    "change",
    "deed",
    "delegate",
    "deny",
    "giveback",
    "grants",
    "history",
    "lapse",
    "nudge",
    "open_request",
    "other",
    "question",
    "raise_",
    "refresh",
    "remind",
    "request",
    "requests_",
    "revoke",
    "tell_asker",
    "withdraw",
]
