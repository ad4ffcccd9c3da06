"""Finds the amounts (``Decimal``) in a decoded message and checks each, as ``shared.domain.bounds`` says.

What a type holds is read once from its definition: a message without amounts costs nothing, and no field can be forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec.inspect as inspect

from shared.domain.bounds import unfit_amount
from shared.domain.message import Message

#: Takes a value, returns what is wrong with an amount in it and where (``.account.equity is not finite``); empty if nothing.
Check = Callable[[object], str]


def check_of(kind: type[Message]) -> Check | None:
    """Build the check of a message type; None when it holds no amounts. Raises TypeError for a type that it cannot walk."""
    return _of(inspect.type_info(kind))


def _amount(value: object) -> str:
    assert isinstance(value, Decimal), "decoded as such"
    fault = unfit_amount(value)
    return f" {fault}" if fault else ""


def _of(info: inspect.Type) -> Check | None:
    match info:
        case inspect.DecimalType():
            return _amount
        case inspect.StructType(fields=fields):
            return _struct({field.name: check for field in fields if (check := _of(field.type)) is not None})
        case inspect.UnionType(types=types):
            return _union(types)
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
            return _items(_of(item))
        case inspect.DictType(key_type=inspect.StrType(), value_type=value):
            return _values(_of(value))
        case inspect.StrType() | inspect.IntType() | inspect.FloatType() | inspect.BoolType() | inspect.NoneType():
            return None
        case inspect.LiteralType() | inspect.BytesType():
            return None
        case _:
            raise TypeError(f"amounts in {info} would not be checked: teach shared.bus.amounts this kind of field")


def _struct(checks: dict[str, Check]) -> Check | None:
    if not checks:
        return None
    parts = tuple(checks.items())

    def check(value: object) -> str:
        for name, inner in parts:
            if fault := inner(getattr(value, name)):
                return f".{name}{fault}"
        return ""

    return check


def _items(inner: Check | None) -> Check | None:
    if inner is None:
        return None

    def check(value: object) -> str:
        for index, item in enumerate(value):  # type: ignore[arg-type,var-annotated]  # a tuple or list, as decoded
            if fault := inner(item):
                return f"[{index}]{fault}"
        return ""

    return check


def _values(inner: Check | None) -> Check | None:
    if inner is None:
        return None

    def check(value: object) -> str:
        for key, item in value.items():  # type: ignore[attr-defined]  # a dict, as decoded
            if fault := inner(item):
                return f".{key}{fault}"
        return ""

    return check


def _union(types: tuple[inspect.Type, ...]) -> Check | None:
    """One check a class: of a union's members at most one fits a value."""
    checks: dict[type, Check] = {}
    for each in types:
        inner = _of(each)
        if inner is None:
            continue
        match each:
            case inspect.StructType(cls=cls):
                checks[cls] = inner
            case inspect.DecimalType():
                checks[Decimal] = inner
            case _:
                raise TypeError(f"amounts in {each} of a union would not be checked: teach shared.bus.amounts")
    if not checks:
        return None

    def check(value: object) -> str:
        inner = checks.get(type(value))
        return inner(value) if inner is not None else ""

    return check
