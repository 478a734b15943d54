"""Teams, put together: a platform that shows, and the route on which it hears. Imported only if Teams is configured."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.routing import Route

from bot.app import App
from bot.platforms.teams.connector import PATH, Line
from bot.platforms.teams.conversations import Addresses
from bot.platforms.teams.listener import Door
from bot.platforms.teams.messenger import Teams, check
from bot.providers.base import Finding


@contextmanager
def connected(app: App, line: Line) -> Iterator[Route]:
    """The route for Teams' requests; while it is open, the app can show cards in Teams."""
    addresses = Addresses(app.database, app.now)
    teams = Teams(line, addresses, app.views, app.settings.msteams.tenants)
    app.platforms = {**app.platforms, teams.name: teams}
    Door(app, line, teams, addresses)
    try:
        yield Route(PATH, line.answer, methods=["POST"])
    finally:
        line.close()


def checked(line: Line) -> Finding:
    """Whether the app registration and its secret are good."""
    try:
        return check(line)
    finally:
        line.close()
