"""A bucket of S3, as far as a client lists and fetches: ListObjectsV2 in pages, HEAD and GET with ranges."""

from datetime import UTC, datetime
from hashlib import md5
from urllib.parse import unquote
from xml.sax.saxutils import escape

from tests.support.fakes.loopback import Answer, Heard, Loopback

BUCKET = "acme-bills"


class FakeS3(Loopback):
    """One bucket.

    Attributes:
        objects: what lies in it, by key, and when it was written.
        page_rows: objects that a page has at most.
        is_open: whether the caller may read it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[str, tuple[bytes, datetime]] = {}
        self.page_rows = 2
        self.is_open = True

    def put(self, key: str, body: str, at: datetime = datetime(2026, 11, 22, 4, tzinfo=UTC)) -> None:
        """Somebody puts a file there, or a newer one in its place."""
        with self.lock:
            self.objects[key] = (body.encode(), at)

    def answer(self, heard: Heard) -> Answer:
        """As S3 would answer."""
        with self.lock:
            if not self.is_open:
                return _error(403, "AccessDenied", "Access Denied")
            bucket, _, key = unquote(heard.path).strip("/").partition("/")
            if bucket != BUCKET:
                return _error(404, "NoSuchBucket", "The specified bucket does not exist")
            if not key:
                return self._list(heard)
            if key not in self.objects:
                return _error(404, "NoSuchKey", "The specified key does not exist.")
            body, at = self.objects[key]
            headers = {
                "ETag": _etag(body),
                "Last-Modified": f"{at:%a, %d %b %Y %H:%M:%S} GMT",
                "Content-Type": "binary/octet-stream",
            }
            return Answer(200, b"" if heard.method == "HEAD" else body, headers)

    def _list(self, heard: Heard) -> Answer:
        prefix, after = heard.query.get("prefix", ""), heard.query.get("continuation-token", "")
        keys = sorted(key for key in self.objects if key.startswith(prefix) and key > after)
        page = keys[: self.page_rows]
        more = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if len(keys) > len(page) else ""
        return _xml(
            200,
            f"<ListBucketResult><Name>{BUCKET}</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(page)}</KeyCount>"
            f"<IsTruncated>{str(bool(more)).lower()}</IsTruncated>{more}{''.join(map(self._row, page))}"
            "</ListBucketResult>",
        )

    def _row(self, key: str) -> str:
        body, at = self.objects[key]
        return (
            f"<Contents><Key>{escape(key)}</Key><LastModified>{at:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
            f"<ETag>{escape(_etag(body))}</ETag><Size>{len(body)}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        )


def _etag(body: bytes) -> str:
    return f'"{md5(body, usedforsecurity=False).hexdigest()}"'


def _error(status: int, code: str, message: str) -> Answer:
    return _xml(status, f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>R</RequestId></Error>")


def _xml(status: int, body: str) -> Answer:
    said = f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode()
    return Answer(status, said, {"Content-Type": "application/xml"})
