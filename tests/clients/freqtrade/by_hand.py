"""A strategy for freqtrade that decides nothing: trades are entered and left by its REST API; stops rest at the exchange."""

from freqtrade.strategy import IStrategy
from pandas import DataFrame


class ByHand(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "1m"
    can_short = True
    stoploss = -0.06  # of the margin: with leverage 3 a price 2 % away
    minimal_roi = {}  # noqa: RUF012  # as the base class has it
    startup_candle_count = 2
    process_only_new_candles = False
    order_types = {  # noqa: RUF012  # as the base class has it
        "entry": "market",
        "exit": "market",
        "stoploss": "market",
        "stoploss_on_exchange": True,
        "stoploss_on_exchange_interval": 2,
    }

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe

    def leverage(self, *args: object, **more: object) -> float:
        return 3.0
