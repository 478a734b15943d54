"""`check`: what is configured, what works, and what to do about the rest, line by line."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

from slack_sdk import WebClient
from sqlalchemy.exc import SQLAlchemyError

from bot import config
from bot.app import App
from bot.build import build
from bot.charts import fonts
from bot.checks import CheckLine
from bot.cli.addresses import addresses
from bot.config import ConfigError, Settings, secret
from bot.database_trouble import sentence
from bot.directory.combined import Everybody
from bot.directory.source import Probed, UnusableSourceError
from bot.errors import OutsideError
from bot.optional import optional
from bot.platforms.slack.client import web_client
from bot.platforms.slack.install import INSTALL_PATH
from bot.platforms.slack.messenger import check as check_slack
from bot.platforms.slack.messenger import check_app_token, check_channel
from bot.platforms.slack.workspaces import CLIENT_SECRET, KEYS
from bot.run import teams_secret
from bot.texts import in_words, kept, nt, speak_as, t
from handlers import parse_command
from handlers.admin import REPLICA
from handlers.context import CLOCK, NOWHERE, Context
from handlers.errors import RefusedError
from handlers.parser import understand
from handlers.place import Place, named_place
from handlers.telemetry import twice_in_words
from storage import conversations, people, set_aside
from storage.db import BusyError, Connection, UnreadableDatabaseError

ENDS_SOON = timedelta(days=30)
"""So long before its end a token is spoken of."""
NAMED_MAX = 5


def findings(environ: Mapping[str, str], only: str = "") -> Iterator[CheckLine]:
    """Settings, database, people, platforms and providers, in the order in which they are needed.

    Args:
        environ: where secrets are.
        only: the name of the one provider to be looked at, besides settings and database.
    """
    try:
        settings = config.load(environ)
    except ConfigError as trouble:
        for line in str(trouble).splitlines():
            yield CheckLine(t("settings"), ok=False, advice=line)
        return
    speak_as(settings.organization.locale)
    yield CheckLine(_counted(settings), ok=True)
    try:
        app = build(settings, environ)
        unlearnt = _unlearnt(app)
    except (SQLAlchemyError, UnreadableDatabaseError) as trouble:
        yield CheckLine(t("database"), ok=False, advice=sentence(trouble))
        return
    except ConfigError as trouble:
        yield CheckLine(t("settings"), ok=False, advice=str(trouble))
        return
    except BusyError:
        yield CheckLine(t("database"), ok=False, advice=t("The database is busy. Try again in a minute."))
        return
    yield CheckLine(t("database: {url}", url=app.database.url.render_as_string(hide_password=True)), ok=True)
    yield from _readable_by_others(app)
    yield from _replica(app)
    yield from addresses(settings.providers, only)
    if only:
        yield from _one(app, only)
        app.close()
        return
    yield from _sources(app, unlearnt)
    yield from _probed(app)
    yield from _people(app)
    yield from _references(app)
    yield from _schedule(app)
    yield from _letters(settings)
    yield from _slack(app, environ)
    yield from _teams(app, environ)
    yield from _channels(app, environ)
    yield from _console(app, environ)
    for name, provider in app.providers.items():
        yield from provider.check()
        yield from set_aside_lines(app, name)
    yield from outcome_lines(app)
    yield from _told_twice(app)
    app.close()


def _replica(app: App) -> Iterator[CheckLine]:
    """Whether the read replica can be used, if there is one."""
    if app.database.replica is None:
        return
    why = app.database.look_at_replica(app.now())
    advice = sentence(UnreadableDatabaseError("replica_is_primary")) if why == "primary" else t(REPLICA.get(why, ""))
    where = app.database.replica.url.render_as_string(hide_password=True)
    yield CheckLine(t("read replica: {url}", url=where), ok=why in ("", "late"), advice=advice)


def outcome_lines(app: App) -> Iterator[CheckLine]:
    """Where outcomes are counted: whether it can be read, and whether the teams of app.yaml are there."""
    teams = {each.id.removeprefix("team/") for each in app.database.ask(people.every_account) if each.kind == "team"}
    for rules in app.settings.outcomes:
        source = app.outcomes[rules.called]
        lines = list(source.check())
        yield from lines
        ends = source.token_ends() if all(each.ok for each in lines) else None
        if ends and ends <= app.now().astimezone(app.policy.zone).date() + ENDS_SOON:
            what = t("token of {name}", name=rules.called)
            yield CheckLine(what, ok=True, advice=t("It ends on {day}. Set a new one.", day=ends.isoformat()))
        for unknown in sorted((rules.teams.keys() | rules.owners.keys()) - teams):
            what = t("outcomes of {name}", name=rules.called)
            yield CheckLine(what, ok=False, advice=t("There is no team “{name}”.", name=unknown))


def _told_twice(app: App) -> Iterator[CheckLine]:
    """What programs tell by telemetry, and a gateway that app.yaml does not name as theirs reports as well."""

    def read(conn: Connection) -> list[tuple[str, str]]:
        return list(twice_in_words(Context(conn, app.now(), CLOCK, NOWHERE, app.policy)))

    for text, advice in app.database.ask(read):
        yield CheckLine(text, ok=True, advice=advice)


def summary(lines: Sequence[CheckLine]) -> str:
    """What all lines come to. All is only well if nothing is left to be read."""
    wrong, notes = (sum(each.mark == mark for each in lines) for mark in ("FAIL", "note"))
    if wrong:
        return nt("{n} check failed.", "{n} checks failed.", wrong)
    if notes:
        return nt(
            "Nothing failed. Please read the note above.", "Nothing failed. Please read the {n} notes above.", notes
        )
    return t("All is well.")


def _counted(settings: Settings) -> str:
    return t(
        "settings: {budgets}, {providers}",
        budgets=nt("{n} budget", "{n} budgets", len(settings.budgets)),
        providers=nt("{n} provider", "{n} providers", len(settings.providers)),
    )


def _one(app: App, name: str) -> Iterator[CheckLine]:
    provider = app.providers.get(name)
    if provider:
        yield from provider.check()
        yield from set_aside_lines(app, name)
    else:
        yield CheckLine(t("provider {name}", name=name), ok=False, advice=no_provider(app, name))


def no_provider(app: App, name: str) -> str:
    """That there is no provider of that name, and which there are."""
    if not app.providers:
        return t("There is no provider “{name}” in app.yaml; there is none at all.", name=name)
    known = ", ".join(sorted(app.providers))
    return t("There is no provider “{name}” in app.yaml. You can write: {names}", name=name, names=known)


def set_aside_lines(app: App, name: str) -> Iterator[CheckLine]:
    """What could not be understood of a provider's answers when it was read."""
    for each in app.database.ask(lambda conn: set_aside.of_provider(conn, name)):
        about = t("{part} of {day}", part=each.part, day=each.day) if each.day else each.part
        if each.rows is None:
            yield CheckLine(t("{name}: {part} was not read", name=name, part=about), ok=False, advice=kept(each.why))
            continue
        wrong = ": ".join(filter(None, (each.field, kept(each.why))))
        rows = nt(
            "{name}: {n} row of {part} set aside",
            "{name}: {n} rows of {part} set aside",
            each.rows,
            name=name,
            part=about,
        )
        yield CheckLine(rows, ok=False, advice=f"{wrong} ({kept(each.place)})")


def _readable_by_others(app: App) -> Iterator[CheckLine]:
    """Everything is in the file, and who reads it sees the figures of everybody."""
    file = Path(app.database.url.database or "")
    if app.database.is_sqlite and file.stat().st_mode & 0o007:
        advice = t("Anybody on this machine can read the database: chmod o= {file}", file=file)
        yield CheckLine(t("the file of the database"), ok=True, advice=advice)


def _unlearnt(app: App) -> str:
    """Why the people sources taught nothing, or ""."""
    try:
        return app.refresh_people(anew=True)
    except (OutsideError, UnusableSourceError) as trouble:
        return in_words(trouble)


def _sources(app: App, unlearnt: str) -> Iterator[CheckLine]:
    for line in unlearnt.splitlines():
        yield CheckLine(t("people sources: nothing was changed"), ok=False, advice=line)
    if isinstance(app.directory, Everybody):
        for each in app.directory.left_out:
            yield CheckLine(t("people sources: something could not be used"), ok=False, advice=each)
        differences = app.directory.disagreements
        for each in differences.shown:
            yield CheckLine(t("people sources differ"), ok=True, advice=each)
        more = differences.count - len(differences.shown)
        if more:
            yield CheckLine(t("people sources differ about {n} more", n=more), ok=True)


def _letters(settings: Settings) -> Iterator[CheckLine]:
    """Whether pictures can be written in the organization's language."""
    locale = settings.organization.locale
    package = fonts.lacking(locale.partition("_")[0])
    if package:
        advice = t(
            "Charts show boxes for letters of {locale}. Install a font that has them: apt-get install {package}",
            locale=locale,
            package=package,
        )
        yield CheckLine(t("fonts"), ok=False, advice=advice)


def _probed(app: App) -> Iterator[CheckLine]:
    """What the sources that can be probed say of themselves."""
    for _, source in app.directory.sources if isinstance(app.directory, Everybody) else ():
        if isinstance(source, Probed):
            yield from source.check()


def _people(app: App) -> Iterator[CheckLine]:
    everybody = app.everybody()
    if not everybody:
        advice = t("Add people to app.yaml (people:), or a source (directory:).")
        yield CheckLine(t("people: nobody"), ok=False, advice=advice)
        return
    yield CheckLine(nt("people: {n}", "people: {n}", len(everybody)), ok=True)
    linked = app.database.ask(people.linked_people)
    unreached = [person.id for person in everybody if not person.email and person.id not in linked]
    if unreached:
        yield CheckLine(
            nt(
                "{n} person has neither an e-mail address nor a link ({names})",
                "{n} people have neither an e-mail address nor a link ({names})",
                len(unreached),
                names=_few(unreached),
            ),
            ok=False,
            advice=t("Add the address, or they are not recognized in chat and at providers."),
        )
    known = {person.id for person in everybody}
    alone = [person.id for person in everybody if person.manager not in known and "admin" not in person.roles]
    if len(alone) > 1:  # one is at the top
        yield CheckLine(
            nt(
                "managers: {n} person has none that is known ({names})",
                "managers: {n} people have none that is known ({names})",
                len(alone),
                names=_few(alone),
            ),
            ok=True,
            advice=t("Their requests for more cannot be decided by a manager."),
        )


def _references(app: App) -> Iterator[CheckLine]:
    """Budgets and links that name an account which is not there."""
    known = {each.id for each in app.database.ask(people.every_account)}
    named = [(t("budget {name}", name=each.name), each.account_id) for each in app.settings.budgets if each.account_id]
    named += [
        (t("link of {platform} {kind} {id}", platform=each.platform, kind=each.kind, id=each.id), each.account)
        for each in app.settings.links
    ]
    for what, account in named:
        if account not in known:
            called = account.replace("/", " ")
            close = get_close_matches(account, sorted(known), n=1, cutoff=0.6)
            advice = (
                t("Correct the name in app.yaml. Did you mean {name}?", name=close[0].replace("/", " "))
                if close
                else t("Correct the name in app.yaml.")
            )
            yield CheckLine(t("{what}: unknown {name}", what=what, name=called), ok=False, advice=advice)


def _schedule(app: App) -> Iterator[CheckLine]:
    """Scheduled commands that would be refused, such as one about a team that is not there; owners who are unknown."""
    known = {person.id for person in app.everybody()}
    for line in app.settings.schedule:
        if line.owner and line.owner not in known:
            what = t("scheduled command “{words}”: unknown owner “{name}”", words=line.say, name=line.owner)
            yield CheckLine(what, ok=False, advice=t("Write the id of a person. Until then admins are notified."))
        place = named_place(line.place) if line.place else Place("nowhere", "")
        command, rest = parse_command(line.say)
        try:
            app.database.ask(
                lambda conn, command=command, rest=rest, place=place: understand(  # type: ignore[misc]
                    command, rest, {}, Context(conn, app.now(), CLOCK, place, app.policy)
                )
            )
        except RefusedError as no:
            yield CheckLine(t("scheduled command “{words}”", words=line.say), ok=False, advice=t(no.why, **no.values))


def _slack(app: App, environ: Mapping[str, str]) -> Iterator[CheckLine]:
    settings, several = app.settings, bool(app.settings.slack.workspaces)
    page = "docs/how-to/slack-workspaces.md" if several else "docs/how-to/slack.md"
    needed = {CLIENT_SECRET: "hex", KEYS: "…="} if several else {"SLACK_BOT_TOKEN": "xoxb-…"}
    needed |= {"SLACK_APP_TOKEN": "xapp-…"} if settings.slack.mode == "socket" else {"SLACK_SIGNING_SECRET": "hex"}
    have = {name: secret(name, environ) for name in needed}
    if not any(have.values()) and not (settings.slack.is_set and not settings.msteams.on):
        how = t("To use Slack, set SLACK_BOT_TOKEN and the rest as {page} says.", page=page)
        alone = t("Nobody is notified in chat; the console, the API and telemetry work.")
        yield CheckLine(t("Slack is not set up"), ok=True, advice=how if settings.msteams.on else f"{alone} {how}")
        return
    for name, value in have.items():
        if not value:
            advice = t("It looks like {example}; see {page}.", example=needed[name], page=page)
            yield CheckLine(t("{name} is not set", name=name), ok=False, advice=advice)
    if token := have.get("SLACK_APP_TOKEN"):
        yield check_app_token(token, settings.slack.url)
    if several:
        yield from _workspaces(app, environ)
    elif have["SLACK_BOT_TOKEN"]:
        yield from check_slack(web_client(have["SLACK_BOT_TOKEN"], settings.slack.url))


def _workspaces(app: App, environ: Mapping[str, str]) -> Iterator[CheckLine]:
    """Whether each workspace that app.yaml names has installed the app, with all scopes."""
    slack = app.settings.slack
    if secret("SLACK_BOT_TOKEN", environ):
        advice = t("Remove it: slack.workspaces of app.yaml says that each workspace has a token of its own.")
        yield CheckLine(t("SLACK_BOT_TOKEN is not used"), ok=True, advice=advice)
    try:
        installed = _workspaces_of(app, environ)
    except ConfigError as trouble:
        yield CheckLine(t("Slack: workspaces"), ok=False, advice=str(trouble))
        return
    there = installed.every()
    for id in slack.workspaces:
        what = t("Slack: workspace {id}", id=id)
        if id not in there:
            where = f"{slack.address}{INSTALL_PATH}?team={id}"
            yield CheckLine(
                what, ok=False, advice=t("It has not installed the app: open {address} there.", address=where)
            )
        elif not there[id].bot_token:
            advice = t("Its token cannot be decrypted: add the missing key to {name}, or install it again.", name=KEYS)
            yield CheckLine(what, ok=False, advice=advice)
        else:
            yield CheckLine(what, ok=True)
            yield from check_slack(installed.client(id))


def _teams(app: App, environ: Mapping[str, str]) -> Iterator[CheckLine]:
    if not app.settings.msteams.on:
        return
    try:
        teams = optional("bot.platforms.teams.setup")
        connector = teams.Connector(app.settings.msteams, teams_secret(app, environ))
    except ConfigError as trouble:
        yield CheckLine(t("Teams"), ok=False, advice=str(trouble))
        return
    yield teams.checked(connector)
    yield unreached(app)


def _channels(app: App, environ: Mapping[str, str]) -> Iterator[CheckLine]:
    """Whether what is scheduled, and what budgets tell, can be shown in the channels that app.yaml names."""
    named = [each.place for each in app.settings.schedule] + [each.alert_in for each in app.settings.budgets]
    clients = _clients(app, environ)
    for place in (named_place(words) for words in dict.fromkeys(filter(None, named))):
        what = t("channel {place}", place=place)
        workspace, _, channel = place.id.rpartition("/")
        client = clients.get(workspace) if place.platform == "slack" else None
        if place.platform == "slack" and client is None and workspace:
            yield CheckLine(what, ok=False, advice=t("Workspace {id} has not installed the app.", id=workspace))
        elif place.platform == "slack" and client is None:
            yield CheckLine(what, ok=False, advice=t("Slack is not set up, so nothing can be shown there."))
        elif place.platform == "slack" and client is not None and place.public:
            yield check_channel(client, channel)
        elif place.platform == "teams":
            here = app.database.ask(lambda conn, place=place: conversations.known(conn, [place.id]))  # type: ignore[misc]
            advice = t("Add the app to it and mention the bot there once.")
            yield CheckLine(what, ok=bool(here), advice="" if here else advice)
        elif place.platform == "web" and not app.settings.is_sample:
            yield CheckLine(what, ok=False, advice=t("Only the demo shows it. Write a channel of Slack or Teams."))


def _clients(app: App, environ: Mapping[str, str]) -> Mapping[str, WebClient]:
    """What asks each workspace of Slack, by what channels of it begin with in app.yaml."""
    slack, token = app.settings.slack, secret("SLACK_BOT_TOKEN", environ)
    if not slack.workspaces:
        return {"": web_client(token, slack.url)} if token else {}
    try:
        installed = _workspaces_of(app, environ)
    except ConfigError:
        return {}  # said above
    found = {id: installed.client(id) for id in installed.every()}
    first = slack.workspaces[0]
    return found | ({"": found[first]} if first in found else {})


def _workspaces_of(app: App, environ: Mapping[str, str]) -> Any:
    """See installations.workspaces_of: what encrypts tokens takes 14 MB, and `run` loads this file, too."""
    return import_module("bot.installations").workspaces_of(app.settings, environ, app.database, app.now)


def _console(app: App, environ: Mapping[str, str]) -> Iterator[CheckLine]:
    """Whether people can sign in to the console."""
    settings = app.settings.console
    if not settings.url or not settings.sign_in:
        return
    try:
        sign_in = optional("bot.console.sign_in_check", "OpenID Connect", "requirements-console.txt")
    except ConfigError as trouble:
        yield CheckLine(t("console"), ok=False, advice=str(trouble))
        return
    yield from sign_in.lines(settings, environ, app.now)


def unreached(app: App) -> CheckLine:
    """Who is known in Teams and has no chat with the app, so that nothing can be shown to them there."""
    everybody = app.database.ask(lambda conn: people.members(conn, "teams"))
    places = {identity.rpartition("/")[2]: account for identity, account in everybody}
    reached = app.database.ask(lambda conn: conversations.known(conn, places))
    missing = [account.removeprefix("person/") for place, account in places.items() if place not in reached]
    if not missing:
        return CheckLine(
            nt("Teams: {n} person can be written to", "Teams: {n} people can be written to", len(places)), ok=True
        )
    return CheckLine(
        nt(
            "Teams: {n} person has no chat with the app yet ({names})",
            "Teams: {n} people have no chat with the app yet ({names})",
            len(missing),
            names=_few(missing),
        ),
        ok=True,
        advice=t(
            "It is opened with the first message if the app is installed for them: see the setup policies in Teams' "
            "admin center."
        ),
    )


def _few(names: Sequence[str]) -> str:
    """Some of the names, and how many more there are."""
    shown = ", ".join(names[:NAMED_MAX])
    more = len(names) - NAMED_MAX
    return nt("{names} and {n} more", "{names} and {n} more", more, names=shown) if more > 0 else shown
