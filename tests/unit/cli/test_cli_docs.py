"""The reference pages say what the code says."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest
from typer.testing import CliRunner

from cli.docs import PAGES, drift, lifecycles, markdown, parameters, reasons, write
from cli.docs.metrics import metrics
from cli.docs.vocabulary import NoVocabulary, words
from cli.main import app
from cli.settings import Settings
from services.analysis.settings import AnalysisSettings
from services.execution.plans import plan
from shared.approval.key_text import SIM_PRIVATE_KEY
from shared.bus.topology import build
from shared.config.fields import known_paths
from shared.domain import decisions, intents
from shared.domain.facts import FactState
from shared.runtime.process import exits
from shared.runtime.process.exits import Exit

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_in_the_repository_is_what_the_code_says_today(name: str) -> None:
    """OPS-8: run `make docs` after a change of settings, queues, tables, metrics or reasons."""
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == PAGES[name]()


CONCEPTS = (ROOT / "docs" / "ict.md").read_text(encoding="utf-8")


def test_the_page_of_concepts_lists_every_parameter_with_its_default() -> None:
    """Run `make docs` after a change of settings; a new section of settings needs a mark at its concept."""
    assert parameters.refreshed(CONCEPTS) == CONCEPTS
    listed = {name.partition(".")[0] for name in parameters.named(CONCEPTS)}
    assert listed == set(AnalysisSettings.model_fields) - {"publish"}  # which kinds leave the engine: no concept


def test_a_number_in_brackets_behind_a_parameter_is_its_default() -> None:
    """What the text says by hand: `swing_length` (5), `filled_at` (95 %)."""
    defaults: dict[str, set[float]] = {}
    for path in known_paths(AnalysisSettings):
        value: object = AnalysisSettings()
        for step in path:
            value = getattr(value, step, None)
        if isinstance(value, int | float):
            for name in (".".join(path), path[-1]):
                defaults.setdefault(name, set()).add(float(value))
    said = re.findall(r"`([a-z_0-9.]+)` \(([0-9.]+)( %)?\)", CONCEPTS)
    assert len(said) > 15
    for name, number, percent in said:
        if name in get_args(FactState):
            continue
        may_be = {float(number), float(number) / 100} if percent else {float(number)}
        assert defaults[name.removeprefix("analysis.")] & may_be, f"`{name}` ({number}{percent})"


def test_a_stale_list_is_made_again_and_a_wrong_mark_told(tmp_path: Path) -> None:
    """The specimen: a default edited by hand; what stands around the list stays."""
    page = tmp_path / "ict.md"
    page.write_text("by hand\n<!-- parameters: turtle_soup -->\n`lookback` 7\n<!-- end -->\nby hand\n", encoding="utf-8")
    assert page in drift(tmp_path)
    write(tmp_path)
    assert page.read_text(encoding="utf-8") == (
        "by hand\n<!-- parameters: turtle_soup -->\n"
        "**Parameters.** `analysis.turtle_soup`: `enabled` true; `lookback` 20; `separation` 4.\n<!-- end -->\nby hand\n"
    )
    with pytest.raises(parameters.NoSuchParameters, match=r"there is no setting analysis\.turtle"):
        parameters.refreshed("<!-- parameters: turtle -->\n<!-- end -->")


def test_a_page_is_the_same_text_every_time() -> None:
    """A page that changed from run to run could not be compared."""
    assert [page() for page in PAGES.values()] == [page() for page in PAGES.values()]


def test_a_changed_or_missing_page_is_told_and_made_again(tmp_path: Path) -> None:
    """The specimen of drift: one page edited by hand, one deleted."""
    assert len(write(tmp_path)) == len(PAGES)
    assert drift(tmp_path) == []
    (tmp_path / "settings.md").write_text("by hand", encoding="utf-8")
    (tmp_path / "metrics.md").unlink()
    assert {path.name for path in drift(tmp_path)} == {"settings.md", "metrics.md"}
    assert {path.name for path in write(tmp_path)} == {"settings.md", "metrics.md"}
    assert drift(tmp_path) == []


def test_the_command_writes_and_checks(tmp_path: Path) -> None:
    """OPS-8: exit 1 names the stale page; a directory that is not there is a usage error."""
    run = CliRunner().invoke
    stale = run(app, ["docs", "--to", str(tmp_path), "--check"])
    assert stale.exit_code == Exit.NEGATIVE
    assert "settings.md" in stale.output
    assert list(tmp_path.iterdir()) == []
    assert run(app, ["docs", "--to", str(tmp_path)]).exit_code == Exit.OK
    assert run(app, ["docs", "--to", str(tmp_path), "--check"]).exit_code == Exit.OK
    assert run(app, ["docs", "--to", str(tmp_path / "nowhere")]).exit_code == Exit.USAGE


def test_every_setting_has_a_row_with_a_meaning() -> None:
    """OPS-8: a setting that nobody explained would be set by guessing."""
    rows = dict(re.findall(r"^\| `([a-z_.0-9]+)` \|.*\| ([^|]*) \|$", PAGES["settings.md"](), re.MULTILINE))
    leaves = {".".join(path) for path in known_paths(Settings)}
    leaves -= {leaf.rpartition(".")[0] for leaf in leaves}  # sections
    assert leaves == set(rows)
    assert all(len(meaning.split()) >= 2 for meaning in rows.values()), rows


def test_no_secret_stands_in_the_page() -> None:
    """OPS-7: the default key of sim mode is a secret like any other."""
    settings = Settings()
    page = PAGES["settings.md"]()
    assert SIM_PRIVATE_KEY not in page
    assert settings.bus.url.get_secret_value() not in page


def test_every_queue_of_every_layout_has_a_row() -> None:
    """OPS-1: the page has what `shared.bus.topology.build` has."""
    page = PAGES["topology.md"]()
    for layout in ("split", "fused", "embedded"):
        assert all(f"| `{queue.name}` | {queue.consumer} |" in page for queue in build(layout).queues)


def test_every_state_and_step_of_a_table_is_drawn() -> None:
    """EXEC-4: the diagram is the table."""
    page = PAGES["lifecycles.md"]()
    for state, events in plan.TRANSITIONS.items():
        for event, to in events.items():
            assert f"    {state} --> {to}: {event}\n" in page
    assert "    FILLED --> [*]\n" in page


def test_a_diagram_begins_and_ends_where_the_table_does() -> None:
    """A state behind which there is nothing is an end; the others are not."""
    drawing = lifecycles.diagram("a", {"a": {}, "b": {}}, lifecycles.by_state({"a": ("b", "a"), "b": ()}))
    assert drawing.splitlines()[2:-1] == ["    [*] --> a", "    a --> a", "    a --> b", "    b --> [*]"]


def test_every_metric_has_a_name_that_tells_its_unit_a_meaning_and_one_place() -> None:
    """OPS-3: counters end in _total; nothing is listed twice."""
    rows = metrics()
    assert len({row.name for row in rows}) == len(rows) >= 30
    for row in rows:
        assert (row.name.endswith("_total")) == (row.kind == "counter"), row
        assert row.help, row
        assert (ROOT / row.module).is_file(), row


def test_metrics_with_and_without_labels_and_of_own_collectors_are_found() -> None:
    """OPS-3: those of the lanes are no prometheus_client objects, and those without labels have no children to look at."""
    rows = {row.name: row for row in metrics()}
    assert rows["ict_hop_seconds"].labels == ("stage",)
    assert rows["ict_bus_reconnects_total"].labels == ()
    assert rows["ict_bus_consumed_total"].module == "shared/bus/metrics.py"


def test_every_word_of_a_vocabulary_is_explained() -> None:
    """SIG-7, RISK-2: a reason met in the journal can be looked up."""
    assert set(words(decisions, "Reason")) == set(get_args(decisions.Reason))
    assert set(words(intents, "Refusal")) == set(get_args(intents.Refusal))
    assert words(exits, "Exit")["CONFIG_INVALID"] == "the configuration has errors; nothing was started"
    assert all(meanings for meanings in reasons.text().values())


def test_a_vocabulary_that_was_renamed_is_an_error() -> None:
    """The page would otherwise shrink in silence."""
    with pytest.raises(NoVocabulary, match="Raison"):
        words(decisions, "Raison")


def test_words_are_read_with_their_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comment beside the word is its meaning; without one the word speaks for itself."""
    source = 'Why = Literal[\n    "too_late",  # the bus has left\n    "no_money",\n]\n'
    monkeypatch.setattr("inspect.getsource", lambda module: source)
    assert words(ModuleType("specimen"), "Why") == {"too_late": "the bus has left", "no_money": "no money"}


def test_no_page_shows_a_default_that_no_user_can_write() -> None:
    """OPS-8: a default that is made anew each time is shown as what it makes."""
    assert [name for name in PAGES if "PydanticUndefined" in PAGES[name]()] == []


def test_a_cell_cannot_break_the_table() -> None:
    """Patterns have bars, and descriptions may have line ends."""
    assert markdown.table(["a"], [["x|y\nz"]]).splitlines()[-1] == "| x\\|y z |"
