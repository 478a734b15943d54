"""The policy: what an admin wrote in app.yaml, as far as decisions need it."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale, UnknownLocaleError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from handlers.amounts import CURRENCIES, currencies_of, read_amount
from handlers.errors import SettingError
from handlers.language import N_
from handlers.money import COUNTED, NANOS, AmountError, in_units, scale_of
from handlers.periods import Calendar, Every
from handlers.policy.amounts import House, written_amount
from handlers.policy.approvals import MANAGER, AmountWritten, ApprovalRule, RequestRules, WorkingHours
from handlers.policy.contracts import Contract
from handlers.policy.prices import PriceRule
from handlers.policy.programs import ProgramRules
from handlers.policy.retention import RetentionRules
from handlers.policy.telemetry import NONE, PROGRAMS, TelemetryRules
from handlers.policy.thresholds import AmountText, GuardRules, WasteRules, units
from storage.limits import Window
from storage.units import from_nanos

ZONES = frozenset(available_timezones())


def _zone(name: str) -> str:
    if name not in ZONES:
        raise SettingError("unknown time zone “{word}”: write one such as Europe/Berlin or America/New_York", word=name)
    return name


def _locale(name: str) -> str:
    try:
        Locale.parse(name)
    except (UnknownLocaleError, ValueError) as trouble:
        raise SettingError("unknown locale “{word}”: write one such as en_US or zh_CN", word=name) from trouble
    return name


def _rollover(words: str) -> str:
    if words in ("none", "all"):
        return words
    if words.startswith("up to "):
        return f"up to {written_amount(words.removeprefix('up to '))}"
    raise SettingError("invalid rollover “{word}”: write none, all, or an amount such as up to 100 USD", word=words)


def like(pattern: str, why: str) -> AfterValidator:
    """Words must look so.

    Args:
        pattern: a regular expression for all of them.
        why: what is wrong otherwise, and what would be right; `{word}` is what was written.
    """
    form = re.compile(pattern)

    def checked(word: str) -> str:
        if not form.fullmatch(word):
            raise SettingError(why, word=word)
        return word

    return AfterValidator(checked)


def _currency(word: str) -> str:
    """A currency of ISO 4217; what people call one, such as RMB, is none, but tells which is meant."""
    if word in CURRENCIES:
        return word
    meant = currencies_of(word)
    if meant:
        raise SettingError("unknown currency “{word}”. Did you mean “{meant}”?", word=word, meant=meant[0])
    raise SettingError("unknown currency “{word}”: write three capital letters such as EUR", word=word)


_CURRENCY = AfterValidator(_currency)
_WHO = like(
    r"every (person|agent)( of team \S+)?|every person in \S+|organization|(team|person|agent|role) \S+",
    N_(
        "“{word}” is nobody's: write every person, every agent, every person of team search, every person in "
        "contractors, organization, team search, person ana, or role finance"
    ),
)
Zone = Annotated[str, AfterValidator(_zone)]
MaybeZone = Annotated[str, AfterValidator(lambda name: name and _zone(name))]
LocaleName = Annotated[str, AfterValidator(_locale)]
MaybeLocale = Annotated[str, AfterValidator(lambda name: name and _locale(name))]
PlaceName = Annotated[
    str,
    like(r"((slack|teams|web):\S+)?", N_("unknown place “{word}”: write such as slack:C0123456789 or web:#ai-spend")),
]
Name = Annotated[
    str,
    like(
        r"[a-z0-9][a-z0-9._-]{0,62}",
        N_("“{word}” cannot be an id: use up to 63 small letters, digits, dots, hyphens and underscores"),
    ),
]


class Rule(BaseModel):
    """A part of app.yaml: frozen, and no key but those it knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


WEEK_STARTS = {"monday": 0, "saturday": 5, "sunday": 6}


class Organization(Rule):
    """Who we are and how we count."""

    name: str = "Our company"
    currency: Annotated[str, _CURRENCY] = "USD"
    zone: Zone = "UTC"
    locale: LocaleName = "en_US"
    leavers_percent: Annotated[int, Field(ge=1, le=100)] = 20
    month_starts: Annotated[int, Field(ge=1, le=28)] = 1
    fiscal_year_starts: Annotated[int, Field(ge=1, le=12)] = 1
    week_starts: Literal["monday", "sunday", "saturday", "locale"] = "monday"
    channels: dict[Annotated[str, Field(pattern=r"^(slack|teams|web):\S+$")], LocaleName] = Field(default_factory=dict)

    @property
    def week_start(self) -> int:
        """The day on which weeks begin, Monday is 0."""
        if self.week_starts == "locale":
            return int(Locale.parse(self.locale).first_week_day)
        return WEEK_STARTS[self.week_starts]


Look = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Whom:
    """What the words of Budget.who mean; see there."""

    account_id: str
    kind: str
    role: str
    group: str
    team_id: str
    is_pool: bool


@lru_cache(maxsize=4096)
def _whom(words: str) -> _Whom:
    """Read once for each: a balance asks every budget for whom it is, several times."""
    first, _, name = words.partition(" ")
    team = words.partition(" of team ")[2]
    own = "" if first in ("every", "role") else f"{first}/{name}"
    kind = "person" if first == "role" else name.split()[0] if first == "every" else ""
    return _Whom(
        account_id="org" if words == "organization" else own,
        kind=kind,
        role=name if first == "role" else "",
        group=words.removeprefix("every person in ") if words.startswith("every person in ") else "",
        team_id=f"team/{team}" if team else "",
        is_pool=words == "organization" or first == "team",
    )


class Budget(Rule):
    """A named rule: who may spend how much of what, every how long.

    `who` is "every person", "every agent", either "of team NAME", "every person in GROUP", "role NAME", "organization",
    "team NAME", "person NAME" or "agent NAME". A budget of a team or of the organization is a pool: all below it spend
    from it together, and its owner may split it. Several rules may have one name: the most specific one counts
    (handlers/policy/rules.py).

    Args:
        name: a short word; it stands on every entry, so it must not change.
        who: whose budget it is.
        amount: of one period, such as "400 USD" or "100M tokens".
        every: how long a period is.
        zone: the zone whose calendar cuts the periods; the organization's if empty.
        models: "all", or the tier of models that it is for.
        limit: "hard" is enforced at the providers, "soft" warns, "watch" only counts; "shadow" is told to finance
            alone, and binds nobody until it is let count (handlers/planning/shadows.py).
        alert_at: percent of the limit at which people are told.
        alert_in: a channel that is told as well, of a pool only.
        rollover: what is left is lost ("none"), carried on ("all"), or carried on "up to 100 USD".
        prorate: whoever joins within a period gets the share of the days that are left.
        reserve_percent: what an even split of a pool keeps back.
    """

    name: Name
    who: Annotated[str, _WHO]
    amount: AmountWritten
    every: Every = "month"
    zone: MaybeZone = ""
    models: str = "all"
    limit: Literal["hard", "soft", "watch", "shadow"] = "hard"
    alert_at: tuple[Annotated[int, Field(ge=1, le=1000)], ...] = (80, 100)
    alert_in: PlaceName = ""
    rollover: Annotated[str, AfterValidator(_rollover)] = "none"
    prorate: bool = False
    reserve_percent: Annotated[int, Field(ge=0, le=90)] = 0

    @property
    def unit(self) -> str:
        """What it is counted in: a currency's code, "tokens" or "credits"."""
        return self.amount.unit

    @property
    def allotment(self) -> int:
        """The amount of one period, in nanos or pieces."""
        return self.amount.units(self.unit)

    @property
    def account_id(self) -> str:
        """The one account it is for, or "" if it is for every one of a kind."""
        return _whom(self.who).account_id

    @property
    def kind(self) -> str:
        """The kind of account that each get their own, or "" if it is for one account."""
        return _whom(self.who).kind

    @property
    def role(self) -> str:
        """The role whose people each get their own, or "" if roles do not matter."""
        return _whom(self.who).role

    @property
    def group(self) -> str:
        """The group whose people each get their own, or ""."""
        return _whom(self.who).group

    @property
    def team_id(self) -> str:
        """The account of the team below which each gets their own, or ""."""
        return _whom(self.who).team_id

    @property
    def is_pool(self) -> bool:
        """Whether several spend from it together."""
        return _whom(self.who).is_pool

    @property
    def look(self) -> Look:
        """What it is told by beside its name and amount: whose it is, how often, and for which models."""
        whose = self.account_id if self.is_pool else self.kind or self.account_id.partition("/")[0]
        return whose, self.every, self.models

    @property
    def rollover_max(self) -> int | None:
        """How much of what is left is carried on: nanos or pieces, None for all of it."""
        if self.rollover == "all":
            return None
        cap = read_amount(self.rollover.removeprefix("up to "), own=self.unit)
        return cap.units(self.unit) if cap else 0


class ClaimCategory(Rule):
    """What people may buy themselves and claim back, and how much each of them in a year.

    Args:
        name: a short word; it stands on every claim, so it must not change.
        who: for whom, as for a budget of people; of one name, the most specific rule counts.
        amount: of one year, in the organization's currency.
    """

    name: Name
    who: Annotated[str, _WHO] = "every person"
    amount: AmountWritten

    @property
    def rule(self) -> Budget:
        """The same as a budget, so that who has which is decided as for those."""
        return Budget.model_construct(name=self.name, who=self.who, amount=self.amount, every="year", limit="watch")


class ClaimRules(Rule):
    """Claims for tools that people bought themselves.

    Args:
        within_months: what was bought longer ago cannot be claimed.
        categories: what can be; none at all switches claims off. The first that a person has is meant if none is said.
        receipt_above: a claim above it needs its receipt; "" for none ever.
        receipt_days: for so long a receipt is kept after its claim was paid back, or came to nothing.
    """

    within_months: Annotated[int, Field(ge=1, le=36)] = 6
    receipt_above: AmountText = ""
    receipt_days: Annotated[int, Field(ge=1, le=3_650)] = 90
    categories: tuple[ClaimCategory, ...] = ()


def refuse_claims(rules: ClaimRules, currency: str, budgets: Iterable[Budget]) -> None:
    """Refuse categories of claims that do not fit with the rest.

    Raises:
        SettingError: what is wrong, and what would be right.
    """
    names, seen = {each.name for each in budgets}, set[tuple[str, str]]()
    for each in rules.categories:
        if each.name in names:
            raise SettingError(
                "“{word}” is a budget already; give this category of claims another name", word=each.name
            )
        if (each.name, each.who) in seen:
            raise SettingError("the category of claims “{word}” stands twice for “{who}”", word=each.name, who=each.who)
        if each.rule.kind != "person" and not each.who.startswith("person "):
            raise SettingError(
                "“{who}” are no people: claims are for every person, a group, a role or one", who=each.who
            )
        if each.amount.unit != currency:
            raise SettingError(
                "{unit} is not the organization's currency: write the amount in {currency}",
                unit=each.amount.unit,
                currency=currency,
            )
        seen.add((each.name, each.who))


TIERS: dict[str, tuple[str, ...]] = {
    "small": ("*haiku*", "*-mini*", "*-nano*", "*flash*", "*-lite*", "*-small*"),
    "flagship": ("*opus*", "gpt-5*pro*", "*gemini*pro*", "o1*", "o3*", "*ultra*", "*fable*"),
}
STANDARD = "standard"


# Since a day, so many units of the house currency for one unit of another.
Rates = dict[Annotated[str, _CURRENCY], dict[date, Annotated[Decimal, Field(gt=0)]]]


class LimitRules(Rule):
    """How limits are kept at providers.

    Args:
        split: one budget over several providers: each may spend "all" that is left, or the part of it that was spent
            there in the last four weeks ("recent").
        ask_above_percent: finance is asked before more than this share of a provider's limits is changed at once.
    """

    split: Literal["all", "recent"] = "all"
    ask_above_percent: Annotated[int, Field(ge=1, le=100)] = 20


class Vendor(Rule):
    """What a provider declares, as far as decisions need it; see bot/providers/base.py."""

    name: str
    service: str
    kind: str = ""
    account: str = ""
    can: frozenset[str] = frozenset()
    limited: frozenset[str] = frozenset()
    window: Window = "month"
    step_nanos: int = 1
    cannot: tuple[str, ...] = ()
    zero_is_cost: bool = False
    live: bool = False


def contradictions(
    budget: Budget, currency: str, tiers: Collection[str], *, has_credits: bool
) -> Iterator[tuple[str, SettingError | AmountError]]:
    """What a budget says that does not fit with the rest, by the setting that says it.

    Args:
        budget: the budget.
        currency: of the organization.
        tiers: the names of the tiers of models.
        has_credits: whether credits can be counted.
    """
    if budget.unit == "credits" and not has_credits:
        yield (
            "amount",
            SettingError(
                "credits can be counted only if all providers count in the same credits at a known price and the "
                "organization in USD: write the amount in {currency} or in tokens",
                currency=currency,
            ),
        )
    if budget.unit not in COUNTED and budget.unit != currency:
        yield (
            "amount",
            SettingError(
                "{unit} is not the organization's currency: write the amount in {currency} or in tokens",
                unit=budget.unit,
                currency=currency,
            ),
        )
    if budget.every == "day" and budget.rollover != "none":
        yield (
            "rollover",
            SettingError("a day's budget cannot be carried on, as a day's usage is not known in time; write none"),
        )
    try:
        budget.rollover_max  # noqa: B018 - raises if it cannot be
    except AmountError as error:
        yield "rollover", error
    if budget.alert_in and not budget.is_pool:
        yield (
            "alert_in",
            SettingError("only a budget of a team or of the organization can have this: others are personal"),
        )
    known = ["all", *tiers, STANDARD]
    if budget.models not in known:
        yield (
            "models",
            SettingError("unknown models “{word}”: write one of {names}", word=budget.models, names=", ".join(known)),
        )


_ALIKE = ("unit", "every", "zone", "models")
"""What budgets of one name must agree in, for they are one budget to whoever has it."""


def clashes(budgets: Iterable[Budget]) -> Iterator[tuple[Budget, str, SettingError]]:
    """Budgets that cannot have the name of an earlier one, with the setting that says so, and why.

    Several rules may have one name if they are for different people: the most specific one counts.
    """
    first: dict[str, Budget] = {}
    taken: set[tuple[str, str]] = set()
    for each in budgets:
        other = first.setdefault(each.name, each)
        differs = [name for name in _ALIKE if getattr(each, name) != getattr(other, name)]
        if (each.name, each.who) in taken:
            why = SettingError(
                "there is a budget “{word}” for “{who}” already; give this one another name",
                word=each.name,
                who=each.who,
            )
            yield each, "name", why
        elif other is not each and (each.is_pool or other.is_pool):
            why = SettingError(
                "the name “{word}” stands twice; the budget of a team or of the organization needs one of its own",
                word=each.name,
            )
            yield each, "name", why
        elif (each.limit == "shadow") != (other.limit == "shadow"):
            why = SettingError("the name “{word}” stands twice; a shadow budget needs one of its own", word=each.name)
            yield each, "name", why
        elif differs:
            name = "amount" if differs[0] == "unit" else differs[0]
            why = SettingError(
                "budgets named “{word}” must have the same {setting}", word=each.name, setting=differs[0]
            )
            yield each, name, why
        taken.add((each.name, each.who))


class Policy(House, Rule):
    """All rules that decisions need."""

    organization: Organization = Organization()
    working: WorkingHours = WorkingHours()
    approvals: tuple[ApprovalRule, ...] = MANAGER
    requests: RequestRules = RequestRules()
    programs: ProgramRules = ProgramRules()
    rates: Rates = Field(default_factory=dict)
    budgets: tuple[Budget, ...] = ()
    shadows: tuple[Budget, ...] = ()
    tiers: dict[str, tuple[str, ...]] = TIERS
    limits: LimitRules = LimitRules()
    vendors: tuple[Vendor, ...] = ()
    guard: GuardRules = GuardRules()
    waste: WasteRules = WasteRules()
    seats: dict[str, AmountText] = Field(default_factory=dict)
    prices: tuple[PriceRule, ...] = ()
    contracts: tuple[Contract, ...] = ()
    claims: ClaimRules = ClaimRules()
    outcomes: tuple[str, ...] = ()
    telemetry: TelemetryRules = TelemetryRules()
    console_url: str = ""
    workspaces: tuple[str, ...] = ()
    retention: RetentionRules = RetentionRules()
    credit_nanos: int = 0
    _called: dict[str, str] = PrivateAttr(default_factory=dict)
    _counting: frozenset[str] = PrivateAttr(default=frozenset())

    @model_validator(mode="after")
    def _budgets_make_sense(self) -> "Policy":
        for _, _, clash in clashes((*self.budgets, *self.shadows)):
            raise clash
        for budget in (*self.budgets, *self.shadows):
            for _, error in contradictions(
                budget, self.organization.currency, self.tiers, has_credits=self.credit_nanos > 0
            ):
                raise error
        return self

    @model_validator(mode="after")
    def _floors_are_money(self) -> "Policy":
        guarded = (self.guard.floor, self.guard.pause_above, *self.guard.caps.values())
        for words in (
            *guarded,
            self.waste.floor,
            self.claims.receipt_above,
            *self.seats.values(),
            *(each.commitment for each in self.contracts if each.currency == self.organization.currency),
        ):
            units(words, self.organization.currency)
        return self

    @property
    def guard_floor_nanos(self) -> int:
        """What is danger, in nanos of the house currency."""
        return units(self.guard.floor, self.organization.currency) or 0

    def guard_cap_nanos(self, kind: str) -> int:
        """What a day of a new account of a kind may cost where there are too few others to compare it with."""
        said = {str(each): words for each, words in self.guard.caps.items()}.get(kind, "")
        return units(said, self.organization.currency) or self.guard_floor_nanos * (4 if kind == "person" else 2)

    @property
    def pause_above_nanos(self) -> int | None:
        """Above what an agent is paused without asking, None for never."""
        return units(self.guard.pause_above, self.organization.currency)

    def seat_nanos(self, product: str) -> int:
        """What a seat costs a month in nanos of the house currency, 0 if app.yaml does not say."""
        return units(self.seats.get(product, ""), self.organization.currency) or 0

    @property
    def waste_floor_nanos(self) -> int:
        """What a finding must be able to save a month."""
        return units(self.waste.floor, self.organization.currency) or 0

    @cached_property
    def calendar(self) -> Calendar:
        """How the organization cuts its weeks, months, quarters and years."""
        said = self.organization
        return Calendar(said.week_start, said.month_starts, said.fiscal_year_starts)

    @cached_property
    def budget_calendar(self) -> Calendar:
        """How budgets cut them: their weeks begin on Monday."""
        return Calendar(0, self.organization.month_starts, self.organization.fiscal_year_starts)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The organization's zone: it cuts the days."""
        return ZoneInfo(self.organization.zone)

    @cached_property
    def tier_of(self) -> Callable[[str], str]:
        """The tier a model belongs to: the first whose patterns match, else "standard". Looked up once for each."""
        return lru_cache(maxsize=4096)(self._tier)

    @cached_property
    def has_other_zones(self) -> bool:
        """Whether a budget is cut by the calendar of another zone."""
        return any(each.zone for each in (*self.budgets, *self.shadows))

    @cached_property
    def names_by_look(self) -> Mapping[Look, frozenset[str]]:
        """The names of all budgets that look alike to who has them."""
        found: dict[Look, frozenset[str]] = {}
        for each in self.budgets:
            found[each.look] = found.get(each.look, frozenset()) | {each.name}
        return found

    def call_models(self, names: Mapping[str, str]) -> None:
        """Let the tier of a model be that of the name by which people ask for it at a gateway."""
        if names != self._called:
            self._called.clear()
            self._called.update(names)
            self.__dict__.pop("tier_of", None)

    def let_count(self, names: Collection[str]) -> None:
        """Let the shadow budgets of some names bind as hard ones do, and no others; all others are as if not there."""
        if frozenset(names) == self._counting:
            return
        written = (each for each in self.budgets if each.name not in self._counting)
        counting = (each.model_copy(update={"limit": "hard"}) for each in self.shadows if each.name in names)
        self._counting = frozenset(names)
        self.__dict__["budgets"] = (*written, *counting)
        self.__dict__.pop("names_by_look", None)

    def _tier(self, model: str) -> str:
        for said in dict.fromkeys((self._called.get(model, model), model)):
            name = said.rpartition("/")[2].lower()
            for tier, patterns in self.tiers.items():
                if any(fnmatchcase(name, pattern) for pattern in patterns):
                    return tier
        return STANDARD

    def committed(self, contract: Contract) -> int:
        """What is committed, in parts of the house currency or in tokens; 0 for nothing.

        Another currency is converted once, at the rate of the first day of the term.

        Raises:
            SettingError: there is no rate for that day.
        """
        house = self.organization.currency
        if contract.in_tokens or contract.currency in ("", house):
            return units(contract.commitment, "tokens" if contract.in_tokens else house) or 0
        parts = units(contract.commitment, contract.currency) or 0
        nanos = int(in_units(parts, contract.currency) * NANOS)
        found = self.convert(nanos, contract.currency, contract.starts)
        if found is None:
            raise SettingError(
                "contract “{name}” is in {currency}: write a rate for {day} under “rates”",
                name=contract.name,
                currency=contract.currency,
                day=str(contract.starts),
            )
        return found[0]

    def convert(self, cost_nanos: int, currency: str, day: date) -> tuple[int, int] | None:
        """A cost in parts of the house currency, and the rate used; None without one.

        The rate is given in 10⁻⁹ of the house currency for one unit of the other.

        The rate of the latest day not after the charge's counts. Rounded half to even, once.
        """
        if currency == self.organization.currency:
            return from_nanos(cost_nanos, currency), NANOS
        since = max((start for start in self.rates.get(currency, {}) if start <= day), default=None)
        if since is None:
            return None
        rate = self.rates[currency][since]
        house = (cost_nanos * rate * scale_of(self.organization.currency) / NANOS).to_integral_value(ROUND_HALF_EVEN)
        return int(house), int((rate * NANOS).to_integral_value(ROUND_HALF_EVEN))

    def in_currency(self, parts: int, currency: str, day: date) -> int | None:
        """An amount in parts of the house currency in 10⁻⁹ of another, rounded down; None without a rate."""
        one = self.convert(NANOS, currency, day)
        if one is None or not one[1]:
            return None
        return parts * NANOS * NANOS // (one[1] * scale_of(self.organization.currency))

    def from_currency(self, amount_nanos: int, currency: str, day: date) -> int | None:
        """An amount in 10⁻⁹ of another currency in parts of the house currency; None without a rate."""
        house = self.convert(amount_nanos, currency, day)
        return house[0] if house else None

    def rules_named(self, name: str) -> tuple[Budget, ...]:
        """The rules of a budget, in the order of app.yaml: several if it is not the same for everybody."""
        return tuple(each for each in self.budgets if each.name == name)

    def vendor(self, name: str) -> Vendor | None:
        """The provider of that name, or None."""
        return next((each for each in self.vendors if each.name == name), None)

    def speaker(self, program: str) -> str:
        """The name of the provider that will speak for a program, "" if none will."""
        said = self.telemetry.provisional.get(program)
        if said is not None:
            return "" if said == NONE else said
        kinds = PROGRAMS[program].speakers
        return next((each.name for kind in kinds for each in self.vendors if each.kind == kind), "")

    def covers(self, budget: Budget, model: str) -> bool:
        """Whether spending on a model counts against a budget."""
        return budget.models == "all" or budget.models == self.tier_of(model)
