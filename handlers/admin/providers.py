"""The providers: how well each is read, and what it can and cannot do."""

from handlers.access import sees_all
from handlers.admin.services import stopped, stopped_table, stopped_title
from handlers.admin.set_aside import said, table
from handlers.alerts import credits_here, credits_said
from handlers.arguments import One
from handlers.card import Block, Button, Card, Facts, Table, Text, Tone
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.limits import unknown_vendor
from handlers.policy import Vendor
from handlers.provenance import not_whole
from storage import limits, pulls, set_aside, spend
from storage.pauses import DeliveryPause
from storage.prepaid import Known
from storage.pulls import Pull
from storage.set_aside import Aside
from storage.spend import Unallocated

ABLE = {
    "charges": N_("reads usage and cost"),
    "hours": N_("reads usage by the hour"),
    "people": N_("reads people"),
    "limits": N_("reads limits"),
    "set_limit": N_("sets limits"),
    "pause": N_("pauses and resumes"),
    "increase_requests": N_("sends requests for more to the manager"),
    "seats": N_("reads seats"),
    "outcomes": N_("reads outcomes"),
    "credit": N_("reads prepaid credit"),
}


def providers(ctx: Context, provider: One = "") -> Card:
    """When each provider was read, and what Bursar can do there: “providers litellm”. For finance and admins."""
    if not sees_all(ctx):
        raise RefusedError("Only finance and admins can see this.")
    vendors = [each for each in ctx.policy.vendors if provider in ("", each.name)]
    if not vendors:
        raise unknown_vendor(ctx, provider)
    reads = {each.provider: each for each in pulls.pulled(ctx.conn)}
    unlinked = spend.unallocated(ctx.conn)
    aside = [each for each in set_aside.everything(ctx.conn) if any(each.provider == one.name for one in vendors)]
    troubled = [each for each in vendors if each.name not in reads or reads[each.name].error]
    waits = stopped(ctx, [each.name for each in vendors])
    credit = credits_here(ctx)
    rows = tuple(_row(ctx, each, reads.get(each.name), unlinked) for each in vendors)
    columns = (
        ctx.t("Provider"),
        ctx.t("Last read"),
        ctx.t("Through"),
        ctx.t("Rows"),
        ctx.t("Not linked"),
        ctx.t("Error"),
    )
    blocks: list[Block] = [
        *stopped_table(ctx, waits),
        Table(ctx.t("Reading"), columns, rows, "lllrrl"),
        *(
            Text(ctx.t("Not in the sum: {what}.", what=each))
            for each in not_whole(ctx, names=[each.name for each in vendors])
        ),
        *([table(ctx, aside)] if aside else []),
        *(_abilities(ctx, each, credit) for each in vendors),
        *(_inability(ctx, each, sentence) for each in vendors for sentence in each.cannot),
        Button(ctx.t("What is not linked?"), "link"),
    ]
    if any("limits" in each.can for each in vendors):
        blocks.append(Button(ctx.t("Limits"), "limits"))
    tone: Tone = "warn" if waits or troubled or aside else "good"
    return Card(_title(ctx, vendors, waits, troubled, aside), tuple(blocks), tone)


def _title(
    ctx: Context,
    vendors: list[Vendor],
    waits: list[DeliveryPause],
    troubled: list[Vendor],
    aside: list[Aside],
) -> str:
    if waits and waits[0].refused:
        return stopped_title(ctx, waits[0])
    if troubled:
        return ctx.nt(
            "{n} of {total} providers does not answer",
            "{n} of {total} providers do not answer",
            len(troubled),
            total=len(vendors),
        )
    if aside:
        services = {each.name: each.service for each in vendors}
        mine = [each for each in aside if each.provider == aside[0].provider]
        return said(ctx, services[aside[0].provider], mine)
    return ctx.t("All providers answer")


def _row(ctx: Context, vendor: Vendor, pull: Pull | None, unlinked: list[Unallocated]) -> tuple[str, ...]:
    mine = sum(each.provider == vendor.name for each in unlinked)
    if pull is None:
        return vendor.service, ctx.t("never"), "", "", str(mine), ctx.t("not read yet")
    read = ctx.moment(pull.done_at) if pull.done_at else ctx.t("never")
    through = ctx.day(pull.through) if pull.through else ""
    return vendor.service, read, through, str(pull.rows_seen), str(mine), ctx.said(pull.error) or ctx.t("none")


def _inability(ctx: Context, vendor: Vendor, sentence: str) -> Text:
    return Text(ctx.t("{name}: {news}", name=vendor.service, news=ctx.t(sentence)))


def _abilities(ctx: Context, vendor: Vendor, credit: list[Known]) -> Facts:
    can = ctx.listed([ctx.t(words) for name, words in ABLE.items() if name in vendor.can])
    facts = [(vendor.service, can or ctx.t("nothing"))]
    held, capped, changed = limits.counts(ctx.conn, vendor.name) if "limits" in vendor.can else (0, 0, 0)
    if held:
        words = ctx.t("{set} set, {unset} without a limit", set=capped, unset=held - capped)
        facts.append((ctx.t("Limits there"), words))
    if changed:
        facts.append((ctx.t("Changed there"), ctx.nt("{n} limit", "{n} limits", changed)))
    mine = [each for each in credit if each.credit.provider == vendor.name]
    if mine:
        facts.append((ctx.t("Credit left"), credits_said(ctx, mine)))
    return Facts(tuple(facts))
