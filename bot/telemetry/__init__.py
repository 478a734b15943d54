"""Telemetry in: what programs say of themselves, over OTLP/HTTP."""
