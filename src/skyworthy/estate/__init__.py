"""The estate: an immutable graph of resources in Terraform's own vocabulary."""

from skyworthy.estate.estate import Estate, Note, Origin
from skyworthy.estate.resource import Location, Resource
from skyworthy.estate.types import ResourceType, known_types, type_of
from skyworthy.estate.values import (
    Reference,
    Template,
    Undecidable,
    Unknown,
    Value,
    is_known,
    known,
    leaves,
    references,
    show,
    split_text,
    text_of,
)

__all__ = [
    "Estate",
    "Location",
    "Note",
    "Origin",
    "Reference",
    "Resource",
    "ResourceType",
    "Template",
    "Undecidable",
    "Unknown",
    "Value",
    "is_known",
    "known",
    "known_types",
    "leaves",
    "references",
    "show",
    "split_text",
    "text_of",
    "type_of",
]
