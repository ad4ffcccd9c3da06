"""What `ict run` says of a market before it plays it."""

from __future__ import annotations

from cli.play.forecast import forecast
from simulator.market.generator import GeneratedMarket


def test_at_a_speed_the_forecast_says_when_the_market_ends_and_when_a_trade_may_come() -> None:
    """The simulation of docker-compose.yml: two hours that begin with minutes in which no trade can come."""
    said = forecast(GeneratedMarket(["BTCUSDT"], days=5), 60.0)
    assert said.startswith("5 days of market at 60 market seconds a second: it ends in 2 hours; ")
    assert "5 to 26 hours of market, 5 minutes to 26 minutes from now" in said
    assert "market.speed" in said


def test_at_full_speed_the_forecast_promises_no_time() -> None:
    said = forecast(GeneratedMarket(["BTCUSDT"], days=0.5), None)
    assert said.startswith("12 hours of market, as fast as the system settles; ")
    assert "from now" not in said
