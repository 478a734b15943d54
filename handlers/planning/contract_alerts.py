"""What is told once of a contract: that the last day for notice comes nearer, and how its commitment is drawn."""

from collections.abc import Iterator
from dataclasses import replace

from handlers.card import Button, Card, Facts
from handlers.context import Context
from handlers.events import CheckContracts, ReportContract
from handlers.money import percent
from handlers.planning.contract_cards import WHOLE, facts
from handlers.planning.drawdown import running, standing_of
from handlers.policy import Contract
from storage import installation, people

MILESTONES = (120, 90, 60, 30, 14, 7)
"""So many days before the last day for notice it is told."""
DRAWN = (50, 75, 90, 100)
"""So many percent of a commitment are told once each."""
EARLY_DAYS = 30
UNUSED_PERCENT = 10
"""So much of a commitment may be used up before its end, or lapse, without a word."""


def check_contracts(ctx: Context, _event: CheckContracts) -> None:
    """Have it told once that the last day for notice of a contract comes nearer."""
    for contract in running(ctx):
        days = (contract.notice_until - ctx.today).days
        passed = [each for each in MILESTONES if each >= days]
        if days >= 0 and passed and ctx.today >= contract.starts:
            due = min(passed)
            ctx.emit(f"{contract.name}/{contract.notice_until}/{due}", ReportContract(contract.name, due))
        for about, number in _news(ctx, contract):
            once = f"contract/{contract.name}/{contract.ends}/{about}/{number}"
            if installation.noted(ctx.conn, once) is None:
                installation.note(ctx.conn, once, "", ctx.now)
                ctx.emit(once, ReportContract(contract.name, number, about))


def _news(ctx: Context, contract: Contract) -> Iterator[tuple[str, int]]:
    """What is to be told once of the commitment of a contract, as the event says it."""
    if not contract.commitment or not contract.starts <= ctx.today < contract.ends:
        return
    standing = standing_of(ctx, contract)
    share = percent(standing.drawn, standing.commitment) if standing.commitment else 0
    passed = [each for each in DRAWN if share >= each]
    if passed:
        yield "drawn", passed[-1]
    if not standing.has_course or standing.drawn >= standing.commitment:
        return
    day = standing.used_up(standing.pace)
    if day and (contract.ends - day).days > EARLY_DAYS:
        yield "early", 0
    elif percent(standing.left_at_the_end(standing.pace), standing.commitment) > UNUSED_PERCENT:
        yield "unused", 0


def report_contract(ctx: Context, event: ReportContract) -> None:
    """Tell the owner of a contract and finance that its last day for notice comes nearer."""
    contract = next((each for each in running(ctx) if each.name == event.contract), None)
    if contract is None:
        return
    to = {each.id: each for each in people.people_with_role(ctx.conn, "finance")}
    owner = ctx.somebody(contract.owner) if contract.owner else None
    if owner and owner.active:
        to[owner.id] = owner
    for person in to.values():
        theirs = replace(ctx, person=person)
        days = max(0, (contract.notice_until - ctx.today).days)
        title = _title(theirs, contract, event, days)
        ask = Button(theirs.t("What if it costs more?"), f"renewal {contract.name} +20 %")
        card = Card(title, (Facts(tuple(facts(theirs, standing_of(theirs, contract)))), ask), "warn")
        about = "" if event.about == "notice" else f"{event.about}/"
        theirs.tell(person.id, f"contract/{contract.name}/{contract.notice_until}/{about}{event.days}", card)


def _title(ctx: Context, contract: Contract, event: ReportContract, days: int) -> str:
    """The news of a contract in a line."""
    name = contract.name
    match event.about:
        case "drawn" if event.days >= WHOLE:
            return ctx.t("{name}: the commitment is used up", name=name)
        case "drawn":
            return ctx.t("{name}: {percent} % of the commitment is drawn", name=name, percent=event.days)
        case "early":
            return ctx.t("{name}: the commitment will be used up long before its end", name=name)
        case "unused":
            return ctx.t("{name}: part of the commitment will lapse unused", name=name)
        case _ if not contract.renews_months:
            return ctx.nt(
                "{name}: ends in {n} day and does not renew by itself",
                "{name}: ends in {n} days and does not renew by itself",
                max(0, (contract.ends - ctx.today).days),
                name=name,
            )
        case _:
            return ctx.nt(
                "{name}: {n} day left to give notice", "{name}: {n} days left to give notice", days, name=name
            )
