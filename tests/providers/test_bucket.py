"""Usage files in a bucket of S3, fetched by AWS's own client."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from bot.errors import RefusesUsError, UndeliverableError
from bot.providers.files.provider import Files
from tests.providers.asking import charges, findings, refused
from tests.support.fakes.s3 import BUCKET, FakeS3

HEADER = (
    "line_item_usage_start_date,line_item_usage_type,line_item_unblended_cost,line_item_product_code,"
    "line_item_iam_principal,line_item_line_item_type,line_item_currency_code"
)
DAY = date(2026, 11, 21)


def bill(*lines: tuple[str, str, str]) -> str:
    """AWS's bill: who, what and how much, on that day."""
    rows = (
        f"{DAY}T00:00:00Z,{kind},{cost},AmazonBedrock,arn:aws:sts::1234:assumed-role/dev/{who},Usage,USD"
        for who, kind, cost in lines
    )
    return "\n".join((HEADER, *rows))


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeS3]:
    with FakeS3() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("HOME", "/nonexistent")
        yield server


@pytest.fixture
def files(s3: FakeS3) -> Iterator[Files]:
    files = Files("bedrock", f"s3://{BUCKET}/cur/**/*.csv")
    assert not s3.requests
    yield files
    files.close()


def costs(files: Files) -> dict[str, int]:
    """Cents by person."""
    return {cell.subject: (cell.cost_nanos or 0) // 10**7 for cell in charges(files, DAY)}


def test_the_bill_in_a_bucket_is_read_by_person(s3: FakeS3, files: Files) -> None:
    """All pages of the list, at any depth, and no other file."""
    claude = "USE1-Claude4.5Sonnet-input-tokens"
    for number in range(5):
        body = bill((f"u{number}@acme.example", claude, f"{number + 1}.25"))
        s3.put(f"cur/data/BILLING_PERIOD=2026-11/bursar-0000{number}.csv", body)
    s3.put("cur/metadata/manifest.json", "{}")
    s3.put("other/data.csv", bill(("eve@acme.example", claude, "9")))
    assert costs(files) == {f"u{number}@acme.example": 125 + 100 * number for number in range(5)}


def test_only_what_changed_is_fetched_again(s3: FakeS3, files: Files) -> None:
    """The bill is written anew three times a day; what is gone does not count any more."""
    s3.put("cur/a.csv", bill(("ana@acme.example", "input-tokens", "1")))
    s3.put("cur/b.csv", bill(("bo@acme.example", "input-tokens", "2")))
    assert costs(files) == {"ana@acme.example": 100, "bo@acme.example": 200}
    s3.put("cur/a.csv", bill(("ana@acme.example", "input-tokens", "1.50")), datetime(2026, 11, 22, 9, tzinfo=UTC))
    del s3.objects["cur/b.csv"]
    s3.requests.clear()
    assert costs(files) == {"ana@acme.example": 150}
    assert [heard.path for heard in s3.requests if heard.method == "GET" and heard.path.endswith(".csv")] == [
        f"/{BUCKET}/cur/a.csv"
    ]


def test_a_name_leads_nowhere_else(s3: FakeS3, files: Files) -> None:
    """A key may hold what it likes."""
    s3.put("cur/../../../x.csv", bill(("ana@acme.example", "input-tokens", "1")))
    assert costs(files) == {"ana@acme.example": 100}


def test_a_bucket_that_may_not_be_read_is_told(s3: FakeS3, files: Files) -> None:
    """With what the role lacks."""
    s3.is_open = False
    assert "s3:ListBucket" in str(refused(lambda: charges(files, DAY)))
    assert "s3:ListBucket" in " ".join(findings(files).values())
    with pytest.raises(RefusesUsError, match="s3:ListBucket"):
        files.try_key()


def test_an_empty_bucket_is_told(files: Files) -> None:
    """It is no day without use."""
    assert isinstance(refused(lambda: charges(files, DAY)), UndeliverableError)


def test_a_machine_without_a_key_is_told(s3: FakeS3, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked then."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "no key or role" in str(refused(lambda: charges(files, DAY)))
    assert s3.requests == []
