"""What programs say of themselves: taken in, counted until the provider speaks, held against its report."""

from handlers.telemetry.counting import give_way, is_settled, make_room, still_counting
from handlers.telemetry.reconcile import reconcile
from handlers.telemetry.taking_in import subject_of, take_in
from handlers.telemetry.twice import twice_in_words
from handlers.telemetry.uses import DIMENSIONS, costs_of, spent_on

__all__ = [
    "DIMENSIONS",
    "costs_of",
    "give_way",
    "is_settled",
    "make_room",
    "reconcile",
    "spent_on",
    "still_counting",
    "subject_of",
    "take_in",
    "twice_in_words",
]
