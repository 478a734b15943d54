"""Amazon Bedrock's invocation log: the hours before the bill, by caller, without a word of what was said."""

import gzip
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from bot.errors import UndeliverableError
from bot.providers.files.provider import FilesWithLog
from bot.providers.files.settings import FileRules
from bot.providers.registry import PROVIDERS, Opening
from bot.providers.set_aside import setting_aside
from storage.charges import Charge
from tests.support.fakes.s3 import BUCKET, FakeS3

HOUR = datetime(2026, 11, 21, 14, tzinfo=UTC)
SESSION = "arn:aws:sts::1234:assumed-role/AWSReservedSSO_dev_0a/Ana@acme.example"
SECRET = "the merger with Globex"


def call(at: datetime = HOUR + timedelta(minutes=3), arn: str = SESSION, **more: Any) -> dict[str, Any]:
    """A line as AWS writes it, texts included."""
    return {
        "timestamp": f"{at:%Y-%m-%dT%H:%M:%S}Z",
        "accountId": "1234",
        "identity": {"arn": arn},
        "region": "eu-central-1",
        "requestId": "b1f2",
        "operation": "ConverseStream",
        "modelId": "arn:aws:bedrock:eu-central-1:1234:inference-profile/eu.anthropic.claude-opus-4-5-20251101-v1:0",
        "input": {
            "inputContentType": "application/json",
            "inputBodyJson": {"messages": [{"role": "user", "content": SECRET}]},
            "inputTokenCount": 100,
            "cacheReadInputTokenCount": 900,
            "cacheWriteInputTokenCount": 50,
        },
        "output": {"outputContentType": "application/json", "outputBodyJson": [SECRET], "outputTokenCount": 20},
        "inferenceRegion": "eu-west-1",
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        **more,
    }


def packed(*lines: object) -> bytes:
    """A file of them."""
    return gzip.compress(b"".join(json.dumps(line).encode() + b"\n" for line in lines))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = tmp_path / "BedrockModelInvocationLogs" / "eu-central-1"
    (folder / f"{HOUR:%Y/%m/%d/%H}" / "data").mkdir(parents=True)
    return folder


def put(log: Path, name: str, body: bytes, hour: datetime = HOUR) -> None:
    """AWS writes a file."""
    folder = log / f"{hour:%Y/%m/%d/%H}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(body)


@pytest.fixture
def files(log: Path) -> Iterator[FilesWithLog]:
    with closing(FilesWithLog("bedrock", "none/*.csv", FileRules(log=str(log)))) as opened:
        yield opened


def hours(files: FilesWithLog, since: datetime = HOUR, until: datetime = HOUR + timedelta(hours=1)) -> list[Charge]:
    """What is told of some hours."""
    return list(files.hours(since, until))


def test_calls_of_an_hour_are_told_by_account_caller_and_model(log: Path, files: FilesWithLog) -> None:
    """Over all files; kinds of tokens stand apart, failed calls count as requests, and large bodies are not opened."""
    put(log, "20261121T1405_a.json.gz", packed(call(), call()))
    put(
        log,
        "20261121T1410_b.json.gz",
        packed(call(arn="arn:aws:iam::1234:user/ci"), call(errorCode="ThrottlingException", input=None, output=None)),
    )
    put(log, "data/b1f2_input.json.gz", b"not for us")
    ana, ci = hours(files)
    assert (ana.subject, ana.sub_account, ana.model) == (
        "Ana@acme.example",
        "1234",
        "eu.anthropic.claude-opus-4-5-20251101-v1:0",
    )
    assert (ana.tokens_input, ana.tokens_cache_read, ana.tokens_cache_write_5m, ana.tokens_output) == (
        200,
        1800,
        100,
        40,
    )
    assert (ana.requests, ana.requests_failed, ana.bucket_start, ana.bucket_hours) == (3, 1, HOUR, 1)
    assert (ci.subject, ci.requests, ci.cost_nanos) == ("ci", 1, None)


def test_only_the_hours_that_are_asked_for_are_opened(log: Path, files: FilesWithLog) -> None:
    """A log of years does not matter."""
    put(log, "old.json.gz", b"torn", HOUR - timedelta(hours=9))
    put(log, "a.json.gz", packed(call()))
    assert len(hours(files, HOUR - timedelta(hours=2), HOUR + timedelta(hours=2))) == 1


@pytest.mark.parametrize(
    "odd",
    [
        None,
        7,
        "x",
        call(timestamp=None),
        call(modelId=5),
        call(input={"inputTokenCount": -3}),
        call(HOUR + timedelta(days=1)),
        {"schemaType": "other"},
    ],
)
def test_an_odd_line_is_set_aside_and_the_rest_counts(log: Path, files: FilesWithLog, odd: Any) -> None:
    """What was said in it is nowhere in the reason."""
    put(log, "a.json.gz", packed(call(), odd, call()))
    with setting_aside() as aside:
        (cell,) = hours(files)
    assert (cell.requests, sum(each.rows or 0 for each in aside)) == (2, 1)
    assert SECRET not in repr(list(aside)) + repr(cell)


@pytest.mark.parametrize("torn", [b"\x1f\x8bhalf", packed(call())[:-20]])
def test_a_torn_file_counts_nothing_of_these_hours(log: Path, files: FilesWithLog, torn: bytes) -> None:
    """Half of the hours would look like peace."""
    put(log, "a.json.gz", packed(call()))
    put(log, "b.json.gz", torn)
    with pytest.raises(UndeliverableError):
        hours(files)


def test_app_yaml_makes_it_where_it_names_a_log(tmp_path: Path) -> None:
    """And files without one do not claim any hours."""
    for log, hourly in ((str(tmp_path), True), ("", False)):
        opening = Opening("b", "", "", "", "", "none/*.csv", None, lambda: HOUR, FileRules(log=log))
        with closing(PROVIDERS["files"].make(opening)) as opened:
            assert ("hours" in opened.can) == hourly


def count_of_clients(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One more for each client of AWS that is made from now on."""
    session: Any = import_module("boto3").session.Session
    made, make = list[str](), session.client

    def counted(its: Any, name: str, **more: Any) -> Any:
        made.append(name)
        return make(its, name, **more)

    monkeypatch.setattr(session, "client", counted)
    return made


def test_the_log_may_lie_in_a_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only folders of the hours are listed, and a file that was read is not fetched again."""
    with FakeS3() as s3:
        for name, value in {
            "AWS_ENDPOINT_URL_S3": s3.url,
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": "/nonexistent",
        }.items():
            monkeypatch.setenv(name, value)
        place = "AWSLogs/1234/BedrockModelInvocationLogs/eu-central-1"
        s3.objects[f"{place}/{HOUR:%Y/%m/%d/%H}/a.json.gz"] = (packed(call()), HOUR)
        s3.objects[f"{place}/2024/01/01/00/a.json.gz"] = (packed(call()), HOUR)
        made = count_of_clients(monkeypatch)
        with closing(FilesWithLog("bedrock", "none/*.csv", FileRules(log=f"s3://{BUCKET}/{place}/"))) as files:
            assert [cell.requests for cell in hours(files, HOUR - timedelta(hours=2))] == [1]
            assert len(made) == 1  # of all hours of a reading, and the next one finds a key that was exchanged
            assert [cell.requests for cell in hours(files)] == [1]
            assert len(made) == 2
        fetched = [heard for heard in s3.requests if heard.method == "GET" and heard.path.endswith(".gz")]
    assert len(fetched) == 1
