"""Conversion of values: to the type constraints of variables, and to the types of the provider's schema.

https://developer.hashicorp.com/terraform/language/expressions/type-constraints
"""

from skyworthy.declared.evaluation.values import (
    Failure,
    Lazy,
    Nested,
    kind,
    make_set,
    to_bool,
    to_number,
    to_text,
    undetermined,
)
from skyworthy.declared.hcl import nodes
from skyworthy.declared.hcl.nodes import Expression
from skyworthy.estate.types import Kinds
from skyworthy.estate.values import Value

_PRIMITIVES = {"string": to_text, "number": to_number, "bool": to_bool}


def convert(value: Value, constraint: Expression | None) -> Value:
    """A value as a type constraint demands it, with the defaults of ``optional`` filled in.

    Raises:
        Failure: where it does not fit.
    """
    if constraint is None or value is None or undetermined(value) or isinstance(value, Lazy):
        return value
    if isinstance(constraint, nodes.Literal):  # the quoted type of Terraform 0.11, type = "string"
        return convert(value, nodes.Name(str(constraint.value)))
    if isinstance(constraint, nodes.Name):
        primitive = _PRIMITIVES.get(constraint.name)
        return primitive(value) if primitive else value
    if not isinstance(constraint, nodes.Call):
        return value
    if constraint.name in ("list", "set", "tuple"):
        return _sequence(value, constraint)
    if constraint.name == "map":
        return _map(value, constraint)
    if constraint.name == "object":
        return _object(value, constraint)
    return value


def as_declared(value: Value, name: str, kinds: Kinds | None) -> Value:
    """An attribute's value as the provider's schema types it: ``"false"`` of a bool is False, 443 of a string "443".

    A bool of a string stays one: so the provider types bools that can be left out
    (``at_rest_encryption_enabled`` of a replication group).

    Raises:
        Failure: where it is no bool, number, list or map and one is wanted.
    """
    if kinds is None or value is None or undetermined(value) or isinstance(value, Lazy):
        return value
    if name in kinds.bools:
        return to_bool(value)
    if name in kinds.numbers:
        return to_number(value)
    if (name in kinds.lists and not isinstance(value, (list, dict))) or (
        name in kinds.maps and not isinstance(value, dict)
    ):
        raise Failure(f"a {'list' if name in kinds.lists else 'map'} is needed, not {kind(value)}")
    return to_text(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _sequence(value: Value, constraint: nodes.Call) -> Value:
    if not isinstance(value, list):
        raise Failure(f"a {constraint.name} is needed, not {kind(value)}")
    inner = constraint.arguments[0]
    if constraint.name == "tuple" and isinstance(inner, nodes.TupleConstructor):
        if len(value) != len(inner.items):
            raise Failure(f"a tuple of {len(inner.items)} is needed, not of {len(value)}")
        return [convert(item, part) for item, part in zip(value, inner.items, strict=True)]
    items = [convert(item, inner) for item in value]
    return make_set(items) if constraint.name == "set" else items


def _map(value: Value, constraint: nodes.Call) -> Value:
    if not isinstance(value, dict):
        raise Failure(f"a map is needed, not {kind(value)}")
    return {key: convert(item, constraint.arguments[0]) for key, item in value.items()}


def _object(value: Value, constraint: nodes.Call) -> Value:
    if not isinstance(value, dict):
        raise Failure(f"an object is needed, not {kind(value)}")
    if isinstance(value, Nested):
        return value
    wanted = constraint.arguments[0]
    if not isinstance(wanted, nodes.ObjectConstructor):
        return value
    result: dict[str, Value] = {}
    for key_node, type_node in wanted.items:
        key = key_node.value if isinstance(key_node, nodes.Literal) else ""
        optional = isinstance(type_node, nodes.Call) and type_node.name == "optional"
        inner = type_node.arguments[0] if optional else type_node  # type: ignore[attr-defined]
        if value.get(key) is not None:
            result[key] = convert(value[key], inner)
        elif optional:
            result[key] = _default(type_node, inner)
        elif key in value:
            result[key] = None
        else:
            raise Failure(f"the attribute {key!r} is required")
    return result


def _default(optional: Expression, inner: Expression) -> Value:
    arguments = optional.arguments if isinstance(optional, nodes.Call) else ()
    return convert(constant(arguments[1]), inner) if len(arguments) > 1 else None


def constant(expression: Expression) -> Value:
    """The value of an expression of literals only, such as the default of ``optional``.

    Raises:
        Failure: where it refers to anything.
    """
    if isinstance(expression, nodes.Literal):
        return expression.value
    if isinstance(expression, nodes.TupleConstructor):
        return [constant(item) for item in expression.items]
    if isinstance(expression, nodes.ObjectConstructor):
        return {str(constant(key)): constant(item) for key, item in expression.items}
    if isinstance(expression, nodes.Unary) and expression.operator == "-":
        return -to_number(constant(expression.operand))
    raise Failure("a constant is needed")
