"""Counts decisions minute by minute, in memory that does not grow with the candles."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from research.decisions import Deciding
from research.measure.following import Following
from research.measure.record import MeasuredSet, MeasuredStrategy, MeasuredSymbol
from services.ingest.candle_source import CandleSource
from services.signals.contract import Enabled
from shared.domain.candles import RawCandle
from shared.domain.decisions import Judgement, LimitEntry, Reason
from shared.domain.timeframes import MINUTE

#: Reasons that are a fault of the strategy.
FAULTS: Final[frozenset[Reason]] = frozenset({"strategy_failed", "bad_signal", "undeclared_read"})


class _Tally:
    """One strategy and symbol."""

    def __init__(self) -> None:
        self.closes = self.longs = self.shorts = self.chosen = self.limits = 0
        self.filled = self.expired = self.voided = self.cut = self.errors = 0
        self.reasons: Counter[str] = Counter()
        self.minutes: Counter[int] = Counter()  # of 30 days at most: bounded
        self.open: list[Following] = []

    def minute(self, close_time: int, candle: RawCandle | None) -> None:
        """Follow what is open through one minute."""
        if not self.open:
            return
        left: list[Following] = []
        for each in self.open:
            before = each.stage
            stage = each.minute(close_time, candle)
            self.filled += before == "waiting" and stage in ("held", "ended")
            self.expired += stage == "expired"
            self.voided += stage == "voided"
            self.cut += stage == "cut"
            if stage == "ended":
                self.minutes[each.minutes] += 1
            elif stage in ("waiting", "held"):
                left.append(each)
        self.open = left

    def judged(self, judgement: Judgement, *, chosen: bool) -> None:
        self.closes += 1
        self.chosen += chosen
        self.reasons.update(judgement.reasons)
        self.errors += not FAULTS.isdisjoint(judgement.reasons)
        signal = judgement.signal
        if signal is not None:
            self.longs += signal.side == "BUY"
            self.shorts += signal.side == "SELL"
            self.limits += isinstance(signal.entry, LimitEntry)
            self.open.append(Following(signal))

    def row(self, enabled: Enabled, symbol: str) -> MeasuredStrategy:
        held = sum(each.stage == "held" for each in self.open)
        return MeasuredStrategy(
            strategy=enabled.name,
            symbol=symbol,
            timeframe=enabled.timeframe,
            closes=self.closes,
            longs=self.longs,
            shorts=self.shorts,
            chosen=self.chosen,
            limits=self.limits,
            filled=self.filled,
            expired=self.expired,
            voided=self.voided,
            waiting=len(self.open) - held,
            ended=self.minutes.total(),
            held=held + self.cut,
            median_minutes=percentile(self.minutes, 50),
            p90_minutes=percentile(self.minutes, 90),
            reasons=dict(sorted(self.reasons.items(), key=lambda each: (-each[1], each[0]))),
            errors=self.errors,
        )


def percentile(counts: Counter[int], percent: int) -> int | None:
    """The smallest value that ``percent`` of all values are not above (nearest rank); None of no values."""
    wanted, seen = -(-counts.total() * percent // 100), 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= wanted:
            return value
    return None


class _Watched:
    """A source that remembers the candles of the minute that it handed out last, and the digest of all of them."""

    def __init__(self, source: CandleSource) -> None:
        self.symbols, self.first, self.last = source.symbols, source.first, source.last
        self.now: dict[str, RawCandle] = {}
        self.counts: Counter[str] = Counter()
        self.spans: dict[str, tuple[int, int]] = {}
        self.digests = {symbol: hashlib.sha256() for symbol in source.symbols}
        self._source = source

    def __len__(self) -> int:
        return len(self._source)

    def steps(self) -> Iterator[tuple[int, tuple[RawCandle, ...]]]:
        for close_time, candles in self._source.steps():
            self.now = {each.symbol: each for each in candles}
            for each in candles:
                self.counts[each.symbol] += 1
                self.spans[each.symbol] = (self.spans.get(each.symbol, (close_time, 0))[0], close_time)
                self.digests[each.symbol].update(msgspec.msgpack.encode(each))
            yield close_time, candles

    def symbol(self, symbol: str, file: str) -> MeasuredSymbol:
        first, last = self.spans.get(symbol, (self.first, self.first))
        count = self.counts[symbol]
        missing = (last - first) // MINUTE + 1 - count if count else 0
        digest = self.digests[symbol].hexdigest()
        return MeasuredSymbol(
            symbol=symbol, file=file, first=first, last=last, candles=count, missing=missing, sha256=digest
        )


class Origin(NamedTuple):
    """What a reader is told of a data set beside its counts; files: symbol → the file's name. See ``MeasuredSet``."""

    name: str
    engine: str
    defaults: bool
    command: str
    files: dict[str, str]


class Measuring:
    """Measures one data set: ``for close_time in measuring.minutes()``, then ``measuring.result(…)``."""

    def __init__(self, deciding: Deciding, enabled: Sequence[Enabled], source: CandleSource) -> None:
        self._deciding = deciding
        self._enabled = tuple(enabled)
        self._source = _Watched(source)
        self._tallies = {(each.name, symbol): _Tally() for each in enabled for symbol in sorted(source.symbols)}

    def minutes(self) -> Iterator[int]:
        """Decide and count every minute; yield its close time (UTC ms). Raises SourceRefused for a file that changed."""
        for close_time, decided in self._deciding.over(self._source):
            for (_, symbol), tally in self._tallies.items():
                tally.minute(close_time, self._source.now.get(symbol))
            for decision in decided:
                for each in decision.judgements:
                    self._tallies[each.strategy, decision.symbol].judged(each, chosen=each.strategy == decision.chosen)
            yield close_time

    def result(self, origin: Origin) -> MeasuredSet:
        """What was counted."""
        files = origin.files
        return MeasuredSet(
            name=origin.name,
            engine=origin.engine,
            defaults=origin.defaults,
            command=origin.command,
            symbols=tuple(self._source.symbol(each, files[each]) for each in sorted(self._source.symbols)),
            strategies=tuple(
                tally.row(enabled, symbol)
                for enabled in self._enabled
                for symbol in sorted(self._source.symbols)
                for tally in (self._tallies[enabled.name, symbol],)
            ),
        )
