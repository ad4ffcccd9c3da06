"""Settings of the simulated exchange: costs, liquidity, limits."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.domain.level import BASIC


class SimulatorSettings(BaseModel):
    """Costs, liquidity and limits of the simulated exchange. Rates are fractions, bps are 1/10,000 of the price."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    starting_wallet: Decimal = Field(
        Decimal(10_000),
        gt=0,
        le=Decimal(10**12),
        description="Wallet at the start of a session, USDT",
        json_schema_extra=BASIC,
    )
    taker_fee: Decimal = Field(
        Decimal("0.0005"),
        ge=0,
        le=Decimal("0.1"),
        description="Fee of orders that take liquidity, fraction of the notional",
        json_schema_extra=BASIC,
    )
    maker_fee: Decimal = Field(
        Decimal("0.0002"),
        ge=0,
        le=Decimal("0.1"),
        description="Fee of orders that rested in the book, fraction of the notional",
        json_schema_extra=BASIC,
    )
    half_spread_bps: Decimal = Field(
        Decimal(0), ge=0, le=1_000, description="Distance from the last price to the best bid and to the best ask, bps"
    )
    slippage_bps: Decimal = Field(
        Decimal(1),
        ge=0,
        le=1_000,
        description="Price that a taker pays beyond the best one in its first layer, bps",
        json_schema_extra=BASIC,
    )
    layer_slippage_bps: Decimal = Field(
        Decimal(1),
        ge=0,
        le=1_000,
        description="Price that a taker pays in addition for each further layer of liquidity, bps",
    )
    participation: Decimal = Field(
        Decimal("0.1"),
        gt=0,
        le=1,
        description="Share of a one-minute candle's volume that one layer holds and that resting limits can get",
    )
    max_layers: int = Field(
        20, ge=1, le=1_000, description="Most layers of that size; what a taker still needs then fills in one last layer"
    )
    limit_fills: Literal["through", "touch"] = Field(
        "through",
        description="When a resting limit fills: through = the price trades through it, touch = the price reaches it",
    )
    reduce_only_check: Literal["off", "limit", "all"] = Field(
        "limit",
        description=(
            "Which reduce-only orders are refused (-4118) when open reduce-only limits already close the whole position: "
            "none, LIMIT orders, or also MARKET orders and those that a triggered stop or take-profit places"
        ),
    )
    max_leverage: int = Field(125, ge=1, le=150, description="Highest leverage of a symbol for which no brackets are known")
    maintenance_rate: Decimal = Field(
        Decimal("0.004"),
        gt=0,
        lt=1,
        description="Maintenance margin of a symbol for which no brackets are known, fraction of the notional at mark",
    )
    brackets_file: str = Field(
        "",
        description=(
            "JSON file of leverage tiers (rows of Binance's leverageBracket or ccxt's, by symbol), "
            "replacing the shipped tables of these symbols; empty = none"
        ),
    )
    liquidation_fee: Decimal = Field(
        Decimal("0.0125"),
        ge=0,
        le=Decimal("0.5"),
        description="Clearance fee of a liquidation where the symbol states none, fraction of the notional",
    )
    margin_call_ratio: Decimal = Field(
        Decimal("0.8"), gt=0, le=1, description="Maintenance margin / margin balance at which a margin call is sent"
    )
    min_callback_rate: Decimal = Field(
        Decimal("0.1"), gt=0, le=100, description="Smallest callback of a trailing stop, percent"
    )
    max_callback_rate: Decimal = Field(Decimal(20), gt=0, lt=100, description="Largest callback of a trailing stop, percent")
    good_till_ahead: int = Field(
        600, ge=0, le=86_400, description="How far ahead the date of a GTD order must be at least, seconds"
    )
    max_amendments: int = Field(10_000, ge=1, le=10_000, description="Most modifications of one order (-5026 beyond)")
    max_open_orders: int = Field(200, ge=1, le=10_000, description="Most resting LIMIT orders of a symbol (-2025 beyond)")
    max_conditional_orders: int = Field(
        200, ge=1, le=10_000, description="Most resting stops and take-profits of the account (-4045 beyond)"
    )
    max_price: Decimal = Field(
        Decimal(10**9), gt=0, le=Decimal(10**12), description="Highest price that an order or a candle may have, USDT"
    )
    max_quantity: Decimal = Field(
        Decimal(10**12), gt=0, le=Decimal(10**15), description="Largest quantity of one order, base currency (-4005 beyond)"
    )
    decimals: int = Field(
        12, ge=8, le=18, description="Decimals to which fees, funding, realised PnL and averages are rounded; sums are exact"
    )
    closed_remembered: int = Field(
        2_000, ge=1, le=1_000_000, description="Closed orders remembered, for queries and answers that name them"
    )
    paper_max_pending: int = Field(
        120, ge=1, le=10_000, description="Mode paper: most minutes held back for a partition that sends nothing"
    )
    income_remembered: int = Field(
        1_000, ge=1, le=1_000_000, description="Income entries remembered (PnL, commissions, funding, transfers)"
    )

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        worst = self.half_spread_bps + self.slippage_bps + self.max_layers * self.layer_slippage_bps
        if worst >= Decimal(10_000):
            raise ValueError(
                f"a taker could pay {worst} bps: below 10,000 is needed; lower max_layers or layer_slippage_bps"
            )
        return self
