"""HCL, Terraform's language: syntax trees of native and JSON files, without evaluating anything."""

from skyworthy.declared.hcl.json_syntax import parse_json_file
from skyworthy.declared.hcl.nodes import Attribute, Block, Body, Expression
from skyworthy.declared.hcl.parser import parse_expression, parse_file, parse_template
from skyworthy.declared.hcl.traversal import named, traversal_map, traversal_names

__all__ = [
    "Attribute",
    "Block",
    "Body",
    "Expression",
    "named",
    "parse_expression",
    "parse_file",
    "parse_json_file",
    "parse_template",
    "traversal_map",
    "traversal_names",
]
