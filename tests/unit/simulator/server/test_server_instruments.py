"""exchangeInfo: real symbols, given ones, made-up ones."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from simulator.core.model.filters import Filters
from simulator.server.instruments import exchange_info, grid_of
from simulator.server.serving import symbols_of
from simulator.tape.grid import Grid
from tests.support.simulator.protocol_server import server_settings


def test_shipped_symbols_are_those_of_the_exchange() -> None:
    """EXEC-1: grids and filters of production; the count of conditional orders is no filter any more."""
    info = exchange_info(("BTCUSDT", "ETHUSDT", "SOLUSDT"))
    grids = {row["symbol"]: grid_of(row) for row in info["symbols"]}
    assert [str(grid.tick) for grid in grids.values()] == ["0.10", "0.01", "0.0100"]
    assert grids["BTCUSDT"].print_price(950_005) == "95000.50"
    assert grids["SOLUSDT"].print_quantity(7) == "0.07"
    kinds = {each["filterType"] for row in info["symbols"] for each in row["filters"]}
    assert "MAX_NUM_ALGO_ORDERS" not in kinds


def test_a_made_up_symbol_has_every_filter_of_a_real_one() -> None:
    """DATA-6: any name is traded; its grid is that of the generator's prices."""
    real, made_up = exchange_info(("BTCUSDT", "DOGEUSDT"))["symbols"]
    assert {each["filterType"] for each in made_up["filters"]} == {each["filterType"] for each in real["filters"]}
    assert set(made_up) == set(real)
    assert (made_up["baseAsset"], real["baseAsset"]) == ("DOGE", "BTC")
    filters, grid = Filters.of_exchange_info(made_up), grid_of(made_up)
    assert (filters.tick_size, filters.step_size) == (grid.tick, grid.step)
    assert filters.max_price > filters.min_price > 0


def test_a_document_of_the_exchange_comes_before_the_shipped_one(tmp_path: Path) -> None:
    """OPS-2: a recorded answer is used as it is, also inside of ``info``."""
    row = {**exchange_info(("BTCUSDT",))["symbols"][0], "pricePrecision": 3}
    path = tmp_path / "exchange_info.json"
    path.write_bytes(msgspec.json.encode({"info": {"symbols": [row]}}))
    symbols = symbols_of(("BTCUSDT", "ETHUSDT"), server_settings(exchange_info=path, weight_minute=77))
    assert symbols.grids["BTCUSDT"].print_price(1) == "0.100"
    assert symbols.info["rateLimits"][0]["limit"] == 77


def test_a_grid_of_nothing_is_refused() -> None:
    """The message says where to read it."""
    with pytest.raises(ValueError, match="exchangeInfo"):
        Grid.of("BTCUSDT", Decimal(0), Decimal(1))
