"""Very many limits that turn out to have been reached long ago, as when a provider is connected in mid-month.

A message to each would keep a chat platform busy for hours, and everything else waiting, to say what nobody can change
any more. So the owners of teams and finance are told how many there are, and each person sees it when they ask.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from handlers.card import Block, Button, Card, Table, Text, Tone
from handlers.context import Context
from handlers.periods import Period
from handlers.policy import Budget, is_working
from handlers.provenance import as_of
from storage import alerts as store
from storage import people
from storage.alerts import WHOLE, Tally
from storage.people import Account
from storage.tables import ORGANIZATION

MANY = 50
"""So many limits are told one by one, however old the news is."""
OLD = timedelta(days=3)
"""Usage is reported up to so late anyway; what was reached before is old news."""
OWNERS_MAX = 200
"""Of so many teams the owners are told, those nearest the top first."""


def is_old_news(ctx: Context, budget: Budget, found: Tally) -> bool:
    """Whether what is to be told is mostly of long ago, or all of it is from before anybody was watching."""
    return found.due > MANY and (found.earlier * 2 >= found.due or store.is_first(ctx.conn, budget.name))


def can_be_told(ctx: Context) -> bool:
    """Whether it is the organization's working time: old news can wait for it."""
    return is_working(ctx.now, ctx.policy.working, ctx.policy.zone)


def tell_owners(ctx: Context, budget: Budget, period: Period) -> None:
    """Tell owners of teams, and finance, how many limits below them just became quiet."""
    teams = _teams(ctx)
    counts = store.quiet_below(
        ctx.conn, budget.name, period.first, ctx.now, [ORGANIZATION, *(each.id for each in teams)]
    )
    whom: dict[str, list[Account]] = defaultdict(list)
    for team in teams:
        if team.id in counts:
            whom[team.owner_id].append(team)
    organization = ctx.account(ORGANIZATION)
    if organization:
        for person in people.people_with_role(ctx.conn, "finance"):
            whom[person.id].insert(0, organization)
    ctx.places_of(list(whom))
    for person in people.persons(ctx.conn, whom).values():
        theirs = replace(ctx, person=person)
        key = f"catching-up/{budget.name}/{period.first}/{ctx.now:%Y-%m-%dT%H:%M:%S.%f}"
        theirs.tell(person.id, key, _card(theirs, budget, period, whom[person.id], counts))


def _teams(ctx: Context) -> list[Account]:
    """As many levels of the tree as have few enough teams together."""
    found = people.teams_with_owners(ctx.conn)
    depth = found[OWNERS_MAX][1] if len(found) > OWNERS_MAX else None
    return [team for team, above in found if depth is None or above < depth]


def _card(
    ctx: Context, budget: Budget, period: Period, accounts: Sequence[Account], counts: Mapping[str, Mapping[int, int]]
) -> Card:
    first = accounts[0]
    percents = sorted({percent for each in accounts for percent in counts.get(each.id, {})})
    lowest = percents[0] if percents else WHOLE
    title = ctx.nt(
        "{name}: {n} limit is used to {percent} % or more",
        "{name}: {n} limits are used to {percent} % or more",
        counts.get(first.id, {}).get(lowest, 0),
        name=first.name,
        percent=lowest,
    )
    why = ctx.t(
        "Usage since {day} has been read only now, and most of these limits were reached days ago. I don't message "
        "each person: they see it when they ask for their balance, and hear from me at the next threshold.",
        day=ctx.day(period.first),
    )
    rows = tuple(
        (each.name, *(str(counts.get(each.id, {}).get(percent, 0)) for percent in percents)) for each in accounts
    )
    columns = (ctx.t("Team"), *(ctx.t("{percent} % or more", percent=percent) for percent in percents))
    caption = ctx.t("Limits of the budget “{budget}”", budget=budget.name)
    table = Table(caption, columns, rows, "l" + "r" * len(percents))
    tone: Tone = "bad" if WHOLE in percents else "warn"
    return Card(title, (Text(why), table, *_buttons(ctx, first), as_of(ctx, first=period.first)), tone)


def _buttons(ctx: Context, account: Account) -> Iterator[Block]:
    said = "organization" if account.id == ORGANIZATION else account.id.replace("/", " ")
    yield Button(ctx.t("Where did it go?"), f"spend of {said} by model")
