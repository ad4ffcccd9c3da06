"""``ict scan``: every signal of a range of candles, one after the other, in bounded memory."""

from __future__ import annotations

import csv
import io
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import typer
from rich.console import Console

from cli.data.options import CandleFiles
from cli.explain.replaying import chosen_symbols, deciding, open_replay
from cli.play.progress import Bar
from cli.printing import echo_json
from cli.run.configuration import refuse
from cli.settings import Settings
from services.ingest.candle_source import CandleSource, SourceRefused
from services.signals.wording import moment, price
from shared.domain.decisions import LimitEntry, Signal
from shared.runtime.process.exits import Exit

#: A signal, and whether its decision chose it.
Row = tuple[Signal, bool]
_CSV = ("time", "symbol", "strategy", "side", "kind", "entry", "stop", "exits", "score", "chosen", "id", "why")


def scan(
    config: Sequence[Path] | None,
    data: CandleFiles,
    start: str | None,
    end: str | None,
    symbols: Sequence[str],
    strategies: Sequence[str],
    *,
    json: bool,
    as_csv: bool,
) -> None:
    """Run the command: signals on stdout as they are found, progress and totals on stderr."""
    if json and as_csv:
        refuse("--json and --csv: choose one", Exit.USAGE)
    console = Console(stderr=True)
    settings, source = open_replay(console, config, data, start, end, strategies)
    shown = chosen_symbols(source, symbols)
    write = _lines() if json else _csv() if as_csv else _table(source, settings)
    counts: Counter[str] = Counter()
    closes = 0
    try:
        with Bar(console, "scanned", source.last - source.first) as bar:
            for close_time, rows in _found(settings, source):
                closes += 1
                bar.at(close_time - source.first)
                for signal, chosen in rows:
                    if signal.symbol in shown:
                        counts[signal.strategy] += 1
                        write(signal, chosen)
    except SourceRefused as error:
        refuse(str(error), Exit.NEGATIVE)
    of_each = ", ".join(f"{each.name} {counts[each.name]:,}" for each in settings.signals.enabled())
    total = f"{counts.total():,} signal{'' if counts.total() == 1 else 's'}"
    text = f"{total} ({of_each}) at {closes:,} closes of {', '.join(sorted(shown))}"
    console.print(text, highlight=False, soft_wrap=True)


def signals_of(config: Sequence[Path] | None, data: CandleFiles, start: str | None, end: str | None) -> list[Signal]:
    """Every signal of the configured strategies on these 1m candles that a decision chose. A wrong file ends the command."""
    console = Console(stderr=True)
    settings, source = open_replay(console, config, data, start, end, ())
    found: list[Signal] = []
    with Bar(console, "decided", source.last - source.first) as bar:
        for close_time, rows in _found(settings, source):
            bar.at(close_time - source.first)
            found += [signal for signal, chosen in rows if chosen]
    return found


def _found(settings: Settings, source: CandleSource) -> Iterator[tuple[int, list[Row]]]:
    """Every minute's close time (UTC ms) and its signals, chosen or not; those of paused strategies are none."""
    for close_time, decided in deciding(settings).over(source):
        yield (
            close_time,
            [
                (judgement.signal, judgement.strategy == decision.chosen)
                for decision in decided
                for judgement in decision.judgements
                if judgement.signal is not None
            ],
        )


def _lines() -> Callable[[Signal, bool], None]:
    return lambda signal, chosen: echo_json({**msgspec.to_builtins(signal), "chosen": chosen})


def _csv() -> Callable[[Signal, bool], None]:
    def write(cells: Sequence[object]) -> None:
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(cells)
        typer.echo(line.getvalue())

    def row(signal: Signal, chosen: bool) -> None:
        time = moment(signal.close_time).removesuffix(" UTC").replace(" ", "T") + "Z"
        kind = "limit" if isinstance(signal.entry, LimitEntry) else "market"
        exits = " ".join(f"{price(each.price)}x{each.share:g}" for each in signal.exits)
        write((
            time, signal.symbol, signal.strategy, signal.side, kind, price(signal.entry.price), price(signal.stop), exits,
            f"{signal.score:g}", "yes" if chosen else "no", signal.id, signal.why,
        ))  # fmt: skip

    write(_CSV)
    return row


def _table(source: CandleSource, settings: Settings) -> Callable[[Signal, bool], None]:
    """Columns of fixed widths: nothing waits for the last row. A signal that was not chosen has its score in brackets."""
    symbol, strategy = (max(map(len, names)) for names in (source.symbols, settings.signals.strategies))
    symbol, strategy = max(symbol, len("symbol")), max(strategy, len("strategy"))
    width = max(Console().width, 40)

    def line(*cells: str) -> None:
        widths = (-16, -symbol, -strategy, -4, 10, 11, 11, 5)
        text = " ".join(f"{cell:{'<' if size < 0 else '>'}{abs(size)}}" for cell, size in zip(cells, widths, strict=True))
        typer.echo(text.rstrip())

    def row(signal: Signal, chosen: bool) -> None:
        score = f"{signal.score:g}"
        line(
            moment(signal.close_time).removesuffix(" UTC"), signal.symbol, signal.strategy, signal.side,
            price(signal.entry.price), price(signal.stop), price(signal.exits[0].price), score if chosen else f"({score})",
        )  # fmt: skip
        later = ", ".join(price(each.price) for each in signal.exits[1:])
        more = f" Later exits: {later}." if later else ""
        for each in textwrap.wrap(signal.why + more, width - 2):
            typer.echo(f"  {each}")

    line("close, UTC", "symbol", "strategy", "side", "entry", "stop", "exit", "score")
    return row
