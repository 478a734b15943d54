"""Requests: asking for more, deciding, and what becomes of it."""

from handlers.requests.case import load
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
from handlers.requests.record import answer_origin, deed, record, tell_asker
from handlers.requests.submit import Wish, change, open_request, remind, request, requests_, withdraw

__all__ = [
    "Wish",
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
    "load",
    "nudge",
    "open_request",
    "other",
    "question",
    "raise_",
    "record",
    "remind",
    "request",
    "requests_",
    "revoke",
    "tell_asker",
    "withdraw",
]
