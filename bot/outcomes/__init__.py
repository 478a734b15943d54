"""What came out of the work of teams, as the places where code and issues lie count it: SOURCES is the table."""

from collections.abc import Callable, Mapping

from bot.config import OutcomeSettings
from bot.outcomes.github import GitHub
from bot.outcomes.gitlab import GitLab
from bot.outcomes.source import OutcomeSource

SOURCES: Mapping[str, Callable[[OutcomeSettings, str], OutcomeSource]] = {"github": GitHub, "gitlab": GitLab}
"""What makes each kind, of its settings and its token."""

__all__ = ["SOURCES", "OutcomeSource"]
