"""What programs say of themselves: taken in, counted until the provider speaks, held against its report."""

from handlers.telemetry.counting import give_way, is_settled, still_counting
from handlers.telemetry.taking_in import subject_of, take_in

__all__ = ["give_way", "is_settled", "still_counting", "subject_of", "take_in"]
