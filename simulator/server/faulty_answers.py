"""Carries out an endpoint as the faults in force have it: what it finds, and what it tells. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from simulator.server.fault_table import Aim
from simulator.server.parameters import Parameters
from simulator.server.refusals import bad_listen_key
from simulator.server.rest.context import Caller, Context

_LISTEN_KEY: Final = "/fapi/v1/listenKey"

Handler = Callable[[Context, Parameters, Caller], Any]


def carry_out(handler: Handler, method: str, path: str, context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Return the body of the answer. Raises Refused, as the endpoint does."""
    if not context.faults.set:
        return handler(context, parameters, caller)
    if (method, path) == ("PUT", _LISTEN_KEY) and context.faults.strikes("listen_key_refused", Aim()):
        context.listen_keys.close(caller.key)
        raise bad_listen_key()
    return handler(context, parameters, caller)
