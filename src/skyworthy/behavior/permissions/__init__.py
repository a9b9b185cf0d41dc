"""Who may do what: AWS's policy evaluation logic over declared and observed policies."""

from skyworthy.behavior.permissions.attachments import (
    arn_of,
    boundary_of,
    default_key_policy,
    key_policy,
    may_read,
    policies_of,
    resource_policy,
    role_may,
    secret_policy,
    trust_of,
)
from skyworthy.behavior.permissions.conditions import Context
from skyworthy.behavior.permissions.documents import PolicyDocument, Statement, document, from_json
from skyworthy.behavior.permissions.evaluation import Decision, Outcome, Policies, may
from skyworthy.behavior.permissions.identifiers import Scope, Speller, scope_of
from skyworthy.behavior.permissions.managed import managed_policy
from skyworthy.behavior.permissions.requests import Principal

__all__ = [
    "Context",
    "Decision",
    "Outcome",
    "Policies",
    "PolicyDocument",
    "Principal",
    "Scope",
    "Speller",
    "Statement",
    "arn_of",
    "boundary_of",
    "default_key_policy",
    "document",
    "from_json",
    "key_policy",
    "managed_policy",
    "may",
    "may_read",
    "policies_of",
    "resource_policy",
    "role_may",
    "scope_of",
    "secret_policy",
    "trust_of",
]
