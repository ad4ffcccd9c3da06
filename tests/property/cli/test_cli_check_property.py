"""What `ict check` passes, every service can be built from; what no service can be built from, it refuses (OPS-7)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin

import annotated_types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.play.demo import embedded
from cli.play.market import open_source
from cli.run.startup import everything, services_of, start_refusals
from cli.settings import Settings
from cli.wiring import lane_policy, service_spec, topology
from services.signals.core import SignalsCore
from shared.bus.rabbitmq.bus import RabbitBus
from shared.config.fields import Setting, known_paths, setting_at
from shared.config.load import ConfigInvalid, Loaded, load
from shared.domain.timeframes import TIMEFRAMES
from shared.store.open import make_store
from tests.support.approval.pairs import OPERATOR_KEYS, OWN_KEYS

OWN = {
    "approval": OWN_KEYS,
    "operator": OPERATOR_KEYS,
    "exchange": {"key": "k", "secret": "s", "real_money": True, "proven_on_testnet": True},
}
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "1000PEPEUSDT")

#: Settings whose values depend on each other across sections, drawn more often than chance would.
TOP = st.fixed_dictionaries(
    {},
    optional={
        "mode": st.sampled_from(("sim", "paper", "testnet", "live")),
        "layout": st.sampled_from(("split", "fused", "embedded")),
        "timeframes": st.sets(st.sampled_from(TIMEFRAMES), min_size=1).map(lambda some: sorted({*some, "1m"})),
        "symbols": st.lists(st.sampled_from(SYMBOLS), min_size=1, unique=True),
        "take": st.sampled_from(({"symbols": ["BTC*"]}, {"timeframes": ["1?"]}, {"symbols": ["*"], "timeframes": ["4h"]})),
        "signals": st.sampled_from(
            (
                {"strategies": ["ob_fvg"]},
                {"strategies": ["every_close"], "drill": True},
                {"strategies": ["every_close", "ob_fvg"], "drill": True, "ob_fvg": {"timeframe": "1h"}},
                {"strategies": ["ob_fvg"], "ob_fvg": {"timeframe": "5m"}},
            )
        ),
        "account": st.fixed_dictionaries({"leverage": st.sampled_from((1, 10, 125, 150))}),
    },
)


def leaves() -> Iterator[tuple[tuple[str, ...], st.SearchStrategy[Any]]]:
    """Every switch, choice and number of the models, with values that its own bounds allow."""
    for path in known_paths(Settings):
        setting = setting_at(Settings, path)
        assert setting is not None
        values = values_of(setting)
        if values is not None and path[0] not in ("mode", "layout", "take", "partitions"):
            yield path, values


def values_of(setting: Setting) -> st.SearchStrategy[Any] | None:
    kind = setting.kinds[0]
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if kind is bool:
        return st.booleans()
    if kind not in (int, float, Decimal):
        return None
    low, high = Decimal(0), Decimal(1_000_000)
    for bound in setting.metadata:
        if isinstance(bound, annotated_types.Ge | annotated_types.Gt):
            value: Any = getattr(bound, "ge", getattr(bound, "gt", 0))
            low = Decimal(str(value)) + (Decimal("0.000001") if isinstance(bound, annotated_types.Gt) else 0)
        elif isinstance(bound, annotated_types.Le | annotated_types.Lt):
            value = getattr(bound, "le", getattr(bound, "lt", 0))
            high = Decimal(str(value)) - (Decimal("0.000001") if isinstance(bound, annotated_types.Lt) else 0)
    if kind is int:
        return st.sampled_from((int(low), int(high))) | st.integers(int(low), int(high))
    return st.sampled_from((float(low), float(high))) | st.floats(float(low), float(high))


LEAVES = dict(leaves())


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Any]:
    """A file as a user might write it: valid line by line, fitting together or not."""
    document: dict[str, Any] = merged(OWN, draw(TOP))
    for path in draw(st.lists(st.sampled_from(sorted(LEAVES)), max_size=4)):
        section = document
        for part in path[:-1]:
            section = section.setdefault(part, {})
        section[path[-1]] = draw(LEAVES[path])
    count = draw(st.integers(1, 3))
    return {**document, "partitions": {"count": count}}


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {name: dict(value) if isinstance(value, dict) else value for name, value in (one | other).items()}


def loaded(document: dict[str, Any]) -> Loaded[Settings] | None:
    try:
        return load(Settings, [], {}, None, document)
    except ConfigInvalid:
        return None


def build_everything(settings: Settings) -> None:
    """What the processes of this configuration build before they connect."""
    RabbitBus(topology(settings), settings.bus.url.get_secret_value(), name="test")
    make_store(settings.store.url.get_secret_value(), settings.namespace)
    lane_policy(settings)
    whole = embedded(settings) if settings.mode == "sim" else settings
    for name in (*services_of(settings), *services_of(whole)):
        for lane in service_spec(name, settings if name == "engine" else whole).lanes:
            lane.build()
    if settings.mode == "sim":
        open_source(settings, {}, None, None)


@given(configurations())
def test_configuration_that_check_passes_can_be_built(document: dict[str, Any]) -> None:
    found = loaded(document)
    if found is None or start_refusals(found, everything(found.settings)):
        return
    build_everything(found.settings)


def test_a_builder_that_refuses_is_a_refusal_of_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """The specimen: a core with a demand that no validator knows."""

    def refuse(*_: object, **__: object) -> None:
        raise ValueError("signals needs an even number of symbols")

    found = loaded(OWN)
    assert found is not None
    assert start_refusals(found, everything(found.settings)) == []
    monkeypatch.setattr(SignalsCore, "__init__", refuse)
    faults = start_refusals(found, everything(found.settings))
    assert [str(each) for each in faults] == ["service signals: signals needs an even number of symbols"]
