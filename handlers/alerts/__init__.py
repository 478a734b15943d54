"""Alerts: thresholds crossed, and spending far above usual."""

from handlers.alerts.credit import check_credit, credit_said, credits_here, credits_said, short_credits
from handlers.alerts.overspent import overspent
from handlers.alerts.spikes import check_drifts, check_spikes, expected, guard, unexpected, unusual
from handlers.alerts.thresholds import check_thresholds, known, snooze

__all__ = [
    "check_credit",
    "check_drifts",
    "check_spikes",
    "check_thresholds",
    "credit_said",
    "credits_here",
    "credits_said",
    "expected",
    "guard",
    "known",
    "overspent",
    "short_credits",
    "snooze",
    "unexpected",
    "unusual",
]
