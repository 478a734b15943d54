"""Spikes: whoever spends far above usual is told while it goes on, and so is finance.

`rules` judges plain figures, by `hours`, `days` and `loops`, and `weeks` whole weeks; `watch` looks after each reading
(`recent`, `looking`, `peers`, `waves`), keeps what it saw (`remembering`) and tells people (`telling`). `commands` is
what people say to it, `cards` what they see.
"""

from handlers.alerts.spikes.commands import expected, guard, unexpected, unusual
from handlers.alerts.spikes.watch import check_drifts, check_spikes

__all__ = ["check_drifts", "check_spikes", "expected", "guard", "unexpected", "unusual"]
