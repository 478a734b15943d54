"""Waste: money that bought nothing, as far as usage figures can show it."""

from handlers.waste.cards import saving_of
from handlers.waste.commands import comment, dismiss, done, finding, keep, postpone, release, waste
from handlers.waste.nightly import detect_waste, tell_findings
from handlers.waste.totals import Advice, Summary, advice, advice_in_words, summary

__all__ = [
    "Advice",
    "Summary",
    "advice",
    "advice_in_words",
    "comment",
    "detect_waste",
    "dismiss",
    "done",
    "finding",
    "keep",
    "postpone",
    "release",
    "saving_of",
    "summary",
    "tell_findings",
    "waste",
]
