"""Limits at the providers, kept equal to the ledger."""

from handlers.limits.conflicts import adopt, limits_, ours, proceed, restore, theirs
from handlers.limits.pause import halted, is_pausable, pause, resume
from handlers.limits.plan import action, subject_word
from handlers.limits.provider_requests import answered, sought, unsought
from handlers.limits.reconcile import follow, landed, reconcile, stuck

__all__ = [
    "action",
    "adopt",
    "answered",
    "follow",
    "halted",
    "is_pausable",
    "landed",
    "limits_",
    "ours",
    "pause",
    "proceed",
    "reconcile",
    "restore",
    "resume",
    "sought",
    "stuck",
    "subject_word",
    "theirs",
    "unsought",
]
