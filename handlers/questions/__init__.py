"""Questions: what is left, where it went, where it will end."""

from handlers.questions.at_providers import (
    EACH,
    AtProviders,
    OwnCap,
    at_providers,
    cap_each,
    cap_words,
    caps_of,
    stays_limited,
)
from handlers.questions.balance import balance, facts, gauge, label_of, title_of, tone_of
from handlers.questions.forecast import forecast, out_on
from handlers.questions.model_prices import MILLION, Rate, models, rate
from handlers.questions.outcomes import outcomes_
from handlers.questions.outlook import Scope, estimated, looked_at, missing, pace, seen_ahead
from handlers.questions.projection import Forecast
from handlers.questions.rules import budgets_
from handlers.questions.spend import spend
from handlers.questions.unit_cost import value
from handlers.questions.whose import asked_about, headed
from handlers.questions.why import ALIKE_PERCENT, WEIGHTS, compared, explained, in_a_line, why

__all__ = [
    "ALIKE_PERCENT",
    "EACH",
    "MILLION",
    "WEIGHTS",
    "AtProviders",
    "Forecast",
    "OwnCap",
    "Rate",
    "Scope",
    "asked_about",
    "at_providers",
    "balance",
    "budgets_",
    "cap_each",
    "cap_words",
    "caps_of",
    "compared",
    "estimated",
    "explained",
    "facts",
    "forecast",
    "gauge",
    "headed",
    "in_a_line",
    "label_of",
    "looked_at",
    "missing",
    "models",
    "out_on",
    "outcomes_",
    "pace",
    "rate",
    "seen_ahead",
    "spend",
    "stays_limited",
    "title_of",
    "tone_of",
    "value",
    "why",
]
