"""How the bot itself is doing."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import chain

from handlers.access import sees_all
from handlers.admin.outcome_sources import sources, sources_table, trouble_with
from handlers.admin.services import stopped, stopped_table, stopped_title
from handlers.admin.set_aside import said, table
from handlers.alerts import credit_said, short_credits
from handlers.card import Block, Button, Card, Facts, Table, Text
from handlers.context import CHAT_PLATFORMS, Context
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.place import UNLINKED
from handlers.pricing import UnpricedModel, in_short, unpriced_models
from handlers.provenance import not_whole, together
from handlers.telemetry import twice_in_words
from storage import installation, outbox, people, reservations, set_aside, slack_workspaces
from storage.outcomes import SourceState
from storage.pauses import DeliveryPause
from storage.pulls import Pull
from storage.set_aside import Aside

LATE = timedelta(minutes=15)
"""A message that waits for longer is not being delivered."""
UNREACHED_MAX = 10
LAPSED_FOR = timedelta(days=7)
SKEW_SEEN = timedelta(minutes=10)
"""A host whose clock is wrong, or that cannot use the read replica, says so each minute."""
REPLICA: Mapping[str, str] = {
    "late": N_("behind, so the primary server answers"),
    "unmarked": N_("not recognized yet, so the primary server answers"),
    "unreachable": N_("can't be reached, or refuses us, so the primary server answers"),
    "no_access": N_("refuses the user or the password, so the primary server answers"),
    "primary": N_("no read replica but a server that takes changes itself, so the primary server answers"),
    "other": N_("a copy of another database, so the primary server answers"),
    "unsuitable": N_("does not tell how far behind it is, so the primary server answers"),
    "failed": N_("reports errors, so the primary server answers"),
}
"""What is the matter with a read replica, by the words of storage/replica.py."""
SILENT = timedelta(days=2)
"""`read` may be once a day, and a day's reading may be late."""


def status(ctx: Context) -> Card:
    """Whether Bursar works: what was read from providers, and what could not be delivered. For finance and admins."""
    if not sees_all(ctx):
        raise RefusedError("Only finance and admins can see this.")
    waiting, has_chat = _waiting(ctx)
    reads = {each.provider: each for each in ctx.readings()}
    # A provider that app.yaml names no more troubles nobody.
    vendors = {each.name: each.service for each in ctx.policy.vendors}
    aside = [each for each in set_aside.everything(ctx.conn) if each.provider in vendors]
    failing = [each for each in reads.values() if each.error and each.provider in vendors]
    rows = tuple(_row(ctx, name, reads.get(name)) for name in sorted({*vendors, *reads}))
    unpriced = unpriced_models(ctx)
    outside = ((ctx.t("Without a price"), in_short(ctx, unpriced)),) if unpriced else ()
    ending = _ending(ctx, vendors)
    clocks = [*_clocks(ctx), *_replicas(ctx)]
    blocks: list[Block] = [
        Facts(
            (
                (ctx.t("Waiting to be delivered"), str(waiting.get("open", 0))),
                (ctx.t("Stopped trying"), str(waiting.get("parked", 0))),
                *([] if has_chat else [(ctx.t("Chat"), ctx.t("not set up, so nobody is notified there"))]),
                *outside,
                *ending,
                *_jobs(ctx),
                *clocks,
            ),
        ),
        Table(
            ctx.t("Providers"),
            (ctx.t("Provider"), ctx.t("Last read"), ctx.t("Rows"), ctx.t("Error")),
            rows,
            "llrl",
        ),
    ]
    odd = not_whole(ctx, names=vendors)
    blocks += [Text(ctx.t("Not in the sum: {what}.", what=together(ctx, odd)))] if odd else []
    blocks += [table(ctx, aside)] if aside else []
    twice = list(twice_in_words(ctx))
    blocks += _advised(ctx, twice)
    unreached = outbox.waiting_at(ctx.conn, UNLINKED)
    if unreached:
        blocks.append(_unreached(ctx, unreached))
    states = sources(ctx)
    counted = trouble_with(ctx, states)
    blocks += sources_table(ctx, states)
    troubled = _troubled(ctx, states)
    blocks += troubled
    waits = stopped(ctx, vendors, CHAT_PLATFORMS)
    blocks[1:1] = stopped_table(ctx, waits)
    absent = _workspaces(ctx, blocks)
    silent = [name for name in vendors if name not in reads or _is_silent(ctx, reads[name])]
    late = waiting["late"]
    if late and not (troubled or failing or unreached):
        minutes = LATE.seconds // 60
        blocks.insert(1, Text(ctx.t("Messages wait for more than {n} minutes. Is the bot running?", n=minutes)))
    news = _news(ctx, is_down=bool(troubled or failing), unreached=len(unreached), late=late, unread=len(silent))
    small = chain(_of_aside(ctx, aside, vendors), _in_a_line(ctx, [*counted, *clocks]))
    title = next(chain(news, small), "") or _works(ctx, unpriced, twice, ending)
    title = _refusal(ctx, waits) or _absent(ctx, absent) or title
    well = not (waits or waiting["late"] or troubled or unreached or silent or aside or failing or twice)
    well = well and not (unpriced or ending or absent or counted or clocks)
    blocks += [Button(ctx.t("Which models have no price?"), "price")] if unpriced else []
    if waiting.get("parked"):
        blocks.append(Button(ctx.t("Try again"), "retry"))
    return Card(title, tuple(blocks), "good" if well else "warn")


def _news(ctx: Context, *, is_down: bool, unreached: int, late: int, unread: int) -> Iterator[str]:
    """What is the matter, the most urgent first."""
    if is_down:
        yield ctx.t("A provider or a chat platform does not answer")
    if unreached:
        yield ctx.nt("{n} person can't be reached", "{n} people can't be reached", unreached)
    if late:
        yield ctx.nt("{n} message was not delivered in time", "{n} messages were not delivered in time", late)
    if unread:
        yield ctx.nt("{n} provider is not read", "{n} providers are not read", unread)


def _of_aside(ctx: Context, aside: Sequence[Aside], vendors: Mapping[str, str]) -> Iterator[str]:
    """What is set aside of the first provider of which anything is."""
    for name in dict.fromkeys(each.provider for each in aside):
        yield said(ctx, vendors[name], [each for each in aside if each.provider == name])


def _in_a_line(ctx: Context, found: Sequence[tuple[str, str]]) -> Iterator[str]:
    """What is wrong, each in a line."""
    return (ctx.t("{name}: {news}", name=name, news=news) for name, news in found)


def _clocks(ctx: Context) -> list[tuple[str, str]]:
    """Hosts whose clock was wrong just now. All reckon with the database's, but files and logs have the host's."""
    found = []
    for host, (value, since) in sorted(installation.noted_below(ctx.conn, installation.SKEW).items()):
        seconds = int(value)
        if since >= ctx.now - SKEW_SEEN:
            text = N_("{n} s behind the database, whose time is used. Set the clock of {host} right.")
            if seconds > 0:
                text = N_("{n} s ahead of the database, whose time is used. Set the clock of {host} right.")
            found.append((ctx.t("Clock"), ctx.t(text, n=abs(seconds), host=host)))
    return found


def _replicas(ctx: Context) -> list[tuple[str, str]]:
    """What was the matter with the read replica just now, each reason once."""
    noted = installation.noted_below(ctx.conn, installation.REPLICA).values()
    reasons = sorted({why for why, since in noted if since >= ctx.now - SKEW_SEEN and why in REPLICA})
    return [(ctx.t("Read replica"), ctx.t(REPLICA[why])) for why in reasons]


def _troubled(ctx: Context, states: Sequence[SourceState]) -> list[Table]:
    """What could not be delivered, but for readings of outcomes, whose own table says it; nothing if all was."""
    told = tuple(f"pull/outcomes/{each.name}/" for each in states if each.error)
    items = [item for item in outbox.troubled(ctx.conn) if not item.key.startswith(told)]
    rows = tuple((item.key, str(item.attempts), ctx.said(item.error)) for item in items)
    columns = (ctx.t("What"), ctx.t("Attempts"), ctx.t("Error"))
    return [Table(ctx.t("Not delivered"), columns, rows, "lrl")] if rows else []


def _waiting(ctx: Context) -> tuple[dict[str, int], bool]:
    """How much waits, and whether there is any chat: without one, no message waits for anything."""
    has_chat = installation.noted(ctx.conn, installation.NO_CHAT) is None
    return outbox.waiting(ctx.conn, ctx.now, LATE, messages=has_chat), has_chat


def _jobs(ctx: Context) -> list[tuple[str, str]]:
    """For how many jobs something is reserved, and how many never said what they cost; nothing if there are none."""
    held, lapsed = reservations.totals(ctx.conn, ctx.now, ctx.now - LAPSED_FOR)
    found = [(ctx.t("Reserved for"), ctx.nt("{n} job", "{n} jobs", held))] if held else []
    if lapsed:
        days = LAPSED_FOR.days
        text = ctx.nt("{n} in the last {days} days", "{n} in the last {days} days", lapsed, days=days)
        found.append((ctx.t("Jobs that never said what they cost"), text))
    return found


def late(ctx: Context) -> tuple[tuple[str, str], ...]:
    """What is late or does not work, each with how it stands; nothing if there is nothing for finance to look after."""
    vendors = {each.name: each.service for each in ctx.policy.vendors}
    reads = {each.provider: each for each in ctx.readings()}
    found = []
    for name, service in vendors.items():
        pull = reads.get(name)
        if pull is None or _is_silent(ctx, pull):
            read = ctx.moment(pull.done_at) if pull and pull.done_at else ctx.t("never")
            found.append((service, ctx.t("Last read: {when}", when=read)))
        elif pull.error:
            found.append((service, ctx.said(pull.error)))
    told = {name for name, _ in found}
    waits = [(vendors[each.target], ctx.said(each.error)) for each in stopped(ctx, vendors)]
    found += [each for each in waits if each[0] not in told]
    found += _ending(ctx, vendors)
    found += trouble_with(ctx, sources(ctx))
    odd = not_whole(ctx, names=vendors)
    found += [(ctx.t("Not in the sum"), together(ctx, odd))] if odd else []
    waiting, _ = _waiting(ctx)
    undelivered = waiting.get("parked", 0) + waiting["late"]
    if undelivered:
        found.append((ctx.t("Not delivered"), ctx.nt("{n} message", "{n} messages", undelivered)))
    unreached = outbox.waiting_at(ctx.conn, UNLINKED)
    if unreached:
        names = people.persons(ctx.conn, unreached)
        who = [names[each].name if each in names else each for each in unreached][:UNREACHED_MAX]
        found.append((ctx.t("Can't be reached"), ctx.listed(who)))
    return tuple(found)


def _advised(ctx: Context, twice: Sequence[tuple[str, str]]) -> list[Text]:
    """What programs and gateways both tell, each with what to set."""
    return [Text(ctx.t("{text}. {next}", text=text, next=advice)) for text, advice in twice]


def _ending(ctx: Context, vendors: Mapping[str, str]) -> list[tuple[str, str]]:
    """Credit at providers that will soon be used up, each with what is left."""
    found = short_credits(ctx)
    return [
        (ctx.t("Credit at {service}", service=vendors[each.credit.provider]), credit_said(ctx, each)) for each in found
    ]


def _works(
    ctx: Context,
    unpriced: Sequence[UnpricedModel],
    twice: Sequence[tuple[str, str]],
    ending: Sequence[tuple[str, str]],
) -> str:
    if ending:
        return ctx.t("{name}: {news}", name=ending[0][0], news=ending[0][1])
    if twice:
        return twice[0][0]
    if not unpriced:
        return ctx.t("Everything works")
    return ctx.t("Everything works, but no price is known for {what}", what=in_short(ctx, unpriced))


def _refusal(ctx: Context, waits: Sequence[DeliveryPause]) -> str:
    """The title that says which platform or provider takes nothing, "" if all do."""
    if installation.noted(ctx.conn, installation.RESTORED):
        return ctx.t("This is a restored copy: nothing is sent or limited until an admin says go-live")
    return stopped_title(ctx, waits[0]) if waits else ""


def _workspaces(ctx: Context, blocks: list[Block]) -> list[str]:
    """Add a table of Slack's workspaces, if there are several; the ids of those that have not installed the app."""
    wanted = ctx.policy.workspaces
    if not wanted:
        return []
    there = slack_workspaces.installed(ctx.conn)
    rows = tuple(
        (f"{there[each].name} ({each})", ctx.moment(there[each].installed_at))
        if each in there
        else (each, ctx.t("not installed"))
        for each in wanted
    )
    blocks.append(Table(ctx.t("Workspaces of Slack"), (ctx.t("Workspace"), ctx.t("Installed")), rows, "ll"))
    return [each for each in wanted if each not in there]


def _absent(ctx: Context, absent: Sequence[str]) -> str:
    """The title that says that workspaces are missing, "" if none is."""
    if not absent:
        return ""
    return ctx.nt("{n} workspace has not installed the app", "{n} workspaces have not installed the app", len(absent))


def _unreached(ctx: Context, waiting: Mapping[str, int]) -> Table:
    """Of whom no chat account is known, and how much waits for each."""
    names = people.persons(ctx.conn, waiting)
    rows = tuple((names[each].name if each in names else each, str(count)) for each, count in waiting.items())
    return Table(ctx.t("No chat account is known"), (ctx.t("Name"), ctx.t("Messages")), rows, "lr")


def _row(ctx: Context, name: str, pull: Pull | None) -> tuple[str, str, str, str]:
    if pull is None:
        return name, ctx.t("never"), "", ctx.t("not read yet")
    read = ctx.moment(pull.done_at) if pull.done_at else ctx.t("never")
    return name, read, str(pull.rows_seen), ctx.said(pull.error) or ctx.t("none")


def _is_silent(ctx: Context, pull: Pull) -> bool:
    """Whether a provider was not read for longer than anybody would expect."""
    return pull.done_at is None or pull.done_at < ctx.now - SILENT


def retry(ctx: Context) -> Card:
    """Try again what could not be delivered, once the cause is corrected. For finance and admins."""
    if not sees_all(ctx):
        raise RefusedError("Only finance and admins can do this.")
    count = outbox.reopen(ctx.conn, ctx.now)
    title = ctx.nt("Trying {n} delivery again", "Trying {n} deliveries again", count)
    title = title if count else ctx.t("There is nothing to try again")
    return Card(title, (Button(ctx.t("Status"), "status"),))
