"""Waste: money that bought nothing, as far as usage figures can show it."""

from handlers.waste.commands import dismiss, done, finding, keep, postpone, release, sift, tell, waste
from handlers.waste.detect import Summary, cheaper, summary

__all__ = [
    "Summary",
    "cheaper",
    "dismiss",
    "done",
    "finding",
    "keep",
    "postpone",
    "release",
    "sift",
    "summary",
    "tell",
    "waste",
]
