"""How a contract stands, as finance and its owner read it: a fact in a line."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from handlers.context import Context
from handlers.language import N_
from handlers.money import percent, scale_of
from handlers.planning.contract_seats import seat_facts
from handlers.planning.drawdown import DAY, TOKENS, WEEK, WEEKS, Standing
from handlers.policy import Contract, PriceChange

WHOLE = 100
KINDS: Mapping[str, str] = {
    "input": N_("input"),
    "cache_read": N_("cache reads"),
    "cache_write": N_("cache writes (5 min)"),
    "cache_write_1h": N_("cache writes (1 h)"),
    "output": N_("output"),
}


def facts(ctx: Context, standing: Standing) -> Iterator[tuple[str, str]]:
    """What there is to know of a contract, by name."""
    contract = standing.contract
    term, gone = (contract.ends - contract.starts).days, (standing.known_until - contract.starts).days
    yield (
        ctx.t("Term"),
        ctx.t(
            "{first} to {last}, {percent} % of it is over",
            first=ctx.last_day(contract.starts),
            last=ctx.last_day(contract.ends - DAY),
            percent=percent(max(0, gone), term),
        ),
    )
    if standing.commitment:
        share = percent(standing.drawn, standing.commitment)
        yield (
            ctx.t("Commitment"),
            ctx.t(
                "{drawn} of {all} drawn ({percent} %)",
                drawn=ctx.estimate(standing.drawn, standing.unit),
                all=ctx.estimate(standing.commitment, standing.unit),
                percent=share,
            ),
        )
        if contract.currency not in ("", standing.unit):
            text = ctx.t("{amount}, at the rate of {day}", amount=contract.commitment, day=ctx.day(contract.starts))
            yield ctx.t("As agreed"), text
        if standing.known_until < contract.ends:
            yield ctx.t("At this pace"), _course(ctx, standing)
            yield from _beyond(ctx, standing)
        else:
            yield ctx.t("At its end"), _outcome(ctx, standing)
    else:
        yield ctx.t("Spent"), ctx.estimate(standing.drawn, standing.unit)
    yield from _unknown(ctx, standing)
    yield from _announced(ctx, standing)
    yield from seat_facts(ctx, contract)
    if contract.renews_months and contract.uplift_percent is not None:
        yield ctx.t("At renewal"), ctx.t("the price may rise by {percent} % at most", percent=contract.uplift_percent)
    yield ctx.t("Notice"), notice(ctx, contract)
    yield from _renewals(ctx, contract)
    if contract.document:
        yield ctx.t("Document"), contract.document


def _unknown(ctx: Context, standing: Standing) -> Iterator[tuple[str, str]]:
    """That the term began before anything was known: what was drawn until then is in no figure."""
    since, contract = standing.known_since, standing.contract
    if contract.starts >= ctx.today:
        return
    if since is None:
        yield ctx.t("Not known"), ctx.t("nothing of {provider} was read yet", provider=contract.provider)
    elif since >= contract.starts + WEEK:
        yield ctx.t("Not known"), ctx.t("what was used before {day}, when its figures begin", day=ctx.last_day(since))


def _course(ctx: Context, standing: Standing) -> str:
    """When a commitment is used up, or what lapses; with the slowest and the fastest of the last weeks."""
    fast, slow = max(standing.weeks, default=0), min(standing.weeks, default=0)
    day = standing.used_up(standing.pace)
    if day:
        early, late = standing.used_up(fast) or day, standing.used_up(slow)
        if early == late:
            return ctx.t("used up on {day}; what is spent beyond it is extra", day=ctx.last_day(day))
        return ctx.t(
            "used up on {day} ({early} to {late}); what is spent beyond it is extra",
            day=ctx.last_day(day),
            early=ctx.last_day(early),
            late=ctx.last_day(late) if late else ctx.t("after its end"),
        )
    left = standing.left_at_the_end(standing.pace)
    if not standing.drawn and not standing.pace:
        return ctx.t("nothing of it is used, so all of it lapses at its end")
    least, most = standing.left_at_the_end(fast), standing.left_at_the_end(slow)
    paid = percent(standing.commitment, max(1, standing.commitment - left))
    return ctx.t(
        "{left} ({least} to {most}) lapse at its end, so each {unit} of use costs {percent} % of its price",
        left=ctx.estimate(left, standing.unit),
        least=ctx.estimate(least, standing.unit),
        most=ctx.estimate(most, standing.unit),
        unit=ctx.t("token") if standing.unit == TOKENS else standing.unit,
        percent=paid,
    )


def _beyond(ctx: Context, standing: Standing) -> Iterator[tuple[str, str]]:
    """What is likely to be used beyond a commitment until its end, and what that costs."""
    likely = standing.beyond_at_the_end(standing.pace)
    least, most = (standing.beyond_at_the_end(each) for each in (min(standing.weeks), max(standing.weeks)))
    if not most:
        return
    over = standing.contract.overage_percent if standing.unit != TOKENS else WHOLE
    shown = [ctx.estimate(each * over // WHOLE, standing.unit) for each in (likely, least, most)]
    text = ctx.t("{likely} ({least} to {most}) beyond it", likely=shown[0], least=shown[1], most=shown[2])
    yield ctx.t("At its end"), text


def _announced(ctx: Context, standing: Standing) -> Iterator[tuple[str, str]]:
    """Prices that change, each in a line, and what they cost until the term ends."""
    contract = standing.contract
    for each in sorted(contract.prices, key=lambda one: (one.since, one.model)):
        if each.since >= ctx.today - WEEK * WEEKS:
            yield ctx.t("Announced"), _change(ctx, each)
    if standing.steps:
        more = standing.coming(standing.pace, contract.ends)
        more -= replace(standing, steps=()).coming(standing.pace, contract.ends)
        text = N_("{amount} more until its end") if more >= 0 else N_("{amount} less until its end")
        yield ctx.t("The new prices cost"), ctx.t(text, amount=ctx.estimate(abs(more), standing.unit))


def _change(ctx: Context, change: PriceChange) -> str:
    """A price that changes, in a line."""
    values = {"model": change.model or ctx.t("all models"), "day": ctx.last_day(change.since)}
    if change.percent is not None:
        text = N_("{percent} % less for {model} from {day} on")
        if change.percent >= 0:
            text = N_("{percent} % more for {model} from {day} on")
        return ctx.t(text, **values, percent=f"{abs(change.percent).normalize():f}")
    prices = ctx.listed(
        [
            ctx.t(
                "{kind} {old} → {new}",
                kind=ctx.t(KINDS[kind]),
                old=ctx.amount(int(old * scale_of(change.currency)), change.currency),
                new=ctx.amount(int(change.new[kind] * scale_of(change.currency)), change.currency),
            )
            for kind, old in change.old.items()
        ]
    )
    return ctx.t("{model} from {day} on, a million tokens: {prices}", **values, prices=prices)


def _outcome(ctx: Context, standing: Standing) -> str:
    """What became of the commitment of a term that is over."""
    left = standing.left_at_the_end(0)
    if left:
        return ctx.t("{left} lapsed", left=ctx.estimate(left, standing.unit))
    return ctx.t("all used, {amount} beyond it", amount=ctx.estimate(standing.beyond_at_the_end(0), standing.unit))


def notice(ctx: Context, contract: Contract) -> str:
    """Until when notice can be given."""
    if not contract.renews_months:
        return ctx.t("none is needed: it ends by itself")
    days = (contract.notice_until - ctx.today).days
    if days < 0:
        return ctx.t("the last day was {day}", day=ctx.last_day(contract.notice_until))
    left = ctx.nt("{n} day left", "{n} days left", days)
    return ctx.t("until {day} ({left})", day=ctx.last_day(contract.notice_until), left=left)


def _renewals(ctx: Context, contract: Contract) -> Iterator[tuple[str, str]]:
    """What happens when the term ends, and what was taken to happen when an earlier one did."""
    agreed = next((each for each in ctx.policy.contracts if each.name == contract.name), contract)
    if agreed.ends < contract.ends:
        yield (
            ctx.t("Renewed"),
            ctx.t(
                "by itself on {day}; if notice was given, set renews_months to 0 in app.yaml",
                day=ctx.last_day(contract.starts),
            ),
        )
        if agreed.commitment and not contract.commitment:
            yield (
                ctx.t("Commitment"),
                ctx.t("not known, for this term is not as long as the first; write the new term into app.yaml"),
            )
    if contract.renews_months:
        yield (
            ctx.t("Renewal"),
            ctx.nt(
                "by itself on {day} for {n} month, unless notice is given by {notice}",
                "by itself on {day} for {n} months, unless notice is given by {notice}",
                contract.renews_months,
                day=ctx.last_day(contract.ends),
                notice=ctx.last_day(contract.notice_until),
            )
            if ctx.today <= contract.notice_until
            else ctx.nt(
                "by itself on {day} for {n} month, unless notice was given by {notice}",
                "by itself on {day} for {n} months, unless notice was given by {notice}",
                contract.renews_months,
                day=ctx.last_day(contract.ends),
                notice=ctx.last_day(contract.notice_until),
            ),
        )
    elif ctx.today < contract.ends:
        yield ctx.t("Renewal"), ctx.t("none: it ends on {day}", day=ctx.last_day(contract.ends - DAY))
    else:
        yield (
            ctx.t("Renewal"),
            ctx.t(
                "none: it ended on {day}; if there is a new one, write it into app.yaml",
                day=ctx.last_day(contract.ends - DAY),
            ),
        )
