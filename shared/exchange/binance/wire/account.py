"""Decodes Binance's answers about account, positions and settings. Pure; ``rest`` has the rules for all answers.

``value`` of each type converts it to the type of the port.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from shared.domain.order_words import PositionSide
from shared.exchange.binance.wire.rest import Wire
from shared.exchange.model.account import (
    AccountConfig,
    AccountSummary,
    Balance,
    Bracket,
    Commission,
    Income,
    KeyRights,
    Leverage,
    MarginType,
    PositionRisk,
    SymbolConfig,
)

_ZERO: Final = Decimal(0)


class _Asset(Wire, frozen=True, kw_only=True):
    asset: str
    wallet_balance: Decimal
    cross_wallet_balance: Decimal
    cross_un_pnl: Decimal
    available_balance: Decimal
    update_time: int = 0

    def value(self) -> Balance:
        return Balance(
            asset=self.asset,
            wallet=self.wallet_balance,
            cross_wallet=self.cross_wallet_balance,
            cross_unrealized=self.cross_un_pnl,
            available=self.available_balance,
            updated_at=self.update_time,
        )


class Account(Wire, frozen=True, kw_only=True):
    """The answer of GET account, v2 and v3.

    Its ``canWithdraw`` (v2) is left out: it concerns the account, not the key; see ``Restrictions``.
    """

    total_wallet_balance: Decimal
    total_unrealized_profit: Decimal
    total_margin_balance: Decimal
    available_balance: Decimal
    total_initial_margin: Decimal
    total_maint_margin: Decimal
    total_cross_wallet_balance: Decimal
    assets: list[_Asset]
    multi_assets_margin: bool | None = None

    def value(self) -> AccountSummary:
        return AccountSummary(
            wallet=self.total_wallet_balance,
            unrealized=self.total_unrealized_profit,
            margin_balance=self.total_margin_balance,
            available=self.available_balance,
            initial_margin=self.total_initial_margin,
            maintenance_margin=self.total_maint_margin,
            cross_wallet=self.total_cross_wallet_balance,
            balances=tuple(asset.value() for asset in self.assets),
            multi_assets=self.multi_assets_margin,
        )


class BalanceRow(Wire, frozen=True, kw_only=True):
    """One element of the answer of GET balance."""

    asset: str
    balance: Decimal
    cross_wallet_balance: Decimal
    cross_un_pnl: Decimal
    available_balance: Decimal
    account_alias: str = ""
    update_time: int = 0

    def value(self) -> Balance:
        return Balance(
            asset=self.asset,
            wallet=self.balance,
            cross_wallet=self.cross_wallet_balance,
            cross_unrealized=self.cross_un_pnl,
            available=self.available_balance,
            updated_at=self.update_time,
            account=self.account_alias,
        )


class PositionRow(Wire, frozen=True, kw_only=True):
    """One element of the answer of GET positionRisk, v2 and v3."""

    symbol: str
    position_amt: Decimal
    entry_price: Decimal
    mark_price: Decimal
    un_realized_profit: Decimal
    liquidation_price: Decimal
    notional: Decimal
    update_time: int
    position_side: PositionSide = "BOTH"
    break_even_price: Decimal = _ZERO
    isolated_wallet: Decimal = _ZERO
    initial_margin: Decimal = _ZERO
    maint_margin: Decimal = _ZERO

    def value(self) -> PositionRisk:
        return PositionRisk(
            symbol=self.symbol,
            side=self.position_side,
            quantity=self.position_amt,
            entry=self.entry_price,
            break_even=self.break_even_price,
            mark=self.mark_price,
            unrealized=self.un_realized_profit,
            liquidation=self.liquidation_price,
            notional=self.notional,
            isolated_wallet=self.isolated_wallet,
            initial_margin=self.initial_margin,
            maintenance_margin=self.maint_margin,
            updated_at=self.update_time,
        )


class _Bracket(Wire, frozen=True, kw_only=True):
    bracket: int
    initial_leverage: int
    notional_cap: Decimal
    notional_floor: Decimal
    maint_margin_ratio: Decimal
    cum: Decimal

    def value(self) -> Bracket:
        return Bracket(
            number=self.bracket,
            max_leverage=self.initial_leverage,
            floor=self.notional_floor,
            cap=self.notional_cap,
            maintenance_rate=self.maint_margin_ratio,
            cum=self.cum,
        )


class Brackets(Wire, frozen=True, kw_only=True):
    """One element of the answer of GET leverageBracket, or the whole answer if the request named a symbol."""

    symbol: str
    brackets: list[_Bracket]

    def value(self) -> tuple[Bracket, ...]:
        return tuple(sorted((each.value() for each in self.brackets), key=lambda bracket: bracket.floor))


class CommissionRate(Wire, frozen=True, kw_only=True):
    """The answer of GET commissionRate."""

    symbol: str
    maker_commission_rate: Decimal
    taker_commission_rate: Decimal

    def value(self) -> Commission:
        return Commission(symbol=self.symbol, maker=self.maker_commission_rate, taker=self.taker_commission_rate)


_MARGIN_TYPES: Final[dict[str, MarginType]] = {"CROSSED": "cross", "CROSS": "cross", "ISOLATED": "isolated"}


class SymbolSetup(Wire, frozen=True, kw_only=True):
    """One element of the answer of GET symbolConfig. ``value`` is None for an unknown margin type."""

    symbol: str
    margin_type: str
    leverage: int
    max_notional_value: Decimal

    def value(self) -> SymbolConfig | None:
        kind = _MARGIN_TYPES.get(self.margin_type.upper())
        if kind is None:
            return None
        return SymbolConfig(
            symbol=self.symbol, margin_type=kind, leverage=self.leverage, max_notional=self.max_notional_value
        )


class AccountSetup(Wire, frozen=True, kw_only=True):
    """The answer of GET accountConfig."""

    dual_side_position: bool
    multi_assets_margin: bool
    can_trade: bool = True
    fee_tier: int = 0

    def value(self) -> AccountConfig:
        return AccountConfig(
            hedge=self.dual_side_position,
            multi_assets=self.multi_assets_margin,
            may_trade=self.can_trade,
            fee_tier=self.fee_tier,
        )


class LeverageSet(Wire, frozen=True, kw_only=True):
    """The answer of POST leverage."""

    symbol: str
    leverage: int
    max_notional_value: Decimal

    def value(self) -> Leverage:
        return Leverage(symbol=self.symbol, leverage=self.leverage, max_notional=self.max_notional_value)


class PositionMode(Wire, frozen=True, kw_only=True):
    """The answer of GET positionSide/dual; True = hedge mode."""

    dual_side_position: bool


class IncomeRow(Wire, frozen=True, kw_only=True):
    """One element of the answer of GET income. ``tranId`` is unique for the account within one income type."""

    income_type: str
    income: Decimal
    asset: str
    time: int
    tran_id: int | str
    symbol: str = ""
    info: str = ""

    def value(self) -> Income:
        return Income(
            symbol=self.symbol,
            kind=self.income_type,
            amount=self.income,
            asset=self.asset,
            time=self.time,
            id=str(self.tran_id),
            info=self.info,
        )


class Restrictions(Wire, frozen=True, kw_only=True):
    """The answer of GET /sapi/v1/account/apiRestrictions: what the API key may do."""

    ip_restrict: bool
    enable_withdrawals: bool
    enable_futures: bool

    def value(self) -> KeyRights:
        return KeyRights(trade=self.enable_futures, withdraw=self.enable_withdrawals, ip_restricted=self.ip_restrict)


#: The answer of GET leverageBracket: an object for one symbol, a list for all. Any, because mypy takes no union as a type.
BRACKETS: Final[Any] = Brackets | list[Brackets]
