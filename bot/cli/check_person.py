"""`check --person`: which budgets were considered for somebody, and which count."""

from collections.abc import Iterator
from itertools import groupby

from sqlalchemy import Connection

from bot.app import App
from bot.texts import t
from handlers.money import show_amount
from handlers.policy import Considered, ExceptionRule, considered, with_exceptions
from storage import exceptions, people
from storage.tables import FOREVER


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
    own = [each for each in exceptions.running(conn) if each.account_id == line[0].id]
    budgets = with_exceptions(app.policy.budgets, own, app.now().astimezone(app.policy.zone).date())
    found = considered(budgets, line[0], person, [each.id for each in line])
    if not found:
        yield t("{name}: no budget of app.yaml is for them", name=person.name)
    for name, rules in groupby(sorted(found, key=lambda each: each.budget.name), lambda each: each.budget.name):
        yield t("{name}: {budget}", name=person.name, budget=name)
        for each in sorted(rules, key=lambda rule: not rule.counts):
            yield f"  {_line(app, each)}"


def _line(app: App, one: Considered) -> str:
    """A rule: for whom, how much, and whether it counts."""
    rule = one.budget
    values: dict[str, object] = {
        "who": rule.who,
        "amount": show_amount(rule.allotment, rule.unit, app.policy.organization.locale),
    }
    if isinstance(rule, ExceptionRule):
        values["number"] = rule.number
        if rule.until == FOREVER:
            return t("exception of request #{number}, permanent: {amount} - counts", **values)
        return t("exception of request #{number}, until {day}: {amount} - counts", day=rule.until, **values)
    if one.counts:
        return t("{who}: {amount} - counts", **values)
    return t("{who}: {amount} - does not count, a more specific rule does", **values)
