"""How clouds want their requests signed: the secret stays here, and what is sent shows that we have it.

They are alike and differ in every detail. The three of China were compared with the signer of the vendor's own SDK of
November 2026, AWS's with the example that it publishes; the tests have what they gave. Each gives the signed
headers for a request; the clock is the caller's.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import reduce
from urllib.parse import parse_qsl, quote

from bot.http import Sent

Clock = Callable[[], datetime]

TENCENT, VOLCENGINE, ALIBABA = "TC3-HMAC-SHA256", "HMAC-SHA256", "ACS3-HMAC-SHA256"
AWS = "AWS4-HMAC-SHA256"


def tencent(secret_id: str, service: str, now: Clock) -> Callable[[str, Sent], Mapping[str, str]]:
    """Tencent Cloud's TC3: what is signed is the content type, the host and the body.

    Args:
        secret_id: whose key it is.
        service: such as "tokenhub".
        now: the clock; more than five minutes of difference are refused.
    """

    def sign(secret: str, sent: Sent) -> Mapping[str, str]:
        at = now().astimezone(UTC)
        day, stamp = f"{at:%Y-%m-%d}", str(int(at.timestamp()))
        signed = {"content-type": sent.headers["content-type"], "host": sent.host}
        scope = f"{day}/{service}/tc3_request"
        to_sign = "\n".join((TENCENT, stamp, scope, _digest(_canonical(sent, signed, _digest(sent.body)))))
        signature = _chain(f"TC3{secret}", day, service, "tc3_request", to_sign).hex()
        return {
            "X-TC-Timestamp": stamp,
            "Authorization": f"{TENCENT} Credential={secret_id}/{scope}, SignedHeaders={';'.join(signed)}, "
            f"Signature={signature}",
        }

    return sign


def volcengine(key_id: str, service: str, region: str, now: Clock) -> Callable[[str, Sent], Mapping[str, str]]:
    """Volcengine's: like AWS's fourth version, without its prefix of the key.

    Args:
        key_id: whose key it is.
        service: such as "ark".
        region: such as "cn-beijing".
        now: the clock.
    """

    def sign(secret: str, sent: Sent) -> Mapping[str, str]:
        at = f"{now().astimezone(UTC):%Y%m%dT%H%M%SZ}"
        day, body = at[:8], _digest(sent.body)
        signed = {
            "content-type": sent.headers["content-type"],
            "host": sent.host,
            "x-content-sha256": body,
            "x-date": at,
        }
        scope = f"{day}/{region}/{service}/request"
        to_sign = "\n".join((VOLCENGINE, at, scope, _digest(_canonical(sent, signed, body))))
        signature = _chain(secret, day, region, service, "request", to_sign).hex()
        return {
            "X-Date": at,
            "X-Content-Sha256": body,
            "Authorization": f"{VOLCENGINE} Credential={key_id}/{scope}, SignedHeaders={';'.join(signed)}, "
            f"Signature={signature}",
        }

    return sign


def alibaba(
    key_id: str,
    version: str,
    now: Clock,
    nonce: Callable[[], str] = lambda: secrets.token_hex(16),
) -> Callable[[str, Sent], Mapping[str, str]]:
    """Alibaba Cloud's ACS3: signed with the secret itself. The action stands in a header of the request.

    Args:
        key_id: whose key it is.
        version: of the API, such as "2026-02-10".
        now: the clock.
        nonce: another word for each request.
    """

    def sign(secret: str, sent: Sent) -> Mapping[str, str]:
        body = _digest(sent.body)
        more = {
            "x-acs-content-sha256": body,
            "x-acs-date": f"{now().astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "x-acs-signature-nonce": nonce(),
            "x-acs-version": version,
        }
        signed = {
            "accept": sent.headers["accept"],
            "host": sent.host,
            "x-acs-action": sent.headers["x-acs-action"],
            **more,
        }
        to_sign = f"{ALIBABA}\n{_digest(_canonical(sent, signed, body))}"
        signature = _chain(secret, to_sign).hex()
        return more | {
            "Authorization": f"{ALIBABA} Credential={key_id},SignedHeaders={';'.join(sorted(signed))},"
            f"Signature={signature}",
        }

    return sign


def aws(
    key_id: str, service: str, region: str, now: Clock, session: str = ""
) -> Callable[[str, Sent], Mapping[str, str]]:
    """AWS's Signature Version 4, for services whose paths need no quoting.

    Args:
        key_id: whose key it is.
        session: the session token of temporary credentials, which is sent and signed as well; "" for a lasting key.
        service: such as "bedrock-agentcore".
        region: such as "eu-central-1".
        now: the clock; more than five minutes of difference are refused.
    """

    def sign(secret: str, sent: Sent) -> Mapping[str, str]:
        at = f"{now().astimezone(UTC):%Y%m%dT%H%M%SZ}"
        token = {"X-Amz-Security-Token": session} if session else {}
        day, signed = at[:8], {"host": sent.host, "x-amz-date": at} | {k.lower(): each for k, each in token.items()}
        scope = f"{day}/{region}/{service}/aws4_request"
        to_sign = "\n".join((AWS, at, scope, _digest(_canonical(sent, signed, _digest(sent.body)))))
        signature = _chain(f"AWS4{secret}", day, region, service, "aws4_request", to_sign).hex()
        return {
            "X-Amz-Date": at,
            **token,
            "Authorization": f"{AWS} Credential={key_id}/{scope}, SignedHeaders={';'.join(sorted(signed))}, "
            f"Signature={signature}",
        }

    return sign


def _canonical(sent: Sent, signed: Mapping[str, str], body: str) -> bytes:
    """A request written so that both sides write the same."""
    pairs = sorted(parse_qsl(sent.query, keep_blank_values=True))
    query = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)
    headers = "".join(f"{name}:{signed[name].strip()}\n" for name in sorted(signed))
    return "\n".join((sent.method, sent.path, query, headers, ";".join(sorted(signed)), body)).encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _chain(secret: str, *words: str) -> bytes:
    """Each word signed with what came of the one before."""
    return reduce(lambda key, word: hmac.new(key, word.encode(), hashlib.sha256).digest(), words, secret.encode())
