"""What is small change and what is danger, as an admin wrote it in app.yaml."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from handlers.amounts import read_amount
from handlers.policy.amounts import written_amount
from handlers.policy.approvals import Frozen


def _money(words: str) -> str:
    return str(written_amount(words)) if words else ""


AmountText = Annotated[str, BeforeValidator(str), AfterValidator(_money)]


class GuardRules(Frozen):
    """When the runaway guard speaks.

    Args:
        floor: what an account must have burnt, or burn by the next morning, above its usual.
        caps: what an account of a kind ("person", "agent", "unallocated") may cost in a day while it is new and has too
            few others to be compared with; twice the floor where nothing is said, four times for people.
        pause_above: an agent that has burnt so much above its usual is paused without asking; "" for never.
    """

    floor: AmountText = "25"
    caps: dict[Literal["person", "agent", "unallocated"], AmountText] = Field(default_factory=dict)
    pause_above: AmountText = ""


class WasteRules(Frozen):
    """What is worth a word.

    Args:
        floor: what a finding must be able to save a month.
    """

    floor: AmountText = "25"


def units(words: str, unit: str) -> int | None:
    """An amount of app.yaml in nanos, None for none.

    Raises:
        ValueError: it is in another unit.
    """
    amount = read_amount(words, own=unit)
    return amount.units(unit) if amount else None
