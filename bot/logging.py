"""Structured logs. Secrets and texts of messages never reach them: what is logged is named, piece by piece."""

import json
import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Tokens of the platforms and providers we speak to, and anything in an Authorization header.
SECRETS = re.compile(r"(xox[a-z]-|xapp-|sk-|sk_|ghp_|Bearer\s+)[A-Za-z0-9._~+/=-]{4,}")
CHATTY = ("slack_bolt", "slack_sdk", "httpx", "httpcore", "apscheduler", "uvicorn", "matplotlib", "alembic")


def redact(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take out everything that looks like a secret, wherever it stands."""
    return {key: SECRETS.sub("[secret]", value) if isinstance(value, str) else value for key, value in event.items()}


class _Redacting(logging.Filter):
    """The same for libraries that log in the standard way."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = SECRETS.sub("[secret]", record.getMessage())
        record.args = ()
        return True


class _Json(logging.Formatter):
    """A line of JSON, whatever the message holds."""

    def format(self, record: logging.LogRecord) -> str:
        said = {"level": record.levelname.lower(), "logger": record.name, "event": record.getMessage()}
        if record.exc_info:
            said["exception"] = SECRETS.sub("[secret]", self.formatException(record.exc_info))
        return json.dumps(said, ensure_ascii=False)


def to_json() -> None:
    """One JSON object a line on standard error: for `run`."""
    _standard_library(logging.INFO)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )


def quiet() -> None:
    """Only trouble, in plain lines: for people at a terminal."""
    _standard_library(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.KeyValueRenderer(key_order=["level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )


def _standard_library(level: int) -> None:
    """Libraries never log at DEBUG: slack_sdk would write tokens and messages."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_Redacting())
    handler.setFormatter(_Json())
    logging.basicConfig(
        level=level, handlers=[handler], force=True, format='{"logger": "%(name)s", "event": "%(message)s"}'
    )
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
