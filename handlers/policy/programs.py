"""What programs may do that ask for somebody: agents, hooks, gateways."""

from typing import Annotated, Literal

from pydantic import Field

from handlers.policy.approvals import Frozen


class ProgramRules(Frozen):
    """How programs are treated that ask what they may spend, and for more.

    Args:
        ask_first: "owner" sends what a program asks for to the person it works for, who sends it on or not; "nobody"
            sends it to whoever decides at once. The approval policy never grants it by itself.
        requests_a_day: so often a program may ask for more in a day.
        unreachable: what a hook does when Bursar can't be reached: "open" lets people work, "closed" stops them.
    """

    ask_first: Literal["owner", "nobody"] = "owner"
    requests_a_day: Annotated[int, Field(ge=0, le=100)] = 3
    unreachable: Literal["open", "closed"] = "open"
