"""What only the whole configuration can tell."""

from __future__ import annotations

from cli.settings import Settings
from shared.config.load import ConfigInvalid, load

LIVE = {
    "mode": "live",
    "approval_key": "a-key-of-my-own",
    "exchange": {"real_money": True, "proven_on_testnet": True},
}
DRILL = {"signals": {"strategies": ("every_close",), "drill": True}}


def faults(settings: dict[str, object]) -> str:
    try:
        load(Settings, [], {}, None, settings)
    except ConfigInvalid as error:
        return str(error)
    return ""


def test_a_drill_is_refused_where_money_is_real() -> None:
    """RISK-2: a strategy that trades without a reason has no place in mode live; everywhere else it may drill."""
    assert faults(LIVE) == ""
    assert "signals.drill" in faults({**LIVE, **DRILL})
    assert faults(DRILL) == ""
    assert faults({**DRILL, "mode": "paper"}) == ""
