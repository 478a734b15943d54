"""What a handler is given: the database, the moment, who speaks and where, the rules; and what it leaves behind."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton
from sqlalchemy import Connection

from handlers.card import CARD, Card, File, Text
from handlers.events import Event, name_of, to_json
from handlers.language import ENGLISH, N_, language_of, said_of, say, say_many
from handlers.money import show_amount, show_estimate, smallest
from handlers.periods import Every, Period, called_after, period_of
from handlers.place import UNLINKED, Place
from handlers.policy import Budget, Policy, with_exceptions
from storage import audit, exceptions, limits, outbox, people, pulls
from storage.audit import Deed
from storage.directory import Person
from storage.exceptions import BudgetException
from storage.limits import Held
from storage.outbox import NewItem
from storage.people import Account, Circle
from storage.pulls import Pull
from storage.tables import FOREVER

CLOCK = Person(id="clock", name="The clock", roles=("finance", "admin"))
NOWHERE = Place("nowhere", "")
SLACK = "slack"
CHAT_PLATFORMS = (SLACK, "teams", "web")
CONSOLE = "console"
TIERS = (N_("small"), N_("standard"), N_("flagship"))
"""The tiers that app.yaml need not name."""


@lru_cache(maxsize=1024)
def _day(day: date, skeleton: str, locale: str) -> str:
    """A day as the locale puts it together. In English the day stands first, which nobody can take for a month."""
    if language_of(locale) == ENGLISH and locale.startswith("en"):
        return format_date(day, _DAY_FIRST.get(skeleton, "d MMMM"), locale=locale)
    return _skeleton(skeleton, day, locale)


_DAY_FIRST = {"MMMd": "d MMM", "MMMMEd": "EEEE d MMMM"}


def _skeleton(skeleton: str, day: date, locale: str) -> str:
    return format_skeleton(skeleton, datetime.combine(day, time()), locale=locale, fuzzy=True)


@lru_cache(maxsize=1024)
def _moment(moment: datetime, zone: str, locale: str) -> str:
    local = moment.astimezone(ZoneInfo(zone))
    return f"{_day(local.date(), 'MMMd', locale)} {local:%H:%M}"


@lru_cache(maxsize=1024)
def _city(zone: str, locale: str) -> str:
    """What a zone is called after, in a language; a zone without a city, such as UTC, by its name."""
    return str(Locale.parse(locale).time_zones.get(zone, {}).get("city") or zone.rpartition("/")[2].replace("_", " "))


@dataclass(slots=True)
class Outgoing:
    """What an order leaves behind outside the ledger: kept while it decides, and written at its end in one go.

    Args:
        deeds: for the audit.
        items: for the outbox, each with whether it only replaces what was said under its key before.
    """

    deeds: list[Deed] = field(default_factory=list)
    items: list[tuple[NewItem, bool]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Context:
    """One sentence's surroundings. What is said with it is written when `write` is called, at the end of an order.

    Args:
        conn: read-only for a question; for an order, its one transaction.
        now: the moment, aware UTC.
        person: who speaks.
        place: where.
        policy: the rules.
        known: people who were looked up for this sentence, by id; None for nobody.
        lines: accounts that were, each with those above it.
        places: where people that were looked up talk to us in private.
        read: how reading the providers went, once that was looked up.
        asked: the account whose figures are asked for, if that was said.
        excepted: the exceptions that were approved, once they were looked up.
        held: limits at the providers that were looked up, by account.
        outgoing: what is to be written at the end.
        only: the accounts whose figures may be seen, None for those that the person may see.
        today: the organization's calendar day.
        locale: how the person who speaks writes numbers and dates; how the channel does, for what all of it read.
        language: of the person who speaks; that of the channel for what all of it read.
    """

    conn: Connection
    now: datetime
    person: Person
    place: Place
    policy: Policy
    known: dict[str, Person | None] = field(default_factory=dict, repr=False)
    lines: dict[str, tuple[Account, ...]] = field(default_factory=dict, repr=False)
    places: dict[str, tuple[Place, ...]] = field(default_factory=dict, repr=False)
    read: list[tuple[Pull, ...]] = field(default_factory=list, repr=False)
    asked: list[str] = field(default_factory=list, repr=False)
    excepted: list[tuple[BudgetException, ...]] = field(default_factory=list, repr=False)
    held: dict[str, list[Held]] = field(default_factory=dict, repr=False)
    outgoing: Outgoing = field(default_factory=Outgoing, repr=False)
    only: frozenset[str] | None = None
    today: date = field(init=False)
    locale: str = field(init=False)
    language: str = field(init=False)

    def __post_init__(self) -> None:
        """Work out what nearly every text and figure asks for."""
        if self.person.id == CLOCK.id:
            locale = locale_at(self.place, self.policy)
            language = language_of(locale)
        else:
            locale, language = locale_of(self.person, self.policy), spoken_to(self.person, self.policy)
        object.__setattr__(self, "today", self.now.astimezone(self.policy.zone).date())
        object.__setattr__(self, "locale", locale)
        object.__setattr__(self, "language", language)

    def on_a_page(self, path: str, *, elsewhere: bool = False) -> tuple[Text, ...]:
        """Where the console shows the same on a page; nothing where there is no console, and on its pages.

        Args:
            path: of the page.
            elsewhere: whether the card goes to somebody's chat, wherever it was caused.
        """
        if not self.policy.console_url or (self.place.platform == CONSOLE and not elsewhere):
            return ()
        return (Text(self.t("On a page: {address}", address=f"{self.policy.console_url}{path}"), quiet=True),)

    def t(self, text: str, /, **values: object) -> str:
        """A text in the language of the person who speaks, with its named placeholders filled."""
        return say(self.language, text, **values)

    def said(self, kept: str) -> str:
        """A reason that is stored, in the language of the person who speaks; a plain text as it is."""
        return said_of(self.language, kept)

    def nt(self, one: str, many: str, number: int, /, **values: object) -> str:
        """The same for a text that differs with a number, which fills the placeholder `n`."""
        return say_many(self.language, one, many, number, **values)

    @property
    def account_id(self) -> str:
        """The account of the person who speaks."""
        return f"person/{self.person.id}"

    def somebody(self, person_id: str) -> Person | None:
        """The person under an id, or None; looked up once, for one sentence sees one state of the world."""
        if person_id not in self.known:
            self.known[person_id] = people.person(self.conn, person_id)
        return self.known[person_id]

    def line(self, account_id: str) -> tuple[Account, ...]:
        """An account and every account above it today, the nearest first; empty if there is none. Looked up once."""
        self.look_up([account_id])
        return self.lines[account_id]

    def look_up(self, account_ids: Collection[str]) -> None:
        """Look up several accounts with all above them, in one statement."""
        new = set(account_ids) - self.lines.keys()
        if new:
            for account_id, line in people.lines(self.conn, new).items():
                self.lines[account_id] = line
                self.stand_in(line)

    def stand_in(self, line: tuple[Account, ...]) -> None:
        """Keep an account that was read with all above it, so that none of them is looked up again."""
        for place, above in enumerate(line):
            self.lines.setdefault(above.id, line[place:])

    def account(self, account_id: str) -> Account | None:
        """The account under an id, or None."""
        return next(iter(self.line(account_id)), None)

    def readings(self) -> tuple[Pull, ...]:
        """How reading each provider went last; looked up once."""
        if not self.read:
            self.read.append(tuple(pulls.pulled(self.conn, *self._about)))
        return self.read[0]

    def ask_about(self, account_id: str) -> None:
        """Say whose figures are asked for, before anything is looked up: the readings then tell what programs told."""
        self.asked.append(account_id)

    @property
    def _about(self) -> tuple[str, date]:
        """The account that is asked about, and since when: this month."""
        return (self.asked[-1], self.period(self.today, "month").first) if self.asked else ("", FOREVER)

    def limits_of(self, account_id: str) -> list[Held]:
        """An account's limits at the providers, and those above it that refuse now; looked up once.

        The readings come with them if they are not known.
        """
        if account_id not in self.held:
            above = [each.id for each in self.line(account_id)]
            if self.read:
                self.held[account_id] = limits.everywhere(self.conn, account_id, above)
            else:
                read, self.held[account_id] = pulls.pulled_and_limits(self.conn, account_id, above, *self._about)
                self.read.append(tuple(read))
        return self.held[account_id]

    def exceptions(self) -> tuple[BudgetException, ...]:
        """The exceptions that were approved and have not been ended; looked up once."""
        if not self.excepted:
            self.excepted.append(tuple(exceptions.running(self.conn)))
        return self.excepted[0]

    def now_excepted(self, new: Sequence[BudgetException], ended: Collection[BudgetException]) -> None:
        """Keep that some exceptions were approved just now, and others ended."""
        self.excepted[:] = [(*(each for each in self.exceptions() if each not in ended), *new)]

    def budgets_of(self, account_id: str) -> tuple[Budget, ...]:
        """The rules that may bind an account today: those of app.yaml, and the exceptions that are its own."""
        own = [each for each in self.exceptions() if each.account_id == account_id]
        return with_exceptions(self.policy.budgets, own, self.today) if own else self.policy.budgets

    def places_of(self, person_ids: Collection[str]) -> dict[str, tuple[Place, ...]]:
        """Where people talk to us in private; looked up once, for all of them together."""
        new = [each for each in person_ids if each not in self.places]
        for person_id, found in people.identities(self.conn, new, CHAT_PLATFORMS).items():
            self.places[person_id] = private_places(person_id, found, self.policy.workspaces)
        return {each: self.places[each] for each in person_ids}

    def meet(self, accounts: Collection[Account]) -> None:
        """Look up several accounts at once with all above them, and the people whose own they are."""
        self.look_up([each.id for each in accounts])
        persons = {each.person_id for each in accounts if each.person_id} - self.known.keys()
        self.known.update(people.persons(self.conn, persons) if persons else {})
        self.places_of([each.person_id for each in accounts if each.person_id])

    def know(self, circle: Circle) -> None:
        """Keep people that were read together, so that none of them is looked up again."""
        self.known.update(circle.people)
        for person_id, found in circle.identities.items():
            self.places[person_id] = private_places(person_id, found, self.policy.workspaces)

    def period(self, day: date, every: Every) -> Period:
        """The period of the organization's calendar that a day is in."""
        return period_of(day, every, self.policy.calendar)

    # Words ---------------------------------------------------------------------------------------------------------

    def amount(self, units: int, unit: str) -> str:
        """An amount as the person who speaks would write it; "less than $0.01" for what would be written as nothing."""
        least = smallest(unit)
        if 0 < abs(units) * 2 <= least:
            return self.t("less than {amount}", amount=show_amount(least, unit, self.locale))
        return show_amount(units, unit, self.locale)

    def estimate(self, units: int, unit: str) -> str:
        """An amount that is only likely, without cents."""
        tiny = abs(units) < smallest(unit)
        return self.amount(units, unit) if tiny else show_estimate(units, unit, self.locale)

    def day(self, day: date) -> str:
        """A day, such as "22 November", in the words of the person's locale."""
        return _day(day, "MMMMd", self.locale)

    def named_day(self, day: date) -> str:
        """A day with its weekday, such as "Tuesday 24 November"."""
        return _day(day, "MMMMEd", self.locale)

    def last_day(self, day: date) -> str:
        """The day until which something lasts, with its year if that is another one."""
        if day.year == self.today.year:
            return self.day(day)
        english = language_of(self.locale) == ENGLISH and self.locale.startswith("en")
        return format_date(day, "d MMMM y", self.locale) if english else _skeleton("yMMMMd", day, self.locale)

    def short_day(self, day: date) -> str:
        """A day for the axis of a chart, such as "22 Nov"."""
        return _day(day, "MMMd", self.locale)

    def month(self, day: date) -> str:
        """The name of a month by the day on which it begins, with its year, such as "November 2026"."""
        return _skeleton("yMMMM", called_after(day), self.locale)

    def short_months(self, days: Sequence[date]) -> tuple[str, ...]:
        """The months of some days for the axis of a chart, such as "Nov"; with their years if there are several."""
        skeleton = "MMM" if len({day.year for day in days}) == 1 else "yMMM"
        return tuple(_skeleton(skeleton, day, self.locale) for day in days)

    def year(self, day: date) -> str:
        """The year of a day."""
        return _skeleton("y", day, self.locale)

    def percent(self, number: int | str) -> str:
        """So many percent; a change has its sign before it, such as "+12"."""
        return self.t("{percent} %", percent=number)

    def tier(self, name: str) -> str:
        """A tier of models; those that app.yaml need not name have a name in each language."""
        return self.t(name)

    def listed(self, parts: Sequence[str]) -> str:
        """Several things in a row, such as "input, output"."""
        said = parts[0] if parts else ""
        for each in parts[1:]:
            said = self.t("{list}, {next}", list=said, next=each)
        return said

    def called(self, account: Account) -> str:
        """An account's name; what is unallocated has none of its own."""
        return self.t("Unallocated") if account.kind == "unallocated" else account.name

    def moment(self, moment: datetime) -> str:
        """A moment in the person's own zone, with the zone's name."""
        zone = self.person.zone or self.policy.organization.zone
        local = _moment(moment, zone, self.locale)
        return self.t("{moment} ({city})", moment=local, city=_city(zone, self.locale))

    # What an order leaves behind -----------------------------------------------------------------------------------

    def deed(self, what: str, subject: str, authority: str, details: str = "") -> None:
        """Write down in the audit what the person who speaks did, to what, and on whose authority."""
        self.outgoing.deeds.append(
            Deed(self.now, self.person.id, what, subject, authority, str(self.place), details),
        )

    def show(
        self, key: str, place: Place, card: Card, *, below: str = "", again: bool = False, language: str = ""
    ) -> None:
        """Have a place show a card as the message that the key names; a later card under the key replaces it.

        Its details are a message of their own in the thread below it, and so is each file, so that trouble with one
        of them repeats no other.

        Args:
            key: names the message; with the place, for several may see it.
            place: where.
            card: what.
            below: the whole key of the message in whose thread it stands, "" for none.
            again: only change what was shown before.
            language: of the card, if that is not the one of who speaks, or of the place for what all read.
        """
        above = f"{key}@{place}"
        there = self if self.person.id != CLOCK.id else replace(self, place=place)
        card = replace(card, language=language or there.language)
        self._show(above, place, replace(card, thread=()), below, again=again)
        details = tuple(block for block in card.thread if not isinstance(block, File))
        if details:
            title = say(card.language, "{title}: details", title=card.title)
            more = Card(title, details, personal=card.personal, language=card.language)
            self._show(f"{key}/details@{place}", place, more, above)
        for file in (block for block in card.thread if isinstance(block, File)):
            alone = Card(file.name, (file,), personal=card.personal, language=card.language)
            self._show(f"{key}/{file.name}@{place}", place, alone, above)

    def _show(self, key: str, place: Place, card: Card, below: str, *, again: bool = False) -> None:
        said = {"place": place_to_json(place), "card": CARD.dump_python(card, mode="json"), "below": below}
        self._leave(NewItem(key, "show", place.platform, json.dumps(said), self.now), again=again)

    def tell(self, person_id: str, key: str, card: Card, *, again: bool = False) -> bool:
        """Have a person see a card, in private, wherever they talk to us; `again` only changes what they saw.

        Somebody of whom no account is known is looked for, and sees it when they are found.

        Returns:
            Whether an account is known.
        """
        for place in self.places_of([person_id])[person_id]:
            self.show(key, place, card, again=again)
        return self.is_linked(person_id)

    def is_linked(self, person_id: str) -> bool:
        """Whether somebody can be written to now."""
        return all(place.platform != UNLINKED for place in self.places_of([person_id])[person_id])

    def pull(self, provider: str, key: str, what: str = "usage", slot: str = "") -> None:
        """Have a provider's usage, limits or requests read; under the same key again for another slot."""
        payload = json.dumps({"what": what, **({"slot": slot} if slot else {})})
        self._leave(NewItem(f"pull/{provider}/{key}", "pull", provider, payload, self.now))

    def ask_live(self, key: str, stale: Collection[tuple[str, str, str]], then: Event) -> None:
        """Have limits asked for anew, as in Card.stale, and an event handled when they are known."""
        for provider in sorted({name for name, _, _ in stale}):
            subjects = [[kind, external_id] for name, kind, external_id in stale if name == provider]
            asked = {"what": "live", "subjects": subjects, "then": to_json(then), "at": self.now.isoformat()}
            self._leave(NewItem(f"pull/{provider}/live/{key}", "pull", provider, json.dumps(asked), self.now))

    def emit(self, key: str, event: Event, due_at: datetime | None = None) -> None:
        """Have an event handled once under a key: after this transaction, or when a later moment has come."""
        name = name_of(type(event))
        self._leave(NewItem(f"event/{name}/{key}", "event", "clock", to_json(event), due_at or self.now))

    def _leave(self, item: NewItem, *, again: bool = False) -> None:
        self.outgoing.items.append((item, again))

    def write(self) -> None:
        """Write what was said: the outbox in one or two statements, then the audit, which others wait for, in two."""
        if not self.outgoing.items and not self.outgoing.deeds:
            return
        shown = outbox.known(self.conn, {item.key for item, again in self.outgoing.items if again})
        shown |= {item.key for item, again in self.outgoing.items if not again}
        items = [item for item, again in self.outgoing.items if not again or item.key in shown]
        outbox.ensure_all(self.conn, items, self.now)
        if self.outgoing.deeds:
            audit.append(self.conn, *self.outgoing.deeds)
        self.outgoing.deeds.clear()
        self.outgoing.items.clear()


def spoken_to(person: Person | None, policy: Policy) -> str:
    """What a person chose, else the language of their locale; for nobody in particular that of the organization."""
    if person and person.language:
        return person.language
    return language_of((person and person.locale) or policy.organization.locale)


def locale_of(person: Person, policy: Policy) -> str:
    """How somebody writes numbers and dates: as their locale does, unless they chose another language."""
    said = person.locale or policy.organization.locale
    return person.language if person.language and language_of(said) != person.language else said


def locale_at(place: Place, policy: Policy) -> str:
    """How everybody at a place is written to: as app.yaml says of the channel, else as the organization is."""
    return policy.organization.channels.get(f"{place.platform}:{place.id}", policy.organization.locale)


def private_place(platform: str, external_id: str, workspaces: Sequence[str] = ()) -> Place:
    """Where somebody talks to us in private, by their identity on a platform.

    Args:
        platform: which.
        external_id: such as "T1/U1".
        workspaces: of Slack, if there are several. Places of the first one are called as if it were the only one.
    """
    workspace, _, own = external_id.rpartition("/")
    return Place(platform, external_id if platform == SLACK and workspace in workspaces[1:] else own)


def places_of_identities(identities: Sequence[tuple[str, str]], workspaces: Sequence[str] = ()) -> list[Place]:
    """Where somebody is written to. Who is in several workspaces of Slack is written to in the first of them."""
    if not workspaces:
        return [private_place(*each) for each in identities]
    reached = [_reached(id, workspaces) for platform, id in identities if platform == SLACK]
    first = min(filter(None, reached), key=lambda id: workspaces.index(id.partition("/")[0]), default="")
    rest = [private_place(*each) for each in identities if each[0] != SLACK]
    return [*([private_place(SLACK, first, workspaces)] if first else []), *rest]


def _reached(identity: str, workspaces: Sequence[str]) -> str:
    """An identity as it is reached, "" if it is not: one of a workspace below an organization through that."""
    workspace, _, user = identity.partition("/")
    if workspace in workspaces:
        return identity
    organization = next((each for each in workspaces if each.startswith("E")), "")
    return f"{organization}/{user}" if organization else ""


def private_places(
    person_id: str, identities: Sequence[tuple[str, str]], workspaces: Sequence[str] = ()
) -> tuple[Place, ...]:
    """The same of somebody; where they are waited for, if there is none."""
    return tuple(places_of_identities(identities, workspaces)) or (Place(UNLINKED, person_id),)


def place_to_json(place: Place) -> dict[str, object]:
    """A place as it is kept in the outbox."""
    return asdict(place)
