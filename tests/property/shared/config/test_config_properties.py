"""Loading, for any settings: the text form of a value does not matter, and neither does how it is split over sources."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.config.fields import known_paths
from shared.config.load import ConfigInvalid, Fault, load
from shared.config.settings import CommonSettings
from shared.config.tree import Path as SettingPath
from shared.config.tree import Tree
from shared.domain.timeframes import TIMEFRAMES

sections = st.fixed_dictionaries(
    {},
    optional={
        "symbols": st.lists(st.sampled_from(["BTCUSDT", "ETHUSDT", "SOLUSDT"]), min_size=1, unique=True),
        "timeframes": st.lists(st.sampled_from(TIMEFRAMES), unique=True).map(
            lambda some: ["1m", *(t for t in some if t != "1m")]
        ),
        "namespace": st.from_regex(r"\A[a-z][a-z0-9_-]{0,20}\Z"),
        "replica": st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20),
        "log": st.fixed_dictionaries({}, optional={"level": st.sampled_from(["DEBUG", "ERROR"])}),
        "lane": st.fixed_dictionaries(
            {}, optional={"snapshot_every": st.integers(1, 1000), "commit_linger_ms": st.floats(0, 100, width=32)}
        ),
    },
)


@given(sections)
@settings(max_examples=60, deadline=None)
def test_file_environment_and_command_line_mean_the_same(given_settings: dict[str, object]) -> None:
    """OPS-7: a setting means the same wherever it is written."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "a.yaml")
        file.write_text(yaml.safe_dump(given_settings, allow_unicode=True), encoding="utf-8")
        by_file = load(CommonSettings, [file], {}, None).settings
    environ = {
        f"ICT_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in given_settings.items()
    }
    by_environment = load(CommonSettings, [], environ, None).settings
    by_command = load(CommonSettings, [], {}, None, given_settings).settings
    assert by_file.model_dump(exclude={"replica"}) == by_command.model_dump(exclude={"replica"})
    assert by_environment.model_dump(exclude={"replica"}) == by_command.model_dump(exclude={"replica"})
    if "replica" in given_settings:
        assert by_file.replica == by_environment.replica == by_command.replica == given_settings["replica"]


@given(sections, sections)
@settings(max_examples=60, deadline=None)
def test_of_two_sources_every_setting_has_the_value_and_the_place_of_the_later(
    lower: dict[str, object], upper: dict[str, object]
) -> None:
    tree = Tree.of(lower, "lower")
    tree.put(Tree.of(upper, "upper"))
    for path, value in leaves(tree.values):
        in_upper = dict(leaves(upper)).get(path)
        expected = in_upper if in_upper is not None else dict(leaves(lower))[path]
        assert value == expected
        assert tree.places[path] == ("upper" if in_upper is not None else "lower")


def leaves(values: object, path: SettingPath = ()) -> list[tuple[SettingPath, object]]:
    if isinstance(values, dict):
        return [leaf for key, inner in values.items() for leaf in leaves(inner, (*path, key))]
    return [(path, values)]


scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10))
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
)
paths = sorted(known_paths(CommonSettings))


@given(st.dictionaries(st.sampled_from(paths), anything, max_size=4))
@settings(max_examples=200, deadline=None)
def test_any_configuration_gives_settings_or_errors_that_name_a_place(nonsense: dict[tuple[str, ...], object]) -> None:
    """The loader itself never fails: a traceback is no error message."""
    tree = Tree()
    for path, value in nonsense.items():
        tree.put(Tree.at(path, value, "somewhere"))
    try:
        found: tuple[Fault, ...] | None = None
        loaded = load(CommonSettings, [], {}, None, tree.values)
    except ConfigInvalid as error:
        found = error.errors
    if found is None:
        assert loaded.settings.mode == "sim"  # nothing else may come out of nonsense
    else:
        assert found
        assert all(fault.message and fault.place in ("command line", "default") for fault in found)
