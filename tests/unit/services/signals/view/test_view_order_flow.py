"""Questions about order flow and funding: delta, divergence, spread, imbalance, and what was not declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.signals.contract import Enabled, Strategy
from services.signals.core import SignalsCore
from services.signals.settings import SignalsSettings
from services.signals.strategies import STRATEGIES
from services.signals.strategies.classical.zscore import ZscoreSettings
from services.signals.view import MarketView, UndeclaredRead
from services.signals.view.history import MOST_BARS, FlowHistory
from services.signals.view.scope import EVERYTHING, Scope
from shared.domain.candles import Candle
from shared.domain.order_flow import CandleFlow, SettledFunding
from shared.domain.timeframes import MINUTE, closing_at
from tests.support.signals.scenes import CLOSE, DAWN, analysis, bundles_of, candle

WHOLE = CandleFlow(taker_bought=4.0, spread=0.0002, imbalance=-0.5)
FUNDING = SettledFunding(rate=0.0001, time=DAWN)


def seen(
    closes: list[float], bought: list[float | None], *, flow: CandleFlow | None = WHOLE, scope: Scope = EVERYTHING
) -> MarketView:
    """Candles of volume 10 that end with this close."""
    past = FlowHistory(closes=closes, volumes=[10.0] * len(closes), bought=bought)
    shown = analysis(of=candle(CLOSE, flow=flow, funding=FUNDING))
    flows = {"15m": past}
    return MarketView("BTCUSDT", CLOSE, closing_at(CLOSE), {"15m": shown}, {"15m": 100}, scope=scope, flows=flows)  # type: ignore[arg-type]  # a table row


def test_delta_is_what_takers_bought_less_what_they_sold() -> None:
    """ICT-14."""
    view = seen([1.0, 2.0, 3.0], [10.0, 2.0, 7.0])
    assert view.delta("15m") == 4.0
    assert view.delta("15m", 2) == -2.0
    assert view.delta_share("15m", 3) == pytest.approx(8.0 / 30.0)


def test_a_delta_of_which_a_candle_is_unknown_is_unknown() -> None:
    view = seen([1.0, 2.0, 3.0], [10.0, None, 7.0])
    assert view.delta("15m", 1) == 4.0
    assert view.delta("15m", 2) is view.delta_share("15m", 2) is view.divergence("15m", 3) is None
    assert view.delta("15m", 4) is None  # no more followed on each other


def test_without_trades_nobody_was_in_haste() -> None:
    past = FlowHistory(closes=[1.0], volumes=[0.0], bought=[0.0])
    view = MarketView("BTCUSDT", CLOSE, closing_at(CLOSE), {"15m": analysis()}, {"15m": 1}, flows={"15m": past})
    assert view.delta_share("15m") == 0.0


@pytest.mark.parametrize(
    ("closes", "bought", "expected"),
    [
        ([5.0, 4.0, 4.5, 3.9], [2.0, 1.0, 8.0, 6.0], "bullish"),  # a new low, and the takers bought it
        ([5.0, 4.0, 4.5, 3.9], [2.0, 1.0, 8.0, 0.0], "none"),  # sold to a new low of the delta too
        ([5.0, 4.0, 4.5, 4.0], [2.0, 1.0, 8.0, 6.0], "none"),  # an equal low is no new one
        ([5.0, 6.0, 5.5, 6.1], [8.0, 9.0, 2.0, 4.0], "bearish"),
        ([5.0, 6.0, 5.5, 6.1], [8.0, 9.0, 2.0, 10.0], "none"),
        ([5.0], [8.0], "none"),
    ],
)
def test_divergence_is_a_new_extreme_that_the_delta_does_not_confirm(
    closes: list[float], bought: list[float | None], expected: str
) -> None:
    """ICT-14."""
    assert seen(closes, bought).divergence("15m", len(closes)) == expected


@given(
    rows=st.lists(st.tuples(st.integers(90, 110), st.integers(0, 10)), min_size=1, max_size=12),
)
def test_an_upside_down_market_has_the_mirrored_flow(rows: list[tuple[int, int]]) -> None:
    """What is bought there is sold here."""
    closes, bought = [float(close) for close, _ in rows], [float(part) for _, part in rows]
    there = seen([200.0 - close for close in closes], [10.0 - part for part in bought])
    here, count = seen(closes, list(bought)), len(rows)
    assert there.delta("15m", count) == -(here.delta("15m", count) or 0.0)
    mirrored = {"bullish": "bearish", "bearish": "bullish", "none": "none"}
    assert there.divergence("15m", count) == mirrored[str(here.divergence("15m", count))]


def test_spread_imbalance_and_funding_are_those_of_the_candle_that_closes_now() -> None:
    view = seen([1.0], [4.0])
    assert (view.spread("15m"), view.imbalance("15m"), view.funding()) == (0.0002, -0.5, FUNDING)
    bare = seen([1.0], [None], flow=None)
    assert bare.spread("15m") is bare.imbalance("15m") is None
    late = MarketView("BTCUSDT", CLOSE + MINUTE, closing_at(CLOSE + MINUTE), {"15m": analysis()}, {"15m": 1})
    assert late.funding() is late.spread("15m") is None  # an older candle's are not of now


@pytest.mark.parametrize(
    ("asks", "said"),
    [
        (lambda view: view.delta("15m", 5), "order flow of 5 candles of 15m; it declares 4"),
        (lambda view: view.divergence("1h", 1), "order flow of 1 candles of 1h; it declares 0"),
        (lambda view: view.spread("1m"), "order flow of 1 candles of 1m"),
        (lambda view: view.imbalance("1h"), "order flow of 1 candles of 1h"),
        (lambda view: view.funding(), "the funding"),
    ],
)
def test_a_question_that_is_not_declared_is_refused(asks: Callable[[MarketView], object], said: str) -> None:
    """SIG-1: the answer would depend on what others declare; also noted where the strategy catches the error."""
    scope = Scope({"15m": frozenset(), "1h": frozenset()}, (), {}, {"15m": 4})
    view = seen([1.0] * 9, [5.0] * 9, scope=scope)
    with pytest.raises(UndeclaredRead, match=said):
        asks(view)
    assert len(view.asked) == 1


@pytest.mark.parametrize(
    ("flow", "said"),
    [
        ({"1h": 5}, "looks back on 1h and does not declare to read it"),
        ({"15m": MOST_BARS + 1}, f"declares to read {MOST_BARS + 1} candles of 15m"),
    ],
)
def test_order_flow_that_cannot_be_kept_is_refused_when_the_strategy_is_enabled(flow: dict[Any, int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Enabled(reading(flow), ZscoreSettings())


def reading(flow: dict[Any, int]) -> Strategy[Any]:
    """A strategy that reads order flow and never signals."""
    before = STRATEGIES["zscore"]
    return Strategy(
        name="zscore", about=before.about, settings=before.settings, judge=lambda view, _: ("no_setup",),
        timeframe=before.timeframe, reads=before.reads, flow=lambda _: flow,
    )  # fmt: skip


@given(steps=st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=30), limit=st.integers(1, 10))
def test_flow_that_is_remembered_follows_on_each_other_and_is_bounded(steps: list[tuple[int, bool]], limit: int) -> None:
    """Invariant 6; no delta spans a gap or a disputed candle."""
    history, run, at = FlowHistory(), list[Candle](), DAWN
    for missing, disputed in steps:
        at += (1 + missing) * MINUTE
        state = "disputed" if disputed else "closed"
        each = candle(at, "1m", flow=CandleFlow(taker_bought=1.0), state=state)
        history.take(each, limit)
        run = [*run, each] if run and not missing else [each]
        run = [] if disputed else run[-limit:]
        assert history.closes == [one.close for one in run]
        assert len(history.bought) == len(history.volumes) == len(run)


def test_the_core_remembers_flow_only_where_it_is_declared_and_a_restart_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 3."""
    monkeypatch.setitem(STRATEGIES, "zscore", reading({"15m": 3}))
    chosen = SignalsSettings(strategies=("zscore",))
    original, successor = (SignalsCore(0, ("BTCUSDT",), ("1m", "15m"), chosen) for _ in range(2))
    for step in range(1, 61):
        for message in bundles_of(DAWN + step * MINUTE, ("1m", "15m")):
            original.handle(message, message.close_time)
    successor.restore(original.snapshot())
    assert original.snapshot() == successor.snapshot()
    assert b"flows" in original.snapshot()
    monkeypatch.undo()
    plain = SignalsCore(0, ("BTCUSDT",), ("1m", "15m"), chosen)
    for message in bundles_of(DAWN + 15 * MINUTE, ("1m", "15m")):
        plain.handle(message, message.close_time)
    assert b"flows" not in plain.snapshot()
