"""Usage files that lie in a bucket of S3, such as AWS's own bill: what changed is fetched and then read as a file.

AWS's client is used, with whatever key or role it finds in its usual places: the environment, a profile, the role of
the machine. It is loaded only where a bucket is read.
"""

import shutil
import tempfile
from fnmatch import translate
from importlib import import_module
from os import utime
from pathlib import Path
from re import Pattern, compile
from typing import Any

from bot.errors import KeyRefusedError, OutsideError, UndeliverableError, UnreachableError
from bot.providers.files.settings import BUCKETS
from handlers.language import N_

OBJECTS_MAX = 10_000
BYTES_MAX = 20 * 2**30
BROKEN = 500


class S3Session:
    """AWS's client for S3, made when it is first needed: to make one reads hundreds of files.

    It is for one reading. The next one makes another, and finds a key that was exchanged meanwhile.
    """

    def __init__(self) -> None:
        self._client: Any = None

    def client(self) -> Any:
        """The client."""
        if self._client is None:
            self._client = import_module("boto3").session.Session().client("s3")
        return self._client


class Bucket:
    """The files under an address such as s3://acme-bills/cur/**/*.csv.gz, kept in a folder that goes with the process.

    Args:
        address: the bucket, and which files; `**` stands for any folders.
    """

    def __init__(self, address: str) -> None:
        self._bucket, _, self._keys = address.removeprefix(BUCKETS).partition("/")
        self._is_meant = _pattern(self._keys)
        self._seen: dict[str, tuple[str, int]] = {}
        self._folder = Path(tempfile.mkdtemp(prefix="bursar-bucket-"))
        (self._folder / self._bucket).mkdir()

    def files(self) -> list[str]:
        """Where the files lie here."""
        return [str(self._here(key)) for key in self._seen]

    def close(self) -> None:
        """Let the folder go."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def refresh(self, session: S3Session | None = None) -> None:
        """Fetch what is new or changed, and let go of what is not there any more.

        Args:
            session: has the client where one is shared by several addresses.

        Raises:
            UnreachableError: S3 does not answer.
            KeyRefusedError: it does not take the key or role, or not for this bucket.
            UndeliverableError: it refuses, there is more than fits, or AWS's client is not installed.
        """
        try:
            exceptions = import_module("botocore.exceptions")
        except ModuleNotFoundError as missing:
            raise UndeliverableError(
                "Files in {place} need a package more: pip install -r requirements-aws.txt", place="s3://"
            ) from missing
        try:
            self._fetch((session or S3Session()).client())
        except exceptions.ClientError as no:
            raise self._trouble(no) from None
        except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError, exceptions.ProfileNotFound):
            raise KeyRefusedError(
                "There is no key or role with which the bucket {bucket} could be read", "", bucket=self._bucket
            ) from None
        except (exceptions.BotoCoreError, exceptions.HTTPClientError):
            raise UnreachableError("S3 did not answer for the bucket {bucket}", bucket=self._bucket) from None

    def _trouble(self, no: Any) -> OutsideError:
        """What an answer of S3 means for trying again, by its status (docs.aws.amazon.com, S3 error responses)."""
        code = no.response.get("Error", {}).get("Code", "")
        status = int(no.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if status in {408, 429} or status >= BROKEN:
            return UnreachableError("S3 did not answer for the bucket {bucket}", bucket=self._bucket)
        words = N_("S3 refused {action} in the bucket {bucket} ({code}): give the role s3:ListBucket and s3:GetObject")
        said = {"action": no.operation_name, "bucket": self._bucket, "code": code}
        if status in {401, 403}:
            return KeyRefusedError(words, code, **said)
        return UndeliverableError(words, **said)

    def _fetch(self, client: Any) -> None:
        start = self._keys.partition("*")[0].partition("?")[0].partition("[")[0]
        found: dict[str, tuple[str, int]] = {}
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=start)
        for page in pages:
            for each in page.get("Contents", ()):
                if self._is_meant.fullmatch(each["Key"]) and each["Size"]:
                    found[each["Key"]] = (each["ETag"], each["Size"])
                    if each["Key"] not in self._seen or self._seen[each["Key"]] != found[each["Key"]]:
                        self._check_room(found)
                        self._take(client, each)
        for gone in self._seen.keys() - found.keys():
            self._here(gone).unlink(missing_ok=True)
        self._seen = found

    def _check_room(self, found: dict[str, tuple[str, int]]) -> None:
        if len(found) > OBJECTS_MAX or sum(size for _, size in found.values()) > BYTES_MAX:
            raise UndeliverableError(
                "The bucket {bucket} has more files under {keys} than fit: name fewer of them in file:",
                bucket=self._bucket,
                keys=self._keys,
            )

    def _take(self, client: Any, each: dict[str, Any]) -> None:
        """A file is whole or not there: it is put in its place when all of it has come."""
        place = self._here(each["Key"])
        place.parent.mkdir(parents=True, exist_ok=True)
        half = place.with_name(f".{place.name}.half")
        client.download_file(self._bucket, each["Key"], str(half))
        written = each["LastModified"].timestamp()
        utime(half, (written, written))
        half.replace(place)

    def _here(self, key: str) -> Path:
        """Where a file lies here. A name may hold anything, but it leads nowhere else."""
        steps = ["_" if step in {"", "..", "."} else step for step in key.split("/")]
        return self._folder.joinpath(self._bucket, *steps)


def is_bucket(pattern: str) -> bool:
    """Whether files lie in a bucket."""
    return pattern.startswith(BUCKETS)


def _pattern(keys: str) -> Pattern[str]:
    """Names as a glob of files means them: a star stays within a folder, two stand for any folders."""
    steps = (r"(?:.*/)?" if step == "**" else _step(step) for step in keys.split("/"))
    return compile("/".join(steps).replace(r"(?:.*/)?/", r"(?:.*/)?"))


def _step(step: str) -> str:
    return translate(step).removeprefix("(?s:").removesuffix(r")\Z").replace(".*", "[^/]*")
