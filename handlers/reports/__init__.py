"""Reports: the digest, the close of a month, and who wants which."""

from handlers.reports.channels import channel_closed
from handlers.reports.digest import digest
from handlers.reports.month_close import close, month
from handlers.reports.subscriptions import send_notes, settings

__all__ = [
    "channel_closed",
    "close",
    "digest",
    "month",
    "send_notes",
    "settings",
]
