"""What programs ask over HTTP before they spend: /api/v1, with its document, hooks and the check of gateways."""

from bot.api.endpoint import PREFIX, connected

__all__ = ["PREFIX", "connected"]
