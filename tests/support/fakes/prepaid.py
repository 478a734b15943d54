"""The questions for prepaid credit of DeepSeek, Moonshot and Zhipu, as their references and clients tell of them.

DeepSeek writes amounts as text and may have two currencies, Moonshot as numbers, Zhipu refuses with status 200.
"""

from typing import Any, ClassVar

from tests.support.fakes.loopback import Answer, Heard, Loopback


class _Prepaid(Loopback):
    key = "sk-5a6b7c8d9e0f4a1b2c3d4e5f6a7b8c9d"
    path: ClassVar[str]

    def __init__(self, left: float = 412.5, granted: float = 20.0) -> None:
        super().__init__()
        self.left, self.granted = left, granted

    def answer(self, heard: Heard) -> Answer:
        """What the vendor says."""
        if (heard.method, heard.path) != ("GET", self.path):
            return Answer(404, {"error": {"message": "Not Found"}})
        if heard.headers.get("authorization", "").removeprefix("Bearer ") != self.key:
            return self.unknown_key()
        return Answer(200, self.told())

    def unknown_key(self) -> Answer:
        """What it says to a key that it does not know."""
        raise NotImplementedError

    def told(self) -> Any:
        """What is left."""
        raise NotImplementedError


class FakeDeepSeek(_Prepaid):
    """Two purses, of which the one in dollars is empty."""

    path = "/user/balance"

    def unknown_key(self) -> Answer:
        """As any service of OpenAI's manners."""
        error = {"message": "Authentication Fails, Your api key: ****9d9d is invalid", "type": "authentication_error"}
        return Answer(401, {"error": {**error, "param": None, "code": "invalid_request_error"}})

    def told(self) -> Any:
        """Amounts as text."""
        here = {
            "currency": "CNY",
            "total_balance": f"{self.left:.2f}",
            "granted_balance": f"{self.granted:.2f}",
            "topped_up_balance": f"{self.left - self.granted:.2f}",
        }
        return {"is_available": self.left > 0, "balance_infos": [here]}


class FakeMoonshot(_Prepaid):
    """A purse and vouchers; a debt is below zero."""

    path = "/v1/users/me/balance"

    def unknown_key(self) -> Answer:
        """With a type of its own."""
        return Answer(401, {"error": {"message": "Invalid Authentication", "type": "invalid_authentication_error"}})

    def told(self) -> Any:
        """Amounts as numbers."""
        here = {
            "available_balance": self.left,
            "voucher_balance": self.granted,
            "cash_balance": round(self.left - self.granted, 5),
        }
        return {"code": 0, "data": here, "scode": "0x0", "status": True}


class FakeZhipu(_Prepaid):
    """An account whose question is not documented."""

    path = "/api/biz/account/query-customer-account-report"

    def unknown_key(self) -> Answer:
        """With status 200."""
        return Answer(200, {"code": 1000, "msg": "身份验证失败。", "success": False})

    def told(self) -> Any:
        """More than is needed, and nulls."""
        here = {"availableBalance": self.left, "balance": self.left, "giveAmount": self.granted, "frozenBalance": None}
        return {"code": 200, "msg": "操作成功", "data": here, "success": True}
