"""Amazon Bedrock's invocation log: who called which model, minutes after the call and hours before the bill.

Facts are from AWS's description of model invocation logging, November 2026. The log is JSON lines in a folder for each
hour, `…/BedrockModelInvocationLogs/REGION/2026/11/21/14/`. It may hold the texts of calls if whoever set it up wanted
that; nothing but the fields below is looked at, and nothing else is kept.
"""

import gzip
import zlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from glob import glob
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from bot.errors import UndeliverableError
from bot.providers.calls import Calls
from bot.providers.files.bucket import Bucket, S3Session, is_bucket
from bot.providers.payload_fields import Body, Count, Word
from bot.providers.set_aside import RowError, not_asked_for, understood
from storage.charges import Charge

FILES = "*.json*"
BYTES_MAX = 2**30
"""Of a file, unpacked."""
LINE_MAX = 2**24
KEPT = timedelta(hours=12)
"""For how long files of an hour are kept here: it is read anew until it does not change any more."""
HOUR = timedelta(hours=1)

_ANY: TypeAdapter[Any] = TypeAdapter(Any)


class _Camel(Body):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel)


class _Identity(_Camel):
    arn: Word = ""


class _Input(_Camel):
    input_token_count: Count = 0
    cache_read_input_token_count: Count = 0
    cache_write_input_token_count: Count = 0


class _Output(_Camel):
    output_token_count: Count = 0


class _Call(_Camel):
    """A call. Input stands there without what was read from a cache or written to it."""

    timestamp: datetime
    account_id: Word = ""
    model_id: Word
    error_code: Word | None = None
    identity: _Identity = _Identity()
    input: _Input | None = None
    output: _Output | None = None


class InvocationLog:
    """The log under a folder, or under an address of S3.

    Args:
        name: the provider's name in app.yaml.
        place: such as s3://acme-logs/AWSLogs/1234/BedrockModelInvocationLogs/eu-central-1; `*` stands for any region.
    """

    def __init__(self, name: str, place: str) -> None:
        self._name = name
        self._place = place.rstrip("/")
        self._buckets: dict[datetime, Bucket] = {}

    def close(self) -> None:
        """Let what was fetched go."""
        for bucket in self._buckets.values():
            bucket.close()
        self._buckets.clear()

    def hours(self, since: datetime, until: datetime) -> Iterator[Charge]:
        """One cell for each hour, account, caller and model; what it costs is for a price to say.

        Args:
            since: the beginning of an hour.
            until: the end of one.
        """
        self._forget(until - KEPT)
        hour, session = since.astimezone(UTC), S3Session()
        while hour < until:
            yield from self._of_hour(hour, session)
            hour += HOUR

    def _of_hour(self, hour: datetime, session: S3Session) -> Iterator[Charge]:
        def call(row: Any) -> _Call:
            found = _Call.model_validate(row)
            at = found.timestamp if found.timestamp.tzinfo else found.timestamp.replace(tzinfo=UTC)
            if not hour <= at < hour + HOUR:
                raise RowError(not_asked_for(at.date()), "timestamp")
            return found

        sums: dict[tuple[str, str, str], Calls] = defaultdict(Calls)
        for path in self._files(hour, session):
            for each in understood(self._name, f"calls since {hour:%Y-%m-%d %H:%M}", _lines(path), call):
                caller = each.identity.arn.rpartition("/")[2].rpartition(":")[2]
                _add(sums[each.account_id, caller, each.model_id.rpartition("/")[2]], each)
        for (account, caller, model), one in sorted(sums.items()):
            yield one.of_hour(self._name, hour, model, sub_account=account, subject=caller)

    def _files(self, hour: datetime, session: S3Session) -> list[str]:
        pattern = f"{self._place}/{hour:%Y/%m/%d/%H}/{FILES}"
        if not is_bucket(pattern):
            return sorted(glob(pattern))  # noqa: PTH207 - may be absolute
        if hour not in self._buckets:
            self._buckets[hour] = Bucket(pattern)
        self._buckets[hour].refresh(session)
        return sorted(self._buckets[hour].files())

    def _forget(self, before: datetime) -> None:
        for hour in [hour for hour in self._buckets if hour < before]:
            self._buckets.pop(hour).close()


def _add(one: Calls, call: _Call) -> None:
    if call.input:
        one.input += call.input.input_token_count
        one.read += call.input.cache_read_input_token_count
        one.written += call.input.cache_write_input_token_count
    if call.output:
        one.output += call.output.output_token_count
    one.requests += 1
    one.failed += call.error_code is not None


def _lines(path: str) -> Iterator[Any]:
    """The calls of a file, packed or not.

    Raises:
        UndeliverableError: it is torn, or larger than such files are.
    """
    packed = Path(path).suffix == ".gz"
    total = 0
    try:
        with gzip.open(path) if packed else open(path, "rb") as lines:  # noqa: PTH123 - as gzip's
            while line := lines.readline(LINE_MAX):
                total += len(line)
                if total > BYTES_MAX:
                    raise UndeliverableError("{file} is too large for a log of calls", file=Path(path).name)
                if line.strip():
                    yield _parsed(line)
    except (OSError, EOFError, zlib.error):
        raise UndeliverableError("{file} is torn: it is read again the next time", file=Path(path).name) from None


def _parsed(line: bytes) -> Any:
    """A line as JSON; one that is none is no row, and is set aside as such."""
    try:
        return _ANY.validate_json(line)
    except ValidationError:
        return None
