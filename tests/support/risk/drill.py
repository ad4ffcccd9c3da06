"""Risk settings for runs of the drill, which enters at every close without sense: none of that should end a run."""

from __future__ import annotations

from typing import Any, Final

#: Of section ``risk``. A stop at 0.1 % costs more in fees than it risks.
DRILL_RISK: Final[dict[str, Any]] = {
    "trades_per_day": 100_000,
    "daily_loss_limit": 0.9,
    "halt_loss_limit": 0.95,
    "max_drawdown": 0.95,
    "max_losing_streak": 100,
    "max_costs": 10,
}
