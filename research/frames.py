"""Candles, facts and everything that a run left as pandas frames: what a notebook begins with.

>>> from research import frames
>>> btc = frames.candles("btc.csv", "BTCUSDT", "15m")
>>> zones = frames.facts("btc.csv", "BTCUSDT", "15m", kinds=["fvg", "order_block"])
>>> run = frames.read_run("runs/first")           # a directory that `ict backtest` wrote
>>> run.trades.groupby("strategy")["r"].describe()

Times are UTC timestamps; prices and amounts float64 of the decimals that were recorded: for looking and for statistics, not
for money. Candles and facts are those that ingest and analysis make live, at the times at which they make them.
Needs the extra ``research``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import msgspec
import pandas as pd

from research.backtest.result import Result
from research.events import stream
from research.market import Market
from research.performance.equity import EquityCurve
from research.performance.trades import TradeResult
from research.report.record import Record, read_decisions, read_record
from services.analysis.settings import AnalysisSettings
from services.ingest.settings import IngestSettings
from shared.domain.facts import ALL_KINDS
from shared.domain.timeframes import TIMEFRAMES, Timeframe

#: Columns of ``facts`` that are times, UTC ms in the events.
_TIMES: Final = ("confirmed_at", "since", "formed_at")
_CANDLE: Final = ("open", "high", "low", "close", "volume")
_MS_PER_MINUTE: Final = 60_000


def candles(
    path: str | Path, symbol: str, timeframe: str = "1m", start: int | None = None, end: int | None = None
) -> pd.DataFrame:
    """Closed candles, a row each, by their open time: open, high, low, close, volume, and the state that ingest gives them.

    path: of 1m candles or coarser, up to ``timeframe``. start, end: UTC ms, the second not included. What the rules of
    ingest cannot make is left out. Raises SourceRefused with every defect of the file, ValueError for another timeframe.
    """
    market = _market(path, symbol, timeframe, start, end)
    rows = [(each.open_time, *(getattr(each, name) for name in _CANDLE), each.state) for each in market.candles(symbol)]
    frame = pd.DataFrame(rows, columns=["open_time", *_CANDLE, "state"])
    return _timed(frame, ["open_time"]).set_index("open_time")


def facts(
    path: str | Path,
    symbol: str,
    timeframe: str = "15m",
    kinds: Collection[str] | None = None,
    settings: Mapping[str, Any] | None = None,
    start: int | None = None,
    end: int | None = None,
) -> pd.DataFrame:
    """Every event of the engine, a row each, by the close that made it knowable (``confirmed_at``), as of ``ict analyse``.

    A zone has a row for each of its states; ``id`` ties them together, ``since`` is when it was known first. kinds: None =
    all. settings: of section ``analysis``. Raises as ``candles``; ValueError for unknown kinds, pydantic's for settings.
    """
    unknown = sorted(set(kinds or ()) - ALL_KINDS)
    if unknown:
        raise ValueError(f"there is no kind {', '.join(unknown)}; there are: {', '.join(sorted(ALL_KINDS))}")
    market = _market(path, symbol, timeframe, start, end)
    chosen = AnalysisSettings.model_validate(dict(settings or {}))
    rows = [msgspec.json.decode(each.line) for each in stream(market, chosen, lambda close_time: None)]
    frame = pd.DataFrame([row for row in rows if kinds is None or row["kind"] in kinds])
    return _timed(frame, _TIMES)


@dataclass(frozen=True)
class Run:
    """One run, each part a frame that is made when it is asked for. directory: of its files."""

    directory: Path
    record: Record

    @property
    def result(self) -> Result:
        """What ``result.json`` says."""
        return self.record.result

    @cached_property
    def settings(self) -> pd.Series:
        """The settings that decided, by their dotted names."""
        return pd.Series(dict(_flat(self.result.settings)), dtype=object)

    @cached_property
    def decisions(self) -> pd.DataFrame:
        """A row for each strategy at each close at which an answer in the symbol changed: signal or reasons."""
        rows = [
            {
                "time": decision.close_time,
                "symbol": decision.symbol,
                "strategy": each.strategy,
                "signal": each.signal is not None,
                "chosen": decision.chosen == each.strategy,
                "reasons": ", ".join(each.reasons),
            }
            for decision in read_decisions(self.directory)
            for each in decision.judgements
        ]
        return _frame(rows, ["time", "symbol", "strategy", "signal", "chosen", "reasons"], ["time"])

    @cached_property
    def signals(self) -> pd.DataFrame:
        """A row for each signal that was chosen, by its intent's id: prices, target (the last exit), points, why."""
        rows = [
            {
                "intent_id": intent_id,
                "time": each.close_time,
                "symbol": each.symbol,
                "strategy": each.strategy,
                "side": each.side,
                "entry": type(each.entry).__name__.removesuffix("Entry").lower(),
                "price": each.entry.price,
                "stop": each.stop,
                "target": each.exits[-1].price,
                "score": each.score,
                "why": each.why,
            }
            for intent_id, each in self.record.signals.items()
        ]
        columns = ["intent_id", "time", "symbol", "strategy", "side", "entry", "price", "stop", "target", "score", "why"]
        return _frame(rows, columns, ["time"]).set_index("intent_id")

    @cached_property
    def trades(self) -> pd.DataFrame:
        """A row for each closed trade, by its intent's id, with the strategy of its signal. r: result over what was risked.

        minutes: from opened to closed; result, fees, funding, risk_amount: USDT, the result after fees and funding.
        """
        rows = [
            {
                **_plain(each),
                "strategy": signal.strategy if (signal := self.record.signals.get(each.intent_id)) is not None else "",
                "r": float(each.result / each.risk_amount) if each.risk_amount else float("nan"),
                "minutes": (each.closed_at - each.opened_at) / _MS_PER_MINUTE,
            }
            for each in self.result.trades
        ]
        columns = [
            "intent_id", "symbol", "side", "strategy", "opened_at", "closed_at", "minutes", "quantity", "entry_price",
            "exit_price", "exit_reason", "result", "r", "fees", "funding", "risk_amount",
        ]  # fmt: skip
        return _frame(rows, columns, ["opened_at", "closed_at"]).set_index("intent_id")

    @cached_property
    def equity(self) -> pd.DataFrame:
        """Wallet and equity (USDT) and the kill switch, a row for each change, by time; the last row ends the run."""
        frame = _frame(
            [_plain(each) for each in self.record.equity],
            ["time", "wallet", "equity", "kill_switch", "trades_today"],
            ["time"],
        )
        return frame.set_index("time")

    @cached_property
    def orders(self) -> pd.DataFrame:
        """A row for each change of an order."""
        rows = [_plain(each) for each in self.record.orders]
        return _timed(pd.DataFrame(rows), ["updated_at"])

    @cached_property
    def fills(self) -> pd.DataFrame:
        """A row for each fill: price, quantity, fee (USDT)."""
        rows = [_plain(each) for each in self.record.fills]
        return _timed(pd.DataFrame(rows), ["time"])

    @cached_property
    def zones(self) -> pd.DataFrame:
        """A row for each zone that a signal rests on, as it was then; empty where the run was recorded without them."""
        rows = [{"signal": signal, **_plain(zone)} for signal, found in (self.record.zones or {}).items() for zone in found]
        return _timed(pd.DataFrame(rows), ["formed_at", "confirmed_at"])

    @property
    def curve(self) -> EquityCurve:
        """The equity for ``research.performance`` and ``research.significance``. Raises BadCurve."""
        points = [(each.time, float(each.equity)) for each in self.record.equity]
        return EquityCurve.of([(self.result.first, float(self.result.start_equity)), *points])

    @property
    def results(self) -> list[TradeResult]:
        """The closed trades for ``research.performance``, ``research.significance`` and ``research.validation``."""
        return [TradeResult.of(each) for each in self.result.trades]


def read_run(directory: str | Path) -> Run:
    """Read what ``ict backtest`` left. Raises FileNotFoundError without a result, UnreadableResult, UnreadableRecord."""
    return Run(Path(directory), read_record(Path(directory)))


def side_by_side(runs: Iterable[Run]) -> pd.DataFrame:
    """Figures of several runs, a row each, by the names of their directories."""
    rows = [
        {
            "run": each.directory.name,
            "trades": len(each.result.trades),
            "won": each.result.won,
            "mean_r": each.trades["r"].mean(),
            "change": float(each.result.change),
            "fees": float(each.result.fees),
            "max_drawdown": each.result.max_drawdown,
        }
        for each in runs
    ]
    return _frame(rows, ["run", "trades", "won", "mean_r", "change", "fees", "max_drawdown"], []).set_index("run")


def _market(path: str | Path, symbol: str, timeframe: str, start: int | None, end: int | None) -> Market:
    known: Timeframe | None = next((each for each in TIMEFRAMES if each == timeframe), None)
    if known is None:
        raise ValueError(f"there is no timeframe {timeframe}; there are: {', '.join(TIMEFRAMES)}")
    return Market({symbol: Path(path)}, known, IngestSettings(), start, end)


def _frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], times: Collection[str]) -> pd.DataFrame:
    """Rows with these columns, also when there is none."""
    return _timed(pd.DataFrame(rows, columns=list(columns)), times)


def _timed(frame: pd.DataFrame, times: Iterable[str]) -> pd.DataFrame:
    """The frame with these columns (UTC ms) as timestamps, where it has them."""
    for name in times:
        if name in frame:
            frame[name] = pd.to_datetime(frame[name], unit="ms", utc=True)
    return frame


def _plain(struct: msgspec.Struct) -> dict[str, Any]:
    """The fields of a struct, decimals as floats."""
    return {
        name: float(value) if isinstance(value, Decimal) else value
        for name in struct.__struct_fields__
        for value in (getattr(struct, name),)
    }


def _flat(tree: Mapping[str, Any], above: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value
