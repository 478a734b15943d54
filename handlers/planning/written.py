"""Budgets as app.yaml writes them, for whoever puts a proposal there."""

import sys
from collections.abc import Iterable, Sequence

import yaml

from handlers.policy import Budget

FIRST = ("name", "who", "amount", "every")


def lines(budgets: Iterable[Budget]) -> tuple[str, ...]:
    """One line of YAML for each budget, with what differs from what a budget has anyway."""
    return tuple(f"- {{{', '.join(_parts(each))}}}" for each in budgets)


def changed(before: Sequence[Budget], after: Sequence[Budget]) -> tuple[tuple[Budget, ...], tuple[Budget, ...]]:
    """The budgets that are new or other than before, and those that are no more."""
    new = tuple(each for each in after if each not in before)
    kept = {(each.name, each.who) for each in after}
    return new, tuple(each for each in before if (each.name, each.who) not in kept)


def _parts(budget: Budget) -> Iterable[str]:
    said = {name: value for name, value in budget if value != Budget.model_fields[name].default}
    for name in (*FIRST, *sorted(said.keys() - set(FIRST))):
        if name in said or name == "every":
            yield f"{name}: {_value(getattr(budget, name))}"


def _value(value: object) -> str:
    """As YAML writes it within braces: a name such as “on” or “*-opus” is put between quotation marks."""
    plain = list(value) if isinstance(value, tuple) else value
    if not isinstance(plain, bool | int | list):
        plain = str(plain)
    said = yaml.safe_dump([plain], default_flow_style=True, allow_unicode=True, width=sys.maxsize)
    return said.strip()[1:-1]
