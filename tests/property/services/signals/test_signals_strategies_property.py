"""Strategies on the whole chain: none changes what another says, and none sees the future or a restart (SIG-1, SIG-8)."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from services.signals import plugins
from services.signals.core import SignalsCore
from services.signals.settings import SignalsSettings
from shared.domain.decisions import Decision, DecisionBundle, Judgement
from shared.domain.facts import AnalysisBundle
from shared.domain.timeframes import TIMEFRAMES
from tests.support.runtime.telling import tell
from tests.support.signals.demo_market import SYMBOLS, analyses
from tests.support.signals.packages import install_stranger

DAYS = 1.5
LOOSE = {"timeframe": "5m", "min_block_score": 0.0, "max_gap_distance": 3.0, "entry_score": 3.0, "warmup_candles": 5}
#: Of another package, and with a memory of moments: the strategy that leans on most of the view.
NAMES = ("stranger_fade", "ob_fvg", "every_close")


@pytest.fixture(scope="module", autouse=True)
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Its package is installed."""
    site = install_stranger(tmp_path_factory.mktemp("site"))
    sys.path.insert(0, str(site))
    plugins.clear()
    yield site
    sys.path.remove(str(site))
    sys.modules.pop("stranger_fade", None)
    plugins.clear()


def settings(*names: str) -> SignalsSettings:
    return SignalsSettings.model_validate({"strategies": names, "drill": True, "ob_fvg": LOOSE})


@pytest.fixture(scope="module")
def market(stranger: Path) -> list[AnalysisBundle]:
    return list(analyses(settings(*NAMES).reads(), days=DAYS))


def decided(core: SignalsCore, bundles: Sequence[AnalysisBundle]) -> list[Decision]:
    out = [message for bundle in bundles for message in tell(core, bundle)]
    return [each for message in out if isinstance(message, DecisionBundle) for each in message.decisions]


def build(*names: str) -> SignalsCore:
    return SignalsCore(0, SYMBOLS, TIMEFRAMES, settings(*names))


def said(decisions: Sequence[Decision], name: str) -> list[tuple[str, int, Judgement]]:
    return [
        (each.symbol, each.close_time, judgement)
        for each in decisions
        for judgement in each.judgements
        if judgement.strategy == name
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_strategy_says_the_same_whichever_others_are_on(name: str, market: list[AnalysisBundle]) -> None:
    """SIG-8: alone, with the analysis publishing its own kinds only, and beside the others in any order."""
    together = said(decided(build(*NAMES), market), name)
    assert said(decided(build(*reversed(NAMES)), market), name) == together
    assert said(decided(build(name), list(analyses(settings(name).reads(), days=DAYS))), name) == together
    assert any(judgement.signal is not None for _, _, judgement in together)


def test_the_order_of_the_settings_changes_no_choice(market: list[AnalysisBundle]) -> None:
    """SIG-8: the conflict rule is by side, score and name."""
    one, other = decided(build(*NAMES), market), decided(build(*reversed(NAMES)), market)
    assert [(each.id, each.chosen) for each in one] == [(each.id, each.chosen) for each in other]
    assert {"conflict"} <= {reason for each in one for reason in each.reasons}


@pytest.mark.parametrize("cut", [1, 500, 1_111, 2_000])
def test_a_restart_and_a_cut_change_nothing(cut: int, market: list[AnalysisBundle]) -> None:
    """Invariants 1, 3: a prefix gives a prefix, and a restored core goes on as the one before."""
    whole = decided(build(*NAMES), market)
    first, successor = build(*NAMES), build(*NAMES)
    beginning = decided(first, market[:cut])
    assert whole[: len(beginning)] == beginning
    successor.restore(first.snapshot())
    assert beginning + decided(successor, market[cut:]) == whole


def test_a_decision_without_a_signal_is_small(market: list[AnalysisBundle]) -> None:
    """SIG-7: codes, no numbers. Fifty symbols and seven strategies must stay inside a bundle."""
    quiet = [
        len(msgspec.msgpack.encode(each))
        for each in decided(build("stranger_fade", "ob_fvg"), market)
        if not any(judgement.signal is not None for judgement in each.judgements)
    ]
    assert max(quiet) < 400
