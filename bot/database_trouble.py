"""What is wrong with the database, as one plain sentence: for whoever runs Bursar, and for who asked something."""

import sqlite3
from collections.abc import Mapping

from sqlalchemy.exc import SQLAlchemyError

from bot.texts import t
from handlers.language import N_
from storage.db import UnreadableDatabaseError, Unusable, why_unusable

_CANNOT = N_("The database cannot be used. Is it running, and is DATABASE_URL right?")
SENTENCES: Mapping[str, str] = {
    "address": N_(
        "The database must be a file (sqlite:///path/to/bursar.db) or PostgreSQL (postgresql://user@host/name)."
    ),
    "place": N_("The database file {path} cannot be made ({reason}). Correct DATABASE_URL, or make its folder."),
    "replica_address": N_(
        "A read replica needs PostgreSQL: database.url and database.replica_url must both begin with postgresql://"
    ),
    "replica_is_primary": N_(
        "The server that database.replica_url names is no read replica: it takes changes itself. Name a read replica, "
        "or remove the setting."
    ),
    "newer": N_(
        "The database was written by Bursar {newer}; this is {own}, which cannot use it. Install {newer}, or restore a "
        "backup of {own}."
    ),
    "corrupt": N_("The database is damaged, or no database. Stop Bursar and restore a backup: restore FILE --replace"),
    "read_only": N_(
        "The database is read-only. Make the file and its folder writable; of PostgreSQL, name the primary server."
    ),
    "full": N_("The disk of the database is full, or it takes no more connections. Make room; nothing was lost."),
    "no_access": N_("The database cannot be opened. Check its name, user and password, and who may read the file."),
    "unreachable": _CANNOT,
}
"""What is wrong, and what to do; by the names of storage/db.py."""

SHORTLY: Mapping[Unusable, str] = {
    "corrupt": N_("The database is damaged."),
    "read_only": N_("The database is read-only."),
    "full": N_("The database is full."),
    "no_access": N_("The database cannot be opened."),
    "unreachable": N_("The database does not answer."),
}
"""The same for people who cannot do anything about it."""


def sentence(trouble: SQLAlchemyError | sqlite3.Error | UnreadableDatabaseError) -> str:
    """What is wrong and what to do, in the operator's language."""
    if isinstance(trouble, UnreadableDatabaseError):
        return t(SENTENCES[trouble.what], **trouble.values)
    return t(SENTENCES.get(why_unusable(trouble), _CANNOT))
