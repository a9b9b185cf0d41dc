"""Terraform's functions (https://developer.hashicorp.com/terraform/language/functions), one module per group."""

from skyworthy.declared.evaluation.functions import (
    collections,
    encoding,
    files,
    network,
    numbers,
    sets,
    strings,
    times,
    types,
)
from skyworthy.declared.evaluation.functions.table import call_function

__all__ = [
    "call_function",
    "collections",
    "encoding",
    "files",
    "network",
    "numbers",
    "sets",
    "strings",
    "times",
    "types",
]
