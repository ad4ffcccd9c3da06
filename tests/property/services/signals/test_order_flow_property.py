"""Funding carry on whole markets: the same from every source, no later rate in it, nothing without one (SIG-4)."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from itertools import islice

from research.decisions import Deciding
from services.analysis.settings import AnalysisSettings
from services.ingest.candle_source import CandleSource
from services.ingest.settings import IngestSettings
from services.signals.settings import SignalsSettings
from services.signals.strategies.classical.funding_carry import FundingCarrySettings
from shared.config.settings import CommonSettings
from shared.domain.decisions import Decision, Reason
from shared.domain.order_flow import SettledFunding, known_at
from shared.domain.timeframes import DAY, MINUTE
from simulator.market.funded_source import FundedSource
from simulator.market.generator import DEFAULT_START, GeneratedMarket
from tests.support.signals.demo_market import SEED

SYMBOLS = ("BTCUSDT",)
PERIOD = 480 * MINUTE
DAYS = 2.0


class Alternating:
    """Longs pay a lot, then shorts, every eight hours; from ``changed`` on (UTC ms) nobody pays anything."""

    def __init__(self, changed: int) -> None:
        self._changed = changed

    def rates_at(self, close_time: int) -> dict[str, Decimal]:
        return {}

    def known(self, symbol: str, close_time: int) -> SettledFunding | None:
        number = (close_time - 1) // PERIOD
        rate = 0.001 if number % 2 else -0.001
        return known_at(close_time, rate if number * PERIOD < self._changed else 0.0, number * PERIOD)


def market(changed: int = 2**62) -> FundedSource:
    return FundedSource(GeneratedMarket(SYMBOLS, days=DAYS, seed=SEED), Alternating(changed))


def decided(source: CandleSource, minutes: int | None = None) -> list[Decision]:
    chosen = SignalsSettings(
        strategies=("funding_carry",), funding_carry=FundingCarrySettings(trend=20, max_run=50.0, max_stop_distance=0.2)
    )
    common = CommonSettings.model_validate({"symbols": SYMBOLS})
    replay = Deciding(common, IngestSettings(), AnalysisSettings(), chosen)
    return [decision for _, decisions in islice(replay.over(source), minutes) for decision in decisions]


@cache
def whole() -> list[Decision]:
    """What is decided on the whole market."""
    return decided(market())


def reasons(decisions: list[Decision]) -> set[Reason]:
    return {reason for decision in decisions for each in decision.judgements for reason in each.reasons}


def test_it_enters_once_a_settlement_against_the_side_that_pays() -> None:
    signals = [each.signal for each in whole() if each.signal is not None]
    assert len(signals) >= 4
    for signal in signals:
        settled = signal.close_time - 15 * MINUTE
        assert settled % PERIOD == 0
        assert signal.side == ("SELL" if settled // PERIOD % 2 else "BUY")
        assert signal.close_by == settled + PERIOD + MINUTE


def test_no_later_rate_is_in_a_decision() -> None:
    """Invariant 1: two markets that differ from an instant on decide the same until then, and otherwise after."""
    changed = DEFAULT_START + DAY
    one, other = whole(), decided(market(changed))
    until = [decision.close_time <= changed for decision in one]
    count = sum(until)
    assert one[:count] == other[:count]
    assert one != other


def test_a_prefix_of_the_market_gives_a_prefix_of_the_decisions() -> None:
    """Invariant 1."""
    part = decided(market(), 1_000)
    assert part == whole()[: len(part)]


def test_without_funding_there_is_no_signal_and_the_reason_says_so() -> None:
    bare = decided(GeneratedMarket(SYMBOLS, days=0.5, seed=SEED))
    assert not any(each.signal for each in bare)
    assert reasons(bare) <= {"no_funding", "warming_up"}
    assert "no_funding" in reasons(bare)
