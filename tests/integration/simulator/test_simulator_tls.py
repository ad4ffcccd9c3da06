"""The server under the real hosts' names: a client without any other address, made as docs/simulator.md says."""

from __future__ import annotations

import re
import shlex
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import aiohttp
import ccxt.pro  # first: it takes seconds, in which a server of this process would stand still
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from simulator.server.settings import TEST_KEY, TEST_SECRET
from simulator.server.tls import BadCertificate, read_certificate
from tests.support.processes.answering import unavailable
from tests.support.repository.pure_modules import ROOT
from tests.support.simulator.protocol_server import a_server, ccxt_pro

BTC = "BTC/USDT:USDT"


class Hosts(AbstractResolver):
    """Every name is this machine, at the server's port: what the hosts file and port 443 do."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=self._port, family=2, proto=0, flags=0)]

    async def close(self) -> None: ...


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate by the command of the documentation."""
    if shutil.which("openssl") is None:
        unavailable("openssl", "it is not installed")
    text = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8").replace("\\\n", "")
    found = re.search(r"^openssl .*$", text, re.MULTILINE)
    assert found is not None
    place = tmp_path_factory.mktemp("certificate")
    (place / "tls").mkdir()
    subprocess.run(shlex.split(found.group()), cwd=place, check=True, capture_output=True)
    return place / "tls"


async def too_dear(client: Any) -> None:
    """An order that the margin does not cover."""
    await client.load_markets()
    last = (await client.fetch_ticker(BTC))["last"]
    await client.create_order(BTC, "limit", "buy", 900, last * 0.99)


async def test_a_client_that_knows_only_the_real_addresses_trades_and_tells_errors_apart(folder: Path) -> None:
    """EXEC-6: ccxt's own classes for the exchange's codes, without a line about them."""
    trusted = ssl.create_default_context(cafile=folder / "certificate.pem")
    async with a_server(tls=folder) as server:
        connector = aiohttp.TCPConnector(resolver=Hosts(int(server.url.rpartition(":")[2])), ssl=trusted)
        async with aiohttp.ClientSession(connector=connector) as session:
            client = ccxt.pro.binance({"apiKey": TEST_KEY, "secret": TEST_SECRET, "session": session})
            with pytest.raises(ccxt.InsufficientFunds):
                await too_dear(client)
            bought = await client.create_order(BTC, "market", "buy", 0.01)
            assert (bought["status"], bought["filled"]) == ("closed", 0.01)


async def test_sockets_are_served_under_the_certificate_too(folder: Path) -> None:
    """DATA-1: WSS beside HTTPS; the printed addresses say so."""
    trusted = ssl.create_default_context(cafile=folder / "certificate.pem")
    async with a_server(tls=folder) as server:
        assert (server.url[:8], server.sockets_url[:6]) == ("https://", "wss://")
        connector = aiohttp.TCPConnector(resolver=Hosts(int(server.url.rpartition(":")[2])), ssl=trusted)
        address = "wss://fstream.binance.com/public/ws/btcusdt@bookTicker"
        async with aiohttp.ClientSession(connector=connector) as session, session.ws_connect(address) as socket:
            assert (await socket.receive_json())["e"] == "bookTicker"


async def test_at_another_address_ccxt_needs_the_line_of_the_documentation() -> None:
    """EXEC-6: without it the same refusal is a plain error; with it, it is what it means."""
    async with a_server() as server:
        async with ccxt_pro(server, errors_of_futures=False) as client:
            with pytest.raises(ccxt.ExchangeError) as plain:
                await too_dear(client)
            assert type(plain.value) is ccxt.ExchangeError
        async with ccxt_pro(server) as client:
            with pytest.raises(ccxt.InsufficientFunds):
                await too_dear(client)


def test_a_folder_without_a_certificate_is_refused_with_a_sentence(tmp_path: Path) -> None:
    """OPS-9: what is missing, and where it is said how to make it."""
    with pytest.raises(BadCertificate, match=r"certificate.pem and key.pem .* docs/simulator.md"):
        read_certificate(tmp_path)
    for name in ("certificate.pem", "key.pem"):
        (tmp_path / name).write_text("nothing")
    with pytest.raises(BadCertificate):
        read_certificate(tmp_path)
