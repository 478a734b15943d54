"""Administration: identities, providers, status."""

from handlers.admin.identities import link, people_
from handlers.admin.providers import providers
from handlers.admin.set_aside import report_set_aside
from handlers.admin.status import late, retry, status

__all__ = [
    "late",
    "link",
    "people_",
    "providers",
    "report_set_aside",
    "retry",
    "status",
]
