"""Teams, put together: a platform that shows, and the route on which it hears. Imported only if Teams is configured."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from starlette.routing import Route

from bot.checks import CheckLine
from bot.platforms.teams.connector import PATH, Connector
from bot.platforms.teams.listener import TeamsApp, TeamsListener
from bot.platforms.teams.messenger import LookUp, Teams, check
from bot.ports import Conversations
from handlers.language import ENGLISH

__all__ = ["Connector", "checked", "connected"]


@contextmanager
def connected(
    app: TeamsApp,
    connector: Connector,
    conversations: Conversations,
    tenants: Sequence[str],
    look_up: LookUp = lambda _email: "",
    language: str = ENGLISH,
) -> Iterator[tuple[Teams, Route]]:
    """The platform, and the route for its requests; on leaving, the connections go.

    `language` is that of the organization.
    """
    teams = Teams(connector, conversations, app.views, tenants, look_up)
    TeamsListener(app, connector, teams, conversations, language)
    try:
        yield teams, Route(PATH, connector.answer, methods=["POST"])
    finally:
        connector.close()


def checked(connector: Connector) -> CheckLine:
    """Whether the app registration and its secret are good."""
    try:
        return check(connector)
    finally:
        connector.close()
