"""People as Microsoft Entra has them, by Microsoft Graph: name, address, department, zone, and who is whose manager.

Somebody is a known person by a link that was made before, or by the address; never by name. Guests are nobody here.
Whether an application may read managers is not the same in every tenant: if it may not, people come without them. The
zone is a setting of the mailbox and takes a right of its own, which nobody has to give.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from types import MappingProxyType
from typing import Any

from msal import ConfidentialClientApplication

from bot.checks import CheckLine
from bot.config import TeamsSettings
from bot.directory.departments import DepartmentIds, DepartmentLine, ToldByMembers, departments_of
from bot.directory.microsoft.mailbox_zones import may_read, zones_of
from bot.directory.names import id_from_email, locale_name
from bot.directory.source import Known, Taken
from bot.errors import KeyRefusedError, OutsideError, UndeliverableError, UnreachableError
from bot.http import PATIENCE, Api, ApiKey
from bot.texts import in_words, t
from handlers.language import N_
from handlers.sentence import storable
from storage.directory import Directory, Group, Link, Person, address

GRAPH_URL = "https://graph.microsoft.com/v1.0"
LOGIN_URL = "https://login.microsoftonline.com"
SCOPE = "https://graph.microsoft.com/.default"
FIELDS = "id,displayName,mail,userPrincipalName,department,accountEnabled,preferredLanguage"
MANAGER = {"$expand": "manager($select=id)"}
PAGE_USERS, PAGES_MAX = 999, 2_000
PERSON = "person/"
NEEDED = N_("the application permission User.Read.All with an administrator's consent")
NO_MANAGERS = (
    "This tenant does not let an application read managers. Take them from an HR export (csv), before microsoft under "
    "directory: in app.yaml."
)

NO_ZONES = "Give the app registration MailboxSettings.Read, too, or write zone: for those who are elsewhere."

GraphUser = Mapping[str, Any]

_log = logging.getLogger("bursar.directory")


def token(settings: TeamsSettings, secret: str, http_client: object = None) -> Callable[[], str]:
    """Gives tokens for Graph, each used until it ends.

    Args:
        settings: the app registration; the first tenant is where it is.
        secret: of the app registration.
        http_client: asks Microsoft Entra; None for msal's own.

    Returns:
        Gives one. It raises an UndeliverableError where the app registration is missing or refused, and an
        UnreachableError where Entra cannot be reached.
    """
    made: list[ConfidentialClientApplication] = []

    def give() -> str:
        if not (settings.app_id and settings.tenants and secret):
            raise UndeliverableError(
                "Microsoft is a people source without an app registration: set msteams: in app.yaml and "
                "TEAMS_APP_SECRET, or take microsoft out of directory: in app.yaml."
            )
        try:
            if not made:
                authority = f"{LOGIN_URL}/{settings.tenants[0]}"
                made.append(ConfidentialClientApplication(settings.app_id, secret, authority, http_client=http_client))
            answer = made[0].acquire_token_for_client([SCOPE])
        except OSError as trouble:
            raise UnreachableError(
                "Microsoft Entra cannot be reached ({error}).", error=type(trouble).__name__
            ) from trouble
        if not answer or "access_token" not in answer:
            word = (answer or {}).get("error", "nothing")
            raise UndeliverableError(
                "Microsoft Entra gives no token for Graph ({word}): are app_id and tenants in app.yaml "
                "right, and is the secret in TEAMS_APP_SECRET still valid?",
                word=word,
            )
        return str(answer["access_token"])

    return give


class MicrosoftDirectory:
    """Microsoft Entra as a people source.

    Args:
        tenant: whose people, as it stands in the identities of Teams.
        token: gives a token for Graph.
        link_by_email: whether an address is enough to link somebody whom another source names.
        groups: the object id of the group behind each group of app.yaml.
        url: of Graph.
    """

    def __init__(
        self,
        tenant: str,
        token: Callable[[], str],
        *,
        link_by_email: bool = True,
        groups: Mapping[str, str] = MappingProxyType({}),
        url: str = GRAPH_URL,
    ) -> None:
        self._tenant = tenant
        self._token = token
        self._link_by_email = link_by_email
        self._groups = groups
        self._url = url

    def read(self, known: Known) -> Directory:
        """See Source.

        Raises:
            OutsideError: Graph cannot be asked, or refuses.
        """
        users = self._users()
        persons = self._persons(users, known)
        ids = DepartmentIds(known.earlier.teams)
        there = [user for user in users if user["id"] in persons]
        members = [_member(user, persons, ids) for user in there]
        working = [
            one for user, one in zip(there, members, strict=True) if one.department and user.get("accountEnabled")
        ]
        teams, wrong = departments_of(ids, ToldByMembers(working))
        left_out = tuple(t("Microsoft Entra: {what}", what=what) for _, what in wrong)
        zones = self._zones(there, persons, known)
        people = tuple(_person(user, one, zones) for user, one in zip(there, members, strict=True))
        links = tuple(self._links(persons, known))
        groups = tuple(self._group(group, there, persons) for group, there in self._groups.items())
        return Directory(people, teams, links=links, left_out=left_out, groups=groups)

    def _group(self, group: str, there: str, persons: Mapping[str, str]) -> Group:
        """Who of us is in a group or in one within it; it takes the permission GroupMember.Read.All."""
        path = f"/groups/{there}/transitiveMembers/microsoft.graph.user"
        members = self._pages({"$select": "id", "$top": PAGE_USERS}, path=path)
        return Group(group, tuple(persons[each["id"]] for each in members if each["id"] in persons))

    def find(self, email: str) -> str:
        """The identity in Teams of the one full member with an address, "" if there is none or we may not ask.

        The addresses of Entra are the tenant's own word: mail and userPrincipalName of
        https://learn.microsoft.com/graph/api/resources/user.

        Raises:
            UnreachableError: Graph cannot be asked now.
        """
        said = email.replace("'", "''")
        where = f"userType eq 'Member' and (mail eq '{said}' or userPrincipalName eq '{said}')"
        try:
            with closing(self._api()) as api:
                users = _users_in(api.get_json("/users", {"$select": FIELDS, "$filter": where, "$top": 2}))
        except UndeliverableError as no:
            _log.warning("Nobody can be looked up in Microsoft Entra: %s", no)
            return ""
        found = [each for each in users if each.get("accountEnabled") is not False and _address(each) == address(email)]
        return self._identity(str(found[0]["id"])) if len(found) == 1 else ""

    def check(self) -> Iterator[CheckLine]:
        """Whether Graph lets us read people, whose managers they are, and where they are."""
        first: dict[str, str | int] = {"$select": FIELDS, "$top": 1}
        try:
            users = self._pages(first, most=1)
        except OutsideError as trouble:
            yield CheckLine("Microsoft Graph: people", ok=False, advice=in_words(trouble))
            return
        yield CheckLine("Microsoft Graph: people", ok=True)
        try:
            self._pages(first | MANAGER, most=1)
        except OutsideError:
            yield CheckLine("Microsoft Graph: managers", ok=False, advice=NO_MANAGERS)
        else:
            yield CheckLine("Microsoft Graph: managers", ok=True)
        yield from self._check_zones(users)

    def _check_zones(self, users: list[GraphUser]) -> Iterator[CheckLine]:
        """Nobody has to give this right, so it is no trouble if it is missing."""
        with closing(self._api()) as api:
            try:
                read = not users or may_read(api, users[0]["id"])
            except OutsideError as trouble:
                yield CheckLine("Microsoft Graph: time zones", ok=False, advice=in_words(trouble))
                return
        if read:
            yield CheckLine("Microsoft Graph: time zones", ok=True)
        else:
            yield CheckLine("Microsoft Graph: time zones are not read", ok=True, advice=NO_ZONES)

    def _zones(self, users: list[GraphUser], persons: Mapping[str, str], known: Known) -> dict[str, str]:
        """The zones of users of whom no other source says one; as they were for whom Graph did not answer for."""
        asked = [
            user["id"]
            for user in users
            if user.get("accountEnabled") and not _zone_of(known.people.get(persons[user["id"]]))
        ]
        with closing(self._api()) as api:
            found = zones_of(api, asked)
        remembered = {each: known.remembered.get(persons[each]) for each in asked if each not in found}
        return found | {each: person.zone for each, person in remembered.items() if person}

    def _users(self) -> list[GraphUser]:
        """Every full member of the tenant."""
        asked: dict[str, str | int] = {"$select": FIELDS, "$top": PAGE_USERS, "$filter": "userType eq 'Member'"}
        try:
            return self._pages(asked | MANAGER)
        except KeyRefusedError:
            users = self._pages(asked)  # if people are refused as well, this says so
        _log.warning("Microsoft Graph: people are read without their managers. %s", NO_MANAGERS)
        return users

    def _pages(self, asked: Mapping[str, str | int], most: int = PAGES_MAX, path: str = "/users") -> list[GraphUser]:
        """The users of all pages, or of the first ones."""
        users: list[GraphUser] = []
        here, params, seen = f"{self._url}{path}?", dict(asked) or None, {""}
        with closing(self._api()) as api:
            for _ in range(most):
                page = api.get_json(path, params)
                users += _users_in(page)
                following = str(page.get("@odata.nextLink") or "")
                if not following or most < PAGES_MAX:
                    return users
                if following in seen or not following.startswith(here):
                    raise UndeliverableError(
                        "Microsoft Graph sent us to a page that cannot be right, so nothing counts."
                    )
                seen.add(following)
                path, params = following.removeprefix(self._url), None
        raise UndeliverableError(
            "Microsoft Graph has no end of people: after {most} pages there are more.", most=PAGES_MAX
        )

    def _api(self) -> Api:
        return Api("Microsoft Graph", self._url, ApiKey("TEAMS_APP_SECRET", self._token(), {}, NEEDED), PATIENCE)

    def _persons(self, users: list[GraphUser], known: Known) -> dict[str, str]:
        """The person behind each user: linked before, or of the same address, or new.

        Who has no address, or left and is nobody we know, is left out.
        """
        links = {each.external_id: each.account for each in known.earlier.links if each.platform == "teams"}
        persons, newcomers = {}, []
        for user in users:
            identity, address = self._identity(user["id"]), _address(user)
            account = links.get(identity) or known.linked.get(identity, "")
            if account:
                if account.startswith(PERSON):  # else it is an agent's, or a team's
                    persons[user["id"]] = account.removeprefix(PERSON)
            elif address and (person := known.by_email(address)):
                persons[user["id"]] = person
            elif address and user.get("accountEnabled"):
                newcomers.append((address, user["id"]))
        own = {*persons.values()}
        taken = Taken(own.__contains__, known.has)
        for address, user_id in sorted(newcomers):
            persons[user_id] = id_from_email(address, taken)
            own.add(persons[user_id])
        return persons

    def _links(self, persons: Mapping[str, str], known: Known) -> Iterator[Link]:
        for user_id, person in persons.items():
            if self._link_by_email or person not in known.people:
                yield Link("teams", "user", self._identity(user_id), PERSON + person)

    def _identity(self, user_id: str) -> str:
        return f"{self._tenant}/{user_id.lower()}"


def _zone_of(person: Person | None) -> str:
    return person.zone if person else ""


def _users_in(page: Any) -> list[GraphUser]:
    match page:
        case {"value": [*users]} if all(isinstance(each, dict) and isinstance(each.get("id"), str) for each in users):
            return users
        case _:
            raise UndeliverableError("Microsoft Graph sent people that cannot be right, so nothing of it counts.")


def _member(user: GraphUser, persons: Mapping[str, str], ids: DepartmentIds) -> DepartmentLine:
    """Somebody with manager and department."""
    above = user.get("manager")
    manager = persons.get(str(above.get("id")), "") if isinstance(above, dict) else ""
    team = ids.of(storable(str(user.get("department") or "")).strip(), 0)
    return DepartmentLine(0, persons[user["id"]], manager, team, "", "", "")


def _person(user: GraphUser, one: DepartmentLine, zones: Mapping[str, str]) -> Person:
    return Person(
        id=one.person,
        name=storable(str(user.get("displayName") or "")) or one.person,
        email=_address(user),
        manager=one.manager,
        team=one.department,
        zone=zones.get(user["id"], ""),
        locale=locale_name(str(user.get("preferredLanguage") or "")),
        active=bool(user.get("accountEnabled")),
    )


def _address(user: GraphUser) -> str:
    """The address, or else the sign-in name, in lower case; both are given by the tenant's administrators."""
    said = str(user.get("mail") or user.get("userPrincipalName") or "")
    return address(said) if said == storable(said) else ""
