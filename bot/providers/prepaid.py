"""Vendors of which no more can be read than what is left of the company's credit: DeepSeek, Moonshot, Zhipu.

Facts are from the references of DeepSeek and Moonshot, November 2026; Zhipu documents no such question, and it is asked
as open programs ask it. Nothing was seen live. Each key of an account tells the same, so one key is enough.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field

from bot.checks import CheckLine, works
from bot.http import PATIENCE, Api, ApiKey, Patience, Refusal
from bot.providers.base import Provider, ProviderCredit
from bot.providers.payload_fields import Body, Currency, nanos
from bot.providers.set_aside import understood
from bot.texts import t
from handlers.language import N_

AMOUNT_MAX = 10**8
"""More is no credit that anybody pays ahead, in any of their currencies."""

# How often they may be asked is not documented.
CALLS_PER_MINUTE = 20
KEY_NEEDED = N_("any API key of the account")

Amount = Annotated[Decimal, Field(ge=-AMOUNT_MAX, le=AMOUNT_MAX)]
Read = Callable[["Prepaid", Any], Iterator[ProviderCredit]]


@dataclass(frozen=True, slots=True)
class Vendor:
    """How one of them is asked.

    Args:
        service: what people call it.
        path: what is asked.
        read: what its answer means.
        refusal: its own words for a refusal, which may come with status 200.
        cannot: what else is to be said of it.
    """

    service: str
    path: str
    read: Read
    refusal: Callable[[Any], Refusal | None]
    cannot: tuple[str, ...] = ()


class Prepaid(Provider):
    """An account with credit that was paid ahead.

    Args:
        vendor: a name in VENDORS.
        name: its name in app.yaml.
        url: where its API is.
        key: an API key.
        key_name: the environment variable that the key stands in.
        patience: how long one question may take.
        calls_per_minute: how often it is asked at most.
    """

    can = frozenset({"credit"})

    def __init__(
        self,
        vendor: str,
        name: str,
        url: str,
        key: str,
        key_name: str,
        patience: Patience = PATIENCE,
        calls_per_minute: int | None = CALLS_PER_MINUTE,
    ) -> None:
        self.name = name
        self._vendor = VENDORS[vendor]
        self._api = Api(
            self._vendor.service,
            url,
            ApiKey(key_name, key, {}, KEY_NEEDED),
            patience,
            None,
            calls_per_minute,
            self._vendor.refusal,
        )
        self.who = self._api.who
        self.currency = "USD" if (urlsplit(url).hostname or "").endswith(".ai") else "CNY"
        self.cannot = (*CANNOT, *self._vendor.cannot)

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()

    def credit(self) -> Iterator[ProviderCredit]:
        """What is left of the account."""
        return self._vendor.read(self, self._api.get_json(self._vendor.path))

    def probe(self) -> Iterator[CheckLine]:
        """Whether it answers, and what is left."""
        for each in self.credit():
            left = f"{Decimal(each.left_nanos) / 10**9:.2f}"
            yield works(t("prepaid credit left: {amount} {currency}", amount=left, currency=each.currency), None)

    def read_body(self, shape: type[Any], body: Any) -> Any:
        """An answer as it has to look."""
        return self._api.read(shape, body, "its credit")


CANNOT = (
    N_("Its API tells what credit is left, and no usage: read that from a gateway, telemetry or exported files."),
    N_("It has no limits: what runs through a gateway is limited there."),
)


class _DeepSeekRow(Body):
    currency: Currency
    total_balance: Amount
    granted_balance: Amount = Decimal(0)


class _DeepSeek(Body):
    balance_infos: list[Any]


def _deepseek(its: Prepaid, body: Any) -> Iterator[ProviderCredit]:
    answer = its.read_body(_DeepSeek, body)
    for row in understood(its.who, "credit", answer.balance_infos, _DeepSeekRow.model_validate):
        yield ProviderCredit(row.currency, nanos(row.total_balance), nanos(row.granted_balance))


class _MoonshotBalance(Body):
    available_balance: Amount
    voucher_balance: Amount = Decimal(0)


class _Moonshot(Body):
    data: _MoonshotBalance


def _moonshot(its: Prepaid, body: Any) -> Iterator[ProviderCredit]:
    told = its.read_body(_Moonshot, body).data
    yield ProviderCredit(its.currency, nanos(told.available_balance), nanos(told.voucher_balance))


class _ZhipuBalance(Body):
    available_balance: Amount = Field(alias="availableBalance")


class _Zhipu(Body):
    data: _ZhipuBalance


def _zhipu(its: Prepaid, body: Any) -> Iterator[ProviderCredit]:
    yield ProviderCredit(its.currency, nanos(its.read_body(_Zhipu, body).data.available_balance))


# Words of Zhipu for a key that it does not take; its answers have status 200.
_ZHIPU_STATUSES: Mapping[str, int] = {"100": 401, "401": 401, "403": 403, "429": 429, "130": 429, "5": 500}


def _no_own_words(_said: Any) -> None:
    return None


def _zhipu_refusal(said: Any) -> Refusal | None:
    match said:
        case {"success": False, **more}:
            return Refusal.of_code(str(more.get("code", "")), more.get("msg", ""), _ZHIPU_STATUSES)
        case _:
            return None


def _moonshot_refusal(said: Any) -> Refusal | None:
    match said:
        case {"status": False, **more}:
            return Refusal.of_code(str(more.get("code", "")), more.get("scode", ""), {})
        case _:
            return None


VENDORS: Mapping[str, Vendor] = {
    "deepseek": Vendor("DeepSeek", "/user/balance", _deepseek, _no_own_words),
    "moonshot": Vendor("Moonshot", "/v1/users/me/balance", _moonshot, _moonshot_refusal),
    "zhipu": Vendor(
        "Zhipu",
        "/api/biz/account/query-customer-account-report",
        _zhipu,
        _zhipu_refusal,
        (N_("Zhipu does not document the question for its credit: it may stop answering at any time."),),
    ),
}
