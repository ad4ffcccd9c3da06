"""The core: one bundle of analyses for each bundle of candles, duplicates and strangers (ICT-1 to ICT-5, DATA-3)."""

from __future__ import annotations

import msgspec
import pytest

from services.analysis.core import AnalysisCore
from services.analysis.settings import AnalysisSettings
from services.analysis.settings.cross import CrossSettings
from shared.core import StaleSnapshot
from shared.domain.candles import Candle, CandleBundle
from shared.domain.control import ClockTick
from shared.domain.facts import AnalysisBundle
from tests.support.analysis.candles import LIVELY, STEP, SYMBOL, TIMEFRAME, run, seeded_walk
from tests.support.runtime.telling import tell

BTC = seeded_walk(1, 300)
ETH = [msgspec.structs.replace(candle, symbol="ETHUSDT") for candle in seeded_walk(2, 300)]


def bundle(*candles: Candle, close_time: int | None = None, missing: tuple[str, ...] = ()) -> CandleBundle:
    at = candles[0].close_time if close_time is None else close_time
    return CandleBundle(partition=3, timeframe=TIMEFRAME, close_time=at, candles=candles, missing=missing)


#: Without pairs, every analysis is its own engine's.
APART = LIVELY.model_copy(update={"cross": CrossSettings(enabled=False)})


def core(settings: AnalysisSettings = APART) -> AnalysisCore:
    return AnalysisCore(3, TIMEFRAME, settings)


def handled(one: AnalysisCore, message: CandleBundle) -> AnalysisBundle:
    (answer,) = tell(one, message)
    assert isinstance(answer, AnalysisBundle)
    return answer


def test_every_bundle_gives_exactly_one_with_the_engines_analyses() -> None:
    """ICT-1..5: symbols do not touch each other; the order is the bundle's."""
    one = core()
    answers = [handled(one, bundle(eth, btc)) for eth, btc in zip(ETH, BTC, strict=True)]
    assert [(a.partition, a.timeframe, a.close_time) for a in answers] == [(3, TIMEFRAME, c.close_time) for c in BTC]
    assert [answer.analyses[0] for answer in answers] == run(ETH, LIVELY)
    assert [answer.analyses[1] for answer in answers] == run(BTC, LIVELY)


def test_a_bundle_of_missing_symbols_only_gives_one_too() -> None:
    """DATA-3: missing is a statement that travels on, known symbol or not."""
    one = core()
    handled(one, bundle(BTC[0]))
    answer = handled(one, bundle(close_time=BTC[1].close_time, missing=(SYMBOL, "ETHUSDT")))
    assert (answer.close_time, answer.analyses, answer.missing) == (BTC[1].close_time, (), (SYMBOL, "ETHUSDT"))


def test_a_missing_candle_is_a_gap_for_its_symbol_alone() -> None:
    """DATA-3: windows restart for BTC, ETH goes on."""
    one = core()
    answers = []
    for number, (btc, eth) in enumerate(zip(BTC, ETH, strict=True)):
        answers.append(handled(one, bundle(eth, missing=(SYMBOL,)) if number == 150 else bundle(eth, btc)))
    assert [answer.analyses[0] for answer in answers] == run(ETH, LIVELY)
    with_hole = [answer.analyses[1] for answer in answers if not answer.missing]
    assert with_hole == run([*BTC[:150], *BTC[151:]], LIVELY)
    assert [a.events for a in with_hole] != [a.events for a in [*run(BTC, LIVELY)[:150], *run(BTC, LIVELY)[151:]]]


def test_repeated_or_older_bundle_changes_nothing() -> None:
    """A bundle at or before the last close is a duplicate, whatever it holds."""
    one = core()
    for candle in BTC[:100]:
        handled(one, bundle(candle))
    before = one.snapshot()
    assert [tell(one, bundle(candle)) for candle in (BTC[99], BTC[98], BTC[0], ETH[99])] == [[]] * 4
    assert one.snapshot() == before


def test_other_messages_give_nothing() -> None:
    """The core answers candles only."""
    assert tell(core(), ClockTick(time=BTC[0].close_time)) == []


@pytest.mark.parametrize("change", [{"partition": 2}, {"timeframe": "1h"}])
def test_a_bundle_of_another_lane_is_an_error(change: dict[str, object]) -> None:
    """A wrong binding must not pass in silence."""
    with pytest.raises(ValueError, match="check the bindings"):
        tell(core(), msgspec.structs.replace(bundle(BTC[0]), **change))


@pytest.mark.parametrize("change", [{"open_time": BTC[0].open_time - STEP}, {"timeframe": "1h"}])
def test_a_candle_of_another_close_is_an_error_before_anything_changed(change: dict[str, object]) -> None:
    """Causality: a candle cannot travel with a close that is not its own."""
    one = core()
    with pytest.raises(ValueError, match="ETHUSDT"):
        tell(one, bundle(BTC[0], msgspec.structs.replace(ETH[0], **change)))
    assert one.snapshot() == core().snapshot()


def test_a_symbol_may_join_later() -> None:
    """An engine begins at the first candle of its symbol."""
    one = core()
    for btc in BTC[:50]:
        handled(one, bundle(btc))
    later = [handled(one, bundle(btc, eth)).analyses[1] for btc, eth in zip(BTC[50:], ETH[50:], strict=True)]
    assert later == run(ETH[50:], LIVELY)


def test_a_snapshot_stays_small_however_long_the_history() -> None:
    """OPS-3: bounded state; two symbols with the default settings and lively candles."""
    one = core(AnalysisSettings())
    sizes = []
    for number, (btc, eth) in enumerate(zip(seeded_walk(5, 4_000), seeded_walk(6, 4_000), strict=True)):
        handled(one, bundle(btc, msgspec.structs.replace(eth, symbol="ETHUSDT")))
        if number % 100 == 99:
            sizes.append(len(one.snapshot()))
    assert max(sizes) < 60_000
    assert max(sizes[20:]) < 2 * max(sizes[5:20])


@pytest.mark.parametrize("data", [msgspec.msgpack.encode({"last_close": "yesterday"}), b"\xc1", b""])
def test_bytes_that_are_no_snapshot_are_refused_and_change_nothing(data: bytes) -> None:
    """A half-restored core would be worse than none; of another shape is of another version."""
    one = core()
    handled(one, bundle(BTC[0]))
    before = one.snapshot()
    with pytest.raises(StaleSnapshot, match="another shape"):
        one.restore(data)
    assert one.snapshot() == before
