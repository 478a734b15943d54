"""What providers were told to allow, and what they say they allow."""

from dataclasses import dataclass
from typing import Literal

SubjectKind = Literal["user", "key", "team", "organization"]
Window = Literal["day", "week", "month", "total"]


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is limited at a provider.

    Args:
        kind: "user", "key", "team" (a project, workspace or cost centre) or "organization".
        external_id: the provider's own id, "" for the organization.
    """

    kind: SubjectKind
    external_id: str
