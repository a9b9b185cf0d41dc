"""What the provider itself says of a resource already in the plan, before it exists."""

from skyworthy.declared.evaluation.blocks import read_attribute
from skyworthy.declared.evaluation.expressions import Scope
from skyworthy.declared.evaluation.values import make_set, undetermined
from skyworthy.declared.hcl import Block
from skyworthy.estate import Unknown, Value

_RECORD = ("resource_record_name", "resource_record_type", "resource_record_value")


def planned(block: Block, scope: Scope, address: str, name: str) -> Value:
    """A computed attribute as the plan has it; None where the plan does not tell it.

    The validation options of a certificate are planned with their domain names, which is what ``for_each`` goes over;
    source: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/acm_certificate.
    """
    if (block.labels[0], name) == ("aws_acm_certificate", "domain_validation_options"):
        return _validation_options(block, scope, address)
    return None


def _validation_options(block: Block, scope: Scope, address: str) -> Value:
    if read_attribute(block, scope, address, "validation_method") != "DNS":
        return None
    others = read_attribute(block, scope, address, "subject_alternative_names")
    names = [read_attribute(block, scope, address, "domain_name"), *(others if isinstance(others, list) else [])]
    if isinstance(others, Unknown) or any(undetermined(item) for item in names):
        return None
    later = Unknown(f"{address}.domain_validation_options is known after apply")
    return make_set([{"domain_name": item, **dict.fromkeys(_RECORD, later)} for item in names])
