"""The control pages (``/sim/…``): set faults, time and prices; read the simulator's true state and history."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simulator.ledger.record import Noted
from simulator.server.fault_kinds import VOCABULARY
from simulator.server.fault_table import FaultTable, SetFault
from simulator.server.faults import BadFault, Fault, why_refused
from simulator.server.http import Rest
from simulator.server.motion import Motion
from simulator.server.parameters import Parameters
from simulator.server.printing.market_events import kline_row
from simulator.server.refusals import Refused
from simulator.server.rest import account, algo_orders, order_history
from simulator.server.rest.context import Caller, Context
from simulator.server.sockets import Sockets
from simulator.tape.intervals import INTERVALS

_encode = msgspec.json.Encoder().encode


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


#: Most market time that one call may ask for: a year, ms.
_YEAR: Final = 31_536_000_000
#: Beyond it, a step of the clock would hold up every request.
_FASTEST: Final = 1_000_000
#: Largest price that can be set, USDT.
_DEAREST: Final = 1_000_000_000


class _Advance(_Body):
    ms: int = Field(0, ge=0, le=_YEAR)
    to: int = Field(0, ge=0)


class _Price(_Body):
    symbol: str
    price: Decimal = Field(gt=0, le=_DEAREST)


class _Speed(_Body):
    speed: float | None = Field(ge=0, le=_FASTEST)


class _Note(_Body):
    what: Noted
    who: str = Field("", max_length=100)


class Admin:
    """Serves the control pages under ``/sim``: JSON in, JSON out, no signature needed."""

    def __init__(self, context: Context, faults: FaultTable, motion: Motion, sockets: Sockets, rest: Rest) -> None:
        self._context = context
        self._faults = faults
        self._motion = motion
        self._sockets = sockets
        self._rest = rest

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one control request with JSON; HTTP 400 and ``{"error": text}`` if it cannot be carried out."""
        body: object = None
        try:
            body = _parsed(await request.read())
            return self._json(await self._do(request.method, request.path.removeprefix("/sim/"), body, request.query_string))
        except ValidationError as error:
            return self._json({"error": why_refused(error, body)}, 400)
        except (BadFault, Refused) as error:
            return self._json({"error": str(error)}, 400)
        except KeyError as error:
            return self._json({"error": f"there is no {error}"}, 404)
        except web.HTTPRequestEntityTooLarge:
            return self._json({"error": "the body of a request may have 1 MiB at most"}, 413)
        except web.RequestPayloadError:
            return self._json({"error": "the body of the request cannot be decoded"}, 400)

    async def _do(self, method: str, page: str, body: object, query: str) -> Any:
        match method, page.split("/"):
            case "GET", ["state"]:
                return self._state()
            case "GET", ["history"]:
                return self._history(Parameters.of(query))
            case "GET", ["account"]:
                return self._account()
            case "GET", ["faults"]:
                return {
                    "set": [_shown(each) for each in self._faults.set.values()],
                    "over": [_shown(each) for each in self._faults.over],
                }
            case "GET", ["vocabulary"]:
                return {
                    kind: {
                        "where": entry.where,
                        "effect": entry.effect,
                        "acts": entry.acts,
                        "parameters": entry.fields,
                        "required": entry.required,
                    }
                    for kind, entry in VOCABULARY.items()
                }
            case "POST", ["faults"]:
                return _shown(self._motion.set_fault(Fault.model_validate(body)))
            case "DELETE", ["faults"]:
                return [_shown(each) for each in map(self._motion.lift_fault, list(self._faults.set)) if each is not None]
            case "DELETE", ["faults", number]:
                lifted = self._motion.lift_fault(int(number)) if number in map(str, self._faults.set) else None
                if lifted is None:
                    raise KeyError(f"fault {number}")
                return _shown(lifted)
            case "POST", ["advance"]:
                asked = _Advance.model_validate(body)
                now = self._context.session.time
                if asked.to > now + _YEAR:
                    raise BadFault(f"to: {asked.to} is more than a year after the market's time, {now}")
                return await self._advance(max(asked.to, now + asked.ms))
            case "POST", ["price"]:
                wanted = _Price.model_validate(body)
                if wanted.symbol not in self._context.session.market:
                    raise KeyError(wanted.symbol)
                tick = self._context.grid(wanted.symbol).tick
                if wanted.price < tick:
                    raise BadFault(f"price: {wanted.price} is less than the smallest price, {tick}")
                self._motion.set_price(wanted.symbol, wanted.price)
                return self._state()
            case "POST", ["ledger"]:
                note, ledger = _Note.model_validate(body), self._context.session.ledger
                if ledger is None:
                    raise BadFault("no ledger is kept here: set server.ledger")
                ledger.note(note.what, note.who, self._context.session.time)
                return {"time": self._context.session.time}
            case "POST", ["speed"]:
                self._motion.set_speed(_Speed.model_validate(body).speed)
                return self._state()
            case _:
                raise KeyError(f"{method} /sim/{page}")

    async def _advance(self, to: int) -> Any:
        """Advance the market to ``to`` (its clock, ms) in chunks; wait after each until its messages are sent."""
        session = self._context.session
        while session.time < to:
            self._motion.advance(min(to, session.time + 1_000))
            await self._sockets.drained()
        return {"time": session.time}

    def _state(self) -> dict[str, Any]:
        session = self._context.session
        return {
            "time": session.time,
            "start": session.market.start,
            "speed": self._motion.speed,
            "finished": session.market.finished,
            "symbols": {
                symbol: {
                    "last": market.grid.print_price(market.last_price),
                    "bid": market.grid.print_price(market.quote.bid),
                    "ask": market.grid.print_price(market.quote.ask),
                    "mark": str(market.mark.mark),
                }
                for symbol, market in ((each, session.market[each]) for each in session.market.symbols)
            },
            "sockets": self._sockets.describe(),
            "subscribed": session.emitter.subscribed(),
            "streams": dict(self._sockets.counts),
            "requests": dict(self._rest.counts),
            "faults": [_shown(each) for each in self._faults.set.values()],
            "refused_steps": self._motion.refused,
        }

    def _history(self, parameters: Parameters) -> Any:
        """Return every closed kline of a symbol and interval as ``GET klines`` rows.

        Tests compare a client's candles with them.
        """
        market = self._context.session.market[parameters.text("symbol")]
        interval = parameters.word("interval", INTERVALS, "1m")
        start, end = parameters.integer("startTime", 0), parameters.integer("endTime", self._context.session.time)
        return [
            kline_row(kline, interval, market.grid)
            for kline in market.klines.closed(interval)
            if start <= kline.open_time <= end
        ]

    def _account(self) -> Any:
        """Return the whole account, open and past, without a signature. Tests compare a client's state with it."""
        nothing, nobody = Parameters({}), Caller("", 0)
        core = self._context.session.core
        return {
            "account": account.account_v3(self._context, nothing, nobody),
            "positions": account.position_risk_v2(self._context, nothing, nobody),
            "orders": order_history.every_order(self._context),
            "algo_orders": [algo_orders.shown(self._context, algo) for algo in core.algo_orders()],
            "trades": order_history.every_trade(self._context),
            "income": account.income(self._context, Parameters({"limit": "1000"}), nobody),
        }

    def _json(self, body: Any, status: int = 200) -> web.Response:
        return web.Response(body=_encode(body), status=status, content_type="application/json")


def _parsed(body: bytes) -> object:
    """Return the JSON of a request's body; a text in place of an object, which the pages refuse, if it is not JSON."""
    try:
        return msgspec.json.decode(body) if body else {}
    except (msgspec.DecodeError, RecursionError):
        return body.decode(errors="replace")


def _shown(each: SetFault) -> dict[str, Any]:
    return {
        "id": each.id,
        "until": each.until,
        "hits": each.hits,
        "chances": each.chances,
        **each.fault.model_dump(mode="json", include={"kind", *VOCABULARY[each.fault.kind].fields}),
    }
