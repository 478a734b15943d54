"""Connections that stay ready for questions: to take one out of a pool and give it back takes longer than to ask."""

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import TimeoutError as PoolTimeout

from storage import kept
from storage.prepared import run

T = TypeVar("T")


class Ready:
    """Asks questions, each in a transaction of its own, over connections that are kept between them.

    The one that was used last is used next, so that what it keeps of what it has read is of use (storage/kept.py).

    Args:
        engine: makes the connections.
        most: how many of them.
    """

    def __init__(self, engine: Engine, most: int) -> None:
        self._engine = engine
        self._room = threading.Semaphore(most)
        self._free: list[Connection] = []
        self._states = kept.States()
        event.listen(engine, "before_cursor_execute", kept.refuse_to_read)

    def ask(self, work: Callable[[Connection], T], wait_s: float, again: Hashable = None) -> T:
        """Answer a question.

        Args:
            work: called with the connection, twice if there is a key and more is needed than is kept.
            wait_s: so many seconds a connection is waited for.
            again: a key of what is kept with which the question begins; None if it need not be tried with that alone.

        Raises:
            PoolTimeout: none of the connections was free within so many seconds.
        """
        with self._lent(wait_s) as conn:
            if again is not None:
                with suppress(kept.NotKeptError):
                    return kept.alone(conn, again, work)
            return self._asked(conn, work)

    def ask_after(self, first: Callable[[Connection], object], work: Callable[[Connection], T]) -> T:
        """Answer a question on PostgreSQL, after something else was done on the same connection, before its snapshot.

        Args:
            first: each of its statements is a transaction of its own.
            work: the question.

        Raises:
            PoolTimeout: no connection is free.
        """
        with self._lent(0) as conn:
            with _each_alone(conn):
                first(conn)
            return self._asked(conn, work)

    def say(self, text: str, wait_s: float) -> list[tuple[Any, ...]]:
        """What one statement finds on PostgreSQL, in a transaction that needs no trips of its own.

        Raises:
            PoolTimeout: none of the connections was free within so many seconds.
        """
        with self._lent(wait_s) as conn, _each_alone(conn):
            return run(conn, text)

    @staticmethod
    def _asked(conn: Connection, work: Callable[[Connection], T]) -> T:
        kept.begun(conn)
        # A commit at the end, for psycopg forgets its prepared statements on a rollback.
        with conn.begin():
            return work(conn)

    @contextmanager
    def _lent(self, wait_s: float) -> Iterator[Connection]:
        if not self._room.acquire(timeout=wait_s):
            raise PoolTimeout
        try:
            conn = self._taken()
            try:
                yield conn
            finally:
                self._give_back(conn)
        finally:
            self._room.release()

    def close(self) -> None:
        """Let those go that are not in use."""
        while self._free:
            self._let_go(self._free.pop())

    def _taken(self) -> Connection:
        try:
            return self._free.pop()
        except IndexError:
            conn = self._engine.connect()
            kept.keep(conn, self._states)
            return conn

    def _give_back(self, conn: Connection) -> None:
        if conn.invalidated or conn.closed:
            conn.close()
            self.close()  # the server hung up, or was started anew: it did so to all of them
        else:
            self._free.append(conn)

    @staticmethod
    def _let_go(conn: Connection) -> None:
        kept.end(conn)
        conn.close()


@contextmanager
def _each_alone(conn: Connection) -> Iterator[None]:
    """Let each statement be a transaction of its own, on the driver's connection of PostgreSQL."""
    driver: Any = conn.connection.driver_connection
    driver.autocommit = True
    try:
        yield
    finally:
        if not driver.closed:
            driver.autocommit = False
