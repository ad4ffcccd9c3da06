"""``python -m tests.support.signals.digest``: one line, a digest of all that strategies say of a market, with the sentences
of every gate, and which version said it. Run compiled and interpreted, the digest must be the same."""

from __future__ import annotations

import hashlib
import json
from typing import Final

import msgspec

from cli.settings import Settings
from research.decisions import Deciding
from services.signals.contract import Enabled
from services.signals.explaining import explain
from services.signals.gates import Gate
from services.signals.judging import Fault
from services.signals.strategies import STRATEGIES
from services.signals.view import MarketView
from shared.domain.decisions import Judgement
from shared.runtime.native import engine
from simulator.market.generator import DEFAULT_START, GeneratedMarket

#: Quick to be warm, so that two days have judgements of every kind, signals too.
SETTINGS: Final = Settings.model_validate(
    {
        "signals": {
            "strategies": list(STRATEGIES),
            "drill": True,
            "top_down": {"warmup_candles": 5, "bias_timeframe": "30m", "middle_timeframe": "15m", "entry_score": 2.0},
        }
    }
)
_DAYS: Final = 2.0


def said() -> dict[str, object]:
    """The digest, and how many signals are in it."""
    told, signals = hashlib.blake2b(digest_size=16), 0

    def watch(
        enabled: Enabled, view: MarketView, judgement: Judgement, fault: Fault | None, gates: tuple[Gate, ...]
    ) -> None:
        nonlocal signals
        signals += judgement.signal is not None and enabled.name == "top_down"
        told.update(msgspec.msgpack.encode(explain(enabled, view, judgement, fault, gates)))

    whole = SETTINGS
    deciding = Deciding(whole, whole.ingest, whole.analysis, whole.signals, watch)
    for _, decisions in deciding.over(GeneratedMarket(whole.symbols, DEFAULT_START, _DAYS, 3)):
        told.update(msgspec.msgpack.encode(decisions))
    return {"engine": engine(), "digest": told.hexdigest(), "signals": signals}


if __name__ == "__main__":
    print(json.dumps(said()))
