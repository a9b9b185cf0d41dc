"""Expressions that name something instead of having a value, as in ``provider = aws.west``."""

from skyworthy.declared.hcl.nodes import (
    Attribute,
    Expression,
    GetAttribute,
    Index,
    Literal,
    Name,
    ObjectConstructor,
    TupleConstructor,
)


def traversal_text(expression: Expression) -> str:
    """The dotted name that a traversal is; of anything else, what it is called in messages."""
    if isinstance(expression, Name):
        return expression.name
    if isinstance(expression, GetAttribute):
        return f"{traversal_text(expression.object)}.{expression.name}"
    if isinstance(expression, Index) and isinstance(expression.key, Literal):
        return f"{traversal_text(expression.object)}.{expression.key.value}"
    return str(expression.value) if isinstance(expression, Literal) else "(expression)"


def named(attribute: Attribute | None, default: str) -> str:
    """The name that an attribute gives, or a default where it is not set."""
    return traversal_text(attribute.expression) if attribute else default


def traversal_names(attribute: Attribute) -> list[str] | str:
    """The names in a list, ``["secret_string", "tags.Name"]``, or a lone one, ``"all"``."""
    expression = attribute.expression
    if isinstance(expression, TupleConstructor):
        return [traversal_text(item) for item in expression.items]
    return traversal_text(expression)


def traversal_map(attribute: Attribute | None) -> dict[str, str]:
    """Names by name, as in ``providers = { aws = aws.west }``."""
    if attribute is None or not isinstance(attribute.expression, ObjectConstructor):
        return {}
    return {traversal_text(key): traversal_text(value) for key, value in attribute.expression.items}
