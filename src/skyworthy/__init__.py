"""skyworthy certifies that a cloud stack is fit to serve."""

from importlib.metadata import version

__version__ = version("skyworthy")
