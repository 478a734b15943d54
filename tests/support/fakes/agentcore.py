"""The rate limits of an AgentCore gateway, as the service's model in botocore tells of them.

Signatures are checked with AWS's own signer. A rate limit is there for a while before it is active and after it was
deleted, which tests ask for with `slow`.
"""

import json
import re
from datetime import UTC, datetime
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.fakes.loopback import Answer, Heard, Loopback

Json = dict[str, Any]
ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_.]{0,62}[a-zA-Z0-9]")
SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(\w+)/\d{8}/us-east-1/bedrock-agentcore/aws4_request, "
    r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})"
)


class _RefusedError(Exception):
    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


class FakeAgentCore(Loopback):
    """Starts with Dana and Eve linked, nobody stopped, and a rate limit of somebody else's.

    Attributes:
        secret: of the IAM user.
        account, key: as app.yaml and the environment have them.
        now: the clock.
        linked: who Bursar knows here.
        held: the rate limits by id.
        slow: what is deleted stays for a while.
        most: how many rate limits a gateway may have.
    """

    key_id, secret = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    gateway, claim = "models-0a1b2c3d4e", "$.context.jwt.sub"

    def __init__(self) -> None:
        super().__init__()
        self.account, self.key = self.gateway, f"{self.key_id}:{self.secret}"
        self.now = datetime(2026, 11, 22, 12, tzinfo=UTC)
        self.linked = ["sub-dana", "sub-eve"]
        self.held: dict[str, Json] = {}
        self.session = ""
        self.slow, self.most, self.page_rows = False, 50, 2
        for number in range(3):
            entry = {"dimensions": {self.claim: "*"}, "tokens": [{"rate": 1e5, "period": "minute"}]}
            self._put({"rateLimitId": f"fair-{number}", "dimensionKeys": [self.claim], "entries": [entry]})

    def answer(self, heard: Heard) -> Answer:
        """Everything wants a signature."""
        with self.lock:
            try:
                self._verify(heard)
                return Answer(200, self._answered(heard))
            except _RefusedError as no:
                return Answer(no.status, {"message": no.message}, {"x-amzn-ErrorType": no.kind})

    def _verify(self, heard: Heard) -> None:
        said = SIGNED.fullmatch(heard.headers.get("authorization", ""))
        if not said or said[1] != self.key_id:
            raise _RefusedError(403, "UnrecognizedClientException", "The security token included is invalid.")
        if heard.headers.get("x-amz-security-token", "") != self.session:
            raise _RefusedError(403, "UnrecognizedClientException", "The security token included is invalid.")
        if self.session and "x-amz-security-token" not in said[2].split(";"):
            raise _RefusedError(403, "InvalidSignatureException", "'X-Amz-Security-Token' must be signed.")
        at = heard.headers["x-amz-date"]
        if abs((datetime.strptime(at, "%Y%m%dT%H%M%S%z") - self.now).total_seconds()) > 300:
            raise _RefusedError(403, "InvalidSignatureException", "Signature expired.")
        address = f"{self.url}{heard.path}" + (f"?{heard.raw}" if heard.raw else "")
        headers = {name: heard.headers[name] for name in said[2].split(";")}
        request = AWSRequest(heard.method, address, headers, heard.body)
        request.context["timestamp"] = at
        own = SigV4Auth(Credentials(self.key_id, self.secret), "bedrock-agentcore", "us-east-1")
        if own.signature(own.string_to_sign(request, own.canonical_request(request)), request) != said[3]:
            raise _RefusedError(
                403, "InvalidSignatureException", "The request signature we calculated does not match the signature."
            )

    def _answered(self, heard: Heard) -> Json:
        match heard.method, heard.path.strip("/").split("/"):
            case _, ["gateways", gateway, *_] if gateway != self.gateway:
                raise _RefusedError(404, "ResourceNotFoundException", "The gateway was not found")
            case "GET", [_, _, "rate-limits"]:
                return self._page(heard)
            case "PUT", [_, _, "rate-limits", "batch"]:
                wanted = json.loads(heard.body)["rateLimits"]
                if not 1 <= len(wanted) <= 50:
                    raise _RefusedError(400, "ValidationException", "between 1 and 50 rate limits")
                return {"rateLimits": [self._put(each) for each in wanted]}
            case "DELETE", [_, _, "rate-limits", its]:
                return self._delete(its)
            case _:
                raise _RefusedError(404, "UnknownOperationException", "")

    def _page(self, heard: Heard) -> Json:
        rows = min(int(heard.query.get("maxResults", 100)), self.page_rows)
        begin = int(heard.query.get("nextToken", "0"))
        every = list(self.held.values())
        more = {"nextToken": str(begin + rows)} if begin + rows < len(every) else {}
        return {"rateLimits": every[begin : begin + rows], **more}

    def _put(self, said: Json) -> Json:
        its, keys = said.get("rateLimitId", ""), said.get("dimensionKeys") or []
        entries = said.get("entries") or []
        if not ID.fullmatch(its) or not keys or not 1 <= len(entries) <= 1000:
            raise _RefusedError(400, "ValidationException", "1 validation error detected")
        if any(set(each["dimensions"]) != set(keys) for each in entries):
            raise _RefusedError(400, "ValidationException", "Each entry needs each of dimensionKeys")
        if self.held.get(its, {}).get("status") == "DELETING":
            raise _RefusedError(409, "ConflictException", "The rate limit is being deleted")
        if its not in self.held and len(self.held) >= self.most:
            raise _RefusedError(402, "ServiceQuotaExceededException", "Too many rate limits for this gateway")
        made = {"gatewayIdentifier": self.gateway, "status": "ACTIVE", "createdAt": "2026-11-22T12:00:00Z"}
        self.held[its] = {**said, **made, "updatedAt": "2026-11-22T12:00:00Z"}
        return self.held[its]

    def _delete(self, its: str) -> Json:
        if its not in self.held:
            raise _RefusedError(404, "ResourceNotFoundException", "The rate limit was not found")
        if self.slow:
            self.held[its]["status"] = "DELETING"
        else:
            del self.held[its]
        return {"rateLimitId": its, "status": "DELETING"}
