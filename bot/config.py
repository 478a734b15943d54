"""app.yaml and the environment, as frozen typed settings.

Every error is told at once, each with its path, what is wrong and what would be right. Secrets come from the
environment, or from files that the environment names (NAME_FILE), never from app.yaml.
"""

import os
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import yaml
from apscheduler.triggers.cron import CronTrigger
from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from bot.providers.registry import PROVIDERS
from handlers.policy import (
    MANAGER,
    PLACE,
    TIERS,
    AmountText,
    ApprovalRule,
    Budget,
    GuardRules,
    House,
    LimitRules,
    LocaleName,
    Name,
    Organization,
    Policy,
    PriceRule,
    Rates,
    Rule,
    WasteRules,
    WorkingHours,
    Zone,
)
from storage.directory import Agent, Directory, Link, Person, Role, Team

PATH_DEFAULT = "app.yaml"
DEMO_DATABASE = "sqlite:///var/demo.db"
DATABASE_DEFAULT = "sqlite:///var/bursar.db"


class ConfigError(Exception):
    """The settings cannot be used. The message lists every error, a line each."""


def _cron(line: str) -> str:
    try:
        CronTrigger.from_crontab(line)
    except ValueError as wrong:
        raise ValueError(f"“{line}” is no cron line ({wrong}); write five fields such as “0 9 * * mon”") from wrong
    return line


def _guid(value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError as wrong:
        raise ValueError(f"“{value}” is no id as Microsoft Entra shows them, such as {UUID(int=0)}") from wrong


Guid = Annotated[str, AfterValidator(_guid)]
Cron = Annotated[str, AfterValidator(_cron)]


class SlackSettings(Rule):
    """Slack: how to be reached, and where it is."""

    mode: Literal["socket", "http"] = "socket"
    command: Annotated[str, Field(pattern=r"^/[a-z0-9_-]{1,31}$")] = "/tokens"
    url: Annotated[str, Field(pattern=r"^https?://.+/$")] = "https://slack.com/api/"
    link_by_email: bool = True


class TeamsSettings(Rule):
    """Microsoft Teams: which app registration is ours, and whose people may speak."""

    app_id: Guid | Literal[""] = ""
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
            raise ValueError(
                "the Playground's requests are signed by nobody, so it and tenants exclude each other; remove one"
            )
        if self.app_id and not self.tenants and not self.playground:
            raise ValueError("say whose people may speak (tenants: [id of your Microsoft Entra tenant])")
        if self.tenants and not self.app_id:
            raise ValueError("say which app registration is ours (app_id: its Application (client) ID)")
        return self


class ServerSettings(Rule):
    """Where `run` listens: Slack's HTTP mode, health and metrics."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080


class DatabaseSettings(Rule):
    """Where the database is, unless DATABASE_URL says it."""

    url: str = ""


class ProviderSettings(Rule):
    """One provider: what kind it is, where, and which environment variable holds its key."""

    name: Name = ""
    kind: str
    url: Annotated[str, Field(pattern=r"^(https?://.+)?$")] = ""
    key: Annotated[str, Field(pattern=r"^([A-Z][A-Z0-9_]*)?$")] = ""
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
            given["file"] = str(folder / str(given["file"]))
        usual = {"url": kind.url, "key": kind.key, "days_back": kind.days_back} if kind else {}
        return {"name": word, **usual, **given}

    @property
    def service(self) -> str:
        """What people call it; with its name, if it has one of its own."""
        called = PROVIDERS[self.kind].service
        return called if self.name == self.kind else f"{called} ({self.name})"

    @field_validator("kind")
    @classmethod
    def _is_known(cls, kind: str) -> str:
        if kind not in PROVIDERS:
            raise ValueError(f"“{kind}” is not known{_meant(kind, set(PROVIDERS)) or _known(set(PROVIDERS))}")
        return kind

    @model_validator(mode="after")
    def _reachable(self) -> "ProviderSettings":
        missing = PROVIDERS[self.kind].missing(self.url, self.account, self.file)
        if missing:
            raise ValueError(f"say {' and '.join(missing)}")
        return self


class ScheduleLine(Rule):
    """A sentence that the clock says."""

    at: Cron
    say: str
    place: Annotated[str, Field(alias="in", pattern=PLACE)] = ""
    zone: Zone | Literal[""] = ""
    workday: bool = False
    grace_hours: Annotated[int, Field(ge=0, le=168)] = 12


class SourceSettings(Rule):
    """Where people come from: a word, or an HR export such as `csv: people.csv`, beside app.yaml."""

    kind: Literal["sample", "csv", "slack", "microsoft"]
    file: Path = Path()

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, value: Any, info: ValidationInfo) -> Any:
        folder: Path = (info.context or {}).get("folder", Path())
        match value:
            case SourceSettings():
                return value
            case "sample" | "slack" | "microsoft":
                return {"kind": value}
            case {"csv": str(file)} if file.strip() and len(value) == 1:
                return {"kind": "csv", "file": folder / file.strip()}
            case "csv" | {"csv": _}:
                raise ValueError("say which file, and nothing else, such as: csv: people.csv")
            case _:
                word = next(map(str, value), "") if isinstance(value, dict) else str(value)
                known = set(get_args(cls.model_fields["kind"].annotation))
                raise ValueError(f"there is no people source “{word}”{_meant(word, known) or _known(known)}")

    def __str__(self) -> str:
        return str(self.file) if self.kind == "csv" else self.kind


class PersonSettings(Rule):
    """Somebody, as app.yaml says."""

    id: Name
    name: str
    email: str = ""
    manager: str = ""
    team: str = ""
    zone: Zone | Literal[""] = ""
    locale: LocaleName | Literal[""] = ""
    roles: tuple[Role, ...] = ()
    slack: str = ""

    def person(self) -> Person:
        """The same as a people source says it."""
        return Person(**self.model_dump(exclude={"slack"}))


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

    platform: str
    kind: Literal["user", "key", "team"]
    id: str
    account: Annotated[str, Field(pattern=r"^(person|team|agent)/\S+$")]


class Settings(House, Rule):
    """All of app.yaml."""

    organization: Organization = Organization()
    working: WorkingHours = WorkingHours()
    approvals: tuple[ApprovalRule, ...] = MANAGER
    database: DatabaseSettings = DatabaseSettings()
    server: ServerSettings = ServerSettings()
    slack: SlackSettings = SlackSettings()
    msteams: TeamsSettings = TeamsSettings()
    directory: tuple[SourceSettings, ...] = ()
    people: tuple[PersonSettings, ...] = ()
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

    @field_validator("providers")
    @classmethod
    def _names_differ(cls, providers: tuple[ProviderSettings, ...]) -> tuple[ProviderSettings, ...]:
        names = [each.name for each in providers]
        if len(set(names)) < len(names):
            raise ValueError("two providers have the same name; give each a name of its own")
        return providers

    @model_validator(mode="after")
    def _prices_are_of_providers(self) -> "Settings":
        names = {each.name for each in self.providers}
        for rule in self.prices:
            if rule.provider and rule.provider not in names:
                raise ValueError(
                    f"prices: there is no provider “{rule.provider}”{_meant(rule.provider, names) or _known(names)}"
                )
        return self

    @model_validator(mode="after")
    def _references_exist(self) -> "Settings":
        missing = "; ".join(self._dangling())
        if missing:
            raise ValueError(missing)
        self.policy  # noqa: B018 - its own rules are checked by making it
        return self

    def _dangling(self) -> Iterator[str]:
        """Names that stand nowhere. People of other sources are not known here, so only closed worlds are checked."""
        if self.directory:
            return
        people, teams = {each.id for each in self.people}, {each.id for each in self.teams}
        for person in self.people:
            if person.manager and person.manager not in people:
                yield f"people: {person.id}'s manager “{person.manager}” is nobody{_meant(person.manager, people)}"
            if person.team and person.team not in teams:
                yield f"people: {person.id}'s team “{person.team}” is no team{_meant(person.team, teams)}"
        for team in self.teams:
            if team.parent and team.parent not in teams:
                yield f"teams: {team.id}'s parent “{team.parent}” is no team{_meant(team.parent, teams)}"
            if team.owner and team.owner not in people:
                yield f"teams: {team.id}'s owner “{team.owner}” is nobody{_meant(team.owner, people)}"
        for agent in self.agents:
            if agent.owner not in people:
                yield f"agents: {agent.id}'s owner “{agent.owner}” is nobody{_meant(agent.owner, people)}"

    @property
    def policy(self) -> Policy:
        """The rules that decisions need."""
        return Policy(
            organization=self.organization,
            working=self.working,
            approvals=self.approvals,
            rates=self.rates,
            budgets=self.budgets,
            tiers=self.tiers,
            limits=self.limits,
            guard=self.guard,
            waste=self.waste,
            seats=self.seats,
            prices=self.prices,
        )

    @property
    def is_sample(self) -> bool:
        """Nothing but the fictional company, so that a page on which anyone is anyone does no harm."""
        kinds = {each.kind for each in self.providers} | {each.kind for each in self.directory}
        return kinds <= {"sample"} and not self.people

    def inline_directory(self) -> Directory:
        """The people, teams, agents and links of app.yaml itself."""
        links = [Link(each.platform, each.kind, each.id, each.account) for each in self.links]
        links += [Link("slack", "user", each.slack, f"person/{each.id}") for each in self.people if each.slack]
        return Directory(
            people=tuple(each.person() for each in self.people),
            teams=tuple(Team(**each.model_dump()) for each in self.teams),
            agents=tuple(Agent(**each.model_dump()) for each in self.agents),
            links=tuple(links),
        )


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read BURSAR_CONFIG (default app.yaml).

    Raises:
        ConfigError: all errors at once.
    """
    path = Path(environ.get("BURSAR_CONFIG", "") or PATH_DEFAULT)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as trouble:
        raise ConfigError(
            f"{path} cannot be read ({trouble.strerror}). Set BURSAR_CONFIG to the settings file."
        ) from trouble
    except (yaml.YAMLError, UnicodeDecodeError) as trouble:
        raise ConfigError(f"{path} is no YAML: {' '.join(str(trouble).split())}") from trouble
    if not isinstance(content, dict | None):
        raise ConfigError(f"{path} must hold settings such as “organization:”, not a {type(content).__name__}.")
    try:
        return Settings.model_validate(content or {}, context={"folder": path.parent})
    except ValidationError as trouble:
        lines = [f"{path}: {_explain(dict(error))}" for error in trouble.errors()]
        raise ConfigError("\n".join(lines)) from trouble


def database_url(settings: Settings, environ: Mapping[str, str] = os.environ) -> str:
    """DATABASE_URL, else app.yaml's, else a file: the demo's if there is only the sample company."""
    default = DEMO_DATABASE if settings.is_sample else DATABASE_DEFAULT
    return secret("DATABASE_URL", environ) or settings.database.url or default


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
        raise ConfigError(f"{name}_FILE names {file}, which cannot be read ({trouble.strerror}).") from trouble


def _explain(error: dict[str, Any]) -> str:
    """One error of pydantic's as a plain sentence with its path."""
    path = ".".join(str(part) for part in error["loc"]) or "settings"
    kind, given = error["type"], error.get("input")
    if kind == "extra_forbidden":
        known = _fields_at(error["loc"][:-1])
        return f"{path}: there is no such setting{_meant(str(error['loc'][-1]), known) or _known(known)}"
    if kind == "missing":
        return f"{path}: this is missing"
    if kind == "literal_error":
        expected = re.findall(r"'([^']+)'", str(error["ctx"]["expected"]))
        return f"{path}: “{given}” is not known{_meant(str(given), set(expected)) or _known(set(expected))}"
    message = str(error["msg"]).removeprefix("Value error, ")
    shown = "" if kind == "value_error" or isinstance(given, dict | list) else f"; you wrote “{given}”"
    return f"{path}: {message[0].lower() + message[1:]}{shown}"


def _fields_at(loc: tuple[int | str, ...]) -> set[str]:
    """The settings there are at a path."""
    model: Any = Settings
    for part in loc:
        if isinstance(part, int):
            continue
        if not (isinstance(model, type) and issubclass(model, BaseModel)) or part not in model.model_fields:
            return set()
        model = model.model_fields[part].annotation
        model = next((arg for arg in getattr(model, "__args__", ()) if isinstance(arg, type)), model)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return set()
    return {field.alias or name for name, field in model.model_fields.items()}


def _meant(word: str, known: set[str]) -> str:
    close = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"; did you mean “{close[0]}”?" if close else ""


def _known(known: set[str]) -> str:
    return f"; known are {', '.join(sorted(known))}" if known else ""
