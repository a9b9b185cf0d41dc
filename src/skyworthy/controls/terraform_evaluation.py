"""What Terraform refuses when it evaluates the configuration."""

import re
from collections.abc import Iterator

from skyworthy.controls.registry import STACK, control, not_applicable
from skyworthy.estate import Estate, Reference, Resource, Undecidable, Unknown, Value, leaves
from skyworthy.estate.regions import Regions

_REFUSED = re.compile(
    r"the object has no attribute '[^']+'"
    r"|cidrsubnet: \S+ has no subnet \d+ of \d+ more bits|cidrsubnets: \S+ is too small"
    r"|the index \S+ is outside a list of \d+"
    r"|(variable|local) \S+ is not declared|module \S+ is not called|the module has no output '[^']+'"
    r"|division by zero|two elements of a for expression have the key \S+"
)
"""Failures of an expression that do not depend on anything that is not known."""
_SHOWN = 3


@control("terraform.evaluates", on=STACK, severity="high", refs=["REQ STA-1"], lenses=("declared",))
def everything_evaluates(estate: Estate) -> None:
    """Every expression has a value that Terraform accepts.

    Why: an index that is not there or an address range that does not fit ends the plan, for everybody.
    Fix: correct the expression that the message names.
    """
    found = list(dict.fromkeys(_refusals(estate)))
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    assert not found, "; ".join(found[:_SHOWN]) + more


def _refusals(estate: Estate) -> Iterator[str]:
    for note in estate.notes:
        if _REFUSED.search(note.message):
            yield f"{note.file}:{note.line}: {note.message}" if note.file else note.message
    for resource in estate:
        place = f"{resource.location}: " if resource.location else ""
        for name, value in resource.attributes.items():
            for reason in _reasons(value):
                if _REFUSED.search(reason):
                    yield f"{place}{name} of {resource.address}: {reason}"


def _reasons(value: Value) -> Iterator[str]:
    """Why anything in a value, at any depth, is not known."""
    return (item.reason for item in leaves(value) if isinstance(item, Unknown))


_ARN = re.compile(r"arn:[^:]+:[^:]+:")
_NAMES_TOO = {"aws_ecs_task_definition": ("execution_role_arn", "task_role_arn")}
"""Attributes that take a name in the place of an ARN.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
"""


@control("terraform.arns-are-arns", on=STACK, severity="high", refs=["REQ STA-1"], lenses=("declared",))
def arns_are_arns(estate: Estate) -> None:
    """Where an ARN is asked for, an ARN is given.

    Why: validate and plan take a name or an id in its place, and AWS refuses it in the middle of the apply.
    Fix: `.arn` of the resource in the place of its `.name` or `.id`.
    """
    found = [problem for resource in estate for problem in _no_arns(resource)]
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    assert not found, "; ".join(found[:_SHOWN]) + more


_SAME_REGION = {
    "aws_lb_listener": ("certificate_arn",),
    "aws_alb_listener": ("certificate_arn",),
    "aws_lb_listener_certificate": ("certificate_arn",),
    "aws_cloudwatch_metric_alarm": ("alarm_actions", "ok_actions", "insufficient_data_actions"),
    "aws_cloudwatch_composite_alarm": ("alarm_actions", "ok_actions", "insufficient_data_actions"),
    "aws_cloudwatch_log_group": ("kms_key_id",),
    "aws_db_instance": ("kms_key_id", "performance_insights_kms_key_id", "master_user_secret_kms_key_id"),
    "aws_rds_cluster": ("kms_key_id", "performance_insights_kms_key_id", "master_user_secret_kms_key_id"),
    "aws_elasticache_replication_group": ("kms_key_id",),
    "aws_secretsmanager_secret": ("kms_key_id",),
    "aws_sns_topic": ("kms_master_key_id",),
    "aws_sqs_queue": ("kms_master_key_id",),
    "aws_wafv2_web_acl_association": ("resource_arn", "web_acl_arn"),
    "aws_subnet": ("availability_zone",),
}
"""Type of a resource -> its attributes that AWS takes from the resource's own region only: ARNs, names of zones.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/https-listener-certificates.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html, and the KMS page of each
service.
"""


@control("terraform.arns-in-region", on=tuple(_SAME_REGION), severity="high", refs=["REQ STA-1"], lenses=("declared",))
def arns_are_of_the_region(resource: Resource, regions: Regions) -> None:
    """Certificates, keys, topics and zones are of the region of what uses them.

    Why: validate and plan take an ARN or zone of another region, and AWS refuses it in the middle of the apply.
    Fix: name the one that stands in the resource's own region.
    """
    values = {name: resource.attributes.get(name) for name in _SAME_REGION[resource.type]}
    given = [(name, at) for name, value in values.items() for at in _places(value)]
    if not given and any(isinstance(leaf, Reference) for value in values.values() for leaf in leaves(value)):
        return  # of this stack, or looked up by its provider
    if not given:
        not_applicable("it names nothing that is written out with its region")
    own = regions.of(resource)
    if not own and resource.type == "aws_subnet":
        not_applicable("the region is whichever its zone is in")
    if not own:
        raise Undecidable(f"the region of {resource.address} is not known")
    wrong = [f"{name} is of {at}" for name, at in given if at != own]
    assert not wrong, f"it stands in {own}, and its {', its '.join(wrong)}"


def _places(value: Value) -> Iterator[str]:
    """The regions of the ARNs and zones in a value that are written out."""
    for item in leaves(value):
        if isinstance(item, str) and (match := _REGIONAL.match(item)):
            yield match["of_arn"] or match["of_zone"]


_REGIONAL = re.compile(r"arn:[^:]+:[^:]+:(?P<of_arn>[a-z]{2}-[^:]+):|(?P<of_zone>[a-z]{2}(-[a-z]+)+-\d)[a-z]$")


def _no_arns(resource: Resource) -> Iterator[str]:
    """The attributes of a resource that are to be an ARN and hold another text."""
    taken = _NAMES_TOO.get(resource.type, ())
    for name, value in resource.attributes.items() if not resource.data else ():
        if name.endswith("_arn") and name not in taken and isinstance(value, str) and value and not _ARN.match(value):
            yield f"{name} of {resource.address} is {value}"
