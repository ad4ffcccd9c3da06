"""Closed vocabularies, read with the comments that stand beside their words: the code is where their meaning is kept."""

from __future__ import annotations

import ast
import inspect
import io
import tokenize
from types import ModuleType


class NoVocabulary(Exception):
    """The module does not define the name as a list of words: the page asks for something that was renamed."""


def words(module: ModuleType, name: str) -> dict[str, str]:
    """Word → the comment on its line, else the word in plain letters; in the order of the source.

    ``name`` is a ``Literal[...]`` or an enum of the module. Raises NoVocabulary.
    """
    source = inspect.getsource(module)
    comments = {
        token.start[0]: token.string.lstrip("#: ").strip()
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    found = _literal(ast.parse(source), name) or _members(ast.parse(source), name)
    if not found:
        raise NoVocabulary(f"{module.__name__} has no Literal or enum called {name}")
    return {word: comments.get(line) or word.replace("_", " ").lower() for word, line in found.items()}


def _literal(tree: ast.Module, name: str) -> dict[str, int]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == name for to in node.targets):
            return {
                each.value: each.lineno
                for each in ast.walk(node.value)
                if isinstance(each, ast.Constant) and isinstance(each.value, str)
            }
    return {}


def _members(tree: ast.Module, name: str) -> dict[str, int]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return {
                target.id: each.lineno
                for each in node.body
                if isinstance(each, ast.Assign)
                for target in each.targets
                if isinstance(target, ast.Name)
            }
    return {}
