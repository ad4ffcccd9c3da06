"""The ways in which the engine is run, as one: candle by candle, over columns, in portions, and stopped and restored."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import msgspec

from services.analysis.engine import Engine, EngineState
from services.analysis.settings import AnalysisSettings
from shared.domain.candles import Candle
from shared.domain.facts import Fact

#: The only form in which a state leaves a process.
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(EngineState).decode


def streamed(candles: Sequence[Candle], chosen: AnalysisSettings) -> tuple[list[Fact], bytes]:
    """Candle by candle: every event, and the state at the end."""
    one = _engine(candles, chosen)
    return [fact for candle in candles for fact in one.update(candle).events], _encode(one.state())


def in_portions(
    candles: Sequence[Candle], chosen: AnalysisSettings, cuts: Collection[int], stops: Collection[int]
) -> tuple[list[Fact], bytes]:
    """The same over columns, cut after these numbers of candles; at ``stops`` another engine goes on from the bytes."""
    one, facts = _engine(candles, chosen), []
    for portion, stop in _portions(candles, {*cuts, *stops}, stops):
        facts += one.facts(one.run(*columns(portion)))
        if stop:
            saved = _encode(one.state())
            one = _engine(candles, chosen)
            one.restore(_decode(saved))
    return facts, _encode(one.state())


def columns(
    candles: Sequence[Candle],
) -> tuple[list[int], list[float], list[float], list[float], list[float], list[float]]:
    """Open times, opens, highs, lows, closes, volumes: what ``Engine.run`` takes."""
    return (
        [c.open_time for c in candles], [c.open for c in candles], [c.high for c in candles],
        [c.low for c in candles], [c.close for c in candles], [c.volume for c in candles],
    )  # fmt: skip


def way_offences(
    candles: Sequence[Candle], chosen: AnalysisSettings, cuts: Collection[int], stops: Collection[int]
) -> list[str]:
    """Where batch, portions, or portions with restarts differ from the stream: in a fact, in their number, in the state."""
    facts, state = streamed(candles, chosen)
    found = []
    for way, where, halts in (("batch", (), ()), ("portions", cuts, ()), ("restarts", cuts, stops)):
        others, other = in_portions(candles, chosen, where, halts)
        if len(others) != len(facts):
            found.append(f"{way}: {len(others)} facts, streamed {len(facts)}")
        found += [
            f"{way}: fact {place} is {theirs}, streamed {mine}"
            for place, (mine, theirs) in enumerate(zip(facts, others, strict=False))
            if mine != theirs
        ][:1]
        if other != state:
            found.append(f"{way}: another state at the end")
    return found


def _engine(candles: Sequence[Candle], chosen: AnalysisSettings) -> Engine:
    return Engine(candles[0].symbol, candles[0].timeframe, chosen)


def _portions(
    candles: Sequence[Candle], cuts: Collection[int], stops: Collection[int]
) -> Iterator[tuple[Sequence[Candle], bool]]:
    begin = 0
    for cut in sorted(cut for cut in cuts if 0 < cut < len(candles)):
        yield candles[begin:cut], cut in stops
        begin = cut
    yield candles[begin:], False
