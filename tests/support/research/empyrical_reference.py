"""Measures as empyrical-reloaded computes them: recorded once, compared in every run of the tests.

empyrical-reloaded 0.7.1 installs beside our numpy, and it pins peewee to a release that has no wheel: our lock, which is
installed as it stands, would have to build it. So it has an environment of its own::

    python -m venv /tmp/reference && /tmp/reference/bin/pip install empyrical-reloaded==0.7.1 numpy==2.4.6 msgspec
    PYTHONPATH=. /tmp/reference/bin/python -m tests.support.research.empyrical_reference record
    PYTHONPATH=. /tmp/reference/bin/python -m tests.support.research.empyrical_reference compare 5000

``record`` writes the file beside this one, ``compare`` draws that many series and says how far we are apart at most.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from research.columns import Floats
from research.performance import returns as daily
from research.performance import tail_risk

RECORD: Final = Path(__file__).with_suffix(".json")

#: Our name → our function, with the sign that empyrical gives it.
MEASURES: Final[dict[str, tuple[Callable[[Floats], float | None], float]]] = {
    "total_return": (daily.total_return, 1.0),
    "cagr": (daily.cagr, 1.0),
    "volatility": (daily.volatility, 1.0),
    "downside_deviation": (daily.downside_deviation, 1.0),
    "sharpe": (daily.sharpe, 1.0),
    "sortino": (daily.sortino, 1.0),
    "calmar": (daily.calmar, 1.0),
    "omega": (daily.omega, 1.0),
    "fall": (daily.fall, -1.0),
    "tail_ratio": (daily.tail_ratio, 1.0),
    "value_at_risk": (tail_risk.value_at_risk, -1.0),
    "conditional_value_at_risk": (tail_risk.conditional_value_at_risk, -1.0),
}


def series(seed: int) -> Floats:
    """Daily returns of some length, drift, spread and fatness of tails, all drawn from the seed; rounded to six decimals."""
    rng = np.random.Generator(np.random.PCG64(seed))
    count = int(2 + rng.random() ** 2 * 600)
    spread, drift = 10.0 ** (-3.0 + 2.0 * rng.random()), 0.004 * (rng.random() - 0.45)
    uniform = rng.random((2, count))
    moves = (uniform[0] - 0.5) * (1.0 + 3.0 * (uniform[1] > 0.95))  # of uniform numbers: their stream never changes
    quiet = rng.random(count) < 0.3 * rng.random()
    found: Floats = np.round(np.maximum(np.where(quiet, 0.0, drift + spread * moves), -0.9), 6)
    return found


def ours(returns: Floats) -> dict[str, float | None]:
    """Our measures, with empyrical's signs."""
    found = {name: (measure(returns), sign) for name, (measure, sign) in MEASURES.items()}
    return {name: None if value is None else sign * value for name, (value, sign) in found.items()}


def theirs(returns: Floats) -> dict[str, float | None]:
    """empyrical's measures; None for what is NaN or infinite. Needs empyrical-reloaded."""
    import empyrical

    year: dict[str, Any] = {"annualization": daily.DAYS_A_YEAR}
    found = {
        "total_return": empyrical.cum_returns_final(returns),
        "cagr": empyrical.cagr(returns, **year),
        "volatility": empyrical.annual_volatility(returns, **year),
        "downside_deviation": empyrical.downside_risk(returns, **year),
        "sharpe": empyrical.sharpe_ratio(returns, **year),
        "sortino": empyrical.sortino_ratio(returns, **year),
        "calmar": empyrical.calmar_ratio(returns, **year),
        "omega": empyrical.omega_ratio(returns, **year),
        "fall": empyrical.max_drawdown(returns),
        "tail_ratio": empyrical.tail_ratio(returns),
        "value_at_risk": empyrical.value_at_risk(returns),
        "conditional_value_at_risk": empyrical.conditional_value_at_risk(returns),
    }
    return {name: float(value) if math.isfinite(value) else None for name, value in found.items()}


def apart(mine: float | None, reference: float | None) -> float:
    """Distance, relative above 1; infinite when only one of them is there."""
    if mine is None or reference is None:
        return 0.0 if mine is reference else math.inf
    return abs(mine - reference) / max(1.0, abs(reference))


def main(arguments: list[str]) -> int:
    if arguments == ["record"]:
        rows = [{"seed": seed, "returns": series(seed).tolist(), "measures": theirs(series(seed))} for seed in range(24)]
        RECORD.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n", encoding="utf-8")
        return 0
    if len(arguments) == 2 and arguments[0] == "compare":
        worst: dict[str, tuple[float, int]] = dict.fromkeys(MEASURES, (0.0, 0))
        for seed in range(int(arguments[1])):
            mine, reference = ours(series(seed)), theirs(series(seed))
            for name in MEASURES:
                worst[name] = max(worst[name], (apart(mine[name], reference[name]), seed))
        print(*(f"{name:28} {distance:.1e} (seed {seed})" for name, (distance, seed) in worst.items()), sep="\n")
        return 0
    print("usage: empyrical_reference record | compare NUMBER", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
