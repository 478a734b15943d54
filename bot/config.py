"""app.yaml and the environment, as frozen typed settings.

Every error is told at once, each with its place and line, what is wrong and what would be right. Secrets come from the
environment, or from files that the environment names (NAME_FILE), never from app.yaml.
"""

import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from apscheduler.triggers.cron import CronTrigger
from pydantic import (
    AfterValidator,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from bot import yaml_file
from bot.providers.files.kinds import KINDS
from bot.providers.files.presets import NAMES as PRESET_NAMES
from bot.providers.files.settings import BUCKETS, Encoding, FileRules
from bot.providers.registry import PROVIDERS, credit_price
from bot.secret_shapes import lines_with_keys
from bot.setting_errors import explained, fault_of, is_echo, meant
from bot.setting_references import contradicted
from bot.texts import in_words, t
from handlers import COMMANDS, parse_command
from handlers.errors import SettingError
from handlers.language import N_
from handlers.money import NANOS
from handlers.policy import (
    MANAGER,
    TIERS,
    AmountText,
    ApprovalRule,
    Budget,
    ClaimRules,
    Contract,
    GuardRules,
    House,
    LimitRules,
    MaybeLocale,
    MaybeZone,
    Name,
    Organization,
    PlaceName,
    Policy,
    PriceRule,
    ProgramRules,
    Rates,
    RequestRules,
    RetentionRules,
    Rule,
    TelemetryRules,
    WasteRules,
    WorkingHours,
    like,
    refuse_claims,
)
from storage.directory import Agent, Directory, Group, Link, Person, Role, Team, visible

PATH_DEFAULT = "app.yaml"
SAMPLE = Path(__file__).with_name("app.yaml")  # comes with the package that is installed, not with a checkout
DEMO_DATABASE = "sqlite:///var/demo.db"
DATABASE_DEFAULT = "sqlite:///var/bursar.db"


class ConfigError(Exception):
    """The settings cannot be used. The message lists every error, a line each."""


def _cron(line: str) -> str:
    try:
        CronTrigger.from_crontab(line)
    except ValueError as wrong:
        raise SettingError(
            "“{word}” is not a cron line: write five fields such as “0 9 * * mon”, each within its bounds", word=line
        ) from wrong
    return line


def _guid(value: str) -> str:
    try:
        return str(UUID(value)) if value else ""
    except ValueError as wrong:
        raise SettingError(
            "“{word}” is not an id as Microsoft Entra shows them, such as {id}", word=value, id=UUID(int=0)
        ) from wrong


HrColumn = Literal[
    "email",
    "name",
    "first_name",
    "last_name",
    "id",
    "number",
    "manager",
    "team",
    "department",
    "cost_center",
    "owner",
    "zone",
    "locale",
    "status",
    "start_date",
    "end_date",
    "roles",
]
"""What an HR export may say of a person, a column each."""

Guid = Annotated[str, AfterValidator(_guid)]
Cron = Annotated[str, AfterValidator(_cron)]
Email = Annotated[
    str,
    AfterValidator(str.strip),
    like(r"([^\s@,;<>]+@[^\s@,;<>]+)?", N_("“{word}” is not an e-mail address: write one such as ana@acme.example")),
]
_COMMAND = like(r"/[a-z0-9_-]{1,31}", N_("“{word}” cannot be a slash command: write / and small letters, no blanks"))
_ADDRESS = like(r"(https?://.+)?", N_("“{word}” is not an address: write one such as https://llm.acme.example"))
_ISSUER = like(
    r"(https://[^/\s?#@]+(/[^\s?#]*)?|http://(localhost|127\.0\.0\.1)(:\d+)?(/[^\s?#]*)?)?",
    N_("“{word}” is not an issuer: write one such as https://acme.okta.example"),
)
_COLLECTOR = N_("“{word}” is not an address: write one such as http://127.0.0.1:4318, without name, password or query")
_SLACK_TEAM = like(
    r"[TE][A-Z0-9]{1,31}",
    N_("“{word}” is not the id of a workspace or organization of Slack: write one such as T024BE7LD"),
)
_API_ADDRESS = like(r"https?://.+/", N_("“{word}” is not an address with a slash at its end"))
_VARIABLE = like(
    r"([A-Z][A-Z0-9_]*)?",
    N_("write the name of an environment variable, such as LITELLM_API_KEY, and never the key itself"),
)
_ACCOUNT = like(
    r"(person|team|agent)/\S{1,63}",
    N_("“{word}” is not an account: write such as person/ana, team/search or agent/crawler"),
)


def _understood(sentence: str) -> str:
    """A sentence that begins with a command; whom it is about is not known here."""
    command, rest = parse_command(sentence)
    if not sentence.strip() or command.hidden:
        first = (rest or sentence).partition(" ")[0]
        known = {each.name for each in COMMANDS.values() if not each.hidden}
        raise SettingError(meant(t("“{word}” is not a command", word=first), first, known))
    return sentence


class SlackSettings(Rule):
    """Slack: how to be reached, and where it is.

    Args:
        mode: by a socket that we open, or over HTTP.
        command: the slash command in the manifest.
        url: of the Web API.
        teams: workspaces and organizations that are ours, besides those that have installed the app.
        link_by_email: whether people are recognized by their confirmed address.
        agent: whether the app is one of Slack's agents.
        questions: whether slash commands that ask are answered past Bolt's dispatcher, or by it as all else is.
        workspaces: which may install the app, if it is not installed in one by its token.
        app_id: of the app that they install.
        client_id: of the same.
        address: under which browsers reach the pages by which it is installed.
    """

    mode: Literal["socket", "http"] = "socket"
    command: Annotated[str, _COMMAND] = "/tokens"
    url: Annotated[str, _API_ADDRESS] = "https://slack.com/api/"
    teams: tuple[Annotated[str, _SLACK_TEAM], ...] = ()
    link_by_email: bool = True
    agent: bool = False
    questions: Literal["direct", "bolt"] = "direct"
    workspaces: tuple[Annotated[str, _SLACK_TEAM], ...] = ()
    app_id: Annotated[
        str, like(r"(A[A-Z0-9]{1,31})?", N_("“{word}” is not the id of an app of Slack: write one such as A012ABCD0A0"))
    ] = ""
    client_id: Annotated[
        str,
        like(
            r"(\d{1,31}\.\d{1,31})?",
            N_("“{word}” is not a client id of Slack: write one in quotes such as “2210535565.4187112”"),
        ),
    ] = ""
    address: Annotated[
        str,
        like(
            r"(https://[^/\s?#@]+|http://(localhost|127\.0\.0\.1)(:\d+)?)?",
            N_("“{word}” is not an address of the bot: write one such as https://bursar.acme.example"),
        ),
    ] = ""

    @property
    def is_set(self) -> bool:
        """Whether app.yaml says anything of Slack that would not be so without a word."""
        return self != SlackSettings()

    @model_validator(mode="after")
    def _can_be_installed(self) -> "SlackSettings":
        needed = ("app_id", "client_id", "address")
        missing = [each for each in needed if not getattr(self, each)]
        if self.workspaces and missing:
            raise SettingError("add what is missing: {settings}", settings=", ".join(missing))
        if not self.workspaces and len(missing) < len(needed):
            raise SettingError("add which workspaces may install the app (workspaces: [T024BE7LD])")
        twice = next((each for each in self.workspaces if self.workspaces.count(each) > 1), "")
        if twice:
            raise SettingError("“{name}” stands here twice", name=twice)
        return self


class TeamsSettings(Rule):
    """Microsoft Teams: which app registration is ours, and whose people may speak."""

    app_id: Guid = ""
    tenants: tuple[Guid, ...] = ()
    link_by_email: bool = True
    playground: bool = False

    @property
    def on(self) -> bool:
        """Whether Teams is served."""
        return bool(self.app_id) or self.playground

    @model_validator(mode="after")
    def _somebody_checks(self) -> "TeamsSettings":
        if self.playground and self.tenants:
            raise SettingError("remove tenants or playground: requests of the Playground are not signed by a tenant")
        if self.app_id and not self.tenants and not self.playground:
            raise SettingError("add whose people may speak (tenants: [id of your Microsoft Entra tenant])")
        if self.tenants and not self.app_id:
            raise SettingError("add the app registration (app_id: its Application (client) ID)")
        return self


class ServerSettings(Rule):
    """Where `run` listens: Slack's HTTP mode, programs, health and metrics; and whether agents find MCP there."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    mcp: bool = False
    log: Literal["json", "console"] = "json"
    traces: Annotated[str, like(r"(https?://[^/@?#\s]+(/[^@?#\s]*)?)?", _COLLECTOR)] = ""


class SignInSettings(Rule):
    """A sign-in page of the company by which people come to the console.

    Args:
        kind: Slack, Microsoft Entra, or any other provider of OpenID Connect.
        name: stands in its address; its kind, if it has none of its own.
        label: what the link to it says.
        issuer: of any other provider; of the two, where they are in a cloud of their own, such as a government's.
        tenant: of Microsoft Entra; nobody of another one is let in.
        workspaces: of Slack; nobody of another one is let in.
        client_id: by which the provider knows Bursar.
        secret: the environment variable that holds the client secret.
        email_is_verified_by_issuer: whether an address counts though the provider does not say that it was verified.
    """

    kind: Literal["slack", "entra", "oidc"]
    name: Annotated[
        str, like(r"(?!link$|out$)[a-z0-9-]{0,32}", N_("“{word}” cannot stand in an address: use other small letters"))
    ] = ""
    label: str = ""
    issuer: Annotated[str, _ISSUER] = ""
    tenant: Guid = ""
    workspaces: tuple[Annotated[str, _SLACK_TEAM], ...] = ()
    client_id: str
    secret: Annotated[str, _VARIABLE] = ""
    email_is_verified_by_issuer: bool = False

    @model_validator(mode="before")
    @classmethod
    def _as_its_kind_says(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        kind = str(value.get("kind", ""))
        return {"name": kind, "secret": SIGN_IN_SECRETS.get(kind, ""), **value}

    @model_validator(mode="after")
    def _knows_its_own(self) -> "SignInSettings":
        needed = {"slack": "workspaces", "entra": "tenant", "oidc": "issuer"}
        for kind, setting in needed.items():
            if kind == self.kind and not getattr(self, setting):
                raise SettingError("add what is missing: {settings}", settings=setting)
            if kind not in (self.kind, "oidc") and getattr(self, setting):
                raise SettingError("remove {settings}: it belongs to {kind}", settings=setting, kind=kind)
        return self


SIGN_IN_SECRETS = {"slack": "SLACK_CLIENT_SECRET", "entra": "ENTRA_CLIENT_SECRET", "oidc": "OIDC_CLIENT_SECRET"}


class SessionSettings(Rule):
    """How long somebody stays signed in to the console: without a click, and at all."""

    idle_hours: Annotated[int, Field(ge=1, le=168)] = 8
    hours: Annotated[int, Field(ge=1, le=720)] = 24


class ConsoleSettings(Rule):
    """The console: how browsers reach it, and how people sign in. Without an address there is none."""

    url: Annotated[
        str,
        like(
            r"(https://[^/\s?#@]+|http://(localhost|127\.0\.0\.1)(:\d+)?)?",
            N_("“{word}” is not an address for the console: write one such as https://bursar.acme.example"),
        ),
    ] = ""
    sign_in: tuple[SignInSettings, ...] = ()
    session: SessionSettings = SessionSettings()

    @model_validator(mode="after")
    def _has_an_address(self) -> "ConsoleSettings":
        if self.sign_in and not self.url:
            raise SettingError("add how browsers reach the console (url: https://bursar.acme.example)")
        names = [each.name for each in self.sign_in]
        twice = next((name for name in names if names.count(name) > 1), "")
        if twice:
            raise SettingError("“{name}” stands here twice; give each its own name", name=twice)
        return self


class DatabaseSettings(Rule):
    """Where the database is, unless DATABASE_URL says it; and its read replica, unless DATABASE_REPLICA_URL does."""

    url: str = ""
    replica_url: str = ""


class ProviderSettings(FileRules):
    """One provider: what kind it is, where, and which environment variable holds its key; of files what they mean."""

    name: Name = ""
    kind: str
    url: Annotated[str, _ADDRESS] = ""
    key: Annotated[str, _VARIABLE] = ""
    reports_key: Annotated[str, _VARIABLE] = ""
    account: str = ""
    file: str = ""
    credit: Annotated[Decimal, Field(gt=0, le=1000, decimal_places=6)] | None = None
    limits: Literal["write", "read"] = "write"
    read: Cron = "*/10 * * * *"
    requests: Cron = "* * * * *"
    days_back: Annotated[int, Field(ge=1, le=90)] = 3
    history_days: Annotated[int, Field(ge=1, le=400)] = 35

    @model_validator(mode="before")
    @classmethod
    def _as_its_kind_says(cls, value: Any, info: ValidationInfo) -> Any:
        """Named after its kind, with what its kind usually has; files stand beside app.yaml."""
        if not isinstance(value, dict):
            return value
        word = str(value.get("kind", ""))
        kind = PROVIDERS.get(word)
        folder: Path = (info.context or {}).get("folder", Path())
        given = {name: each for name, each in value.items() if each is not None and each != ""}
        if given.get("file"):
            where = str(given["file"])
            given["file"] = where if where.startswith(BUCKETS) else str(folder / where)
        usual = (
            {name: getattr(kind, name) for name in ("url", "key", "reports_key", "days_back", "read")} if kind else {}
        )
        return {"name": word, **usual, **given}

    @model_validator(mode="after")
    def _files_are_explained(self) -> "ProviderSettings":
        said = sorted(self.model_fields_set & FileRules.model_fields.keys())
        if said and not PROVIDERS[self.kind].file:
            raise SettingError("remove {settings}: {kind} reads no files", settings=", ".join(said), kind=self.kind)
        if self.preset and self.preset not in PRESET_NAMES:
            raise SettingError(meant(t("there is no preset “{word}”", word=self.preset), self.preset, PRESET_NAMES))
        if self.columns and not self.preset and not self.columns.keys() & {"cost", *KINDS, "tokens"}:
            raise SettingError(
                "the columns name neither a cost nor tokens: add cost, or tokens_input and tokens_output"
            )
        return self

    @property
    def service(self) -> str:
        """What people call it; with its name, if it has one of its own."""
        called = PROVIDERS[self.kind].service
        return called if self.name == self.kind else f"{called} ({self.name})"

    @field_validator("kind")
    @classmethod
    def _is_known(cls, kind: str) -> str:
        if kind not in PROVIDERS:
            raise SettingError(meant(t("“{word}” is not known", word=kind), kind, set(PROVIDERS)))
        return kind

    @model_validator(mode="after")
    def _reachable(self) -> "ProviderSettings":
        missing = PROVIDERS[self.kind].missing(self.url, self.account, self.file)
        if missing:
            raise SettingError("add what is missing: {settings}", settings=", ".join(missing))
        return self


class ScheduleLine(Rule):
    """A scheduled command."""

    at: Cron
    say: Annotated[str, AfterValidator(_understood)]
    place: Annotated[PlaceName, Field(alias="in")] = ""
    zone: MaybeZone = ""
    workday: bool = False
    grace_hours: Annotated[int, Field(ge=0, le=168)] = 12
    owner: str = ""


class SourceSettings(Rule):
    """Where people come from: a word, or an HR export such as `csv: people.csv`, beside app.yaml.

    Args:
        kind: which source.
        file: an HR export.
        columns: the titles of its columns, where they are none that are known.
        dates: what comes first in its dates such as 03/04/2026, where they don't tell.
        statuses: what its words for a status mean, where they are none that are known.
        encoding: in which it is written, where that cannot be found out, such as "cp1251".
    """

    kind: Literal["sample", "csv", "slack", "microsoft"]
    file: Path = Path()
    columns: dict[HrColumn, str] = Field(default_factory=dict)
    dates: Literal["", "day first", "month first"] = ""
    statuses: dict[str, Literal["active", "left"]] = Field(default_factory=dict)
    encoding: Encoding = ""

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, value: Any, info: ValidationInfo) -> Any:
        folder: Path = (info.context or {}).get("folder", Path())
        match value:
            case SourceSettings():
                return value
            case "sample" | "slack" | "microsoft":
                return {"kind": value}
            case {"csv": str(file), **rest} if file.strip():
                return {"kind": "csv", "file": folder / file.strip(), **rest}
            case "csv" | {"csv": _}:
                raise SettingError("add the file, such as csv: people.csv")
            case _:
                word = next(map(str, value), "") if isinstance(value, dict) else str(value)
                known = set(get_args(cls.model_fields["kind"].annotation))
                raise SettingError(meant(t("there is no people source “{word}”", word=word), word, known))

    def __str__(self) -> str:
        return str(self.file) if self.kind == "csv" else self.kind


class PersonSettings(Rule):
    """Somebody, as app.yaml says."""

    id: Name
    name: str
    email: Email = ""
    manager: str = ""
    team: str = ""
    zone: MaybeZone = ""
    locale: MaybeLocale = ""
    roles: tuple[Role, ...] = ()
    groups: tuple[Name, ...] = ()
    slack: str = ""

    def person(self) -> Person:
        """The same as a people source says it."""
        return Person(**self.model_dump(exclude={"slack"}))


class GroupSettings(Rule):
    """People across teams, and who says who is in it: app.yaml, a column of the HR export, Slack or Microsoft Entra.

    Args:
        id: such as "contractors".
        people: ids.
        column: what stands in which column of the HR export, such as "Worker type = Contractor".
        slack: the id of a user group; of several workspaces, all but the first have their id before it.
        microsoft: the object id of a group.
    """

    id: Name
    people: tuple[str, ...] = ()
    column: Annotated[
        str, like(r"(\s*[^=\s][^=]*=.*\S\s*)?", N_("write the column and its value, such as Worker type = Contractor"))
    ] = ""
    slack: Annotated[
        str,
        like(
            r"(([TE][A-Z0-9]+/)?S[A-Z0-9]{2,})?", N_("“{word}” is not the id of a Slack user group, such as S0614TZR7")
        ),
    ] = ""
    microsoft: Guid = ""

    @model_validator(mode="after")
    def _has_a_source(self) -> "GroupSettings":
        if not (self.people or self.column or self.slack or self.microsoft):
            raise SettingError("add who is in it: people, column, slack or microsoft")
        return self

    @property
    def title_and_value(self) -> tuple[str, str]:
        """The title of the column, and what stands in it."""
        title, _, value = self.column.partition("=")
        return title.strip(), value.strip()


class TeamSettings(Rule):
    """A team or department, as app.yaml says."""

    id: Name
    name: str
    owner: str = ""
    parent: str = ""
    cost_center: str = ""


class AgentSettings(Rule):
    """A program that spends, as app.yaml says."""

    id: Name
    name: str
    owner: str
    team: str = ""


class LinkSettings(Rule):
    """An identity at a provider or on a platform that belongs to an account here."""

    platform: Annotated[str, Field(max_length=64)]
    kind: Literal["user", "key", "team"]
    id: Annotated[str, Field(max_length=255)]
    account: Annotated[str, _ACCOUNT]


class OutcomeSettings(Rule):
    """Where it is counted what came out of the work of teams.

    Args:
        kind: which service.
        name: stands on all its figures; empty is the kind.
        url: of a server of one's own, "" for github.com or gitlab.com.
        organization: at GitHub.
        groups: at GitLab, each with all groups below it.
        token: the environment variable that holds a token which may only read.
        teams: names of repositories by the id of a team, with * for any letters.
        labels: whether a label such as team:search says whose something is, before its repository does.
        codeowners: whether CODEOWNERS says whose a change is, after a label and before its repository does.
        people: the name of a provider: whose login there is somebody's counts for their team, where nothing else fits.
        members: whether the groups that the author is in count where nothing else fits.
        owners: what teams are called there, by the id of a team, where it is neither their id nor their name.
    """

    kind: Literal["github", "gitlab"]
    name: Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9._-]{0,62})?$")] = ""
    url: str = ""
    organization: str = ""
    groups: tuple[str, ...] = ()
    token: str
    teams: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    labels: bool = False
    codeowners: bool = False
    people: str = ""
    members: bool = False
    owners: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_whole(self) -> "OutcomeSettings":
        if self.kind == "github" and (not self.organization or self.groups):
            raise SettingError("github needs organization, such as acme, and no groups")
        if self.kind == "gitlab" and (not self.groups or self.organization):
            raise SettingError("gitlab needs groups, such as [acme], and no organization")
        if not (self.teams or self.for_any_team):
            raise SettingError("say whose repositories are, such as teams: {search: [acme/search-*]}")
        return self

    @property
    def called(self) -> str:
        """Its name."""
        return self.name or self.kind

    @property
    def for_any_team(self) -> bool:
        """Whether what was done in a repository may be any team's."""
        return self.labels or self.codeowners or self.members or bool(self.people)


class Settings(House, Rule):
    """All of app.yaml."""

    organization: Organization = Organization()
    working: WorkingHours = WorkingHours()
    approvals: tuple[ApprovalRule, ...] = MANAGER
    requests: RequestRules = RequestRules()
    programs: ProgramRules = ProgramRules()
    database: DatabaseSettings = DatabaseSettings()
    server: ServerSettings = ServerSettings()
    console: ConsoleSettings = ConsoleSettings()
    slack: SlackSettings = SlackSettings()
    msteams: TeamsSettings = TeamsSettings()
    directory: tuple[SourceSettings, ...] = ()
    people: tuple[PersonSettings, ...] = ()
    groups: tuple[GroupSettings, ...] = ()
    teams: tuple[TeamSettings, ...] = ()
    agents: tuple[AgentSettings, ...] = ()
    links: tuple[LinkSettings, ...] = ()
    tiers: dict[str, tuple[str, ...]] = TIERS
    limits: LimitRules = LimitRules()
    rates: Rates = Field(default_factory=dict)
    budgets: tuple[Budget, ...] = ()
    providers: tuple[ProviderSettings, ...] = ()
    schedule: tuple[ScheduleLine, ...] = ()
    guard: GuardRules = GuardRules()
    waste: WasteRules = WasteRules()
    seats: dict[str, AmountText] = Field(default_factory=dict)
    prices: tuple[PriceRule, ...] = ()
    contracts: tuple[Contract, ...] = ()
    claims: ClaimRules = ClaimRules()
    outcomes: tuple[OutcomeSettings, ...] = ()
    telemetry: TelemetryRules = TelemetryRules()
    retention: RetentionRules = RetentionRules()

    @model_validator(mode="after")
    def _contracts_are_with_providers(self) -> "Settings":
        names = {each.name for each in self.providers}
        for each in self.contracts:
            if each.provider not in names:
                raise SettingError(meant(t("unknown provider “{word}”", word=each.provider), each.provider, names))
        return self

    @model_validator(mode="after")
    def _outcomes_have_names(self) -> "Settings":
        names = [each.called for each in self.outcomes]
        for each in self.outcomes:
            if names.count(each.called) > 1:
                raise SettingError("two sources of outcomes are called “{word}”: give each a name", word=each.called)
            known = {one.name for one in self.providers}
            if each.people and each.people not in known:
                raise SettingError(meant(t("unknown provider “{word}”", word=each.people), each.people, known))
        return self

    @model_validator(mode="after")
    def _claims_fit(self) -> "Settings":
        refuse_claims(self.claims, self.organization.currency, self.budgets)
        return self

    @model_validator(mode="after")
    def _contracts_have_rates(self) -> "Settings":
        for each in self.contracts:
            self.policy.committed(each)
        return self

    @property
    def policy(self) -> Policy:
        """The rules that decisions need."""
        credit = credit_price((each.kind, each.credit) for each in self.providers)
        return Policy(
            credit_nanos=int(credit * NANOS) if credit and self.organization.currency == "USD" else 0,
            organization=self.organization,
            working=self.working,
            approvals=self.approvals,
            requests=self.requests,
            programs=self.programs,
            rates=self.rates,
            budgets=tuple(each for each in self.budgets if each.limit != "shadow"),
            shadows=tuple(each for each in self.budgets if each.limit == "shadow"),
            tiers=self.tiers,
            limits=self.limits,
            guard=self.guard,
            waste=self.waste,
            seats=self.seats,
            prices=self.prices,
            contracts=self.contracts,
            claims=self.claims,
            outcomes=tuple(each.called for each in self.outcomes),
            telemetry=self.telemetry,
            console_url=self.console.url,
            workspaces=self.slack.workspaces,
            retention=self.retention,
        )

    def at_host(self, host: str) -> "Settings":
        """The same, listening elsewhere, such as in a container."""
        return self.model_copy(update={"server": self.server.model_copy(update={"host": host})})

    @property
    def is_sample(self) -> bool:
        """Nothing but the fictional company, so that a page on which anyone is anyone does no harm."""
        kinds = {each.kind for each in self.providers} | {each.kind for each in self.directory}
        return kinds <= {"sample"} and not self.people

    def inline_directory(self) -> Directory:
        """The people, teams, agents and links of app.yaml itself."""
        links = [Link(each.platform, each.kind, visible(each.id), each.account) for each in self.links]
        links += [Link("slack", "user", each.slack, f"person/{each.id}") for each in self.people if each.slack]
        return Directory(
            people=tuple(each.person() for each in self.people),
            teams=tuple(Team(**each.model_dump()) for each in self.teams),
            agents=tuple(Agent(**each.model_dump()) for each in self.agents),
            links=tuple(links),
            groups=tuple(Group(each.id, each.people) for each in self.groups if each.people),
        )


def load(environ: Mapping[str, str] = os.environ, *, or_sample: bool = False) -> Settings:
    """Read BURSAR_CONFIG (default app.yaml).

    Args:
        environ: where BURSAR_CONFIG may be.
        or_sample: where there is no app.yaml and none is named, the sample company's does.

    Raises:
        ConfigError: all errors at once.
    """
    named = environ.get("BURSAR_CONFIG", "")
    path = Path(named or PATH_DEFAULT)
    if or_sample and not named and not path.exists() and SAMPLE.exists():
        path = SAMPLE
    file = _read(path)
    content = {} if file.content is None else file.content
    if not isinstance(content, dict):
        raise ConfigError(t("{file} has no settings in it. It begins with such as “organization:”.", file=path))
    wrong = [explained(file, str(path), each.path, _twice(each)) for each in file.twice()]
    wrong += [explained(file, str(path), each.path, each.what) for each in contradicted(content)]
    try:
        settings = Settings.model_validate(content, context={"folder": path.parent})
    except ValidationError as trouble:
        errors = [fault_of(error, file, Settings) for error in map(dict, trouble.errors()) if not is_echo(error)]
        wrong += [explained(file, str(path), *each) for each in errors]
    if wrong:
        raise ConfigError("\n".join(dict.fromkeys(what for _, what in sorted(wrong))))
    return settings


def _read(path: Path) -> yaml_file.YamlFile:
    try:
        content = path.read_bytes()
    except OSError as trouble:
        raise ConfigError(
            t(
                "{file} cannot be read ({reason}). Set BURSAR_CONFIG to the settings file.",
                file=path,
                reason=trouble.strerror,
            )
        ) from trouble
    try:
        text = content.decode("utf-8-sig")
        _refuse_keys(text, path)
        return yaml_file.read(text)
    except UnicodeDecodeError as trouble:
        line = content.count(b"\n", 0, trouble.start) + 1
        raise ConfigError(t("{file}, line {line}: save the file as UTF-8", file=path, line=line)) from trouble
    except yaml_file.YamlError as trouble:
        raise ConfigError(
            t("{file}, line {line}: {what}", file=path, line=trouble.line, what=in_words(trouble))
        ) from trouble


def _refuse_keys(text: str, path: Path) -> None:
    """Keys are found before anything else is read, so that no error quotes one."""
    said = N_(
        "{file}, line {line}: this looks like a key, token or password. Remove it and put it in an environment "
        "variable; app.yaml only names the variable. Replace the key if others could read the file."
    )
    wrong = [t(said, file=path, line=line) for line in lines_with_keys(text)]
    if wrong:
        raise ConfigError("\n".join(wrong))


def _twice(name: yaml_file.Twice) -> str:
    return t(
        "“{name}” stands here and on line {line}; keep one of them, with all that belongs to it",
        name=name.path[-1],
        line=name.first,
    )


def database_url(settings: Settings, environ: Mapping[str, str] = os.environ) -> str:
    """DATABASE_URL, else app.yaml's, else a file: the demo's if there is only the sample company."""
    default = DEMO_DATABASE if settings.is_sample else DATABASE_DEFAULT
    return secret("DATABASE_URL", environ) or settings.database.url or default


def replica_url(settings: Settings, environ: Mapping[str, str] = os.environ) -> str:
    """DATABASE_REPLICA_URL, else app.yaml's; "" if there is no read replica."""
    return secret("DATABASE_REPLICA_URL", environ) or settings.database.replica_url


def secret(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """A secret from the environment: NAME, or the content of the file that NAME_FILE names; "" if there is none.

    Raises:
        ConfigError: the file cannot be read.
    """
    file = environ.get(f"{name}_FILE", "")
    if not file:
        return environ.get(name, "").strip()
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as trouble:
        raise ConfigError(
            t(
                "{name}_FILE names {file}, which cannot be read ({reason}).",
                name=name,
                file=file,
                reason=trouble.strerror,
            )
        ) from trouble
