"""What an analysis leaves out changes nothing in what it carries (ICT-1, SIG-1)."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cli.run.configuration import try_load
from cli.wiring import service_spec
from services.analysis.core import AnalysisCore
from services.analysis.detectors.dependencies import ACROSS, ROLES
from services.analysis.detectors.roster import Roster
from services.analysis.settings import AnalysisSettings
from services.signals.settings import SignalsSettings
from services.signals.view import MarketView
from services.signals.view.scope import EVERYTHING, Scope
from shared.domain.candles import Candle, CandleBundle
from shared.domain.facts import ALL_KINDS, Analysis, AnalysisBundle, FactKind
from shared.domain.timeframes import FINEST
from tests.support.analysis.candles import LIVELY, TIMEFRAME, seeded_walk
from tests.support.runtime.telling import tell

BTC = seeded_walk(1, 500)
ETH = [msgspec.structs.replace(candle, symbol="ETHUSDT") for candle in seeded_walk(2, 500)]


def bundles() -> list[CandleBundle]:
    return [
        CandleBundle(partition=0, timeframe=TIMEFRAME, close_time=btc.close_time, candles=(btc, eth))
        for btc, eth in zip(BTC, ETH, strict=True)
    ]


def said(published: frozenset[FactKind], restart: int = -1) -> list[Analysis]:
    """Every analysis of both symbols; the core is saved and restored before bundle ``restart``."""
    core, found = AnalysisCore(0, TIMEFRAME, LIVELY, published), list[Analysis]()
    for number, bundle in enumerate(bundles()):
        if number == restart:
            saved = core.snapshot()
            core = AnalysisCore(0, TIMEFRAME, LIVELY, published)
            core.restore(saved)
        (answer,) = tell(core, bundle)
        assert isinstance(answer, AnalysisBundle)
        found += answer.analyses
    return found


WHOLE = said(ALL_KINDS)


def only(analysis: Analysis, kinds: frozenset[FactKind]) -> Analysis:
    return msgspec.structs.replace(
        analysis,
        events=tuple(fact for fact in analysis.events if fact.kind in kinds),
        active=tuple(fact for fact in analysis.active if fact.kind in kinds),
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.frozensets(st.sampled_from(sorted(ALL_KINDS)), max_size=12), st.integers(-1, len(BTC)))
def test_an_analysis_of_some_kinds_is_the_whole_one_without_the_others(kinds: frozenset[FactKind], restart: int) -> None:
    """ICT-1: the same facts with the same ids at the same closes, whatever else is published, across a restart too."""
    assert said(kinds, restart) == [only(analysis, kinds) for analysis in WHOLE]


def test_each_kind_alone_is_told_as_among_all() -> None:
    """ICT-1: the detectors behind one kind are enough for it; the walk shows most kinds, and nothing is missing of them."""
    shown = {fact.kind for analysis in WHOLE for fact in analysis.events}
    assert len(shown) > 40
    for kind in sorted(shown):
        kinds = frozenset({kind})
        assert said(kinds) == [only(analysis, kinds) for analysis in WHOLE], kind


@pytest.mark.parametrize(
    ("name", "forgotten"), [("sweeps", "equal_levels"), ("rejection_blocks", "pools"), ("power_of_three", "sessions")]
)
def test_a_detector_that_is_forgotten_is_noticed(monkeypatch: pytest.MonkeyPatch, name: str, forgotten: str) -> None:
    """The specimens: a table that does not know what a detector reads."""
    says, reads_of = ROLES[name]
    monkeypatch.setitem(ROLES, name, (says, tuple(each for each in reads_of if each != forgotten)))
    kinds: frozenset[FactKind] = frozenset(says)
    assert said(kinds) != [only(analysis, kinds) for analysis in WHOLE]


def test_the_table_names_every_detector_and_every_kind_once() -> None:
    """ICT-1: by the roster and by the vocabulary."""
    roster = Roster("all", 60_000, 0, LIVELY)
    assert [name for name, _ in roster.at_work] == [name for name in ROLES if name in dict(roster.at_work)]
    kinds = [kind for says, _ in ROLES.values() for kind in says] + list(ACROSS)
    assert sorted(kinds) == sorted(ALL_KINDS)


def kinds_of(scope: Scope) -> frozenset[FactKind]:
    return frozenset().union(*scope.reads.values())


def test_a_strategy_decides_alike_whether_it_gets_all_kinds_or_those_that_it_reads() -> None:
    """SIG-1: a kind missing among its ``reads`` would change its word here."""
    chosen = SignalsSettings.model_validate(
        {
            "strategies": ["ob_fvg", "every_close"],
            "drill": True,
            "ob_fvg": {"timeframe": TIMEFRAME, "min_block_score": 0.0, "max_gap_distance": 5.0, "entry_score": 1.0},
        }
    )
    words = set()
    for each in chosen.enabled():
        for number, analysis in enumerate(WHOLE):
            whole, lean, seen = (
                each.answer(
                    MarketView(
                        symbol=one.symbol,
                        close_time=one.candle.close_time,
                        closing=(TIMEFRAME,),
                        analyses={TIMEFRAME: one, FINEST: one},
                        candles={TIMEFRAME: number, FINEST: number},
                        scope=scope,
                    ),
                )
                for one, scope in (
                    (analysis, EVERYTHING),
                    (only(analysis, kinds_of(each.scope)), EVERYTHING),
                    (analysis, each.scope),
                )
            )
            assert whole == lean == seen
            words.add(type(whole).__name__)
    assert words == {"Signal", "tuple"}  # both were seen


@pytest.mark.parametrize(
    ("publish", "more"), [([], set()), (["sweep"], {"sweep"}), (["swing_*"], {"swing_high", "swing_low"})]
)
def test_analysis_carries_what_strategies_read_and_what_is_asked_for(publish: list[str], more: set[str]) -> None:
    """ICT-1: by the settings of the whole system, in the lanes that they wire."""
    loaded = try_load(None, {"analysis": {"publish": publish}})
    wanted = loaded.signals.reads() | more
    lane = service_spec("analysis", loaded).lanes[0]
    core, seen = lane.build(), set[str]()
    for candle in seeded_walk(3, 600):
        one: Candle = msgspec.structs.replace(candle, timeframe="1m", open_time=candle.open_time // 15)
        for answer in tell(core, CandleBundle(partition=0, timeframe="1m", close_time=one.close_time, candles=(one,))):
            assert isinstance(answer, AnalysisBundle)
            seen |= {fact.kind for analysis in answer.analyses for fact in analysis.events}
    assert seen == wanted


def test_a_kind_that_does_not_exist_is_refused_with_the_nearest() -> None:
    """OPS-1: a typo in the settings never means silence."""
    with pytest.raises(ValidationError, match="did you mean 'sweep'"):
        AnalysisSettings.model_validate({"publish": ["sweeps"]})
    with pytest.raises(ValidationError, match="the kinds are"):
        AnalysisSettings.model_validate({"publish": ["zzz*"]})
    assert AnalysisSettings(publish=("*",)).published(frozenset()) == ALL_KINDS
