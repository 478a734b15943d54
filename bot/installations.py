"""Which workspaces of Slack have installed the app, kept in the database by slack_sdk's own stores.

The tokens are encrypted with keys that only the environment knows; the first key encrypts, all of them decrypt, so that
keys can be exchanged. Everything goes through our door to the database: the stores are given a connection of an order
or a question for their engine, so that nobody else commits, and that what another order came between is done again.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.installation_store.sqlalchemy import SQLAlchemyInstallationStore
from slack_sdk.oauth.state_store.sqlalchemy import SQLAlchemyOAuthStateStore
from sqlalchemy import Connection, RowMapping, delete, select
from sqlalchemy.exc import DBAPIError

from bot.config import ConfigError, Settings, secret
from bot.platforms.slack.workspaces import CLIENT_SECRET, KEYS, STATE_S, AppCredentials, Workspaces
from bot.texts import t
from storage import installation
from storage.db import BusyError, Database
from storage.tables import slack_oauth_states

SAVED_AGAIN_S = (0.0, 0.5, 2.0, 5.0, 10.0, 20.0)
"""After these pauses new tokens are saved again: the old refresh token is used up, and nobody else has the new one."""
RENEWAL = timedelta(seconds=60)
"""So long one replica may take to renew a token before another one tries."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Engine:
    """As much of an engine as the stores need, on a connection whose transaction is somebody else's."""

    conn: Connection

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        yield self.conn

    connect = begin


def ciphers(keys: str) -> MultiFernet:
    """What encrypts tokens, from keys with commas between them.

    Raises:
        ConfigError: there is none, or one is none.
    """
    try:
        return MultiFernet([Fernet(each.strip()) for each in keys.split(",") if each.strip()])
    except ValueError as wrong:
        raise ConfigError(
            t(
                "{name} is not set, or holds something that is no key of Fernet. {page} says how to make one.",
                name=KEYS,
                page="docs/how-to/slack-workspaces.md",
            )
        ) from wrong


@dataclass(frozen=True, slots=True)
class StoredInstallations:
    """The installations of one app; see Installations in bot/platforms/slack/workspaces.py.

    Args:
        database: where.
        client_id: of the app.
        cipher: encrypts and decrypts tokens.
        now: the clock.
    """

    database: Database
    client_id: str
    cipher: MultiFernet
    now: Callable[[], datetime]
    _unreadable: set[str] = field(default_factory=set)

    def every(self) -> Mapping[str, Bot]:
        """See Installations."""
        found = {str(each.team_id or each.enterprise_id): each for each in self.database.ask(self._read)}
        return {id: self._decrypted(id, each) for id, each in found.items()}

    def save(self, installed: Installation) -> None:
        """See Installations. What was installed there before is forgotten, and of who installed it nothing is kept."""
        kept = Installation(**installed.to_dict_for_copying())
        kept.user_id = ""
        kept.user_token = kept.user_refresh_token = kept.incoming_webhook_url = None
        kept.bot_token, kept.bot_refresh_token = (
            self._encrypted(kept.bot_token),
            self._encrypted(kept.bot_refresh_token),
        )

        def write(conn: Connection) -> None:
            store = self._store(conn)
            store.delete_all(enterprise_id=kept.enterprise_id, team_id=kept.team_id)
            store.save(kept)

        self.database.transact(write)

    def renew(self, id: str, bot: Bot) -> None:
        """See Installations."""
        kept = Bot(**bot.to_dict_for_copying())
        kept.bot_token = self._encrypted(kept.bot_token) or ""
        kept.bot_refresh_token = self._encrypted(kept.bot_refresh_token)

        def write(conn: Connection) -> None:
            store = self._store(conn)
            if self._stands(conn, bot):
                store.delete_bot(enterprise_id=kept.enterprise_id, team_id=kept.team_id)
                store.save_bot(kept)
            installation.end(conn, _renewal(id))

        self._save_surely(write)

    def _save_surely(self, write: Callable[[Connection], None]) -> None:
        """Write something that nobody else knows, for as long as it takes until the database is back.

        Raises:
            BusyError: it is away for too long.
            DBAPIError: the same.
        """
        *pauses_s, last_s = SAVED_AGAIN_S
        for pause_s in pauses_s:
            time.sleep(pause_s)
            with suppress(BusyError, DBAPIError):
                return self.database.transact(write)
        time.sleep(last_s)
        return self.database.transact(write)

    def remove(self, bot: Bot) -> None:
        """See Installations."""

        def write(conn: Connection) -> None:
            if self._stands(conn, bot):
                self._store(conn).delete_all(enterprise_id=bot.enterprise_id, team_id=bot.team_id)

        self.database.transact(write)

    def take_renewal(self, id: str) -> bool:
        """See Installations."""

        def take(conn: Connection) -> bool:
            taken = installation.noted(conn, _renewal(id))
            if taken and taken[1] > self.now() - RENEWAL:
                return False
            installation.note(conn, _renewal(id), "", self.now())
            return True

        return self.database.transact(take)

    def issue(self) -> str:
        """See Installations. States that nobody came back with are forgotten."""

        def write(conn: Connection) -> str:
            over = datetime.now(UTC).replace(tzinfo=None)  # the store's own clock
            conn.execute(delete(slack_oauth_states).where(slack_oauth_states.c.expire_at < over))
            return self._states(conn).issue()

        return self.database.transact(write)

    def consume(self, state: str) -> bool:
        """See Installations. Of two who come with the same state at once, one at most is let in."""
        return bool(state) and self.database.transact(lambda conn: self._states(conn).consume(state))

    def encrypt_anew(self) -> None:
        """See Installations."""

        def write(conn: Connection) -> None:
            store = self._store(conn)
            for table in (store.bots, store.installations):
                for row in conn.execute(select(table.c.id, table.c.bot_token, table.c.bot_refresh_token)).all():
                    conn.execute(
                        table.update()
                        .where(table.c.id == row.id)
                        .values(bot_token=self._rotated(row[1]), bot_refresh_token=self._rotated(row[2]))
                    )

        self.database.transact(write)

    def _read(self, conn: Connection) -> list[Bot]:
        """All of them, their tokens encrypted, the newest last."""
        store = self._store(conn)
        mine = select(store.bots).where(store.bots.c.client_id == self.client_id)
        rows = conn.execute(mine.order_by(store.bots.c.installed_at))
        return [store.build_bot_entity(_in_utc(row)) for row in rows.mappings()]

    def _stands(self, conn: Connection, bot: Bot) -> bool:
        """Whether an installation is still the one it was: it may be gone, or have been installed again."""
        there = {(each.enterprise_id, each.team_id): each.installed_at for each in self._read(conn)}
        return there.get((bot.enterprise_id, bot.team_id)) == bot.installed_at

    def _store(self, conn: Connection) -> SQLAlchemyInstallationStore:
        engine: Any = _Engine(conn)
        return SQLAlchemyInstallationStore(self.client_id, engine)

    @staticmethod
    def _states(conn: Connection) -> SQLAlchemyOAuthStateStore:
        engine: Any = _Engine(conn)
        return SQLAlchemyOAuthStateStore(STATE_S, engine)

    def _encrypted(self, token: str | None) -> str | None:
        return self.cipher.encrypt(token.encode()).decode() if token else None

    def _rotated(self, token: str | None) -> str | None:
        try:
            return self.cipher.rotate(token.encode()).decode() if token else None
        except InvalidToken:
            return token

    def _decrypted(self, id: str, bot: Bot) -> Bot:
        """With its tokens as Slack gave them; without any if no key fits."""
        try:
            bot.bot_token = self.cipher.decrypt(bot.bot_token).decode()
            bot.bot_refresh_token = (
                self.cipher.decrypt(bot.bot_refresh_token).decode() if bot.bot_refresh_token else None
            )
        except InvalidToken:
            if id not in self._unreadable:
                log.warning("the token of a workspace cannot be decrypted: a key is missing", workspace=id, keys=KEYS)
            self._unreadable.add(id)
            bot.bot_token, bot.bot_refresh_token = "", None
        return bot


def _in_utc(row: RowMapping) -> dict[str, Any]:
    """A row whose times say that they are UTC; the store would take them for the machine's own."""
    return {key: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for key, value in row.items()}


def _renewal(id: str) -> str:
    return f"renewal of {id}"


def workspaces_of(
    settings: Settings, environ: Mapping[str, str], database: Database, now: Callable[[], datetime]
) -> Workspaces:
    """The workspaces that have installed the app, as app.yaml allows.

    Raises:
        ConfigError: a secret is missing, or a key is none.
    """
    slack = settings.slack
    client_secret = secret(CLIENT_SECRET, environ)
    if not client_secret:
        raise ConfigError(
            t(
                "{name} is not set: it holds {what}. {page} says where to find it.",
                name=CLIENT_SECRET,
                what=t("the client secret of the Slack app"),
                page="docs/how-to/slack-workspaces.md",
            )
        )
    stored = StoredInstallations(database, slack.client_id, ciphers(secret(KEYS, environ)), now)
    credentials = AppCredentials(slack.app_id, slack.client_id, client_secret)
    return Workspaces(stored, credentials, slack.workspaces, slack.teams, slack.url)
