"""Every citation leads somewhere in this repository, and no requirement id stands where a user reads."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest
import typer.main

from cli.main import app
from tests.support.repository.source_text import PACKAGES, REQUIREMENT, ROOT, pages, sources, strings, texts, tracked

#: ``docs/ict.md §4.1``; several sections may follow one page: ``§7.1, §7.2 and §9``.
_PAGE: Final = re.compile(
    r"(?<![\w/.-])((?:docs/)?[a-z_]+\.md)(?:(?:,| and)? (§\d+(?:\.\d+)?(?:(?:, | and |-)§?\d+(?:\.\d+)?)*))?"
)
_SECTION: Final = re.compile(r"\d+(?:\.\d+)?")
_INVARIANT: Final = re.compile(r"\b[Ii]nvariants? (\d+)(?:(?:, | and | to |-)(\d+))?")
_MODULE: Final = re.compile(rf"``((?:{'|'.join(PACKAGES)})(?:\.\w+)+)``")
_PATH: Final = re.compile(r"`{1,2}((?:shared|services|simulator|research|cli|tests|docs|deploy|config)/[\w./*-]+)`{1,2}")
_COMMAND: Final = re.compile(r"`{1,2}ict ([a-z][a-z-]*(?: [a-z][a-z-]*)*)")


def sections(page: str) -> set[str]:
    """The numbers of the headings of a page of docs/."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return {found.group(1).rstrip(".") for found in re.finditer(r"^#+ (\d+(?:\.\d+)*\.?) ", text, re.MULTILINE)}


def dangling_pages(text: str) -> Iterator[str]:
    """Pages that are not in docs/, and sections that they do not have."""
    for found in _PAGE.finditer(text):
        name = found.group(1).removeprefix("docs/")
        if found.group(1) == name and found.group(2) is None:
            continue  # a file name in prose or code; links are held by the test of the pages
        if f"docs/{name}" not in tracked():
            yield found.group(0)
        elif found.group(2):
            known = sections(name)
            yield from (f"{name} §{number}" for number in _SECTION.findall(found.group(2)) if number not in known)


def dangling_invariants(text: str) -> Iterator[str]:
    known = set(re.findall(r"^(\d+)\. \*\*", _invariants(), re.MULTILINE))
    for found in _INVARIANT.finditer(text):
        yield from (f"invariant {number}" for number in found.groups() if number and number not in known)


def _invariants() -> str:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    return text.partition("\n## Invariants\n")[2].partition("\n## ")[0]


def dangling_modules(text: str) -> Iterator[str]:
    for found in _MODULE.finditer(text):
        if not _resolves(found.group(1)):
            yield found.group(1)


def _resolves(dotted: str) -> bool:
    parts = dotted.split(".")
    for cut in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:cut])
        if path.is_dir() or path.with_suffix(".py").is_file():
            if cut == len(parts):
                return True
            found: object = importlib.import_module(".".join(parts[:cut]))
            for name in parts[cut:]:
                if not hasattr(found, name) and name not in getattr(found, "__annotations__", {}):
                    return False
                found = getattr(found, name, None)
            return True
    return False


def dangling_paths(text: str) -> Iterator[str]:
    for found in _PATH.finditer(text):
        if not any(ROOT.glob(found.group(1).rstrip("/."))):
            yield found.group(1)


@cache
def _commands() -> frozenset[str]:
    root = typer.main.get_command(app)
    found: set[str] = set()

    def walk(command: object, path: tuple[str, ...]) -> None:
        found.add(" ".join(path))
        for name, child in getattr(command, "commands", {}).items():
            walk(child, (*path, name))

    walk(root, ())
    return frozenset(found)


def dangling_commands(text: str) -> Iterator[str]:
    known = _commands()
    groups = {name for name in known if any(other.startswith(name + " ") for other in known)}
    for found in _COMMAND.finditer(text):
        words = found.group(1).split()
        if words[0] not in known:
            yield f"ict {words[0]}"
        elif words[0] in groups and len(words) > 1 and f"{words[0]} {words[1]}" not in known:
            yield f"ict {words[0]} {words[1]}"


def from_elsewhere(text: str) -> Iterator[str]:
    """Plans of work that do not stand in this repository."""
    yield from re.findall(r"\bdone when \d|\(issue\b|\breview row\b", text, re.IGNORECASE)


CHECKS: Final[dict[str, tuple[Callable[[str], Iterator[str]], str]]] = {
    "pages and sections": (dangling_pages, "see docs/ict.md §99.9"),
    "plans of work": (from_elsewhere, "measured over real sockets (done when 5)"),
    "invariants": (dangling_invariants, "as invariant 42 says"),
    "modules": (dangling_modules, "built by ``services.analysis.native``"),
    "paths": (dangling_paths, "defined in `shared/exchange/nowhere.py`"),
    "commands": (dangling_commands, "look with `ict clairvoyance FILE`"),
}


#: Tests and guides name paths and commands that are not there yet, on purpose.
PRODUCT_ONLY: Final = frozenset({"paths", "commands"})


@pytest.mark.parametrize("check", CHECKS)
def test_every_citation_has_a_target(check: str) -> None:
    dangling = CHECKS[check][0]
    found = [
        f"{path.relative_to(ROOT)}: {each}"
        for path in texts()
        if check not in PRODUCT_ONLY or not {"tests", "guides"} & set(path.parts)
        for each in dangling(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("check", CHECKS)
def test_a_citation_without_a_target_is_caught(check: str) -> None:
    dangling, specimen = CHECKS[check]
    assert list(dangling(specimen))


def test_every_link_of_a_page_leads_to_a_file_and_a_heading() -> None:
    found = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages()
        for link in dangling_links(page, page.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


def test_a_link_without_a_target_is_caught() -> None:
    page = ROOT / "docs" / "architecture.md"
    assert list(dangling_links(page, "[x](nowhere.md)")) == ["nowhere.md"]
    assert list(dangling_links(page, "[x](ict.md#no-such-heading)")) == ["ict.md#no-such-heading"]


def dangling_links(page: Path, text: str) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in _anchors(file)):
            yield target


def _anchors(page: Path) -> set[str]:
    """The anchors that a Markdown page gives its headings: lower case, words joined by hyphens."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_no_requirement_id_in_what_a_user_reads() -> None:
    """Messages, help, descriptions and pages speak plainly; ids stand in docs/requirements.md, docstrings and tests."""
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text[:80]}"
        for path in sources()
        for line, text in strings(ast.parse(path.read_text(encoding="utf-8")))
        if REQUIREMENT.search(text)
    ]
    found += [
        f"{page.relative_to(ROOT)}: {each.group(0)}"
        for page in pages()
        if page.name not in {"requirements.md", "plan.md"}
        for each in REQUIREMENT.finditer(page.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


def test_a_requirement_id_in_a_message_is_caught() -> None:
    tree = ast.parse('"""EXEC-2 may stand here."""\nhelp = "as EXEC-2 says"\n')
    assert [line for line, text in strings(tree) if REQUIREMENT.search(text)] == [2]
