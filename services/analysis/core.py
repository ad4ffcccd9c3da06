"""The analysis core: every bundle of candles gives exactly one bundle of analyses, also when nothing happened."""

from __future__ import annotations

from typing import Final

import msgspec

from services.analysis.cross.pairs import Pairs
from services.analysis.engine import Engine
from services.analysis.saved import AnalysisState
from services.analysis.settings import AnalysisSettings
from shared.core import StaleSnapshot
from shared.domain.candles import CandleBundle
from shared.domain.facts import ALL_KINDS, AnalysisBundle, FactKind
from shared.domain.message import Message
from shared.domain.timeframes import Timeframe

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(AnalysisState)


class AnalysisCore:
    """One partition and timeframe. Pure: no clock, no randomness, no I/O (see ``shared.core.Core``).

    An engine is made for a symbol at its first candle. A bundle at or before the last close is a duplicate and gives
    nothing. ``missing`` is passed on, and makes the engine treat the next candle as one after a gap. After the engines,
    pairs of symbols are read against each other. ``published``: the kinds of facts that the analyses carry.
    """

    def __init__(
        self,
        partition: int,
        timeframe: Timeframe,
        settings: AnalysisSettings,
        published: frozenset[FactKind] = ALL_KINDS,
    ) -> None:
        self._partition = partition
        self._published = published
        self._timeframe: Timeframe = timeframe
        self._settings = settings
        self._last_close = -1
        self._engines: dict[str, Engine] = {}
        self._pairs = Pairs(timeframe, settings, published)

    def handle(self, message: Message, now: int) -> list[Message]:
        """A CandleBundle gives one AnalysisBundle; anything else gives nothing.

        Raises ValueError for a bundle of another partition or timeframe, or one that holds a candle of another close: the
        sender is broken, and to go on silently would hide it.
        """
        if not isinstance(message, CandleBundle):
            return []
        self._check(message)
        if message.close_time <= self._last_close:
            return []
        self._last_close = message.close_time
        for symbol in message.missing:
            engine = self._engines.get(symbol)
            if engine is not None:
                engine.gap()
        analyses = []
        for candle in message.candles:
            engine = self._engines.get(candle.symbol)
            if engine is None:
                engine = self._engines[candle.symbol] = self._engine(candle.symbol)
            analyses.append(engine.update(candle))
        return [
            AnalysisBundle(
                partition=self._partition,
                timeframe=self._timeframe,
                close_time=message.close_time,
                analyses=self._pairs.read(analyses, self._engines, message.close_time),
                missing=message.missing,
                warmup=message.warmup,
            )
        ]

    def snapshot(self) -> bytes:
        """The whole state in msgpack: about 25 KB a symbol with the default settings."""
        return _ENCODER.encode(
            AnalysisState(
                self._last_close,
                {symbol: engine.state() for symbol, engine in self._engines.items()},
                self._pairs.state(),
            )
        )

    def restore(self, data: bytes) -> None:
        """Replace the state by a snapshot's.

        Raises, and changes nothing, StaleSnapshot for one of other detectors or of another shape: candles are all that it is
        made of, so a lane may begin without.
        """
        try:
            state = _DECODER.decode(data)
        except msgspec.DecodeError as error:
            raise StaleSnapshot(
                f"analysis of partition {self._partition}, {self._timeframe}: the snapshot has another shape ({error})"
            ) from error
        engines = {}
        for symbol, engine_state in state.engines.items():
            engine = engines[symbol] = self._engine(symbol)
            engine.restore(engine_state)
        pairs = Pairs(self._timeframe, self._settings, self._published)
        pairs.restore(state.pairs)
        self._last_close, self._engines, self._pairs = state.last_close, engines, pairs

    def _engine(self, symbol: str) -> Engine:
        return Engine(symbol, self._timeframe, self._settings, self._published)

    def _check(self, bundle: CandleBundle) -> None:
        if bundle.partition != self._partition or bundle.timeframe != self._timeframe:
            raise ValueError(
                f"analysis of partition {self._partition}, {self._timeframe} was given {bundle.message_id}: "
                "check the bindings"
            )
        for candle in bundle.candles:
            if candle.close_time != bundle.close_time or candle.timeframe != bundle.timeframe:
                raise ValueError(
                    f"{bundle.message_id} holds {candle.symbol}'s {candle.timeframe} candle closing at {candle.close_time}"
                )
