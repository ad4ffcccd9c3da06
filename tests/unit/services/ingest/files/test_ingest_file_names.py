"""Names of files: which symbol they tell, and when a directory holds more than one."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.ingest.files.description import describe
from services.ingest.files.file_source import FileSource, SourceRefused
from services.ingest.files.members import Member, symbol_named
from shared.domain.timeframes import MINUTE
from tests.support.ingest.candle_file_kinds import CANDLES, columns, feathered, stamps, text

NAMED = {
    "BTCUSDT-1m-2025-01.zip": "BTCUSDT",
    "BTC_USDT-1m.feather": "BTCUSDT",
    "BTC-USDT.csv": "BTCUSDT",
    "BTC_USDT_USDT-1m-futures.feather": "BTCUSDT",
    "BTC_USDC_USDC-1m-futures.feather": "BTCUSDC",
    "BTC-USDT-USDT.csv": "BTCUSDT",
    "ETH_USD_ETH-1h-futures.feather": "ETHUSD",
    "1000SHIB_USDT_USDT-5m-futures.feather": "1000SHIBUSDT",
    "BTC_BUSD-1m.feather": "BTCBUSD",
    "BTC_FDUSD-1m.feather": "BTCFDUSD",
    "USDC_USDT-1m.feather": "USDCUSDT",
    "ETH_BTC-1m.json": "ETHBTC",
    "BINANCE_BTCUSDT.P, 1.csv": "BTCUSDT",
    "BINANCE_BTC_USDT-1m.csv": "BTCUSDT",
    "BINANCE_BTC_USDT_USDT-1m.csv": "BTCUSDT",
    "币安人生USDT-1m.csv": "币安人生USDT",
    "币安人生_USDT_USDT-1m-futures.feather": "币安人生USDT",
    "candles.csv": None,
    "2025-01.zip": None,
}


@pytest.mark.parametrize(("name", "symbol"), NAMED.items())
def test_symbol_is_the_whole_pair_that_the_name_begins_with(name: str, symbol: str | None) -> None:
    """DATA-6: an exchange's name before the pair and the coin that it settles in after it are no part of the symbol."""
    assert symbol_named(Member(Path(name))) == symbol


def test_freqtrade_futures_file_is_described_with_its_symbol(tmp_path: Path) -> None:
    """DATA-6."""
    path = feathered(tmp_path / "BTC_USDT_USDT-1m-futures.feather", columns(stamps("ms")))
    assert describe(path).symbol == "BTCUSDT"


def test_freqtrade_directory_of_two_symbols_is_refused_although_their_times_are_apart(tmp_path: Path) -> None:
    """DATA-6: the candles of one symbol are never played as those of another."""
    later = [[candle[0] + 60 * MINUTE, *candle[1:]] for candle in CANDLES]
    text(tmp_path / "BTC_USDT_USDT-1m-futures.json", str([list(candle) for candle in CANDLES]))
    text(tmp_path / "ETH_USDT_USDT-1m-futures.json", str(later))
    with pytest.raises(SourceRefused, match="named BTCUSDT, ETHUSDT; give those of one symbol"):
        FileSource({"BTCUSDT": tmp_path})


def test_pattern_that_the_refusal_of_mixed_symbols_offers_matches_that_symbols_files(tmp_path: Path) -> None:
    """DATA-6: freqtrade puts an underscore into the pair; the pattern to type has it too."""
    for symbol in ("BTC", "ETH"):
        text(tmp_path / f"{symbol}_USDT_USDT-1m-futures.json", str([list(candle) for candle in CANDLES]))
    (defect,) = (each for each in describe(tmp_path).defects if each.reason == "mixed_symbols")
    pattern = Path(defect.text.rpartition("for example ")[2].strip("'"))
    assert [path.name for path in pattern.parent.glob(pattern.name)] == ["BTC_USDT_USDT-1m-futures.json"]
