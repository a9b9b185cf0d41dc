"""Evaluating expressions."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Protocol

from skyworthy.declared.evaluation.values import (
    Failure,
    Instance,
    Lazy,
    Nested,
    SetValue,
    because,
    equal,
    fingerprint,
    join_text,
    kind,
    normal,
    to_bool,
    to_number,
    to_text,
    undetermined,
)
from skyworthy.declared.hcl import nodes
from skyworthy.declared.hcl.nodes import Expression
from skyworthy.estate.values import Reference, Template, Unknown, Value


class Surroundings(Protocol):
    """What an expression needs of the module it stands in."""

    def namespace(self, name: str) -> Value:
        """What the first name of a traversal stands for: ``var``, ``local``, ``data``, a resource type."""

    def call(self, name: str, arguments: list[Value]) -> Value:
        """The result of a function."""

    def tick(self) -> None:
        """Counts a step, and ends an evaluation that takes too long."""


@dataclass(frozen=True)
class Scope:
    """Where an expression is evaluated.

    Args:
        module: the module instance.
        names: what is bound here: ``each``, ``count``, ``self``, iterators and the names of ``for``.
        item: the element at hand in a splat.
    """

    module: Surroundings
    names: Mapping[str, Value] = field(default_factory=dict)
    item: Value = None

    def bound(self, names: Mapping[str, Value]) -> "Scope":
        """The same scope with more names."""
        return replace(self, names={**self.names, **names})


def evaluate(expression: Expression, scope: Scope) -> Value:
    """The value of an expression; Unknown, Reference or Template where it is not (wholly) known.

    Raises:
        Failure: where Terraform would refuse it too.
    """
    return _RULES[type(expression)](expression, scope)


def _literal(node: nodes.Literal, _: Scope) -> Value:
    return node.value


def _template(node: nodes.TemplateText, scope: Scope) -> Value:
    return join_text([evaluate(part, scope) for part in node.parts])


def _template_if(node: nodes.TemplateIf, scope: Scope) -> Value:
    return _choose(to_bool(evaluate(node.condition, scope)), node.then, node.otherwise, scope)


def _template_for(node: nodes.TemplateFor, scope: Scope) -> Value:
    pairs = pairs_of(evaluate(node.collection, scope))
    if isinstance(pairs, Unknown):
        return pairs
    return join_text([evaluate(node.body, _iteration(node.key, node.value, pair, scope)) for pair in pairs])


def _name(node: nodes.Name, scope: Scope) -> Value:
    if node.name in scope.names:
        return scope.names[node.name]
    return scope.module.namespace(node.name)


def _get_attribute(node: nodes.GetAttribute, scope: Scope) -> Value:
    return attribute_of(evaluate(node.object, scope), node.name)


def attribute_of(source: Value, name: str) -> Value:
    """``source.name``."""
    if isinstance(source, Lazy):
        return source.read(name)
    if isinstance(source, Reference):
        return Reference(source.address, f"{source.attribute}.{name}")
    if undetermined(source):
        return because(source)
    if isinstance(source, Nested) and name not in source:
        return Reference(source.address, f"{source.path}.{name}")
    if isinstance(source, dict):
        if name in source:
            return source[name]
        raise Failure(f"the object has no attribute {name!r}")
    raise Failure(f"{kind(source)} has no attribute {name!r}")


def _index(node: nodes.Index, scope: Scope) -> Value:
    return index_of(evaluate(node.object, scope), evaluate(node.key, scope))


def index_of(source: Value, key: Value) -> Value:
    """``source[key]``."""
    if isinstance(source, Unknown):
        return source
    if undetermined(key):
        return because(key)
    if isinstance(source, Reference):
        return Reference(source.address, f"{source.attribute}.{to_text(key)}")
    if isinstance(source, SetValue):
        raise Failure("a set has no indices")
    if isinstance(source, list):
        position = to_number(key)
        if isinstance(position, int) and 0 <= position < len(source):
            return source[position]
        raise Failure(f"the index {key} is outside a list of {len(source)}")
    return attribute_of(source, str(to_text(key)))


def _splat(node: nodes.Splat, scope: Scope) -> Value:
    source = evaluate(node.collection, scope)
    if source is None:
        return []
    if undetermined(source):
        return because(source)
    items = list(source) if isinstance(source, list) else [source]
    return [evaluate(node.body, replace(scope, item=item)) for item in items]


def _splat_item(_: nodes.SplatItem, scope: Scope) -> Value:
    return scope.item


def _call(node: nodes.Call, scope: Scope) -> Value:
    scope.module.tick()
    if node.name == "try":
        return _try(node.arguments, scope)
    if node.name == "can":
        return _can(node.arguments[0], scope)
    arguments = [evaluate(argument, scope) for argument in node.arguments]
    if node.expand:
        last = arguments.pop()
        if undetermined(last):
            return because(last)
        if not isinstance(last, list):
            raise Failure(f"{kind(last)} cannot be expanded into arguments")
        arguments += last
    return scope.module.call(node.name, arguments)


def _try(candidates: tuple[Expression, ...], scope: Scope) -> Value:
    failure = Failure("try without arguments")
    for candidate in candidates:
        try:
            return evaluate(candidate, scope)
        except Failure as error:
            failure = error
    raise failure


def _can(candidate: Expression, scope: Scope) -> Value:
    try:
        value = evaluate(candidate, scope)
    except Failure:
        return False
    return value if isinstance(value, Unknown) else True


def _unary(node: nodes.Unary, scope: Scope) -> Value:
    value = evaluate(node.operand, scope)
    if undetermined(value):
        return because(value)
    return not to_bool(value) if node.operator == "!" else -to_number(value)


def _binary(node: nodes.Binary, scope: Scope) -> Value:
    sign = node.operator
    if sign in ("&&", "||"):
        return _logical(sign, to_bool(evaluate(node.left, scope)), node.right, scope)
    left, right = evaluate(node.left, scope), evaluate(node.right, scope)
    if sign in ("==", "!="):
        answer = equal(left, right)
        return answer if undetermined(answer) or sign == "==" else not answer
    for operand in (left, right):
        if undetermined(operand):
            return because(operand)
    return _ARITHMETIC[sign](to_number(left), to_number(right))


def _logical(sign: str, left: Value, right_side: Expression, scope: Scope) -> Value:
    """``&&`` and ``||``; one operand that settles the matter is enough, the other may be unknown."""
    settling = sign == "||"
    if left is settling:
        return settling
    right = to_bool(evaluate(right_side, scope))
    if right is settling:
        return settling
    return next((because(side) for side in (left, right) if undetermined(side)), not settling)


def _in_decimals(operation: Callable[[Any, Any], Any], left: float, right: float) -> float:
    """A result without the error of binary fractions, since Terraform's numbers are far more precise."""
    if isinstance(left, int) and isinstance(right, int):
        return int(operation(left, right))
    return normal(float(operation(Decimal(repr(left)), Decimal(repr(right)))))


def _divide(left: float, right: float) -> float:
    if right == 0:
        raise Failure("division by zero")
    return normal(left / right)


def _modulo(left: float, right: float) -> float:
    if right == 0:
        raise Failure("division by zero")
    result = abs(left) % abs(right)
    return normal(-result if left < 0 else result)


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda left, right: _in_decimals(operator.add, left, right),
    "-": lambda left, right: _in_decimals(operator.sub, left, right),
    "*": lambda left, right: _in_decimals(operator.mul, left, right),
    "/": _divide,
    "%": _modulo,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}


def _conditional(node: nodes.Conditional, scope: Scope) -> Value:
    return _choose(to_bool(evaluate(node.condition, scope)), node.then, node.otherwise, scope)


def _choose(condition: Value, then: Expression, otherwise: Expression, scope: Scope) -> Value:
    if not undetermined(condition):
        return evaluate(then if condition else otherwise, scope)
    try:
        first, second = evaluate(then, scope), evaluate(otherwise, scope)
    except Failure:
        return because(condition)
    return first if fingerprint(first) == fingerprint(second) else because(condition)


def _tuple(node: nodes.TupleConstructor, scope: Scope) -> Value:
    return [evaluate(item, scope) for item in node.items]


def _object(node: nodes.ObjectConstructor, scope: Scope) -> Value:
    result: dict[str, Value] = {}
    for key_expression, value_expression in node.items:
        key = to_text(evaluate(key_expression, scope))
        if isinstance(key, Unknown) or (
            isinstance(key, Template) and any(isinstance(part, Unknown) for part in key.parts)
        ):
            return because(key)
        # A key with a computed part, such as a condition's "${issuer}:sub", stands in Terraform's notation.
        result[str(key)] = evaluate(value_expression, scope)
    return result


def pairs_of(collection: Value) -> "list[tuple[Value, Value]] | Unknown":
    """Keys and values of a collection in Terraform's order, or why they are not known.

    Raises:
        Failure: where the value is no collection.
    """
    if undetermined(collection):
        return because(collection)
    if isinstance(collection, SetValue):
        return [(item, item) for item in collection]
    if isinstance(collection, list):
        return list(enumerate(collection))
    if isinstance(collection, dict):
        return sorted(collection.items(), key=lambda pair: pair[0])
    if isinstance(collection, Lazy) and not isinstance(collection, Instance):
        return [(name, collection.read(name)) for name in collection.names()]
    raise Failure(f"{kind(collection)} cannot be iterated")


def _iteration(key: str | None, value: str, pair: tuple[Value, Value], scope: Scope) -> Scope:
    scope.module.tick()
    names = {value: pair[1]} if key is None else {key: pair[0], value: pair[1]}
    return scope.bound(names)


def _selected(node: nodes.ForList | nodes.ForMap, scope: Scope) -> "list[Scope] | Unknown":
    """The scopes of the iterations that the condition lets through."""
    pairs = pairs_of(evaluate(node.collection, scope))
    if isinstance(pairs, Unknown):
        return pairs
    selected: list[Scope] = []
    for pair in pairs:
        inner = _iteration(node.key, node.value, pair, scope)
        wanted = True if node.condition is None else to_bool(evaluate(node.condition, inner))
        if undetermined(wanted):
            return because(wanted)
        if wanted:
            selected.append(inner)
    return selected


def _for_list(node: nodes.ForList, scope: Scope) -> Value:
    selected = _selected(node, scope)
    if isinstance(selected, Unknown):
        return selected
    return [evaluate(node.body, inner) for inner in selected]


def _for_map(node: nodes.ForMap, scope: Scope) -> Value:
    selected = _selected(node, scope)
    if isinstance(selected, Unknown):
        return selected
    result: dict[str, Value] = {}
    for inner in selected:
        key = to_text(evaluate(node.key_body, inner))
        if undetermined(key):
            return because(key)
        value = evaluate(node.body, inner)
        if node.group:
            result.setdefault(key, []).append(value)
        elif key in result:
            raise Failure(f"two elements of a for expression have the key {key!r}")
        else:
            result[key] = value
    return result


_RULES: dict[type[Expression], Callable[[Any, Scope], Value]] = {
    nodes.Literal: _literal,
    nodes.TemplateText: _template,
    nodes.TemplateIf: _template_if,
    nodes.TemplateFor: _template_for,
    nodes.Name: _name,
    nodes.GetAttribute: _get_attribute,
    nodes.Index: _index,
    nodes.Splat: _splat,
    nodes.SplatItem: _splat_item,
    nodes.Call: _call,
    nodes.Unary: _unary,
    nodes.Binary: _binary,
    nodes.Conditional: _conditional,
    nodes.TupleConstructor: _tuple,
    nodes.ObjectConstructor: _object,
    nodes.ForList: _for_list,
    nodes.ForMap: _for_map,
}
