"""What a program said, measured: whose, of which hour and model, and how it counts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from hashlib import blake2b

from bot.telemetry.messages import (
    Encoding,
    LogRecord,
    MetricPoint,
    Span,
    UnreadableError,
    Value,
    log_records,
    metric_points,
    spans,
)
from bot.telemetry.messages import number as number_of
from bot.telemetry.programs import (
    BY_EVENT,
    BY_METRIC,
    DIMENSIONS,
    EMAIL,
    EVENT_NAME,
    FAST,
    MODEL,
    NAMES,
    NO_CALLS,
    SERVICE,
    SPAN_FACTORS,
    SPAN_FACTORS_BESIDE,
    SPAN_TOKENS,
    SPANS_OF,
    SPEED,
    USER_IDS,
    EventKind,
    Factors,
    is_own,
)
from handlers.policy import TelemetryRules
from handlers.telemetry import subject_of
from storage.directory import visible
from storage.telemetry import LATE_MAX, Cell, Measured
from storage.tokens import Bearer

AHEAD_MAX = timedelta(hours=1)
"""A clock that is further ahead is wrong."""
TOKENS_MAX, DOLLARS_MAX = 10**12, 10**6
"""More than this is no measurement of anything that runs."""
POINTS_MAX = 20_000
WORD_MAX = 64
NANOS = 10**9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

OLD = f"older than {LATE_MAX.total_seconds() / 3600:.0f} hours"
AHEAD = "in the future: is the clock right?"
ODD = "not a number that can be counted"
NOT_COUNTED = "spans say what calls used, and are not counted: metrics are. Set telemetry.signals to {gen-ai: traces}"


@dataclass(slots=True)
class Taken:
    """What of a body can be counted, and why the rest cannot.

    Args:
        measured: what counts.
        rejected: how many points do not, by the reason.
        seen: all that were looked at.
        passed_over: what could be counted, and is not because another signal is.
    """

    measured: list[Measured] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    seen: int = 0
    passed_over: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """How bodies of one sender are read.

    Args:
        bearer: for whom the token speaks.
        rules: whether metrics or events of a program count.
        now: the moment.
    """

    bearer: Bearer
    rules: TelemetryRules
    now: datetime

    def metrics(self, body: bytes, encoding: Encoding) -> Taken:
        """What a body of metrics measures.

        Raises:
            UnreadableError: it is no such body.
        """
        taken = Taken()
        for point in metric_points(body, encoding, BY_METRIC):
            self._count(taken)
            program, metric = BY_METRIC[point.name]
            factors = metric.factors.get(str(point.attributes.get(metric.kind, "")) if metric.kind else "")
            if factors is None or self._signal(program) != "metrics" or _is_a_second_time(program, point):
                continue
            self._add(taken, program, point, point.value, factors, dollars=metric.dollars)
        return taken

    def logs(self, body: bytes, encoding: Encoding) -> Taken:
        """What a body of events measures.

        Raises:
            UnreadableError: it is no such body.
        """
        taken = Taken()
        for record in log_records(body, encoding):
            found = _event_of(record)
            if found is None or self._signal(found[0]) != "events" or found[1].needs not in record.attributes:
                continue
            program, event = found
            self._count(taken)
            for place, (name, factors) in enumerate(_counting(event, record.attributes)):
                value, dollars = number_of(record.attributes[name]), name == event.dollars
                self._add(taken, program, record, value, factors, dollars=dollars, place=place)
            self._add(taken, program, record, Decimal(1), {"requests": 1}, dollars=False, place=-1)
        return taken

    def traces(self, body: bytes, encoding: Encoding) -> Taken:
        """What a body of spans measures.

        Raises:
            UnreadableError: it is no such body.
        """
        taken = Taken()
        calls = _calls(spans(body, encoding))
        if self._signal(SPANS_OF) != "traces":
            taken.passed_over = len(calls) if SPANS_OF not in self.rules.signals else 0
            return taken
        for record, used in calls:
            self._count(taken)
            known = {kind: value or Decimal(0) for kind, value in used.items()}
            cached = sum((known.get(kind, Decimal(0)) for kind in ("cache_read", "cache_write")), Decimal(0))
            factors = SPAN_FACTORS if cached <= known.get("input", Decimal(0)) else SPAN_FACTORS_BESIDE
            for place, (kind, value) in enumerate(used.items()):
                self._add(taken, SPANS_OF, record, value, factors[kind], dollars=False, place=place)
            self._add(taken, SPANS_OF, record, Decimal(1), {"requests": 1}, dollars=False, place=-1)
        return taken

    def _signal(self, program: str) -> str:
        return self.rules.signals.get(program, "metrics")

    @staticmethod
    def _count(taken: Taken) -> None:
        taken.seen += 1
        if taken.seen > POINTS_MAX:
            raise UnreadableError(f"That is more than {POINTS_MAX} points: send smaller batches.")

    def _add(
        self,
        taken: Taken,
        program: str,
        point: MetricPoint | LogRecord,
        value: Decimal | None,
        factors: Factors,
        *,
        dollars: bool,
        place: int = 0,
    ) -> None:
        metric = point if isinstance(point, MetricPoint) else None
        end_ns = point.end_ns if isinstance(point, MetricPoint) else point.at_ns
        start_ns = metric.start_ns if metric else end_ns
        why = self._why_not(end_ns, value, DOLLARS_MAX if dollars else TOKENS_MAX)
        if why or value is None:
            taken.rejected[why] += 1
            return
        whole = int((value * NANOS if dollars else value).to_integral_value(ROUND_HALF_EVEN))
        if not whole and not (metric and metric.cumulative):
            return
        cumulative = metric is not None and metric.cumulative
        taken.measured.append(
            Measured(
                self._cell(program, point, end_ns),
                factors,
                whole,
                _series(point.identity, self.bearer.token.account_id, place, start_ns if cumulative else 0),
                start_ns,
                end_ns,
                cumulative,
                known_before=cumulative and start_ns < _nanoseconds(self.now - LATE_MAX),
            )
        )

    def _why_not(self, end_ns: int, value: Decimal | None, most: int) -> str:
        if value is None or not 0 <= value <= most:
            return ODD
        if end_ns < _nanoseconds(self.now - LATE_MAX):
            return OLD
        return AHEAD if end_ns > _nanoseconds(self.now + AHEAD_MAX) else ""

    def _cell(self, program: str, point: MetricPoint | LogRecord, end_ns: int) -> Cell:
        said = {**point.resource, **point.attributes}
        at = min(_EPOCH + timedelta(microseconds=end_ns // 1000), self.now)
        is_for_all = self.bearer.token.scope == "telemetry_all"
        return Cell(
            program=program,
            hour=at.astimezone(UTC).replace(minute=0, second=0, microsecond=0),
            resource="" if is_for_all else self.bearer.token.account_id,
            subject=_subject(said) if is_for_all else "",
            model=_first(said, MODEL, 255),
            tier=FAST if said.get(SPEED) == FAST else "",
            **{name: _first(said, keys) for name, keys in DIMENSIONS.items()},
        )


def _calls(told: Iterable[Span]) -> list[tuple[LogRecord, dict[str, Decimal | None]]]:
    """The calls of models among some spans, with the tokens of each kind.

    A span within which another one counts, says the same again: that of a chain, an agent, or a second library. So do
    spans of programs that tell it by metrics of their own.
    """
    parents: dict[str, str] = {}
    found: dict[str, tuple[LogRecord, dict[str, Decimal | None]]] = {}
    for span in told:
        parents[span.id] = span.parent
        said, service = span.record.attributes, str(span.record.resource.get(SERVICE, ""))
        used = {
            kind: number_of(said[name])
            for kind, names in SPAN_TOKENS.items()
            if (name := next((each for each in names if each in said), ""))
        }
        is_whole = any(str(said.get(name, "")).startswith(kinds) for name, kinds in NO_CALLS.items())
        own = any(is_own(each, service, span.record.scope) for each in NAMES)
        if ("input" in used or "output" in used) and not is_whole and not own:
            found[span.id] = span.record, used
    for each in list(found):
        around, seen = parents[each], {each}
        while around in parents and around not in seen:
            seen.add(around)
            found.pop(around, None)
            around = parents[around]
    return list(found.values())


def _is_a_second_time(program: str, point: MetricPoint) -> bool:
    """Whether a program tells by the names of the conventions, too, what it has told by its own."""
    if NAMES[program].own:
        return False
    service = str(point.resource.get(SERVICE, ""))
    return any(is_own(each, service, point.scope) for each in NAMES if each != program)


def _event_of(record: LogRecord) -> tuple[str, EventKind] | None:
    """Claude Code leaves its own prefix out of event.name (seen); Codex and Gemini CLI do not."""
    name = str(record.attributes.get(EVENT_NAME, "") or record.name)
    if name in BY_EVENT:
        return BY_EVENT[name]
    service = str(record.resource.get(SERVICE, ""))
    for program, names in NAMES.items():
        if names.own and is_own(program, service, record.scope) and name in names.events:
            return program, names.events[name]
    return None


def _counting(event: EventKind, attributes: Mapping[str, Value]) -> Iterator[tuple[str, Factors]]:
    """The attributes of a record that count."""
    for name, factors in event.factors.items():
        if name in attributes and not any(each in attributes for each in event.instead.get(name, ())):
            yield name, factors
    if event.dollars in attributes:
        yield event.dollars, {"cost_nanos": 1}


def _subject(said: Mapping[str, Value]) -> str:
    """Whom a program names; only what is charged depends on it."""
    return subject_of(_first(said, (EMAIL,), 255), _first(said, USER_IDS, 255))


def _first(said: Mapping[str, Value], names: tuple[str, ...], most: int = WORD_MAX) -> str:
    found = next((said[name] for name in names if said.get(name)), "")
    return visible(str(found)).replace("\x00", "")[:most].encode("utf-8", "replace").decode()


def _series(identity: int, account_id: str, place: int, start_ns: int) -> int:
    said = blake2b(f"{identity} {account_id} {place} {start_ns}".encode(), digest_size=8)
    return int.from_bytes(said.digest()) >> 1


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000
