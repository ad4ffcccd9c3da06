"""What a user may type at ``ict``: every command of the tree, every option, and values that nobody should have to expect."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from hypothesis import strategies as st

from cli.main import app

HEADER = "open_time,open,high,low,close,volume\n"
#: The byte 0xff, which is no UTF-8, as Python hands it over.
BYTE = "\udcff"
#: Options that name a file to read, and how.
FILE_OPTIONS = {"--data": "BTCUSDT={}", "--ticks": "BTCUSDT={}", "--funding": "BTCUSDT={}", "--journal": "sqlite:///{}"}
#: Words that are wrong, odd or out of range wherever they stand.
WORDS = (
    "", " ", "🦀", "币安人生USDT", "-1", "0", "1", "1.5", "nan", "inf", "-inf", "1e999", "9" * 40,
    "0x10", "2025-05-04", "2025-05-04T12:00+09:00", "2025-13-45", "NaT", "NaN", "0001-01-01", "9999-12-31T23:59:59-14:00",
    "max", "step", "rabbitmq", "memory", "15m", "1m", "2h", "smc", "engine", "os:system", "no.such:thing", "nowhere:",
    "../../..", "~", "*", "%s{0}", "[red]x[/red]", "a" * 5_000, "--", "-x", "risk", "all", "simulator", "dark", "Asia/Seoul",
    "Mars/Olympus", "1600x900", "9999x9999", "fvg,swings", "sqlite:///", "postgresql://u:p@127.0.0.1:1/x", "mysql://x",
    "http://127.0.0.1:1/readyz", "http://localhost:99999/", "amqp://", "BTCUSDT",
    BYTE, f"{BYTE}.csv", f"BTCUSDT={BYTE}.csv",
)  # fmt: skip


#: What fits an option of this name, so that half of the command lines get past their first mistake.
FITTING = {
    "--data": ("BTCUSDT={0}/good.csv",),
    "--ticks": ("BTCUSDT={0}/fake.parquet",),
    "--funding": ("BTCUSDT={0}/good.csv",),
    "--config": ("{0}/good.yaml",),
    "--timeframe": ("1m", "5m"),
    "--out": ("{0}/out/x.png", "{0}/out/x.html", "{0}/out/x.parquet", "{0}/out/x.json"),
    "--journal": ("sqlite:///{0}/none.sqlite", "sqlite:///{0}/binary.csv", "sqlite:///{0}/folder"),
    "--scenario": ("{0}/good.yaml", "{0}/list.yaml"),
    "--detectors": ("engine", "smc", "cli.main:app"),
    "--reason": ("drill",),
    "--from": ("2025-05-04T00:00",),
    "--at": ("2025-05-04T00:30",),
    "--strategy": ("ob_fvg", "every_close"),
    "--symbol": ("BTCUSDT",),
    "--id": ("micro:BTCUSDT:1",),
}


def leaves(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, hidden ones too, with the words that lead to it."""
    command = typer.main.get_command(app) if command is None else command
    if hasattr(command, "commands"):
        for name, each in command.commands.items():
            yield from leaves(each, (*path, name))
    else:
        yield path, command


def make_files(folder: Path) -> list[str]:
    """Files and folders of every kind that can be named instead of a good one; returns their paths."""
    minute, start = 60_000, 1_746_316_800_000
    rows = "".join(f"{start + i * minute},100,101,99,100.5,3\n" for i in range(60))
    (folder / "good.csv").write_text(HEADER + rows)
    (folder / "empty.csv").write_bytes(b"")
    (folder / "header.csv").write_text(HEADER)
    (folder / "nan.csv").write_text(HEADER + f"{start},nan,inf,-inf,1e999,x\n")
    (folder / "binary.csv").write_bytes(bytes(range(256)) * 40)
    (folder / "packed.csv").write_bytes(gzip.compress((HEADER + rows).encode()))
    (folder / "fake.parquet").write_bytes(b"PAR1 and no more")
    (folder / "fake.feather").write_bytes(b"ARROW1\0\0")
    (folder / "fake.zip").write_bytes(b"PK\x03\x04 no archive")
    (folder / "fake.json").write_text('[[1, 2, "x"], null, {"a": NaN}]')
    (folder / "한글 캔들.csv").write_text(HEADER + rows)
    (folder / f"{BYTE} candles.csv").write_text(HEADER + rows)
    (folder / "good.yaml").write_text("symbols: [BTCUSDT]\n")
    (folder / "list.yaml").write_text("- 1\n- 2\n")
    (folder / "broken.yaml").write_text("a: [1, {b: \n\t]")
    (folder / "deep.yaml").write_text("[" * 3_000)
    (folder / "huge.yaml").write_text(f"risk: {{leverage: {'9' * 5_000}}}\nmarket: {{days: .nan, seed: -1e999}}\n")
    (folder / "folder").mkdir()
    (folder / "loop").symlink_to(folder / "loop")
    named = [str(path) for path in sorted(folder.iterdir())]
    return [
        *named,
        str(folder / "lost.csv"),
        str(folder / "good.csv" / "below"),
        "/proc/nowhere/x.png",
        str(folder / ("n" * 300)),
    ]


def lines_of_a_byte_name(command: Any, files: list[str]) -> list[list[str]]:
    """Command lines whose every file has a name that is no text; one of the options but --config, one of --config alone."""
    (path,) = [each for each in files if BYTE in each]
    words: list[str] = []
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            words.append(path)
        elif parameter.opts[0] in FILE_OPTIONS:
            words += [parameter.opts[0], FILE_OPTIONS[parameter.opts[0]].format(path)]
        elif parameter.opts[0] == "--json":
            words.append("--json")
        elif parameter.required:
            words += [parameter.opts[0], path]
    takes_config = any("--config" in parameter.opts for parameter in command.params)
    return [words, [*words, "--config", path]] if takes_config else [words]


def arguments_of(command: Any, files: list[str]) -> st.SearchStrategy[list[str]]:
    """Arguments for one command: some of its options, each with a fitting, an odd or an impossible value."""
    symbols = st.sampled_from(["BTCUSDT", "ETHUSDT", "btcusdt", "币安人生USDT", "", "A=B"])
    paths = st.sampled_from(files)
    pairs = st.builds("{}={}{}".format, symbols, paths, st.sampled_from(["", "", "", "@15m", "@2h"]))
    anything = st.one_of(st.sampled_from(WORDS), paths, pairs, st.text(st.characters(exclude_characters="\0"), max_size=12))
    folder = str(Path(files[0]).parent)
    parts = [_part(parameter, anything, pairs, folder) for parameter in command.params]
    return st.tuples(*parts).map(lambda given: [word for part in given for word in part])


def _part(parameter: Any, anything: st.SearchStrategy[str], pairs: st.SearchStrategy[str], folder: str) -> Any:
    if getattr(parameter, "is_flag", False):
        return st.sampled_from([[], [parameter.opts[0]]])
    multiple = getattr(parameter, "multiple", False)
    values = st.one_of(pairs, anything) if multiple else anything
    if parameter.param_type_name == "argument":
        wanted = values.map(lambda value: [value])
        return wanted if parameter.required else st.one_of(st.just([]), wanted)
    option = parameter.opts[0]
    if option in FITTING:
        fitting = st.sampled_from([word.format(folder) for word in FITTING[option]])
        values = st.one_of(fitting, fitting, values)
    given = values.map(lambda value: [option, value])
    needed = parameter.required or multiple
    return st.one_of(given, given, given, st.just([])) if needed else st.one_of(st.just([]), given)
