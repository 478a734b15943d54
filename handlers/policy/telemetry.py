"""Programs that tell what they spend, and who speaks for them afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from handlers.errors import SettingError
from handlers.language import N_
from handlers.policy.approvals import Frozen

NONE = "none"
"""Of a program for which no provider will ever speak: what it says stays, as an estimate."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that sends telemetry.

    Args:
        name: in app.yaml and in the ledger; no provider may be called so.
        title: what people call it.
        speakers: kinds of providers that bill for it, unless app.yaml names one.
        signals: by which it tells what it spends.
    """

    name: str
    title: str
    speakers: tuple[str, ...] = ()
    signals: tuple[str, ...] = ("metrics", "events")


PROGRAMS: Mapping[str, Program] = {
    each.name: each
    for each in (
        Program("claude-code", "Claude Code", ("anthropic-console", "anthropic-enterprise", "claude-gateway")),
        Program("codex", "Codex", ("openai", "chatgpt-enterprise")),
        Program("gemini-cli", "Gemini CLI"),
        Program("qwen-code", "Qwen Code"),
        Program("gen-ai", N_("other programs"), signals=("metrics", "traces")),
    )
}


def _known(programs: dict[str, str]) -> dict[str, str]:
    for name in programs:
        if name not in PROGRAMS:
            raise SettingError(
                "unknown program “{word}”: write one of {names}", word=name, names=", ".join(sorted(PROGRAMS))
            )
    return programs


def _tells(signals: dict[str, str]) -> dict[str, str]:
    for name, signal in signals.items():
        if signal not in PROGRAMS[name].signals:
            raise SettingError(
                "{program} has no {word} that can be counted: write {names}",
                program=name,
                word=signal,
                names=", ".join(PROGRAMS[name].signals),
            )
    return signals


class TelemetryRules(Frozen):
    """How what programs say of themselves is counted.

    Args:
        provisional: which provider will speak for a program, by its name in app.yaml; "none" if nobody ever will.
        signals: whether a program's metrics are counted, its events, or its spans; never two of them.
    """

    provisional: Annotated[dict[str, str], AfterValidator(_known)] = Field(default_factory=dict)
    signals: Annotated[
        dict[str, Literal["metrics", "events", "traces"]], AfterValidator(_known), AfterValidator(_tells)
    ] = Field(default_factory=dict)
