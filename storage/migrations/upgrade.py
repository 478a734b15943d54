"""The migrations, done by alembic. Loading it takes a fifth of a second, so only a start that has one to do does."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def upgrade(conn: Connection) -> str:
    """Bring the tables up to date.

    Args:
        conn: in a transaction of its own.

    Returns:
        The last migration of the oldest program that can work with them.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = conn
    command.upgrade(config, "head")
    scripts = ScriptDirectory.from_config(config)
    return max(getattr(each.module, "oldest_program", "") for each in scripts.walk_revisions())
