"""What `check` says: a line for each thing that was looked at, whoever looked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bot.errors import OutsideError
from bot.texts import in_words, t


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One line of `check`: what was looked at, whether it works, and what to do if it does not.

    Where something works and there is advice all the same, it is a note: something to know of.

    Args:
        what: was looked at.
        ok: whether it works.
        advice: what to do, or to know.
        asked: whether the other side was asked with our key.
        trouble: what it then met, None for nothing.
    """

    what: str
    ok: bool
    advice: str = ""
    asked: bool = False
    trouble: OutsideError | None = None

    @property
    def mark(self) -> Literal["ok", "note", "FAIL"]:
        """What stands before the line."""
        return "FAIL" if not self.ok else "note" if self.advice else "ok"


def why_not(ask: Callable[[], object]) -> OutsideError | None:
    """The trouble that a question meets, None if it is answered."""
    try:
        ask()
    except OutsideError as trouble:
        return trouble
    return None


def works(what: str, no: OutsideError | None) -> CheckLine:
    """Something works unless there is trouble with it; `no` is what `why_not` said."""
    return CheckLine(what, ok=no is None, advice=in_words(no) if no else "", asked=True, trouble=no)


def may_read(key_name: str, path: str, no: OutsideError | None) -> CheckLine:
    """Whether a key may read a route."""
    return works(t("{name} may read {path}", name=key_name, path=path), no)


def may_write(needs: str) -> CheckLine:
    """What is to be said of writing where no question would tell: nothing is written to find out."""
    return CheckLine(t("whether limits may be written shows at the first one"), ok=True, advice=t(needs))
