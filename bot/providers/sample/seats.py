"""The paid seats of Meridian: everybody has an assistant, some have an editor besides, and a few pay for nothing.

The prices stand in app.yaml (`seats`), as those of real seats do.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from bot.providers.base import ProviderSeat
from bot.providers.sample.company import EDITORS, Spender, editor_of
from bot.providers.sample.ground_truth import Truth, TruthKind

PRICES_USD = {"assistant_standard": 30, "assistant_premium": 120, "editor_business": 39}
PREMIUM = frozenset({"ana", "bob", "fay", "felix", "igor", "kim", "owen", "rosa", "vera"})
LOOKED_BACK_DAYS = 90
GIVEN_DAYS = 400  # before today, to all who did not join later
NANOS = 10**9
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WrongSeat:
    """A seat that is paid for in vain: what it costs a month, and the least and the most that could be kept of that."""

    kind: TruthKind
    detector: str
    person: str
    product: str
    saving_usd: tuple[int, int]
    note: str


_STEP_USD = PRICES_USD["assistant_premium"] - PRICES_USD["assistant_standard"]
# fmt: off
WRONG_SEATS = (
    WrongSeat("idle_seat", "W13", "ines", "assistant_standard", (30, 30), "never uses it"),
    WrongSeat("idle_seat", "W13", "rohan", "assistant_standard", (30, 30), "never uses it"),
    WrongSeat("idle_seat", "W13", "philip", "assistant_standard", (30, 30), "never uses it"),
    WrongSeat("idle_seat", "W13", "hanna", "editor_business", (39, 39), "went back to the assistant"),
    WrongSeat("idle_seat", "W13", "ana", "editor_business", (39, 39), "went back to the assistant"),
    WrongSeat("doubled_seat", "W15", "max", "assistant_standard", (0, 30), "uses an assistant and an editor"),
    WrongSeat("doubled_seat", "W15", "bob", "editor_business", (0, 39), "uses an assistant and an editor"),
    WrongSeat("doubled_seat", "W15", "dante", "assistant_standard", (0, 30), "uses an assistant and an editor"),
    WrongSeat("larger_seat", "W14", "kim", "assistant_premium", (_STEP_USD, _STEP_USD), "uses little of a large seat"),
    WrongSeat("larger_seat", "W14", "fay", "assistant_premium", (_STEP_USD, _STEP_USD), "uses little of a large seat"),
    WrongSeat("larger_seat", "W14", "rosa", "assistant_premium", (_STEP_USD, _STEP_USD), "uses little of a large seat"),
)
# fmt: on


def seats(people: Iterator[Spender], today: date, is_active: Callable[[Spender, date], bool]) -> Iterator[ProviderSeat]:
    """Who has which seat today.

    Args:
        people: those who are there; who moved stands there twice.
        today: UTC.
        is_active: whether somebody used a model on a day.
    """
    for one in people:
        days = (today - number * _DAY for number in range(1, LOOKED_BACK_DAYS))
        used_on = next((day for day in days if is_active(one, day)), None)
        given = max(one.since, today - GIVEN_DAYS * _DAY)
        yield ProviderSeat(
            one.subject, "assistant_premium" if one.id in PREMIUM else "assistant_standard", given, used_on
        )
        if one.id in EDITORS:
            yield ProviderSeat(editor_of(one.id), "editor_business", given, today - EDITORS[one.id] * _DAY)


def wrong_seats(first: date, last: date) -> Iterator[Truth]:
    """What is wrong with them from first to last."""
    months = (last - first + _DAY).days // 30
    for each in WRONG_SEATS:
        low, high = (usd * months * NANOS for usd in each.saving_usd)
        cost = PRICES_USD[each.product] * months * NANOS
        yield Truth(each.kind, each.detector, f"person/{each.person}", first, last, cost, (low, high), each.note)
