"""Requests: asking for more, deciding, and what becomes of it."""

from handlers.requests.approvers import LEAD, deciders
from handlers.requests.case import Case, load
from handlers.requests.claims import claim, claims_, paid, payroll
from handlers.requests.decide import (
    approve,
    approve_anew,
    approved_apart,
    delegate,
    deny,
    history,
    other,
    question,
    return_grant,
    revoke,
)
from handlers.requests.effect import ask_to_raise, enough_for, stays_capped
from handlers.requests.exceptions import end_exception, exceptions, permanent, raise_
from handlers.requests.follow import check_requests, follow_request
from handlers.requests.jobs import check_jobs, continue_, is_at_checkpoint
from handlers.requests.messages import request_of
from handlers.requests.opening import open_request
from handlers.requests.proposals import Ask, ask_through, dont_send, proposal_expired, send
from handlers.requests.queue import all_waiting, in_queue, open_ones, waiting_for
from handlers.requests.quoted import clean
from handlers.requests.receipt_files import BYTES_MAX, too_large
from handlers.requests.receipts import is_receipt, keep_receipt, opened, receipt_, receipts_
from handlers.requests.submit import change, remind, request, requests_, withdraw
from handlers.requests.timers import end_grants, escalate, remind_approver, request_expired
from handlers.requests.unreached import ask_next_in_line, message_given_up
from handlers.requests.who import who
from handlers.requests.wording import decided
from handlers.requests.write import answer_origin, deed, record, tell_asker

__all__ = [
    "BYTES_MAX",
    "LEAD",
    "Ask",
    "Case",
    "all_waiting",
    "answer_origin",
    "approve",
    "approve_anew",
    "approved_apart",
    "ask_next_in_line",
    "ask_through",
    "ask_to_raise",
    "change",
    "check_jobs",
    "check_requests",
    "claim",
    "claims_",
    "clean",
    "continue_",
    "decided",
    "deciders",
    "deed",
    "delegate",
    "deny",
    "dont_send",
    "end_exception",
    "end_grants",
    "enough_for",
    "escalate",
    "exceptions",
    "follow_request",
    "history",
    "in_queue",
    "is_at_checkpoint",
    "is_receipt",
    "keep_receipt",
    "load",
    "message_given_up",
    "open_ones",
    "open_request",
    "opened",
    "other",
    "paid",
    "payroll",
    "permanent",
    "proposal_expired",
    "question",
    "raise_",
    "receipt_",
    "receipts_",
    "record",
    "remind",
    "remind_approver",
    "request",
    "request_expired",
    "request_of",
    "requests_",
    "return_grant",
    "revoke",
    "send",
    "stays_capped",
    "tell_asker",
    "too_large",
    "waiting_for",
    "who",
    "withdraw",
]
