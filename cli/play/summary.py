"""What a run prints at its end: trades, result, why not, latency per stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from rich import box
from rich.console import Console
from rich.table import Table

from cli.play.latency import StageLatency, by_stage
from shared.domain.account import Trade
from simulator.recorder import Summary

#: Stages in the order in which a candle meets them.
STAGES = ("ingest", "analysis", "signals", "risk", "engine", "execution")

#: The why-not vocabulary in a trader's words.
_WORDS = {
    "not_this_timeframe": "not a close of the strategy's timeframe",
    "warming_up": "too little history yet",
    "data_missing": "a required candle was missing",
    "data_disputed": "the candle was disputed",
    "no_order_block": "no order block to rest on",
    "no_fvg": "no fair value gap to rest on",
    "no_overlap": "block, gap and entry do not lie together",
    "price_not_in_zone": "price has not come back into the zone",
    "against_structure": "against the structure",
    "no_bias": "no direction of the higher timeframe",
    "outside_window": "outside the hours of the strategy",
    "no_sweep": "no liquidity swept before",
    "no_displacement": "no displacement after the sweep",
    "no_shift": "no break of structure or change of character",
    "no_dealing_range": "no dealing range",
    "no_breaker_block": "no breaker block to rest on",
    "no_judas_swing": "no Judas swing today",
    "zone_overruled": "a zone of a longer timeframe says the opposite",
    "low_score": "too little confluence",
    "entry_passed": "the entry was passed already",
    "no_target": "no liquidity to aim at",
    "stop_too_far": "stop too far away",
    "stop_too_near": "stop too near",
    "zone_used": "this zone was traded before",
    "no_setup": "no setup of the strategy",
    "paused": "strategy paused",
    "conflict": "strategies wanted opposite sides",
    "strategy_failed": "the strategy failed, see the alert",
    "bad_signal": "the strategy's answer was unusable, see the alert",
    "undeclared_read": "the strategy read what it did not declare, see the alert",
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
        "kill_switch": summary.kill_switch,
        "kill_switch_reason": summary.kill_switch_reason,
        "why_not": dict(summary.why_not.most_common()),
        "latency_ms": {row.stage: _latency_json(row) for row in by_stage(STAGES)},
    }


def show(console: Console, summary: Summary, seconds: float, candles: int) -> None:
    """The four tables, and a line when risk has stopped entries: else nobody would know why trading ends early."""
    console.print(trades_table(summary.trades))
    console.print(_result(summary, seconds, candles))
    if summary.kill_switch != "NORMAL":
        console.print(f"Risk is {summary.kill_switch} at the end: {summary.kill_switch_reason}. See docs/risk.md\n")
    console.print(why_not_table(summary.why_not))
    console.print(_latency())


def table_of(title: str, *columns: str, header: bool = True) -> Table:
    """A table that fits eighty columns: no vertical lines, text left, numbers right (columns named ``>name``)."""
    table = Table(
        title=title, title_justify="left", box=box.SIMPLE_HEAD if header else box.SIMPLE, pad_edge=False,
        padding=(0, 1, 0, 0), show_header=header, title_style="bold",
    )  # fmt: skip
    for name in columns:
        right = name.startswith(">")
        table.add_column(name.removeprefix(">"), justify="right" if right else "left", no_wrap=True)
    return table


def trades_table(trades: Sequence[Trade]) -> Table:
    """The newest trades of a run."""
    hidden = max(0, len(trades) - _SHOWN_TRADES)
    title = f"Trades ({len(trades)})" + (f", the last {_SHOWN_TRADES}" if hidden else "")
    table = table_of(title, "opened UTC", "symbol", "side", ">size", ">entry", ">exit", ">USDT", ">R", "by")
    for trade in trades[hidden:]:
        table.add_row(
            datetime.fromtimestamp(trade.opened_at / 1000, UTC).strftime("%m-%d %H:%M"), trade.symbol,
            "long" if trade.side == "BUY" else "short", f"{trade.quantity.normalize():f}", f"{trade.entry_price:.2f}",
            f"{trade.exit_price:.2f}", _signed(trade.result), _r(trade), trade.exit_reason,
        )  # fmt: skip
    return table


def _result(summary: Summary, seconds: float, candles: int) -> Table:
    first = summary.first_equity or Decimal(0)
    change = summary.last_equity - first
    won = sum(trade.result > 0 for trade in summary.trades)
    table = table_of("Result (a simulation, no promise)", "what", ">figure", header=False)
    table.add_row("equity", f"{summary.last_equity:.2f} USDT")
    table.add_row("change", f"{_signed(change)} USDT ({float(change / first) * 100 if first else 0:+.2f} %)")
    table.add_row("fees paid", f"{sum((t.fees for t in summary.trades), Decimal(0)):.2f} USDT")
    table.add_row("trades won", f"{won} of {len(summary.trades)}")
    table.add_row("maximum drawdown", f"{float(1 - summary.lowest_ratio) * 100:.2f} %")
    table.add_row("signals of decisions", f"{summary.signals} of {summary.decisions:,}")
    table.add_row("1m candles", f"{candles:,} in {seconds:.1f} s = {candles / seconds if seconds else 0:,.0f} a second")
    return table


def why_not_table(why_not: Mapping[str, int]) -> Table:
    """The reasons of a run, the most frequent first; equally frequent ones in the order in which they came up."""
    table = table_of("Why not (every reason that held, in closes)", "reason", ">closes")
    for reason, count in sorted(why_not.items(), key=lambda each: -each[1]):
        table.add_row(_WORDS.get(reason, reason), f"{count:,}")
    return table


def _latency() -> Table:
    title = "Latency per stage, ms (p50 / p99)"
    table = table_of(title, "stage", ">messages", ">waiting for it", ">in its core", ">since the candle")
    for row in by_stage(STAGES):
        table.add_row(
            row.stage, f"{row.count:,}", f"{row.hop_p50:.3f} / {row.hop_p99:.3f}",
            f"{row.handle_p50:.3f} / {row.handle_p99:.3f}", f"{row.since_candle_p50:.3f} / {row.since_candle_p99:.3f}",
        )  # fmt: skip
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
