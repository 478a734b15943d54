"""Limits at the providers, kept equal to the ledger."""

from handlers.limits.conflicts import adopt, keep_theirs, limits_, proceed, restore, restore_ours
from handlers.limits.pause import is_pausable, pause, pause_account, pause_applied, pause_failed, resume
from handlers.limits.plan import compared, unknown_vendor
from handlers.limits.provider_requests import increase_decided, increase_requested, increase_withdrawn
from handlers.limits.reconcile import limit_applied, limit_failed, sync_account, sync_provider

__all__ = [
    "adopt",
    "compared",
    "increase_decided",
    "increase_requested",
    "increase_withdrawn",
    "is_pausable",
    "keep_theirs",
    "limit_applied",
    "limit_failed",
    "limits_",
    "pause",
    "pause_account",
    "pause_applied",
    "pause_failed",
    "proceed",
    "restore",
    "restore_ours",
    "resume",
    "sync_account",
    "sync_provider",
    "unknown_vendor",
]
