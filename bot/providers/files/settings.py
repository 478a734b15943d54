"""What app.yaml says about files: what their columns mean, and how they are written."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from bot.column_values import DateOrder
from handlers.errors import SettingError
from handlers.language import N_
from handlers.policy import MaybeZone, Rule, like

Meaning = Literal[
    "date",
    "end",
    "who",
    "key",
    "team",
    "model",
    "tier",
    "kind",
    "tokens",
    "unit",
    "tokens_input",
    "tokens_cache_read",
    "tokens_cache_write_5m",
    "tokens_cache_write_1h",
    "tokens_output",
    "requests",
    "cost",
    "list_cost",
    "currency",
]
BUCKETS = "s3://"
"""How the address of files begins that lie in a bucket."""

_ONE_LETTER = like(r"[^\r\n\"]?", N_("“{word}” is not one letter: write the one between the fields, such as ;"))
_RANGE = like(
    r"(\d{4}-\d\d-\d\d\.\.\d{4}-\d\d-\d\d)?",
    N_("“{word}” is not a range of days: write one such as 2026-11-01..2026-11-15"),
)
Words = Annotated[tuple[str, ...], Field(min_length=1)]


def _encoding(name: str) -> str:
    try:
        "a".encode(name or "utf-8")
    except LookupError:
        raise SettingError("“{word}” is not an encoding: write one such as gbk or cp1252", word=name) from None
    return name


Encoding = Annotated[str, AfterValidator(_encoding)]
"""A name of one that Python knows; "" is found out."""


class ColumnRule(Rule):
    """Where a value comes from and how it is read.

    Args:
        column: its name; `service.description` looks into a column `service` that holds an object.
        first_of: several columns; the first that says something counts.
        const: the value itself.
        default: what an empty cell says.
        optional: whether a file may lack the column.
        match: a regular expression; what its first group finds counts.
        otherwise: what happens where it finds nothing: the value is empty, taken whole, or its row left out.
        lower: whether case does not matter.
        words: other words for values, such as {"Free": "0"}.
        zone: in which calendar days are cut and times without a zone are meant; "written" takes each as it stands.
        scale: what a number is multiplied by.
        divide: what a number is divided by.
        minus: columns that are taken off a number, because it holds them.
        plus: columns that are added to it.
        sign: "absolute" or "negate" for exports that write costs below zero.
    """

    column: str = ""
    first_of: tuple[str, ...] = ()
    const: str = ""
    default: str = ""
    optional: bool = False
    match: str = ""
    otherwise: Annotated[Literal["empty", "whole", "drop"], Field(alias="else")] = "empty"
    lower: bool = False
    words: Annotated[Mapping[str, str], Field(alias="map")] = Field(default_factory=dict)
    zone: Literal["written"] | MaybeZone = ""
    scale: Decimal = Decimal(1)
    divide: Annotated[Decimal, Field(gt=0)] = Decimal(1)
    minus: tuple[str, ...] = ()
    plus: tuple[str, ...] = ()
    sign: Literal["as_is", "absolute", "negate"] = "as_is"

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, value: Any) -> Any:
        """A text is a column; a number is the value itself."""
        match value:
            case str():
                return {"column": value}
            case bool():
                raise SettingError("write the name of a column")
            case int() | float():
                return {"const": str(value)}
            case dict():
                texts = {name: str(each) for name, each in value.items() if name in {"const", "default"}}
                lists = {n: [e] for n, e in value.items() if n in {"first_of", "minus", "plus"} and isinstance(e, str)}
                words = {str(n): str(e) for n, e in value.get("map", {}).items()} if "map" in value else None
                return {**value, **texts, **lists, **({} if words is None else {"map": words})}
            case _:
                return value

    @field_validator("match")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            groups = re.compile(pattern).groups
        except re.error as wrong:
            raise SettingError(
                "“{word}” is not a regular expression ({trouble})", word=pattern, trouble=wrong
            ) from wrong
        if pattern and not groups:
            raise SettingError("“{word}” has no group: put brackets around what counts", word=pattern)
        return pattern

    @model_validator(mode="after")
    def _says_where(self) -> "ColumnRule":
        if sum(map(bool, (self.column, self.first_of, self.const))) != 1:
            raise SettingError("write one of column, first_of and const")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are looked at for the value itself."""
        return self.first_of or ((self.column,) if self.column else ())


class FileRules(Rule):
    """What files of a provider look like, as far as they do not tell it themselves.

    Args:
        preset: the name of a vendor's export, for files whose header is not recognized.
        columns: what columns mean. With a preset they are put in place of its own.
        keep: only rows count whose column holds one of these words; `*` stands for any letters.
        skip: rows do not count whose column holds one of these words.
        free: rows cost nothing whose column holds one of these words.
        encoding: such as "gbk" or "cp1252".
        delimiter: what stands between the fields.
        skip_rows: lines before the header.
        decimal: which sign begins the decimals.
        date_order: of days such as 03/04/2026.
        period: the days of an export that names none, such as 2026-11-01..2026-11-15.
        who_tags: tags that name a person in FOCUS, the first before the others.
        log: where Amazon Bedrock's invocation log is, a folder or an address of S3, for the hours before the bill.
        additive: whether files of one preset that speak of the same day are added up. Else the newest counts.
    """

    preset: str = ""
    columns: Mapping[Meaning, ColumnRule] = Field(default_factory=dict)
    keep: Mapping[str, Words] = Field(default_factory=dict)
    skip: Mapping[str, Words] = Field(default_factory=dict)
    free: Mapping[str, Words] = Field(default_factory=dict)
    encoding: Encoding = ""
    delimiter: Annotated[str, _ONE_LETTER] = ""
    skip_rows: Annotated[int, Field(ge=0, le=1000)] = 0
    decimal: Literal["", "point", "comma"] = ""
    date_order: DateOrder | None = None
    period: Annotated[str, _RANGE] = ""
    who_tags: Words | None = None
    log: str = ""
    additive: bool = False

    @field_validator("keep", "skip", "free", mode="before")
    @classmethod
    def _one_word(cls, value: Any) -> Any:
        """One word need not be a list."""
        if not isinstance(value, dict):
            return value
        return {name: [str(e) for e in each] if isinstance(each, list) else [str(each)] for name, each in value.items()}
