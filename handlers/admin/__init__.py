"""Administration: identities, providers, status."""

from handlers.admin.identities import link, people_
from handlers.admin.providers import providers
from handlers.admin.status import retry, status

__all__ = [
    "link",
    "people_",
    "providers",
    "retry",
    "status",
]
