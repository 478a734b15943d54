"""Budgets as app.yaml writes them, for whoever puts a proposal there."""

from collections.abc import Iterable, Sequence

from handlers.money import Amount
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
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    if isinstance(value, Amount):
        return str(value)
    said = str(value)
    return f'"{said}"' if "#" in said or ": " in said else said
