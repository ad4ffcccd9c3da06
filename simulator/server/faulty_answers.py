"""Carries out an endpoint as the faults in force have it: what it finds, and what it tells. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from shared.exchange.error_codes import ErrorCode
from shared.exchange.errors import RULES
from simulator.server.fault_table import Aim
from simulator.server.faulty_core import FaultyCore
from simulator.server.parameters import Parameters
from simulator.server.refusals import Refused, bad_listen_key
from simulator.server.rest.context import SUCCESS, Caller, Context
from simulator.server.retold import retold_answer

_LISTEN_KEY: Final = "/fapi/v1/listenKey"
_MULTI_ASSETS: Final = "/fapi/v1/multiAssetsMargin"
#: Last part of a path → what is read there, for the field ``reads`` of stale reads.
READS: Final = {
    "order": "orders",
    "openOrder": "orders",
    "openOrders": "orders",
    "allOrders": "orders",
    "algoOrder": "orders",
    "openAlgoOrders": "orders",
    "allAlgoOrders": "orders",
    "orderAmendment": "orders",
    "forceOrders": "orders",
    "userTrades": "trades",
    "balance": "account",
    "account": "account",
    "positionRisk": "account",
    "income": "income",
}

Handler = Callable[[Context, Parameters, Caller], Any]


def carry_out(handler: Handler, aim: Aim, context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Return the body of the answer. Raises Refused, as the endpoint does.

    The endpoint is synchronous, so the session may have another core while it runs.
    """
    faults, session = context.faults, context.session
    if not faults.set:
        return handler(context, parameters, caller)
    if (aim.method, aim.path) == ("PUT", _LISTEN_KEY) and faults.strikes("listen_key_refused", aim):
        context.listen_keys.close(caller.key)
        raise bad_listen_key()
    if (aim.method, aim.path) == ("POST", _MULTI_ASSETS) and faults.active("multi_assets", "bnfcr"):
        return _set_asset_mode(context, wanted=parameters.flag("multiAssetsMargin"))
    real = session.core
    session.core = FaultyCore(_visible(context, aim), faults, aim, session.time)
    try:
        return retold_answer(faults, aim, handler(context, parameters, caller))
    finally:
        session.core = real


def _visible(context: Context, aim: Aim) -> Any:
    """Return the core that is read: an earlier state of it for a read that lags, the longest lag of those that hit."""
    session, reads = context.session, READS.get(aim.path.rpartition("/")[2])
    if aim.method != "GET" or reads is None or session.history is None:
        return session.core
    found = context.faults.met(replace(aim, reads=reads), "stale_reads")
    lags = [context.faults.hit(each).ms for each in found]
    return session.history.at(session.time - max(lags)) if lags else session.core


def _set_asset_mode(context: Context, *, wanted: bool) -> Any:
    """Answer a change of the asset mode in multi-assets mode: leaving it ends the fault, but credits cannot be left."""
    if wanted:
        code = ErrorCode.NO_NEED_TO_CHANGE_JOINT_MARGIN
        raise Refused(code, RULES[code].text)
    if context.faults.active("bnfcr"):
        raise Refused(ErrorCode.UNSUPPORTED_OPERATION, RULES[ErrorCode.UNSUPPORTED_OPERATION].text)
    for each in context.faults.active("multi_assets"):
        context.faults.lift(each.id)
    return SUCCESS
