"""The gateway's books: fills heard against positions stated, orders against their owners (EXEC-4). Pure, on its state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from services.gateway.state import GatewayState, Held, bounded
from services.gateway.words import DEAD, fill_of
from shared.domain.account import AccountState, Position
from shared.domain.exchange import FundingPayment
from shared.domain.symbols import is_symbol
from shared.exchange.model.account import Balance, Income, PositionRisk
from shared.exchange.model.orders import ExchangeOrder
from shared.exchange.model.user_events import AccountUpdate, Executed

ZERO: Final = Decimal(0)
_ASSET: Final = "USDT"


def nameable(symbol: str) -> bool:
    """The symbol is one that messages can carry; delivery contracts (BTCUSD_240329) are not, and are not traded."""
    return is_symbol(symbol)


def quantity(held: Held | None) -> Decimal:
    """Signed; flat where nothing was stated."""
    return held.quantity if held is not None else ZERO


def unexplained(state: GatewayState) -> tuple[str, ...]:
    """Symbols whose fills and positions, or whose orders and fills, do not agree; sorted."""
    symbols = state.carried.keys() | state.held.keys()
    apart = {symbol for symbol in symbols if state.carried.get(symbol, ZERO) != quantity(state.held.get(symbol))}
    apart |= {known.order.symbol for known in state.known.values() if known.seen < known.order.filled}
    return tuple(sorted(apart))


def gap(state: GatewayState, symbol: str) -> tuple[Decimal, ...]:
    """How a symbol's fills, positions and orders differ."""
    missing = sum((known.order.filled - known.seen for known in state.known.values() if known.order.symbol == symbol), ZERO)
    return state.carried.get(symbol, ZERO), quantity(state.held.get(symbol)), missing


def give_up(state: GatewayState, symbol: str) -> None:
    """The venue's word holds, whatever the fills say."""
    state.carried[symbol] = quantity(state.held.get(symbol))
    for known in state.known.values():
        if known.order.symbol == symbol:
            known.seen = max(known.seen, known.order.filled)


def book_fill(state: GatewayState, fill: Executed, order: ExchangeOrder, client_id: str, remembered: int) -> None:
    """Enter one execution, once: into the news, the position carried, and its order's account."""
    booked = fill_of(fill, order, client_id)
    if booked.id in state.trades:
        return
    state.trades[booked.id] = None
    bounded(state.trades, remembered)
    state.fills.append(booked)
    signed = fill.quantity if order.side == "BUY" else -fill.quantity
    state.carried[order.symbol] = state.carried.get(order.symbol, ZERO) + signed
    known = state.known.get(client_id)
    if known is not None:
        known.seen += fill.quantity


def take_update(state: GatewayState, event: AccountUpdate) -> None:
    """The account as the stream states it: what changed."""
    for change in event.wallets:
        if change.asset == _ASSET and event.time >= state.wallet_time:
            state.wallet, state.wallet_time = change.wallet, event.time
    for position in event.positions:
        held = state.held.get(position.symbol) or Held()
        if position.side == "BOTH" and event.time >= held.time and nameable(position.symbol):
            state.held[position.symbol] = Held(
                quantity=position.quantity,
                entry=position.entry,
                mark=held.mark,
                unrealized=position.unrealized,
                time=event.time,
            )


def take_statement(
    state: GatewayState, balances: Iterable[Balance], positions: Iterable[PositionRisk], asked_at: int
) -> None:
    """The account by REST, whole; what the stream said of later times stays.

    What is noted is the venue's own time of the last change, not ``asked_at``: that is our reading of its clock, and after a
    wrong one news that are truly later would count as old.
    """
    wallet = next((each for each in balances if each.asset == _ASSET), None)
    if wallet is not None and state.wallet_time <= asked_at:
        state.wallet, state.wallet_time = wallet.wallet, max(state.wallet_time, wallet.updated_at)
    told = {each.symbol: each for each in positions if each.side == "BOTH" and nameable(each.symbol)}
    for symbol in state.held.keys() | told.keys():
        held, now = state.held.get(symbol) or Held(), told.get(symbol)
        if held.time > asked_at and (now is None or now.updated_at < held.time):
            continue
        state.held[symbol] = Held(
            quantity=now.quantity if now is not None else ZERO,
            entry=now.entry if now is not None else ZERO,
            mark=now.mark if now is not None else ZERO,
            unrealized=now.unrealized if now is not None else ZERO,
            time=max(held.time, now.updated_at if now is not None else 0),
        )


def take_funding(state: GatewayState, incomes: Iterable[Income], rates: Mapping[str, Decimal], remembered: int) -> bool:
    """Enter funding payments, each once; whether there was a new one."""
    new = False
    for income in incomes:
        if income.id in state.paid or not income.symbol:
            continue
        state.paid[income.id] = None
        bounded(state.paid, remembered)
        rate = rates.get(income.symbol, ZERO)
        state.funding.append(FundingPayment(symbol=income.symbol, time=income.time, rate=rate, amount=income.amount))
        new = True
    return new


def account_of(state: GatewayState, time: int) -> AccountState:
    """The account as last stated. Raises LookupError before the first statement: ask for it first."""
    if state.wallet is None:
        raise LookupError("the account was never stated: refresh before anything is answered or told")
    held = {symbol: each for symbol, each in sorted(state.held.items()) if each.quantity}
    return AccountState(
        time=time,
        wallet=state.wallet,
        equity=state.wallet + sum((each.unrealized for each in held.values()), ZERO),
        positions=tuple(
            Position(
                symbol=symbol,
                quantity=each.quantity,
                entry_price=each.entry,
                mark_price=each.mark or each.entry,
                unrealized=each.unrealized,
            )
            for symbol, each in held.items()
        ),
    )


def owners(state: GatewayState) -> dict[int, str]:
    """Plain order id → client id of ours."""
    ids = (
        (known.order_id if known.book == "plain" else known.child_id, client_id) for client_id, known in state.known.items()
    )
    return {order_id: client_id for order_id, client_id in ids if order_id}


def owner_of(state: GatewayState, order: ExchangeOrder) -> str | None:
    """The client id of ours that a plain order belongs to: its own, or that of the conditional one it came from."""
    if order.client_id in state.known:
        return order.client_id
    return next((client_id for client_id, known in state.known.items() if known.child_id == order.id), None)


def waits_for_child(state: GatewayState, symbol: str) -> bool:
    """A conditional order of ours lives there, of which no child is known."""
    return any(
        known.book == "algo" and not known.child_id and known.order.symbol == symbol and known.order.status not in DEAD
        for known in state.known.values()
    )
