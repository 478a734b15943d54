"""Budgets: how an account stands, and what moves them."""

from handlers.budgets.allotments import begin, enforce
from handlers.budgets.pool import allot, pool, split
from handlers.budgets.posting import UNHEARD, move, post
from handlers.budgets.status import (
    Figures,
    OfAll,
    OfOne,
    Standing,
    binds,
    current,
    spent_below,
    spent_of,
    standings,
    used,
)
from handlers.budgets.transfer import correct, transfer

__all__ = [
    "UNHEARD",
    "Figures",
    "OfAll",
    "OfOne",
    "Standing",
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
    "standings",
    "transfer",
    "used",
]
