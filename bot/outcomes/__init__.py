"""What came out of the work of teams, as the places where code and issues lie count it: SOURCES is the table."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import cast

from bot.config import OutcomeSettings
from bot.outcomes.source import OutcomeSource

Make = Callable[[OutcomeSettings, str], OutcomeSource]


def _named(module: str, kind: str) -> Make:
    """A class of sources that is only loaded where one is made: what app.yaml does not name, nobody waits for."""
    return lambda settings, token: cast("OutcomeSource", getattr(import_module(module), kind)(settings, token))


SOURCES: Mapping[str, Make] = {
    "github": _named("bot.outcomes.github", "GitHub"),
    "gitlab": _named("bot.outcomes.gitlab", "GitLab"),
}
"""What makes each kind, of its settings and its token."""

__all__ = ["SOURCES", "OutcomeSource"]
