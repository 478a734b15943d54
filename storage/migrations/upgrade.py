"""The migrations, done by alembic. Loading it takes a fifth of a second, so only a start that has one to do does."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def upgrade(conn: Connection) -> None:
    """Bring the tables up to date.

    Args:
        conn: in a transaction of its own.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = conn
    command.upgrade(config, "head")
