"""Waste: money that bought nothing, as far as usage figures can show it."""

from handlers.waste.commands import dismiss, done, finding, keep, postpone, release, sift, tell, waste
from handlers.waste.detect import Advice, Summary, advice, advice_in_words, summary

__all__ = [
    "Advice",
    "Summary",
    "advice",
    "advice_in_words",
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
