"""Meridian, a company that does not exist: who works there, which programs run, and how each uses models."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from bot.providers.base import ProviderIdentity
from bot.providers.sample.ground_truth import Story
from storage.directory import Agent, Directory, Link, Person, Role, Team

COMPANY = "Meridian"

_ZONES = {
    "BER": "Europe/Berlin",
    "LON": "Europe/London",
    "NYC": "America/New_York",
    "SFO": "America/Los_Angeles",
    "BLR": "Asia/Kolkata",
    "CHT": "Pacific/Chatham",
}

# fmt: off
_DEPARTMENTS = (
    Team("engineering", "Engineering", owner="kim", cost_center="CC-1000"),
    Team("product-design", "Product & Design", owner="rosa", cost_center="CC-2000"),
    Team("business", "Business", owner="omar", cost_center="CC-3000"),
)
_TEAMS = (
    Team("search", "Search", "max", "engineering", "CC-1010"),
    Team("ads", "Ads", "lea", "engineering", "CC-1020"),
    Team("platform", "Platform", "noor", "engineering", "CC-1030"),
    Team("mobile", "Mobile", "yara", "engineering", "CC-1040"),
    Team("data", "Data", "indra", "engineering", "CC-1050"),
    Team("security", "Security", "thea", "engineering", "CC-1060"),
    Team("product", "Product", "elena", "product-design", "CC-2010"),
    Team("design", "Design", "nora", "product-design", "CC-2020"),
    Team("research", "Research", "wei", "product-design", "CC-2030"),
    Team("sales", "Sales", "fiona", "business", "CC-3010"),
    Team("support", "Support", "maya", "business", "CC-3020"),
    Team("finance", "Finance", "fay", "business", "CC-3030"),
)
# team, office, people; an id is the given name, which nobody shares
_OFFICES = (
    ("", "LON", "Ines Duarte"),
    ("engineering", "BER", "Kim Tanaka"), ("product-design", "SFO", "Rosa Jimenez"), ("business", "NYC", "Omar Farouk"),
    ("search", "BER", "Max Weber, Ana Silva, Jonas Keller, Mila Petrov, Tom Becker"),
    ("search", "LON", "Priya Shah, Oliver Grant"), ("search", "BLR", "Arjun Rao, Divya Nair"),
    ("search", "NYC", "Marcus Bell, Nina Cole"),
    ("ads", "NYC", "Lea Novak, Bob Reyes, Chloe Park, Dante Ruiz, Emily Stone"),
    ("ads", "SFO", "Felix Wong, Grace Liu, Hector Diaz"), ("ads", "BER", "Ida Braun, Karl Vogt"),
    ("ads", "BLR", "Lakshmi Iyer"),
    ("platform", "SFO", "Noor Haddad, Owen Clark, Paula Mendes, Quinn Avery, Ravi Menon"),
    ("platform", "BER", "Ada Lindqvist, Stefan Kurz, Tessa Roth"), ("platform", "LON", "Uma Kapoor, Victor Hale"),
    ("platform", "CHT", "Wiremu Tane"),
    ("mobile", "LON", "Yara Saleh, Zoe Finch, Adam Brooks, Bella Marsh"),
    ("mobile", "BLR", "Chetan Joshi, Deepa Pillai, Esha Gupta, Farhan Ali"),
    ("mobile", "BER", "Georg Lang, Hanna Schulz"), ("mobile", "CHT", "Aroha Ngata"),
    ("data", "BLR", "Indra Bose, Jaya Reddy, Kiran Das, Leela Varma, Manoj Sen"),
    ("data", "NYC", "Nathan Price, Olga Ivanova, Peter Walsh"),
    ("data", "BER", "Rahel Stein, Silvan Moser, Igor Sokolov"),
    ("security", "BER", "Thea Brandt, Ulrich Hahn, Vera Lorenz"),
    ("security", "SFO", "Wanda Fox, Xavier Cruz, Yuki Mori"),
    ("security", "LON", "Zara Khan, Alfie Ward, Bridget Lowe"), ("security", "NYC", "Cyrus Amin, Dora Klein"),
    ("product", "SFO", "Elena Vargas, Frank Doyle, Gina Rossi"), ("product", "LON", "Harry Webb, Isla Reid"),
    ("product", "BER", "Jana Fuchs, Kai Winter"), ("product", "NYC", "Liam Burke"),
    ("product", "BLR", "Meera Krishnan"),
    ("design", "LON", "Nora Blake, Oscar Lund, Poppy Dean"), ("design", "BER", "Ronja Beck, Simon Graf"),
    ("design", "SFO", "Tara Singh, Uri Levin"), ("design", "NYC", "Violet Hart"), ("design", "CHT", "Hemi Parata"),
    ("research", "SFO", "Wei Chen, Ximena Soto, Yosef Adler"), ("research", "BER", "Anton Huber, Birgit Maier"),
    ("research", "LON", "Clara Dunn, David Osman"), ("research", "BLR", "Gauri Kulkarni"),
    ("research", "NYC", "Ethan Ross"),
    ("sales", "NYC", "Fiona Shaw, George Tate, Helen Cho, Ivan Petrenko"), ("sales", "LON", "Jack Moss, Katie Lamb"),
    ("sales", "BLR", "Nikhil Verma"), ("sales", "BER", "Lukas Engel"),
    ("support", "BLR", "Maya Thomas, Naveen Babu, Padma Rangan, Rohan Mehta"), ("support", "LON", "Molly Kent"),
    ("support", "NYC", "Noah Grey"), ("support", "CHT", "Tui Marama, Rangi Paki"),
    ("finance", "LON", "Fay Osei, Philip Moon, Ruth Eden"), ("finance", "NYC", "Sasha Orlov"),
    ("finance", "BER", "Tilda Krause, Uwe Sommer"), ("finance", "BLR", "Vikram Shetty"),
)
# fmt: on
_ROLES: dict[str, tuple[Role, ...]] = {"fay": ("finance",), "ada": ("admin",), "ines": ("viewer",)}
EDITOR = "editor_"
EDITORS = {
    "ana": 66,
    "bob": 1,
    "dante": 2,
    "hanna": 45,
    "max": 3,
}  # who has a seat of the editor, and how many days ago it was used
_CHIEF, _JOINER, _LEAVER, _MOVER, _MOVED_TO = "ines", "zoe", "xavier", "ida", "search"


@dataclass(frozen=True, slots=True)
class Use:
    """How somebody uses models: the tokens of one request, and how the money is split.

    Args:
        mix: (model, tier, share of the money), the shares sum to one.
        input: uncached input tokens of a request.
        read: input tokens read from a cache.
        write_5m: input tokens written to a cache for five minutes, where the vendor sells that.
        write_1h: the same for an hour.
        output: output tokens of a request that works.
        failing: share of requests that fail.
        dead_hours: share of hours in which every request fails and is tried again.
        searches: of the web for each request; they cost without tokens.
    """

    mix: tuple[tuple[str, str, float], ...]
    input: int
    read: int
    write_5m: int
    write_1h: int
    output: int
    failing: float = 0.008
    dead_hours: float = 0.0
    searches: int = 0

    def varied(self, context: float, output: float) -> "Use":
        """The same habit with more or less context and output."""
        return replace(
            self,
            input=int(self.input * context),
            read=int(self.read * context),
            write_5m=int(self.write_5m * context),
            output=int(self.output * output),
        )


def _mix(**shares: float) -> tuple[tuple[str, str, float], ...]:
    return tuple((_MODELS[name], "standard", share) for name, share in shares.items())


_MODELS = {
    "old_opus": "claude-opus-4-1",
    "opus": "claude-opus-4-5",
    "sonnet": "claude-sonnet-4-5",
    "haiku": "claude-haiku-4-5",
    "gpt": "gpt-5.2",
    "mini": "gpt-5.2-mini",
    "gemini": "gemini-3-pro",
    "preview": "meridian-flash-preview",
    "deepseek": "deepseek-v3",
}
_CODING = _mix(sonnet=0.55, opus=0.25, haiku=0.1, gpt=0.1)
_SONNET = _mix(sonnet=1)

# What most people of a department do. Tokens of a request: input, read, write 5 m, write 1 h, output.
_CODE = Use(_CODING, 1_500, 42_000, 3_500, 0, 700)
_CODE_GPT = Use(_mix(gpt=0.8, sonnet=0.2), 4_000, 31_000, 1_500, 0, 850)
_EXPLORE = Use(_mix(gemini=0.4, sonnet=0.4, deepseek=0.1, preview=0.1), 2_500, 9_000, 900, 0, 650)
_DRAFT = Use(_mix(gemini=0.5, sonnet=0.35, mini=0.15), 2_500, 5_000, 600, 0, 600)
_CHAT = Use(_mix(mini=0.5, sonnet=0.35, gpt=0.15), 1_200, 2_500, 300, 0, 450)

# department or team: usual uses, the median of a month's dollars, and the spread of its logarithm
_LEVELS: dict[str, tuple[tuple[Use, ...], float, float]] = {
    "engineering": ((_CODE, _CODE, _CODE_GPT), 145, 0.5),
    "product-design": ((_DRAFT,), 70, 0.55),
    "business": ((_CHAT,), 38, 0.6),
    "research": ((_EXPLORE,), 95, 0.6),
}
# people whose month is set: those the guide's stories speak of, and those with an expensive habit
_KNOWN: dict[str, tuple[float, Use]] = {
    "ines": (0, _CHAT),
    "kim": (55, _CHAT),
    "rosa": (35, _CHAT),
    "omar": (25, _CHAT),
    "max": (150, _CODE),
    "ana": (285, _CODE),
    "lea": (95, _CODE),
    "bob": (430, _CODE),
    "fay": (40, _CHAT),
    "ada": (130, _CODE),
    "tom": (120, _CODE_GPT),
    "igor": (260, Use(_CODING, 30_000, 4_000, 2_000, 0, 700)),
    "vera": (240, Use(_mix(opus=1), 1_500, 42_000, 3_500, 0, 700)),
    "felix": (280, Use(_CODING, 2_500, 190_000, 3_500, 0, 700)),
    "owen": (270, Use(_CODING, 1_500, 42_000, 3_500, 0, 4_500)),
    "rohan": (0, _CHAT),
    "philip": (0, _CHAT),
}


@dataclass(frozen=True, slots=True)
class SampleKey:
    """A key at the provider: of an agent, of a person, or of nobody.

    Args:
        id: short name; the provider's id of it is "key_" and this.
        name: what people call it.
        owner: the person who answers for it, "" if none.
        team: whose workspace it is in, "" for the default one.
        zone: where its clock is.
        usd_month: what it spends in a month.
        use: how.
        hours: local hours from and to in which it works.
        personal: it belongs to its owner and is no agent.
    """

    id: str
    name: str
    owner: str
    team: str
    zone: str
    usd_month: float
    use: Use
    hours: tuple[int, int] = (0, 24)
    personal: bool = False

    @property
    def account(self) -> str:
        if not self.owner:
            return f"key/key_{self.id}"
        return f"person/{self.owner}" if self.personal else f"agent/{self.id}"


# fmt: off
_KEYS = (
    SampleKey("crawler", "Crawler", "max", "search", "BER", 110,
        Use(_mix(haiku=0.7, deepseek=0.3), 2_500, 3_500, 400, 0, 300)),
    SampleKey("scribe", "Scribe", "elena", "product", "SFO", 90, Use(_mix(haiku=1), 3_000, 3_500, 0, 0, 400), (8, 19)),
    SampleKey("reviewer", "Code reviewer", "noor", "platform", "BER", 400,
        Use(_mix(sonnet=0.8, opus=0.2), 2_000, 38_000, 3_000, 0, 600), (7, 21)),
    SampleKey("concierge", "Concierge", "maya", "support", "LON", 430,
        Use(_mix(haiku=0.7, sonnet=0.3), 900, 7_000, 500, 0, 350)),
    SampleKey("archive", "Archive", "indra", "data", "BLR", 380,
        Use((("claude-sonnet-4-5", "batch", 1.0),), 3_000, 4_000, 400, 0, 500), (1, 4)),
    SampleKey("helpdesk", "Helpdesk", "maya", "support", "LON", 390, Use(_SONNET, 6_000, 0, 0, 0, 300)),
    SampleKey("forecaster", "Forecaster", "fiona", "sales", "NYC", 400, Use(_SONNET, 100, 600, 12_000, 0, 400)),
    SampleKey("indexer", "Indexer", "yara", "mobile", "LON", 280, Use(_mix(haiku=1), 400, 9_000, 0, 2_500, 150)),
    SampleKey("labeler", "Labeler", "lea", "ads", "NYC", 260, Use(_mix(opus=1), 250, 200, 0, 0, 40)),
    SampleKey("nightly", "Nightly report", "indra", "data", "NYC", 390,
        Use(_mix(gpt=1), 5_000, 6_000, 0, 0, 700), (1, 4)),
    SampleKey("moderator", "Moderator", "wei", "research", "SFO", 340,
        Use((("claude-sonnet-4-5", "priority", 1.0),), 1_500, 4_000, 300, 0, 250)),
    SampleKey("importer", "Importer", "indra", "data", "BLR", 240,
        Use(_mix(gpt=1), 3_000, 4_000, 0, 0, 350, 0.18, 0.08)),
    SampleKey("translator", "Translator", "elena", "product", "LON", 400,
        Use(_mix(old_opus=1), 800, 1_200, 200, 0, 700)),
    SampleKey("tom_notebook", "Tom's notebook", "tom", "search", "BER", 45, Use(_SONNET, 1_500, 9_000, 800, 0, 500),
        (9, 18), personal=True),
    SampleKey("xavier_ci", "Xavier's build", "xavier", "security", "SFO", 75, Use(_SONNET, 1_500, 9_000, 800, 0, 500),
        personal=True),
    SampleKey("scout", "Scout", "wei", "research", "NYC", 120,
        Use(_mix(haiku=1), 4_000, 6_000, 600, 0, 500, searches=1),
        (9, 18)),
    SampleKey("unclaimed", "test-2", "", "", "BER", 130, Use(_SONNET, 1_500, 6_000, 600, 0, 500)),
)
_STRANGERS = (
    ("contractor", "Sam Ferris", "sam.ferris@contractor.example", 28.0),
    ("deleted", "", "", 12.0),
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Spender:
    """Who spends, as the simulator sees it: one row of a report for each model it uses.

    Args:
        provider: the provider that reports it.
        id: short name, which seeds its days.
        account: whose money it is, as `Truth.account`.
        team: whose workspace.
        zone: IANA name.
        usd_month: what it spends in an ordinary month.
        use: how.
        subject: the provider's id of the user, "" for a key.
        resource: the provider's id of the key, "" for a user.
        hours: local hours of work of a key, whose report is hourly; None for a user, whose report is daily.
        steady: small noise and no weeks off.
        since: first day of it, UTC.
        until: the first day on which it is over, UTC.
    """

    provider: str
    id: str
    account: str
    team: str
    zone: str
    usd_month: float
    use: Use
    subject: str = ""
    resource: str = ""
    hours: tuple[int, int] | None = None
    steady: bool = False
    since: date = date.min
    until: date = date.max


def directory(provider: str, story: Story, today: date) -> Directory:
    """Who there is today; the provider's keys and workspaces are linked by name, its users by their e-mail."""
    agents = tuple(Agent(key.id, key.name, key.owner, key.team) for key in _KEYS if key.owner and not key.personal)
    keys = tuple(Link(provider, "key", f"key_{agent.id}", f"agent/{agent.id}") for agent in agents)
    workspaces = tuple(Link(provider, "team", workspace(team.id), f"team/{team.id}") for team in _DEPARTMENTS + _TEAMS)
    people = tuple(_today(person, story, today) for person in _people() if _has_joined(person, story, today))
    return Directory(people, _DEPARTMENTS + _TEAMS, agents, keys + workspaces)


def members(story: Story, today: date) -> Iterator[ProviderIdentity]:
    """Users, keys and workspaces as the provider lists them today. Who has a seat of the editor is its user, too."""
    for person in _people():
        if _has_joined(person, story, today):
            yield ProviderIdentity("user", _user(person.id), person.name, person.email)
        if person.id in EDITORS:
            yield ProviderIdentity("user", editor_of(person.id), person.name, person.email)
    for id_, name, email, _ in _STRANGERS:
        yield ProviderIdentity("user", _user(id_), name, email)
    for key in _KEYS:
        yield ProviderIdentity("key", f"key_{key.id}", key.name, owner=_user(key.owner) if key.owner else "")
    for team in _DEPARTMENTS + _TEAMS:
        yield ProviderIdentity("team", workspace(team.id), team.name)


@lru_cache(maxsize=8)
def roster(provider: str, seed: int, story: Story) -> tuple[Spender, ...]:
    """Everybody and everything that spends. Who moved stands here twice, once for each team."""
    people = [_spender(provider, person, seed) for person in _people()]
    strangers = [
        Spender(provider, id_, f"user/{_user(id_)}", "", "Europe/London", usd, _CHAT, subject=_user(id_))
        for id_, _, _, usd in _STRANGERS
    ]
    keys = [_key(provider, key) for key in _KEYS]
    return tuple(part for one in people + strangers + keys for part in _parts(one, story))


def workspace(team: str) -> str:
    """The provider's id of a team's workspace; the default workspace has none."""
    return f"ws_{team}" if team else ""


def editor_of(person: str) -> str:
    """The provider's id of somebody in its editor, which has no other use of models."""
    return f"{EDITOR}{person}"


def _user(person: str) -> str:
    return f"usr_{person}"


@lru_cache(maxsize=1)
def _people() -> tuple[Person, ...]:
    owners = {team.id: team.owner for team in _DEPARTMENTS + _TEAMS}
    above = {team.id: owners.get(team.parent, _CHIEF) for team in _DEPARTMENTS + _TEAMS}
    found = []
    for team, office, names in _OFFICES:
        for name in names.split(", "):
            id_ = name.split()[0].lower()
            email = f"{name.lower().replace(' ', '.')}@meridian.example"
            manager = above[team] if id_ == owners.get(team) else owners.get(team, "")
            found.append(Person(id_, name, email, manager, team, _ZONES[office], roles=_ROLES.get(id_, ())))
    return tuple(found)


def _has_joined(person: Person, story: Story, today: date) -> bool:
    return person.id != _JOINER or today >= story.joined


def _today(person: Person, story: Story, today: date) -> Person:
    if person.id == _JOINER:
        return replace(person, joined=story.joined)
    if person.id == _LEAVER:
        return replace(person, active=today < story.left)
    if person.id == _MOVER and today >= story.moved:
        return replace(person, team=_MOVED_TO, manager=next(t.owner for t in _TEAMS if t.id == _MOVED_TO))
    return person


def _spender(provider: str, person: Person, seed: int) -> Spender:
    known = _KNOWN.get(person.id)
    usd, use = known or _ordinary(person, seed)
    subject = _user(person.id)
    account, steady = f"person/{person.id}", known is not None
    return Spender(provider, person.id, account, person.team, person.zone, usd, use, subject, steady=steady)


def _key(provider: str, key: SampleKey) -> Spender:
    zone, resource = _ZONES[key.zone], f"key_{key.id}"
    return Spender(provider, key.id, key.account, key.team, zone, key.usd_month, key.use, "", resource, key.hours)


def _ordinary(person: Person, seed: int) -> tuple[float, Use]:
    """A month's dollars, heavy-tailed but not boundless, and a use of one's own kind."""
    rng = random.Random(f"{seed}/person/{person.id}")  # noqa: S311 - a game, no secret
    parent = next((team.parent for team in _TEAMS if team.id == person.team), "")
    uses, median, spread = _LEVELS.get(person.team) or _LEVELS[parent]
    usd = median * min(rng.lognormvariate(0, spread), 4)
    return usd, rng.choice(uses).varied(context=rng.uniform(0.75, 1.35), output=rng.uniform(0.75, 1.35))


def _parts(one: Spender, story: Story) -> tuple[Spender, ...]:
    if one.id == _JOINER:
        return (replace(one, since=story.joined),)
    if one.id == _LEAVER:
        return (replace(one, until=story.left),)
    if one.id == _MOVER:
        return replace(one, until=story.moved), replace(one, team=_MOVED_TO, since=story.moved)
    return (one,)
