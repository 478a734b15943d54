"""Structured logs. Secrets and texts of messages never reach them: what is logged is named, piece by piece.

Our own lines and those of libraries take one way: the standard library's handler with structlog's formatter, whose last
step takes out of the finished line whatever looks like a secret.
"""

import logging
import re
import sys

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.request_ids import add_number
from bot.secret_shapes import KEYS, PASSWORDS

# Tokens of the platforms and providers we speak to, and anything in an Authorization header; JSON writes \n for a line.
SECRETS = re.compile(r"(xox[a-z]-|xapp-|sk-|sk_|ghp_|Bearer(?:\s|\\[nrt])+)[A-Za-z0-9._~+/=-]{4,}")
INPUTS = re.compile("(?<=input_value=).*?(?=, input_type=)", re.DOTALL)
"""What pydantic quotes of what it refuses, such as a message that an older program has kept."""
CHATTY = ("slack_bolt", "slack_sdk", "httpx", "httpcore", "apscheduler", "uvicorn", "matplotlib", "alembic")

BOLT = "slack_bolt.App"
"""Warns at each start that it does not use the token that it finds in the environment: it is given a client."""


def to_json() -> None:
    """One JSON object a line on standard error: for `run`."""
    _configure(
        logging.INFO,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.JSONRenderer(ensure_ascii=False),
    )


def to_console() -> None:
    """The same in plain lines, for a person who watches `run`."""
    _configure(
        logging.INFO,
        structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
        structlog.dev.ConsoleRenderer(colors=False),
    )


def quiet() -> None:
    """Only trouble, in plain lines: for people at a terminal."""
    _configure(logging.WARNING, structlog.processors.KeyValueRenderer(key_order=["level", "event"]))


def _configure(level: int, *last: Processor) -> None:
    """Send all lines from a level on to standard error.

    Args:
        level: of the standard library. Libraries never log at DEBUG: slack_sdk would write tokens and messages.
        last: what makes a line of an event, behind what all lines have.
    """
    named: list[Processor] = [
        add_number,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=named,
            processors=[
                ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _without_inputs,
                *last,
                _redact,
            ],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.getLogger(BOLT).addFilter(_is_error)  # Bolt sets the level itself
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *named, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def _is_error(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR


def _without_inputs(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """The traceback without what somebody said."""
    if "exception" in event:
        event["exception"] = INPUTS.sub("…", event["exception"])
    return event


def _redact(_logger: WrappedLogger, _name: str, line: str | EventDict) -> str:
    """The line without what looks like a secret, wherever it stood."""
    without = KEYS.sub("[secret]", SECRETS.sub("[secret]", str(line)))
    return PASSWORDS.sub("://[secret]@", without)
