"""A replica of the bot in a process of its own, whose clock is as far ahead as a test says."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from multiprocessing.sharedctypes import Synchronized

from bot.app import App
from bot.clock import guarded
from bot.config import Settings
from bot.logging import quiet
from bot.platforms.slack.client import web_client
from bot.platforms.slack.messenger import Slack
from storage.db import Database

PAUSE_S = 0.05


def replica(
    rules: Mapping[str, object],
    url: str,
    slack_url: str,
    token: str,
    ahead_s: "Synchronized[float]",
    rounds: "Synchronized[int] | None" = None,
) -> None:
    """Tick and deliver until somebody kills the process.

    Args:
        rules: app.yaml.
        url: of its database.
        slack_url: where Slack is.
        token: which Slack takes.
        ahead_s: seconds by which its clock is ahead of the real one; a test may change it.
        rounds: how often it has done both, if a test wants to know.
    """
    quiet()  # with all values of each frame, a traceback takes seconds
    app = App(
        settings=Settings.model_validate(rules),
        database=Database(url),
        platforms={"slack": Slack(web_client(token, slack_url), pause=lambda _: None)},
        now=lambda: datetime.fromtimestamp(time.time() + ahead_s.value, UTC),
    )
    while True:
        guarded(app.tick)
        guarded(app.deliver)
        if rounds is not None:
            rounds.value += 1
        time.sleep(PAUSE_S)
