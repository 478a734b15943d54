"""Traces, sent to an OpenTelemetry collector by OTLP over HTTP. It needs the packages of requirements-tracing.txt."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from bot import __version__
from bot.request_ids import number
from bot.tracing import Attributes, Span, traced_by
from handlers.errors import RefusedError

PATH = "/v1/traces"
REQUEST_ID = "bursar.request_id"


class _Traced:
    """A span of OpenTelemetry. What an exception says may be a text of somebody's, so its kind alone is kept.

    Args:
        begun: begins it, and ends it at last.
    """

    def __init__(self, begun: AbstractContextManager[OtelSpan]) -> None:
        self._begun = begun

    def note(self, name: str, value: str | int) -> None:
        """See Span."""
        self._one.set_attribute(name, value)

    def __enter__(self) -> Span:
        self._one = self._begun.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, trouble: BaseException | None, where: TracebackType | None
    ) -> None:
        """End it. A refusal is no error."""
        if isinstance(trouble, RefusedError):
            self._one.set_attribute("bursar.refused", True)
        elif kind:
            self._one.set_attribute("error.type", kind.__name__)
            self._one.set_status(StatusCode.ERROR)
        self._begun.__exit__(kind, trouble, where)


@contextmanager
def sent_to(url: str) -> Iterator[None]:
    """Keep traces and send them to a collector, what waits at last, too.

    Args:
        url: of the collector, such as "http://127.0.0.1:4318". Headers that it wants stand in the environment, as
            OpenTelemetry has it: OTEL_EXPORTER_OTLP_HEADERS.
    """
    provider = TracerProvider(resource=Resource.create({"service.name": "bursar", "service.version": __version__}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url.rstrip("/") + PATH)))
    tracer = provider.get_tracer("bursar", __version__)
    callers = TraceContextTextMapPropagator()

    def begin(name: str, attributes: Attributes, caller: Mapping[str, str]) -> AbstractContextManager[Span]:
        numbered = {**attributes, **({REQUEST_ID: number()} if number() else {})}
        return _Traced(
            tracer.start_as_current_span(
                name,
                context=callers.extract(caller) if caller else None,
                attributes=numbered,
                record_exception=False,
                set_status_on_exception=False,
            )
        )

    try:
        with traced_by(begin):
            yield
    finally:
        provider.shutdown()
