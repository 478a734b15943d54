"""The providers that run the contract suite: how each is stood up beside its fake. A new one is a line in CASES."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from bot.providers.base import Provider
from bot.providers.http import Patience
from bot.providers.litellm import LiteLLM
from storage.limits import Subject
from tests.fakes.litellm import FakeLiteLLM
from tests.fakes.loopback import Loopback


@dataclass(frozen=True, slots=True)
class Case:
    """A provider and its fake.

    Args:
        fake: makes the fake; it is entered as a context.
        make: makes the provider that speaks to that fake.
        use: says in the fake what a user used on a day: (fake, day, user, dollars, tokens). Said again for the same day
            and user it is restated. The user is there from then on.
        secret: what the provider's key is in the fake.
        subject: somebody there whose limit can be set, None if no limits can.
        paused: somebody there who can be paused, None if nobody can.
        asks: the HTTP methods by which it takes questions.
    """

    fake: Callable[[], Loopback]
    make: Callable[[Any, Patience], Provider]
    use: Callable[[Any, date, str, Decimal, int], None]
    secret: Callable[[Any], str]
    subject: Subject | None = None
    paused: Subject | None = None
    asks: frozenset[str] = frozenset({"GET"})


def _litellm_use(fake: FakeLiteLLM, day: date, user: str, dollars: Decimal, tokens: int) -> None:
    spend = float(dollars)
    fake.add_usage(day, user, f"{user}@acme.test", f"{user:0>64}", user, None, "openai/gpt-x", spend, tokens, tokens)


CASES: Mapping[str, Case] = {
    "litellm": Case(
        FakeLiteLLM,
        lambda fake, patience: LiteLLM("llm", fake.url, fake.key, patience=patience),
        _litellm_use,
        lambda fake: str(fake.key),
    ),
}
