"""Programs: what agents, hooks, gateways and jobs ask before they spend, and how they ask for more."""

from handlers.programs.ask import ask_for_more, see_request, see_requests
from handlers.programs.caller import Caller, CallRefusedError
from handlers.programs.calls import CallType, Need, call_type
from handlers.programs.check import budget_status, check, line
from handlers.programs.estimate import estimate_cost
from handlers.programs.reserve import extend, release, report_done, reserve, see_reservation, settle
from handlers.programs.shapes import Call, Shape

__all__ = [
    "Call",
    "CallRefusedError",
    "CallType",
    "Caller",
    "Need",
    "Shape",
    "ask_for_more",
    "budget_status",
    "call_type",
    "check",
    "estimate_cost",
    "extend",
    "line",
    "release",
    "report_done",
    "reserve",
    "see_request",
    "see_requests",
    "see_reservation",
    "settle",
]
