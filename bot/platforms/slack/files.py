"""Files that people send to the bot: Slack says where one lies, and gives it to whoever has the bot token.

Sources: docs.slack.dev, "files.info" and "Working with files" (url_private_download with the token as Bearer; without
the scope a page to sign in comes instead).
"""

from collections.abc import Callable, Sequence
from functools import partial

from slack_sdk import WebClient

from bot.errors import UndeliverableError
from bot.http import Origin, TooLargeError
from bot.platforms.slack.client import asked
from handlers.language import Words
from handlers.requests import BYTES_MAX

SERVICE = "Slack"


def fetches(client: WebClient, file_ids: Sequence[str]) -> list[Callable[[], bytes]]:
    """What gets the content of each of some files; see `content`."""
    return [partial(content, client, each) for each in file_ids]


def content(client: WebClient, file_id: str) -> bytes:
    """The content of a file that somebody sent.

    Raises:
        OutsideError: Slack cannot be reached or refuses, or keeps it elsewhere.
    """
    said = asked(Words("Read a file"), lambda: client.files_info(file=file_id)).get("file") or {}
    if (said.get("size") or 0) > BYTES_MAX:
        raise TooLargeError("{service} has a file that is too large", service=SERVICE)
    address = said.get("url_private_download") or ""
    if said.get("is_external") or said.get("mode") not in (None, "hosted", "snippet") or not address:
        raise UndeliverableError("{service} only has a link to the file, not the file itself", service=SERVICE)
    origin = Origin(client.base_url)
    return origin.fetch(SERVICE, address, BYTES_MAX, {"Authorization": f"Bearer {client.token}"})
