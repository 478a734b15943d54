"""Budgets: how an account stands, and what moves them."""

from handlers.budgets.allotments import enforce, give_allotments
from handlers.budgets.pool import allot, pool, split
from handlers.budgets.posting import move, post
from handlers.budgets.status import (
    BudgetStatus,
    Figures,
    OfAll,
    OfOne,
    binds,
    current,
    looked_back_to,
    spent_below,
    spent_of,
    statuses,
    unpriced,
    used,
)
from handlers.budgets.transfer import correct, transfer

__all__ = [
    "BudgetStatus",
    "Figures",
    "OfAll",
    "OfOne",
    "allot",
    "binds",
    "correct",
    "current",
    "enforce",
    "give_allotments",
    "looked_back_to",
    "move",
    "pool",
    "post",
    "spent_below",
    "spent_of",
    "split",
    "statuses",
    "transfer",
    "unpriced",
    "used",
]
