"""Alerts: thresholds crossed, and spending far above usual."""

from handlers.alerts.spikes.commands import expected, guard, unexpected
from handlers.alerts.spikes.watch import drifts, watch
from handlers.alerts.thresholds import alerts, known, snooze

__all__ = [
    "alerts",
    "drifts",
    "expected",
    "guard",
    "known",
    "snooze",
    "unexpected",
    "watch",
]
