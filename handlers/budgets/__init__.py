"""Budgets: how an account stands, and what moves them."""

from handlers.budgets.allotments import enforce, give_allotments
from handlers.budgets.holds import ARRIVES_WITHIN, Hold, outstanding
from handlers.budgets.pool import allot, pool, split
from handlers.budgets.posting import move, post, refuse_too_much
from handlers.budgets.shares import Share, give, return_share, share_of, with_share
from handlers.budgets.status import (
    LOOK_BACK,
    SEASON,
    STILL_MOVES,
    BudgetStatus,
    Figures,
    OfAll,
    OfOne,
    allotment_of,
    can_be_enforced,
    current,
    last_years,
    lately_ended,
    looked_back_to,
    spent_below,
    spent_of,
    statuses,
    unpriced,
    used,
    used_by_day,
)
from handlers.budgets.transfer import correct, transfer

__all__ = [
    "ARRIVES_WITHIN",
    "LOOK_BACK",
    "SEASON",
    "STILL_MOVES",
    "BudgetStatus",
    "Figures",
    "Hold",
    "OfAll",
    "OfOne",
    "Share",
    "allot",
    "allotment_of",
    "can_be_enforced",
    "correct",
    "current",
    "enforce",
    "give",
    "give_allotments",
    "last_years",
    "lately_ended",
    "looked_back_to",
    "move",
    "outstanding",
    "pool",
    "post",
    "refuse_too_much",
    "return_share",
    "share_of",
    "spent_below",
    "spent_of",
    "split",
    "statuses",
    "transfer",
    "unpriced",
    "used",
    "used_by_day",
    "with_share",
]
