"""The floor: an OTLP endpoint that reads each body and counts nothing. python -m bench.sink PORT."""

import sys

import uvicorn
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def export(request: Request) -> Response:
    """Read a body, look at each point, and answer that it was taken."""
    message = ExportMetricsServiceRequest()
    message.ParseFromString(await request.body())
    for resource in message.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.sum.data_points:
                    {each.key: each.value.string_value for each in point.attributes}
    return Response(ExportMetricsServiceResponse().SerializeToString(), media_type="application/x-protobuf")


def serve(port: int) -> None:
    """Serve until SIGTERM."""
    app = Starlette(routes=[Route("/otlp/v1/metrics", export, methods=["POST"])])
    uvicorn.run(app, port=port, loop="uvloop", http="httptools", log_config=None, access_log=False)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
