"""Copilot's billing at GitHub, of an organization or of an enterprise, as its documents of autumn 2026 describe it."""

import itertools
import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.support.fakes.loopback import Answer, Heard, Loopback

USER_SCOPES = {"user", "multi_user_customer", "multi_user_cost_center"}
SCOPES = USER_SCOPES | {"organization", "repository", "enterprise", "cost_center"}
NEEDED = ("budget_amount", "prevent_further_usage", "budget_scope", "budget_entity_name", "budget_type")


REPORT_COLUMNS = (
    *("date", "username", "product", "sku", "model", "quantity", "unit_type", "applied_cost_per_quantity"),
    *("gross_amount", "discount_amount", "net_amount", "total_monthly_quota", "organization", "repository"),
    *("cost_center_name", "aic_quantity", "aic_gross_amount", "input", "output", "cache_read", "cache_write"),
)


@dataclass(frozen=True, slots=True)
class Use:
    """What a login used of a model on a day, in dollars before included credits."""

    day: date
    login: str
    model: str
    dollars: float
    tokens: int = 0


@dataclass(slots=True)
class State:
    """All that it knows."""

    seats: dict[str, dict[str, Any]] = field(default_factory=dict)
    budgets: dict[str, dict[str, Any]] = field(default_factory=dict)
    centers: list[dict[str, Any]] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    made: dict[date, list[dict[str, Any]]] = field(default_factory=dict)


class FakeGitHub(Loopback):
    """Two seats, of Octocat and Bo, and for an enterprise a cost centre.

    Args:
        account: the organization's login, or "enterprises/" and the enterprise's name.

    Attributes:
        key: a token with all rights.
        state: what it knows; a test may look, and change it as a person at GitHub would.
        rows_max: rows a page has at most.
        gives_reports: whether an enterprise may order reports of its usage.
        reports: the days of each report that was ordered, by its id.
    """

    key = "github_pat_admin"

    def __init__(self, account: str = "acme") -> None:
        super().__init__()
        self.state = State()
        self.rows_max = 100
        self.gives_reports = True
        self.reports: dict[str, tuple[str, str]] = {}
        self._asked_for: set[str] = set()
        self.is_enterprise = account.startswith("enterprises/")
        self.owner = account.removeprefix("enterprises/")
        self._numbers = itertools.count(1)
        self.add_seat("Octocat", "octo@acme.example", active="2026-11-22T09:00:00Z")
        self.add_seat("bo-li")
        self.state.centers.append({"id": "cc-1", "name": "Platform", "state": "active", "resources": []})
        self.state.centers.append({"id": "cc-0", "name": "Old", "state": "archived", "resources": []})

    def add_seat(self, login: str, email: str | None = None, active: str | None = None) -> None:
        """Another seat."""
        self.state.seats[login] = {
            "assignee": {"login": login, "id": next(self._numbers), "email": email, "type": "User"},
            "created_at": "2026-01-15T10:00:00Z",
            "last_activity_at": active,
            "last_activity_editor": None,
            "pending_cancellation_date": None,
            "plan_type": "business",
        }

    def add_budget(self, scope: str, amount: int, **facts: object) -> str:
        """A budget that somebody made at GitHub."""
        budget_id = f"f5236c62-157f-4d8f-a79e-{next(self._numbers):012d}"
        self.state.budgets[budget_id] = {
            "id": budget_id,
            "budget_scope": scope,
            "budget_amount": amount,
            "prevent_further_usage": True,
            "budget_product_sku": "ai_credits",
            "budget_type": "BundlePricing",
            "budget_alerting": {"will_alert": False, "alert_recipients": []},
            **facts,
        }
        return budget_id

    def use(self, day: date, login: str, model: str, dollars: float, tokens: int = 0) -> None:
        """Say what somebody used of a model on a day; said again it is restated."""
        with self.lock:
            cell = (day, login, model)
            kept = [use for use in self.state.uses if (use.day, use.login, use.model) != cell]
            self.state.uses = [*kept, Use(day, login, model, dollars, tokens)]

    def answer(self, heard: Heard) -> Answer:
        """As GitHub would answer."""
        if heard.path.startswith("/signed/"):
            return self._file(heard)
        if heard.path.startswith("/made/"):
            return self._report_file(heard)
        if heard.headers.get("authorization") != f"Bearer {self.key}":
            return _no(401, "Bad credentials")
        if heard.headers.get("x-github-api-version") not in {"2022-11-28", "2026-03-10"}:
            return _no(400, "Unsupported API version")
        for (method, pattern), work in self._routes().items():
            found = re.fullmatch(pattern, heard.path)
            if found and method == heard.method:
                body = json.loads(heard.body) if heard.body else {}
                with self.lock:
                    return work(*found.groups(), heard.query if method == "GET" else body)
        return _no(404, "Not Found")

    def _routes(self) -> Mapping[tuple[str, str], Callable[..., Answer]]:
        kind = "enterprises" if self.is_enterprise else "organizations"
        billing = f"/{kind}/{self.owner}/settings/billing"
        people = f"/{'enterprises' if self.is_enterprise else 'orgs'}/{self.owner}/copilot/billing/seats"
        routes: dict[tuple[str, str], Callable[..., Answer]] = {
            ("GET", "/rate_limit"): lambda _query: Answer(200, {"resources": {}, "rate": {"remaining": 4999}}),
            ("GET", people): self._seats,
            ("GET", people.replace("/billing/seats", "/metrics/reports/users-1-day")): self._metrics,
            ("GET", f"{billing}/ai_credit/usage"): self._usage,
            ("GET", f"{billing}/budgets"): self._list,
            ("POST", f"{billing}/budgets"): self._create,
            ("GET", f"{billing}/budgets/([^/]+)"): self._one,
            ("PATCH", f"{billing}/budgets/([^/]+)"): self._change,
            ("DELETE", f"{billing}/budgets/([^/]+)"): self._delete,
        }
        if self.is_enterprise and self.gives_reports:
            routes["POST", f"{billing}/reports"] = self._order
            routes["GET", f"{billing}/reports/([^/]+)"] = self._report
        if self.is_enterprise:
            routes["GET", f"{billing}/cost-centers"] = lambda _query: Answer(200, {"costCenters": self.state.centers})
        return routes

    def _seats(self, query: Mapping[str, str]) -> Answer:
        seats = list(self.state.seats.values())
        return Answer(200, {"total_seats": len(seats), "seats": self._page(seats, query)})

    def make(self, day: date, login: str, lines: int, accepted: int = 0, credits: float | None = 1.5) -> None:
        """What somebody made of Copilot on a day."""
        row = {"day": day.isoformat(), "user_login": login, "ai_credits_used": credits, "loc_added_sum": lines}
        did = {"code_acceptance_activity_count": accepted, "user_initiated_interaction_count": 3, "totals_by_ide": []}
        self.state.made.setdefault(day, []).append({**row, **did})

    def _metrics(self, query: Mapping[str, str]) -> Answer:
        """The rows lie in a file elsewhere; of a day without any there is none."""
        try:
            day = date.fromisoformat(query.get("day", ""))
        except ValueError:
            return _no(422, "Invalid day")
        if day < date(2025, 10, 10):
            return _no(404, "Not Found")
        if day not in self.state.made:
            return Answer(204)
        return Answer(200, {"download_links": [f"{self.url}/signed/{day}?sig=s3cr3t"], "report_day": str(day)})

    def _file(self, heard: Heard) -> Answer:
        """Storage refuses a key beside the signature."""
        if "authorization" in heard.headers or heard.query.get("sig") != "s3cr3t":
            return Answer(400, b"<Error>InvalidArgument</Error>")
        rows = self.state.made[date.fromisoformat(heard.path.removeprefix("/signed/"))]
        return Answer(200, b"\n".join(json.dumps(row).encode() for row in rows))

    def _order(self, body: dict[str, Any]) -> Answer:
        try:
            first, last = (date.fromisoformat(body[name]) for name in ("start_date", "end_date"))
        except (KeyError, ValueError):
            return _no(422, "Invalid dates")
        if body.get("report_type") != "ai_credit" or not 0 <= (last - first).days < 31:
            return _no(422, "Invalid report")
        report_id = f"rep-{next(self._numbers)}"
        self.reports[report_id] = (str(first), str(last))
        return Answer(202, {"id": report_id, "status": "processing", "report_type": "ai_credit"})

    def _report(self, report_id: str, _query: object) -> Answer:
        """It takes a while to be made; where it lies is told only then."""
        if report_id not in self.reports:
            return _no(404, "Not Found")
        if report_id not in self._asked_for:
            self._asked_for.add(report_id)
            return Answer(200, {"id": report_id, "status": "processing"})
        where = f"{self.url}/made/{report_id}?sig=s3cr3t"
        return Answer(200, {"id": report_id, "status": "completed", "download_urls": [where]})

    def _report_file(self, heard: Heard) -> Answer:
        """Rows are apart by repository, and say whether GitHub chose the model."""
        if "authorization" in heard.headers or heard.query.get("sig") != "s3cr3t":
            return Answer(400, b"<Error>InvalidArgument</Error>")
        first, last = self.reports[heard.path.removeprefix("/made/")]
        uses = sorted((use for use in self.state.uses if first <= str(use.day) <= last), key=lambda use: str(use.day))
        lines = [",".join(REPORT_COLUMNS)]
        for use in uses:
            for repository, chosen in (("acme/shop", ""), ("", "Auto: ")):
                half = use.dollars / 2
                row = {
                    "date": str(use.day),
                    "username": use.login,
                    "product": "copilot",
                    "sku": "copilot_ai_credit",
                    "model": chosen + use.model,
                    "quantity": half * 100,
                    "unit_type": "ai-credits",
                    "gross_amount": half,
                    "net_amount": 0,
                    "repository": repository,
                    "aic_quantity": 0,
                    "aic_gross_amount": 0,
                    "input": use.tokens,
                    "output": use.tokens or "",
                }
                lines.append(",".join(str(row.get(name, "")) for name in REPORT_COLUMNS))
        return Answer(200, "\r\n".join(lines).encode("utf-8-sig"))

    def _usage(self, query: Mapping[str, str]) -> Answer:
        """Year and month are asked for always; the answer repeats the year at least, and of one person no more."""
        if not {"year", "month"} <= set(query) or set(query) - {"year", "month", "day", "user", "model", "product"}:
            return _no(400, "Invalid period")
        period = {name: int(query[name]) for name in ("year", "month", "day") if name in query}
        login = query.get("user")
        sums: dict[str, float] = defaultdict(float)
        for use in self.state.uses:
            same = all(getattr(use.day, name) == value for name, value in period.items())
            if same and login in {None, use.login.casefold()}:
                sums[use.model] += use.dollars
        rows = [_item(model, dollars) for model, dollars in sums.items()]
        if login:
            return Answer(200, {"timePeriod": {"year": period["year"]}, "usageItems": rows})
        return Answer(200, {"timePeriod": period, "organization": self.owner, "usageItems": rows})

    def _list(self, query: Mapping[str, str]) -> Answer:
        login = query.get("user")
        budgets = [
            each
            for each in self.state.budgets.values()
            if login is None
            or each["budget_scope"] in {"multi_user_customer", "multi_user_cost_center"}
            or each.get("user") == login
        ]
        page = self._page(budgets, query)
        shown = int(query.get("page", "1")) * int(query.get("per_page", "10"))
        more = {"has_next_page": shown < len(budgets), "total_count": len(budgets)}
        return Answer(200, {"budgets": page, **(more if len(budgets) > len(page) else {})})

    def _create(self, body: dict[str, Any]) -> Answer:
        lacking = [name for name in NEEDED if name not in body]
        if lacking or (body["budget_scope"] == "user" and not body.get("user")):
            return _no(400, f"Missing required fields: {', '.join(lacking) or 'budget_entity_name'}")
        wrong = self._wrong(body)
        if wrong:
            return _no(422, wrong)
        holder = (body["budget_scope"], body["budget_entity_name"], body.get("user"))
        if holder in {_holder(each) for each in self.state.budgets.values()}:
            return _no(422, "A budget already exists")
        facts = {name: value for name, value in body.items() if name not in {"budget_scope", "budget_amount"}}
        made = self.state.budgets[self.add_budget(body["budget_scope"], body["budget_amount"], **facts)]
        return Answer(200, {"message": "Budget successfully created.", "budget": made})

    def _wrong(self, body: Mapping[str, Any]) -> str:
        amount, scope = body.get("budget_amount", 0), body["budget_scope"]
        if not isinstance(amount, int) or isinstance(amount, bool) or amount < 0:
            return "budget_amount must be an integer"
        if scope not in SCOPES or (scope in {"enterprise", "cost_center"} and not self.is_enterprise):
            return "Invalid budget_scope"
        if scope in USER_SCOPES and body.get("prevent_further_usage") is not True:
            return "prevent_further_usage must be true"
        return ""

    def _one(self, budget_id: str, _query: object) -> Answer:
        budget = self.state.budgets.get(budget_id)
        return Answer(200, budget) if budget else _no(404, "Not Found")

    def _change(self, budget_id: str, body: dict[str, Any]) -> Answer:
        budget = self.state.budgets.get(budget_id)
        if budget is None:
            return _no(404, "Not Found")
        wrong = self._wrong({**budget, **body})
        if wrong:
            return _no(422, wrong)
        budget.update(body)
        return Answer(200, {"message": "Budget successfully updated.", "budget": budget})

    def _delete(self, budget_id: str, _body: object) -> Answer:
        if self.state.budgets.pop(budget_id, None) is None:
            return _no(404, "Not Found")
        return Answer(200, {"message": "Budget successfully deleted.", "id": budget_id})

    def _page(self, rows: list[dict[str, Any]], query: Mapping[str, str]) -> list[dict[str, Any]]:
        page, size = int(query.get("page", "1")), min(int(query.get("per_page", "10")), self.rows_max)
        return rows[(page - 1) * size : page * size]


def _holder(budget: Mapping[str, Any]) -> tuple[object, ...]:
    return budget["budget_scope"], budget.get("budget_entity_name"), budget.get("user")


def _item(model: str, dollars: float) -> dict[str, Any]:
    """The included credits paid for it, so nothing is billed."""
    gross = {"grossQuantity": dollars * 100, "grossAmount": dollars}
    net = {"discountQuantity": dollars * 100, "discountAmount": dollars, "netQuantity": 0, "netAmount": 0}
    words = {"product": "Copilot", "sku": "Copilot AI Credits", "model": model, "unitType": "credits"}
    return {**words, "pricePerUnit": 0.01, **gross, **net}


def _no(status: int, message: str) -> Answer:
    return Answer(status, {"message": message, "documentation_url": "https://docs.example/rest", "status": str(status)})
