"""What an order says to PostgreSQL is kept until it needs an answer, and then goes in one trip with the question.

A trip there and back costs both sides more than most statements do, and whoever waits for an order waits for each of
its trips. So the beginning of an order goes with its first question, what it writes with its next question, and the
last of it with the commit: then nothing of Python runs while the end of the audit's chain is locked.

The server carries everything out in the order in which it was said, and nothing more of a trip after the first error.

Its first trip asks for the transaction's number: if the line is cut while an order ends, the server can be asked by it
what became of the order (postgresql.org, pg_xact_status).
"""

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

Expects = Callable[[int], None]
"""Is given how many rows were written, and raises if that is wrong."""

QUEUE = "queue"
"""Under which name a connection's queue stands in what SQLAlchemy keeps of it."""

_NUMBER = "select pg_current_xact_id()::text"


class Said(NamedTuple):
    """A statement as the driver takes it.

    Args:
        text: of it.
        sent: the values of its parameters in their order, or those of many rows.
        many: whether they are those of many rows.
        expects: looks at how many rows were written.
        ahead: under what its answer is kept, for a question that will be asked; None for what is no question.
    """

    text: str
    sent: Any = ()
    many: bool = False
    expects: Expects | None = None
    ahead: Hashable = None


class StatementQueue:
    """The statements of one connection's order that were not sent yet.

    Args:
        driver: psycopg's connection, in its mode without transactions of its own.
        cursor: makes a cursor that takes parameters by number.

    Attributes:
        number: the transaction's, as PostgreSQL counts them; "" before its first answer.
        is_ending: whether the order's end was sent, so that it may be done though no answer came.
    """

    def __init__(self, driver: Any, cursor: Callable[[Any], Any]) -> None:
        self._driver = driver
        self._cursor = cursor
        self._opening: list[Said] = []
        self._waiting: list[Said] = []
        self._answers: dict[Hashable, list[tuple[Any, ...]]] = {}
        self._asked = False  # whether something was asked ahead, and nothing written since
        self.number = ""
        self.is_ending = False

    @property
    def waits(self) -> bool:
        """Whether there is something that goes before the next question."""
        return bool(self._opening or self._waiting)

    def begin(self) -> None:
        """A new order begins, with its first trip; nothing of the one before is left."""
        self._opening = [Said("begin")]
        self._waiting = []
        self._answers = {}
        self._asked = False
        self.number = ""
        self.is_ending = False

    def open_with(self, texts: tuple[str, ...]) -> None:
        """Let an order begin with some statements before all others, such as those by which it takes its turn."""
        self._opening += [Said(each) for each in texts]

    def add(self, said: Said) -> None:
        """Let something be written with the next trip. What was asked ahead may no longer be so."""
        if self._asked:
            self._waiting = [each for each in self._waiting if each.ahead is None]
            self._answers = {}
            self._asked = False
        self._waiting.append(said)

    def ask_ahead(self, key: Hashable, text: str, sent: Any) -> None:
        """Let a question go with the next trip that will be asked under a key after it."""
        self._waiting.append(Said(text, sent, ahead=key))
        self._asked = True

    def answer(self, key: Hashable) -> list[tuple[Any, ...]] | None:
        """The answer of a question that was asked ahead, once; None if it was not."""
        if not self._asked:
            return None
        if any(each.ahead == key for each in self._waiting):
            self.trip()
        return self._answers.pop(key, None)

    def trip(self, question: Said | None = None, end: Callable[[], object] | None = None) -> Any:
        """Send all that waits, and a question or the order's end behind it.

        Returns:
            The cursor of the question.

        Raises:
            psycopg.Error: the first that went wrong.
        """
        # Not before what lets it take its turn: a question takes the snapshot.
        opening = [*self._opening, Said(_NUMBER, ahead=_NUMBER)] if self._opening else []
        sent = [*opening, *self._waiting, *((question,) if question else ())]
        self._opening, self._waiting = [], []
        self.is_ending = self.is_ending or end is not None
        done: list[Any] = []
        first = None
        try:
            with self._driver.pipeline():
                try:
                    done.extend(self._sent(each) for each in sent)
                    if end:
                        end()
                except self._driver.Error as trouble:  # raised at the end, when the server has said all
                    first = trouble
        except self._driver.Error as trouble:
            first = first or trouble
        if first:
            raise first
        for each, cursor in zip(sent, done, strict=True):
            if each.ahead is _NUMBER:
                self.number = cursor.fetchone()[0]
            elif each.ahead is not None:
                self._answers[each.ahead] = cursor.fetchall()
            if each.expects:
                each.expects(cursor.rowcount)
        return done[-1]

    def _sent(self, said: Said) -> Any:
        cursor = self._cursor(self._driver)
        if said.many:
            cursor.executemany(said.text, said.sent)
        else:
            cursor.execute(said.text, said.sent or None)
        return cursor

    def finish(self, end: Callable[[], object]) -> None:
        """Send what is left with the order's end; an order that has said nothing was none.

        Args:
            end: the driver's commit.
        """
        if self._waiting and (not self.number or any(each.expects for each in self._waiting)):
            self.trip()  # whether there is a server, and what is expected of rows, must be known before
        if self._waiting:
            self.trip(end=end)
        elif self.number:
            self.is_ending = True
            end()
        self._opening = []
