"""What the signers of the vendors' own SDKs gave for the same requests, and the example that AWS publishes."""

from datetime import UTC, datetime

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bot.http import Sent
from bot.providers.signatures import alibaba, aws, tencent, volcengine


def at() -> datetime:
    """The moment of all three."""
    return datetime(2026, 11, 29, tzinfo=UTC)


def signature(headers: object) -> str:
    """What stands at the end."""
    return str(dict(headers)["Authorization"]).rpartition("Signature=")[2]  # type: ignore[call-overload]


def test_tencent() -> None:
    """As tencentcloud-sdk-python 3.1.177 signs."""
    sent = Sent(
        "POST",
        "tokenhub.tencentcloudapi.com",
        "/",
        "",
        {"content-type": "application/json"},
        b'{"Limit": 1, "Offset": 0}',
    )
    headers = tencent("AKTEST", "tokenhub", at)("SKTEST", sent)
    assert headers["X-TC-Timestamp"] == "1795910400"
    assert signature(headers) == "dd650cd13f885370e62a586ea211f6434cb3ef848dae0b2352e2a7aa20687c3e"


def test_aws() -> None:
    """As "get-vanilla" of AWS's test suite for Signature Version 4 says."""
    sent = Sent("GET", "example.amazonaws.com", "/", "", {}, b"")
    sign = aws("AKIDEXAMPLE", "service", "us-east-1", lambda: datetime(2015, 8, 30, 12, 36, tzinfo=UTC))
    headers = sign("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", sent)
    assert headers["X-Amz-Date"] == "20150830T123600Z"
    assert signature(headers) == "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"


def test_aws_with_a_session_token() -> None:
    """As botocore 1.44.8 signs with temporary credentials: the token is sent, and signed as well."""
    sent = Sent("GET", "example.amazonaws.com", "/", "", {}, b"")
    sign = aws("AKIDEXAMPLE", "service", "us-east-1", at, "a+session/token==")
    request = AWSRequest("GET", "https://example.amazonaws.com/", {"X-Amz-Date": "20261129T000000Z"})
    request.headers["X-Amz-Security-Token"] = "a+session/token=="
    request.headers["host"] = "example.amazonaws.com"
    request.context["timestamp"] = "20261129T000000Z"
    own = SigV4Auth(Credentials("AKIDEXAMPLE", "wJalr"), "service", "us-east-1")
    theirs = own.signature(own.string_to_sign(request, own.canonical_request(request)), request)

    headers = sign("wJalr", sent)
    assert headers["X-Amz-Security-Token"] == "a+session/token=="
    assert signature(headers) == theirs


def test_volcengine() -> None:
    """As volcengine-python-sdk 5.0.54 signs."""
    sent = Sent(
        "POST",
        "open.volcengineapi.com",
        "/",
        "Action=ListEndpoints&Version=2024-01-01",
        {"content-type": "application/json"},
        b'{"ProjectName":"default"}',
    )
    headers = volcengine("AKTEST", "ark", "cn-beijing", at)("SKTEST", sent)
    assert signature(headers) == "0eba1d26c53025b16477b5e685b2928e8bfbc0c5810f5b308fe8c994820d2868"


def test_alibaba() -> None:
    """As alibabacloud-modelstudio 2.2.3 signs."""
    sent = Sent(
        "GET",
        "modelstudio.cn-beijing.aliyuncs.com",
        "/modelstudio/apikeys",
        "description=a%20b%2A&maxResults=1",
        {"accept": "application/json", "x-acs-action": "ListApiKeys"},
        b"",
    )
    headers = alibaba("AKTEST", "2026-02-10", at, lambda: "n1")("SKTEST", sent)
    assert signature(headers) == "1e3bb34c8ec0360d48cea5fea2d251fd1ccbb64adaa96054334d42bc3ee8aa67"
