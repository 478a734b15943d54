"""The members of a workspace of Slack, and the person behind each. There may be hundreds of thousands.

So they are in a scratch database; of what Slack says of a user, a tenth is kept.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.directory.links import StagedLinks
from bot.directory.merge import Words
from bot.directory.names import id_from_email, locale_name
from bot.directory.scratch import Scratch
from bot.directory.source import Known, Taken
from bot.platforms.slack.client import confirmed_address
from handlers.policy import ZONES
from handlers.sentence import storable
from storage.directory import Person

PERSON = "person/"
_TABLES = (
    """
    create table member (id text primary key, is_ours integer, has_address integer, email text, name text, zone text,
      locale text, has_left integer, updated integer, person text, linked integer, is_new integer) without rowid
    """,
    "create index member_person on member (person) where person <> ''",
)
_MADE = "update member set person = ?, linked = 1, is_new = 1 where id = ?"
_NEWCOMERS = """
    select id, email from member where is_ours and person is null and email <> '' and not has_left order by email, id
"""
# Who was deactivated beside somebody else who is the same person.
_DOUBLES = """
    update member set person = '' where has_left and person <> '' and exists (
      select 1 from member as other where other.person = member.person and not other.has_left
    )
"""
# Who is known first, then the new ones by their addresses: of two that have one address, the first has it.
_PEOPLE = """
    select person, name, email, zone, locale, has_left from member where person <> ''
    order by is_new, case when is_new then email else '' end, id
"""
_LINKS = """
    select 'slack', 'user', {workspace} || '/' || id, 'person/' || person
    from member where person <> '' and linked order by id
"""
_PERSON_OF = "select id, person from member where person <> ''"


class Members:
    """Slack users who are or were ours, and who they are here.

    Args:
        workspace: their workspace or organization, as identities begin.
    """

    def __init__(self, workspace: str) -> None:
        self._workspace = workspace
        self._scratch = Scratch()
        for each in _TABLES:
            self._scratch(each)
        self.person_of: Mapping[str, str] = Words(self._scratch, _PERSON_OF, "id")
        """The person behind a user, by the user's id."""

    def load(self, users: Iterable[tuple[Mapping[str, Any], bool]]) -> None:
        """Take users as Slack has them, each with whether it is ours; what is said last of one counts."""
        self._scratch.load("member", (_row(user, is_ours=is_ours) for user, is_ours in users), "or replace")

    def lack_addresses(self) -> bool:
        """Whether there are members, and not one of them has an address that is shown."""
        most = self._scratch.one("select max(has_address) from member where is_ours")
        return most is not None and not most

    def find(self, known: Known, *, link_by_email: bool) -> None:
        """Find the person behind each: linked before, or of the same address, or new.

        Who was deactivated and is nobody we know is left out, and so is who has no confirmed address.

        Args:
            known: what is known of people.
            link_by_email: whether an address is enough to link a user to somebody who is known.
        """
        linked = {each.external_id: each.account for each in known.earlier.links if each.platform == "slack"}

        def found() -> Iterator[tuple[str, bool, str]]:
            for user, email in self._scratch("select id, email from member where is_ours order by id"):
                identity = f"{self._workspace}/{user}"
                account = linked.get(identity) or known.linked.get(identity, "")
                if account.startswith(PERSON):
                    yield account.removeprefix(PERSON), True, user
                elif account:
                    yield "", False, user  # an agent's, or a team's
                elif email and (person := known.by_email(email)):
                    yield person, link_by_email, user

        self._note(found())
        taken = Taken(self._is_somebody, known.has)
        for user, email in self._scratch(_NEWCOMERS).fetchall():
            self._scratch(_MADE, id_from_email(email, taken), user)
        self._scratch(_DOUBLES)

    def _note(self, found: Iterable[tuple[str, bool, str]]) -> None:
        self._scratch("create temp table found (person text, linked integer, id text)")
        self._scratch.load("found", found)
        self._scratch(
            "update member set person = found.person, linked = found.linked from found where found.id = member.id"
        )
        self._scratch("drop table found")

    def _is_somebody(self, person_id: str) -> bool:
        return self._scratch.one("select 1 from member where person = ? and person <> ''", person_id) is not None

    def there(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Who was not deactivated: the person, with the user's id and how new it is."""
        rows = self._scratch("select person, id, updated from member where person <> '' and not has_left order by id")
        return ((person, {"id": user, "updated": updated}) for person, user, updated in rows)

    def links(self) -> StagedLinks:
        """Whose each user is, as far as it may be said."""
        workspace = "'" + self._workspace.replace("'", "''") + "'"
        return StagedLinks(self._scratch, _LINKS.format(workspace=workspace))

    def people(self, managers: Mapping[str, str]) -> Iterator[Person]:
        """Everybody, with their managers."""
        for person, name, email, zone, locale, has_left in self._scratch(_PEOPLE):
            yield Person(
                id=person,
                name=name or person,
                email=email,
                manager=managers.get(person, ""),
                zone=zone,
                locale=locale_name(locale),
                active=not has_left,
            )


def _row(user: Mapping[str, Any], *, is_ours: bool) -> tuple[object, ...]:
    """In the order of the columns; of who is not ours, nothing but that."""
    if not is_ours:
        return (str(user["id"]), False, False, "", "", "", "", True, 0, None, False, False)
    profile = user.get("profile") or {}
    names = (profile.get("real_name"), user.get("real_name"), profile.get("display_name"), user.get("name"))
    zone = user.get("tz") or ""
    return (
        str(user["id"]),
        True,
        bool(profile.get("email")),
        confirmed_address(user),
        storable(next(filter(None, names), "")),
        zone if zone in ZONES else "",
        user.get("locale") or "",
        bool(user.get("deleted")),
        user.get("updated") or 0,
        None,
        False,
        False,
    )
