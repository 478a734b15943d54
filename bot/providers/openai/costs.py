"""OpenAI reports tokens in one place and money in another; here they are joined, and no cent is lost or counted twice.

Usage knows project, key, user, model and tier, and no money. Costs know project, key and a line of text, and the user
where OpenAI tells them apart by users. The text is in no schema. It was seen as "gpt-5.2, cached input", "priority |
gpt-5.2, output, long context", "gpt-audio-mini-2025-12-15 audio, input" and "web search tool calls". So it is read with
care: what is not understood is a cost of its project and key all the same.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import NamedTuple

# A word in a line, and the tokens it is about. The first that fits counts; any other line is shared by requests.
MEASURES = {
    "cached": "cache_read",
    "cache write": "cache_write",
    "output": "output",
    "input": "input",
}
MARKED_TIER = re.compile(r"\b(batch|flex|priority)\b")
SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")


class UsageCell(NamedTuple):
    """Whose usage, of what; "" for what is not said."""

    project: str
    key: str
    user: str
    model: str
    tier: str


class UsageCounts(NamedTuple):
    """Tokens by kind, each counted once, and requests."""

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    requests: int = 0
    cache_write_1h: int = 0

    def plus(self, other: "UsageCounts") -> "UsageCounts":
        """Both together."""
        return UsageCounts(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


class Pot(NamedTuple):
    """Cells that share a line: those of one project, key and family of models."""

    project: str
    key: str
    family: str


@dataclass(frozen=True, slots=True)
class CostLine:
    """A line of the cost report.

    Args:
        project: whose, "" if it is the organization's.
        key: id of the key, "" if none.
        name: the model, or what else was sold.
        kind: of tokens, in OpenAI's words, "" if none are named.
        tier: "batch", "flex" or "priority" where the text names one.
        nanos: what it cost.
        user: who, "" if that is not said.
    """

    project: str
    key: str
    name: str
    kind: str
    tier: str
    nanos: int
    user: str = ""

    @property
    def pot(self) -> Pot:
        """The cells that share it. A word behind the model's name, such as "audio", is about the kind."""
        model, *_ = self.name.split() or [""]
        return Pot(self.project, self.key, _family(model))

    @property
    def rest(self) -> UsageCell:
        """Where the cost stays that no cell has a share in. It hangs on nothing but the line."""
        return UsageCell(self.project, self.key, self.user, self.name, "")

    def weight(self, used: UsageCounts) -> int:
        """How much of it one cell's usage is."""
        kind = measure(self.kind)
        return int(getattr(used, kind)) + (used.cache_write_1h if kind == "cache_write" else 0)


def measure(text: str) -> str:
    """Which field of UsageCounts some lower-case words are about."""
    return next((field for word, field in MEASURES.items() if word in text), "requests")


def line(project: str, key: str, text: str, nanos: int, user: str = "") -> CostLine:
    """A line by its text."""
    marks, _, named = text.rpartition(" | ")
    name, _, kind = named.partition(",")
    kind = kind.strip().lower()
    tier = MARKED_TIER.search(f"{marks} {kind}".lower())
    return CostLine(project, key, name.strip(), kind, tier[0] if tier else "", nanos, user)


def joined(
    used: Mapping[UsageCell, UsageCounts], lines: Sequence[CostLine]
) -> Iterator[tuple[UsageCell, UsageCounts, int | None]]:
    """Each cell of a day once, with its cost.

    A line is shared among its cells by their tokens of its kind: at one price for a token that is exact. What nobody
    used is a cell of its own, even if it is nothing: on the next reading somebody may have, and a cell that is left out
    would stay as it was. Where the report has a line of a project, its costs are all there are; the usage of other
    projects has no cost yet, which is not zero.
    """
    pots = defaultdict[Pot, list[UsageCell]](list)
    for cell in sorted(used):
        pots[_pot(cell)].append(cell)
    marked = {(each.pot, each.tier) for each in lines if each.tier}
    costed = {each.project for each in lines}
    costs = {cell: 0 for cell in used if cell.project in costed}
    for each in lines:
        payers = [cell for cell in pots[each.pot] if _pays(each, cell, marked)]
        rest = each.nanos
        for cell, share in zip(payers, shares(each.nanos, [each.weight(used[cell]) for cell in payers]), strict=True):
            costs[cell] += share
            rest -= share
        costs[each.rest] = costs.get(each.rest, 0) + rest
    for cell in sorted({*used, *costs}):
        yield cell, used.get(cell, UsageCounts()), costs.get(cell)


def shares(whole: int, weights: Sequence[int]) -> list[int]:
    """A whole in parts by weight that add up to it, or all nothing if nothing weighs."""
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    bounds = [whole * weight // total for weight in accumulate(weights, initial=0)]
    return [upper - lower for lower, upper in pairwise(bounds)]


def _pot(cell: UsageCell) -> Pot:
    return Pot(cell.project, cell.key, _family(cell.model))


def _pays(line: CostLine, cell: UsageCell, marked: set[tuple[Pot, str]]) -> bool:
    """A line that names a tier is for that tier, any other for those that no line names; one of a user is theirs."""
    if line.user and line.user != cell.user:
        return False
    return cell.tier == line.tier if line.tier else (line.pot, cell.tier) not in marked


def _family(model: str) -> str:
    """A model without the date of its snapshot. A tuned one, "ft:BASE:…" in usage, is "ft-BASE" in costs."""
    base = f"ft-{model.split(':')[1]}" if model.startswith("ft:") else model
    return SNAPSHOT.sub("", base.lower())
