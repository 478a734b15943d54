"""What identities are called at their providers: a key by its alias, a model by the name that people ask for."""

from collections.abc import Collection, Iterable
from itertools import islice

from sqlalchemy import Connection, bindparam, select

from storage.tables import aliases
from storage.upsert import upsert

ASKED_AT_ONCE = 5_000  # a statement takes a few ten thousand values at most

Named = tuple[str, str, str]
"""Provider, kind and the id over there."""

_NAMES = select(aliases).where(aliases.c.external_id.in_(bindparam("ids", expanding=True)))


def record(conn: Connection, named: Iterable[tuple[Named, str]]) -> None:
    """Note what some identities are called now. Who is not told of any more keeps the last name: the past needs it."""
    rows: list[dict[str, object]] = [
        {"provider": provider, "kind": kind, "external_id": external_id, "name": name}
        for (provider, kind, external_id), name in sorted(dict(named).items())
    ]
    upsert(conn, aliases, rows)


def of_models(conn: Connection) -> dict[str, str]:
    """By which name people ask for each model; without those that have other names at other providers."""
    found: dict[str, set[str]] = {}
    for row in conn.execute(select(aliases.c.external_id, aliases.c.name).where(aliases.c.kind == "model")):
        found.setdefault(row.external_id, set()).add(row.name)
    return {model: next(iter(called)) for model, called in found.items() if len(called) == 1}


def names(conn: Connection, external_ids: Collection[str]) -> dict[Named, str]:
    """The names of those of some ids that have one."""
    found, remaining = {}, iter(sorted(set(external_ids) - {""}))
    while some := list(islice(remaining, ASKED_AT_ONCE)):
        for row in conn.execute(_NAMES, {"ids": some}):
            found[row.provider, row.kind, row.external_id] = row.name
    return found
