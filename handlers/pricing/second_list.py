"""A second price list, for what the first does not know: mostly models of sellers in China.

It is a reduced copy of LiteLLM's price file (second_list.json says of which version; `deploy/price_list.py` makes it
anew). Its prices are dollars at some rate of some day: whoever pays in yuan writes down prices of their own.
"""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from handlers.model_names import ModelForm

LIST = Path(__file__).with_suffix(".json")
ANY = ""
"""The seller where a name does not say one."""

_DATED = re.compile(r"-(?:\d{6}|\d{4}-\d{2}-\d{2})$")
_POINT = re.compile(r"(?<=\d)\.(?=\d)")


@dataclass(frozen=True, slots=True)
class Listed:
    """What a million tokens of a model cost in dollars, None where nothing is listed."""

    input: Decimal
    cache_read: Decimal | None = None
    cache_write_5m: Decimal | None = None
    cache_write_1h: Decimal | None = None
    output: Decimal | None = None

    @property
    def both(self) -> Decimal:
        """Of a token in and one out."""
        return self.input + (self.output or 0)


def find_listed(form: ModelForm) -> Listed | None:
    """What the second list says of a reading of a name, None if nothing.

    A day at the end of a name (`-260915`) need not be the same: the newest is taken where that very one is not listed.
    Of a name without a seller the dearest is taken, for a guard must not be blind.
    """
    name = _POINT.sub("-", form.name.lower())
    listed = _by_name()
    return listed.get((form.seller, name)) or listed.get((form.seller, _DATED.sub("", name)))


@cache
def _by_name() -> Mapping[tuple[str, str], Listed]:
    """By seller and name, with and without a day; and by name alone."""
    sellers = json.loads(LIST.read_text())["sellers"]
    each = [
        (seller, _POINT.sub("-", name), Listed(**{kind: Decimal(price) for kind, price in prices.items()}))
        for seller, models in sellers.items()
        for name, prices in sorted(models.items())  # of two days the later comes last, and stays
    ]
    undated = {(seller, _DATED.sub("", name)): listed for seller, name, listed in each}
    at_seller = undated | {(seller, name): listed for seller, name, listed in each}
    anywhere: dict[str, list[Listed]] = defaultdict(list)
    for (_, name), listed in at_seller.items():
        anywhere[name].append(listed)
    return at_seller | {(ANY, name): max(found, key=lambda one: one.both) for name, found in anywhere.items()}
