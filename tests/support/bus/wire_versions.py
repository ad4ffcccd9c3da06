"""What a message's fields are on the wire, as a fingerprint, and whether a changed one has a raised version."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from shared.domain.message import Message

#: Type name → version → fingerprint of the fields that it had.
Versions = Mapping[str, Mapping[int, str]]
#: What a JSON schema says of the range of a value: a reader's guard, which changes no meaning.
_BOUNDS: Final = frozenset(
    f"{end}{what}" for end in ("min", "max") for what in ("imum", "Length", "Items", "Properties")
) | {"exclusiveMinimum", "exclusiveMaximum", "pattern"}


def fingerprint(kind: type[Message]) -> str:
    """Return a digest of names, types, words and plain defaults of all fields, nested ones too; not of prose or bounds."""
    schema = msgspec.json.schema(kind)
    fields = _bare(schema, schema.get("$defs", {}))
    return hashlib.sha256(msgspec.json.encode(fields, order="sorted")).hexdigest()[:16]


def faults(kinds: Iterable[type[Message]], versions: Versions) -> list[str]:
    """Return a sentence for each type whose fields, version and line in ``versions`` do not agree."""
    found, unused = [], set(versions)
    for kind in kinds:
        name, version, now = kind.TYPE, kind.VERSION, fingerprint(kind)
        unused.discard(name)
        known = versions.get(name, {})
        if known.get(version) is None:
            found.append(f"{name}: write the line of version {version}: {now}")
        elif known[version] != now:
            found.append(f"{name}: its fields are not those of version {version}: raise VERSION, write the line {now}")
        if sorted(known) != list(range(1, version + 1)):
            found.append(f"{name}: the lines are not those of versions 1 to {version}: raise VERSION by one; lines stay")
        if len(set(known.values())) < len(known):
            found.append(f"{name}: two versions have the same fields")
    return found + [f"{name}: there is no such type any more: remove its lines" for name in sorted(unused)]


def _bare(node: Any, definitions: Mapping[str, Any]) -> Any:
    """A JSON schema without prose, names of classes and bounds. A property called ``title`` has a schema, never a text."""
    if isinstance(node, list):
        return [_bare(each, definitions) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _bare(definitions[node["$ref"].rpartition("/")[2]], definitions)
    dropped = {key for key in ("title", "description") if isinstance(node.get(key), str)} | {"$defs", "mapping"}
    dropped |= {key for key in _BOUNDS if not isinstance(node.get(key), dict)}
    return {key: _bare(value, definitions) for key, value in node.items() if key not in dropped}
