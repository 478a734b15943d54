"""A folder into which somebody exports usage, and what goes wrong with such files."""

import csv
import io
import shutil
import tempfile
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

COLUMNS = ("date", "who", "model", "tokens_input", "tokens_output", "cost", "prompt")


class Folder:
    """One file, with a column that is none of our business. Spoilt, it stays so until it is written again.

    Attributes:
        prompt: what stands in that column.
        requests: nobody is asked anything, so it stays empty.
    """

    prompt = "please summarize the salaries of the board"

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self._rows: dict[tuple[date, str], tuple[object, ...]] = {}

    def __enter__(self) -> Self:
        self.path = Path(tempfile.mkdtemp(prefix="bursar-files-"))
        self.use(date(2026, 11, 1), "ana", Decimal(1), 1)
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path)

    def use(self, day: date, user: str, dollars: Decimal, tokens: int) -> None:
        """Say what a user used on a day; said again it is restated."""
        self._rows[day, user] = (day, user, "gpt-x", tokens, tokens, dollars, self.prompt)
        self._write(self._exported())

    def fail_next(
        self,
        status: int,
        headers: Mapping[str, str] | None = None,  # noqa: ARG002 - as at a server
        body: Any = b"",
        times: int = 1,  # noqa: ARG002 - it stays so
    ) -> None:
        """Put something else there, or beside the right rows one that is wrong."""
        wrong = self._exported(("some day", "zoe", "gpt-x", 1, 1, 1, self.prompt))
        self._write(body if status == 200 else wrong)

    def halve_next(self, times: int = 1) -> None:  # noqa: ARG002 - it stays so
        """Break off in the middle of the last row."""
        whole = self._exported()
        self._write(whole[: whole.rindex(b"gpt-x") + 2])

    def _exported(self, *more: tuple[object, ...]) -> bytes:
        text = io.StringIO()
        csv.writer(text).writerows([COLUMNS, *self._rows.values(), *more])
        return text.getvalue().encode()

    def _write(self, content: bytes) -> None:
        (self.path / "usage.csv").write_bytes(content)
