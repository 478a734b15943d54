"""What the commands of bot/__main__.py do; what each is for is said there. Those of an answer alone are in say.py."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import TextIO

import shtab
from sqlalchemy import Connection

from bot import __version__, config, logging
from bot.allocator import share_one_heap
from bot.api.manifest import HOOK_MANIFESTS, Hooks
from bot.app import App, utc_now
from bot.build import build
from bot.cli.backups import back_up, move, restore
from bot.cli.check import findings, no_provider, summary
from bot.cli.check_person import rules_of
from bot.cli.demo import demo_app, serve_demo
from bot.cli.import_outcomes import read as read_outcomes
from bot.cli.opened import opened, plainly, settings_of
from bot.config import database_url
from bot.console.sign_in import make_link
from bot.directory.combined import Everybody
from bot.directory.source import UnusableSourceError
from bot.errors import OutsideError
from bot.exports.files import AUDIT_COLUMNS, anew, audit_rows, write_csv
from bot.exports.files import export as export_month
from bot.optional import optional
from bot.platforms import terminal
from bot.platforms.slack.install import BACK_PATH
from bot.platforms.slack.manifest import manifest
from bot.run import events_url, scopes_for, serve
from bot.shared_clock import SharedClock
from bot.sync.usage import pull
from bot.telemetry.manifest import MANIFESTS, PLACEHOLDER
from bot.texts import in_words, nt, t
from handlers import COMMANDS as SENTENCES
from handlers.card import CARD, Card, Text
from handlers.context import CLOCK, NOWHERE, Context
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.periods import called_after, period_of
from handlers.place import Place
from handlers.planning import try_policy
from handlers.sentence import Sentence
from storage import audit, installation, people, set_aside
from storage.db import Database, UnreadableDatabaseError
from storage.outcomes import record as record_outcomes
from storage.tables import metadata

ONE_DAY = timedelta(days=1)
TEAMS_PACKAGE = "bursar-teams.zip"


def _progress(what: str, steps: int) -> AbstractContextManager[Callable[[str], None]]:
    """See bot/cli/progress.py; what draws it is loaded by the few commands that take long."""
    return import_module("bot.cli.progress").progress(what, steps)  # type: ignore[no-any-return]


def run(args: argparse.Namespace) -> int:
    share_one_heap(os.environ)
    logging.to_json()
    clock = SharedClock()
    app = opened(now=clock)
    if app.settings.server.log == "console":
        logging.to_console()
    if args.host:
        app.settings = app.settings.at_host(args.host)
    if app.database.look_at_replica(app.now()) == "primary":
        raise UnreadableDatabaseError("replica_is_primary")
    serve(app, os.environ)
    return 0


def demo(args: argparse.Namespace) -> int:
    logging.quiet()
    settings = settings_of(or_sample=True)
    if not settings.is_sample:
        raise config.ConfigError(
            t(
                "The demo page lets anyone be anyone, so it only shows the sample company. Unset BURSAR_CONFIG, "
                "or set it to an app.yaml whose only provider is the sample."
            )
        )
    url = database_url(settings)
    if args.reset and url != config.DEMO_DATABASE:
        raise config.ConfigError(
            t("--reset only empties the demo's own file. Empty the database of DATABASE_URL yourself.")
        )
    if args.reset:
        _forget_demo()
    _keep_private(url)
    serve_demo(demo_app(settings, url), args.host, args.port)
    return 0


def check(args: argparse.Namespace) -> int:
    logging.quiet()
    if args.what == "audit":
        return _check_audit()
    if args.person:
        return _check_person(args.person, as_json=args.json)
    lines = []
    for line in findings(os.environ, args.provider):
        lines.append(line)
        if args.json:
            continue
        advice = f"\n     {line.advice}" if line.advice else ""
        print(f"{line.mark:4} {line.what}{advice}", flush=True)
    if args.json:
        said = [{"mark": each.mark, "what": each.what, "advice": each.advice} for each in lines]
        print(json.dumps({"ok": all(each.ok for each in lines), "lines": said}, ensure_ascii=False, indent=2))
    else:
        print(summary(lines))
    return 0 if all(line.ok for line in lines) else 1


def _check_person(person: str, *, as_json: bool) -> int:
    app = opened()
    lines = list(rules_of(app, person))
    print(json.dumps(lines, ensure_ascii=False, indent=2) if as_json else "\n".join(lines))
    app.close()
    return 0


def _check_audit() -> int:
    app = build(settings_of())
    broken = app.database.ask(audit.first_broken)
    app.close()
    if broken is None:
        print(t("The audit is complete: every row follows from the one before."))
        return 0
    changed = N_(
        "Row {n} of the audit does not follow from the one before: it, or one before it, was changed or removed."
    )
    print(t(changed, n=broken))
    return 1


def export(args: argparse.Namespace) -> int:
    logging.quiet()
    app = build(settings_of())
    if args.what == "audit":
        _printed(app, lambda conn, out: write_csv(out, AUDIT_COLUMNS, audit_rows(audit.rows(conn))))
    else:
        today = app.now().astimezone(app.policy.zone).date()
        this = called_after(period_of(today, "month", app.policy.calendar).first)
        month = args.month or period_of(this - ONE_DAY, "month")
        named = {"focus": f"focus-{args.profile}", "commitments": "focus-1.3-commitments"}
        what = named.get(args.what, args.what)
        _printed(app, lambda conn, out: export_month(conn, app.policy, what, month, out))
    app.close()
    return 0


def _printed(app: App, write: Callable[[Connection, TextIO], object]) -> None:
    """Print what is written once it is whole: a question may be asked again."""
    with TemporaryFile("w+", encoding="utf-8", newline="") as out:
        app.database.ask(anew(out, lambda conn: write(conn, out)), anywhere=True)
        out.seek(0)
        copyfileobj(out, sys.stdout)


def try_(args: argparse.Namespace) -> int:
    logging.quiet()
    proposed = config.load({"BURSAR_CONFIG": str(args.file)}).policy
    app = opened(or_sample=True)
    words = " ".join(args.words)

    def work(conn: Connection) -> Card:
        ctx = Context(conn, app.now(), CLOCK, Place("terminal", ""), app.policy, {CLOCK.id: CLOCK})
        return try_policy(ctx, proposed, words, as_csv=args.csv)

    try:
        card = app.database.ask(work, anywhere=True).whole
    except RefusedError as refused:
        print(in_words(refused), file=sys.stderr)
        return 1
    finally:
        app.close()
    if args.csv:
        for file in card.files:
            write_csv(sys.stdout, file.columns, file.rows)
    else:
        print(CARD.dump_json(card, indent=2).decode() if args.json else terminal.render(card))
    return 0


def sync(args: argparse.Namespace) -> int:
    logging.quiet()
    app = opened()
    names = [args.provider] if args.provider else sorted(app.providers)
    unknown = [name for name in names if name not in app.providers]
    if unknown:
        raise config.ConfigError(no_provider(app, unknown[0]))
    failed = _read(app, names)
    limited = [name for name in names if "limits" in app.providers[name].can]
    for name in limited:
        try:
            app.limits.read(app.providers[name], compare=not args.dry_run)
        except OutsideError as trouble:
            failed = 1
            print(f"{name}: {in_words(trouble)}", file=sys.stderr)
    if args.dry_run:
        print(terminal.render(app.hear(Sentence("limits", CLOCK.id, NOWHERE))))
    while limited and not args.dry_run and app.deliver():
        pass
    return failed


def token(args: argparse.Namespace) -> int:
    logging.quiet()
    app = opened()
    person = args.person.removeprefix("@")
    card = app.hear(Sentence(" ".join(["token", *args.words]), person, Place("terminal", person)))
    app.close()
    secrets = [block.secret for block in card.blocks if isinstance(block, Text) and block.secret]
    rest = replace(card, blocks=tuple(block for block in card.blocks if not (isinstance(block, Text) and block.secret)))
    print(terminal.render(rest), file=sys.stderr if secrets else sys.stdout)
    for secret in secrets:
        print(secret)
    return 1 if card.tone in ("bad", "warn") else 0


def signin(args: argparse.Namespace) -> int:
    logging.quiet()
    app = opened()
    if not app.settings.console.url:
        raise config.ConfigError(t("There is no console. Say in app.yaml how browsers reach it: console.url"))
    person = {one.id: one for one in app.everybody()}.get(args.person.removeprefix("@"))
    if person is None:
        raise config.ConfigError(t("I don't know “{name}”. Write the id of somebody, such as ana.", name=args.person))
    print(make_link(app, person))
    app.close()
    return 0


def outcomes(args: argparse.Namespace) -> int:
    logging.quiet()
    app = opened()
    teams = [each.id.removeprefix("team/") for each in app.database.ask(people.every_account) if each.kind == "team"]
    try:
        new = read_outcomes(args.file, teams)
    except UnusableSourceError as trouble:
        raise config.ConfigError(in_words(trouble)) from trouble
    app.database.transact(lambda conn: record_outcomes(conn, new))
    app.close()
    print(nt("{n} outcome imported", "{n} outcomes imported", len(new)))
    return 0


def manifest_(args: argparse.Namespace) -> int:
    settings = settings_of()
    if (args.platform == "hooks") != bool(args.program):
        raise config.ConfigError(t("Say for which program, such as: manifest hooks claude-code"))
    if args.platform == "hooks":
        url = _reached(args.url)
        hooks = Hooks(url, args.script, settings.programs.unreachable, mcp=settings.server.mcp)
        print(HOOK_MANIFESTS[args.program](hooks))
        return 0
    if args.platform == "teams":
        return _teams_package(settings, args.url or "", args.version)
    if args.platform in MANIFESTS:
        return _agentsettings_of(settings, args.platform, _reached(args.url))
    slack = settings.slack
    reached = args.url or (slack.address if slack.mode == "http" and slack.address else None)
    back = slack.address + BACK_PATH if slack.workspaces else ""
    made = manifest(slack.command, events_url(reached), back=back, **scopes_for(settings))
    print(json.dumps(made, indent=2))
    return 0


def _reached(url: str | None) -> str:
    """Where programs reach the bot.

    Raises:
        ConfigError: that was not said.
    """
    if not (url or "").startswith(("https://", "http://")):
        raise config.ConfigError(t("Say where programs reach the bot, such as --url https://bursar.acme.example"))
    return str(url).rstrip("/")


def _agentsettings_of(settings: config.Settings, program: str, url: str) -> int:
    token = config.secret("BURSAR_TOKEN", os.environ)
    print(MANIFESTS[program](url, token or PLACEHOLDER, settings.telemetry))
    if not token:
        advice = t(
            "Put a token in place of {word}: python -m bot token new for organization telemetry", word=PLACEHOLDER
        )
        print(advice, file=sys.stderr)
    return 0


def _teams_package(settings: config.Settings, url: str, version: str) -> int:
    teams = optional("bot.platforms.teams.manifest")
    made = teams.manifest(settings, url, {name: one.texts[0] for name, one in SENTENCES.items()}, version)
    Path(TEAMS_PACKAGE).write_bytes(teams.package(made))
    written = t("{file} is written: upload it in Teams' admin center, Manage apps.", file=TEAMS_PACKAGE)
    print(written, file=sys.stderr)
    return 0


def completion(args: argparse.Namespace) -> int:
    args.parser.prog = "bursar"
    print(shtab.complete(args.parser, args.shell))
    return 0


def backup(args: argparse.Namespace) -> int:
    database = _database()
    try:
        held, untried = back_up(database, args.file, utc_now(), trial=not args.no_trial)
    finally:
        database.close()
    print(
        t(
            "{file} is written: {rows}, {audit}.",
            file=args.file,
            rows=nt("{n} row", "{n} rows", held.rows),
            audit=nt(
                "{n} of them in the audit, which is complete",
                "{n} of them in the audit, which is complete",
                held.audit_rows,
            ),
        )
    )
    if args.no_trial:
        untried = t("you asked for none")
    print(
        t("It was not restored for a trial: {reason}", reason=untried)
        if untried
        else t("It was restored for a trial, and all is there.")
    )
    return 0


def restore_(args: argparse.Namespace) -> int:
    url = database_url(settings_of())
    held = restore(args.file, url, replace=args.replace)
    restored = Database(url)
    restored.migrate(__version__)
    restored.transact(lambda conn: installation.note(conn, installation.RESTORED, args.file.name, utc_now()))
    restored.close()
    print(
        nt(
            "Restored: {n} row, as it was written. Nothing is sent or limited until an admin says: go-live",
            "Restored: {n} rows, as they were written. Nothing is sent or limited until an admin says: go-live",
            held.rows,
        )
    )
    return 0


def move_(args: argparse.Namespace) -> int:
    source = _database()
    with _progress(t("Copying"), len(metadata.tables)) as one_more:
        held = move(source, args.to, one_more)
    print(nt("Moved: {n} row, and every sum is equal.", "Moved: {n} rows, and every sum is equal.", held.rows))
    if source.is_sqlite:
        print(
            t(
                "The file is now called {file}. Set DATABASE_URL to the new database.",
                file=f"{source.url.database}.moved",
            )
        )
    return 0


def _database() -> Database:
    logging.quiet()
    return Database(database_url(settings_of()))


def _read(app: App, names: Sequence[str]) -> int:
    why = app.refresh_people(anew=True)
    if why:
        print(t("people: {what}", what=why), file=sys.stderr)
    for each in app.directory.left_out if isinstance(app.directory, Everybody) else ():
        print(t("people: {what}", what=each), file=sys.stderr)
    failed = 1 if why else 0
    with _progress(t("Reading"), len(names)) as begins:
        for name in names:
            begins(name)
            failed += not _pulled(app, name)
    for name in sorted({each.provider for each in app.database.ask(set_aside.everything)} & {*names}):
        aside = N_("{name}: some of it was set aside; to see what: python -m bot check --provider {name}")
        print(t(aside, name=name), file=sys.stderr)
    return 1 if failed else 0


def _pulled(app: App, name: str) -> bool:
    """Read a provider, and say what came of it."""
    try:
        done = pull(app.database, app.providers[name], app.reading(name), app.now)
    except OutsideError as trouble:
        print(f"{name}: {in_words(trouble)}", file=sys.stderr)
        return False
    said = nt(
        "{name}: {n} row read, {changed} new or changed",
        "{name}: {n} rows read, {changed} new or changed",
        done.rows_seen,
        name=name,
        changed=done.rows_changed,
    )
    print(said, file=sys.stderr)
    return True


def _keep_private(url: str) -> None:
    """An earlier release made the demo's file for everybody on the machine to read."""
    path = Path(config.DEMO_DATABASE.removeprefix("sqlite:///"))
    if url == config.DEMO_DATABASE and path.exists():
        path.parent.chmod(0o700)
        for file in path.parent.glob(f"{path.name}*"):
            file.chmod(0o600)


def _forget_demo() -> None:
    path = Path(config.DEMO_DATABASE.removeprefix("sqlite:///"))
    beside = path.parent.glob("sample-*.json")
    for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm"), *beside):
        file.unlink(missing_ok=True)


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "run": run,
    "demo": demo,
    "check": check,
    "export": export,
    "sync": sync,
    "try": try_,
    "token": token,
    "signin": signin,
    "outcomes": outcomes,
    "manifest": manifest_,
    "completion": completion,
    "backup": backup,
    "restore": restore_,
    "move": move_,
}


def main(args: argparse.Namespace) -> int:
    """Run the command that `args.command` names; trouble is one plain sentence on standard error and exit status 2."""
    return plainly(COMMANDS[args.command], args)
