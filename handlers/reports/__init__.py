"""Reports: the digest, the close of a month, and who wants which."""

from handlers.reports.digest import digest
from handlers.reports.month_close import close
from handlers.reports.subscriptions import send_notes, settings

__all__ = [
    "close",
    "digest",
    "send_notes",
    "settings",
]
