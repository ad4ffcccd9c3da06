"""The page: whole, offline, escaped, small, and readable whatever the run came to."""

from __future__ import annotations

import json
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from research.backtest.result import RESULT
from research.report.build import NotItsCandles
from research.report.record import UnreadableRecord
from research.report.write import REPORT, write
from shared.domain.timeframes import MINUTE
from tests.support.research.runs import Sample, run_directory, walk

#: Attributes by which a page fetches something.
FETCHING = ("src", "href", "srcset", "action", "poster", "data", "background", "formaction")
VOID = ("meta", "link", "input", "br", "hr", "img")


class Seen(HTMLParser):
    """What a page refers to and says; ``data``: what its scripts read."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.references: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self._inside: list[str] = []
        self.code: dict[str, str] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [value or "" for name, value in attrs if name in FETCHING]
        if tag in ("script", "style"):
            self._inside.append(dict(attrs).get("id") or tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.code[self._inside[-1]] = self.code.get(self._inside[-1], "") + data
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    @property
    def drawn(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.code["data"])
        return found


def page(
    where: Path, samples: tuple[Sample, ...] = (), minutes: int = 1_440, symbol: str = "BTCUSDT", **changes: Any
) -> Seen:
    tape = walk(symbol, minutes)
    path = write(run_directory(where, tape, samples, **changes), tape)
    assert path == where / REPORT
    return Seen(path.read_text(encoding="utf-8"))


def test_page_refers_to_nothing_outside_of_itself(tmp_path: Path) -> None:
    """BT-3: one file that works without a network, and forbids itself to fetch."""
    seen = page(tmp_path, (Sample(100, 200),))
    assert {each for each in seen.references if not each.startswith("#")} == {"data:,"}
    assert "default-src 'none'" in (tmp_path / REPORT).read_text()
    for kind in ("style", "script"):
        assert not [word for word in ("@import", "url(", "fetch(", "XMLHttpRequest", "import(") if word in seen.code[kind]]
    assert "http://www.w3.org/2000/svg" in seen.code["script"]
    assert seen.code["script"].count("http") == 1


@pytest.mark.parametrize("word", ["@import", "<script src=x.js>", '<img src="https://cdn/x.png">'])
def test_reference_to_the_outside_is_seen(word: str) -> None:
    """STYLE: the check above has a specimen that it catches."""
    seen = Seen(f"<style>{word}</style>" if word.startswith("@") else word)
    assert seen.references or "@import" in seen.code["style"]


def test_same_run_leaves_the_same_bytes(tmp_path: Path) -> None:
    """BT-3: a report can be compared."""
    page(tmp_path, (Sample(100, 200),))
    first = (tmp_path / REPORT).read_bytes()
    page(tmp_path, (Sample(100, 200),))
    assert (tmp_path / REPORT).read_bytes() == first


def test_names_and_sentences_are_text_and_no_markup(tmp_path: Path) -> None:
    """BT-3: symbols of any alphabet, sentences with < and &, and one that would end the script."""
    evil = 'swept <b>x</b> & </script><script>alert("1")</script> <!-- below'
    seen = page(tmp_path, (Sample(100, 200, why=evil, exit_reason="<i>&"),), symbol="币安人生USDT")
    assert seen.drawn["trades"][0]["why"] == evil
    assert "币安人生USDT" in seen.text
    assert "<i>&" in seen.text
    assert seen.tags.count("script") == 2
    assert "b" not in seen.tags
    assert "i" not in seen.tags


def test_run_without_a_trade_says_why(tmp_path: Path) -> None:
    """BT-3: nothing traded is an answer too."""
    seen = page(tmp_path)
    assert "No trade was closed." in seen.text
    assert "no fvg 12" in seen.text
    assert "n/a" in seen.text  # a win rate of nothing
    assert seen.drawn["trades"] == []
    assert len(seen.drawn["equity"]) == len(seen.drawn["times"]) > 1


def test_one_trade_has_its_row_its_chart_and_its_sentence(tmp_path: Path) -> None:
    """BT-3: candles, zones, entry, stop, target, exits, why."""
    seen = page(tmp_path, (Sample(100, 200, side="SELL"),))
    (trade,) = seen.drawn["trades"]
    assert "1 trade: too few" in seen.text
    assert trade["title"] == "1 · BTCUSDT short · ob fvg"
    assert trade["chart"]["timeframe"] == "5m"
    assert [each["role"] for each in trade["fills"]] == ["entry", "target"]
    assert [(each["name"], each.get("shape", "box")) for each in trade["zones"]] == [
        ("OB", "box"), ("FVG", "box"), ("BOS", "line"), ("sweep", "line"),
    ]  # fmt: skip
    assert trade["targets"]
    assert trade["stops"]
    assert trade["opened"] < trade["closed"]
    assert seen.tags.count("table") == 10  # months, costs, six groups, trades, measures; and the reasons are a list


def test_empty_account_is_told_and_measured_until_then(tmp_path: Path) -> None:
    """BT-3: a liquidated account renders; its ratios are absent."""
    tape = walk()
    fall = tape.columns["BTCUSDT"]
    fall[:, 150:] -= 30_000.0
    run_directory(tmp_path, tape, (Sample(100, 200, exit_reason="liquidation", quantity="0.5"),), equity=Decimal(0))
    seen = Seen(write(tmp_path, tape).read_text())
    assert "The account was empty at 2026-01-01 02:31 UTC" in seen.text
    assert min(seen.drawn["equity"]) == 0
    assert max(seen.drawn["drawdown"]) == 10_000
    assert "liquidation" in seen.text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"finished": False, "played_until": walk().first + 700 * MINUTE}, "was played until 2026-01-01 11:41"),
        ({"kill_switch": "HALTED", "kill_switch_reason": "5 trades in a row"}, "Risk stopped all entries"),
        ({"zones": False}, "recorded without its zones"),
    ],
)
def test_warnings_stand_before_the_numbers(tmp_path: Path, changes: dict[str, Any], text: str) -> None:
    """BT-3: interrupted, halted, without zones."""
    assert text in page(tmp_path, (Sample(100, 200),), **changes).text


def test_year_with_five_hundred_trades_is_smaller_than_three_megabytes(tmp_path: Path) -> None:
    """BT-3: candles of every trade are in it."""
    samples = tuple(Sample(1_000 * each + 500, 1_000 * each + 500 + 20 * (each % 40 + 1)) for each in range(500))
    seen = page(tmp_path, samples, 525_600)
    assert (tmp_path / REPORT).stat().st_size < 3_000_000
    assert len(seen.drawn["trades"]) == 500
    assert sum("chart" in each for each in seen.drawn["trades"]) == 500


def test_other_candles_are_refused_and_an_older_report_stays(tmp_path: Path) -> None:
    """BT-3: a chart of other candles would lie."""
    page(tmp_path, (Sample(100, 200),))
    before = (tmp_path / REPORT).read_bytes()
    with pytest.raises(NotItsCandles, match="BTCUSDT"):
        write(tmp_path, walk(seed=2))
    assert (tmp_path / REPORT).read_bytes() == before


@pytest.mark.parametrize("name", ["decisions.jsonl", "orders.jsonl", "fills.jsonl", "equity.jsonl", "zones.jsonl"])
def test_damaged_record_is_named_with_its_line(tmp_path: Path, name: str) -> None:
    """BT-3: the file, the line, what to do."""
    tape = walk()
    run_directory(tmp_path, tape, (Sample(100, 200),))
    with (tmp_path / name).open("ab") as file:
        file.write(b'{"chosen":"x"\n')
    with pytest.raises(UnreadableRecord, match=rf"{name}, line \d+: .*play the run again"):
        write(tmp_path, tape)


def test_missing_file_and_settings_of_another_version_are_told(tmp_path: Path) -> None:
    """BT-3: nothing is drawn from half a record."""
    tape = walk()
    run_directory(tmp_path, tape, settings={"analysis": {"timetable": {"preset": "moon"}}})
    with pytest.raises(UnreadableRecord, match="settings are of another version"):
        write(tmp_path, tape)
    (tmp_path / "fills.jsonl").unlink()
    with pytest.raises(UnreadableRecord, match=r"fills\.jsonl is missing"):
        write(tmp_path, tape)
    (tmp_path / RESULT).unlink()
    with pytest.raises(FileNotFoundError):
        write(tmp_path, tape)
    assert not (tmp_path / REPORT).exists()
