"""Logs: a line is one piece of JSON, whoever wrote it, and no secret is in it, wherever it stood."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from pydantic import ValidationError

from bot.logging import quiet, to_console, to_json
from handlers.card import CARD
from tests.support.company import Company
from tests.support.fakes.slack import FakeSlack
from tests.support.process import bot_process

SECRET = "xoxb-1234-abcd"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """What is configured for all is put back."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in logging.root.manager.loggerDict}
    configured = structlog.get_config()
    yield
    structlog.configure(**configured)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in logging.root.manager.loggerDict:
        logging.getLogger(name).setLevel(levels.get(name, logging.NOTSET))


def written(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines on standard error."""
    return capsys.readouterr().err.splitlines()


def test_our_lines_and_those_of_libraries_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    """With level, logger and time."""
    to_json()
    structlog.get_logger("bursar").info("serving", port=8080, name="Zoë")
    logging.getLogger("somebody.else").warning("%d of them", 3)
    ours, theirs = map(json.loads, written(capsys))

    assert (ours["event"], ours["level"], ours["port"], ours["name"]) == ("serving", "info", 8080, "Zoë")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("3 of them", "warning", "somebody.else")
    assert ours["timestamp"].endswith("Z")
    assert theirs["timestamp"].endswith("Z")


def test_a_traceback_is_a_part_of_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line, whatever broke."""
    to_json()
    try:
        int(f"no good: {SECRET}\nand more")
    except ValueError:
        structlog.get_logger().exception("broke", incident="7f3a")
        logging.getLogger("somebody.else").exception("broke, too")
    lines = written(capsys)

    assert ["ValueError" in json.loads(line)["exception"] for line in lines] == [True, True]
    assert SECRET not in "".join(lines)


def test_a_traceback_quotes_nothing_of_what_was_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A card that an older program has kept may be none today; what it says is somebody's."""
    to_json()
    kept = {"title": ["what nobody, input_type else\nmay read"], "blocks": {"a": "nor this"}}
    try:
        CARD.validate_python(kept)
    except ValidationError:
        structlog.get_logger().exception("broke")
    (line,) = written(capsys)
    assert "title" in line
    assert [each for each in ("nobody", "may read", "nor this") if each in line] == []


@pytest.mark.parametrize("configure", [to_json, quiet])
def test_no_secret_is_written(configure: object, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither in a text, a value, a value within a value, an object, nor behind the end of a line."""
    assert callable(configure)
    configure()
    log = structlog.get_logger()
    log.warning(SECRET, key=SECRET, inside={"deep": [SECRET]}, thing=ValueError(SECRET))
    log.warning("header", value="Bearer \nabcdefgh")
    logging.getLogger("slack_sdk").warning("token %s, Bearer abcdefgh", SECRET)
    lines = written(capsys)

    assert len(lines) == 3
    assert not [line for line in lines if SECRET in line or "abcdefgh" in line]


def test_people_at_a_terminal_see_trouble_only(capsys: pytest.CaptureFixture[str]) -> None:
    """In plain lines."""
    quiet()
    structlog.get_logger().info("all is well")
    logging.getLogger("somebody.else").info("all is well")
    structlog.get_logger().warning("down", provider="llm")

    (line,) = written(capsys)
    assert line.startswith("level='warning' event='down'")
    assert "provider='llm'" in line


def test_chatty_libraries_are_heard_when_there_is_trouble_only(capsys: pytest.CaptureFixture[str]) -> None:
    """At DEBUG slack_sdk would write what people say."""
    to_json()
    logging.getLogger("slack_sdk.web").info("said")
    logging.getLogger("httpx").debug("said")
    logging.getLogger("httpx").warning("trouble")

    assert [json.loads(line)["event"] for line in written(capsys)] == ["trouble"]


def test_each_line_has_the_number_that_who_asked_was_told(
    acme: Company, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those of libraries, and of what was called on the way; another piece of work has another number."""

    def broken(*_said: object) -> object:
        logging.getLogger("somebody.else").warning("on the way")
        raise ValueError("no")

    to_json()
    monkeypatch.setattr(acme.app, "carry_out", broken)
    told = [acme.hear("ana", "balance").title for _ in range(2)]
    lines = [json.loads(line) for line in written(capsys)]
    numbers = [each["request"] for each in lines]

    assert [f"That broke ({each['incident']}). Nothing was changed." for each in lines if "incident" in each] == told
    assert len(numbers) == 4
    assert numbers[0] == numbers[1]
    assert numbers[2] == numbers[3]
    assert len(set(told)) == 2


def test_a_person_may_watch(capsys: pytest.CaptureFixture[str]) -> None:
    """In plain lines without colors, and without secrets."""
    to_console()
    structlog.get_logger().info("serving", port=8080, key=SECRET)
    (line,) = written(capsys)
    assert "serving" in line
    assert "port=8080" in line
    assert SECRET not in line
    assert "\x1b" not in line


def test_a_start_warns_of_nothing(tmp_path: Path) -> None:
    """The log of the real process."""
    with FakeSlack() as slack, bot_process(tmp_path, {"slack": {"url": slack.base_url}}, {}) as running:
        lines = [json.loads(line) for line in running.log.read_text().splitlines()]
    assert [each for each in lines if each["level"] not in ("debug", "info")] == []
    assert "serving" in [each["event"] for each in lines]
