"""Alerts: thresholds crossed, and spending far above usual."""

from handlers.alerts.spikes import check_drifts, check_spikes, expected, guard, unexpected, unusual
from handlers.alerts.thresholds import check_thresholds, known, snooze

__all__ = [
    "check_drifts",
    "check_spikes",
    "check_thresholds",
    "expected",
    "guard",
    "known",
    "snooze",
    "unexpected",
    "unusual",
]
