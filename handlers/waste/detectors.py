"""The table of detectors: each looks at one account's use beside that of its peers, and yields what it finds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from handlers.language import N_
from handlers.waste.batchable_run_live import batchable_run_live
from handlers.waste.cache_not_reread import cache_not_reread
from handlers.waste.failed_calls import failed_calls
from handlers.waste.larger_than_peers import context_bloat, verbose_output
from handlers.waste.load import Evidence
from handlers.waste.low_cache_reuse import low_cache_reuse
from handlers.waste.no_caching import no_caching
from handlers.waste.off_hours_loop import off_hours_loop
from handlers.waste.older_model import older_model
from handlers.waste.premium_speed import premium_speed
from handlers.waste.seats import doubled_seat, idle_seat, larger_seat
from handlers.waste.small_jobs_big_model import small_jobs_big_model
from handlers.waste.stranded_quota import stranded_quota
from handlers.waste.told_by_programs import costly_mcp_server, costly_subagent
from handlers.waste.tool_fees import tool_fees
from handlers.waste.top_tier_only import top_tier_only
from handlers.waste.unattributed import unattributed
from handlers.waste.usage import Peers, Usage
from handlers.waste.wrong_cache_lifetime import wrong_cache_lifetime
from storage.findings import Found

Saves = Literal["request", "day", "seat", "smaller seat", "share"]


@dataclass(frozen=True, slots=True)
class Detector:
    """A row of the table; its name is that of the function.

    Args:
        title: for totals, where nothing else is said.
        see: yields what it finds in an account's use.
        saves: by what a saving is measured afterwards: the cost of a request, or of a day where requests themselves go
            away; a seat that was given back, or changed for a smaller one; a share of a pool.
        cause: what detectors have in common that see the same matter from two sides; "" for one of its own. Of their
            findings about the same tokens the first in the table is told.
    """

    title: str
    see: Callable[[Usage, Peers], Iterator[Found]]
    saves: Saves = "request"
    cause: str = ""

    @property
    def of_seats(self) -> bool:
        """Whether it is about seats, of which there is a list and no use to measure."""
        return self.saves in ("seat", "smaller seat")

    @property
    def by_the_piece(self) -> bool:
        """Whether it is worth telling however small the sum."""
        return self.of_seats or self.saves == "share"


# Within a cause the surer one stands first.
DETECTORS: Mapping[str, Detector] = {
    row.see.__name__: row
    for row in (
        Detector(N_("Cache rarely read"), cache_not_reread, cause="cache"),
        Detector(N_("No caching"), no_caching, cause="cache"),
        Detector(N_("Low cache reuse"), low_cache_reuse, cause="cache"),
        Detector(N_("Cache lifetime too long"), wrong_cache_lifetime, cause="cache"),
        Detector(N_("Older model"), older_model, cause="model"),
        Detector(N_("Small jobs on a flagship model"), small_jobs_big_model, cause="model"),
        Detector(N_("Flagship models for everything"), top_tier_only, cause="model"),
        Detector(N_("Could run as a batch"), batchable_run_live, cause="speed"),
        Detector(N_("Priority tier"), premium_speed, cause="speed"),
        Detector(N_("Large context"), context_bloat),
        Detector(N_("Long answers"), verbose_output),
        Detector(N_("Failed calls"), failed_calls, saves="day"),
        Detector(N_("Runs at night"), off_hours_loop, saves="day"),
        Detector(N_("No owner"), unattributed, saves="day"),
        Detector(N_("Tool fees"), tool_fees),
        Detector(N_("Costly sub-agent"), costly_subagent, saves="day"),
        Detector(N_("Costly MCP server"), costly_mcp_server, saves="day"),
        Detector(N_("Unused seat"), idle_seat, saves="seat", cause="seat"),
        Detector(N_("Duplicate seat"), doubled_seat, saves="seat", cause="seat"),
        Detector(N_("Seat larger than needed"), larger_seat, saves="smaller seat", cause="seat"),
        Detector(N_("Unused share"), stranded_quota, saves="share"),
    )
}


def detect(seen: Evidence, floor_nanos: int) -> list[Found]:
    """What all detectors see, without small change, and each matter once."""
    return [found for one in seen.usages for found in _of_one(one, seen.peers, floor_nanos)]


def _of_one(one: Usage, peers: Peers, floor_nanos: int) -> Iterator[Found]:
    told: dict[str, set[str]] = {}
    for name, row in DETECTORS.items():
        parts = told.setdefault(row.cause or name, set())
        for found in row.see(one, peers):
            is_worth = row.by_the_piece or _at_stake(found) >= floor_nanos
            if is_worth and not (row.cause and parts & found.parts):
                parts |= found.parts
                yield replace(found, detector=name)


def _at_stake(found: Found) -> int:
    return found.saving[1] if found.saving else found.cost_nanos
