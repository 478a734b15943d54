"""The app package: what Teams has to know of the bot, with the fewest rights it can do its work with.

It is checked against Microsoft's own schema of manifests, which is kept beside this file (package/).
"""

import json
import re
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zipfile import ZIP_DEFLATED, ZipFile

import fastjsonschema

from bot.config import ConfigError, Settings
from bot.platforms.about import DESCRIPTION, LONG_DESCRIPTION, NAME
from bot.texts import t

VERSION = "1.29"
PACKAGE = Path(__file__).parent / "package"
SCHEMA = PACKAGE / f"manifest-{VERSION}.schema.json"
ICONS = ("color.png", "outline.png")
COMMANDS = ("balance", "spend", "why", "forecast", "request", "requests", "models", "pool", "help")
"""What Teams offers while one types; at most twelve. Every other sentence is heard as well."""


def manifest(settings: Settings, url: str, commands: Mapping[str, str], version: str = "1.0.0") -> dict[str, Any]:
    """The manifest.

    Args:
        settings: whose the app is, and its app registration.
        url: the bot's public address, such as "https://bursar.acme.example".
        commands: what each command is for, by its name.
        version: three numbers; Teams takes a changed package only under a higher one.

    Raises:
        ConfigError: the app registration or the address is missing, the version is none, or Microsoft's schema
            refuses the manifest.
    """
    app_id = settings.msteams.app_id
    if not app_id:
        raise ConfigError(
            t("Add the app registration to app.yaml (msteams: app_id). {page} says how.", page="docs/how-to/teams.md")
        )
    address = urlsplit(url)
    if address.scheme != "https" or not address.hostname:
        raise ConfigError(t("Add where the bot is: --url https://bursar.acme.example"))
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise ConfigError(t("A version has three numbers: --version 1.0.1"))
    site = f"https://{address.netloc}/"
    offered = [{"title": name, "description": commands[name]} for name in COMMANDS]
    made = {
        "$schema": f"https://developer.microsoft.com/json-schemas/teams/v{VERSION}/MicrosoftTeams.schema.json",
        "manifestVersion": VERSION,
        "version": version,
        "id": app_id,
        "developer": {
            "name": settings.organization.name[:32],
            **dict.fromkeys(("websiteUrl", "privacyUrl", "termsOfUseUrl"), site),
        },
        "name": {"short": NAME, "full": f"{NAME}: AI spend"},
        "description": {"short": DESCRIPTION, "full": LONG_DESCRIPTION},
        "icons": dict(zip(("color", "outline"), ICONS, strict=True)),
        "accentColor": "#1F3A34",
        "bots": [
            {
                "botId": app_id,
                "scopes": ["personal", "team", "groupChat"],
                "isNotificationOnly": False,
                "supportsFiles": True,
                "supportsTargetedMessages": True,
                "commandLists": [
                    {"scopes": ["personal"], "commands": offered},
                    {"scopes": ["team", "groupChat"], "triggers": ["mention", "slash"], "commands": offered},
                ],
            }
        ],
        "permissions": ["identity", "messageTeamMembers"],
        "validDomains": [address.hostname],
        "webApplicationInfo": {"id": app_id, "resource": f"api://botid-{app_id}"},
    }
    check(made)
    return made


def check(made: Mapping[str, Any]) -> None:
    """Refuse what Microsoft's schema refuses.

    Raises:
        ConfigError: with the place and the reason.
    """
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    del schema["properties"]["extensions"]  # of Office; Python does not read the patterns there
    try:
        fastjsonschema.validate(schema, made, use_default=False)
    except fastjsonschema.JsonSchemaException as wrong:
        raise ConfigError(t("Microsoft's schema refuses the manifest: {reason}", reason=wrong)) from wrong


def package(made: Mapping[str, Any]) -> bytes:
    """The manifest and its icons as the zip that Teams takes."""
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as zipped:
        zipped.writestr("manifest.json", json.dumps(made, indent=2))
        for icon in ICONS:
            zipped.write(PACKAGE / icon, icon)
    return content.getvalue()
