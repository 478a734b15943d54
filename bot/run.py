"""`run`: the bot in earnest."""

from collections.abc import Mapping

import structlog

from bot.app import App

log = structlog.get_logger()


def serve(app: App, environ: Mapping[str, str]) -> None:
    """Serve Slack, health and metrics until SIGTERM or SIGINT; what is under way is finished.

    Raises:
        Misconfigured: a token is missing.
    """
