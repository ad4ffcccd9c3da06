"""Knows the newest analyses of a partition's symbols, and makes the views that strategies and filters see. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from services.signals.barrier import CloseRuling
from services.signals.contract import Enabled
from services.signals.filters.filtering import Filters
from services.signals.view import MarketView, SymbolMemory
from services.signals.view.flaws import SOUND, Flaws, flaws
from services.signals.view.index import Indexes
from services.signals.view.memory import MOMENTS
from services.signals.view.scope import Scope
from shared.domain.facts import Analysis, FactKind
from shared.domain.timeframes import DURATION, FINEST, Timeframe


class Knowledge:
    """What strategies and filters may see, as far back as one of them looks. symbols: the memory of each, sorted by name.

    moments: see ``SignalsSettings.moments``.
    """

    def __init__(
        self,
        symbols: Iterable[str],
        timeframes: tuple[Timeframe, ...],
        strategies: tuple[Enabled, ...],
        filters: Filters,
        moments: int,
    ) -> None:
        self.symbols: dict[str, SymbolMemory] = {symbol: SymbolMemory() for symbol in sorted(symbols)}
        self._indexes: Final = {symbol: Indexes() for symbol in self.symbols}
        self._moments: Final = moments
        #: By symbol and timeframe, until when the newest candle is the last one, UTC ms; 0 for a disputed one.
        self._sound: dict[str, dict[Timeframe, int]] = {symbol: {} for symbol in self.symbols}
        self._newest_close = 0
        scopes = [each.scope for each in strategies]
        self._kept: Final[dict[Timeframe, frozenset[FactKind]]] = {
            frame: MOMENTS & frozenset().union(*(scope.reads.get(frame, ()) for scope in scopes)) for frame in timeframes
        }
        self._bars: Final[dict[Timeframe, int]] = {
            frame: max([filters.history.get(frame, 0), *(scope.history.get(frame, 0) for scope in scopes)])
            for frame in timeframes
        }
        self._flows: Final[dict[Timeframe, int]] = {
            frame: max([filters.flow.get(frame, 0), *(scope.flow.get(frame, 0) for scope in scopes)]) for frame in timeframes
        }

    def restore(self, symbols: Mapping[str, SymbolMemory]) -> None:
        """Take over the memories of the symbols that are known here; a new symbol begins empty."""
        self.symbols = {symbol: symbols.get(symbol) or SymbolMemory() for symbol in self.symbols}
        self._sound = {symbol: {} for symbol in self.symbols}

    def absorb(self, analysis: Analysis) -> None:
        """Take a closed candle with its facts; of a symbol that is not known here it keeps nothing."""
        memory = self.symbols.get(analysis.symbol)
        if memory is not None:
            frame = analysis.timeframe
            memory.absorb(analysis, self._kept[frame], self._moments, self._bars[frame], self._flows[frame])
            if memory.analyses.get(frame) is analysis:
                candle, length = analysis.candle, DURATION[frame]
                closed = candle.open_time + length
                self._newest_close = max(self._newest_close, closed)
                self._sound[analysis.symbol][frame] = closed + length if candle.state != "disputed" else 0

    def newest(self, symbol: str) -> Analysis | None:
        """Return the newest 1m analysis; None before the first."""
        return self.symbols[symbol].analyses.get(FINEST)

    def flaws(self, ruling: CloseRuling) -> dict[str, Flaws]:
        """Return by symbol what is missing or disputed at a close."""
        found: dict[str, Flaws] = {}
        for symbol, each in self.symbols.items():
            if self._is_sound(symbol, each, ruling):
                found[symbol] = SOUND
            else:
                found[symbol] = flaws(ruling.close_time, ruling.expected, each.analyses)
        return found

    def _is_sound(self, symbol: str, memory: SymbolMemory, ruling: CloseRuling) -> bool:
        """Whether nothing is missing or disputed, as nearly always; False where that has to be looked up."""
        known, close_time = self._sound[symbol], ruling.close_time
        if len(known) != len(memory.analyses) or close_time < self._newest_close:
            return False
        for frame in ruling.expected:
            if frame not in known:
                return False
        for until in known.values():  # noqa: SIM110  # a generator costs more than its answer
            if until <= close_time:
                return False
        return True

    def view(
        self,
        symbol: str,
        ruling: CloseRuling,
        enabled: Enabled,
        known: Mapping[str, Flaws],
        others: Mapping[str, MarketView] | None = None,
        scope: Scope | None = None,
    ) -> MarketView:
        """Return the view of a symbol at a close for a strategy. scope: what is read instead of what the strategy reads."""
        memory = self.symbols[symbol]
        return MarketView(
            symbol,
            ruling.close_time,
            ruling.expected,
            memory.analyses,
            memory.candles,
            memory.used.get(enabled.name, ()),
            scope=scope or enabled.scope,
            moments=memory.moments,
            others=others,
            history=memory.history,
            flows=memory.flows,
            indexes=self._indexes[symbol],
            known=known[symbol],
            timeframe=enabled.timeframe,
        )
