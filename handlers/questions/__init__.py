"""Questions: what is left, where it went, where it will end."""

from handlers.questions.balance import balance, facts, gauge, pace, title_of, tone_of
from handlers.questions.forecast import forecast, missing, runs_out, seen_ahead
from handlers.questions.model_prices import MILLION, Rate, models, rate
from handlers.questions.spend import spend
from handlers.questions.unit_cost import value
from handlers.questions.why import AS_USUAL_PERCENT, WEIGHTS, compared, explained, in_a_line, why

__all__ = [
    "AS_USUAL_PERCENT",
    "MILLION",
    "WEIGHTS",
    "Rate",
    "balance",
    "compared",
    "explained",
    "facts",
    "forecast",
    "gauge",
    "in_a_line",
    "missing",
    "models",
    "pace",
    "rate",
    "runs_out",
    "seen_ahead",
    "spend",
    "title_of",
    "tone_of",
    "value",
    "why",
]
