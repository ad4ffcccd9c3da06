"""Shows the result of a backtest: tables, sentences about what stands in its way, JSON."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from cli.data.store import minute
from cli.play.summary import table_of, trades_table, why_not_table
from research.backtest.result import Result
from research.report.figures import shown
from shared.domain.timeframes import MINUTE


def as_json(result: Result, seconds: float | None = None, directory: Path | None = None) -> dict[str, Any]:
    """The result for machines. ``seconds``: how long it took to play."""
    found: dict[str, Any] = msgspec.to_builtins(result)
    found |= {"won": result.won, "trades": len(result.trades), "change": str(result.change)}
    if seconds is not None:
        found |= {"seconds": round(seconds, 3), "candles_per_s": round(result.candles / seconds) if seconds else 0}
    if directory is not None:
        found["directory"] = str(directory)
    return found


def show_run(console: Console, result: Result, seconds: float | None = None) -> None:
    """Print trades, figures and reasons of a run."""
    console.print(trades_table(result.trades))
    table = table_of("Result (a simulation, no promise)", "what", ">figure", header=False)
    for name, value in figures(result).items():
        table.add_row(name, value)
    if seconds is not None:
        table.add_row("played", f"{result.candles:,} candles in {seconds:.1f} s = {result.candles / seconds:,.0f} a second")
    console.print(table)
    if result.performance is not None:
        measures = table_of("Measures, after all costs", "measure", ">value", ">95 % of draws lie in")
        for each in shown(result.performance, result.intervals):
            measures.add_row(each.name, each.value, each.between or "-")
        console.print(measures)
    if result.kill_switch != "NORMAL":
        console.print(f"Risk is {result.kill_switch} at the end: {result.kill_switch_reason}. See docs/risk.md\n")
    console.print(why_not_table(result.why_not))
    for sentence in doubts(result):
        console.print(sentence, style="yellow", markup=False, highlight=False, soft_wrap=True)


def figures(result: Result) -> dict[str, str]:
    """What a person compares two runs by."""
    change = float(result.change / result.start_equity) * 100 if result.start_equity else 0.0
    until = result.played_until if result.minutes else result.first
    return {
        "from": minute(result.first - MINUTE),
        "to": minute(until) + ("" if result.finished else " (unfinished)"),
        "equity": f"{result.equity:.2f} USDT",
        "change": f"{result.change:+.2f} USDT ({change:+.2f} %)",
        "fees paid": f"{result.fees:.2f} USDT",
        "trades won": f"{result.won} of {len(result.trades)}",
        "mean result": f"{_mean_r(result):+.2f} R" if result.trades else "-",
        "maximum drawdown": f"{result.max_drawdown * 100:.2f} %",
        "signals of decisions": f"{result.signals} of {result.decisions:,}",
    }


def doubts(result: Result) -> list[str]:
    """Why a run without trades has none: a span that is too short, settings that no setup reached."""
    if result.signals or not result.minutes:
        return []
    reasons = {name: count for name, count in result.why_not.items() if name != "not_this_timeframe"}
    if not reasons:
        return ["No strategy judged: the span holds no close of a timeframe that one judges. Play a longer one."]
    if set(reasons) == {"warming_up"}:
        return ["Every judgement was that there is too little history: play a longer span, or begin earlier."]
    first, count = max(reasons.items(), key=lambda each: each[1])
    text = f"No setup was reached: no signal; the reason that held most often is {first}, at {count:,} closes."
    return [f"{text} `ict why-not` says what was missing at a close, with the numbers."]


def _mean_r(result: Result) -> float:
    risked = [each.result / each.risk_amount for each in result.trades if each.risk_amount]
    return float(sum(risked, Decimal(0)) / len(risked)) if risked else 0.0
