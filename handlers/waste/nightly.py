"""The night's work: detect, measure what was saved, and tell owners in their working hours."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from handlers.context import Context
from handlers.events import DetectWaste, TellFindings
from handlers.policy import after_working
from handlers.waste import totals
from handlers.waste.cards import finding_card, list_card, realised_card
from handlers.waste.detectors import DETECTORS, detect
from handlers.waste.load import gather
from handlers.waste.usage import MONTH_DAYS, WINDOW_DAYS
from storage import findings, people, usage_patterns
from storage.findings import Finding

CHECKED_AFTER = (14, 28)
DAY = timedelta(days=1)


def detect_waste(ctx: Context, _event: DetectWaste) -> None:
    """Look for waste everywhere, measure what was saved, and have owners told in their working hours."""
    found = detect(gather(ctx), ctx.policy.waste_floor_nanos)
    findings.keep(ctx.conn, found, ctx.today)
    for each in findings.done(ctx.conn):
        _measure(ctx, each)
    owners = _owners(ctx)
    for person_id in sorted({person for each in findings.untold(ctx.conn) for person in owners(each)}):
        person = people.person(ctx.conn, person_id)
        if person and person.active:
            zone = ZoneInfo(person.zone or ctx.policy.organization.zone)
            due = after_working(ctx.now, 0, ctx.policy.working, zone)
            ctx.emit(f"{person_id}/{due:%G-%V}", TellFindings(person_id), due)


def tell_findings(ctx: Context, event: TellFindings) -> None:
    """Tell somebody in private what was found and not yet told; once a week at most."""
    person = people.person(ctx.conn, event.person_id)
    owners = _owners(ctx)
    fresh = [each for each in findings.untold(ctx.conn) if event.person_id in owners(each)]
    if person is None or not person.active or not fresh:
        return
    theirs = replace(ctx, person=person)
    names = {each.id: theirs.called(each) for each in people.accounts_ever(ctx.conn) if each.id != theirs.account_id}
    card = (
        finding_card(theirs, fresh[0])
        if len(fresh) == 1
        else list_card(theirs, fresh, names, totals.summary_of(fresh, []))
    )
    theirs.tell(person.id, f"waste/{person.id}/{ctx.today}", card)
    for each in fresh:
        findings.note(ctx.conn, each.id, told_on=ctx.today)


def _measure(ctx: Context, one: Finding) -> None:
    """What a month costs less since its owner acted: by the request, or by the day where requests themselves go away.

    At most what was estimated counts, for other things change, too.
    """
    due = next((days for days in CHECKED_AFTER if days > one.checked_days), None)
    if due is None or one.done_on is None or ctx.today < one.done_on + due * DAY:
        return
    cost, requests = usage_patterns.cost_and_requests(
        ctx.conn, one.found.account_id, one.done_on, one.done_on + due * DAY
    )
    row = DETECTORS[one.found.detector]
    if row.of_seats:
        saved = one.found.cost_nanos if one.seen < ctx.today else 0
    elif row.saves == "day":
        saved = (one.before_nanos * due // WINDOW_DAYS - cost) * MONTH_DAYS // due
    else:
        usual = one.before_nanos * requests // one.before_requests if one.before_requests else 0
        saved = (usual - cost) * MONTH_DAYS // due
    most = one.found.saving[1] if one.found.saving else one.found.cost_nanos
    realised = max(0, min(saved, most))
    findings.note(ctx.conn, one.id, checked_days=due, realised_nanos=realised)
    person = people.person(ctx.conn, one.said_by)
    if person and person.active:
        theirs = replace(ctx, person=person)
        theirs.tell(person.id, f"realised/{one.id}/{due}", realised_card(theirs, one, realised, due))


def _owners(ctx: Context) -> Callable[[Finding], tuple[str, ...]]:
    """Whom a finding concerns: the owner of its account, or finance where there is none."""
    accounts = {each.id: each.owner_id for each in people.accounts_ever(ctx.conn)}
    here = {each.id for each in people.active_people(ctx.conn)}
    finance = tuple(each.id for each in people.people_with_role(ctx.conn, "finance"))

    def owners(one: Finding) -> tuple[str, ...]:
        owner = accounts[one.found.account_id]
        return (owner,) if owner in here else finance

    return owners
