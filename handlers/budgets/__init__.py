"""Budgets: how an account stands, and what moves them."""

from handlers.budgets.allotments import begin, enforce
from handlers.budgets.pool import allot, pool, split
from handlers.budgets.posting import UNHEARD, move, post
from handlers.budgets.status import (
    BudgetStatus,
    Figures,
    OfAll,
    OfOne,
    binds,
    current,
    spent_below,
    spent_of,
    statuses,
    used,
)
from handlers.budgets.transfer import correct, transfer

__all__ = [
    "UNHEARD",
    "BudgetStatus",
    "Figures",
    "OfAll",
    "OfOne",
    "allot",
    "begin",
    "binds",
    "correct",
    "current",
    "enforce",
    "move",
    "pool",
    "post",
    "spent_below",
    "spent_of",
    "split",
    "statuses",
    "transfer",
    "used",
]
