"""The tables. storage/README.md says what must always hold about them."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    or_,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from storage.charges import TOKENS

FOREVER = date(9999, 12, 31)
BEGINNING = date(1970, 1, 1)
FILLED = 80
"""How full PostgreSQL makes pages, in percent, of what is restated again and again: a row's next version then fits
beside it, and the indexes stay as they are (postgresql.org, Heap-Only Tuples)."""
UNALLOCATED = "unallocated"
ORGANIZATION = "org"


class InAnyCase(FunctionElement[str]):
    """A text as it is compared without regard to the case of its letters, of those of ASCII at least.

    SQLite does it by a collation: SQLAlchemy, and alembic with it, cannot read back an index on lower(name) there.
    """

    type = Text()
    inherit_cache = True


@compiles(InAnyCase)
def _lowered(element: InAnyCase, compiler: Any, **options: Any) -> str:
    return f"lower({compiler.process(element.clauses, **options)})"


@compiles(InAnyCase, "sqlite")
def _collated(element: InAnyCase, compiler: Any, **options: Any) -> str:
    return f"{compiler.process(element.clauses, **options)} COLLATE NOCASE"


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant, on SQLite as well. A naive one is a bug and is refused at the door."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse what has no zone; SQLite stores UTC without saying so."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = f"{value!r} has no time zone"
            raise ValueError(message)
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    },
)

# SQLite numbers a row by itself only if the key is an INTEGER.
Serial = BigInteger().with_variant(Integer, "sqlite")

people = Table(
    "people",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False, index=True),
    Column("manager_id", String(64), nullable=False, index=True),
    Column("zone", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("joined", Date),
    Column("language", String(16), nullable=False, server_default=""),
    Column("number", Text, nullable=False, server_default=""),
    Column("groups", Text, nullable=False, server_default=""),
)

# Who spends: "org", "team/search", "person/ana", "agent/crawler", "unallocated".
accounts = Table(
    "accounts",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("name", Text, nullable=False),
    Column("parent_id", String(80), nullable=False),
    Column("owner_id", String(64), nullable=False, index=True),
    Column("cost_center", Text, nullable=False),
    Column("active", Boolean, nullable=False),
)
IN_ANY_CASE = InAnyCase(accounts.c.name)
Index("ix_accounts_in_any_case", IN_ANY_CASE)

# The tree of accounts through time: the account itself and every account above it, from a day until before a day.
# A person who moves leaves the past with the old team because the past keeps its rows here.
lineage = Table(
    "lineage",
    metadata,
    Column("account_id", String(80), primary_key=True),
    Column("ancestor_id", String(80), primary_key=True),
    Column("since", Date, primary_key=True),
    Column("until", Date, nullable=False),
    Index(None, "ancestor_id", "until"),
)

# By a mark, what the people sources said when they were read last.
people_sources = Table(
    "people_sources",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("mark", Text, nullable=False),
    Column("read_at", Instant, nullable=False),
)

# Explicit identities: this id over there is that account here. `how` is "explicit", "email" or "owner" (of a key).
links = Table(
    "links",
    metadata,
    Column("platform", String(64), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("external_id", String(255), primary_key=True),
    Column("account_id", String(80), nullable=False, index=True),
    Column("how", String(16), nullable=False),
    Column("name", Text, nullable=False),
)

# Whose an identity was before it was another's: what it did before a day is still charged to them.
former_links = Table(
    "former_links",
    metadata,
    Column("platform", String(64), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("external_id", String(255), primary_key=True),
    Column("until", Date, primary_key=True),
    Column("account_id", String(80), nullable=False),
)

# What an identity is called at its provider, such as a key by its alias.
aliases = Table(
    "aliases",
    metadata,
    Column("provider", String(64), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("external_id", String(255), primary_key=True, index=True),
    Column("name", Text, nullable=False),
)

entries = Table(
    "entries",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("key", String(255), nullable=False, unique=True),
    Column("account_id", String(80), nullable=False),
    Column("budget", String(64), nullable=False),
    Column("period_start", Date, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("unit", String(8), nullable=False),
    Column("said_by", String(64), nullable=False),
    Column("note", Text, nullable=False),
    Column("posted_at", Instant, nullable=False),
    Index(None, "account_id", "budget", "period_start"),
    Index(None, "budget", "period_start"),
)

# What a budget gives in a period to each account of a kind that was there when this was posted and has no allotment of
# its own among the entries. `cause` is "" for the first of a period; one of a later cause counts in its place.
terms = Table(
    "terms",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("budget", String(64), nullable=False),
    Column("period_start", Date, nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("cause", String(64), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("unit", String(8), nullable=False),
    Column("said_by", String(64), nullable=False),
    Column("posted_at", Instant, nullable=False),
    UniqueConstraint("budget", "period_start", "kind", "cause"),
)

# When accounts that came or left were there, by the numbers of the terms that were posted meanwhile: those above
# `after_term`, up to `last_term` if they have left. Whoever has no row was always there.
presence = Table(
    "presence",
    metadata,
    Column("account_id", String(80), primary_key=True),
    Column("after_term", BigInteger, primary_key=True),
    Column("last_term", BigInteger),
    Index(None, "after_term"),
)


def _charge_columns(*, keyed: bool) -> list[Column[object]]:
    """The columns of a charge, as the key and the values of a cell."""
    return [
        Column("provider", String(64), primary_key=keyed, nullable=False),
        Column("bucket_start", Instant, primary_key=keyed, nullable=False),
        Column("sub_account", String(255), primary_key=keyed, nullable=False),
        Column("resource", String(255), primary_key=keyed, nullable=False),
        Column("subject", String(255), primary_key=keyed, nullable=False),
        Column("model", String(255), primary_key=keyed, nullable=False),
        Column("tier", String(32), primary_key=keyed, nullable=False),
        Column("bucket_hours", Integer, nullable=False),
        Column("day", Date, nullable=False),
        Column("account_id", String(80), nullable=False),
        Column("tokens_input", BigInteger, nullable=False),
        Column("tokens_cache_read", BigInteger, nullable=False),
        Column("tokens_cache_write_5m", BigInteger, nullable=False),
        Column("tokens_cache_write_1h", BigInteger, nullable=False),
        Column("tokens_output", BigInteger, nullable=False),
        Column("tokens_reasoning", BigInteger, nullable=False),
        Column("requests", BigInteger, nullable=False),
        Column("requests_failed", BigInteger, nullable=False),
        Column("cost_nanos", BigInteger),
        Column("currency", String(3), nullable=False),
        Column("cost_source", String(16), nullable=False),
        Column("list_nanos", BigInteger),
        Column("billed_nanos", BigInteger),
        Column("reported_nanos", BigInteger),
        Column("cost_house_nanos", BigInteger, nullable=False),
        Column("rate_nanos", BigInteger, nullable=False),
    ]


charges = Table(
    "charges",
    metadata,
    *_charge_columns(keyed=True),
    Column("version", Integer, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Index(None, "account_id", "day"),
    sqlite_with_rowid=False,
    postgresql_partition_by="range (bucket_start)",  # storage/partitions.py makes a partition for each month
)

# What a provider tells beside what counts. Few do, and those of a month are found without looking at all charges.
IS_TOLD_APART = or_(charges.c.list_nanos.is_not(None), charges.c.billed_nanos.is_not(None))
Index(
    "ix_charges_told_apart",
    charges.c.day,
    charges.c.provider,
    sqlite_where=IS_TOLD_APART,
    postgresql_where=IS_TOLD_APART,
)

# What a cell said before the provider restated it.
charge_versions = Table(
    "charge_versions",
    metadata,
    Column("id", Serial, primary_key=True),
    *_charge_columns(keyed=False),
    Column("version", Integer, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("replaced_at", Instant, nullable=False),
    Index(None, "provider", "bucket_start"),
)

# What providers tell by the hour beside their days: for seeing soon what goes on, and never a part of what was spent.
# Kept for 30 days. An hour without a price counts what the model cost of late, or its tokens as unpriced.
hours = Table(
    "hours",
    metadata,
    Column("provider", String(64), primary_key=True),
    Column("hour", Instant, primary_key=True),
    Column("sub_account", String(255), primary_key=True),
    Column("resource", String(255), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("day", Date, nullable=False),
    Column("account_id", String(80), nullable=False),
    Column("cost_nanos", BigInteger, nullable=False),
    Column("tokens_input", BigInteger, nullable=False),
    Column("tokens_output", BigInteger, nullable=False),
    Column("tokens_unpriced", BigInteger, nullable=False),
    Column("requests", BigInteger, nullable=False),
    Index(None, "account_id", "day"),
    Index(None, "day"),
    sqlite_with_rowid=False,
)

# A rollup of charges, for speed only: it can be rebuilt from them at any time. Every ancestor has its own rows.
spend = Table(
    "spend",
    metadata,
    Column("account_id", String(80), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("provider", String(64), primary_key=True),
    Column("model", String(255), primary_key=True),
    Column("cost_nanos", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Column("tokens_unpriced", BigInteger, nullable=False),
    Column("requests", BigInteger, nullable=False),
    sqlite_with_rowid=False,
    postgresql_with={"fillfactor": FILLED},
)

# A batch on its way into charges: what a provider said about some cells, and of those the cells that it changes, with
# whose they are and what they said before. They live for one transaction; what is staged apart is written in many.
_TEMPORARY: dict[str, Any] = {"prefixes": ["TEMPORARY"], "sqlite_with_rowid": False}
_OF_ONE_TRANSACTION: dict[str, Any] = {
    **_TEMPORARY,
    "postgresql_on_commit": "DELETE ROWS",  # deleted one by one they stay behind, and every batch walks past them
}


def _staged_columns() -> list[Column[object]]:
    return [column for column in _charge_columns(keyed=True) if column.name != "account_id"]


staged = Table("staged", MetaData(), *_staged_columns(), **_OF_ONE_TRANSACTION)
staged_apart = Table("staged_apart", MetaData(), *_staged_columns(), **_TEMPORARY)
changed = Table(
    "changed",
    MetaData(),
    *_charge_columns(keyed=True),
    Column("was_account_id", String(80)),  # empty for a new cell, as all that follow
    Column("was_day", Date),
    Column("was_cost_nanos", BigInteger),
    Column("was_tokens", BigInteger),
    Column("was_tokens_unpriced", BigInteger),
    Column("was_requests", BigInteger),
    **_OF_ONE_TRANSACTION,
)

# By how much the rollup moves of the accounts themselves, and for each of them the first one that has the same accounts
# above it on the same days: what moves above them is added up for all of these at once.
moves = Table(
    "moves",
    MetaData(),
    *(Column(each.name, each.type, primary_key=each.primary_key, nullable=False) for each in spend.columns),
    **_OF_ONE_TRANSACTION,
)
alike = Table(
    "alike",
    MetaData(),
    Column("account_id", String(80), primary_key=True),
    Column("first_id", String(80), nullable=False),
    **_OF_ONE_TRANSACTION,
)

pulls = Table(
    "pulls",
    metadata,
    Column("provider", String(64), primary_key=True),
    Column("tried_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("through", Date),
    Column("rows_seen", BigInteger, nullable=False),
    Column("rows_changed", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    Column("began_at", Instant),
    Column("heard_until", Instant),
    Column("late_seconds", BigInteger),
    # The same of hourly figures beside the days, of those who tell any: when they were read, and up to when they tell.
    Column("hours_read_at", Instant),
    Column("hours_until", Instant),
    Column("hours_late_seconds", BigInteger),
)

# What could not be understood in a reading: rows with one thing wrong with them, or (`rows` is null) a day or a part
# that could not be read at all. It stands until that day or part is read whole. `told` says whether finance was.
set_aside = Table(
    "set_aside",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("provider", String(64), nullable=False),
    Column("part", String(16), nullable=False),
    Column("day", Date),
    Column("place", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("rows", BigInteger),
    Column("tried_at", Instant, nullable=False),
    Column("told", Boolean, nullable=False),
    Index(None, "provider", "part", "day"),
)

# Days of long ago that a provider tells, such as those of a file that was put there late: each with a mark of what it
# told when the day was read. Another mark is news.
day_marks = Table(
    "day_marks",
    metadata,
    Column("provider", String(64), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("mark", Text, nullable=False),
)

# What providers say they allow, and what we last told them. Whose it is stands in links.
limits = Table(
    "limits",
    metadata,
    Column("provider", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("external_id", String(255), primary_key=True),
    Column("name", Text, nullable=False),
    Column("window", String(8), nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("seen_nanos", BigInteger),
    Column("seen_at", Instant, nullable=False),
    Column("first_seen_at", Instant, nullable=False),
    Column("said_nanos", BigInteger),
    Column("known_nanos", BigInteger),
    Column("known_limit", BigInteger),
    Column("known_at", Instant),
    Column("kept_nanos", BigInteger),
    Column("currency", String(8), nullable=False, server_default="USD"),
    Column("kept_seen_nanos", BigInteger),
    Column("resets_at", Instant),
    Column("spent_nanos", BigInteger),
    Column("caps", Text, nullable=False, server_default=""),
    Column("refusing", Boolean, nullable=False, server_default=false()),
    Index(None, "kind"),
)

# Who is paused at a provider, and what is needed to restore them exactly.
pauses = Table(
    "pauses",
    metadata,
    Column("provider", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("external_id", String(255), primary_key=True),
    Column("name", Text, nullable=False),
    Column("paused_by", String(64), nullable=False),
    Column("paused_at", Instant, nullable=False),
    Column("before", Text, nullable=False),
    Column("resumed_by", String(64), nullable=False),
)

requests = Table(
    "requests",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("handle", String(32), nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("asker_id", String(64), nullable=False),
    Column("account_id", String(80), nullable=False),
    Column("budget", String(64), nullable=False),
    Column("period_start", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("unit", String(8), nullable=False),
    Column("reason", Text, nullable=False),
    Column("stages", Text, nullable=False),
    Column("stage", Integer, nullable=False),
    Column("raised", Integer, nullable=False),
    Column("reminded_on", Date),
    Column("asked_at", Instant, nullable=False),
    Column("resolved_at", Instant),
    Column("resolved_by", String(64), nullable=False),
    Column("resolved_amount", BigInteger, nullable=False),
    Column("resolved_note", Text, nullable=False),
    Column("ended_at", Instant),
    Column("origin", String(320), nullable=False, index=True),  # a provider and its own id of the request
    Column("applied", Text, nullable=False, server_default=""),
    Column("kind", String(16), nullable=False, server_default=""),
    Column("given", BigInteger, nullable=False, server_default="0"),
    Column("share_base", BigInteger),
    Column("through", String(120), nullable=False, server_default=""),
    Index(None, "asker_id", "state"),
    Index(None, "state"),
)

# What a job is going to spend, set aside until its charges arrive. `day` and `spent_before` say from where on they are
# counted: what the account had spent on that day when it was reserved.
reservations = Table(
    "reservations",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("account_id", String(80), nullable=False),
    Column("by_id", String(64), nullable=False),
    Column("through", String(120), nullable=False),
    Column("external_id", String(120), nullable=False),
    Column("what", Text, nullable=False),
    Column("model", String(255), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("unit", String(8), nullable=False),
    Column("day", Date, nullable=False),
    Column("spent_before", BigInteger, nullable=False),
    Column("reserved_at", Instant, nullable=False),
    Column("counts_until", Instant, nullable=False, index=True),
    Column("state", String(8), nullable=False),
    Column("ended_at", Instant),
    Column("cost", BigInteger),
    Column("request_id", BigInteger),
    Column("asked_at", Instant),
    Column("continued_by", String(64), nullable=False),
    Index(None, "account_id", "state"),
)

# Who was asked to decide a request, at which stage, in whose stead, and what they said: "" or "approved".
asked = Table(
    "asked",
    metadata,
    Column("request_id", BigInteger, primary_key=True),
    Column("stage", Integer, primary_key=True),
    Column("person_id", String(64), primary_key=True),
    Column("for_id", String(64), nullable=False),
    Column("said", String(16), nullable=False),
    Index(None, "person_id"),
)

# Limits other than app.yaml gives, which were asked for and approved: until the end of a day, FOREVER if permanent.
# `rule` is for whom the rule is that it stands in for. It counts until it is ended or its last day is over.
exceptions = Table(
    "exceptions",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("request_id", BigInteger, nullable=False, unique=True),
    Column("account_id", String(80), nullable=False, index=True),
    Column("budget", String(64), nullable=False),
    Column("rule", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("unit", String(8), nullable=False),
    Column("until", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("approved_by", String(64), nullable=False),
    Column("approved_at", Instant, nullable=False),
    Column("ended_at", Instant, index=True),
    Column("ended_by", String(64), nullable=False),
    Column("ended_note", Text, nullable=False),
)

# What people paid themselves and claim back: each is decided as the request of its number, of the kind "claim".
# `amount` is in parts of the currency it was paid in, `day` the one whose rate counts.
claims = Table(
    "claims",
    metadata,
    Column("request_id", BigInteger, primary_key=True, autoincrement=False),
    Column("vendor", String(80), nullable=False),
    Column("month", Date, nullable=False),
    Column("day", Date, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("rate_nanos", BigInteger, nullable=False),
    Column("paid_at", Instant, index=True),
    Column("paid_by", String(64), nullable=False),
)

# Files that show what was paid. One that belongs to no claim yet is kept for a day; the content goes before its mark.
receipts = Table(
    "receipts",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("person_id", String(64), nullable=False),
    Column("request_id", BigInteger, index=True),
    Column("sha256", String(64), nullable=False, index=True),
    Column("kind", String(8), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("content", LargeBinary),
    Column("sent_at", Instant, nullable=False),
    Index(None, "person_id", "request_id"),
)

# Who decides in whose stead until the end of a day.
delegations = Table(
    "delegations",
    metadata,
    Column("person_id", String(64), primary_key=True),
    Column("to_id", String(64), nullable=False),
    Column("until", Date, nullable=False),
)

# What was told when a share of a limit was used up: "fired", "known", "snoozed" (until a moment) or "armed" again.
alerts = Table(
    "alerts",
    metadata,
    Column("budget", String(64), primary_key=True),
    Column("period_start", Date, primary_key=True),
    Column("account_id", String(80), primary_key=True),
    Column("percent", Integer, primary_key=True),
    Column("handle", String(32), nullable=False, unique=True),
    Column("state", String(8), nullable=False),
    Column("limit_units", BigInteger, nullable=False),
    Column("round", Integer, nullable=False),
    Column("fired_at", Instant, nullable=False),
    Column("until", Instant),
)

# Shadow budgets that were let count, each from a day on.
promotions = Table(
    "promotions",
    metadata,
    Column("budget", String(64), primary_key=True),
    Column("starts", Date, nullable=False),
    Column("said_by", String(64), nullable=False),
    Column("said_at", Instant, nullable=False),
)

# What somebody wants otherwise than it is for all.
preferences = Table(
    "preferences",
    metadata,
    Column("person_id", String(64), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
)

# Money that bought nothing, as a detector last saw it, and what its owner said about it.
findings = Table(
    "findings",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("account_id", String(80), nullable=False),
    Column("detector", String(32), nullable=False),
    Column("about", String(320), nullable=False),  # such as a kind of identity and its id
    Column("what", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("advice", Text, nullable=False),
    Column("cost_nanos", BigInteger, nullable=False),
    Column("low_nanos", BigInteger),
    Column("high_nanos", BigInteger),
    Column("confidence", String(8), nullable=False),
    Column("parts", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("since", Date, nullable=False),
    Column("seen", Date, nullable=False),
    Column("told_on", Date),
    Column("silent_until", Date),
    Column("said_by", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("done_on", Date),
    Column("before_nanos", BigInteger, nullable=False),
    Column("before_requests", BigInteger, nullable=False),
    Column("checked_days", Integer, nullable=False),
    Column("realised_nanos", BigInteger),
    UniqueConstraint("account_id", "detector", "about"),
)

# An account that burns money out of the ordinary, from the first sight of it to its end.
spikes = Table(
    "spikes",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("account_id", String(80), nullable=False, index=True),
    Column("rule", String(16), nullable=False),
    Column("burns", Boolean, nullable=False, index=True),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("now_nanos", BigInteger, nullable=False),
    Column("usual_nanos", BigInteger, nullable=False),
    Column("excess_nanos", BigInteger, nullable=False),
    Column("rate_nanos", BigInteger, nullable=False),
    Column("told_nanos", BigInteger),
    Column("told_times", Integer, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("ended_at", Instant),
)

# What an account may spend above usual, from a day until the end of another, because somebody said that it is expected.
expectations = Table(
    "expectations",
    metadata,
    Column("account_id", String(80), primary_key=True),
    Column("first", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("ceiling_nanos", BigInteger),
    Column("said_by", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("said_at", Instant, nullable=False),
)

# What came out of the work of a team: merged pull requests, closed tickets. Never of a person.
outcomes = Table(
    "outcomes",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("account_id", String(80), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("kind", String(64), primary_key=True),
    Column("number", BigInteger, nullable=False),
)

# Places that are paid for by the month, whoever uses them.
seats = Table(
    "seats",
    metadata,
    Column("provider", String(64), primary_key=True),
    Column("external_id", String(255), primary_key=True),
    Column("plan", Text, nullable=False),
    Column("month_nanos", BigInteger, nullable=False),
    Column("used_on", Date),
    Column("since", Date),
    Column("use_known", Boolean, nullable=False, server_default=true()),
)

# Credit that was paid ahead at a provider: what was left of it when it was last read, and the last stage of its going
# down that finance was told of. The days say by how much it fell.
prepaid = Table(
    "prepaid",
    metadata,
    Column("provider", String(64), primary_key=True),
    Column("currency", String(3), primary_key=True),
    Column("left_nanos", BigInteger, nullable=False),
    Column("granted_nanos", BigInteger, nullable=False),
    Column("since", Instant, nullable=False),
    Column("read_at", Instant, nullable=False),
    Column("told", String(16), nullable=False),
)
prepaid_days = Table(
    "prepaid_days",
    metadata,
    Column("provider", String(64), primary_key=True),
    Column("currency", String(3), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("used_nanos", BigInteger, nullable=False),
)

# What finance said that a model costs, from a day on. Rows are only added: of those that have begun the last counts.
# Prices are for a million tokens, in 10⁻⁹ of the currency. `what` is "price", "free", or "removed" for none any more.
prices = Table(
    "prices",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("model", String(255), nullable=False),
    Column("provider", String(64), nullable=False),
    Column("since", Date, nullable=False),
    Column("what", String(8), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("input_nanos", BigInteger),
    Column("cache_read_nanos", BigInteger),
    Column("cache_write_nanos", BigInteger),
    Column("cache_write_1h_nanos", BigInteger),
    Column("output_nanos", BigInteger),
    Column("said_by", String(64), nullable=False),
    Column("said_at", Instant, nullable=False),
)

# Models of whose missing price finance was told.
unpriced_models = Table(
    "unpriced_models",
    metadata,
    Column("model", String(255), primary_key=True),
    Column("told_at", Instant, nullable=False),
    Column("tokens", BigInteger, nullable=False, server_default="0"),
)

# What programs show to be let in. Only a hash is kept; the token itself is shown once, to who made it.
tokens = Table(
    "tokens",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("tail", String(4), nullable=False),
    Column("scope", String(16), nullable=False),
    Column("account_id", String(80), nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("client", String(64), nullable=False),
    Column("replaced_by", BigInteger),
    Column("ended_at", Instant),
    Column("ended_by", String(64), nullable=False),
    Index(None, "account_id"),
)

# Browsers that are signed in: what they show is kept as its hash, and what they may is looked up at each request.
sessions = Table(
    "sessions",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("person_id", String(64), nullable=False, index=True),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

# Sign-ins that are under way: a link that was printed, or a browser that is at its company's sign-in page. Each serves
# once, and `content` is what is needed to end it.
sign_ins = Table(
    "sign_ins",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("person_id", String(64), nullable=False),
    Column("content", Text, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

# What programs said of themselves, added up by hour and by what it was for. It stays when it no longer counts, to be
# held against the provider's report.
telemetry = Table(
    "telemetry",
    metadata,
    Column("program", String(64), primary_key=True),
    Column("hour", Instant, primary_key=True),
    Column("resource", String(255), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("model", String(255), primary_key=True),
    Column("tier", String(32), primary_key=True),
    Column("skill", String(64), primary_key=True),
    Column("subagent", String(64), primary_key=True),
    Column("mcp_server", String(64), primary_key=True),
    Column("source", String(64), primary_key=True),
    Column("effort", String(64), primary_key=True),
    Column("tokens_input", BigInteger, nullable=False),
    Column("tokens_cache_read", BigInteger, nullable=False),
    Column("tokens_cache_write_5m", BigInteger, nullable=False),
    Column("tokens_cache_write_1h", BigInteger, nullable=False),
    Column("tokens_output", BigInteger, nullable=False),
    Column("tokens_reasoning", BigInteger, nullable=False),
    Column("requests", BigInteger, nullable=False),
    Column("cost_nanos", BigInteger),
    Index(None, "program", "resource", "subject", "hour"),
    sqlite_with_rowid=False,
)

# Which measurements were counted, so that one that comes again is not: marks of eight bytes each, by the hour.
telemetry_seen = Table(
    "telemetry_seen",
    metadata,
    Column("hour", Instant, primary_key=True),
    Column("stream", BigInteger, primary_key=True),
    Column("marks", LargeBinary, nullable=False),
)

# How far counters had come that are told as a whole each time.
telemetry_counters = Table(
    "telemetry_counters",
    metadata,
    Column("series", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("value", BigInteger, nullable=False),
    Column("seen_on", Date, nullable=False, index=True),
)

# When a provider that speaks for programs last told of a day (UTC).
reported_days = Table(
    "reported_days",
    metadata,
    Column("provider", String(64), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("told_at", Instant, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("who", String(64), nullable=False),
    Column("what", String(32), nullable=False),
    Column("subject", String(80), nullable=False, index=True),
    Column("authority", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    # Of a row of which somebody was erased: the seal of what is left of it. `hash` stays that of the whole row.
    Column("erased", String(64), nullable=False, server_default=""),
)

# What providers call somebody who was erased, as a salted digest: until a moment it is written as the pseudonym, also
# when a provider tells of an old day again.
erased_identities = Table(
    "erased_identities",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("salt", String(32), nullable=False),
    Column("pseudonym", String(255), nullable=False),
    Column("until", Instant, nullable=False),
)

outbox_items = Table(
    "outbox",
    metadata,
    Column("id", Serial, primary_key=True),
    # Ordered by its bytes on both databases, so that all keys of one beginning are a range of the index.
    Column("key", String(255).with_variant(String(255, collation="C"), "postgresql"), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("target", String(255), nullable=False),
    Column("payload", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", String(8), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("held_until", Instant, nullable=False),
    Column("holder", String(32), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("receipt", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("settled_at", Instant),
    # Of messages: the conversation, in which one is shown after the other.
    Column("place", String(255), nullable=False, server_default=""),
    Column("blocks", Boolean, nullable=False, server_default=false()),
    Index(None, "state", "due_at"),
    Index(None, "target", "kind"),
    Index(None, "target", "place", "state"),
)

# What is so of this database as a whole, such as that its file is to be compacted.
installation = Table(
    "installation",
    metadata,
    # With the name of a contract, a source or a host in it.
    Column("name", String(320), primary_key=True),
    Column("value", Text, nullable=False),
    Column("since", Instant, nullable=False),
)

# Platforms that take nothing from us now, whatever it is.
delivery_pauses = Table(
    "delivery_pauses",
    metadata,
    Column("target", String(255), primary_key=True),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("error", Text, nullable=False),
    Column("refused", Boolean, nullable=False),
)

# Orders that were carried out, by the platform's id of their delivery, with the answer that was given.
heard = Table(
    "heard",
    metadata,
    Column("delivery", String(255), primary_key=True),
    Column("answer", Text, nullable=False),
    Column("heard_at", Instant, nullable=False, index=True),
)

# How a place in Teams is reached: a channel or a group by its own id, a person (by the id in Microsoft Entra) in the
# private chat with the app.
conversations = Table(
    "conversations",
    metadata,
    Column("place_id", String(255), primary_key=True),
    Column("conversation_id", Text, nullable=False),
    Column("member_id", Text, nullable=False),
    Column("service_url", Text, nullable=False),
    Column("tenant_id", String(64), nullable=False),
    Column("seen_at", Instant, nullable=False),
)

# Workspaces and organizations of Slack that installed the app, as slack_sdk's SQLAlchemyInstallationStore and
# SQLAlchemyOAuthStateStore want them; the tokens are encrypted, and so longer than there. Times are UTC without a zone.
slack_bots = Table(
    "slack_bots",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client_id", String(64), nullable=False),
    Column("app_id", String(32), nullable=False),
    Column("enterprise_id", String(32)),
    Column("enterprise_name", Text),
    Column("team_id", String(32)),
    Column("team_name", Text),
    Column("bot_token", Text),
    Column("bot_id", String(32)),
    Column("bot_user_id", String(32)),
    Column("bot_scopes", Text),
    Column("bot_refresh_token", Text),
    Column("bot_token_expires_at", DateTime),
    Column("is_enterprise_install", Boolean, nullable=False),
    Column("installed_at", DateTime, nullable=False),
)
slack_installations = Table(
    "slack_installations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client_id", String(64), nullable=False),
    Column("app_id", String(32), nullable=False),
    Column("enterprise_id", String(32)),
    Column("enterprise_name", Text),
    Column("enterprise_url", Text),
    Column("team_id", String(32)),
    Column("team_name", Text),
    Column("bot_token", Text),
    Column("bot_id", String(32)),
    Column("bot_user_id", String(32)),
    Column("bot_scopes", Text),
    Column("bot_refresh_token", Text),
    Column("bot_token_expires_at", DateTime),
    Column("user_id", String(32), nullable=False),
    Column("user_token", Text),
    Column("user_scopes", Text),
    Column("user_refresh_token", Text),
    Column("user_token_expires_at", DateTime),
    Column("incoming_webhook_url", Text),
    Column("incoming_webhook_channel", Text),
    Column("incoming_webhook_channel_id", Text),
    Column("incoming_webhook_configuration_url", Text),
    Column("is_enterprise_install", Boolean, nullable=False),
    Column("token_type", String(32)),
    Column("installed_at", DateTime, nullable=False),
)
slack_oauth_states = Table(
    "slack_oauth_states",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("state", String(200), nullable=False),
    Column("expire_at", DateTime, nullable=False),
)


def all_tokens(table: Table) -> ColumnElement[int]:
    """The tokens of a cell, each kind once: reasoning is a part of output."""
    return sum((table.c[name] for name in TOKENS[1:]), start=table.c[TOKENS[0]])
