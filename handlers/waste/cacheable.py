"""What of an account's use a cache could serve: the part that both detectors of missing caches look at."""

from handlers.language import N_
from handlers.waste.model_lines import cached_from, is_caching_asked_for
from handlers.waste.usage import BATCH, INPUT, READ, WRITE_5M, Part, Usage, add, unknown
from storage.findings import Said

TOKENS_MIN = 10**6
REPEATED_PERCENT_MAX = 70
"""No more of the input is taken to repeat, so a beginning of that length must reach the vendor's minimum."""

READS_OF_A_WRITE = 5
DOUBT: tuple[Said, Said] = unknown(N_("how much of the input repeats; if it is new each time, nothing can be saved"))


def cacheable(one: Usage) -> tuple[Part, list[str]]:
    """What is sent to models that cache when asked to, in requests that are long enough for it, and to which models.

    Left out: vendors that cache by themselves; embeddings, which are never cached; batches, whose requests run at any
    time, so a cache seldom helps.
    """
    parts = {
        model: add(each for each in one.habits if each.model == model and each.tier not in BATCH)
        for model in one.models
    }
    wanted = [model for model, part in parts.items() if is_caching_asked_for(model) and _is_long(model, part)]
    return add(parts[model] for model in wanted), wanted


def _is_long(model: str, part: Part) -> bool:
    return part.per_request("input") * REPEATED_PERCENT_MAX >= cached_from(model) * 100


def saved_by_reading(part: Part, moved: int) -> int:
    """What it saves in the window to read so many tokens from a cache, with a write for every five reads."""
    return part.worth(moved * (INPUT - READ) - moved // READS_OF_A_WRITE * (WRITE_5M - INPUT))
