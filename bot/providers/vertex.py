"""Google Cloud's spend caps, which stop a project (Vertex AI and Gemini in it) once it has cost so much in a month.

Facts are from the reference of Cloud Billing's Budget API v1 and its pages about spend caps, November 2026; nothing was
seen live. What members a `spendCap` has is not described, so it is only looked at whether there is one, and none is
made. What was spent is read from the billing export, with files.
"""

import json
import re
from base64 import urlsafe_b64encode
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import Field, ValidationError, model_validator

from bot.checks import CheckLine, may_write, why_not, works
from bot.errors import KeyRefusedError, NotFoundError, UndeliverableError
from bot.http import PATIENCE, Api, ApiKey, Batch, Params, Patience, Refusal
from bot.providers.access_tokens import AccessToken, TokenSign, unsigned
from bot.providers.base import Limit, Provider
from bot.providers.payload_fields import NANOS, Body, Count, Currency, Word
from bot.providers.set_aside import setting_aside, understood
from bot.texts import t
from handlers.language import N_, Words
from storage.limits import Subject

BUDGETS, LOGIN = "https://billingbudgets.googleapis.com", "https://oauth2.googleapis.com"
AUDIENCE = f"{LOGIN}/token"
SCOPE = "https://www.googleapis.com/auth/cloud-billing"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_S = 3600
"""Google lets no assertion hold for longer."""

PAGE_ROWS = 100
UNITS_MAX = 9 * 10**9
"""The largest amount that is stored in nanos."""

# How often it may be asked stands in the project's own quotas.
CALLS_PER_MINUTE = 60

NEEDED = N_("the JSON key of a service account with the role Billing Account Costs Manager on the billing account")
TO_WRITE = N_("The service account must be allowed to change budgets (billing.budgets.update).")
NO_CAPS = N_(
    "Make a budget with a spend cap for each project in Google Cloud's console: Bursar changes those, and none."
)
ACCOUNT = re.compile(r"(?:billingAccounts/)?([0-9A-Fa-f]{6}(?:-[0-9A-Fa-f]{6}){2})")

REFUSALS = {"invalid_grant": 401, "invalid_client": 401, "unauthorized_client": 401}
"""Google's words for a key that it does not take; it says them with status 400."""

Units = Annotated[Count, Field(le=UNITS_MAX)]


class _ServiceAccount(Body):
    """The key of a service account, as Google Cloud gives it for a file."""

    client_email: str
    private_key: str = Field(repr=False)
    private_key_id: str = ""


class _Money(Body):
    """Google's Money: whole units as text; a member that is nought is not sent."""

    currency: Currency = Field(alias="currencyCode")
    units: Units = 0
    nanos: Annotated[Count, Field(lt=NANOS)] = 0


class _Amount(Body):
    fixed: _Money = Field(alias="specifiedAmount")


class _Filter(Body):
    projects: list[Word] = Field(default_factory=list)
    period: Literal["MONTH", "QUARTER", "YEAR", "CALENDAR_PERIOD_UNSPECIFIED", ""] = Field("", alias="calendarPeriod")
    custom: Any = Field(None, alias="customPeriod")


class _Budget(Body):
    """A budget of the billing account that has a `spendCap`, and so stops what it is about."""

    name: Annotated[str, Field(pattern=r"^billingAccounts/[\w-]+/budgets/[\w-]+$", max_length=255)]
    title: Word = Field("", alias="displayName")
    etag: Word = ""
    about: _Filter = Field(default_factory=_Filter, alias="budgetFilter")
    amount: _Amount

    @property
    def project(self) -> str:
        """The only project that it is about, "" if it is about several or all."""
        return self.about.projects[0].removeprefix("projects/") if len(self.about.projects) == 1 else ""

    @property
    def is_monthly(self) -> bool:
        """Whether it begins anew each month, as it does where nothing else is said."""
        return self.about.custom is None and self.about.period in {"MONTH", "CALENDAR_PERIOD_UNSPECIFIED", ""}

    @property
    def nanos(self) -> int:
        """The amount in 10⁻⁹ of its currency."""
        return self.amount.fixed.units * NANOS + self.amount.fixed.nanos


class _Page(Body):
    budgets: list[Any] = Field(default_factory=list)
    following: str = Field("", alias="nextPageToken")

    @model_validator(mode="before")
    @classmethod
    def _is_a_list(cls, said: Any) -> Any:
        """No budgets are an empty object; anything else without them is no page."""
        if said and isinstance(said, dict) and not {"budgets", "nextPageToken"} & set(said):
            raise ValueError("it is no list of budgets")
        return said


class Vertex(Provider):
    """The spend caps of one billing account of Google Cloud: a project is a team.

    Args:
        name: its name in app.yaml.
        url: where the Budget API is.
        key: the JSON key of a service account.
        account: the id of the billing account.
        key_name: the environment variable that the key stands in.
        now: the clock.
        patience: how long one question may take.
        calls_per_minute: how often it is asked at most.
    """

    can = frozenset({"limits", "set_limit"})
    limited = frozenset({"team"})
    step_nanos = NANOS
    cannot = (
        N_("Google's spend caps are read and set here. What was spent is read from the billing export, with files."),
        N_("Only projects that have a budget with a spend cap are limited: Bursar changes its amount and makes none."),
        N_("A spend cap counts gross cost as Google estimates it, before credits: keep it above the budget."),
    )

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        account: str,
        key_name: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience: Patience = PATIENCE,
        calls_per_minute: int | None = CALLS_PER_MINUTE,
    ) -> None:
        self.name = name
        self._now = now
        self._key_name = key_name
        self._account = ACCOUNT.fullmatch(account.strip())
        self._opens = _service_account(key)
        secret = "".join((self._opens.private_key if self._opens else key).split())
        login = LOGIN if url.rstrip("/") == BUDGETS else url
        self._login = Api(
            "Google", login, ApiKey(key_name, secret, {}, NEEDED, unsigned), patience, refusal=_refusal_of_login
        )
        sign = TokenSign(self._token, now)
        opens = ApiKey(key_name, secret, {}, NEEDED, sign)
        self._api = Api("Google Cloud", url, opens, patience, None, calls_per_minute)
        self.who = self._api.who

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()
        self._login.close()

    def limits(self) -> Iterator[Limit]:
        """Each project's that has a spend cap of a month."""
        by_project: dict[str, list[_Budget]] = defaultdict(list)
        for budget in self._capped():
            by_project[budget.project].append(budget)
        for project, budgets in sorted(by_project.items()):
            yield _limit(project, sorted(budgets, key=lambda each: each.name))

    def limit(self, subject: Subject) -> Limit | None:
        """One project's."""
        with setting_aside():  # what stands beside has to be understood when all are read
            return next((each for each in self.limits() if each.subject == subject), None)

    def set_limit(self, subject: Subject, amount_nanos: int) -> Limit:
        """Set the amount of the budget that caps a project, in whole units of its currency, and nothing else of it."""
        with setting_aside():
            budgets = [each for each in self._capped() if subject == Subject("team", each.project)]
        if not budgets:
            raise NotFoundError(
                "{service} has no budget with a spend cap for project {id}", service=self.who, id=subject.external_id
            )
        ours = min(budgets, key=lambda each: each.name)
        money = {"currencyCode": ours.amount.fixed.currency, "units": str(amount_nanos // NANOS), "nanos": 0}
        wanted = {"name": ours.name, "etag": ours.etag, "amount": {"specifiedAmount": money}}
        self._api.write_json("PATCH", f"/v1/{ours.name}?updateMask=amount", wanted)
        return self.limit(subject) or Limit(subject, None)

    def probe(self) -> Iterator[CheckLine]:
        """Whether it answers, the service account may read budgets, and how many projects have a spend cap."""
        found = list[Limit]()
        no = why_not(lambda: found.extend(self.limits()))
        yield works(t("{service} answers", service=self.who), no)
        if no:
            return
        advice = "" if found else t(NO_CAPS)
        yield CheckLine(t("projects with a spend cap: {count}", count=len(found)), ok=bool(found), advice=advice)
        yield may_write(TO_WRITE)

    def _capped(self) -> Iterator[_Budget]:
        """The budgets that stop one project each month; one without a cap only warns, and is none of our business."""
        rows = self._api.follow(self._page, "budgets")
        capped = (row for row in rows if not isinstance(row, dict) or row.get("spendCap") is not None)
        for budget in understood(self.who, "budgets", capped, _Budget.model_validate):
            if budget.project and budget.is_monthly:
                yield budget

    def _page(self, following: str) -> Batch:
        if self._account is None:
            raise UndeliverableError(
                "account of {name} must be the id of a billing account, such as 01A2B3-C4D5E6-F70819", name=self.name
            )
        params: Params = {"pageSize": PAGE_ROWS, **({"pageToken": following} if following else {})}
        path = f"/v1/billingAccounts/{self._account[1].upper()}/budgets"
        page = self._api.read(_Page, self._api.get_json(path, params), "budgets")
        return Batch(page.budgets, page.following)

    def _token(self) -> AccessToken:
        fields = {"grant_type": GRANT, "assertion": self._assertion()}
        return self._login.read(AccessToken, self._login.ask_form("/token", fields), "a token")

    def _assertion(self) -> str:
        """Who we are, signed with the key (RFC 7523)."""
        key = _rsa(self._opens.private_key) if self._opens else None
        if self._opens is None or key is None:
            raise KeyRefusedError(
                "{name} cannot be used: it needs {needed}", "", name=self._key_name, needed=Words(NEEDED)
            )
        at = int(self._now().timestamp())
        head = {"alg": "RS256", "typ": "JWT", "kid": self._opens.private_key_id}
        claims = {
            "iss": self._opens.client_email,
            "scope": SCOPE,
            "aud": AUDIENCE,
            "iat": at,
            "exp": at + TOKEN_S,
        }
        said = b".".join(_base64(json.dumps(part).encode()) for part in (head, claims))
        return b".".join((said, _base64(key.sign(said, PKCS1v15(), SHA256())))).decode()


def _limit(project: str, budgets: list[_Budget]) -> Limit:
    """What stops a project: of several budgets the first is the one that we set, and the others bind as well."""
    ours, *others = budgets
    return Limit(
        Subject("team", project),
        ours.nanos,
        name=ours.title,
        currency=ours.amount.fixed.currency,
        caps=tuple(("month", each.nanos) for each in others),
    )


def _service_account(key: str) -> _ServiceAccount | None:
    """The key as Google Cloud gives it, None if it is no such thing."""
    try:
        return _ServiceAccount.model_validate_json(key)
    except ValidationError:
        return None


def _rsa(pem: str) -> RSAPrivateKey | None:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, RSAPrivateKey) else None


def _base64(content: bytes) -> bytes:
    return urlsafe_b64encode(content).rstrip(b"=")


def _refusal_of_login(said: Any) -> Refusal | None:
    match said:
        case {"error": str(code), **more}:
            return Refusal.of_code(code, more.get("error_description", ""), REFUSALS, otherwise=0)
        case _:
            return None
