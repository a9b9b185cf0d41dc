"""What kind of value a JMESPath expression gives, told from botocore's description of an answer.

With it a wrong place in a collector is an error of the table instead of a silent null, and a value that is left out of
an answer is told apart: a list that is left out is empty, a switch that is left out is unknown.
"""

from collections.abc import Callable
from typing import Any, Literal

import jmespath  # type: ignore[import-untyped]

Kind = Any
"""A botocore Shape, a list of a kind (``[kind]``), a dict of kinds by key, the name of a plain kind, or None: any."""

Plain = Literal["boolean", "text", "number", "list", "map", "structure", "any"]


class NoSuchPlace(Exception):
    """An expression names a member that the answer does not have."""


def plain(kind: Kind) -> Plain:
    """The kind in one word."""
    if kind is None:
        return "any"
    if isinstance(kind, list):
        return "list"
    if isinstance(kind, dict):
        return "structure"
    if isinstance(kind, str):
        return kind  # type: ignore[return-value]
    name = str(kind.type_name)
    if name in ("list", "map", "structure", "boolean"):
        return name  # type: ignore[return-value]
    return "number" if name in ("integer", "long", "double", "float") else "text"


def kind_of(expression: str, scope: Kind) -> Kind:
    """The kind of what an expression gives.

    Args:
        expression: JMESPath.
        scope: the kind of what it is applied to.

    Raises:
        NoSuchPlace: it names something that is not there.
    """
    return _walk(jmespath.compile(expression).parsed, scope)


def _member(kind: Kind) -> Kind:
    if kind is None or isinstance(kind, list):
        return kind[0] if kind else None
    if isinstance(kind, str):
        return None
    if kind.type_name == "list":
        return kind.member
    raise NoSuchPlace(f"{kind.name} is not a list")


def _field(node: Any, scope: Kind) -> Kind:
    name = node["value"]
    if scope is None or scope == "any":
        return None
    if isinstance(scope, dict):
        if name not in scope:
            raise NoSuchPlace(f"no member {name} among {', '.join(sorted(map(str, scope)))}")
        return scope[name]
    if isinstance(scope, (list, str)):
        raise NoSuchPlace(f"no member {name} of a {plain(scope)}")
    if scope.type_name == "map":
        return scope.value
    if scope.type_name != "structure" or name not in scope.members:
        raise NoSuchPlace(f"no member {name} of {scope.name}")
    return scope.members[name]


def _fold(node: Any, scope: Kind) -> Kind:
    for child in node["children"]:
        scope = _walk(child, scope)
    return scope


def _projection(node: Any, scope: Kind) -> Kind:
    left, right, *condition = node["children"]
    member = _member(_walk(left, scope))
    for part in condition:
        _walk(part, member)
    return [_walk(right, member)]


def _flatten(node: Any, scope: Kind) -> Kind:
    inner = _walk(node["children"][0], scope)
    member = _member(inner)
    return member if plain(member) == "list" else inner


def _values(node: Any, scope: Kind) -> Kind:
    left, right = node["children"]
    inner = _walk(left, scope)
    value = inner.value if getattr(inner, "type_name", "") == "map" else None
    return [_walk(right, value)]


def _function(node: Any, scope: Kind) -> Kind:
    kinds = [_walk(child, scope) for child in node["children"]]
    name = node["value"]
    if name in ("contains", "starts_with", "ends_with"):
        return "boolean"
    if name in ("join", "to_string", "type"):
        return "text"
    if name in ("length", "to_number"):
        return "number"
    if name in ("sort", "sort_by", "not_null", "reverse"):
        return kinds[0]
    return None


def _first(node: Any, scope: Kind) -> Kind:
    kinds = [_walk(child, scope) for child in node["children"]]
    return kinds[0]


def _boolean(node: Any, scope: Kind) -> Kind:
    for child in node["children"]:
        _walk(child, scope)
    return "boolean"


def _hash(node: Any, scope: Kind) -> Kind:
    return {pair["value"]: _walk(pair["children"][0], scope) for pair in node["children"]}


def _several(node: Any, scope: Kind) -> Kind:
    return [_walk(child, scope) for child in node["children"]][:1]


_NODES: dict[str, Callable[[Any, Kind], Kind]] = {
    "field": _field,
    "subexpression": _fold,
    "pipe": _fold,
    "index_expression": _fold,
    "index": lambda _, scope: _member(scope),
    "slice": lambda _, scope: scope,
    "projection": _projection,
    "filter_projection": _projection,
    "value_projection": _values,
    "flatten": _flatten,
    "function_expression": _function,
    "multi_select_dict": _hash,
    "multi_select_list": _several,
    "or_expression": _first,
    "and_expression": _boolean,
    "not_expression": _boolean,
    "comparator": _boolean,
    "current": lambda _, scope: scope,
    "identity": lambda _, scope: scope,
    "literal": lambda *_: None,
    "expref": lambda *_: None,
}


def _walk(node: Any, scope: Kind) -> Kind:
    return _NODES[node["type"]](node, scope)


def names_in(expression: str) -> frozenset[str]:
    """Every member that an expression names, at any depth."""
    found: set[str] = set()

    def visit(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("type") == "field":
                found.add(node["value"])
            for child in node.get("children", ()):
                visit(child)

    visit(jmespath.compile(expression).parsed)
    return frozenset(found)
