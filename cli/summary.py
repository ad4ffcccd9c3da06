"""What a run prints at its end: trades, result, why not, latency per stage."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from cli.latency import StageLatency, by_stage
from shared.domain.account import Trade
from simulator.recorder import Summary

#: Stages in the order in which a candle meets them.
STAGES = ("ingest", "analysis", "signals", "risk", "engine", "execution", "exchange")

#: The why-not vocabulary in a trader's words.
_WORDS = {
    "not_this_timeframe": "not a close of the strategy's timeframe",
    "warming_up": "too little history yet",
    "data_missing": "a required candle was missing",
    "data_disputed": "the candle was disputed",
    "no_order_block": "no order block to rest on",
    "no_fvg": "no fair value gap to rest on",
    "no_overlap": "order block and gap do not agree",
    "price_not_in_zone": "price has not come back into the zone",
    "against_structure": "against the structure",
    "stop_too_far": "stop too far away",
    "stop_too_near": "stop too near",
    "zone_used": "this zone was traded before",
    "paused": "strategy paused",
}
_SHOWN_TRADES = 12


def as_json(summary: Summary, seconds: float, candles: int) -> dict[str, object]:
    """The same facts for machines."""
    first = summary.first_equity or Decimal(0)
    return {
        "candles": candles,
        "seconds": round(seconds, 3),
        "candles_per_s": round(candles / seconds) if seconds else 0,
        "decisions": summary.decisions,
        "signals": summary.signals,
        "fills": summary.fills,
        "trades": len(summary.trades),
        "won": sum(trade.result > 0 for trade in summary.trades),
        "fees": str(sum((trade.fees for trade in summary.trades), Decimal(0))),
        "result": str(summary.last_equity - first),
        "equity": str(summary.last_equity),
        "max_drawdown": float(1 - summary.lowest_ratio),
        "why_not": dict(summary.why_not.most_common()),
        "latency_ms": {row.stage: _latency_json(row) for row in by_stage(STAGES)},
    }


def show(console: Console, summary: Summary, seconds: float, candles: int) -> None:
    """The four tables."""
    console.print(_trades(summary))
    console.print(_result(summary, seconds, candles))
    console.print(_why_not(summary))
    console.print(_latency())


def _trades(summary: Summary) -> Table:
    hidden = max(0, len(summary.trades) - _SHOWN_TRADES)
    title = f"Trades ({len(summary.trades)})" + (f", the last {_SHOWN_TRADES}" if hidden else "")
    table = Table(title=title, title_justify="left")
    for name in ("opened (UTC)", "symbol", "side"):
        table.add_column(name)
    for name in ("quantity", "entry", "exit", "result USDT", "R"):
        table.add_column(name, justify="right")
    table.add_column("exit by")
    for trade in summary.trades[hidden:]:
        table.add_row(
            datetime.fromtimestamp(trade.opened_at / 1000, UTC).strftime("%Y-%m-%d %H:%M"), trade.symbol,
            "long" if trade.side == "buy" else "short", f"{trade.quantity.normalize():f}", f"{trade.entry_price:.2f}",
            f"{trade.exit_price:.2f}", _signed(trade.result), _r(trade), trade.exit_reason,
        )  # fmt: skip
    return table


def _result(summary: Summary, seconds: float, candles: int) -> Table:
    first = summary.first_equity or Decimal(0)
    change = summary.last_equity - first
    won = sum(trade.result > 0 for trade in summary.trades)
    table = Table(title="Result (a simulation, no promise)", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("equity", f"{summary.last_equity:.2f} USDT")
    table.add_row("change", f"{_signed(change)} USDT ({float(change / first) * 100 if first else 0:+.2f} %)")
    table.add_row("fees paid", f"{sum((t.fees for t in summary.trades), Decimal(0)):.2f} USDT")
    table.add_row("trades won", f"{won} of {len(summary.trades)}")
    table.add_row("maximum drawdown", f"{float(1 - summary.lowest_ratio) * 100:.2f} %")
    table.add_row("signals / decisions", f"{summary.signals} / {summary.decisions}")
    table.add_row("1m candles", f"{candles:,} in {seconds:.1f} s = {candles / seconds if seconds else 0:,.0f} a second")
    return table


def _why_not(summary: Summary) -> Table:
    table = Table(title="Why not (closes without a signal, all reasons counted)", title_justify="left")
    table.add_column("reason")
    table.add_column("closes", justify="right")
    for reason, count in summary.why_not.most_common():
        table.add_row(_WORDS.get(reason, reason), f"{count:,}")
    return table


def _latency() -> Table:
    table = Table(title="Latency per stage (ms)", title_justify="left")
    table.add_column("stage")
    for name in ("messages", "hop p50", "hop p99", "core p50", "core p99", "since candle p50", "since candle p99"):
        table.add_column(name, justify="right")
    for row in by_stage(STAGES):
        figures = (row.hop_p50, row.hop_p99, row.handle_p50, row.handle_p99, row.since_candle_p50, row.since_candle_p99)
        table.add_row(row.stage, f"{row.count:,}", *(f"{figure:.3f}" for figure in figures))
    return table


def _latency_json(row: StageLatency) -> dict[str, float]:
    return {
        "hop_p50": round(row.hop_p50, 4), "hop_p99": round(row.hop_p99, 4),
        "core_p50": round(row.handle_p50, 4), "core_p99": round(row.handle_p99, 4),
        "since_candle_p50": round(row.since_candle_p50, 4), "since_candle_p99": round(row.since_candle_p99, 4),
    }  # fmt: skip


def _signed(value: Decimal) -> str:
    return f"{value:+.2f}"


def _r(trade: Trade) -> str:
    return f"{float(trade.result / trade.risk_amount):+.2f}" if trade.risk_amount else "-"
