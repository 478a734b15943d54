"""Administration: identities, providers, status, tokens."""

from handlers.admin.audit import audit
from handlers.admin.erase import erase
from handlers.admin.go_live import go_live
from handlers.admin.identities import link, people_
from handlers.admin.outcome_sources import check_sources
from handlers.admin.providers import providers
from handlers.admin.retention import forget_months, forget_old
from handlers.admin.services import service_refused
from handlers.admin.set_aside import report_set_aside
from handlers.admin.status import REPLICA, late, retry, status
from handlers.admin.tokens import check_tokens, old_token_used, token, token_ends

__all__ = [
    "REPLICA",
    "audit",
    "check_sources",
    "check_tokens",
    "erase",
    "forget_months",
    "forget_old",
    "go_live",
    "late",
    "link",
    "old_token_used",
    "people_",
    "providers",
    "report_set_aside",
    "retry",
    "service_refused",
    "status",
    "token",
    "token_ends",
]
