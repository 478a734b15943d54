"""Time zones from people's mailboxes, by Microsoft Graph.

Graph gives the zone of one mailbox at a time, so they are asked for in batches. The zone has Windows' name or that of
the time zone database, as the tenant's administrator chose; CLDR, which Babel carries, says which is which.

Sources: Graph's pages "Get user mailbox settings" and "Combine multiple HTTP requests using JSON batching" (2026).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from babel.core import get_global

from bot.errors import OutsideError, UndeliverableError
from bot.http import Api
from handlers.policy import ZONES

BATCH_MAX = 20
FORBIDDEN = 403
FINAL = frozenset({200, FORBIDDEN, 404})
"""What is an answer; 404 says that there is no mailbox. The rest is trouble that passes."""

IANA: Mapping[str, str] = get_global("windows_zone_mapping")


def zones_of(api: Api, user_ids: Sequence[str]) -> dict[str, str]:
    """The zones of some users by their ids, "" where there is none to be had.

    Who was not answered for is left out. If the first ones are all refused, so are the others without being asked for.
    """
    found: dict[str, str] = {}
    for start in range(0, len(user_ids), BATCH_MAX):
        try:
            answers = _asked(api, user_ids[start : start + BATCH_MAX])
        except OutsideError:
            break
        if not start and _refused(answers):
            return dict.fromkeys(user_ids, "")
        found |= {user: zone_name(word) for user, (status, word) in answers.items() if status in FINAL}
    return found


def may_read(api: Api, user_id: str) -> bool:
    """Whether we are let into mailboxes' settings, tried with one user.

    Raises:
        OutsideError: Graph cannot be asked.
    """
    return not _refused(_asked(api, [user_id]))


def zone_name(word: str) -> str:
    """The name in the time zone database of a zone that Microsoft names, "" for none."""
    name = IANA.get(word, word)
    return name if name in ZONES else ""


def _refused(answers: Mapping[str, tuple[int, str]]) -> bool:
    return bool(answers) and all(status == FORBIDDEN for status, _ in answers.values())


def _asked(api: Api, user_ids: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Status and zone of each user in one batch; the answers come in any order."""
    requests = [
        {"id": str(number), "method": "GET", "url": f"/users/{user_id}/mailboxSettings/timeZone"}
        for number, user_id in enumerate(user_ids)
    ]
    whose = {each["id"]: user_id for each, user_id in zip(requests, user_ids, strict=True)}
    match api.ask_json("/$batch", {"requests": requests}):
        case {"responses": [*answers]}:
            return {whose[each["id"]]: _answer(each) for each in answers if _is_one(each, whose)}
        case _:
            raise UndeliverableError("Microsoft Graph answered a batch with something else, so nothing of it counts.")


def _is_one(answer: Any, known: Mapping[str, str]) -> bool:
    return isinstance(answer, dict) and answer.get("id") in known and isinstance(answer.get("status"), int)


def _answer(answer: Mapping[str, Any]) -> tuple[int, str]:
    body = answer.get("body")
    return answer["status"], str(body.get("value") or "") if isinstance(body, dict) else ""
