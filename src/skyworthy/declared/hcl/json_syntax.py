"""Terraform's JSON syntax (https://developer.hashicorp.com/terraform/language/syntax/json) to the same tree."""

import json
from typing import Any

from skyworthy.declared.hcl import nodes
from skyworthy.declared.hcl.nodes import Attribute, Block, Body, Expression, Literal
from skyworthy.declared.hcl.parser import parse_expression, parse_template
from skyworthy.errors import BadInput

_LABELS = {
    "resource": 2,
    "data": 2,
    "module": 1,
    "variable": 1,
    "output": 1,
    "provider": 1,
    "terraform": 0,
    "locals": 0,
}
_NESTED = {"terraform": {"backend": 1, "required_providers": 0, "cloud": 0}}
_NAMES = ("depends_on", "provider", "providers", "type", "ignore_changes", "replace_triggered_by")
_META_BLOCKS = {"lifecycle": 0, "dynamic": 1, "content": 0, "validation": 0}


def parse_json_file(text: str, file: str) -> Body:
    """The tree of a ``.tf.json`` or ``.tfvars.json`` file; every block stands in line 1 of it.

    Raises:
        BadInput: where the text is not a JSON object, with file and line.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(f"{file}:{error.lineno}: not JSON: {error.msg}") from error
    if not isinstance(data, dict):
        raise BadInput(f"{file}:1: a JSON object expected")
    return _Reader(file).body(data, _LABELS)


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file

    def body(self, data: dict[str, Any], block_types: dict[str, int]) -> Body:
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        for name, value in data.items():
            if name == "//":
                continue
            if name in block_types:
                blocks += self.blocks(name, value, block_types[name], ())
            else:
                attributes[name] = self.attribute(name, value)
        return Body(attributes, tuple(blocks))

    def attribute(self, name: str, value: Any) -> Attribute:
        references = name in _NAMES
        expression = self.reference(value) if references else self.expression(value)
        return Attribute(name, expression, json.dumps(value), self.file, 1)

    def blocks(self, type: str, value: Any, labels: int, given: tuple[str, ...]) -> list[Block]:
        found: list[Block] = []
        for item in value if isinstance(value, list) else [value]:
            if not isinstance(item, dict):
                raise BadInput(f"{self.file}:1: {'.'.join((type, *given))} must be an object")
            if labels > len(given):
                for label, content in item.items():
                    if label != "//":
                        found += self.blocks(type, content, labels, (*given, label))
            else:
                inner = _NESTED.get(type, _META_BLOCKS)
                found.append(Block(type, given, self.body(item, inner), self.file, 1))
        return found

    def expression(self, value: Any) -> Expression:
        if isinstance(value, str):
            return parse_template(value, self.file)
        if isinstance(value, list):
            return nodes.TupleConstructor(tuple(self.expression(item) for item in value))
        if isinstance(value, dict):
            items = [(parse_template(key, self.file), self.expression(item)) for key, item in value.items()]
            return nodes.ObjectConstructor(tuple(items))
        return Literal(value)

    def reference(self, value: Any) -> Expression:
        """A traversal or type written as a string."""
        if isinstance(value, list):
            return nodes.TupleConstructor(tuple(self.reference(item) for item in value))
        if isinstance(value, dict):
            items = [(parse_expression(key, self.file), self.reference(item)) for key, item in value.items()]
            return nodes.ObjectConstructor(tuple(items))
        return parse_expression(str(value).removeprefix("${").removesuffix("}"), self.file)
