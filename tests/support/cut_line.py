"""A line to PostgreSQL that is cut at a word: before the server hears it, or before anybody hears its answer."""

import selectors
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from sqlalchemy import make_url

SOCKET = ".s.PGSQL.5432"
CHUNK_BYTES = 65_536

Side = Literal["before", "after"]


class CutLine:
    """Carries what a client and PostgreSQL say to each other.

    Args:
        there: the socket of the server.
        folder: where a client finds ours.

    Attributes:
        cuts: how often it was cut.
        dead: whether nobody gets through any more.
    """

    def __init__(self, there: Path, folder: Path) -> None:
        self.cuts = 0
        self.dead = False
        self._there = there
        self._word = b""
        self._side: Side = "before"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / SOCKET))
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self, side: Side, word: bytes = b"COMMIT", *, for_good: bool = False) -> None:
        """Cut the next connection over which a word is said.

        Args:
            side: before the server hears it, or after it has answered.
            word: which; the whole trip with it counts as one.
            for_good: let nobody through afterwards.
        """
        self._word, self._side, self._for_good = word, side, for_good

    def close(self) -> None:
        """Let nobody in any more."""
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.dead:
                    client.close()
                else:
                    threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, selectors.DefaultSelector() as ready, suppress(OSError):
            server.connect(str(self._there))
            for each in (client, server):
                ready.register(each, selectors.EVENT_READ)
            ends = False
            while True:
                for key, _ in ready.select():
                    said = key.fileobj.recv(CHUNK_BYTES)  # type: ignore[union-attr]
                    if not said or (ends and key.fileobj is server):
                        return  # the server has answered, and nobody hears it
                    if key.fileobj is client and self._word and self._word in said:
                        self._word, self.cuts, self.dead = b"", self.cuts + 1, self._for_good
                        if self._side == "before":
                            return
                        ends = True
                    (server if key.fileobj is client else client).sendall(said)


@contextmanager
def line_to(url: str) -> Iterator[tuple[str, CutLine]]:
    """A line to the server of a database; the database's address over it, and the line."""
    said = make_url(url)
    with tempfile.TemporaryDirectory(prefix="bursar-line-") as folder:  # the path of a socket has to be short
        line = CutLine(Path(str(said.query["host"])) / SOCKET, Path(folder))
        yield said.update_query_dict({"host": folder}).render_as_string(hide_password=False), line
        line.close()
