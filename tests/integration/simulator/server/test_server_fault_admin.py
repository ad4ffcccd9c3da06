"""How faults are asked for: admin calls and scenario lines, and the sentences that refuse a wrong one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, get_args

import aiohttp
import pytest

from simulator.server.fault_kinds import VOCABULARY, FaultKind
from simulator.server.scenario import BadScenario, Scenario
from tests.support.repository.pure_modules import ROOT
from tests.support.simulator.fault_scene import FaultScene
from tests.support.simulator.fault_specimens import shown_in, sources_in
from tests.support.simulator.protocol_server import STEP, a_hand, a_server

FOLDER = ROOT / "tests" / "integration" / "simulator" / "server"
KLINES = "btcusdt@kline_1m"


def test_every_kind_of_fault_is_shown_to_a_client() -> None:
    """EXEC-8: a kind without such a test would be a promise that nobody checks."""
    assert set(VOCABULARY) == set(get_args(FaultKind))
    assert set(shown_in(sources_in(FOLDER))) == set(VOCABULARY)


def test_a_kind_without_a_test_is_caught() -> None:
    """STYLE: every checker has a specimen."""
    source = '@specimen_of("latency")\nasync def test_a(): ...\n@specimen_of("disconnect")\ndef helper(): ...\n'
    assert shown_in([source]) == {"latency": ["test_a"]}


async def test_a_scenario_sets_and_lifts_at_its_times() -> None:
    """OPS-9: faults at set times of the market's clock, the same on every run."""
    scenario = Scenario.model_validate(
        {
            "steps": [
                {"at_s": 5, "price": {"symbol": "BTCUSDT", "price": "50000"}},
                {"at_s": 2, "fault": {"kind": "silent_streams", "stream": KLINES, "lasts_ms": 1_000}},
            ]
        }
    )
    async with a_server(speed=STEP, scenario=scenario) as server, a_hand(server) as hand:
        await hand.advance(2_500)
        assert [each["kind"] for each in (await hand.ask("GET", "faults"))["set"]] == ["silent_streams"]
        await hand.advance(1_000)
        assert (await hand.ask("GET", "faults"))["set"] == []
        await hand.advance(2_000)
        assert Decimal((await hand.ask("GET", "state"))["symbols"]["BTCUSDT"]["last"]) < 60_000


async def test_every_kind_is_set_by_a_line_of_a_scenario() -> None:
    """OPS-9: a second apart and for 200 ms each; what needs a position is told to have been refused."""
    given = {"symbol": "BTCUSDT", "code": -2019, "action": "cancel", "row": {"status": "BREAK"}}
    steps = []
    for number, (kind, entry) in enumerate(VOCABULARY.items()):
        fault: dict[str, Any] = {"kind": kind, **{name: given[name] for name in entry.required}}
        fault |= {"tick_size": "1"} if kind == "filters" else {}
        fault |= {"lasts_ms": 200} if "lasts_ms" in entry.fields else {}
        steps.append({"at_s": number, "fault": fault})
    async with a_server(speed=STEP, scenario=Scenario.model_validate({"steps": steps})) as server, a_hand(server) as hand:
        await hand.advance(len(steps) * 1_000)
        faults, state = await hand.ask("GET", "faults"), await hand.ask("GET", "state")
        assert faults["set"] == []
        ended = [each["kind"] for each in faults["over"]]
        assert [kind for kind in VOCABULARY if kind not in ended] == ["margin_call", "adl"]
        assert len(ended) + len(state["refused_steps"]) == len(steps)


async def test_a_step_at_the_start_is_in_force_before_the_first_request() -> None:
    """OPS-9: at_s 0; the market need not move for it."""
    scenario = Scenario.model_validate({"steps": [{"at_s": 0, "fault": {"kind": "rest_outage", "path": "/fapi/v1/time"}}]})
    async with a_server(speed=STEP, scenario=scenario) as server, aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientError):
            await http.get(f"{server.url}/fapi/v1/time")


async def test_a_step_that_the_exchange_refuses_is_told_and_the_market_goes_on() -> None:
    """OPS-9: there was no position to close at that time."""
    fault = {"kind": "app_order", "symbol": "BTCUSDT", "action": "close"}
    scenario = Scenario.model_validate({"steps": [{"at_s": 2, "fault": fault}]})
    async with a_server(speed=STEP, scenario=scenario) as server, a_hand(server) as hand:
        await hand.advance(5_000)
        state = await hand.ask("GET", "state")
        assert state["time"] == state["start"] + 5_000
        assert state["refused_steps"] == ["the step at 2 s: app_order: there is no open position in BTCUSDT; open one first"]


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ({"fault": {"kind": "price_spike", "symbol": "XYZUSDT"}}, "price_spike: symbol = 'XYZUSDT' is not traded here"),
        ({"price": {"symbol": "XYZUSDT", "price": 1}}, "price: XYZUSDT is not traded here"),
    ],
)
async def test_a_scenario_for_a_symbol_that_is_not_traded_stops_the_start(step: dict[str, Any], says: str) -> None:
    """OPS-9: said before the market runs, not in the middle of it."""
    scenario = Scenario.model_validate({"steps": [{"at_s": 7, **step}]})
    with pytest.raises(BadScenario, match=f"the step at 7 s: {says}"):
        async with a_server(speed=STEP, scenario=scenario):
            pass


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b'{"kind": "latencyy"}', 400, "there is no kind of fault 'latencyy', did you mean 'latency'?"),
        (b'{"ms": 5}', 400, "there is no kind of fault None"),
        (b'{"kind": "latency", "mss": 5}', 400, "latency has no parameter 'mss', did you mean 'ms'?; it takes method, path"),
        (b'{"kind": "latency", "percent": 5}', 400, "latency does not use 'percent'; it takes method, path"),
        (
            b'{"kind": "latency", "nth": 0}',
            400,
            "latency: nth = 0 is not allowed: input should be greater than or equal",
        ),
        (b'{"kind": "latency", "ms": "soon"}', 400, "latency: ms = 'soon' is not allowed: input should be a valid integer"),
        (b'{"kind": "disconnect", "count": 2}', 400, "disconnect does not use 'count'; it takes stream"),
        (b'{"kind": "price_spike"}', 400, "price_spike needs 'symbol'"),
        (b'{"kind": "price_spike", "symbol": "XYZUSDT"}', 400, "is not traded here; it is one of BTCUSDT, ETHUSDT"),
        (b'{"kind": "filters", "symbol": "BTCUSDT"}', 400, "filters needs one of tick_size, step_size and min_notional"),
        (b'{"kind": "filters", "symbol": "BTCUSDT", "tick_size": "0"}', 400, "filters: tick_size = '0' is not allowed"),
        (
            b'{"kind": "funding_interval", "symbol": "BTCUSDT", "hours": 3}',
            400,
            "hours = 3 is not allowed: input should be 1",
        ),
        (b'{"kind": "app_order", "symbol": "BTCUSDT"}', 400, "app_order needs 'action'"),
        (b'{"kind": "adl", "symbol": "BTCUSDT"}', 400, "adl: there is no open position in BTCUSDT; open one first"),
        (b"[1]", 400, "a fault is an object with a kind"),
        (b"{", 400, "a fault is an object with a kind"),
    ],
)
async def test_a_wrong_fault_is_refused_with_a_sentence_and_nothing_is_set(
    scene: FaultScene, body: bytes, status: int, sentence: str
) -> None:
    """EXEC-6: kind, parameter, what is allowed."""
    async with aiohttp.ClientSession() as http, http.post(f"{scene.server.url}/sim/faults", data=body) as answer:
        assert answer.status == status
        assert sentence in (await answer.json())["error"]
    assert await scene.faults("set") == await scene.faults("over") == []


async def test_a_symbol_or_page_that_is_not_there_is_named(scene: FaultScene) -> None:
    """EXEC-6: the other admin pages."""
    async with aiohttp.ClientSession() as http:
        for page, body, word in (
            ("price", {"symbol": "XYZUSDT", "price": "1"}, "XYZUSDT"),
            ("nothing", {}, "/sim/nothing"),
        ):
            async with http.post(f"{scene.server.url}/sim/{page}", json=body) as answer:
                assert answer.status == 404
                assert word in (await answer.json())["error"]
        async with http.post(f"{scene.server.url}/sim/advance", json={"ms": "far"}) as answer:
            assert answer.status == 400
            assert "ms: Input should be a valid integer" in (await answer.json())["error"]


async def test_the_vocabulary_tells_how_each_kind_is_asked_for(scene: FaultScene) -> None:
    """EXEC-6: what an operator reads before setting one."""
    told = await scene.hand.ask("GET", "vocabulary")
    assert set(told) == set(VOCABULARY)
    assert told["price_spike"]["required"] == ["symbol"]
    assert told["latency"]["parameters"][-4:] == ["lasts_ms", "nth", "count", "share"]
