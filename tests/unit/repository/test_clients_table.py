"""docs/clients.md has the form in which `make clients` writes it, and names the clients that are locked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.clients import venvs
from tests.support.clients.outcomes import ABSENT, FAILED, OK, REFUSED, Outcome, failures, read
from tests.support.clients.page import CLIENTS, page, version_of
from tests.support.repository.pure_modules import ROOT

COMMITTED = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
CELL = re.compile(r"ok|-\d{3,4}|not served|")
REQUIREMENTS = sorted(venvs.REQUIREMENTS.glob("*.txt"))


def results(**of_sdk: Outcome) -> dict[str, list[Outcome]]:
    return {name: list(of_sdk.values()) if name == "sdk" else [] for name in CLIENTS}


def tables(text: str) -> dict[str, list[list[str]]]:
    """Heading → rows of its table without the head."""
    found = {}
    for part in text.split("\n## ")[1:]:
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line.startswith("|")]
        found[part.partition("\n")[0]] = rows[2:]
    return found


def test_committed_page_names_the_locked_clients() -> None:
    assert [row[:2] for row in tables(COMMITTED)["Clients"]] == [
        [name, f"{package} {version_of(requirements, package)}"] for name, (requirements, package, _) in CLIENTS.items()
    ]


@pytest.mark.parametrize("heading", ["REST", "Streams", "User data", "WebSocket API", "Start", "freqtrade"])
def test_committed_page_has_cells_of_the_three_kinds_only(heading: str) -> None:
    """A page of a failed run is not committed."""
    rows = tables(COMMITTED)[heading]
    assert rows
    assert [cell for row in rows for cell in row[1:] if not CELL.fullmatch(cell)] == []


def test_committed_page_shows_what_a_trader_cannot_do_without() -> None:
    shown = {row[0]: row[1:] for heading in ("REST", "User data", "Streams") for row in tables(COMMITTED)[heading]}
    for call in ("POST /fapi/v1/order (MARKET)", "POST /fapi/v1/algoOrder (STOP_MARKET)", "ORDER_TRADE_UPDATE"):
        assert shown[f"`{call}`"].count("ok") >= 3, call


def test_each_outcome_has_a_cell_of_its_own() -> None:
    written = page(
        results(
            a=Outcome("GET /fapi/v1/time", OK),
            b=Outcome("POST /fapi/v1/order (too small)", REFUSED, -4164),
            c=Outcome("GET /fapi/v1/rpiDepth", ABSENT),
            d=Outcome("PUT /fapi/v1/order", FAILED, detail="boom"),
        )
    )
    assert {row[0]: row[1] for row in tables(written)["REST"]} == {
        "`PUT /fapi/v1/order`": "FAILED",
        "`POST /fapi/v1/order (too small)`": "-4164",
        "`GET /fapi/v1/rpiDepth`": "not served",
        "`GET /fapi/v1/time`": "ok",
    }


def test_a_failure_is_not_hidden_by_a_later_success_of_the_same_call() -> None:
    written = page(results(a=Outcome("ticker.price", FAILED), b=Outcome("ticker.price", OK)))
    assert tables(written)["WebSocket API"][0][:2] == ["`ticker.price`", "FAILED"]


def test_a_call_that_belongs_to_no_section_is_refused() -> None:
    with pytest.raises(AssertionError, match="belongs to no section"):
        page(results(a=Outcome("somehow", OK)))


def test_lines_of_a_client_beside_the_outcomes_are_skipped() -> None:
    said = 'WARNING: hm\n{"call": "GET /fapi/v1/time", "outcome": "failed", "code": -1, "detail": "x", "raised": ""}\n'
    assert failures(read(said)) == ["GET /fapi/v1/time: -1 x"]


@pytest.mark.parametrize("requirements", REQUIREMENTS, ids=lambda path: path.stem)
def test_requirements_of_clients_are_locked_with_hashes_and_name_no_registry(requirements: Path) -> None:
    text = requirements.read_text(encoding="utf-8")
    pinned = re.findall(r"^[a-zA-Z0-9._-]+==", text, re.MULTILINE)
    assert text.count("--hash=sha256:") >= len(pinned) > 0
    assert "://" not in text
    assert requirements.with_suffix(".in").exists()


def test_changed_requirements_make_another_virtualenv(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("a==1\n")
    before = venvs.key_of(file)
    file.write_text("a==2\n")
    assert venvs.key_of(file) != before


def test_packages_that_cannot_be_installed_fail_here_and_are_skipped_loudly_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> Path:
        raise venvs.NotInstallable("no route to the index")

    monkeypatch.setattr(venvs, "python_of", nothing)
    monkeypatch.delenv(venvs.ONLY_WHERE_INSTALLABLE, raising=False)
    with pytest.raises(pytest.fail.Exception, match="no route to the index"):
        venvs.python_or_report("sdk")
    monkeypatch.setenv(venvs.ONLY_WHERE_INSTALLABLE, "1")
    with pytest.raises(pytest.skip.Exception, match="MISSING: packages of sdk: no route"):
        venvs.python_or_report("sdk")
