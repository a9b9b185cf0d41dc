"""The observed side: what an AWS account really holds of a stack, in Terraform's vocabulary; it only reads."""

from skyworthy.observed.guard import NotARead
from skyworthy.observed.observe import Observation, observe
from skyworthy.observed.regions import observe_regions
from skyworthy.observed.secrets import SecretValue
from skyworthy.observed.session import Identity, Role, Session, Target

__all__ = [
    "Identity",
    "NotARead",
    "Observation",
    "Role",
    "SecretValue",
    "Session",
    "Target",
    "observe",
    "observe_regions",
]
