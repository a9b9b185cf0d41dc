"""From a task definition to the secrets that each container starts with, and who must be allowed what for it."""

from skyworthy.behavior.secrets.access import Need, key_needs, key_of, may_fetch, needs
from skyworthy.behavior.secrets.contents import (
    MANAGED_KEYS,
    injected_environment,
    injected_values,
    is_managed_by_rds,
    keys_of,
    nearest_name,
    secret_name,
    secret_of,
)
from skyworthy.behavior.secrets.injections import Injection, containers, environment, injections
from skyworthy.behavior.secrets.value_from import ValueFrom, parse_value_from

__all__ = [
    "MANAGED_KEYS",
    "Injection",
    "Need",
    "ValueFrom",
    "containers",
    "environment",
    "injected_environment",
    "injected_values",
    "injections",
    "is_managed_by_rds",
    "key_needs",
    "key_of",
    "keys_of",
    "may_fetch",
    "nearest_name",
    "needs",
    "parse_value_from",
    "secret_name",
    "secret_of",
]
