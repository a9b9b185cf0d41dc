"""Attributes whose shape in Terraform differs so much from the API's that a path cannot say it.

Each is a function from a record to the attribute's value, found by its name: ``{ shape = "routes" }`` in a table.
"""

from skyworthy.observed.shapes import balancing, containers, hardening, network, storage, telemetry
from skyworthy.observed.shapes.base import SHAPES, Shape, nested

__all__ = ["SHAPES", "Shape", "balancing", "containers", "hardening", "nested", "network", "storage", "telemetry"]
