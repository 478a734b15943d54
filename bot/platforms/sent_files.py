"""Files that people send to the bot: fetched from where the platform keeps them, and kept outside the chat."""

from collections.abc import Callable, Sequence

from bot.errors import OutsideError
from bot.http import TooLargeError
from bot.ports import Hears
from handlers.errors import RefusedError
from handlers.language import Words
from handlers.requests import too_large

FILES_MAX = 3
RECEIPT = "receipt"
"""The sentence of a file that was sent without words, and the field that names it."""


def kept(app: Hears, person: str, fetches: Sequence[Callable[[], bytes]]) -> dict[str, str]:
    """Fetch some files and keep them.

    Args:
        app: keeps them.
        person: id of who sent them.
        fetches: each gets the content of one.

    Returns:
        The field that names them.

    Raises:
        RefusedError: one of them cannot be had or kept, and why.
    """
    if len(fetches) > FILES_MAX:
        raise RefusedError("Send at most {n} files at once.", n=FILES_MAX)
    return {RECEIPT: " ".join(app.keep_receipt(person, _content(each)) for each in fetches)}


def _content(fetch: Callable[[], bytes]) -> bytes:
    try:
        return fetch()
    except TooLargeError:
        raise too_large() from None
    except OutsideError as trouble:
        raise RefusedError(
            "I could not get your file. Send it again later, or add it on the page of the claim. ({trouble})",
            trouble=Words(trouble.why, trouble.values),
        ) from trouble
