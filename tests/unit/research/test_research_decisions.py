"""A recorded market is decided as the services decide it, on the timeframes that strategies read alone (SIG-1, SIG-7)."""

from __future__ import annotations

import pytest

from research.decisions import Deciding
from services.analysis.settings import AnalysisSettings
from services.ingest.settings import IngestSettings
from services.signals.core import SignalsCore
from services.signals.settings import SignalsSettings
from shared.config.settings import CommonSettings
from shared.domain.decisions import Decision, DecisionBundle
from shared.domain.timeframes import TIMEFRAMES
from simulator.market.generator import GeneratedMarket
from tests.support.runtime.telling import tell
from tests.support.signals.demo_market import SEED, SYMBOLS, analyses

DAYS = 1.0
SIGNALS = SignalsSettings(strategies=("ob_fvg", "every_close"), drill=True)


def deciding(**changes: object) -> Deciding:
    common = CommonSettings.model_validate({"symbols": SYMBOLS, **changes})
    return Deciding(common, IngestSettings(), AnalysisSettings(), SIGNALS)


def decided(replay: Deciding) -> list[Decision]:
    market = GeneratedMarket(SYMBOLS, days=DAYS, seed=SEED)
    return [each for _, decisions in replay.over(market) for each in decisions]


def test_the_decisions_are_those_of_the_services() -> None:
    """One implementation: the same candles through all eight timeframes, with every fact that is published."""
    core = SignalsCore(0, SYMBOLS, TIMEFRAMES, SIGNALS)
    told = [message for bundle in analyses(SIGNALS.reads(), DAYS) for message in tell(core, bundle)]
    expected = [each for message in told if isinstance(message, DecisionBundle) for each in message.decisions]
    found = decided(deciding())
    assert found == expected
    assert sum(each.signal is not None for each in found) > 1_000


def test_partitions_change_no_decision() -> None:
    """SIG-1: symbols apart decide as symbols together."""
    apart = decided(deciding(partitions={"count": 3, "pinned": {"BTCUSDT": 2, "ETHUSDT": 0}}))
    together = decided(deciding())
    assert sorted(apart, key=lambda each: (each.close_time, each.symbol)) == together


def test_a_strategy_whose_timeframe_is_not_configured_is_refused() -> None:
    with pytest.raises(ValueError, match="signals needs timeframe 15m"):
        deciding(timeframes=["1m", "5m"])
