"""``ict runs list|show|compare``: reads results, writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.backtest.showing import as_json, figures, show_run
from cli.play.summary import table_of
from cli.printing import echo_json
from cli.run.configuration import refuse
from research.backtest.result import Result, UnreadableResult, read_result
from shared.runtime.process.exits import Exit
from simulator.recorder import FILES

#: Longest value of a setting that is printed whole, characters; of a hash the beginning says enough.
_SHOWN = 60
_CUT_SHORT = "no result: it was cut short, or is being played"


def list_runs(where: Path, *, json: bool) -> None:
    """Print a line a run below ``where``, in order of name."""
    found = {path: _state(path) for path in sorted(where.iterdir()) if _is_run(path)} if where.is_dir() else {}
    if json:
        echo_json({str(path): each if isinstance(each, str) else as_json(each) for path, each in found.items()})
        return
    console = Console()
    if not found:
        console.print(f"no runs in {where}; play one: ict backtest --symbols BTCUSDT --from DATE", markup=False)
        return
    table = table_of(f"Runs in {where}", "run", "from", "to", ">trades", ">USDT", ">drawdown")
    for path, each in found.items():
        if isinstance(each, str):
            table.add_row(path.name, each)
            continue
        shown = figures(each)
        row = (shown["from"], shown["to"], str(len(each.trades)), f"{each.change:+.2f}", shown["maximum drawdown"])
        table.add_row(path.name, *row)
    console.print(table)


def show(run: Path, *, json: bool) -> None:
    """Print one run. Exit 1 if there is none."""
    result = _read(run)
    if json:
        echo_json(as_json(result))
        return
    console = Console()
    show_run(console, result)
    console.print(f"settings {result.settings_digest[:16]}, version {result.engine}", highlight=False)
    for symbol, digest in result.data.items():
        console.print(f"candles of {symbol} {digest[:16]}", highlight=False, markup=False)


def compare(runs: Sequence[Path], *, json: bool) -> None:
    """Print figures of runs side by side, and the settings and candles in which they differ. Exit 1 if one is missing."""
    if len(runs) < 2:
        refuse("ict runs compare: name two runs or more", Exit.USAGE)
    results = [_read(path) for path in runs]
    told = [dict(_flat({"settings": each.settings, "data": each.data, "version": each.engine})) for each in results]
    keys = dict.fromkeys(key for each in told for key in each)
    differing = {key: [each.get(key) for each in told] for key in keys if len({repr(each.get(key)) for each in told}) > 1}
    if json:
        echo_json(
            {"runs": {str(path): as_json(each) for path, each in zip(runs, results, strict=True)}, "differ": differing}
        )
        return
    console = Console()
    names = [f">{path.name}" for path in runs]
    table = table_of("Figures", "what", *names)
    shown = [figures(each) for each in results]
    for what in shown[0]:
        table.add_row(what, *(each[what] for each in shown))
    console.print(table)
    if not differing:
        console.print("settings, candles and version are the same")
        return
    console.print("What differs, in the same order:")
    for key, values in differing.items():
        console.print(
            f"  {key}: {' | '.join(_short(value) for value in values)}", markup=False, highlight=False, soft_wrap=True
        )


def _is_run(path: Path) -> bool:
    return path.is_dir() and any((path / name).exists() for name in FILES)


def _state(path: Path) -> Result | str:
    try:
        return read_result(path)
    except FileNotFoundError:
        return _CUT_SHORT
    except UnreadableResult as error:
        return str(error)


def _read(run: Path) -> Result:
    try:
        return read_result(run)
    except FileNotFoundError:
        text = _CUT_SHORT if _is_run(run) else "there is no run; `ict runs list` names those that there are"
        refuse(f"{run}: {text}", Exit.NEGATIVE)
    except UnreadableResult as error:
        refuse(str(error), Exit.NEGATIVE)


def _short(value: object) -> str:
    text = "absent" if value is None else str(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN // 4]}…"


def _flat(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value
