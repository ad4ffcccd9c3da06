"""Reads a YAML file into values with file and line. Faults are collected, not raised, so that all are reported at once."""

from __future__ import annotations

import difflib
from pathlib import Path as FilePath

import yaml

from shared.config.errors import Fault
from shared.config.tree import Path, Tree, dotted


def read_yaml(file: FilePath) -> tuple[Tree, list[Fault]]:
    """Return the file's values and its faults; what can be read is returned even if something else is wrong."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Tree(), [Fault(str(file), "", f"there is no such file{_similar(file)}")]
    except OSError as error:
        return Tree(), [Fault(str(file), "", f"cannot be read: {error.strerror}")]
    except UnicodeDecodeError as error:
        return Tree(), [Fault(str(file), "", f"is not UTF-8 text (byte {error.start}); save it as UTF-8")]
    return _Reader(file, text).read()


def _similar(file: FilePath) -> str:
    if not file.parent.is_dir():
        return f", nor its directory {file.parent}"
    names = sorted(path.name for path in file.parent.iterdir() if path.suffix in (".yaml", ".yml"))
    close = difflib.get_close_matches(file.name, names, n=1)
    if close:
        return f"; did you mean {file.parent / close[0]}?"
    return f"; {file.parent} has: {', '.join(names)}" if names else ""


class _Reader:
    """Walks the nodes of a document, because plain YAML loading loses line numbers and accepts duplicate keys."""

    def __init__(self, file: FilePath, text: str) -> None:
        self._file = file
        self._text = text
        self._tree = Tree()
        self._faults: list[Fault] = []
        self._above: list[yaml.Node] = []

    def read(self) -> tuple[Tree, list[Fault]]:
        try:
            self._loader = yaml.SafeLoader(self._text)
            node = self._loader.get_single_node()
        except yaml.MarkedYAMLError as error:
            return self._tree, [self._syntax(error)]
        except yaml.YAMLError as error:  # characters that YAML does not allow carry no mark
            return self._tree, [Fault(str(self._file), "", f"is not YAML: {error}")]
        except RecursionError:
            return self._tree, [Fault(str(self._file), "", "is nested deeper than any configuration: look for brackets")]
        if node is None or node.tag == "tag:yaml.org,2002:null":
            return self._tree, self._faults  # an empty file, or one of comments only, sets nothing
        if not isinstance(node, yaml.MappingNode):
            text = "a configuration is a mapping of settings (`mode: sim`), not a list or a single value"
            return self._tree, [Fault(self._at(node.start_mark), "", text)]
        self._tree.values = self._mapping(node, ())
        return self._tree, self._faults

    def _syntax(self, error: yaml.MarkedYAMLError) -> Fault:
        mark = error.problem_mark or error.context_mark
        problem = str(error.problem or error.context)
        if "'\\t'" in problem:
            problem = "a tab where YAML wants spaces; indent with spaces"
        return Fault(self._at(mark) if mark else str(self._file), "", f"is not YAML: {problem}")

    def _at(self, mark: yaml.Mark) -> str:
        return f"{self._file}:{mark.line + 1}"

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        values: dict[str, object] = {}
        for key_node, value_node in node.value:
            place = self._at(key_node.start_mark)
            if not isinstance(key_node, yaml.ScalarNode):
                self._faults.append(Fault(place, dotted(path), "a key must be a plain word"))
                continue
            here = (*path, str(key_node.value))
            if key_node.value in values:
                text = f"is written twice; it already stands at {self._tree.places[here]}"
                self._faults.append(Fault(place, dotted(here), text))
                continue
            self._tree.places[here] = place
            values[str(key_node.value)] = self._value(value_node, here)
        return values

    def _value(self, node: yaml.Node, path: Path) -> object:
        if any(node is above for above in self._above):
            self._faults.append(Fault(self._at(node.start_mark), dotted(path), "an alias that contains itself"))
            return None
        self._above.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                return [self._item(item, (*path, index)) for index, item in enumerate(node.value)]
            return self._scalar(node, path)
        finally:
            self._above.pop()

    def _item(self, node: yaml.Node, path: Path) -> object:
        self._tree.places[path] = self._at(node.start_mark)
        return self._value(node, path)

    def _scalar(self, node: yaml.Node, path: Path) -> object:
        try:
            return self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            problem = error.problem if isinstance(error, yaml.MarkedYAMLError) else error
            self._faults.append(Fault(self._at(node.start_mark), dotted(path), f"cannot be read: {problem}"))
            return None
