"""Figures of what was played: who was told, how late, what was false."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from statistics import median

from bench.score.incidents import DAY, HOUR, Incident
from bench.score.play import FLOOR_NANOS, PLAIN, PULL_EVERY, Alert, Played
from bench.table import Table
from bot.providers.sample.ground_truth import Truth
from handlers.waste.detectors import DETECTORS
from storage.findings import Finding
from storage.tables import UNALLOCATED

LARGE = 10
RULES = ("guard", *(name for plain in PLAIN for name in (plain, f"{plain}, floor $25")))
MONTHS = 3  # of the simulator's truth


def first_told(played: Played, incident: Incident, rule: str) -> Alert | None:
    """The first alert of a rule about an incident."""
    return next(
        (
            alert
            for alert in played.alerts
            if alert.rule.startswith(rule) and _same_rule(alert.rule, rule) and _is_about(alert, incident)
        ),
        None,
    )


def _same_rule(alert: str, rule: str) -> bool:
    return rule in ("guard", alert)


def _is_about(alert: Alert, incident: Incident) -> bool:
    """Whether the time of which an alert speaks is, in part, that of the incident."""
    is_then = alert.first < incident.end and incident.start < alert.end
    return alert.account == incident.owner.account and incident.start <= alert.at and is_then


def due(incident: Incident) -> datetime:
    """When it has burnt ten usual days: a pull later it should have been told. One that ends below that: its end."""
    burnt = 0
    for number, nanos in enumerate(incident.extra):
        burnt += nanos
        if burnt >= LARGE * incident.owner.usual_nanos and burnt >= FLOOR_NANOS:
            return incident.start + (number + 1) * HOUR
    return incident.end


def large(played: Sequence[Played]) -> Iterator[tuple[Played, Incident]]:
    """Runaways of ten usual days and more that are worth a word."""
    for each in played:
        for incident in each.incidents:
            if incident.kind == "runaway" and incident.times >= LARGE and incident.nanos >= FLOOR_NANOS:
                yield each, incident


def false_alerts(played: Played, rule: str) -> list[Alert]:
    """Alerts that are about nothing."""
    return [
        alert
        for alert in played.alerts
        if alert.rule.startswith(rule) and _same_rule(alert.rule, rule)
        if not any(_is_about(alert, incident) for incident in played.incidents)
    ]


def recall(played: Sequence[Played], rule: str) -> float:
    """The share of large runaways that were told of within a pull of burning ten usual days."""
    told = [
        (alert := first_told(each, incident, rule)) is not None and alert.at <= due(incident) + PULL_EVERY
        for each, incident in large(played)
    ]
    return sum(told) / len(told)


def false_rate(played: Sequence[Played], rule: str) -> float:
    """False alerts per 1,000 owner-days."""
    return 1000 * sum(len(false_alerts(each, rule)) for each in played) / sum(each.owner_days for each in played)


def missed(truths: Iterable[Truth], findings: Iterable[Finding]) -> set[tuple[str, str]]:
    """What is wrong, worth a word and not found: kind and account."""
    return {(str(each.kind), each.account) for each in truths if _is_waste(each) and _is_worth(each)} - _seen(findings)


def wrong(truths: Iterable[Truth], findings: Iterable[Finding]) -> set[tuple[str, str]]:
    """What was found and is not so."""
    return _seen(findings) - {(each.kind, each.account) for each in truths}


def _seen(findings: Iterable[Finding]) -> set[tuple[str, str]]:
    return {(each.found.detector, _about(each)) for each in findings}


def _is_waste(truth: Truth) -> bool:
    return truth.kind in DETECTORS


def rule_table(played: Sequence[Played]) -> Table:
    """The guard beside the plain rules."""
    rows = []
    for rule in RULES:
        false = sum(len(false_alerts(each, rule)) for each in played)
        every = sum(
            alert.rule.startswith(rule) and _same_rule(alert.rule, rule) for each in played for alert in each.alerts
        )
        hits = [(incident, first_told(each, incident, rule)) for each, incident in large(played)]
        delays = [(alert.at - incident.start) / HOUR for incident, alert in hits if alert]
        saved = sum(incident.burnt(alert.at, incident.end) for incident, alert in hits if alert)
        rows.append(
            (
                rule,
                f"{recall(played, rule):.2f}",
                f"{len(delays) / len(hits):.2f}",
                f"{(every - false) / every:.2f}" if every else "–",
                f"{false_rate(played, rule):.2f}",
                f"{median(delays):.0f}" if delays else "–",
                f"{100 * saved / sum(incident.nanos for incident, _ in hits):.0f} %",
            )
        )
    days = sum(each.owner_days for each in played)
    count = len(list(large(played)))
    caption = f"runaways of ten usual days and more ({count} of them, {days:,} owner-days)"
    columns = ("rule", "within a pull", "ever", "precision", "false / 1,000", "hours until told", "still to come")
    return Table(caption, columns, rows)


def size_table(played: Sequence[Played]) -> Table:
    """What the guard tells of, by kind and size."""
    groups: dict[str, list[tuple[Played, Incident]]] = {}
    for each in played:
        for incident in each.incidents:
            small = incident.nanos < FLOOR_NANOS
            name = f"runaway, {incident.times} usual days" if incident.kind == "runaway" else incident.kind
            groups.setdefault("runaway below the floor" if small and incident.kind == "runaway" else name, []).append(
                (each, incident)
            )
    rows = []
    for name, some in sorted(groups.items(), key=lambda group: (group[0].split(",")[0], group[1][0][1].times)):
        told = [(incident, first_told(each, incident, "guard")) for each, incident in some]
        delays = [(alert.at - incident.start) / HOUR for incident, alert in told if alert]
        rows.append(
            (
                name,
                str(len(some)),
                f"{len(delays) / len(some):.2f}",
                f"{median(delays):.0f}" if delays else "–",
                f"{max(delays):.0f}" if delays else "–",
            )
        )
    return Table("what the guard tells of", ("kind", "there were", "told", "hours, median", "hours, most"), rows)


def detector_table(found: Sequence[tuple[tuple[Truth, ...], list[Finding]]]) -> Table:
    """Precision and recall of every detector, and whether its range holds the truth."""
    rows = []
    for name in DETECTORS:
        true = hit = false = held = 0
        money = kept = 0
        for truths, findings in found:
            here = {_about(each): each for each in findings if each.found.detector == name}
            wanted = {truth.account: truth for truth in truths if truth.kind == name and _is_worth(truth)}
            small = {truth.account for truth in truths if truth.kind == name} - wanted.keys()
            true += len(wanted)
            hit += len(wanted.keys() & here.keys())
            false += len(here.keys() - wanted.keys() - small)
            for account, truth in wanted.items():
                middle = sum(truth.saving_nanos) // 2 if truth.saving_nanos else 0
                money += middle
                kept += middle if account in here else 0
                held += account in here and _overlap(here[account], truth)
        if true or false:
            rows.append(
                (
                    name,
                    str(true),
                    f"{hit / true:.2f}" if true else "–",
                    f"{hit / (hit + false):.2f}" if hit + false else "–",
                    f"{held} of {hit}",
                    f"{100 * kept / money:.0f} %" if money else "–",
                )
            )
    columns = ("detector", "there were", "recall", "precision", "range fits", "money found")
    return Table("detectors of waste, one night after three months", columns, rows)


def _about(finding: Finding) -> str:
    return finding.found.about if finding.found.account_id == UNALLOCATED else finding.found.account_id


def _is_worth(truth: Truth) -> bool:
    """Whether a month of it comes to the floor. An episode is over, and counts as a month of it as the findings do."""
    if DETECTORS[truth.kind].by_the_piece:
        return True
    months = MONTHS if truth.last - truth.first > 30 * DAY else 1
    return (truth.saving_nanos[1] if truth.saving_nanos else truth.cost_nanos) // months >= FLOOR_NANOS


def _overlap(finding: Finding, truth: Truth) -> bool:
    """Whether the two ranges meet, as shares of the cost."""
    if finding.found.saving is None or truth.saving_nanos is None:
        return finding.found.saving is truth.saving_nanos
    low, high = finding.found.saving
    cost, whole = max(1, finding.found.cost_nanos), max(1, truth.cost_nanos)
    if truth.kind == "off_hours_loop":  # the truth counts the nights, the finding all that the key costs
        cost, whole = high, truth.cost_nanos
    return low * whole <= truth.saving_nanos[1] * cost and truth.saving_nanos[0] * cost <= high * whole
