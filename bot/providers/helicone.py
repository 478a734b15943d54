"""Helicone: what the users of one organization used through it or traced to it.

Facts are from docs.helicone.ai, November 2026; nothing was seen live. Costs there are reckoned at list prices.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bot.checks import CheckLine, works
from bot.http import PATIENCE, Api, ApiKey, Page, Patience, Refusal
from bot.providers.base import Provider, days, midnight
from bot.providers.payload_fields import Body, Count, Dollars, Word, nanos
from bot.providers.set_aside import understood
from bot.texts import t
from handlers.language import N_
from storage.charges import Charge

USERS = "/v1/user/metrics/query"
PAGE_ROWS = 100
SECOND = timedelta(seconds=1)

# How often it may be asked is not documented.
CALLS_PER_MINUTE = 60

NEEDED = N_("an API key of the organization that may read")


class _User(Body):
    """What a user's calls of the time used; those without a user stand under an empty name."""

    user_id: Word
    total_requests: Count = 0
    total_prompt_tokens: Count = 0
    total_completion_tokens: Count = 0
    cost: Dollars | None = None


class _Users(Body):
    users: list[Any]
    count: Count = 0


class _Answer(Body):
    data: _Users


class Helicone(Provider):
    """One organization at Helicone.

    Args:
        name: its name in app.yaml.
        url: where its API is.
        key: an API key.
        key_name: the environment variable that the key stands in.
        patience: how long one question may take.
        calls_per_minute: how often it is asked at most.
    """

    can = frozenset({"charges"})
    complete = True
    cannot = (
        "Helicone sees only calls that go through it or are traced to it, and whoever calls says whose they are.",
        "Helicone tells of users no models.",
        "Helicone's limits are a header of the call: whoever calls sets them, not Bursar.",
        "Helicone reckons cost at list prices.",
    )

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        key_name: str,
        patience: Patience = PATIENCE,
        calls_per_minute: int | None = CALLS_PER_MINUTE,
    ) -> None:
        self.name = name
        key_of = ApiKey(key_name, key, {}, NEEDED)
        self._api = Api("Helicone", url, key_of, patience, None, calls_per_minute, _refusal)
        self.who = self._api.who

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()

    def charges(self, first: date, last: date) -> Iterator[Charge]:
        """One cell for each UTC day and user."""
        for day in days(first, last):
            yield from self._of_day(day)

    def probe(self) -> Iterator[CheckLine]:
        """Whether it answers and the key may read."""
        self._asked(datetime.now(UTC).date(), 0, 1)
        yield works(t("{service} answers", service=self.who), None)

    def _of_day(self, day: date) -> Iterator[Charge]:
        def ask(number: int) -> Page:
            found = self._asked(day, (number - 1) * PAGE_ROWS, PAGE_ROWS)
            return Page(found.users, -(-found.count // PAGE_ROWS))

        rows = self._api.pages(ask, "users")
        for each in understood(self.who, f"usage of {day}", rows, _User.model_validate):
            cost = nanos(each.cost) if each.cost else 0
            yield Charge(
                self.name,
                midnight(day),
                24,
                "",
                subject=each.user_id,
                tokens_input=each.total_prompt_tokens,
                tokens_output=each.total_completion_tokens,
                requests=each.total_requests,
                cost_nanos=cost or None,
                cost_source="list_price" if cost else "unpriced",
            )

    def _asked(self, day: date, offset: int, rows: int) -> _Users:
        start = midnight(day)
        question = {
            "filter": "all",
            "offset": offset,
            "limit": rows,
            "timeFilter": {
                "startTimeUnixSeconds": int(start.timestamp()),
                "endTimeUnixSeconds": int((start + timedelta(days=1) - SECOND).timestamp()),
            },
            "timeZoneDifferenceMinutes": 0,
            "sort": {"user_id": "asc"},
        }
        return self._api.read(_Answer, self._api.ask_json(USERS, question), "users").data


def _refusal(said: Any) -> Refusal | None:
    """Helicone may refuse with status 200."""
    match said:
        case {"error": str(why)} if why:
            return Refusal(400, "", why)
        case _:
            return None
