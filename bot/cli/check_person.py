"""`check --person`: which budgets were considered for somebody, and which count."""

from collections.abc import Iterator
from itertools import groupby

from sqlalchemy import Connection

from bot.app import App
from bot.texts import t
from handlers.money import show_amount
from handlers.policy import considered
from storage import people


def rules_of(app: App, person_id: str) -> Iterator[str]:
    """The rules of app.yaml that fit a person, by name, and whether they count, a line each.

    Args:
        app: the bot.
        person_id: such as "ana".
    """
    yield from app.database.ask(lambda conn: list(_lines(app, conn, person_id.removeprefix("@"))))


def _lines(app: App, conn: Connection, person_id: str) -> Iterator[str]:
    person, line = people.person(conn, person_id), people.line(conn, f"person/{person_id}")
    if person is None or not line:
        yield t("Nobody has the id “{person}”.", person=person_id)
        return
    found = considered(app.policy.budgets, line[0], person, [each.id for each in line])
    if not found:
        yield t("{name}: no budget of app.yaml is for them", name=person.name)
    for name, rules in groupby(sorted(found, key=lambda each: each.budget.name), lambda each: each.budget.name):
        yield t("{name}: {budget}", name=person.name, budget=name)
        for each in sorted(rules, key=lambda rule: not rule.counts):
            amount = show_amount(each.budget.allotment, each.budget.unit, app.policy.organization.locale)
            says = (
                t("{who}: {amount} - counts", who=each.budget.who, amount=amount)
                if each.counts
                else t(
                    "{who}: {amount} - does not count, a more specific rule does", who=each.budget.who, amount=amount
                )
            )
            yield f"  {says}"
