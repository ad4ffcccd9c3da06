"""Reads closed lists of words from the source, each word with the comment beside it as its meaning."""

from __future__ import annotations

import ast
import io
import tokenize
from types import ModuleType

from cli.docs.source_text import source_of


class NoVocabulary(Exception):
    """The module does not define the name as a Literal or enum; it was probably renamed."""


def words(module: ModuleType, name: str) -> dict[str, str]:
    """Return word → the comment on its line, else the word with spaces; in the order of the source.

    ``name`` is a ``Literal[...]`` or an enum of the module. Raises NoVocabulary.
    """
    source = source_of(module)
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
