"""`check`: what is configured, what works, and what to do about the rest, line by line."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from sqlalchemy.exc import SQLAlchemyError

from bot import config
from bot.app import App
from bot.build import build
from bot.charts import fonts
from bot.checks import CheckLine
from bot.config import ConfigError, Settings, secret
from bot.directory.combined import Everybody
from bot.directory.source import Probed, UnusableSourceError
from bot.errors import OutsideError
from bot.optional import optional
from bot.platforms.slack.client import web_client
from bot.platforms.slack.messenger import check as check_slack
from bot.run import teams_secret
from storage import conversations, people, set_aside
from storage.db import BusyError, UnreadableDatabaseError

NAMED_MAX = 5
DIFFERENCES_MAX = 20


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
            yield CheckLine("settings", ok=False, advice=line)
        return
    yield CheckLine(f"settings: {len(settings.budgets)} budgets, {len(settings.providers)} providers", ok=True)
    try:
        app = build(settings, environ)
        unlearnt = _unlearnt(app)
    except (UnreadableDatabaseError, SQLAlchemyError, BusyError, OSError) as trouble:
        why = (
            str(trouble)
            if isinstance(trouble, UnreadableDatabaseError)
            else f"{type(trouble).__name__}: see DATABASE_URL"
        )
        yield CheckLine("database", ok=False, advice=f"{why}.".replace("..", "."))
        return
    yield CheckLine(f"database: {app.database.url.render_as_string(hide_password=True)}", ok=True)
    if only:
        yield from _one(app, only)
        app.close()
        return
    yield from _sources(app, unlearnt)
    yield from _probed(app)
    yield from _people(app)
    yield from _references(app)
    yield from _letters(settings)
    yield from _slack(settings, environ)
    yield from _teams(app, environ)
    for name, provider in app.providers.items():
        yield from provider.check()
        yield from set_aside_lines(app, name)
    app.close()


def _one(app: App, name: str) -> Iterator[CheckLine]:
    provider = app.providers.get(name)
    if provider:
        yield from provider.check()
        yield from set_aside_lines(app, name)
    else:
        known = ", ".join(sorted(app.providers)) or "none"
        yield CheckLine(
            f"provider {name}", ok=False, advice=f"There is no provider “{name}” in app.yaml; there is {known}."
        )


def set_aside_lines(app: App, name: str) -> Iterator[CheckLine]:
    """What could not be understood of a provider's answers when it was read."""
    for each in app.database.ask(lambda conn: set_aside.of_provider(conn, name)):
        about = f"{each.part} of {each.day}" if each.day else each.part
        if each.rows is None:
            yield CheckLine(f"{name}: {about} was not read", ok=False, advice=each.why)
            continue
        wrong = ": ".join(filter(None, (each.field, each.why)))
        rows = "1 row" if each.rows == 1 else f"{each.rows} rows"
        yield CheckLine(f"{name}: {rows} of {about} set aside", ok=False, advice=f"{wrong} ({each.place})")


def _unlearnt(app: App) -> str:
    """Why the people sources taught nothing, or ""."""
    try:
        return app.refresh_people()
    except (OutsideError, UnusableSourceError) as trouble:
        return str(trouble)


def _sources(app: App, unlearnt: str) -> Iterator[CheckLine]:
    for line in unlearnt.splitlines():
        yield CheckLine("people sources: nothing was changed", ok=False, advice=line)
    if isinstance(app.directory, Everybody):
        differences = app.directory.disagreements
        for each in differences[:DIFFERENCES_MAX]:
            yield CheckLine("people sources differ", ok=True, advice=each)
        if len(differences) > DIFFERENCES_MAX:
            yield CheckLine(f"people sources differ about {len(differences) - DIFFERENCES_MAX} more", ok=True)


def _letters(settings: Settings) -> Iterator[CheckLine]:
    """Whether pictures can be written in the organization's language."""
    locale = settings.organization.locale
    package = fonts.lacking(locale.partition("_")[0])
    if package:
        advice = f"Charts show boxes for letters of {locale}. Install a font that has them: apt-get install {package}"
        yield CheckLine("fonts", ok=False, advice=advice)


def _probed(app: App) -> Iterator[CheckLine]:
    """What the sources that can be probed say of themselves."""
    for _, source in app.directory.sources if isinstance(app.directory, Everybody) else ():
        if isinstance(source, Probed):
            yield from source.check()


def _people(app: App) -> Iterator[CheckLine]:
    everybody = app.everybody()
    if not everybody:
        yield CheckLine(
            "people: nobody", ok=False, advice="Name people in app.yaml (people:) or a source (directory:)."
        )
        return
    yield CheckLine(f"people: {len(everybody)}", ok=True)
    known = {person.id for person in everybody}
    alone = [person.id for person in everybody if person.manager not in known and "admin" not in person.roles]
    if len(alone) > 1:  # one is at the top
        yield CheckLine(
            f"managers: {len(alone)} people have none that is known ({_few(alone)})",
            ok=True,
            advice="Their requests for more cannot be decided by a manager.",
        )


def _references(app: App) -> Iterator[CheckLine]:
    """Budgets and links that name an account which is not there."""
    known = {each.id for each in app.database.ask(people.every_account)}
    named = [(f"budget {each.name}", each.account_id) for each in app.settings.budgets if each.account_id]
    named += [(f"link of {each.platform} {each.kind} {each.id}", each.account) for each in app.settings.links]
    for what, account in named:
        if account not in known:
            close = get_close_matches(account, sorted(known), n=1, cutoff=0.6)
            meant = f"; did you mean {close[0].replace('/', ' ')}?" if close else ""
            yield CheckLine(
                f"{what}: {account.replace('/', ' ')} is not known{meant}",
                ok=False,
                advice="Mend its name in app.yaml.",
            )


def _slack(settings: Settings, environ: Mapping[str, str]) -> Iterator[CheckLine]:
    needed = {"SLACK_BOT_TOKEN": "xoxb-…"}
    needed |= {"SLACK_APP_TOKEN": "xapp-…"} if settings.slack.mode == "socket" else {"SLACK_SIGNING_SECRET": "hex"}
    have = {name: secret(name, environ) for name in needed}
    if not any(have.values()):
        advice = (
            "Set SLACK_BOT_TOKEN and the rest as docs/how-to/slack.md says; without them only the demo and `say` work."
        )
        yield CheckLine("Slack is not set up", ok=settings.is_sample or settings.msteams.on, advice=advice)
        return
    for name, value in have.items():
        if not value:
            yield CheckLine(
                f"{name} is not set", ok=False, advice=f"It looks like {needed[name]}; see docs/how-to/slack.md."
            )
    if have["SLACK_BOT_TOKEN"]:
        yield from check_slack(web_client(have["SLACK_BOT_TOKEN"], settings.slack.url))


def _teams(app: App, environ: Mapping[str, str]) -> Iterator[CheckLine]:
    if not app.settings.msteams.on:
        return
    try:
        teams = optional("bot.platforms.teams.setup")
        connector = teams.Connector(app.settings.msteams, teams_secret(app, environ))
    except ConfigError as trouble:
        yield CheckLine("Teams", ok=False, advice=str(trouble))
        return
    yield teams.checked(connector)
    yield unreached(app)


def unreached(app: App) -> CheckLine:
    """Who is known in Teams and has no chat with the app, so that nothing can be shown to them there."""
    everybody = app.database.ask(lambda conn: people.members(conn, "teams"))
    places = {identity.rpartition("/")[2]: account for identity, account in everybody}
    reached = app.database.ask(lambda conn: conversations.known(conn, places))
    missing = [account.removeprefix("person/") for place, account in places.items() if place not in reached]
    if not missing:
        return CheckLine(f"Teams: {len(places)} people can be written to", ok=True)
    return CheckLine(
        f"Teams: {len(missing)} people have no chat with the app yet ({_few(missing)})",
        ok=True,
        advice="It is opened with the first message if the app is installed for them: see the setup policies in "
        "Teams' admin center.",
    )


def _few(names: Sequence[str]) -> str:
    """Some of the names, and how many more there are."""
    more = f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else ""
    return ", ".join(names[:NAMED_MAX]) + more
