"""The table of the HTTP API: which path says which call. The document and the routes are both made of it."""

from dataclasses import dataclass
from typing import Literal

from handlers.programs import Call
from handlers.programs.shapes import (
    AskForMore,
    Check,
    Estimate,
    Extend,
    Release,
    ReportDone,
    Reserve,
    SeeBudget,
    SeeRequest,
    SeeRequests,
    SeeReservation,
    Settle,
)


@dataclass(frozen=True, slots=True)
class Operation:
    """A path of the API.

    Args:
        method: of HTTP.
        path: below the prefix; what stands in braces is a field of the call.
        call: what it says.
        created: whether success is 201.
        key: whether the header Idempotency-Key must be there, may be there, or means nothing.
        wait: whether `?wait=` seconds hold the answer until it is another one.
    """

    method: Literal["GET", "POST"]
    path: str
    call: type[Call]
    created: bool = False
    key: Literal["needed", "allowed", ""] = ""
    wait: bool = False

    @property
    def in_path(self) -> str:
        """The field of the call that stands in the path, "" if none does."""
        return self.path.partition("{")[2].partition("}")[0]


OPERATIONS = (
    Operation("GET", "/balance", SeeBudget),
    Operation("POST", "/check", Check),
    Operation("POST", "/estimate", Estimate),
    Operation("POST", "/reservations", Reserve, created=True, key="needed"),
    Operation("GET", "/reservations/{reservation}", SeeReservation),
    Operation("POST", "/reservations/{reservation}/settle", Settle, key="needed"),
    Operation("POST", "/reservations/{reservation}/release", Release, key="allowed"),
    Operation("POST", "/reservations/{reservation}/extend", Extend, key="allowed"),
    Operation("POST", "/requests", AskForMore, created=True, key="allowed"),
    Operation("GET", "/requests", SeeRequests),
    Operation("GET", "/requests/{request}", SeeRequest, wait=True),
    Operation("POST", "/done", ReportDone, key="allowed"),
)
