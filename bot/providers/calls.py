"""Single calls, added up to what a charge holds: for vendors that tell each call by itself."""

from dataclasses import dataclass
from datetime import datetime

from storage.charges import Charge


@dataclass(slots=True)
class Calls:
    """What some calls used together; the kinds of tokens are disjoint, as in a Charge.

    Args:
        input: uncached input tokens.
        read: input tokens read from a cache.
        written: input tokens written to one.
        output: output tokens, reasoning included.
        reasoning: the reasoning part of them.
        requests: how many calls, failed ones included.
        failed: how many of them failed.
        cost_nanos: what they cost at list prices, in 10⁻⁹ of a dollar; 0 if nobody said.
    """

    input: int = 0
    read: int = 0
    written: int = 0
    output: int = 0
    reasoning: int = 0
    requests: int = 0
    failed: int = 0
    cost_nanos: int = 0

    def of_hour(self, provider: str, hour: datetime, model: str, *, sub_account: str, subject: str) -> Charge:
        """The cell of an hour; without a cost it is for a price to say."""
        return Charge(
            provider,
            hour,
            1,
            model,
            sub_account=sub_account,
            subject=subject,
            tokens_input=self.input,
            tokens_cache_read=self.read,
            tokens_cache_write_5m=self.written,
            tokens_output=self.output,
            tokens_reasoning=self.reasoning,
            requests=self.requests,
            requests_failed=self.failed,
            cost_nanos=self.cost_nanos or None,
            cost_source="list_price" if self.cost_nanos else "unpriced",
        )
