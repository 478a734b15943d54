"""Requests: asking for more, deciding, and what becomes of it."""

from handlers.requests.decide import (
    approve,
    delegate,
    deny,
    end_grants,
    escalate,
    history,
    other,
    question,
    remind_approver,
    request_expired,
    return_grant,
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
    "end_grants",
    "escalate",
    "history",
    "open_request",
    "other",
    "question",
    "refresh",
    "remind",
    "remind_approver",
    "request",
    "request_expired",
    "requests_",
    "return_grant",
    "revoke",
    "tell_asker",
    "withdraw",
]
