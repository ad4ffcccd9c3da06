"""Defines the settings of the execution service: what may be sent, how long protection may take, when news is doubted."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from services.execution.drivers.exchange.settings import DriverSettings
from shared.domain.level import BASIC

#: Longest pause between two attempts at an exit that was refused or is in doubt: once the exchange takes orders again, what
#: is held is protected or closed within three seconds.
LONGEST_PAUSE_MS: Final = 2_500


class ExecutionSettings(BaseModel):
    """Settings of the execution service. Times in ms of the exchange's clock."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # -- what may be sent
    max_notional: Decimal = Field(
        Decimal(100_000),
        gt=0,
        le=Decimal(10**12),
        description="Largest entry, USDT; whatever was approved, a larger one is not sent",
        json_schema_extra=BASIC,
    )
    first_trades: int = Field(
        20, ge=1, le=10_000, description="Trades of an account in mode live, from its first on, that are capped in size"
    )
    first_trades_notional: Decimal = Field(
        Decimal(200),
        gt=0,
        le=Decimal(10**12),
        description="Largest entry of those, USDT; the exchange's smallest order is taken in any case",
    )
    first_trades_acknowledged: bool = Field(
        False,
        description="Acknowledgement that entries of full size are wanted from the first trade in mode live on; no cap then",
        json_schema_extra=BASIC,
    )
    entries_per_minute: int = Field(20, ge=1, le=10_000, description="Most entries sent in a minute")
    max_validity_ms: int = Field(
        60_000,
        ge=1_000,
        le=3_600_000,
        description="How far ahead the validity of an intent may reach before it is refused, ms",
    )
    account_age_ms: int = Field(
        20_000, ge=1_000, le=600_000, description="Age of the account's statement beyond which nothing is entered, ms"
    )
    quote_age_ms: int = Field(
        5_000, ge=100, le=600_000, description="Age of the best bid and ask beyond which nothing is entered, ms"
    )
    max_spread: Decimal = Field(
        Decimal("0.002"), gt=0, le=1, description="Widest spread at which a market entry is sent, fraction of the price"
    )
    min_reward_risk: Decimal = Field(
        Decimal("0.5"),
        ge=0,
        le=100,
        description="Least distance to the last exit over distance to the stop at the price at which an entry is sent",
    )
    # -- protection
    naked_ms: int = Field(
        3_000,
        ge=500,
        le=60_000,
        description="Time that a position may stand without an accepted stop before it is closed at the market, ms",
        json_schema_extra=BASIC,
    )
    overtake_ms: int = Field(
        1_000,
        ge=100,
        le=60_000,
        description="Time without an answer after which a stop or closing is sent under a new id, ms",
    )
    retry_ms: int = Field(500, ge=50, le=60_000, description="Pause before a refused exit is tried again, ms")
    stop_retries: int = Field(
        1, ge=0, le=10, description="Further stops tried after a refused one before the position is closed; 0 = none"
    )
    replacement_wait_ms: int = Field(
        300,
        ge=0,
        le=2_000,
        description="Time for a person who cancels our stop to place another before it is replaced, ms",
    )
    risk_tolerance: Decimal = Field(
        Decimal("0.02"),
        ge=0,
        le=1,
        description="Excess over its budget that a filled trade may risk before it is reduced, fraction of the budget",
    )
    taker_fee: Decimal = Field(
        Decimal("0.0005"), ge=0, le=Decimal("0.1"), description="Fee counted for the way out, fraction of the notional"
    )
    flatten_on_stop: bool = Field(
        False, description="Close every position of ours when the process is stopped, instead of leaving it protected"
    )
    # -- doubt
    query_ms: int = Field(
        500, ge=50, le=60_000, description="Pause between two queries of an order whose outcome is not known, ms"
    )
    doubt_margin_ms: int = Field(
        2_000,
        ge=0,
        le=60_000,
        description="Time beyond a request's own validity before `no such order` is believed, ms",
    )
    freeze_ms: int = Field(
        1_500,
        ge=0,
        le=60_000,
        description="Age of a doubt or mismatch at which its symbol takes no more entries, ms; it thaws by itself",
    )
    hold_ms: int = Field(
        500, ge=10, le=10_000, description="How long fills and positions may disagree before the exchange is queried, ms"
    )
    query_every_ms: int = Field(
        2_000, ge=100, le=60_000, description="Pause between two queries of a symbol's executions, ms"
    )
    write_off_ms: int = Field(
        10_000,
        ge=1_000,
        le=600_000,
        description="Time after which the exchange's statements count although no fill explains them, ms",
    )
    write_off_statements: int = Field(
        2, ge=1, le=60, description="Statements, asked for after the last fill, that must agree before they count"
    )
    # -- the exchange
    driver: DriverSettings = Field(
        default_factory=DriverSettings, description="How a real exchange is spoken to (testnet, live)"
    )
    # -- memory
    ids_remembered: int = Field(
        4_096, ge=64, le=100_000, description="Orders that are over, remembered because a fill of theirs may come late"
    )
    trades_remembered: int = Field(
        256, ge=16, le=100_000, description="Trades that are over, remembered for the same reason"
    )
    foreign_remembered: int = Field(
        256, ge=1, le=10_000, description="Ids of orders that are not ours remembered, so that each is alerted once"
    )
    controls_remembered: int = Field(
        256, ge=1, le=10_000, description="Control ids remembered, so that a repeated command acts once"
    )
    fills_remembered: int = Field(
        8_192, ge=16, le=1_000_000, description="Ids of fills and fundings remembered, so that each counts once"
    )
